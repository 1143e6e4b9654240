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

export class Writing implements vscode.Disposable {
  private pending: Pending | undefined;
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly subscriptions: vscode.Disposable[];

  constructor() {
    this.subscriptions = [
      this.changed,
      vscode.commands.registerCommand(START, () => this.start()),
      vscode.commands.registerCommand(LEAVE, () => this.leave()),
      vscode.languages.registerCodeLensProvider({ scheme: "untitled", language: "json" }, {
        onDidChangeCodeLenses: this.changed.event,
        provideCodeLenses: (document) => this.lenses(document),
      }),
      vscode.window.tabGroups.onDidChangeTabs(({ closed }) => {
        const uris = closed.map((tab) => (tab.input instanceof vscode.TabInputText ? tab.input.uri.toString() : ""));
        if (this.pending && uris.includes(this.pending.uri)) this.finish(undefined);
      }),
    ];
  }

  dispose(): void {
    for (const one of this.subscriptions) one.dispose();
  }

  /** What a person makes of this text; undefined when they close it or leave it be. */
  async write(title: string, text: string): Promise<Picked | undefined> {
    this.finish(undefined);
    const document = await vscode.workspace.openTextDocument({ language: "json", content: text });
    return await new Promise((done) => {
      this.pending = { uri: document.uri.toString(), title, done };
      void setOurs(true);
      this.changed.fire();
      void vscode.window.showTextDocument(document, { preview: false, viewColumn: vscode.ViewColumn.Beside });
    });
  }

  private lenses(document: vscode.TextDocument): vscode.CodeLens[] {
    if (this.pending?.uri !== document.uri.toString()) return [];
    const top = new vscode.Range(0, 0, 0, 0);
    return [
      new vscode.CodeLens(top, { title: `$(play) Start ${this.pending.title} with this input`, command: START }),
      new vscode.CodeLens(top, { title: "Leave it", command: LEAVE }),
    ];
  }

  private async start(): Promise<void> {
    const { pending } = this;
    const document = this.document();
    if (pending === undefined || document === undefined) return;
    let value: unknown;
    try {
      value = JSON.parse(document.getText());
    } catch (error) {
      void vscode.window.showErrorMessage(`This is no JSON: ${(error as Error).message}`);
      return;
    }
    this.pending = undefined; // before its tab closes, which would end it
    await close(document);
    pending.done({ value });
  }

  private async leave(): Promise<void> {
    const document = this.document();
    this.finish(undefined);
    if (document) await close(document);
  }

  private document(): vscode.TextDocument | undefined {
    return vscode.workspace.textDocuments.find((each) => each.uri.toString() === this.pending?.uri);
  }

  private finish(picked: Picked | undefined): void {
    const { done } = this.pending ?? {};
    this.pending = undefined;
    void setOurs(false);
    this.changed.fire();
    done?.(picked);
  }
}

/** Close the document without the question whether to save it. */
async function close(document: vscode.TextDocument): Promise<void> {
  void setOurs(false);
  await vscode.window.showTextDocument(document);
  await vscode.commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
}

/** What the menus ask before they offer the two commands. */
function setOurs(ours: boolean): Thenable<unknown> {
  return vscode.commands.executeCommand("setContext", "pointsman.writingInput", ours);
}
