/** Files behind the documents of the editor. */

import { existsSync } from "node:fs";
import { basename } from "node:path";
import * as vscode from "vscode";
import { readProgram } from "../debug/programs";

/** The file that a document shows: its own, or the one whose older text a debugger shows. Undefined for all else. */
export function fileOf(uri: vscode.Uri): vscode.Uri | undefined {
  if (uri.scheme === "file") return uri;
  if (uri.scheme !== "debug") return undefined;
  if (existsSync(uri.path)) return vscode.Uri.file(uri.path);
  // Our adapter gives such a text only the name of its file: the session knows what it was started from.
  const session = vscode.debug.activeDebugSession;
  const program: unknown = new URLSearchParams(uri.query).get("session") === session?.id ? session?.configuration["program"] : undefined;
  const path = typeof program === "string" ? readProgram(program, session?.workspaceFolder?.uri.fsPath).path : "";
  return path !== "" && basename(path) === basename(uri.path) ? vscode.Uri.file(path) : undefined;
}

/** Whether a document shows a file, as far as can be known: a text of a session that was attached has but a name. */
export function showsFile({ uri }: vscode.TextDocument, file: string): boolean {
  const known = fileOf(uri);
  if (known) return sameFile(known.toString(), file);
  return uri.scheme === "debug" && basename(uri.path) === basename(vscode.Uri.parse(file).path);
}

/** Servers and editors write the same file's URI in more than one way. */
export function sameFile(one: string, other: string): boolean {
  return one === other || vscode.Uri.parse(one).toString() === vscode.Uri.parse(other).toString();
}
