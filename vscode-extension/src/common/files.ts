/** Files behind the documents of the editor. */

import { existsSync } from "node:fs";
import * as vscode from "vscode";

/** The file that a document shows: its own, or the one whose older text a debugger shows. Undefined for all else. */
export function fileOf(uri: vscode.Uri): vscode.Uri | undefined {
  if (uri.scheme === "file") return uri;
  return uri.scheme === "debug" && existsSync(uri.path) ? vscode.Uri.file(uri.path) : undefined;
}

/** Servers and editors write the same file's URI in more than one way. */
export function sameFile(one: string, other: string): boolean {
  return one === other || vscode.Uri.parse(one).toString() === vscode.Uri.parse(other).toString();
}
