/** What a person does in the workbench, without its pixels: open, write, save, and wait until something shows. */

import * as assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as vscode from "vscode";

export const PATIENCE_MS = 30_000;
/** How often is looked at what tells of no change: often enough that nobody waits for it. */
const LOOK_MS = 25;

export const root = vscode.workspace.workspaceFolders![0]!.uri.fsPath;

export function at(file: string): vscode.Uri {
  return vscode.Uri.file(join(root, file));
}

/** The first answer that is neither empty nor nothing. */
export async function until<T>(what: string, look: () => T | PromiseLike<T>): Promise<NonNullable<T>> {
  const deadline = Date.now() + PATIENCE_MS;
  let last: T | undefined;
  while (Date.now() < deadline) {
    last = await look();
    if (last && !(Array.isArray(last) && last.length === 0)) return last;
    await new Promise((done) => setTimeout(done, LOOK_MS));
  }
  assert.fail(`never came: ${what}; the last was ${JSON.stringify(last)}`);
}

export async function open(file: string): Promise<vscode.TextEditor> {
  return await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(at(file)));
}

/** The place of a text that stands in the document once, or of `within` in it. */
export function place(document: vscode.TextDocument, text: string, within = text): vscode.Position {
  const start = document.getText().indexOf(text);
  assert.ok(start >= 0, `${text} is not in ${document.fileName}`);
  return document.positionAt(start + text.indexOf(within));
}

export function textAt(document: vscode.TextDocument, line: number): string {
  return document.lineAt(line).text.trim();
}

/** Write something else in the open document, as typing does. */
export async function write(editor: vscode.TextEditor, text: string, instead: string): Promise<void> {
  const start = place(editor.document, text);
  const range = new vscode.Range(start, editor.document.positionAt(editor.document.offsetAt(start) + text.length));
  assert.ok(await editor.edit((edit) => edit.replace(range, instead)));
}

export async function save(editor: vscode.TextEditor): Promise<void> {
  assert.ok(await editor.document.save());
}

/** Everything as it is on the disk, and no editor open. */
export async function putAside(): Promise<void> {
  for (const document of vscode.workspace.textDocuments.filter((one) => one.isDirty)) {
    await vscode.window.showTextDocument(document);
    await vscode.commands.executeCommand("workbench.action.files.revert");
  }
  await vscode.commands.executeCommand("workbench.action.closeAllEditors");
}

/** Change a file while something is done, and put it back. */
export async function changed<T>(file: string, change: (text: string) => string, act: () => Promise<T>): Promise<T> {
  const path = join(root, file);
  const before = readFileSync(path, "utf8");
  const after = change(before);
  assert.notEqual(after, before, `nothing changes in ${file}`);
  const editor = await open(file);
  // Only what differs is written, as a person does it: breakpoints move with the lines around.
  let start = 0;
  while (before[start] === after[start]) start += 1;
  let same = 0;
  while (same < Math.min(before.length, after.length) - start && before.at(-1 - same) === after.at(-1 - same)) same += 1;
  const range = new vscode.Range(editor.document.positionAt(start), editor.document.positionAt(before.length - same));
  assert.ok(await editor.edit((edit) => edit.replace(range, after.slice(start, after.length - same))));
  await save(editor);
  try {
    return await act();
  } finally {
    await putAside();
    writeFileSync(path, before);
  }
}

export function findings(uri: vscode.Uri): vscode.Diagnostic[] {
  return vscode.languages.getDiagnostics(uri).filter((one) => one.source === "pointsman");
}
