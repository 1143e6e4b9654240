/** What a row of the view says: its text, icon, colour, tooltip and what can be done with it. */

import type { DefinitionChanged, Question, Run } from "../server/protocol";
import { contextOf, runActions, stageActions } from "./actions";
import { brokenWords, RUN, stageLook, UNKNOWN, statusWords } from "./looks";
import { type RunStore, type Told, took } from "./store";
import { brokenTooltip, errorTooltip, kindOf, questionTooltip, runTooltip, stageTooltip } from "./tooltips";
import { indexOf, nesting, type RunRow, shortName } from "./tree";
import { counting, duration, joined, money, oneLine, since, tokens } from "../common/words";

export interface Shown {
  label: string;
  description: string;
  icon: string;
  colour: string | undefined;
  /** Markdown. */
  tooltip: string;
  /** What is read aloud. */
  spoken: string;
  context: string;
  expand: "never" | "open" | "closed";
  /** What a click does besides selecting. */
  click: "open" | "answer" | "events" | undefined;
}

const GONE: Shown = {
  label: "", description: "", icon: "circle-outline", colour: undefined, tooltip: "", spoken: "", context: "",
  expand: "never", click: undefined,
};

const MORE: Shown = {
  ...GONE, label: "Earlier stages", description: "in the events", icon: "ellipsis",
  tooltip: "Click for all events of this run.", spoken: "Earlier stages are in the events", context: "more", click: "events",
};

/** What a row says now. */
export function shown(store: RunStore, row: RunRow, now: number): Shown {
  if (row.kind === "broken") return brokenShown(store, row.uri);
  const told = store.get(row.run);
  if (!told) return GONE;
  switch (row.kind) {
    case "run":
      return runShown(told, now);
    case "stage":
      return stageShown(told, indexOf(told.run.stages, row.line), now);
    case "question": {
      const question = store.question(row.run, row.effect);
      return question ? questionShown(question, now) : GONE;
    }
    case "error":
      return errorShown(told.run);
    case "more":
      return MORE;
  }
}

/** `completed · 2.1 s · 1,204 tokens · $0.01`; a live run also says where it is, and one that asks what. */
export function describe(told: Told, now: number): string {
  const { run } = told;
  const long = run.live ? counting(took(told, now)) : duration(run.tookMs);
  return joined(statusWords(run) + asks(run) + (run.live ? current(run) : ""), long, tokens(run.tokens), money(run.cost));
}

function asks(run: Run): string {
  const [first, ...more] = run.questions;
  return first ? `: ${oneLine(first.question, 60)}${more.length > 0 ? ` +${more.length}` : ""}` : "";
}

function runShown(told: Told, now: number): Shown {
  const { run } = told;
  const look = RUN[run.status] ?? UNKNOWN;
  const description = describe(told, now);
  const rows = run.stages.length + run.questions.length + (run.error ? 1 : 0);
  return {
    // The time tells runs of one pipeline apart; what stands last is cut off in a narrow side bar.
    label: `${since(run.startedAt, now)} ${run.pipeline}`,
    description,
    icon: look.icon,
    colour: look.colour,
    tooltip: runTooltip(run),
    spoken: `${run.pipeline}, ${description}, ${since(run.startedAt, now)}`,
    context: contextOf("run", runActions(run)),
    expand: rows === 0 && !run.live ? "never" : run.live ? "open" : "closed",
    click: undefined,
  };
}

