/** Which run "Save and Go On" goes on from, and which one it leaves alone. Knows no editor. */

import { fileURLToPath } from "node:url";
import type { Run, RunStatus } from "./server/protocol";

const STOPPED: readonly RunStatus[] = ["failed", "limit", "denied", "cancelled", "interrupted", "waiting", "held"];

/** Where a debug session stands: its run, whether that lives, and whether the debugger holds it. */
export interface Standing {
  run: string;
  live: boolean;
  held: boolean;
}

/** The newest run that failed or stopped, of this file where one is looked at. `runs` is newest first. */
export function chooseRun(runs: readonly Run[], path: string | undefined): Run | undefined {
  return runs.find(({ uri, status }) => {
    if (!uri.startsWith("file:") || !STOPPED.includes(status)) return false;
    return path === undefined || fileURLToPath(uri) === path;
  });
}

/** Why no other run takes the place of this one; undefined when one may. */
export function refusalOf({ live, held }: Standing): string | undefined {
  return live && !held ? "This run is neither failed nor stopped: it goes on by itself." : undefined;
}
