/** The language client, as the other parts see it. */

import type * as vscode from "vscode";

export type ServerState = "starting" | "running" | "stopped";

export interface Server {
  /** Ask the language server; fails with its message, and at once when it is not running. */
  request<R>(method: string, params: unknown): Promise<R>;
  /** `workspace/executeCommand` with one argument. */
  execute<R>(command: string, argument: unknown): Promise<R>;
  /** Notifications of the server, over all its restarts. */
  on<P>(method: string, handler: (params: P) => void): vscode.Disposable;
  readonly state: ServerState;
  readonly onDidChangeState: vscode.Event<ServerState>;
}
