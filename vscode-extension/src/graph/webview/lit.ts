/** What a run makes of the picture: for each stage and each way how it looks, and what is said of it. */

import type { StageStatus } from "../../server/protocol";
import { duration } from "../../common/words";
import { type Light, SAID } from "../messages";
import { grouped } from "./grouping";
import type { Scene } from "./scene";

export interface NodeLook {
  status: StageStatus;
  /** Where a branch of the run stands now. */
  current: boolean;
  reused: boolean;
  /** It would run, and a debugger holds the run: nothing moves. */
  held: boolean;
  /** How long it took, and how often it was entered when more than once: short texts, perhaps empty. */
  took: string;
  times: string;
  words: string;
  note: string;
}
export interface EdgeLook {
  count: number;
  /** Beside it another way leads to the same stage: one of them was taken. */
  shared: boolean;
}
export interface Looks {
  nodes: Map<string, NodeLook>;
  /** By the edge's key. */
  edges: Map<string, EdgeLook>;
  /** A debugger holds the run. */
  held: boolean;
}

const HELD = "the debugger holds the run here";
/** Only what is over has taken its time: a number that stands still beside what goes on is wrong. */
const OVER: ReadonlySet<StageStatus> = new Set(["done", "failed", "cancelled"]);

export const NO_LOOKS: Looks = { nodes: new Map(), edges: new Map(), held: false };

export function looksOf(scene: Scene, light: Light): Looks {
  const { stages, edges, current } = light.trace;
  const now = new Set(current);
  const reused = new Set(light.reused);
  const held = light.status === "held";
  const looks: Looks = { nodes: new Map(), edges: new Map(), held };
  for (const { id, kind } of scene.nodes) {
    const stage = stages[id];
    if (stage === undefined) {
      // A run that is held before its first stage has done nothing yet, and stands there.
      const current = now.has(id);
      const status = current ? "running" : endStatus(kind, id, scene, edges);
      const words = current ? (held ? HELD : "about to begin") : "";
      if (status) looks.nodes.set(id, { status, current, reused: false, held: held && current, took: "", times: "", words, note: "" });
      continue;
    }
    const again = reused.has(id);
    const times = stage.visits > 1 ? `×${stage.visits}` : "";
    const took = again || !OVER.has(stage.status) || stage.tookMs === 0 ? "" : duration(stage.tookMs);
    const still = held && stage.status === "running";
    const said = held && now.has(id) ? HELD : still ? "held" : again ? "result taken over from an earlier run" : SAID[stage.status];
    looks.nodes.set(id, {
      status: stage.status,
      current: now.has(id),
      reused: again,
      held: still,
      took,
      times,
      words: [said, took, stage.visits > 1 ? `${stage.visits} visits` : ""].filter(Boolean).join(", "),
      note: light.notes[id] ?? "",
    });
  }
  const pairs = grouped(scene.edges, ({ pair }) => pair);
  for (const edge of scene.edges) {
    const count = edges[edge.pair] ?? 0;
    if (count > 0) looks.edges.set(edge.key, { count, shared: (pairs.get(edge.pair)?.length ?? 0) > 1 });
  }
  return looks;
}

/** `end` and `fail` are no stages: they are reached when a way to them was taken. */
function endStatus(kind: string, id: string, scene: Scene, taken: Record<string, number>): StageStatus | null {
  if (kind !== "end" && kind !== "fail") return null;
  const reached = scene.edges.some(({ to, pair }) => to === id && (taken[pair] ?? 0) > 0);
  return reached ? (kind === "end" ? "done" : "failed") : null;
}
