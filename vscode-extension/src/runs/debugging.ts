/** The debug sessions that begin at a run. */

import * as vscode from "vscode";
import { launch, TYPE } from "../debug/configurations";
import type { Run } from "../server/protocol";

/** Attach to a live run, or look at a recorded one. */
export async function attach(run: Run): Promise<void> {
  const name = `${run.pipeline} (${run.live ? "attached" : "recorded"})`;
  await begin(run, { type: TYPE, name, request: "attach", run: run.run });
}

/** A new run under the debugger that re-uses what has not changed; from the stage `from` on nothing is re-used. */
export async function goOn(run: Run, from?: string): Promise<void> {
  const program = { path: vscode.Uri.parse(run.uri).fsPath, pipeline: run.pipeline };
  const name = `${run.pipeline} (${from === undefined ? "goes on" : `from ${from}`})`;
  await begin(run, launch(program, { name, rerun: run.run, ...(from !== undefined && { from }) }));
}

async function begin(run: Run, configuration: vscode.DebugConfiguration): Promise<void> {
  await vscode.debug.startDebugging(vscode.workspace.getWorkspaceFolder(vscode.Uri.parse(run.uri)), configuration);
}
