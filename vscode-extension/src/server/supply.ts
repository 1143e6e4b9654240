/** The `pointsman` command of this window: found, missed out loud, and found again when it appears. */

import { access } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import * as vscode from "vscode";
import { watchFor } from "./appearing";
import { type Command, find, type Problem } from "./finding";
import { unservedWords } from "./folders";
import { installWords, offersOf } from "./offers";
import { findRoot } from "./places";

export class Supply implements vscode.Disposable {
  private found: Command | undefined;
  private trouble: Problem | undefined;
  private told = "";
  private unwatch: () => void = () => undefined;
  private searching: Promise<Command | undefined> | undefined;
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly listeners: vscode.Disposable[];

  /** Fires when it was looked for again: there is a command, perhaps another one, or none. */
  readonly onDidChange = this.changed.event;

  constructor(private readonly log: vscode.LogOutputChannel) {
    this.listeners = [
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration("pointsman.command")) void this.again(true);
      }),
      // Not every disk tells of changes: whoever comes back to the window may have installed it meanwhile.
      vscode.window.onDidChangeWindowState(({ focused }) => {
        if (focused && this.trouble) void this.again(false);
      }),
    ];
  }

  get command(): Command | undefined {
    return this.found;
  }

  get problem(): Problem | undefined {
    return this.trouble;
  }

  /** Look for it; what is wrong is told once, and the places are watched. */
  find(): Promise<Command | undefined> {
    this.searching ??= this.search().finally(() => (this.searching = undefined));
    return this.searching;
  }

  /** The command, or an error that says why there is none, for whoever can not go on without. */
  async need(): Promise<Command> {
    const command = this.found ?? (await this.find());
    if (command) return command;
    throw new Error(this.trouble?.message ?? "The pointsman command was not found.");
  }

  /** Say what is wrong, with what can be done about it. */
  async offer(): Promise<void> {
    const problem = this.trouble;
    if (problem === undefined) return;
    this.told = problem.message;
    // A warning goes by itself, an error with buttons would stay when the command has long been found.
    const chosen = await vscode.window.showWarningMessage(problem.message, ...offersOf(problem));
    if (chosen === "Install into .venv...") await this.install();
    if (chosen === "Choose...") await this.choose();
    if (chosen === "Open Setting") await vscode.commands.executeCommand("workbench.action.openSettings", "pointsman.command");
    if (chosen === "Clear Setting") await this.clear();
    if (chosen === "Try Again") await this.again(true);
    if (chosen === "Show Log") this.log.show();
  }

  /** Look again, and tell whoever uses the command. `loud` says again what was said before. */
  async again(loud: boolean): Promise<void> {
    if (loud) this.told = "";
    await this.searching; // it may have begun with what has changed since
    this.found = undefined;
    await this.find();
    this.changed.fire();
  }

  /** The folder a process of ours starts in. */
  folder(): string {
    return this.folders()[0] ?? homedir();
  }

  /** What the server does not see of what is open, in a sentence. */
  unserved(): string | undefined {
    return unservedWords(this.folders());
  }

  dispose(): void {
    this.unwatch();
    vscode.Disposable.from(...this.listeners, this.changed).dispose();
  }

  private async search(): Promise<Command | undefined> {
    if (!vscode.workspace.isTrusted) return undefined; // `extension.ts` comes back when it is
    const setting = vscode.workspace.getConfiguration("pointsman").get("command", "").trim();
    const search = await find({ setting, folders: this.folders(), env: process.env });
    for (const problem of search.passed) this.log.warn(problem.message);
    this.found = search.command;
    this.trouble = search.problem;
    this.unwatch();
    this.unwatch = () => undefined;
    if (search.problem) {
      this.log.info(`looked for the command at: ${search.looked.join(", ")}`);
      const roots = this.folders().map((folder) => join(findRoot(folder), "pointsman.toml"));
      this.unwatch = watchFor([...search.looked, ...roots], () => void this.again(false));
      if (this.told !== search.problem.message) void this.offer();
    }
    return search.command;
  }

  private folders(): string[] {
    const open = (vscode.workspace.workspaceFolders ?? []).filter((folder) => folder.uri.scheme === "file");
    if (open.length > 0) return open.map((folder) => folder.uri.fsPath);
    const document = vscode.window.activeTextEditor?.document.uri;
    return document?.scheme === "file" ? [dirname(document.fsPath)] : [];
  }

  /** Take the setting away wherever it is set: the command is looked for in the usual places then. */
  private async clear(): Promise<void> {
    const settings = vscode.workspace.getConfiguration("pointsman");
    const set = settings.inspect<string>("command");
    const places = [
      [set?.workspaceFolderValue, vscode.ConfigurationTarget.WorkspaceFolder],
      [set?.workspaceValue, vscode.ConfigurationTarget.Workspace],
      [set?.globalValue, vscode.ConfigurationTarget.Global],
    ] as const;
    for (const [value, where] of places) {
      if (value !== undefined) await settings.update("command", undefined, where);
    }
  }

  private async choose(): Promise<void> {
    const chosen = await vscode.window.showOpenDialog({
      title: "The pointsman command",
      openLabel: "Use",
      defaultUri: vscode.Uri.file(this.folder()),
    });
    if (chosen?.[0] === undefined) return;
    const where = vscode.workspace.workspaceFolders ? vscode.ConfigurationTarget.Workspace : vscode.ConfigurationTarget.Global;
    await vscode.workspace.getConfiguration("pointsman").update("command", chosen[0].fsPath, where);
  }

  /** pip in a terminal, where a person sees what it does; the watch finds the command when it is there. */
  private async install(): Promise<void> {
    const root = findRoot(this.folder());
    const what = await vscode.window.showInputBox({
      title: `Install Pointsman into ${join(root, ".venv")}`,
      prompt: "What pip installs: the folder of a Pointsman clone, a wheel, or a git URL. It is on no package index yet.",
      placeHolder: "/path/to/pointsman",
      ignoreFocusOut: true,
      validateInput: async (value) => {
        if (value.trim() === "") return "A folder, a file or a URL is needed.";
        if (!isAbsolute(value) || (await access(value).then(() => true, () => false))) return undefined;
        return `${value} is not there.`;
      },
    });
    if (what === undefined) return;
    const terminal = vscode.window.createTerminal({ name: "Install Pointsman", cwd: root });
    terminal.show();
    terminal.sendText(installWords(what.trim()));
  }
}
