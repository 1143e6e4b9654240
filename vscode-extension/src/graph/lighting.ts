/** Follows the runs of the pipeline that is shown, and says what lights it. */

import type * as vscode from "vscode";
import { sameFile } from "../common/files";
import type { Server } from "../server/client";
import type { Run, Trace } from "../server/protocol";
import { choicesOf, lightOf, litBy, newestWords, runsOf } from "./choosing";
import { NEWEST, type ToPage } from "./messages";

/** So many runs of the past are asked for. */
const PAST = 100;
/** So many are kept in mind. */
const KEPT = 300;

export class Lighting implements vscode.Disposable {
  private readonly runs = new Map<string, Run>();
  private readonly told: vscode.Disposable;
  private uri = "";
  private pipeline = "";
  private lit = "";
  private asking = false;
  private again = false;

  constructor(
    private readonly server: Server,
    public choice: string,
    private readonly say: (message: ToPage) => void,
  ) {
    this.told = server.on<{ runs: Run[] }>("pointsman/runsChanged", ({ runs }) => this.changed(runs));
  }

  dispose(): void {
    this.told.dispose();
  }

  /** Another pipeline is shown. */
  of(uri: string, pipeline: string): void {
    if (uri === this.uri && pipeline === this.pipeline) return;
    this.uri = uri;
    this.pipeline = pipeline;
    this.lit = "";
    this.tell();
  }

  choose(choice: string): void {
    this.choice = choice;
    // Who asks for the newest run means one that is over, too; by itself the graph is lit by a live one only.
    if (choice === NEWEST) this.lit = this.ofPipeline()[0]?.run ?? "";
    this.tell();
  }

  /** Ask for the runs of the past: when the server has come up, when the page is new. */
  async load(): Promise<void> {
    const { runs } = await this.server.request<{ runs: Run[] }>("pointsman/runs", { limit: PAST });
    this.keep(runs);
    this.tell();
  }

  /** Take a run that may be older than those that were asked for. */
  add(run: Run): void {
    this.keep([run]);
  }

  /** The runs that were told last are kept, and the one that is looked at. */
  private keep(runs: readonly Run[]): void {
    for (const run of runs) {
      this.runs.delete(run.run);
      this.runs.set(run.run, run);
    }
    for (const [id, { live }] of this.runs) {
      if (this.runs.size <= KEPT) break;
      if (!live && id !== this.lit && id !== this.choice) this.runs.delete(id);
    }
  }

  private ofPipeline(): Run[] {
    return runsOf(this.runs.values(), this.uri, this.pipeline, sameFile);
  }

  private changed(runs: readonly Run[]): void {
    this.keep(runs);
    if (runs.some((run) => run.pipeline === this.pipeline)) this.tell();
  }

  private tell(): void {
    const runs = this.ofPipeline();
    this.lit = litBy(this.choice, runs, this.lit);
    const chosen = this.choice === NEWEST ? NEWEST : this.lit;
    const newest = newestWords(chosen === NEWEST ? this.runs.get(this.lit) : runs[0], Date.now());
    this.say({ type: "runs", runs: choicesOf(runs, Date.now()), chosen, newest });
    void this.trace();
  }

  /** One question at a time: what changes meanwhile is asked for once more, after it. */
  private async trace(): Promise<void> {
    if (this.asking) {
      this.again = true;
      return;
    }
    this.asking = true;
    try {
      do {
        this.again = false;
        const run = this.runs.get(this.lit);
        const trace = run && (await this.server.request<Trace>("pointsman/trace", { run: run.run }));
        // Another pipeline may be shown by now; then it is asked again.
        if (run?.run === this.runs.get(this.lit)?.run) this.say({ type: "light", light: run && trace ? lightOf(run, trace) : null });
      } while (this.again);
    } catch {
      // The server goes, or the run's journal is gone: nothing is lit until there is news.
      this.say({ type: "light", light: null });
    } finally {
      this.asking = false;
    }
  }
}
