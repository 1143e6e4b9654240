/** How large a stage and a label are. How wide a text is, is asked: a browser knows, a test estimates. */

import type { GraphEdge, GraphNode } from "../../server/protocol";

export type Face = "name" | "label" | "code";
/** The width of a text in pixels. */
export type Measure = (text: string, face: Face) => number;

export interface Size {
  width: number;
  height: number;
}

/** Pixel sizes of the faces; the style sheet has the same. */
export const FACES: Record<Face, { size: number; weight: number }> = {
  name: { size: 13, weight: 600 },
  label: { size: 11, weight: 400 },
  code: { size: 11, weight: 400 },
};
export const NODE_HEIGHT = 48;
/** Where a node's text begins: behind its icon. */
export const TEXT_LEFT = 40;
export const HEADER_HEIGHT = 44;
const NARROW = 160;
const WIDE = 290;
/** What a run writes at the right: how often and how, above how long. Its room is there before any run. */
export const OUTCOME = { right: 12, mark: 38, time: 62 };
const END: Size = { width: 76, height: 30 };
/** Characters of a condition that stand on an edge; all of it is in the hover. */
const CONDITION = 30;

const WORDS: Record<GraphNode["kind"], string> = {
  agent: "agent",
  ask: "ask",
  fork: "fork",
  set: "set",
  gate: "gate",
  end: "",
  fail: "",
  missing: "",
};

/** No stage: where a run ends, or a name that nothing has. */
export function isEnd(kind: GraphNode["kind"]): boolean {
  return kind === "end" || kind === "fail" || kind === "missing";
}

/** The second line of a node: its kind, and who does the work. */
export function sublabel(node: GraphNode): string {
  return [WORDS[node.kind], node.label].filter(Boolean).join(" · ");
}

/** How far from its left and right a node's upper and lower side are straight. */
export function cornerOf(kind: GraphNode["kind"] | undefined): number {
  switch (kind) {
    case "ask":
      return NODE_HEIGHT / 2;
    case "end":
    case "fail":
    case "missing":
      return END.height / 2;
    default:
      return 16;
  }
}

export function sizeOf(node: GraphNode, measure: Measure): Size {
  if (node.kind === "missing") return { ...END, width: Math.max(END.width, Math.ceil(measure(node.name, "name")) + 45) };
  if (isEnd(node.kind)) return END;
  const text = Math.max(measure(node.name, "name") + OUTCOME.mark, measure(sublabel(node), "label") + OUTCOME.time);
  const width = Math.ceil(Math.min(WIDE, Math.max(NARROW, TEXT_LEFT + text + OUTCOME.right)) / 2) * 2;
  return { width, height: NODE_HEIGHT };
}

/** What stands on an edge: its label; without one the condition, cut short. */
export function edgeText(edge: GraphEdge): { text: string; face: Face } {
  if (edge.kind === "branch") return { text: "", face: "label" };
  if (edge.label) return { text: edge.label, face: "label" };
  if (edge.when) return { text: cut(edge.when, CONDITION), face: "code" };
  return { text: "", face: "label" };
}

/** A text that fits into a width, with an ellipsis where it does not. */
export function fitting(text: string, width: number, face: Face, measure: Measure): string {
  if (measure(text, face) <= width) return text;
  let length = text.length;
  while (length > 1 && measure(`${text.slice(0, length)}…`, face) > width) length -= 1;
  return `${text.slice(0, length).trimEnd()}…`;
}

/** An estimate of text widths, for where there is no browser. */
export const estimate: Measure = (text, face) => text.length * FACES[face].size * (face === "name" ? 0.58 : face === "code" ? 0.61 : 0.53);

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1).trimEnd()}…`;
}
