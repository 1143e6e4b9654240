/** How each status looks: its words, its icon, and a colour that every theme has. */

import type { DefinitionChanged, Run, RunStatus, Stage, StageStatus } from "../server/protocol";

export interface Look {
  /** For a narrow side bar. */
  words: string;
  icon: string;
  colour: string | undefined;
}

export const RUN: Record<RunStatus, Look> = {
  running: { words: "running", icon: "loading~spin", colour: "charts.blue" },
  held: { words: "held", icon: "debug-pause", colour: "charts.blue" },
  asking: { words: "asks", icon: "question", colour: "charts.yellow" },
  waiting: { words: "waits", icon: "question", colour: "charts.yellow" },
  interrupted: { words: "interrupted", icon: "debug-disconnect", colour: "charts.orange" },
  completed: { words: "completed", icon: "pass", colour: "charts.green" },
  failed: { words: "failed", icon: "error", colour: "testing.iconFailed" },
  limit: { words: "limit", icon: "dashboard", colour: "charts.orange" },
  denied: { words: "denied", icon: "shield", colour: "charts.purple" },
  cancelled: { words: "cancelled", icon: "circle-slash", colour: "disabledForeground" },
};

const STAGE: Record<StageStatus, Look> = {
  running: { words: "running", icon: "loading~spin", colour: "charts.blue" },
  asking: { words: "asks", icon: "question", colour: "charts.yellow" },
  done: { words: "", icon: "check", colour: "charts.green" },
  failed: { words: "failed", icon: "error", colour: "testing.iconFailed" },
  skipped: { words: "skipped", icon: "debug-step-over", colour: "disabledForeground" },
  cancelled: { words: "cancelled", icon: "circle-slash", colour: "disabledForeground" },
};

export const UNKNOWN: Look = { words: "", icon: "circle-outline", colour: undefined };

/** How a stage looks. One that runs in a run that does not go on stands still as its run does. */
export function stageLook({ status }: Run, stage: Stage): Look {
  if (stage.status === "running" && (status === "interrupted" || status === "held")) return RUN[status];
  return STAGE[stage.status] ?? UNKNOWN;
}

/** What follows from a file that is broken; nothing where it never was any better. */
export function brokenWords(file: DefinitionChanged | undefined): string {
  return file?.kept ? "the last good version stays live" : "";
}

/** The words of a status: what a list, a pick or a title says of a run. */
export function statusWords(run: Run): string {
  return RUN[run.status]?.words || run.status;
}
