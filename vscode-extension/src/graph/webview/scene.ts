/** What is drawn: a layout as shapes, each with its key, its words and its place. No browser is needed to make it. */

import type { GraphEdge, GraphNode, NodeKind, Range } from "../../server/protocol";
import { arrow, curve } from "./curves";
import { grouped } from "./grouping";
import type { Lane, Layout, PlacedEdge, PlacedNode } from "./layout";
import type { Point } from "./routing";
import { fitting, isEnd, type Measure, OUTCOME, sublabel, TEXT_LEFT } from "./sizes";

export interface NodeShape {
  id: string;
  kind: NodeKind;
  x: number;
  y: number;
  width: number;
  height: number;
  outline: string;
  title: string;
  subtitle: string;
  lanes: Lane[];
  depth: number;
  range: Range;
  /** For screen readers: what it is and where it leads. */
  words: string;
}
export interface EdgeShape {
  key: string;
  /** The pair that a trace counts by. */
  pair: string;
  from: string;
  to: string;
  kind: GraphEdge["kind"];
  back: boolean;
  /** It leads to a stage that is not there. */
  lost: boolean;
  line: string;
  head: string;
  label: PlacedEdge["label"];
  /** Where a number is written on it. */
  middle: Point;
  range: Range | null;
  /** What it is, in a line; and its whole condition. */
  words: string;
  when: string;
}
export interface Scene {
  width: number;
  height: number;
  nodes: NodeShape[];
  edges: EdgeShape[];
  entry: string;
}

const KINDS: Record<NodeKind, string> = {
  agent: "agent",
  ask: "question to a person",
  fork: "fork",
  set: "sets state",
  gate: "gate",
  end: "the run ends",
  fail: "the run fails",
  missing: "there is no such stage",
};
const EDGES: Record<GraphEdge["kind"], string> = {
  route: "route",
  next: "next",
  below: "the stage below",
  on_error: "on error",
  on_max: "when its maximum is reached",
  branch: "branch",
  join: "back to the fork",
};

export function sceneOf(layout: Layout, entry: string, measure: Measure): Scene {
  const names = new Map(layout.nodes.map(({ node }) => [node.id, node.name]));
  const missing = new Set(layout.nodes.filter(({ node }) => node.kind === "missing").map(({ node }) => node.id));
  const ways = grouped(layout.edges, ({ edge }) => edge.from);
  return {
    width: layout.width,
    height: layout.height,
    entry,
    nodes: layout.nodes.map((placed) => nodeShape(placed, ways.get(placed.node.id) ?? [], names, measure)),
    edges: layout.edges.map((placed) => edgeShape(placed, names, missing)),
  };
}

function nodeShape(placed: PlacedNode, ways: readonly PlacedEdge[], names: ReadonlyMap<string, string>, measure: Measure): NodeShape {
  const { node, x, y, width, height, lanes, depth } = placed;
  const ending = isEnd(node.kind);
  const room = width - TEXT_LEFT - OUTCOME.right;
  return {
    id: node.id,
    kind: node.kind,
    x,
    y,
    width,
    height,
    outline: outline(node.kind, width, height),
    title: ending ? node.name : fitting(node.name, room - OUTCOME.mark, "name", measure),
    subtitle: fitting(sublabel(node), room - OUTCOME.time, "label", measure),
    lanes: lanes.map((lane) => ({ ...lane, x: lane.x - x, y: lane.y - y })),
    depth,
    range: ending ? node.range : node.nameRange,
    words: nodeWords(node, ways, names),
  };
}

function nodeWords(node: GraphNode, ways: readonly PlacedEdge[], names: ReadonlyMap<string, string>): string {
  if (node.kind === "missing") return `${node.name}: ${KINDS.missing}`;
  if (isEnd(node.kind)) return KINDS[node.kind];
  const where = node.branch ? `, branch ${node.branch}` : "";
  const what = [`${KINDS[node.kind]}${node.label ? ` ${node.label}` : ""}${where}`];
  const to = ways.filter(({ edge }) => edge.kind !== "join" && edge.kind !== "branch").map(({ edge }) => {
    const said = edge.label || edge.when || (edge.kind === "on_error" ? EDGES.on_error : "");
    return `${names.get(edge.to) ?? edge.to}${said ? ` (${said})` : ""}`;
  });
  if (to.length > 0) what.push(`leads to ${to.join(", ")}`);
  return `${node.name}: ${what.join("; ")}`;
}

function edgeShape({ key, edge, points, back, label }: PlacedEdge, names: ReadonlyMap<string, string>, missing: ReadonlySet<string>): EdgeShape {
  const loop = edge.from === edge.to;
  return {
    key,
    pair: `${edge.from} ${edge.to}`,
    from: edge.from,
    to: edge.to,
    kind: edge.kind,
    back,
    lost: missing.has(edge.to),
    line: curve(points, loop),
    head: arrow(points, loop),
    label,
    middle: middleOf(points),
    range: edge.range,
    words: `${names.get(edge.from) ?? edge.from} → ${names.get(edge.to) ?? edge.to}: ${[EDGES[edge.kind], edge.label].filter(Boolean).join(", ")}`,
    when: edge.when,
  };
}

function middleOf(points: readonly Point[]): Point {
  const at = Math.floor((points.length - 1) / 2);
  const [one, two] = [points[at]!, points[Math.ceil((points.length - 1) / 2)]!];
  return { x: (one.x + two.x) / 2, y: (one.y + two.y) / 2 };
}

/** The shape says the kind: work is a box, a person round, state a card with a cut corner, a gate pointed, an end a pill. */
function outline(kind: NodeKind, w: number, h: number): string {
  switch (kind) {
    case "agent":
      return rounded(w, h, 6);
    case "fork":
      return rounded(w, h, 8);
    case "ask":
    case "end":
    case "fail":
    case "missing":
      return rounded(w, h, h / 2);
    case "set":
      return `M6 0H${w - 14}L${w} 14V${h - 6}a6 6 0 0 1-6 6H6a6 6 0 0 1-6-6V6a6 6 0 0 1 6-6Z`;
    case "gate":
      return `M14 0H${w - 14}L${w} ${h / 2}L${w - 14} ${h}H14L0 ${h / 2}Z`;
  }
}

function rounded(w: number, h: number, r: number): string {
  return `M${r} 0H${w - r}a${r} ${r} 0 0 1 ${r} ${r}V${h - r}a${r} ${r} 0 0 1-${r} ${r}H${r}a${r} ${r} 0 0 1-${r}-${r}V${r}a${r} ${r} 0 0 1 ${r}-${r}Z`;
}
