/** The commands of the palette and the menus. */

import { execFile } from "node:child_process";
import * as vscode from "vscode";
import { registered } from "./common/commands";
import { choosePipeline, launch, openPipeline } from "./debug/configurations";
import { activeSession, goOn, goOnFrom } from "./debug/going";
import { titleOf } from "./debug/programs";
import type { Client } from "./server/client";
import type { Run } from "./server/protocol";
import type { Supply } from "./server/supply";
import { chooseRun } from "./going";

export function registerCommands(context: vscode.ExtensionContext, client: Client, supply: Supply, log: vscode.LogOutputChannel): void {
  const commands: Record<string, (...args: never[]) => unknown> = {
    // A lens of the server says which pipeline and which stage; a menu says the file, then what only it understands.
    "pointsman.run": (uri?: vscode.Uri | string, pipeline?: unknown) => start(true, uri, pipeline),
    "pointsman.debug": (uri?: vscode.Uri | string, pipeline?: unknown, stage?: unknown) => start(false, uri, pipeline, stage),
    "pointsman.rerun": (run: string, stage?: string) => rerun(client, run, stage),
    "pointsman.goOn": () => saveAndGoOn(client),
    "pointsman.findCommand": () => supply.again(true),
    "pointsman.restartServer": () => client.restart(),
    "pointsman.stopServer": () => stopServer(client, supply),
    "pointsman.showStatus": () => showStatus(supply),
    "pointsman.showLog": () => log.show(),
  };
  context.subscriptions.push(...registered(commands));
}

/** Run or debug what a menu, a lens or the active editor means. */
async function start(noDebug: boolean, named: vscode.Uri | string | undefined, pipeline: unknown, stage?: unknown): Promise<void> {
  const given = typeof named === "string" ? vscode.Uri.parse(named) : named;
  const uri = given ?? openPipeline() ?? (await choosePipeline());
  if (uri === undefined) return;
  const program = { path: uri.fsPath, pipeline: typeof pipeline === "string" ? pipeline : "" };
  const config = launch(program, typeof stage === "string" ? { stopAt: stage } : {}, noDebug);
  await vscode.debug.startDebugging(vscode.workspace.getWorkspaceFolder(uri), config, { noDebug });
}

/** A new run that re-uses what a recorded one has made, up to a stage at most. */
async function rerun(client: Client, id: string, from: string | undefined): Promise<void> {
  const run = await client.request<Run>("pointsman/run", { run: id });
  await vscode.workspace.saveAll(false);
  await goOn(run, from, true);
}

/** Save, and go on as a new run that re-uses what has not changed: from the session at hand, else from the newest run that stopped. */
async function saveAndGoOn(client: Client): Promise<void> {
  if (!(await vscode.workspace.saveAll(false))) return;
  const session = activeSession();
  if (session) return await goOnFrom(session, (run) => client.request<Run>("pointsman/run", { run }));
  const path = openPipeline()?.fsPath;
  const { runs } = await client.request<{ runs: Run[] }>("pointsman/runs", { limit: 100 });
  const run = chooseRun(runs, path);
  if (run) return await goOn(run);
  const whose = path === undefined ? "" : ` of ${titleOf({ path, pipeline: "" })}`;
  void vscode.window.showInformationMessage(`There is no failed or stopped run${whose} to go on from.`);
}

/** End the workspace's server, as `pointsman stop` does; live runs are interrupted only if a person says so. */
async function stopServer(client: Client, supply: Supply): Promise<void> {
  const before = client.state;
  await client.stop();
  const refused = await tell(supply, ["stop"]);
  if (refused === undefined) return;
  const chosen = await vscode.window.showWarningMessage(refused, { modal: true }, "Stop Anyway");
  if (chosen === "Stop Anyway") {
    const again = await tell(supply, ["stop", "--force"]);
    if (again !== undefined) void vscode.window.showErrorMessage(again);
  } else if (before !== "stopped") {
    await client.start();
  }
}

/** Have the command do something; what it says when it refuses. */
async function tell(supply: Supply, words: string[]): Promise<string | undefined> {
  const command = await supply.need();
  return await new Promise((done) => {
    execFile(command.path, words, { cwd: supply.folder() }, (error, out, err) => {
      done(error === null ? undefined : (err || out || error.message).trim().replace(/^pointsman: /, ""));
    });
  });
}

/** `pointsman status`, in a terminal where its table is readable. */
async function showStatus(supply: Supply): Promise<void> {
  const command = await supply.need();
  const terminal = vscode.window.createTerminal({ name: "Pointsman Status", cwd: supply.folder() });
  terminal.show();
  terminal.sendText(`'${command.path.replaceAll("'", `'\\''`)}' status`);
}
