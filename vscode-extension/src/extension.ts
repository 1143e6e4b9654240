/** Where the extension begins: it puts the parts together and starts them. */

import * as vscode from "vscode";
import { registerCommands } from "./commands";
import { registerDebug } from "./debug";
import { registerGraph } from "./graph";
import { registerRuns } from "./runs";
import { Client } from "./server/client";
import { Supply } from "./server/supply";
import { registerStatus } from "./status";

let client: Client | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel("Pointsman", { log: true });
  const supply = new Supply(log);
  const server = new Client(log, () => supply.find(), () => supply.folder());
  client = server;
  context.subscriptions.push(
    log,
    supply,
    server,
    supply.onDidChange(() => void (supply.command ? server.restart() : server.stop())),
    vscode.workspace.onDidGrantWorkspaceTrust(() => void server.restart()),
    vscode.workspace.onDidChangeWorkspaceFolders(({ removed }) => {
      if (removed.length > 0) void server.restart(); // its workspace was perhaps one of them
    }),
  );
  registerCommands(context, server, supply, log);
  registerDebug(context, server, supply);
  registerRuns(context, server, log, () => supply.unserved());
  registerGraph(context, server, log);
  registerStatus(context, server, supply);
  void server.start();
}

/** VS Code waits for it: the server is told goodbye. */
export function deactivate(): Promise<void> | undefined {
  return client?.stop();
}
