/** What a person is told when a run can not start, instead of a dialog that offers a launch.json. */

import { basename } from "node:path";
import * as vscode from "vscode";
import { launch, TYPE } from "./configurations";
import { type Cause, causeOf } from "./causes";
import type { Picker } from "./picking";
import { type Program, readProgram, titleOf } from "./programs";

/** The part of the protocol that is looked at here. */
interface Message {
  type: string;
  command?: string;
  success?: boolean;
  message?: string;
  body?: { error?: { format: string; variables?: Record<string, string>; showUser?: boolean } };
}

/** Sees what adapters say to VS Code. A refused start is told here, and VS Code is told that it has been. */
export class Refusals implements vscode.DebugAdapterTrackerFactory {
  constructor(private readonly picker: Picker) {}

  createDebugAdapterTracker(session: vscode.DebugSession): vscode.DebugAdapterTracker {
    return {
      onDidSendMessage: (message: Message) => {
        const refused = message.type === "response" && message.success === false;
        if (!refused || (message.command !== "launch" && message.command !== "attach")) return;
        const error = message.body?.error;
        if (error) error.showUser = false;
        void this.tell(session, error?.variables?.["sentence"] ?? message.message ?? "");
      },
    };
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

function brokenFiles(): [vscode.Uri, vscode.Diagnostic][] {
  return vscode.languages.getDiagnostics().flatMap(([uri, found]) => {
    const errors = found.filter((each) => each.severity === vscode.DiagnosticSeverity.Error && each.source === "pointsman");
    return errors[0] ? [[uri, errors[0]] as [vscode.Uri, vscode.Diagnostic]] : [];
  });
}

/** The problems in their view, and the cursor on the first one: in the pipeline's own file if it has some. */
async function showProblems(program: Program): Promise<void> {
  const broken = brokenFiles();
  const [uri, problem] = broken.find(([each]) => each.fsPath === program.path) ?? broken[0] ?? [];
  await vscode.commands.executeCommand("workbench.actions.view.problems");
  if (uri && problem) await vscode.window.showTextDocument(uri, { selection: problem.range });
}
