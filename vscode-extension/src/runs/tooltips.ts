/** The Markdown that a row shows under the pointer. */

import type { DefinitionChanged, Question, Run, Stage } from "../server/protocol";
import { brokenWords, stageLook, statusWords } from "./looks";
import { duration, joined, moment, money, tokens } from "../common/words";

export function runTooltip(run: Run): string {
  const rows = [
    `**${escaped(run.pipeline)}** ${statusWords(run)}`,
    `Run \`${run.run}\``,
    `Started ${moment(run.startedAt)}`,
    run.live ? "" : `Took ${joined(duration(run.tookMs), tokens(run.tokens), money(run.cost))}`,
    run.host && `Host: ${escaped(run.host)}`,
    run.rerunOf && `Goes on from run \`${run.rerunOf}\``,
  ];
  const error = run.error && `$(error) ${escaped(kindOf(run))}${run.error.stage && ` at ${escaped(run.error.stage)}`}: ${escaped(run.error.message)}`;
  const questions = run.questions.map((question) => `$(question) ${escaped(question.stage)}: ${escaped(question.question)}`);
  return paragraphs(rows.filter(Boolean).join("  \n"), error ?? "", ...questions, run.note && `$(info) ${escaped(run.note)}`);
}

export function stageTooltip(run: Run, stage: Stage): string {
  const words = stage.reused ? "re-used: nothing was called" : stageLook(run, stage).words || stage.status;
  const details = [
    `**${escaped(stage.id)}** ${words}`,
    stage.reused || stage.status === "skipped" ? "" : `Took ${duration(stage.tookMs)}`,
    stage.visit > 1 ? `Visit ${stage.visit}` : "",
    stage.attempt > 1 ? `Attempt ${stage.attempt}` : "",
    stage.branch.includes("/") ? `Branch \`${stage.branch}\`` : "",
  ];
  return paragraphs(details.filter(Boolean).join("  \n"), escaped(stage.note));
}

export function questionTooltip(question: Question): string {
  return paragraphs(
    `**${escaped(question.stage)}** asks ${escaped(question.assignee || "a person")}`,
    escaped(question.question),
    question.expiresAt === null ? "" : `Expires ${moment(question.expiresAt)}`,
    "Click to answer.",
  );
}

export function errorTooltip(run: Run): string {
  const { error } = run;
  if (!error) return "";
  return paragraphs(`**${escaped(kindOf(run))}**${error.stage && ` at ${escaped(error.stage)}`}`, escaped(error.message));
}

export function brokenTooltip(file: DefinitionChanged | undefined, label: string): string {
  const words = brokenWords(file);
  return paragraphs(`**${escaped(label)}**${words && `: ${words}.`}`, escaped(file?.problem?.message ?? ""));
}

/** What kind of error: class and code, without saying one word twice. */
export function kindOf(run: Run): string {
  const { error } = run;
  if (!error) return "";
  return error.code && error.code !== error.class ? `${error.class} ${error.code}` : error.class;
}

/** Text inside Markdown, meant as it is written. */
export function escaped(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+\-.!|<>~$&]/g, "\\$&").replace(/\r?\n/g, "  \n");
}

function paragraphs(...parts: string[]): string {
  return parts.map((part) => part.trim()).filter(Boolean).join("\n\n");
}
