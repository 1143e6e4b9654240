/** How each status looks: its words, its icon, and a colour that every theme has. */

import type { Run, RunStatus, StageStatus } from "../server/protocol";

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

export const STAGE: Record<StageStatus, Look> = {
  running: { words: "running", icon: "loading~spin", colour: "charts.blue" },
  asking: { words: "asks", icon: "question", colour: "charts.yellow" },
  done: { words: "", icon: "check", colour: "charts.green" },
  failed: { words: "failed", icon: "error", colour: "testing.iconFailed" },
  skipped: { words: "skipped", icon: "debug-step-over", colour: "disabledForeground" },
  cancelled: { words: "cancelled", icon: "circle-slash", colour: "disabledForeground" },
};

export const UNKNOWN: Look = { words: "", icon: "circle-outline", colour: undefined };

/** The words of a status: what a list, a pick or a title says of a run. */
export function statusWords(run: Run): string {
  return RUN[run.status]?.words || run.status;
}
