/** The panel beside the editor: which file it shows, and how it follows the text, the cursor and the page's clicks. */

import * as vscode from "vscode";
import { fileOf, sameFile, showsFile } from "../common/files";
import { languageOf } from "../debug/programs";
import type { Server } from "../server/client";
import type { Graph, Range, Run } from "../server/protocol";
import { breaks, namedAt, pipelineAt, shownAfter, stageAt, stageNamed } from "./following";
import { Lighting } from "./lighting";
import type { FromPage, Kept, ToPage } from "./messages";
import { page } from "./page";

export const VIEW = "pointsman.graph";
const LANGUAGE = "pointsman-pipeline";
/** Between the last key and the new graph. */
const PAUSE_MS = 150;

export class GraphPanel {
  private readonly lighting: Lighting;
  private readonly parts: vscode.Disposable[] = [];
  private uri: string;
  private pipeline: string;
  private graphs: readonly Graph[] = [];
  private shown: Graph | undefined;
  private good = new Map<string, Graph>();
  private timer: NodeJS.Timeout | undefined;
  private asked = 0;

  constructor(
    private readonly panel: vscode.WebviewPanel,
    private readonly server: Server,
    extension: vscode.Uri,
    kept: Omit<Kept, "camera">,
    private readonly failed: (problem: unknown) => void,
  ) {
    this.uri = kept.uri;
    this.pipeline = kept.pipeline;
    this.lighting = new Lighting(server, kept.run, (message) => this.say(message));
    this.parts.push(
      this.lighting,
      panel.webview.onDidReceiveMessage((message: FromPage) => this.heard(message)),
      vscode.window.onDidChangeActiveTextEditor((editor) => this.follow(editor)),
      vscode.window.onDidChangeTextEditorSelection(({ textEditor }) => this.moved(textEditor)),
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => contentChanges.length > 0 && this.soon(document.uri)),
      vscode.languages.onDidChangeDiagnostics(({ uris }) => uris.forEach((uri) => this.soon(uri))),
      server.onDidChangeState((state) => state === "running" && this.begin()),
    );
    panel.onDidDispose(() => this.dispose());
    panel.webview.options = { enableScripts: true, localResourceRoots: [vscode.Uri.joinPath(extension, "dist")] };
    const icon = (name: string): vscode.Uri => vscode.Uri.joinPath(extension, "media", "graph", `${name}.svg`);
    panel.iconPath = { dark: icon("dark"), light: icon("light") };
    panel.webview.html = page(panel.webview, extension);
    this.name();
  }

  get onDidDispose(): vscode.Event<void> {
    return this.panel.onDidDispose;
  }

  reveal(): void {
    this.panel.reveal(undefined, true);
  }

  /** Show a file, and in it a pipeline when one is named. */
  show(uri: string, pipeline = ""): void {
    if (!this.panel.visible) this.reveal();
    if (!sameFile(uri, this.uri)) this.good.clear();
    this.uri = uri;
    if (pipeline !== "") this.pipeline = pipeline;
    this.name();
    void this.draw(pipeline === "");
  }

  /** Show a recorded run, or a live one, over its pipeline. */
  async showRun(run: string): Promise<void> {
    const found = await this.server.request<Run>("pointsman/run", { run });
    if (found.uri === "") throw new Error("The pipeline file of this run is not in this workspace.");
    this.lighting.add(found);
    this.lighting.choose(run);
    this.show(found.uri, found.pipeline);
  }

  private dispose(): void {
    clearTimeout(this.timer);
    for (const part of this.parts) part.dispose();
  }

  private begin(): void {
    void this.draw(true);
    this.lighting.load().catch(this.failed);
  }

  private heard(message: FromPage): void {
    switch (message.type) {
      case "ready":
        return this.begin();
      case "reveal":
        return void this.open(message.range, message.focus).then(undefined, this.failed);
      case "run":
        return this.lighting.choose(message.run);
      case "pipeline":
        this.pipeline = message.name;
        this.put();
        if (this.shown) void this.open(this.shown.range, false).then(undefined, this.failed);
    }
  }

  private follow(editor: vscode.TextEditor | undefined): void {
    if (editor && showsFile(editor.document, this.uri)) return this.moved(editor);
    const file = editor && fileOf(editor.document.uri);
    // A debugger's text has its language only after it was opened: its name says what it is.
    if (!file || (editor.document.languageId !== LANGUAGE && languageOf(file.path) !== LANGUAGE)) return;
    this.pipeline = "";
    this.show(file.toString());
  }

  private moved(editor: vscode.TextEditor): void {
    if (!showsFile(editor.document, this.uri)) return;
    const other = this.pipelineOf(editor);
    if (other && other.name !== this.pipeline) {
      this.pipeline = other.name;
      this.put();
    } else {
      this.mark();
    }
  }

  private soon(uri: vscode.Uri): void {
    if (!sameFile(uri.toString(), this.uri)) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.draw(false), PAUSE_MS);
  }

  /** Ask for the graphs of the file as its text stands. */
  private async draw(byCursor: boolean): Promise<void> {
    const [asked, uri] = [++this.asked, this.uri];
    if (uri === "") return this.say({ type: "nothing", why: "Open a pipeline to see its graph." });
    try {
      const { pipelines } = await this.server.request<{ pipelines: Graph[] }>("pointsman/graph", { textDocument: { uri } });
      if (asked !== this.asked) return;
      this.graphs = pipelines;
      if (byCursor) this.pipeline = this.pipelineOf(this.editor())?.name ?? this.pipeline;
      this.put();
    } catch (problem) {
      if (asked === this.asked && !this.shown) this.say({ type: "nothing", why: "The graph is drawn by the Pointsman server, which is not running." });
      this.failed(problem);
    }
  }

  /** Tell the page what to draw. */
  private put(): void {
    const now = this.graphs.find(({ name }) => name === this.pipeline) ?? (this.good.has(this.pipeline) ? undefined : this.graphs[0]);
    const broken = vscode.languages.getDiagnostics(vscode.Uri.parse(this.uri)).some(({ code }) => breaks(code));
    const { graph, stale } = shownAfter(now, broken, this.good.get(this.pipeline));
    this.shown = graph;
    if (!graph) return this.say({ type: "nothing", why: "This file has no stages yet." });
    if (stale === "") this.good.set(graph.name, graph);
    this.pipeline = graph.name;
    const pipelines = [...new Set([...this.graphs.map(({ name }) => name), graph.name])];
    this.say({ type: "graph", uri: this.uri, file: this.file(), pipelines, graph, stale });
    this.lighting.of(this.uri, graph.name);
    this.name();
    this.mark();
  }

  private mark(): void {
    const editor = this.editor();
    if (this.shown) this.say({ type: "cursor", id: editor ? stageIn(this.shown, editor) : "" });
  }

  private pipelineOf(editor: vscode.TextEditor | undefined): Graph | undefined {
    if (editor === undefined || isOwn(editor.document)) return pipelineAt(this.graphs, editor?.selection.active, this.pipeline);
    const { pipeline } = namedAt(linesOf(editor.document), editor.selection.active.line);
    return pipelineAt(this.graphs, undefined, pipeline || this.pipeline);
  }

  /** The editor of the file, or of a run's own text of it: the active one, else any that is seen. */
  private editor(): vscode.TextEditor | undefined {
    const active = vscode.window.activeTextEditor;
    const all = active ? [active, ...vscode.window.visibleTextEditors] : vscode.window.visibleTextEditors;
    return all.find(({ document }) => showsFile(document, this.uri));
  }

  private async open(range: Range, focus: boolean): Promise<void> {
    const uri = vscode.Uri.parse(this.uri);
    const open = vscode.window.visibleTextEditors.find(({ document }) => document.uri.toString() === uri.toString());
    const { start, end } = range;
    const long = end.line - start.line > 1;
    const selection = new vscode.Range(start.line, start.character, long ? start.line : end.line, long ? start.character : end.character);
    const viewColumn = open?.viewColumn ?? vscode.ViewColumn.One;
    await vscode.window.showTextDocument(uri, { selection, viewColumn, preserveFocus: !focus });
  }

  private name(): void {
    this.panel.title = `Graph: ${this.pipeline || this.file() || "pipeline"}`;
  }

  private file(): string {
    return this.uri.slice(this.uri.lastIndexOf("/") + 1);
  }

  private say(message: ToPage): void {
    void this.panel.webview.postMessage(message);
  }
}

/** Whether the ranges of the file's graph are those of this document. */
function isOwn({ uri }: vscode.TextDocument): boolean {
  return uri.scheme === "file";
}

function stageIn(graph: Graph, { document, selection }: vscode.TextEditor): string {
  if (isOwn(document)) return stageAt(graph, selection.active);
  return stageNamed(graph, namedAt(linesOf(document), selection.active.line).path);
}

function linesOf(document: vscode.TextDocument): string[] {
  return document.getText().split(/\r?\n/);
}
