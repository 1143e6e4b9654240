/** Lists to pick from: a run, an event of it. */

import * as vscode from "vscode";
import type { Run, RunEvent } from "../server/protocol";
import { eventItems } from "./events";
import { RUN } from "./looks";
import { describe } from "./rows";
import type { RunStore } from "./store";
import { since } from "../common/words";

/** Let a person pick one of the runs; undefined when they leave. Says so where there is none. */
export async function pickRun(store: RunStore, wanted: (run: Run) => boolean, title: string): Promise<Run | undefined> {
  const now = Date.now();
  const runs = store.all().filter(wanted);
  if (runs.length === 0) {
    void vscode.window.showInformationMessage(`${title}: there is no such run.`);
    return undefined;
  }
  const items = runs.map((run) => ({
    label: `$(${RUN[run.status]?.icon.replace("~spin", "") ?? "circle-outline"}) ${run.pipeline}`,
    description: describe(store.get(run.run)!, now),
    detail: `${since(run.startedAt, now)}  ${run.run}`,
    run,
  }));
  return (await vscode.window.showQuickPick(items, { title, placeHolder: "Which run?", matchOnDescription: true, matchOnDetail: true }))?.run;
}

/** Let a person pick one of a run's events, or `another` run; undefined when they leave. */
export async function pickEvent(
  events: readonly RunEvent[], title: string, another: boolean,
): Promise<number | "another" | undefined> {
  const other = { label: "$(arrow-swap) Another run…", description: "", seq: "another" as const };
  const items = [...(another ? [other] : []), ...eventItems(events)];
  const picked = await vscode.window.showQuickPick(items, {
    title, placeHolder: "The envelope after which event?", matchOnDescription: true,
  });
  return picked?.seq;
}
