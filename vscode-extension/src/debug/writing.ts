/** An input written by hand: a JSON document that is no file, with the start above its first line. */

import * as vscode from "vscode";
import type { Picked } from "./picking";

interface Pending {
  uri: string;
  title: string;
  done: (picked: Picked | undefined) => void;
}

const START = "pointsman.startWithInput";
const LEAVE = "pointsman.leaveInput";
let pending: Pending | undefined;
const changed = new vscode.EventEmitter<void>();

/** Called once, when the extension starts. */
export function registerWriting(): vscode.Disposable {
  return vscode.Disposable.from(
    changed,
    vscode.commands.registerCommand(START, start),
    vscode.commands.registerCommand(LEAVE, leave),
    vscode.languages.registerCodeLensProvider({ scheme: "untitled", language: "json" }, {
      onDidChangeCodeLenses: changed.event,
      provideCodeLenses: (document) => lenses(document),
    }),
    vscode.window.tabGroups.onDidChangeTabs(({ closed }) => {
      const uris = closed.map((tab) => (tab.input instanceof vscode.TabInputText ? tab.input.uri.toString() : ""));
      if (pending && uris.includes(pending.uri)) finish(undefined);
    }),
  );
}

/** What a person makes of this text; undefined when they close it or leave it be. */
export async function writeInput(title: string, text: string): Promise<Picked | undefined> {
  finish(undefined);
  const document = await vscode.workspace.openTextDocument({ language: "json", content: text });
  return await new Promise((done) => {
    pending = { uri: document.uri.toString(), title, done };
    void setOurs(true);
    changed.fire();
    void vscode.window.showTextDocument(document, { preview: false, viewColumn: vscode.ViewColumn.Beside });
  });
}

function lenses(document: vscode.TextDocument): vscode.CodeLens[] {
  if (pending?.uri !== document.uri.toString()) return [];
  const top = new vscode.Range(0, 0, 0, 0);
  return [
    new vscode.CodeLens(top, { title: `$(play) Start ${pending.title} with this input`, command: START }),
    new vscode.CodeLens(top, { title: "Leave it", command: LEAVE }),
  ];
}

async function start(): Promise<void> {
  const document = vscode.workspace.textDocuments.find((each) => each.uri.toString() === pending?.uri);
  if (document === undefined) return;
  try {
    const value: unknown = JSON.parse(document.getText());
    const { done } = pending!;
    pending = undefined;
    await close(document);
    done({ value });
  } catch (error) {
    void vscode.window.showErrorMessage(`This is no JSON: ${(error as Error).message}`);
  }
}

async function leave(): Promise<void> {
  const document = vscode.workspace.textDocuments.find((each) => each.uri.toString() === pending?.uri);
  finish(undefined);
  if (document) await close(document);
}

/** Close the document without the question whether to save it. */
async function close(document: vscode.TextDocument): Promise<void> {
  void setOurs(false);
  await vscode.window.showTextDocument(document);
  await vscode.commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
}

function finish(picked: Picked | undefined): void {
  const { done } = pending ?? {};
  pending = undefined;
  void setOurs(false);
  changed.fire();
  done?.(picked);
}

/** What the menus ask before they offer the two commands. */
function setOurs(ours: boolean): Thenable<unknown> {
  return vscode.commands.executeCommand("setContext", "pointsman.writingInput", ours);
}
