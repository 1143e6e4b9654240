/** Commands of the editor. */

import * as vscode from "vscode";
import { messageOf } from "./values";

/** Register commands by their names. What fails is said to the person who asked for it. */
export function registered(commands: Record<string, (...given: never[]) => unknown>): vscode.Disposable[] {
  return Object.entries(commands).map(([name, act]) =>
    vscode.commands.registerCommand(name, async (...given: never[]) => {
      try {
        await act(...given);
      } catch (problem) {
        void vscode.window.showErrorMessage(messageOf(problem));
      }
    }),
  );
}