function stageShown(told: Told, index: number, now: number): Shown {
  const { run } = told;
  const stage = run.stages[index];
  if (!stage) return GONE;
  const look = stageLook(run, stage);
  const name = shortName(run.stages, index);
  const open = stage.status === "running" || stage.status === "asking";
  const long = run.live && open ? counting(stage.tookMs + Math.max(0, now - told.at)) : duration(stage.tookMs);
  const attempt = stage.attempt > 1 && !stage.note.startsWith("attempt") ? `attempt ${stage.attempt}` : "";
  const asks = stage.status === "asking" ? "" : oneLine(stage.note, 120);
  const description = joined(
    stage.reused ? "re-used" : look.words,
    stage.status === "skipped" || stage.reused || (open && !run.live) ? "" : long,
    attempt,
    asks,
  );
  return {
    label: stage.visit > 1 ? `${name} #${stage.visit}` : name,
    description,
    icon: stage.reused && stage.status === "done" ? "history" : look.icon,
    colour: stage.reused && stage.status === "done" ? "descriptionForeground" : look.colour,
    tooltip: stageTooltip(run, stage),
    spoken: `${name}, ${description || "done"}`,
    context: contextOf("stage", stageActions(run, stage)),
    expand: nesting(run.stages).children.has(index) ? "open" : "never",
    click: run.uri ? "open" : undefined,
  };
}

function questionShown(question: Question, now: number): Shown {
  const asked = oneLine(question.question, 200);
  const expires = question.expiresAt === null ? "" : untilExpiry(question.expiresAt - now);
  return {
    label: asked,
    description: joined(question.stage, expires),
    icon: "comment-discussion",
    colour: "charts.yellow",
    tooltip: questionTooltip(question),
    spoken: `Question at ${question.stage}: ${asked}`,
    context: contextOf("question", ["answer"]),
    expand: "never",
    click: "answer",
  };
}

function errorShown(run: Run): Shown {
  const error = run.error;
  if (!error) return GONE;
  return {
    label: oneLine(error.message, 200),
    description: joined(error.stage && `at ${error.stage}`, kindOf(run)),
    icon: "error",
    colour: "testing.iconFailed",
    tooltip: errorTooltip(run),
    spoken: `Error: ${error.message}`,
    context: contextOf("error", run.uri ? ["open"] : []),
    expand: "never",
    click: run.uri && error.stage ? "open" : undefined,
  };
}

function brokenShown(store: RunStore, uri: string): Shown {
  const file = store.brokenFile(uri);
  const label = `${fileName(uri)} is broken`;
  return {
    label,
    description: brokenWords(file),
    icon: "warning",
    colour: "list.warningForeground",
    tooltip: brokenTooltip(file, label),
    spoken: `${joined(label, brokenWords(file))}. ${file?.problem?.message ?? ""}`,
    context: "broken",
    expand: "never",
    click: "open",
  };
}

/** The innermost stages a live run is at: ` at lint, secrets +1`. What asks says so itself. */
function current(run: Run): string {
  if (run.questions.length > 0) return "";
  const forks = nesting(run.stages).children;
  const names = run.stages
    .filter((stage, index) => (stage.status === "running" || stage.status === "asking") && !forks.has(index))
    .map((stage) => stage.stage);
  if (names.length === 0) return "";
  return ` at ${names.slice(0, 2).join(", ")}${names.length > 2 ? ` +${names.length - 2}` : ""}`;
}

function untilExpiry(ms: number): string {
  return ms <= 0 ? "expired" : `expires in ${duration(Math.ceil(ms / 60_000) * 60_000).replace(/ 0 s$/, "")}`;
}

/** The last part of a URI's path. */
export function fileName(uri: string): string {
  return decodeURIComponent(uri.slice(uri.lastIndexOf("/") + 1));
}

/** What happened to a saved file, as a line of the log: `triage.pipeline.yaml is broken at 12:5 (no stage x): the last good version stays live`. */
export function definitionLine(change: DefinitionChanged): string {
  const { uri, state, version, affects, problem } = change;
  const name = fileName(uri);
  if (state === "live") return `${name} is live in version ${version}${affects.length > 0 ? `; changed: ${affects.join(", ")}` : ""}`;
  if (state === "gone") return `${name} is there no more`;
  const start = problem?.range.start;
  const where = start ? ` at ${start.line + 1}:${start.character + 1} (${problem.message})` : "";
  return [`${name} is broken${where}`, brokenWords(change)].filter(Boolean).join(": ");
}
