/** Asks a person what a pipeline is to be run with, and remembers it. */

import { readFile } from "node:fs/promises";
import * as vscode from "vscode";
import type { Server } from "../server/client";
import type { InputShape } from "../server/protocol";
import { type Choice, choicesOf, type Field, forget, needsInput, onlyField, readField, remember } from "./inputs";
import { type Program, titleOf } from "./programs";
import type { Writing } from "./writing";

const JSON_FILES = "**/*.json";
const NOT_THERE = "**/{node_modules,.venv,.git,.vscode,dist,build}/**";
const FILES = 200;

interface Item extends vscode.QuickPickItem {
  choice: Choice;
}

/** What was picked. `value` is undefined when the pipeline needs none. */
export interface Picked {
  value: unknown;
}

export class Picker {
  constructor(
    private readonly server: Server,
    private readonly memory: vscode.Memento,
    private readonly writing: Writing,
  ) {}

  /** An input for a run; undefined when the person has thought better of it. Without `always`, only if one is needed. */
  async pick(program: Program, always = false): Promise<Picked | undefined> {
    const shape = await this.shape(program);
    if (shape === undefined || (!always && !needsInput(shape.schema))) return { value: undefined };
    const remembered = this.remembered(program);
    const field = onlyField(shape.schema);
    const choice = await choose(program, choicesOf(shape, remembered), field);
    const picked = choice && (await this.resolve(program, choice));
    if (picked) await this.memory.update(keyOf(program), remember(remembered, picked.value));
    return picked;
  }

  /** An input that a run was refused for is not offered again. */
  async forget(program: Program, value: unknown): Promise<void> {
    await this.memory.update(keyOf(program), forget(this.remembered(program), value));
  }

  private async resolve(program: Program, choice: Choice): Promise<Picked | undefined> {
    if (choice.kind === "value") return { value: choice.value };
    if (choice.kind === "write") return await this.writing.write(titleOf(program), choice.text);
    return await fromFile(program);
  }

  private remembered(program: Program): unknown[] {
    return this.memory.get<unknown[]>(keyOf(program), []);
  }

  /** What the server knows of the input; nothing when it can not say, and the run then says what is wrong. */
  private async shape({ path, pipeline }: Program): Promise<InputShape | undefined> {
    const textDocument = { uri: vscode.Uri.file(path).toString() };
    const asked = pipeline ? { textDocument, pipeline } : { textDocument };
    return await this.server.request<InputShape>("pointsman/input", asked).catch(() => undefined);
  }
}

function keyOf(program: Program): string {
  return `input:${program.path}#${program.pipeline}`;
}

/** A list to choose from; for an input of one plain field, what is typed is a choice too. */
function choose(program: Program, choices: Choice[], field: Field | undefined): Promise<Choice | undefined> {
  const pick = vscode.window.createQuickPick<Item>();
  const items = choices.map(itemOf);
  pick.title = `Input of ${titleOf(program)}`;
  pick.placeholder = field
    ? `Type ${field.name}${field.description ? ` (${field.description})` : ""}, or choose`
    : "What is it to be run with?";
  pick.items = items;
  pick.ignoreFocusOut = true;
  pick.onDidChangeValue((typed) => {
    if (field) pick.items = typed === "" ? items : [typedItem(field, typed), ...items];
  });
  return new Promise((done) => {
    pick.onDidAccept(() => {
      // Enter can overtake the list that was made of the last letters: what is marked is then none of it any more.
      const marked = pick.activeItems[0];
      const choice = (marked && pick.items.includes(marked) ? marked : pick.items[0])?.choice;
      if (choice === undefined || (choice.kind === "value" && choice.value === undefined)) return;
      done(choice);
      pick.dispose();
    });
    pick.onDidHide(() => {
      done(undefined);
      pick.dispose();
    });
    pick.show();
  });
}

function itemOf(choice: Choice): Item {
  const icon = { value: "history", file: "file-code", write: "edit" }[choice.kind];
  const example = choice.kind === "value" && choice.detail === "an example";
  return { label: `$(${example ? "lightbulb" : icon}) ${choice.label}`, description: choice.detail, choice };
}

function typedItem(field: Field, typed: string): Item {
  const value = readField(field, typed);
  const label = value === undefined ? `$(warning) "${typed}" is no ${field.type}` : `$(arrow-right) ${typed}`;
  const choice: Choice = { kind: "value", label, detail: "", value: value === undefined ? undefined : { [field.name]: value } };
  return { label, description: value === undefined ? "" : field.name, alwaysShow: true, choice };
}

/** A JSON file: those of the workspace in a list, and any other. */
async function fromFile(program: Program): Promise<Picked | undefined> {
  const found = await vscode.workspace.findFiles(JSON_FILES, NOT_THERE, FILES);
  const near = (uri: vscode.Uri) => vscode.workspace.asRelativePath(uri);
  const items = found.map((uri) => ({ label: near(uri), uri })).sort((one, other) => one.label.localeCompare(other.label));
  const title = `Input of ${titleOf(program)}`;
  const other = { label: "$(folder-opened) Another file...", uri: undefined };
  const chosen = await vscode.window.showQuickPick([...items, other], { title, placeHolder: "A JSON file" });
  if (chosen === undefined) return undefined;
  const uri = chosen.uri ?? (await vscode.window.showOpenDialog({ title, filters: { JSON: ["json"] } }))?.[0];
  if (uri === undefined) return undefined;
  try {
    return { value: JSON.parse(await readFile(uri.fsPath, "utf8")) };
  } catch (error) {
    void vscode.window.showErrorMessage(`${near(uri)} can not be used as input: ${(error as Error).message}`);
    return undefined;
  }
}
