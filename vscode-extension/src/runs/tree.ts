/** The rows of the view and how they lie in each other. Each row is one object for as long as it is shown. */

import type { Run, Stage } from "../server/protocol";
import type { RunStore } from "./store";

export type RunRow =
  | { kind: "broken"; key: string; uri: string }
  | { kind: "run"; key: string; run: string }
  | { kind: "question"; key: string; run: string; effect: string }
  | { kind: "error"; key: string; run: string }
  | { kind: "stage"; key: string; run: string; line: string }
  | { kind: "more"; key: string; run: string };

/** So many visits of stages are shown of a run; what came before them is in its events. */
export const SHOWN = 100;
/** A list of runs holds no more visits of a run than this, the last ones. */
const TOLD = 200;

/** From so many rows on it is asked which of them still stand for something. */
const ROWS = 1000;

export class RunTree {
  private readonly rows = new Map<string, RunRow>();
  private most = ROWS;

  constructor(private readonly store: RunStore) {}

  /** How many rows are kept in mind. */
  get size(): number {
    return this.rows.size;
  }

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
    if (row.kind === "stage") return this.under(run, indexOf(run.stages, row.line));
    const questions = run.questions.map((question) =>
      this.row({ kind: "question", key: `${run.run}?${question.effect}`, run: run.run, effect: question.effect }),
    );
    const error = run.error ? [this.row({ kind: "error", key: `${run.run}!`, run: run.run })] : [];
    const stages = this.under(run, -1);
    const left = Math.max(0, stages.length - SHOWN);
    const more = left > 0 || run.stages.length >= TOLD ? [this.row({ kind: "more", key: `${run.run}…`, run: run.run })] : [];
    return [...questions, ...error, ...more, ...stages.slice(left)];
  }

  parent(row: RunRow): RunRow | undefined {
    if (row.kind === "broken" || row.kind === "run") return undefined;
    const run = this.store.get(row.run)?.run;
    const above = row.kind === "stage" && run ? (nesting(run.stages).parents[indexOf(run.stages, row.line)] ?? -1) : -1;
    return run && above >= 0 ? this.ofStage(run, above) : this.ofRun(row.run);
  }

  ofRun(run: string): RunRow {
    return this.row({ kind: "run", key: run, run });
  }

  ofStage(run: Run, index: number): RunRow {
    const line = nesting(run.stages).lines[index]!;
    return this.row({ kind: "stage", key: `${run.run} ${line}`, run: run.run, line });
  }

  /** The row of a stage's last visit, by its id or its name. */
  find(run: string, stage: string): RunRow | undefined {
    const found = this.store.get(run)?.run;
    const index = found ? found.stages.findLastIndex((line) => line.id === stage || line.stage === stage) : -1;
    return found && index >= 0 ? this.ofStage(found, index) : undefined;
  }

  private under(run: Run, above: number): RunRow[] {
    return (nesting(run.stages).children.get(above) ?? []).map((index) => this.ofStage(run, index));
  }

  private row(made: RunRow): RunRow {
    const known = this.rows.get(made.key);
    if (known) return known;
    if (this.rows.size >= this.most) this.forget();
    this.rows.set(made.key, made);
    return made;
  }

  /** Let go of the rows of what is gone. What is left may double before it is looked through again. */
  private forget(): void {
    for (const [key, row] of this.rows) if (!this.stands(row)) this.rows.delete(key);
    this.most = Math.max(ROWS, 2 * this.rows.size);
  }

  private stands(row: RunRow): boolean {
    if (row.kind === "broken") return this.store.brokenFile(row.uri) !== undefined;
    const run = this.store.get(row.run)?.run;
    if (!run) return false;
    if (row.kind === "stage") return nesting(run.stages).known.has(row.line);
    return row.kind !== "question" || this.store.question(row.run, row.effect) !== undefined;
  }
}

export interface Nesting {
  /** For each stage the index of the fork it lies in, -1 for none. */
  parents: number[];
  /** For each fork, and for -1, what lies in it. */
  children: Map<number, number[]>;
  /** For each stage what this visit of it is called: the same in a list that has lost its beginning. */
  lines: string[];
  known: Set<string>;
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
  const seen = new Set<string>();
  const made: Nesting = { parents: [], children: new Map(), lines: [], known: seen };
  stages.forEach((line, index) => {
    let parent = -1;
    for (let end = line.id.lastIndexOf("."); end > 0 && parent < 0; end = line.id.lastIndexOf(".", end - 1)) {
      parent = last.get(line.id.slice(0, end)) ?? -1;
    }
    last.set(line.id, index);
    made.lines.push(distinct(`${line.branch} ${line.stage} ${line.visit}`, seen));
    made.parents.push(parent);
    const siblings = made.children.get(parent);
    if (siblings) siblings.push(index);
    else made.children.set(parent, [index]);
  });
  return made;
}

/** A visit that was skipped, or failed before it began, has no number of its own. */
function distinct(line: string, seen: Set<string>): string {
  let name = line;
  for (let again = 2; seen.has(name); again += 1) name = `${line} ${again}`;
  seen.add(name);
  return name;
}

/** Where a visit stands in a list, -1 where it is not in it. */
export function indexOf(stages: readonly Stage[], line: string): number {
  return nesting(stages).lines.indexOf(line);
}

/** What a stage is called under its fork: `risk.score` in `checks`. */
export function shortName(stages: readonly Stage[], index: number): string {
  const id = stages[index]!.id;
  const fork = nesting(stages).parents[index]!;
  return fork < 0 ? id : id.slice(stages[fork]!.id.length + 1);
}
