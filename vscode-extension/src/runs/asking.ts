/** Asking a person: a notification for each new question of a live run, lists and inputs for its answer. */

import * as vscode from "vscode";
import { messageOf } from "../common/values";
import type { Server } from "../server/client";
import type { Run } from "../server/protocol";
import type { AnswerDocuments } from "./answers";
import { assemble, type Step, steps, typed } from "./forms";
import {
  answerName, type Asked, AT_ONCE, Bookkeeping, buttons, type Choice, choices, happened, jsonProblem, put, titleOf,
} from "./questions";
import type { RunStore } from "./store";
import { VIEW } from "./view";
import { counted } from "../common/words";

const LATER = "Later";
const AGAIN = "Answer Again…";

export class Asking {
  private readonly books = new Bookkeeping();

  constructor(
    private readonly server: Server,
    private readonly store: RunStore,
    private readonly documents: AnswerDocuments,
    private readonly failed: (problem: unknown) => void,
  ) {}

  /** Put the questions of these runs that are new here. Many at a time become one notice. */
  told(runs: readonly Run[], moved: boolean): void {
    const fresh = this.books.fresh(runs, moved);
    const putting = fresh.length > AT_ONCE ? [this.notify(fresh.length)] : fresh.map((asked) => this.put(asked));
    for (const one of putting) one.catch(this.failed);
  }

  /** Ask for the answer to a question in a list. */
  async ask(asked: Asked): Promise<void> {
    const items = choices(asked.question).map((choice) => ({ label: choice.label, detail: choice.detail || undefined, choice }));
    const only = items.length === 1 ? items[0] : undefined;
    const picked = only ?? (await vscode.window.showQuickPick(items, { title: titleOf(asked.question), placeHolder: "Your answer" }));
    if (picked) await this.take(asked, picked.choice);
  }

  /** Give the answer written in a document, and close it. */
  async send(uri: vscode.Uri): Promise<void> {
    const { asked, value } = this.documents.read(uri);
    if (await this.give(asked, value)) await this.documents.close(uri);
  }

  private async put(asked: Asked): Promise<void> {
    const known = buttons(asked.question);
    const pressed = await vscode.window.showInformationMessage(put(asked), ...known.map((choice) => choice.label), LATER);
    const choice = known.find(({ label }) => label === pressed);
    if (choice) await this.take(asked, choice);
  }

  private async notify(count: number): Promise<void> {
    const pressed = await vscode.window.showInformationMessage(
      `${counted(count, "question waits", "questions wait")} for a person.`, "Show Runs", LATER,
    );
    if (pressed === "Show Runs") await vscode.commands.executeCommand(`${VIEW}.focus`);
  }

  private async take(asked: Asked, { meaning }: Choice): Promise<void> {
    if (typeof meaning === "object") return void (await this.give(asked, meaning.answer));
    const value = await this.value(asked, meaning);
    if (value !== undefined) await this.give(asked, value);
  }

  /** The answer a person puts together; undefined when they leave, or go on in a document. */
  private async value(asked: Asked, meaning: Exclude<Choice["meaning"], object>): Promise<unknown> {
    const { question } = asked;
    const title = titleOf(question);
    switch (meaning) {
      case "text": {
        const text = await vscode.window.showInputBox({ title, prompt: "Your answer, as text", ignoreFocusOut: true });
        return text === undefined ? undefined : { text };
      }
      case "comment": {
        const verdict = await vscode.window.showQuickPick(["Approve", "Refuse"], { title, placeHolder: "Your answer", ignoreFocusOut: true });
        if (verdict === undefined) return undefined;
        const comment = await vscode.window.showInputBox({ title, prompt: `${verdict}: your comment`, ignoreFocusOut: true });
        return comment === undefined ? undefined : { approved: verdict === "Approve", ...(comment && { comment }) };
      }
      case "result": {
        const text = await vscode.window.showInputBox({
          title,
          prompt: "The result it had, as JSON. Leave it empty if it had none.",
          validateInput: (typing) => (typing.trim() ? jsonProblem(typing) : undefined),
          ignoreFocusOut: true,
        });
        return text === undefined ? undefined : happened(text);
      }
      case "form": {
        const form = steps(question.schema);
        if (form) return await filled(form, title);
        await this.documents.open(asked);
        return undefined;
      }
    }
  }

  /** Give an answer to the server; its refusal is said, and the question can be answered again while it is open. */
  private async give(asked: Asked, value: unknown): Promise<boolean> {
    const { run, question } = asked;
    try {
      const stage = answerName(this.store.get(run.run)?.run ?? run, question);
      await this.server.execute("pointsman.server.answer", { run: run.run, stage, value });
      return true;
    } catch (problem) {
      const open = this.store.question(run.run, question.effect);
      const pressed = vscode.window.showErrorMessage(messageOf(problem), ...(open ? [AGAIN] : []));
      pressed.then((label) => (label === AGAIN ? this.ask(asked) : undefined)).then(undefined, this.failed);
      return false;
    }
  }
}

/** The value of a small schema, step by step; undefined when a person leaves. */
async function filled(form: readonly Step[], title: string): Promise<unknown> {
  const given: unknown[] = [];
  for (const [at, step] of form.entries()) {
    const shared = { title: form.length > 1 ? `(${at + 1}/${form.length}) ${title}` : title, ignoreFocusOut: true };
    const said = step.title || "Your answer";
    if (step.kind === "pick") {
      const picked = await vscode.window.showQuickPick(step.options, { ...shared, placeHolder: said });
      if (!picked) return undefined;
      given.push(picked.value);
    } else {
      const text = await vscode.window.showInputBox({
        ...shared,
        prompt: step.optional ? `${said}; leave it empty to leave it out` : said,
        value: step.initial,
        validateInput: (typing) => {
          const meant = typed(step, typing);
          return "problem" in meant ? meant.problem : undefined;
        },
      });
      if (text === undefined) return undefined;
      const meant = typed(step, text);
      given.push("value" in meant ? meant.value : undefined);
    }
  }
  return assemble(form, given);
}
