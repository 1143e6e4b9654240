/**
 * A workbench that remembers what it was asked to show, in place of `vscode`; and a server that answers from a table.
 * Import it before what it stands in for.
 */

import Module from "node:module";
import type { Server, ServerState } from "../../../src/server/client";

type Listener = (value: unknown) => void;

class EventEmitter {
  private listeners = new Set<Listener>();
  readonly event = (listener: Listener): { dispose(): void } => {
    this.listeners.add(listener);
    return { dispose: () => this.listeners.delete(listener) };
  };
  fire(value: unknown): void {
    for (const listener of [...this.listeners]) listener(value);
  }
  dispose(): void {
    this.listeners.clear();
  }
}

class Uri {
  constructor(readonly scheme: string, readonly path: string) {}
  static parse(text: string): Uri {
    const at = text.indexOf(":");
    return new Uri(text.slice(0, at), decodeURIComponent(text.slice(at + 1).replace(/^\/\//, "")));
  }
  static file(path: string): Uri {
    return new Uri("file", path);
  }
  static from({ scheme, path }: { scheme: string; path: string }): Uri {
    return new Uri(scheme, path);
  }
  get fsPath(): string {
    return this.path;
  }
  toString(): string {
    return `${this.scheme}:${this.scheme === "file" ? "//" : ""}${encodeURI(this.path)}`;
  }
}

class Given {
  readonly given: unknown[];
  constructor(...given: unknown[]) {
    this.given = given;
  }
}

class TreeItem {
  constructor(readonly label: string, readonly collapsibleState: number) {}
}

/** What the extension did to the workbench, and what a person does in it. */
export class Workbench {
  readonly commands = new Map<string, (...given: never[]) => Promise<unknown>>();
  readonly executed: unknown[][] = [];
  readonly said: { kind: string; message: string; buttons: string[] }[] = [];
  readonly providers = new Map<string, never>();
  readonly sessions: Record<string, unknown>[] = [];
  readonly opened: string[] = [];
  readonly revealed: unknown[] = [];
  readonly visibility = new EventEmitter();
  readonly view: Record<string, unknown> & { visible: boolean; badge?: { value: number }; message?: string };
  documents: { uri: Uri; getText(): string; save(): Promise<boolean> }[] = [];
  clipboard = "";
  /** What a person presses, by message; what they pick or type, in turn. */
  press: (message: string, buttons: string[]) => string | undefined = () => undefined;
  picks: ((items: never[]) => unknown)[] = [];
  types: (string | undefined)[] = [];

  constructor() {
    this.view = {
      visible: false,
      onDidChangeVisibility: this.visibility.event,
      reveal: (row: unknown) => Promise.resolve(this.revealed.push(row)),
      dispose: () => undefined,
    };
  }

  show(visible: boolean): void {
    this.view.visible = visible;
    this.visibility.fire({ visible });
  }

  async run(command: string, ...given: unknown[]): Promise<void> {
    await this.commands.get(command)!(...(given as never[]));
  }

  private ask(kind: string, message: string, rest: unknown[]): Promise<unknown> {
    const items = rest.filter((one) => typeof one === "string" || (one as { title?: string }).title !== undefined);
    const titles = items.map((one) => (typeof one === "string" ? one : (one as { title: string }).title));
    this.said.push({ kind, message, buttons: titles });
    const pressed = this.press(message, titles);
    return Promise.resolve(items[titles.indexOf(pressed ?? "")]);
  }

  readonly module = {
    EventEmitter, Uri, TreeItem, ThemeIcon: Given, ThemeColor: Given, MarkdownString: Given, Range: Given, CodeLens: Given,
    DocumentLink: Given, TabInputText: Given,
    Disposable: class {
      constructor(readonly dispose: () => void) {}
    },
    FileSystemError: { FileNotFound: (uri: Uri) => new Error(`no ${uri.toString()}`), NoPermissions: () => new Error("no") },
    FileType: { File: 1 }, FileChangeType: { Changed: 1 }, TreeItemCollapsibleState: { None: 0, Collapsed: 1, Expanded: 2 },
    window: {
      createTreeView: (_id: string, options: { treeDataProvider: never }) => {
        this.providers.set("tree", options.treeDataProvider);
        return this.view;
      },
      showInformationMessage: (message: string, ...rest: unknown[]) => this.ask("information", message, rest),
      showWarningMessage: (message: string, ...rest: unknown[]) => this.ask("warning", message, rest),
      showErrorMessage: (message: string, ...rest: unknown[]) => this.ask("error", message, rest),
      setStatusBarMessage: (message: string) => this.said.push({ kind: "status", message, buttons: [] }),
      showQuickPick: (items: never[]) => Promise.resolve(this.picks.shift()?.(items)),
      showInputBox: () => Promise.resolve(this.types.shift()),
      showTextDocument: (document: Uri | { uri: Uri }, options?: { selection?: Given }) => {
        const uri = "uri" in document ? document.uri : document;
        const at = options?.selection ? `@${options.selection.given.join(",")}` : "";
        return Promise.resolve(this.opened.push(uri.toString() + at));
      },
      tabGroups: { all: [], close: () => Promise.resolve(true) },
    },
    workspace: {
      registerTextDocumentContentProvider: (scheme: string, provider: never) => this.provide(scheme, provider),
      registerFileSystemProvider: (scheme: string, provider: never) => this.provide(scheme, provider),
      openTextDocument: (uri: Uri) => Promise.resolve({ uri }),
      getWorkspaceFolder: () => undefined,
      textDocuments: [] as unknown[],
    },
    languages: {
      registerDocumentLinkProvider: () => ({ dispose: () => undefined }),
      registerCodeLensProvider: () => ({ dispose: () => undefined }),
    },
    commands: {
      registerCommand: (name: string, act: (...given: never[]) => Promise<unknown>) => {
        this.commands.set(name, act);
        return { dispose: () => this.commands.delete(name) };
      },
      executeCommand: (...given: unknown[]) => Promise.resolve(this.executed.push(given)),
    },
    debug: {
      startDebugging: (_folder: unknown, configuration: Record<string, unknown>) =>
        Promise.resolve(this.sessions.push(configuration) > 0),
    },
    env: { clipboard: { writeText: (text: string) => Promise.resolve((this.clipboard = text)) } },
  };

  private provide(scheme: string, provider: never): { dispose(): void } {
    this.providers.set(scheme, provider);
    return { dispose: () => this.providers.delete(scheme) };
  }
}

/** A server that answers from a table and remembers what it was asked. */
export class FakeServer implements Server {
  readonly asked: [string, unknown][] = [];
  readonly answers = new Map<string, (params: never) => unknown>();
  private readonly handlers = new Map<string, (params: never) => void>();
  private readonly changed = new EventEmitter();
  readonly onDidChangeState = this.changed.event as Server["onDidChangeState"];
  state: ServerState = "running";

  request<R>(method: string, params: unknown): Promise<R> {
    this.asked.push([method, params]);
    const answer = this.answers.get(method);
    if (!answer) return Promise.reject(new Error(`nobody answers ${method}`));
    return new Promise((done) => done(answer(params as never) as R));
  }

  execute<R>(command: string, argument: unknown): Promise<R> {
    return this.request<R>(command, argument);
  }

  on<P>(method: string, handler: (params: P) => void): never {
    this.handlers.set(method, handler as (params: never) => void);
    return { dispose: () => this.handlers.delete(method) } as never;
  }

  tell(method: string, params: unknown): void {
    this.handlers.get(method)!(params as never);
  }

  become(state: ServerState): void {
    this.state = state;
    this.changed.fire(state);
  }
}

/** The workbench of the test that runs: what imports `vscode` gets this one, for good. */
let current = new Workbench();

export function newWorkbench(): Workbench {
  current = new Workbench();
  return current;
}

/** Sections of the module lead to the workbench of the test that runs. */
const vscode = Object.fromEntries(
  Object.keys(current.module).map((name) => {
    const first = current.module[name as keyof Workbench["module"]];
    if (typeof first === "function" || /^[A-Z]/.test(name)) return [name, first];
    return [name, new Proxy({}, { get: (_, key) => Reflect.get(current.module[name as "window"], key) as unknown })];
  }),
);

const loader = Module as unknown as { _load(request: string, ...rest: unknown[]): unknown };
const load = loader._load.bind(loader);
loader._load = (request, ...rest) => (request === "vscode" ? { __esModule: true, ...vscode } : load(request, ...rest));

/** Let everything happen that is under way. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((done) => setImmediate(done));
}
