/** A debug session as the workbench has it: what the adapter said, where it stands, and the keys a person has. */

import * as assert from "node:assert/strict";
import * as vscode from "vscode";
import { at, until } from "./person";

export const PIPELINE = "triage.pipeline.yaml";

/** The parts of the Debug Adapter Protocol that are looked at here. */
export interface Message {
  type: string;
  event?: string;
  command?: string;
  // Every message has another body; a test looks at the fields it knows.
  body?: any;
}
export interface Frame { id: number; name: string; line: number; source?: { path?: string } }
export interface Variable { name: string; value: string; variablesReference: number }
/** A scope's variables by name. */
export type Scopes = Record<string, Record<string, string>>;

/** What one session's adapter says, in its order. */
class Heard implements vscode.DebugAdapterTracker {
  readonly said: Message[] = [];
  problem: string | undefined;

  onDidSendMessage(message: Message): void {
    this.said.push(message);
  }

  onError(error: Error): void {
    this.problem = error.message;
  }

  events(name: string): Message[] {
    return this.said.filter((one) => one.type === "event" && one.event === name);
  }
}

export class Session {
  private seen = 0;

  constructor(
    readonly own: vscode.DebugSession,
    private readonly heard: Heard,
  ) {}

  /** The next stop, once the workbench shows it. */
  async stop(): Promise<Frame[]> {
    const stops = await until("a stop", () => {
      const all = this.heard.events("stopped");
      assert.equal(this.heard.problem, undefined);
      if (all.length <= this.seen) assert.equal(this.over, false, `it has ended: ${this.output()}`);
      return all.slice(this.seen);
    });
    this.seen += stops.length;
    const { threadId } = stops.at(-1)!.body;
    const { stackFrames } = (await this.own.customRequest("stackTrace", { threadId })) as { stackFrames: Frame[] };
    await until("the stop to be shown", () => {
      const item = vscode.debug.activeStackItem;
      return item instanceof vscode.DebugStackFrame && stackFrames.some((frame) => frame.id === item.frameId);
    });
    return stackFrames;
  }

  /** Why it has stopped last. */
  get reason(): string {
    return this.heard.events("stopped").at(-1)!.body.reason;
  }

  /** A key of the debugger, and where it has stopped then. */
  async press(command: "continue" | "stepOver" | "stepInto" | "stepOut" | "stepBack" | "reverseContinue"): Promise<Frame[]> {
    await vscode.commands.executeCommand(`workbench.action.debug.${command === "reverseContinue" ? "reverseContinue" : command}`);
    return await this.stop();
  }

  async goOn(): Promise<void> {
    await vscode.commands.executeCommand("workbench.action.debug.continue");
  }

  async scopes(frame: Frame): Promise<Scopes> {
    const found: Scopes = {};
    const { scopes } = await this.own.customRequest("scopes", { frameId: frame.id });
    for (const scope of scopes as { name: string; variablesReference: number }[]) {
      const variables = await this.variables(scope.variablesReference);
      found[scope.name] = Object.fromEntries(variables.map((one) => [one.name, one.value]));
    }
    return found;
  }

  async variables(variablesReference: number): Promise<Variable[]> {
    return (await this.own.customRequest("variables", { variablesReference })).variables;
  }

  async evaluate(expression: string, frame: Frame): Promise<string> {
    return (await this.own.customRequest("evaluate", { expression, frameId: frame.id, context: "repl" })).result;
  }

  output(category?: string): string {
    const all = this.heard.events("output").filter((one) => category === undefined || one.body.category === category);
    return all.map((one) => one.body.output).join("");
  }

  get over(): boolean {
    return this.heard.events("terminated").length > 0;
  }

  /** The exit code, once the session is over and the workbench has closed it. */
  async end(): Promise<number> {
    await until("the end", () => this.over && vscode.debug.activeDebugSession?.id !== this.own.id);
    return this.heard.events("exited").at(-1)?.body.exitCode;
  }
}

const all = new Map<string, Heard>();
const sessions: Session[] = [];

vscode.debug.registerDebugAdapterTrackerFactory("pointsman", {
  createDebugAdapterTracker: (session) => {
    const heard = new Heard();
    all.set(session.id, heard);
    sessions.push(new Session(session, heard));
    return heard;
  },
});

/** Whatever the act starts to debug. */
export async function debugging(act: () => PromiseLike<unknown>): Promise<Session> {
  const before = sessions.length;
  await act();
  await until("a session", () => sessions.length > before);
  return sessions.at(-1)!;
}

/** Start a configuration as F5 does. */
export async function start(more: Record<string, unknown>, request = "launch"): Promise<Session> {
  const program = request === "launch" ? { program: at(PIPELINE).fsPath } : {};
  return await debugging(async () => {
    assert.ok(await vscode.debug.startDebugging(vscode.workspace.workspaceFolders![0], {
      type: "pointsman", request, name: "Test", ...program, ...more,
    }));
  });
}

/** Breakpoints on these lines, found by their text. */
export async function breakOn(...texts: string[]): Promise<void> {
  const document = await vscode.workspace.openTextDocument(at(PIPELINE));
  const lines = document.getText().split("\n");
  vscode.debug.addBreakpoints(texts.map((text) => {
    const line = lines.findIndex((one) => one.trim() === text);
    assert.ok(line >= 0, `no line is ${text}`);
    return new vscode.SourceBreakpoint(new vscode.Location(document.uri, new vscode.Position(line, 0)));
  }));
}

/** No session, no breakpoint. */
export async function clear(): Promise<void> {
  vscode.debug.removeBreakpoints([...vscode.debug.breakpoints]);
  await vscode.debug.stopDebugging();
  await until("no session", () => vscode.debug.activeDebugSession === undefined);
}
