/** A run's events: how they are listed, which of them belong to a stage, and what its envelopes are called. */

import type { Run, RunEvent, Stage } from "../server/protocol";
import { after } from "../common/words";

export const ENVELOPE = "pointsman-envelope";
export const EVENTS = "pointsman-events";

/** The document of the envelope after an event. */
export function envelopeUri(run: string, seq: number): string {
  return `${ENVELOPE}:/${run}/${seq}.json`;
}

/** The document that lists a run's events. */
export function eventsUri(run: Run): string {
  return `${EVENTS}:/${run.run}/${encodeURIComponent(run.pipeline)}.log`;
}

/** What the path of such a document names; undefined for any other. */
export function named(path: string): { run: string; seq: number | undefined } | undefined {
  const found = /^\/([^/]+)\/(?:(\d+)\.json|[^/]+\.log)$/.exec(path);
  return found ? { run: found[1]!, seq: found[2] === undefined ? undefined : Number(found[2]) } : undefined;
}

/** The first and the last event of one visit of a stage; `over` says whether the visit has ended. */
export interface Span {
  first: number;
  last: number;
  over: boolean;
}

/** Where a line of the run lies among its events: on each branch the lines begin in the order in which they are listed. */
export function spanOf(events: readonly RunEvent[], stages: readonly Stage[], index: number): Span | undefined {
  const { branch } = stages[index]!;
  let rank = stages.slice(0, index + 1).filter((line) => line.branch === branch).length;
  let open = false;
  let span: Span | undefined;
  for (const event of events) {
    if (event.branch !== branch) continue;
    const begins = event.kind === "stage.entered" || event.kind === "stage.skipped" || (event.kind === "stage.failed" && !open);
    if (begins) {
      if (span) break;
      rank -= 1;
      open = event.kind !== "stage.skipped";
      if (rank === 0) span = { first: event.seq, last: event.seq, over: !open };
    } else if (event.kind === "run.ended" || event.kind === "branch.ended") {
      if (span) span.over = true;
      break;
    } else {
      if (span && !span.over) span.last = event.seq;
      if (event.kind === "stage.routed") {
        open = false;
        if (span) span.over = true;
      }
    }
  }
  return span;
}

/** An event in a list to pick from. */
export interface EventItem {
  label: string;
  description: string;
  seq: number;
}

/** The events to pick from, the newest first: what is looked for lies mostly there. */
export function eventItems(events: readonly RunEvent[]): EventItem[] {
  const began = events[0]?.at ?? 0;
  return events
    .map((event) => ({
      label: `${event.seq}  ${event.kind}`,
      description: [after(event.at, began), event.branch === "main" ? "" : event.branch, event.what].filter(Boolean).join("  "),
      seq: event.seq,
    }))
    .reverse();
}

/** A run's events as a text of columns. */
export function listing(run: Run | undefined, id: string, events: readonly RunEvent[]): string {
  const began = events[0]?.at ?? 0;
  const rows = events.map((event) => [String(event.seq), after(event.at, began), event.branch, event.kind, event.what]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(0, ...rows.map((row) => row[column]!.length)));
  const title = `Run ${id}${run ? ` of ${run.pipeline}` : ""}. A click on a number shows the envelope after that event.`;
  const lines = rows.map((row) =>
    row
      .map((cell, column) => (column < 2 ? cell.padStart(widths[column]!) : cell.padEnd(widths[column] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
  return [title, "", ...lines, ""].join("\n");
}

/** The number of the event a line of the listing shows, and where in the line it stands. */
export function eventAt(line: string): { seq: number; start: number; end: number } | undefined {
  const found = /^( *)(\d+)  /.exec(line);
  if (!found) return undefined;
  const start = found[1]!.length;
  return { seq: Number(found[2]), start, end: start + found[2]!.length };
}
