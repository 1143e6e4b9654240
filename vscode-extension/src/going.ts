/** Which run "Save and Go On" goes on from. Knows no editor. */

import type { Run, RunStatus } from "./server/protocol";

const STOPPED: readonly RunStatus[] = ["failed", "limit", "denied", "cancelled", "interrupted", "held"];

/** The session's own run; else the newest one that stopped, of the pipeline that is looked at if it has one. */
export function chooseRun(runs: readonly Run[], session: string | undefined, uri: string | undefined): Run | undefined {
  const own = session ? runs.find((run) => run.run === session) : undefined;
  if (own) return own;
  const stopped = runs.filter((run) => run.uri !== "" && STOPPED.includes(run.status));
  return stopped.find((run) => run.uri === uri) ?? stopped[0];
}
