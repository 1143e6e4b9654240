/** The debug type `pointsman`: its adapter, its configurations, its input. */

import { dirname } from "node:path";
import * as vscode from "vscode";
import type { Server } from "../server/client";
import { findRoot } from "../server/places";
import type { Supply } from "../server/supply";
import { Configurations, Offered, openPipeline, TYPE } from "./configurations";
import { Picker } from "./picking";
import { fillIn, readProgram } from "./programs";
import { Refusals } from "./refusals";
import { registerTexts } from "./texts";
import { Writing } from "./writing";

export function registerDebug(context: vscode.ExtensionContext, server: Server, supply: Supply): void {
  const writing = new Writing();
  const picker = new Picker(server, context.workspaceState, writing);
  context.subscriptions.push(
    vscode.debug.registerDebugAdapterDescriptorFactory(TYPE, {
      createDebugAdapterDescriptor: async (session) => {
        const command = await supply.need();
        return new vscode.DebugAdapterExecutable(command.path, ["dap"], { cwd: folderOf(session.configuration) ?? supply.folder() });
      },
    }),
    vscode.debug.registerDebugConfigurationProvider(TYPE, new Configurations(server, supply, picker)),
    vscode.debug.registerDebugConfigurationProvider(TYPE, new Offered(), vscode.DebugConfigurationProviderTriggerKind.Dynamic),
    vscode.debug.registerDebugAdapterTrackerFactory(TYPE, new Refusals(picker, (session) => {
      // The runs view asks for the runs of the server's workspace, in this window alone.
      const root = folderOf(session.configuration);
      return server.state === "running" && (root === undefined || root === findRoot(supply.folder()));
    })),
    vscode.commands.registerCommand("pointsman.pickInput", (config?: vscode.DebugConfiguration) => pickInput(picker, config)),
    registerTexts(),
    writing,
  );
}

/** The workspace of what is run: its adapter finds the server from the folder it starts in, and that is the run's too. */
function folderOf(config: vscode.DebugConfiguration): string | undefined {
  const program: unknown = config["program"];
  return typeof program === "string" ? findRoot(dirname(readProgram(program, undefined).path)) : undefined;
}

/** `${command:pointsman.pickInput}` in a launch.json: the input as JSON. Null ends the launch without a word. */
async function pickInput(picker: Picker, config: vscode.DebugConfiguration | undefined): Promise<string | null> {
  const named: unknown = config?.["program"];
  const open = vscode.window.activeTextEditor?.document.uri;
  const folders = new Set([open && vscode.workspace.getWorkspaceFolder(open), ...(vscode.workspace.workspaceFolders ?? [])]);
  const roots = [...folders].flatMap((folder) => (folder ? [folder.uri.fsPath] : [])); // that of the active editor first
  const pipeline = openPipeline()?.fsPath;
  const meant = (typeof named === "string" && fillIn(named, roots, pipeline)) || (pipeline && readProgram(pipeline, undefined));
  if (!meant) return null;
  const picked = await picker.pick(meant, true);
  return picked ? JSON.stringify(picked.value ?? {}) : null;
}
