/** The debug sessions that begin at a run. */

import * as vscode from "vscode";
import { TYPE } from "../debug/configurations";
import type { Run } from "../server/protocol";

export { goOn } from "../debug/going";

/** Attach to a live run, or look at a recorded one. */
export async function attach(run: Run): Promise<void> {
  const name = `${run.pipeline} (${run.live ? "attached" : "recorded"})`;
  const configuration: vscode.DebugConfiguration = { type: TYPE, name, request: "attach", run: run.run };
  await vscode.debug.startDebugging(vscode.workspace.getWorkspaceFolder(vscode.Uri.parse(run.uri)), configuration);
}
