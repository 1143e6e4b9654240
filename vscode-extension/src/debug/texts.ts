/** The texts a debug adapter shows of older versions of a file: in the language of that file, not plain YAML. */

import * as vscode from "vscode";
import { languageOf } from "./programs";

export function registerTexts(): vscode.Disposable {
  return vscode.workspace.onDidOpenTextDocument((document) => {
    const language = document.uri.scheme === "debug" ? languageOf(document.uri.path) : undefined;
    if (language && document.languageId !== language) void vscode.languages.setTextDocumentLanguage(document, language);
  });
}
