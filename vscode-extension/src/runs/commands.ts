/** The commands on rows and in the command palette. Without a row a person picks the run. */

import * as vscode from "vscode";
import { registered } from "../common/commands";
import { goOn } from "../debug/going";
import type { Server } from "../server/client";
import type { Run, Started } from "../server/protocol";
import { type Action, runActions } from "./actions";
import type { Asking } from "./asking";
import type { Moment, RunDocuments } from "./documents";
import { spanOf } from "./events";
import { pickEvent, pickRun } from "./picking";
import { attach, openBroken, openPipeline } from "./opening";
import type { RunStore } from "./store";
import { indexOf, type RunRow } from "./tree";
import type { RunsView } from "./view";

/** How long a note of the server stands in the status bar. */
const NOTE_MS = 10_000;

export class RunCommands {
  constructor(
    private readonly server: Server,
    private readonly store: RunStore,
    private readonly view: RunsView,
    private readonly documents: RunDocuments,
    private readonly asking: Asking,
  ) {}

  /** Register all of them. */
  register(): vscode.Disposable[] {
    const commands: Record<string, (row?: RunRow, all?: RunRow[]) => Promise<unknown>> = {
      refresh: () => this.view.refresh(),
      open: (row) => this.open(row),
      attach: (row) => this.on(row, "attach", "Attach the Debugger", attach),
      postMortem: (row) => this.on(row, "postMortem", "Debug a Recorded Run", attach),
      resume: (row) => this.on(row, "resume", "Resume a Run", (run) => this.start("resume", { run: run.run })),
      rerun: (row) => this.on(row, "rerun", "Go On from the First Change", (run) => this.start("rerun", { run: run.run })),
      rerunDebug: (row) => this.on(row, "rerun", "Go On from the First Change", (run) => goOn(run)),
      fromHere: (row) => this.fromHere(row, (run, from) => this.start("rerun", { run: run.run, from })),
      fromHereDebug: (row) => this.fromHere(row, goOn),
      cancel: (row) => this.on(row, "cancel", "Cancel a Run", (run) => this.cancel(run)),
      answer: (row) => this.answer(row),
      copyId: (row) => this.on(row, undefined, "Copy a Run's Id", (run) => vscode.env.clipboard.writeText(run.run)),
      events: (row) => this.on(row, undefined, "Show Events", (run) => this.documents.showEvents(run)),
      envelope: (row) => this.on(row, undefined, "Show Envelope", (run) => this.envelope(run)),
      compare: (row, all) => this.compare(row, all),
      envelopeAfter: (row) => this.ofStage(row, (run, span) => this.documents.showEnvelope(run.run, span.last)),
      changed: (row) =>
        this.ofStage(row, (run, span, name) =>
          this.documents.compare({ run: run.run, seq: span.first }, { run: run.run, seq: span.last }, `${name}: before ↔ after`),
        ),
    };
    return registered({
      ...Object.fromEntries(Object.entries(commands).map(([name, act]) => [`pointsman.runs.${name}`, act])),
      "pointsman.runs.sendAnswer": (uri?: vscode.Uri) => this.sendAnswer(uri),
      "pointsman.showRun": (run?: string, stage?: string) => this.showRun(run, stage),
    });
  }

  private async showRun(run?: string, stage?: string): Promise<void> {
    const meant = run ?? (await pickRun(this.store, () => true, "Show a Run"))?.run;
    if (meant !== undefined) await this.view.reveal(meant, stage);
  }

  private async sendAnswer(uri = vscode.window.activeTextEditor?.document.uri): Promise<void> {
    if (uri) await this.asking.send(uri);
  }

  private async open(row?: RunRow): Promise<void> {
    if (row?.kind === "broken") {
      const file = this.store.brokenFile(row.uri);
      if (file) await openBroken(file);
      return;
    }
    const run = await this.run(row, "open", "Open the Pipeline of a Run");
    if (run) await openPipeline(this.server, run, stageOf(run, row));
  }

  /** Do something with a row's run, or with one that is picked from those that it can be done with. */
  private async on(row: RunRow | undefined, action: Action | undefined, title: string, act: (run: Run) => Thenable<unknown>): Promise<void> {
    const run = await this.run(row, action, title);
    if (run) await act(run);
  }

