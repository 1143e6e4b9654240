/** The rows of the view and how they lie in each other. Each row is one object for as long as it is shown. */

import type { Run, Stage } from "../server/protocol";
import type { RunStore } from "./store";

export type RunRow =
  | { kind: "broken"; key: string; uri: string }
  | { kind: "run"; key: string; run: string }
  | { kind: "question"; key: string; run: string; effect: string }
  | { kind: "error"; key: string; run: string }
  | { kind: "stage"; key: string; run: string; index: number }
  | { kind: "more"; key: string; run: string };

/** So many visits of stages are shown of a run; what came before them is in its events. */
export const SHOWN = 100;

export type StageRow = Extract<RunRow, { kind: "stage" }>;

export class RunTree {
  private readonly rows = new Map<string, RunRow>();

  constructor(private readonly store: RunStore) {}

  /** The rows under a row, or at the top. */
  children(row?: RunRow): RunRow[] {
    if (!row) {
      return [
        ...this.store.brokenFiles.map((file) => this.row({ kind: "broken", key: `broken:${file.uri}`, uri: file.uri })),
        ...this.store.order.map((run) => this.ofRun(run)),
      ];
    }
    const run = row.kind === "run" || row.kind === "stage" ? this.store.get(row.run)?.run : undefined;
    if (!run) return [];
    if (row.kind === "stage") return this.under(run, row.index);
    const questions = run.questions.map((question) =>
      this.row({ kind: "question", key: `${run.run}?${question.effect}`, run: run.run, effect: question.effect }),
    );
    const error = run.error ? [this.row({ kind: "error", key: `${run.run}!`, run: run.run })] : [];
    const stages = this.under(run, -1);
    const more = earlier(stages.length) ? [this.row({ kind: "more", key: `${run.run}…`, run: run.run })] : [];
    return [...questions, ...error, ...more, ...stages.slice(earlier(stages.length))];
  }

  parent(row: RunRow): RunRow | undefined {
    if (row.kind === "broken" || row.kind === "run") return undefined;
    const run = this.store.get(row.run)?.run;
    const above = row.kind === "stage" && run ? (nesting(run.stages).parents[row.index] ?? -1) : -1;
    return above >= 0 ? this.ofStage(row.run, above) : this.ofRun(row.run);
  }

  ofRun(run: string): RunRow {
    return this.row({ kind: "run", key: run, run });
  }

  ofStage(run: string, index: number): RunRow {
    return this.row({ kind: "stage", key: `${run}#${index}`, run, index });
  }

  /** The row of a stage's last visit, by its id or its name. */
  find(run: string, stage: string): RunRow | undefined {
    const stages = this.store.get(run)?.run.stages ?? [];
    const index = stages.findLastIndex((line) => line.id === stage || line.stage === stage);
    return index < 0 ? undefined : this.ofStage(run, index);
  }

  private under(run: Run, above: number): RunRow[] {
    return (nesting(run.stages).children.get(above) ?? []).map((index) => this.ofStage(run.run, index));
  }

  private row(made: RunRow): RunRow {
    const known = this.rows.get(made.key);
    if (known) return known;
    this.rows.set(made.key, made);
    return made;
  }
}

/** How many of a run's rows are left out. */
export function earlier(rows: number): number {
  return Math.max(0, rows - SHOWN);
}

export interface Nesting {
  /** For each stage the index of the fork it lies in, -1 for none. */
  parents: number[];
  /** For each fork, and for -1, what lies in it. */
  children: Map<number, number[]>;
}

const known = new WeakMap<readonly Stage[], Nesting>();

/** How the stages of a run lie in each other: each in the fork entered last whose id its own begins with. */
export function nesting(stages: readonly Stage[]): Nesting {
  let made = known.get(stages);
  if (!made) known.set(stages, (made = nest(stages)));
  return made;
}

function nest(stages: readonly Stage[]): Nesting {
  const last = new Map<string, number>();
  const made: Nesting = { parents: [], children: new Map() };
  stages.forEach((line, index) => {
    let parent = -1;
    for (let end = line.id.lastIndexOf("."); end > 0 && parent < 0; end = line.id.lastIndexOf(".", end - 1)) {
      parent = last.get(line.id.slice(0, end)) ?? -1;
    }
    last.set(line.id, index);
    made.parents.push(parent);
    const siblings = made.children.get(parent);
    if (siblings) siblings.push(index);
    else made.children.set(parent, [index]);
  });
  return made;
}

/** What a stage is called under its fork: `risk.score` in `checks`. */
export function shortName(stages: readonly Stage[], index: number): string {
  const id = stages[index]!.id;
  const fork = nesting(stages).parents[index]!;
  return fork < 0 ? id : id.slice(stages[fork]!.id.length + 1);
}
