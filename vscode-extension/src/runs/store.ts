/** The runs this window knows: what the server told, when it told it, and in which order they are shown. */

import type { DefinitionChanged, Question, Run } from "../server/protocol";

/** So many runs that are over are kept in mind; a listing brings the newest of them anyway. */
const KEPT = 200;

export interface Told {
  run: Run;
  /** When the server told it, on this machine's clock: what lives counts on from there. */
  at: number;
}

/** What a message of the server changed: runs by id, and whether rows came, went or moved. */
export interface Change {
  runs: string[];
  order: boolean;
}

export class RunStore {
  private told = new Map<string, Told>();
  private sorted: string[] = [];
  private broken = new Map<string, DefinitionChanged>();

  /** All runs anew, as a listing gives them that was asked for at `asked`; what was told since then is newer. */
  replace(runs: readonly Run[], asked: number, now: number): Change {
    const before = this.sorted;
    const newer = [...this.told].filter(([, told]) => told.at > asked);
    this.told = new Map(runs.map((run) => [run.run, { run, at: now }]));
    for (const [run, told] of newer) this.told.set(run, told);
    return { runs: runs.map((run) => run.run), order: this.sort(before) };
  }

  /** Some runs that are new or have changed. */
  change(runs: readonly Run[], now: number): Change {
    for (const run of runs) this.told.set(run.run, { run, at: now });
    return { runs: runs.map((run) => run.run), order: this.sort(this.sorted) };
  }

  /** Take up what happened to a saved file; says whether the list of broken files has changed. */
  define(change: DefinitionChanged): boolean {
    if (change.state === "broken") {
      this.broken.set(change.uri, change);
      return true;
    }
    return this.broken.delete(change.uri);
  }

  /** Forget which files are broken: another server is asked from here on. */
  mend(): boolean {
    const some = this.broken.size > 0;
    this.broken.clear();
    return some;
  }

  get(run: string): Told | undefined {
    return this.told.get(run);
  }

  /** Live runs first, each group newest first. */
  get order(): readonly string[] {
    return this.sorted;
  }

  get brokenFiles(): readonly DefinitionChanged[] {
    return [...this.broken.values()].sort((one, other) => one.uri.localeCompare(other.uri));
  }

  brokenFile(uri: string): DefinitionChanged | undefined {
    return this.broken.get(uri);
  }

  all(): Run[] {
    return this.sorted.map((run) => this.told.get(run)!.run);
  }

  live(): Run[] {
    return this.all().filter((run) => run.live);
  }

  /** Runs that ask a person: live ones, and those that are parked until somebody answers. */
  asking(): Run[] {
    return this.all().filter((run) => run.questions.length > 0);
  }

  /** The question of an effect, while it is open. */
  question(run: string, effect: string): Question | undefined {
    return this.told.get(run)?.run.questions.find((question) => question.effect === effect);
  }

  private sort(before: readonly string[]): boolean {
    const runs = [...this.told.values()]
      .map((told) => told.run)
      .sort((one, other) => Number(other.live) - Number(one.live) || other.startedAt - one.startedAt || compare(one, other));
    const over = runs.filter((run) => !run.live && run.questions.length === 0);
    const gone = new Set(over.slice(KEPT).map((run) => run.run));
    for (const run of gone) this.told.delete(run);
    this.sorted = runs.map((run) => run.run).filter((run) => !gone.has(run));
    return this.sorted.length !== before.length || this.sorted.some((run, at) => run !== before[at]);
  }
}

/** How long a run took; a live one goes on since it was told. */
export function took(told: Told, now: number): number {
  return told.run.tookMs + (told.run.live ? Math.max(0, now - told.at) : 0);
}

function compare(one: Run, other: Run): number {
  return one.run < other.run ? 1 : one.run > other.run ? -1 : 0;
}
