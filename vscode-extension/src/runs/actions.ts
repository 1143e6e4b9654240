/** What can be done with a run or a stage. The words become a row's `contextValue`, which the menus ask for. */

import type { Run, Stage } from "../server/protocol";

export type Action =
  | "open"
  | "attach"
  | "postMortem"
  | "resume"
  | "rerun"
  | "cancel"
  | "answer"
  | "events"
  | "fromHere"
  | "changed";

/** What can be done with a run. */
export function runActions(run: Run): Action[] {
  const actions: Action[] = [];
  if (run.uri) actions.push("open");
  if (run.live) actions.push("attach", "cancel");
  else actions.push("postMortem");
  if (run.questions.length > 0) actions.push("answer");
  if (run.status === "interrupted" || run.status === "waiting") actions.push("resume");
  if (endedOrHeld(run)) actions.push("rerun");
  actions.push("events");
  return actions;
}

/** What can be done with one visit of a stage. */
export function stageActions(run: Run, stage: Stage): Action[] {
  const actions: Action[] = [];
  if (run.uri) actions.push("open");
  if (endedOrHeld(run)) actions.push("fromHere");
  if (stage.status !== "skipped") actions.push("changed");
  return actions;
}

/** Whether a new run can go on where this one stands: one that moves on by itself is in nobody's way. */
function endedOrHeld(run: Run): boolean {
  return run.uri !== "" && (!run.live || run.status === "held");
}

/** The word a row is known by in `when` clauses: its kind, then each action, as in `run attach cancel events`. */
export function contextOf(kind: string, actions: readonly Action[]): string {
  return [kind, ...actions].join(" ");
}
