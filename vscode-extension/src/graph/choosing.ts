/** Which run lights the graph: the newest that lives, or the one a person has chosen. */

import { duration, since } from "../common/words";
import type { Run, Trace } from "../server/protocol";
import { type Light, NEWEST, type RunChoice } from "./messages";

/** So many runs are offered. */
const OFFERED = 30;

/** The runs of one pipeline, newest first. `same` says whether two URIs are of one file. */
export function runsOf(runs: Iterable<Run>, uri: string, pipeline: string, same: (one: string, other: string) => boolean): Run[] {
  return [...runs]
    .filter((run) => run.pipeline === pipeline && same(run.uri, uri))
    .sort((a, b) => b.startedAt - a.startedAt || b.run.localeCompare(a.run));
}

/** What the choice comes to: a run's id, or empty. When the newest live run has ended, the newest of all stays lit. */
export function litBy(choice: string, runs: readonly Run[], before: string): string {
  if (choice !== NEWEST) return runs.some(({ run }) => run === choice) ? choice : "";
  const live = runs.find((run) => run.live);
  return live?.run ?? (runs.some(({ run }) => run === before) ? runs[0]!.run : "");
}

/** What the choice of the newest run says: which one that is, as far as one is meant. */
export function newestWords(run: Run | undefined, now: number): string {
  if (run === undefined) return "Newest run: none is live";
  return `Newest run: ${run.live && run.status === "running" ? "live" : `${since(run.startedAt, now)} ${run.status}`}`;
}

export function choicesOf(runs: readonly Run[], now: number): RunChoice[] {
  return runs.slice(0, OFFERED).map(({ run, status, live, startedAt, tookMs, rerunOf }) => {
    const words = [since(startedAt, now), status, live ? "" : duration(tookMs), rerunOf ? "went on" : ""];
    return { run, status, live, label: words.filter(Boolean).join(" · ") };
  });
}

/** A run's trace with what the run itself knows of its stages. */
export function lightOf(run: Run, trace: Trace): Light {
  const notes: Record<string, string> = {};
  for (const { id, note } of run.stages) if (note) notes[id] = note;
  for (const { stage, question } of run.questions) {
    const asking = run.stages.findLast((one) => one.status === "asking" && (one.stage === stage || one.id === stage));
    if (asking) notes[asking.id] = question;
  }
  const last = new Map(run.stages.map((stage) => [stage.id, stage.reused]));
  const reused = [...last].filter(([, again]) => again).map(([id]) => id);
  return { run: run.run, status: run.status, trace, reused, notes };
}