  private async run(row: RunRow | undefined, action: Action | undefined, title: string): Promise<Run | undefined> {
    if (row && row.kind !== "broken") return this.store.get(row.run)?.run;
    return pickRun(this.store, (run) => action === undefined || runActions(run).includes(action), title);
  }

  private async start(verb: "resume" | "rerun", argument: { run: string; from?: string }): Promise<void> {
    const { run, note } = await this.server.execute<Started>(`pointsman.server.${verb}`, argument);
    if (note) vscode.window.setStatusBarMessage(`Pointsman: ${note}`, NOTE_MS);
    await this.view.reveal(run);
  }

  private async fromHere(row: RunRow | undefined, act: (run: Run, stage: string) => Promise<void>): Promise<void> {
    const run = row?.kind === "stage" ? this.store.get(row.run)?.run : undefined;
    const stage = run && stageOf(run, row);
    if (run && stage) await act(run, stage);
  }

  private async cancel(run: Run): Promise<void> {
    const yes = { title: "Cancel the Run" };
    const no = { title: "Let It Run", isCloseAffordance: true };
    const detail = "What it does now is stopped. The journal keeps what has happened.";
    const pressed = await vscode.window.showWarningMessage(`Cancel this run of ${run.pipeline}?`, { modal: true, detail }, yes, no);
    if (pressed === yes) await this.server.execute("pointsman.server.cancel", { run: run.run });
  }

  private async answer(row?: RunRow): Promise<void> {
    const run = await this.run(row, "answer", "Answer a Question");
    if (!run) return;
    const effect = row?.kind === "question" ? row.effect : undefined;
    const open = run.questions.filter((question) => effect === undefined || question.effect === effect);
    const items = open.map((question) => ({ label: question.stage, detail: question.question, question }));
    const picked = items.length > 1 ? await vscode.window.showQuickPick(items, { title: run.pipeline, placeHolder: "Which question?" }) : items[0];
    if (picked) await this.asking.ask({ run, question: picked.question });
  }

  private async envelope(run: Run): Promise<void> {
    const seq = await pickEvent(await this.documents.events(run.run), `Envelope of ${run.pipeline}`, false);
    if (typeof seq === "number") await this.documents.showEnvelope(run.run, seq);
  }

  /** Two events of one run or of two; two selected runs are the two. */
  private async compare(row?: RunRow, all?: readonly RunRow[]): Promise<void> {
    const runs = (all ?? []).flatMap((one) => (one.kind === "run" ? [one.run] : []));
    const first = runs.length === 2 ? this.store.get(runs[1]!)?.run : await this.run(row, undefined, "Compare Envelopes");
    const left = first && (await this.moment(first, "Compare: the left side", false));
    if (!left) return;
    const second = (runs.length === 2 && this.store.get(runs[0]!)?.run) || first;
    const right = await this.moment(second, "Compare: the right side", true);
    if (!right) return;
    const where = left.run === right.run ? second.pipeline : `${first.pipeline}, two runs`;
    await this.documents.compare(left, right, `${where}: event ${left.seq} ↔ ${right.seq}`);
  }

  private async moment(run: Run, title: string, another: boolean): Promise<Moment | undefined> {
    const seq = await pickEvent(await this.documents.events(run.run), `${title} (${run.pipeline})`, another);
    if (typeof seq === "number") return { run: run.run, seq };
    const other = seq && (await pickRun(this.store, () => true, title));
    return other ? this.moment(other, title, true) : undefined;
  }

  private async ofStage(
    row: RunRow | undefined, act: (run: Run, span: { first: number; last: number }, name: string) => Promise<void>,
  ): Promise<void> {
    if (row?.kind !== "stage") return;
    const run = await this.server.request<Run>("pointsman/run", { run: row.run }); // with all its stages, as its events are
    const index = indexOf(run.stages, row.line);
    const span = index < 0 ? undefined : spanOf(await this.documents.events(run.run), run.stages, index);
    if (!span) throw new Error("The events of this stage are not recorded yet");
    await act(run, span, run.stages[index]!.id);
  }
}

/** The stage a row stands for: its own, where the run failed, what asks. */
function stageOf(run: Run, row: RunRow | undefined): string | undefined {
  switch (row?.kind) {
    case "stage":
      return run.stages[indexOf(run.stages, row.line)]?.id;
    case "error":
      return run.error?.stage;
    case "question":
      return run.questions.find((question) => question.effect === row.effect)?.stage;
    default:
      return undefined;
  }
}
