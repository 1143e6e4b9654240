/** What a person is told of what adapters say: when a run can not start, and when it starts from an older text. */

import { basename } from "node:path";
import * as vscode from "vscode";
import { launch, TYPE } from "./configurations";
import { type Cause, causeOf } from "./causes";
import { aboutOf } from "./outputs";
import type { Picker } from "./picking";
import { type Program, readProgram, titleOf } from "./programs";

/** The part of the protocol that is looked at here. */
interface Message {
  type: string;
  event?: string;
  command?: string;
  success?: boolean;
  message?: string;
  body?: { category?: string; output?: string; error?: { format: string; variables?: Record<string, string>; showUser?: boolean } };
}

/** Sees what adapters say to VS Code. What is told here is no notification of VS Code's too: it is changed on its way. */
export class Refusals implements vscode.DebugAdapterTrackerFactory {
  /** `asks`: whether a question of this session's run is put to the person by the runs view. */
  constructor(
    private readonly picker: Picker,
    private readonly asks: (session: vscode.DebugSession) => boolean,
  ) {}

  createDebugAdapterTracker(session: vscode.DebugSession): vscode.DebugAdapterTracker {
    return {
      onDidSendMessage: (message: Message) => {
        if (message.type === "event" && message.event === "output") return this.output(session, message.body ?? {});
        const refused = message.type === "response" && message.success === false;
        if (!refused || (message.command !== "launch" && message.command !== "attach")) return;
        const error = message.body?.error;
        if (error) error.showUser = false;
        void this.tell(session, error?.variables?.["sentence"] ?? message.message ?? "");
      },
    };
  }

  private output(session: vscode.DebugSession, body: NonNullable<Message["body"]>): void {
    const text = body.output ?? "";
    const about = aboutOf(body.category, text);
    if (about === undefined || (about === "question" && !this.asks(session))) return;
    delete body.category; // a line of the console as any other
    if (about === "broken") void warn(session, text.trim());
  }

  private async tell(session: vscode.DebugSession, sentence: string): Promise<void> {
    const { configuration } = session;
    if (configuration.request !== "launch") {
      void vscode.window.showErrorMessage(`${configuration.name}: ${sentence}`);
      return;
    }
    const program = readProgram(String(configuration["program"]), session.workspaceFolder?.uri.fsPath);
    const words = `${titleOf(program)} does not start: ${sentence.replace(program.path, basename(program.path))}`;
    const offers: Record<Cause, string[]> = { input: ["Choose Another Input"], file: ["Show Problems"], other: [] };
    const cause = causeOf(sentence, brokenFiles().length > 0);
    if (cause === "input") await this.picker.forget(program, configuration["input"]);
    const chosen = await vscode.window.showErrorMessage(words, ...offers[cause]);
    if (chosen === "Show Problems") await showProblems(program);
    if (chosen === "Choose Another Input") await this.again(session, program);
  }

  private async again(session: vscode.DebugSession, program: Program): Promise<void> {
    const picked = await this.picker.pick(program, true);
    if (picked === undefined) return;
    const { input: _, ...kept } = session.configuration;
    const options = { noDebug: session.configuration.noDebug === true };
    await vscode.debug.startDebugging(session.workspaceFolder, { ...launch(program), ...kept, type: TYPE, input: picked.value }, options);
  }
}

async function warn(session: vscode.DebugSession, words: string): Promise<void> {
  const named: unknown = session.configuration["program"];
  const chosen = await vscode.window.showWarningMessage(words, "Show Problems");
  if (chosen) await showProblems(typeof named === "string" ? readProgram(named, session.workspaceFolder?.uri.fsPath) : undefined);
}

function brokenFiles(): [vscode.Uri, vscode.Diagnostic][] {
  return vscode.languages.getDiagnostics().flatMap(([uri, found]) => {
    const errors = found.filter((each) => each.severity === vscode.DiagnosticSeverity.Error && each.source === "pointsman");
    return errors[0] ? [[uri, errors[0]] as [vscode.Uri, vscode.Diagnostic]] : [];
  });
}

/** The problems in their view, and the cursor on the first one: in the pipeline's own file if it has some. */
async function showProblems(program: Program | undefined): Promise<void> {
  const broken = brokenFiles();
  const [uri, problem] = broken.find(([each]) => each.fsPath === program?.path) ?? broken[0] ?? [];
  await vscode.commands.executeCommand("workbench.actions.view.problems");
  if (uri && problem) await vscode.window.showTextDocument(uri, { selection: problem.range });
}
