/** Larger answers are JSON documents that live in this window until they are sent; the server checks them, as any answer. */

import * as vscode from "vscode";
import { example } from "./forms";
import type { Asked } from "./questions";

export const ANSWER = "pointsman-answer";

export class AnswerDocuments implements vscode.FileSystemProvider, vscode.CodeLensProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  readonly onDidChangeFile = this.changed.event;
  private readonly files = new Map<string, { bytes: Uint8Array; mtime: number; asked: Asked | undefined }>();
  private readonly subscriptions: vscode.Disposable[];

  constructor() {
    this.subscriptions = [
      this.changed,
      vscode.workspace.registerFileSystemProvider(ANSWER, this, { isCaseSensitive: true }),
      vscode.languages.registerCodeLensProvider({ scheme: ANSWER }, this),
    ];
  }

  dispose(): void {
    for (const one of this.subscriptions) one.dispose();
  }

  /** Open the document of a question's answer; what was written into it before is still there. */
  async open(asked: Asked): Promise<void> {
    const uri = this.uriOf(asked);
    if (!this.files.has(uri.path)) {
      const schema = vscode.Uri.from({ scheme: ANSWER, path: uri.path.replace(/\.json$/, ".schema.json") });
      this.put(schema.path, JSON.stringify(asked.question.schema ?? true), undefined);
      this.put(uri.path, begun(asked.question.schema, schema.toString()), asked);
    }
    await vscode.window.showTextDocument(uri, { preview: false });
  }

  /** What is written in such a document, and which question it answers. Fails when it is no JSON. */
  read(uri: vscode.Uri): { asked: Asked; value: unknown } {
    const asked = this.files.get(uri.path)?.asked;
    const document = vscode.workspace.textDocuments.find((one) => one.uri.toString() === uri.toString());
    if (!asked || !document) throw new Error("This document is no answer that is still wanted");
    const value = JSON.parse(document.getText()) as unknown;
    if (typeof value === "object" && value !== null) delete (value as Record<string, unknown>)["$schema"];
    return { asked, value };
  }

  /** Close a document whose answer was taken. */
  async close(uri: vscode.Uri): Promise<void> {
    await vscode.workspace.textDocuments.find((one) => one.uri.toString() === uri.toString())?.save();
    const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
    await vscode.window.tabGroups.close(
      tabs.filter((tab) => tab.input instanceof vscode.TabInputText && tab.input.uri.toString() === uri.toString()),
    );
    this.files.delete(uri.path);
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    const asked = this.files.get(document.uri.path)?.asked;
    if (!asked) return [];
    const top = new vscode.Range(0, 0, 0, 0);
    return [
      new vscode.CodeLens(top, { title: "Send this answer", command: "pointsman.runs.sendAnswer", arguments: [document.uri] }),
      new vscode.CodeLens(top, { title: `${asked.question.stage}: ${asked.question.question}`, command: "" }),
    ];
  }

  stat(uri: vscode.Uri): vscode.FileStat {
    const file = this.file(uri);
    return { type: vscode.FileType.File, ctime: 0, mtime: file.mtime, size: file.bytes.length };
  }

  readFile(uri: vscode.Uri): Uint8Array {
    return this.file(uri).bytes;
  }

  writeFile(uri: vscode.Uri, bytes: Uint8Array): void {
    const file = this.file(uri);
    this.files.set(uri.path, { ...file, bytes, mtime: Date.now() });
    this.changed.fire([{ type: vscode.FileChangeType.Changed, uri }]);
  }

  watch(): vscode.Disposable {
    return new vscode.Disposable(() => undefined);
  }

  readDirectory(): [string, vscode.FileType][] {
    return [];
  }

  createDirectory(uri: vscode.Uri): void {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  delete(uri: vscode.Uri): void {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  rename(uri: vscode.Uri): void {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  private file(uri: vscode.Uri): { bytes: Uint8Array; mtime: number; asked: Asked | undefined } {
    const file = this.files.get(uri.path);
    if (!file) throw vscode.FileSystemError.FileNotFound(uri);
    return file;
  }

  private put(path: string, text: string, asked: Asked | undefined): void {
    this.files.set(path, { bytes: new TextEncoder().encode(text), mtime: Date.now(), asked });
  }

  /** `/<run>/<stage>.json`; a number follows where another question of that name has the document. */
  private uriOf({ run, question }: Asked): vscode.Uri {
    for (let number = 1; ; number += 1) {
      const path = `/${run.run}/${question.stage}${number > 1 ? `-${number}` : ""}.json`;
      const taken = this.files.get(path)?.asked;
      if (!taken || taken.question.effect === question.effect) return vscode.Uri.from({ scheme: ANSWER, path });
    }
  }
}

/** The text an answer begins with; an object says where its schema is, so that the editor helps to fill it in. */
function begun(schema: unknown, uri: string): string {
  const value = example(schema);
  const object = typeof value === "object" && value !== null && !Array.isArray(value);
  return `${JSON.stringify(object ? { $schema: uri, ...value } : value, null, 2)}\n`;
}
