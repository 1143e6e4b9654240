/** What the panel's two halves say to each other: the extension, and the page that draws. */

import type { Graph, Range, RunStatus, StageStatus, Trace } from "../server/protocol";

/** A run that may light the graph. */
export interface RunChoice {
  run: string;
  label: string;
  status: RunStatus;
  live: boolean;
}

/** What a run has made of the graph so far. */
export interface Light {
  run: string;
  status: RunStatus;
  trace: Trace;
  /** Ids of the stages whose results were taken over from an earlier run. */
  reused: string[];
  /** What failed or asks, by the stage's id: a line for the hover. */
  notes: Record<string, string>;
}

export type ToPage =
  | { type: "graph"; uri: string; file: string; pipelines: string[]; graph: Graph; stale: string }
  | { type: "nothing"; why: string }
  | { type: "cursor"; id: string }
  | { type: "runs"; runs: RunChoice[]; chosen: string; newest: string }
  | { type: "light"; light: Light | null };

export type FromPage =
  | { type: "ready" }
  | { type: "reveal"; range: Range; focus: boolean }
  | { type: "pipeline"; name: string }
  /** A run's id, `newest` for the newest one, or empty for none. */
  | { type: "run"; run: string };

/** Which run lights the graph, besides a run's id. */
export const NEWEST = "newest";

/** What the page keeps over a reload of the window; the extension reads the first four, the page the last. */
export interface Kept {
  uri: string;
  pipeline: string;
  run: string;
  camera: { x: number; y: number; scale: number } | null;
}

/** Statuses in words, for hovers and screen readers. */
export const SAID: Record<StageStatus, string> = {
  running: "running",
  asking: "waits for a person",
  done: "done",
  failed: "failed",
  skipped: "skipped",
  cancelled: "cancelled",
};
