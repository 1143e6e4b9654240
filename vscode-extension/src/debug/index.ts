/** The debug type `pointsman`: its adapter, its configurations, its input. */

import { dirname } from "node:path";
import * as vscode from "vscode";
import type { Server } from "../server/client";
import { findRoot } from "../server/places";
import type { Supply } from "../server/supply";
import { Configurations, Offered, openPipeline, TYPE } from "./configurations";
import { Picker } from "./picking";
import { readProgram } from "./programs";
import { Refusals } from "./refusals";
import { registerTexts } from "./texts";
import { registerWriting } from "./writing";

export function registerDebug(context: vscode.ExtensionContext, server: Server, supply: Supply): void {
  const picker = new Picker(server, context.workspaceState);
  context.subscriptions.push(
    vscode.debug.registerDebugAdapterDescriptorFactory(TYPE, {
      createDebugAdapterDescriptor: async (session) => {
        const command = await supply.need();
        return new vscode.DebugAdapterExecutable(command.path, ["dap"], { cwd: folderOf(session.configuration) ?? supply.folder() });
      },
    }),
    vscode.debug.registerDebugConfigurationProvider(TYPE, new Configurations(server, supply, picker)),
    vscode.debug.registerDebugConfigurationProvider(TYPE, new Offered(), vscode.DebugConfigurationProviderTriggerKind.Dynamic),
    vscode.debug.registerDebugAdapterTrackerFactory(TYPE, new Refusals(picker)),
    vscode.commands.registerCommand("pointsman.pickInput", (config?: vscode.DebugConfiguration) => pickInput(picker, config)),
    registerTexts(),
    registerWriting(),
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
  const known = typeof named === "string" && !named.includes("${");
  const path = known ? named : openPipeline()?.fsPath;
  if (path === undefined) return null;
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
  const picked = await picker.pick(readProgram(path, folder), true);
  return picked ? JSON.stringify(picked.value ?? {}) : null;
}
