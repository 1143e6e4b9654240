/** The language client: one connection at a time to the workspace's server, started again when it is lost. */

import * as vscode from "vscode";
import { CloseAction, ErrorAction, type FeatureState, LanguageClient, State } from "vscode-languageclient/node";
import type { Command } from "./finding";
import { Restarts } from "./restarts";
import { Starts } from "./starts";

export type ServerState = "starting" | "running" | "stopped";

export interface Server {
  /** Ask the language server; waits while it starts, fails when it is stopped. */
  request<R>(method: string, params: unknown): Promise<R>;
  /** `workspace/executeCommand` with one argument. */
  execute<R>(command: string, argument: unknown): Promise<R>;
  /** Notifications of the server, over all its restarts. */
  on<P>(method: string, handler: (params: P) => void): vscode.Disposable;
  readonly state: ServerState;
  readonly onDidChangeState: vscode.Event<ServerState>;
}

/** The languages we serve, and the workspace's own settings, which are TOML to everybody. */
export const SELECTOR = [
  { scheme: "file", language: "pointsman-pipeline" },
  { scheme: "file", language: "pointsman-policy" },
  { scheme: "file", pattern: "**/pointsman.toml" },
];

/** What a lens of the server may ask this client to do. */
const COMMANDS = ["pointsman.run", "pointsman.debug", "pointsman.showRun", "pointsman.rerun"];

export class Client implements Server {
  private inner: LanguageClient | undefined;
  private now: ServerState = "stopped";
  private readonly changed = new vscode.EventEmitter<ServerState>();
  private readonly handlers = new Map<string, Set<(params: never) => void>>();
  private readonly restarts = new Restarts();
  private readonly starts = new Starts();
  private words: string[] = [];

  readonly onDidChangeState = this.changed.event;

  /** `find` gives the command anew at each start: it may have been replaced, or be gone. */
  constructor(
    private readonly log: vscode.LogOutputChannel,
    private readonly find: () => Promise<Command | undefined>,
    private readonly folder: () => string,
  ) {}

  get state(): ServerState {
    return this.now;
  }

  /** The server's version, while it runs. */
  get version(): string {
    return this.inner?.initializeResult?.serverInfo?.version ?? "";
  }

  async request<R>(method: string, params: unknown): Promise<R> {
    await this.starts.settled();
    if (this.inner === undefined || this.now !== "running") throw new Error("The Pointsman server is not running.");
    return await this.inner.sendRequest<R>(method, params);
  }

  execute<R>(command: string, argument: unknown): Promise<R> {
    return this.request<R>("workspace/executeCommand", { command, arguments: [argument] });
  }

  on<P>(method: string, handler: (params: P) => void): vscode.Disposable {
    const known = this.handlers.get(method) ?? new Set();
    known.add(handler as (params: never) => void);
    if (!this.handlers.has(method)) {
      this.handlers.set(method, known);
      if (this.inner) this.listen(this.inner, method);
    }
    return new vscode.Disposable(() => known.delete(handler as (params: never) => void));
  }

  /** Start, unless it has been started. Never fails: the state says how it went. */
  start(): Promise<void> {
    return this.starts.begun ?? this.begin();
  }

  async stop(): Promise<void> {
    const inner = this.inner;
    this.inner = undefined;
    this.halt();
    await inner?.dispose().catch((error: unknown) => this.log.debug(`stopping: ${String(error)}`));
  }

  async restart(): Promise<void> {
    this.restarts.forget();
    await this.stop();
    await this.start();
  }

  dispose(): void {
    this.changed.dispose();
  }

  private begin(delay = 0): Promise<void> {
    const begun = this.starts.begin((meant) => this.connect(meant), delay);
    this.set("starting");
    return begun;
  }

  private halt(): void {
    this.starts.end();
    this.set("stopped");
  }

  private async connect(meant: () => boolean): Promise<void> {
    const command = await this.find();
    if (!meant()) return; // stopped meanwhile
    if (command === undefined) return this.halt();
    this.log.info(`starting ${command.path} lsp (Pointsman ${command.version}, ${command.because})`);
    this.words = [];
    const inner = this.make(command);
    this.inner = inner;
    inner.onDidChangeState(({ oldState, newState }) => {
      if (this.inner !== inner || oldState !== State.Running) return;
      if (newState === State.Stopped) this.lost("The Pointsman server has ended.");
    });
    for (const method of this.handlers.keys()) this.listen(inner, method);
    try {
      await inner.start();
      if (this.inner === inner) this.set("running");
    } catch (error) {
      this.log.error(error instanceof Error ? error : String(error));
      if (this.inner === inner) this.lost("The Pointsman server does not start.");
    }
  }

  private make(command: Command): LanguageClient {
    const client = new LanguageClient(
      "pointsman",
      "Pointsman",
      { command: command.path, args: ["lsp"], options: { cwd: this.folder() } },
      {
        documentSelector: SELECTOR,
        outputChannel: this.log,
        errorHandler: {
          error: () => ({ action: ErrorAction.Continue, handled: true }),
          closed: () => ({ action: CloseAction.DoNotRestart, handled: true, message: "The connection has ended." }),
        },
        initializationFailedHandler: () => false,
        stdioOptions: {
          stdout: () => undefined, // it is the wire
          stderr: (input) => input.on("data", (data) => this.hear(String(data))),
        },
      },
    );
    client.registerFeature({
      fillClientCapabilities: (capabilities) => {
        capabilities.experimental = { ...capabilities.experimental, pointsman: { runs: true, commands: COMMANDS } };
      },
      initialize: () => undefined,
      getState: (): FeatureState => ({ kind: "static" }),
      clear: () => undefined,
    });
    return client;
  }

  private listen(inner: LanguageClient, method: string): void {
    inner.onNotification(method, (params) => {
      for (const handler of this.handlers.get(method) ?? []) handler(params as never);
    });
  }

  private hear(words: string): void {
    for (const line of words.split("\n").filter((each) => each.trim() !== "")) {
      this.log.warn(line);
      this.words = [...this.words, line].slice(-3);
    }
  }

  private lost(what: string): void {
    this.inner = undefined;
    const delay = this.restarts.after(Date.now());
    if (delay !== undefined) {
      this.log.warn(`${what} It is started again in ${delay / 1000} s.`);
      void this.begin(delay);
      return;
    }
    this.halt();
    const words = this.words.at(-1)?.replace(/^pointsman: /, "") ?? "";
    void this.tell(`${what} It was started again five times in three minutes.${words ? ` Its last words: ${words}` : ""}`);
  }

  private async tell(message: string): Promise<void> {
    this.log.error(message);
    const chosen = await vscode.window.showErrorMessage(message, "Restart", "Show Log");
    if (chosen === "Restart") await this.restart();
    if (chosen === "Show Log") this.log.show();
  }

  private set(state: ServerState): void {
    if (this.now === state) return;
    this.now = state;
    this.changed.fire(state);
  }
}
