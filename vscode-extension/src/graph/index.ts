/** The graph view: a pipeline as a picture, beside its text. */

import * as vscode from "vscode";
import { registered } from "../common/commands";
import { messageOf } from "../common/values";
import { choosePipeline, openPipeline } from "../debug/configurations";
import type { Server } from "../server/client";
import { type Kept, NEWEST } from "./messages";
import { GraphPanel, VIEW } from "./panel";

/** A row of the runs view, or a run's id. */
type Named = string | { run?: string };

/** Put it together: two commands, and the panel that comes back after a reload of the window. */
export function registerGraph(context: vscode.ExtensionContext, server: Server, log: vscode.LogOutputChannel): void {
  let panel: GraphPanel | undefined;
  const failed = (problem: unknown): void => log.warn(`graph: ${messageOf(problem)}`);
  const adopt = (view: vscode.WebviewPanel, kept: Partial<Kept>): GraphPanel => {
    const made = new GraphPanel(view, server, context.extensionUri, { uri: "", pipeline: "", run: NEWEST, ...kept }, failed);
    made.onDidDispose(() => {
      if (panel === made) panel = undefined;
    });
    panel = made;
    return made;
  };
  const opened = (): GraphPanel =>
    panel ?? adopt(vscode.window.createWebviewPanel(VIEW, "Graph", { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true }), {});
  const commands = registered({
    "pointsman.showGraph": async (uri?: vscode.Uri) => {
      const meant = uri ?? openPipeline() ?? (panel ? undefined : await choosePipeline());
      if (meant) opened().show(meant.toString());
      else panel?.reveal();
    },
    "pointsman.showRunGraph": async (named?: Named) => {
      const run = typeof named === "string" ? named : named?.run;
      if (run) await opened().showRun(run);
    },
  });
  context.subscriptions.push(
    ...commands,
    vscode.window.registerWebviewPanelSerializer(VIEW, {
      deserializeWebviewPanel: async (view, kept: Partial<Kept> | undefined) => void adopt(view, kept ?? {}),
    }),
  );
}
