/** What is opened for a run: a place in the files it was made from, or the debugger. */

import * as vscode from "vscode";
import { TYPE } from "../debug/configurations";
import type { Server } from "../server/client";
import type { DefinitionChanged, Graph, Range, Run } from "../server/protocol";

/** Open a run's pipeline at a stage (by id or name), else at its beginning. */
export async function openPipeline(server: Server, run: Run, stage?: string): Promise<void> {
  const { pipelines } = await server.request<{ pipelines: Graph[] }>("pointsman/graph", { textDocument: { uri: run.uri } });
  await openAt(run.uri, placeOf(pipelines, run.pipeline, stage));
}

/** Open a file that is broken, at its problem. */
export async function openBroken(file: DefinitionChanged): Promise<void> {
  await openAt(file.uri, file.problem?.range);
}

/** Attach to a live run, or look at a recorded one. */
export async function attach(run: Run): Promise<void> {
  const name = `${run.pipeline} (${run.live ? "attached" : "recorded"})`;
  const configuration: vscode.DebugConfiguration = { type: TYPE, name, request: "attach", run: run.run };
  await vscode.debug.startDebugging(vscode.workspace.getWorkspaceFolder(vscode.Uri.parse(run.uri)), configuration);
}

/** Where a stage is written, else the pipeline's first line; undefined where the file has no such pipeline any more. */
export function placeOf(pipelines: readonly Graph[], pipeline: string, stage?: string): Range | undefined {
  const graph = pipelines.find((one) => one.name === pipeline) ?? pipelines[0];
  if (!graph) return undefined;
  const stages = graph.nodes.filter(({ kind }) => kind !== "missing");
  const node = stage && (stages.find((one) => one.id === stage) ?? stages.find((one) => one.name === stage));
  return node ? node.nameRange : { start: graph.range.start, end: graph.range.start };
}

async function openAt(uri: string, range: Range | undefined): Promise<void> {
  const selection = range && new vscode.Range(range.start.line, range.start.character, range.end.line, range.end.character);
  await vscode.window.showTextDocument(vscode.Uri.parse(uri), { selection, preview: true });
}
