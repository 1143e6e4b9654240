/** Runs, stages and questions as the server tells them, for tests. */

import type { Question, Run, RunEvent, Stage } from "../../../src/server/protocol";

export const NOW = new Date(2026, 10, 21, 15, 42, 0).getTime();

export function aRun(run: Partial<Run> = {}): Run {
  return {
    run: "r1", pipeline: "support_triage", uri: "file:///shop/triage.pipeline.yaml", status: "completed", live: false,
    startedAt: NOW, tookMs: 2100, tokens: 1204, cost: 0.0125, stages: [], questions: [], error: null, rerunOf: "", note: "",
    host: "", ...run,
  };
}

export function aStage(id: string, stage: Partial<Stage> = {}): Stage {
  return {
    stage: id.slice(id.lastIndexOf(".") + 1), id, branch: "main", visit: 1, status: "done", tookMs: 5, note: "", attempt: 1,
    reused: false, ...stage,
  };
}

export function aQuestion(question: Partial<Question> = {}): Question {
  return {
    effect: "main/approve#1", stage: "approve", what: "confirmation", question: "Refund?", assignee: "role:lead",
    schema: null, expiresAt: null, ...question,
  };
}

/** Events from `seq branch kind` lines. */
export function events(lines: string): RunEvent[] {
  return lines
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .map(([seq, branch, kind, ...what]) => ({
      seq: Number(seq), branch: branch!, kind: kind!, at: NOW + Number(seq) * 10, what: what.join(" "),
    }));
}
