/** The questions of runs to people: which are new, how they are put, and what answer a button stands for. */

import type { Question, Run } from "../server/protocol";
import { oneLine } from "../common/words";

export interface Asked {
  run: Run;
  question: Question;
}

/** More new questions than this at a time become one notice. */
export const AT_ONCE = 3;

/** So many questions are remembered as put: more than are told again by a message that comes late. */
const REMEMBERED = 1000;

/** Which questions this window has put already. */
export class Bookkeeping {
  private readonly put = new Set<string>();

  /**
   * The open questions that are to be put; they count as put from now on. Of runs that have moved those that are new,
   * of runs that were merely listed those of live ones: a run that was parked before waits in the view.
   */
  fresh(runs: readonly Run[], moved: boolean): Asked[] {
    const fresh: Asked[] = [];
    for (const run of runs) {
      for (const question of run.questions) {
        const key = `${run.run} ${question.effect}`;
        if (this.put.has(key)) continue;
        this.put.add(key);
        if (moved || run.live) fresh.push({ run, question });
      }
    }
    for (const oldest of this.put) {
      if (this.put.size <= REMEMBERED) break;
      this.put.delete(oldest);
    }
    return fresh;
  }
}

/** What a button means: a whole answer, or that more is to be asked for. */
export type Meaning = { answer: unknown } | "comment" | "text" | "form" | "result";

export interface Choice {
  label: string;
  /** What a list says beside it. */
  detail: string;
  meaning: Meaning;
}

/** The buttons under a question; what is not pressed can be done later from the view. */
export function buttons(question: Question): Choice[] {
  switch (question.what) {
    case "confirmation":
      return [
        { label: "Approve", detail: "", meaning: { answer: { approved: true } } },
        { label: "Refuse", detail: "", meaning: { answer: { approved: false } } },
      ];
    case "clarification":
      return [{ label: "Answer…", detail: "", meaning: "text" }];
    case "review":
      return [{ label: "Review…", detail: "", meaning: "form" }];
    case "in_doubt":
      return [
        { label: "It Happened…", detail: "It is not done again. You are asked for its result.", meaning: "result" },
        { label: "It Did Not Happen", detail: "The run does it now.", meaning: { answer: { happened: false } } },
      ];
  }
}

/** The same as a list, which has room for more. */
export function choices(question: Question): Choice[] {
  const short = buttons(question);
  if (question.what !== "confirmation") return short;
  return [
    ...short,
    { label: "Answer with a Comment…", detail: "Approve or refuse, and say why.", meaning: "comment" },
  ];
}

/** A question as a notification puts it. */
export function put({ run, question }: Asked): string {
  const whom = question.assignee ? ` (${question.assignee})` : "";
  return `${run.pipeline} asks at ${question.stage}${whom}: ${oneLine(question.question, 400)}${explained(question)}`;
}

/** The title of the lists and inputs that ask for an answer. */
export function titleOf(question: Question): string {
  return `${question.stage}: ${oneLine(question.question, 100)}`;
}

function explained(question: Question): string {
  if (question.what !== "in_doubt") return "";
  return " If it did, it is not done again; if it did not, the run does it now. Look before you answer.";
}

/** What the server calls the question: its stage, or its effect where two branches ask at a stage of that name. */
export function answerName(run: Run, question: Question): string {
  const namesakes = run.questions.filter((other) => other.stage === question.stage);
  return namesakes.length > 1 ? question.effect : question.stage;
}

/** The answer to a question in doubt that happened; `result` is JSON, and nothing when there is none. */
export function happened(result: string): unknown {
  return result.trim() === "" ? { happened: true } : { happened: true, result: JSON.parse(result) as unknown };
}

/** Why a text is no JSON, or undefined. */
export function jsonProblem(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (problem) {
    return `This is no JSON: ${(problem as Error).message}`;
  }
}
