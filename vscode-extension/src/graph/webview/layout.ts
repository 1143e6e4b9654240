/** Where everything stands: each block in layers from top to bottom by dagre, a fork as a box around its branches. */

import { graphlib, layout as dagre } from "@dagrejs/dagre";
import type { Graph, GraphEdge, GraphNode } from "../../server/protocol";
import { type Block, type Blocks, blocksOf, keyOf } from "./blocks";
import { type Point, routed } from "./routing";
import { cornerOf, edgeText, type Face, HEADER_HEIGHT, type Measure, type Size, sizeOf } from "./sizes";

export interface PlacedNode extends Size {
  node: GraphNode;
  x: number;
  y: number;
  depth: number;
  /** The branches of a fork: the strips that its box is divided into. */
  lanes: Lane[];
}
export interface Lane extends Size {
  name: string;
  x: number;
  y: number;
  /** Where its name stands: above where the branch begins. */
  middle: number;
}
export interface PlacedEdge {
  key: string;
  edge: GraphEdge;
  points: Point[];
  /** Goes up: to a stage that stands above. */
  back: boolean;
  label: (Size & { text: string; face: Face; x: number; y: number }) | null;
}
export interface Layout extends Size {
  nodes: PlacedNode[];
  edges: PlacedEdge[];
}

const LAYERS = 54;
const BESIDE = 32;
const EDGES = 18;
const MARGIN = 24;
const LANE_PADDING = 16;
const LANE_TITLE = 22;
const LABEL_PADDING = 5;
const LABEL_HEIGHT = 18;
/** So much of a line is seen straight above and below its label. */
const STUB = 5;
/** The ends of a branch: points at the top and the bottom of its strip. */
const [TOP, BOTTOM] = ["\0top", "\0bottom"];
/** How much an edge wants to be short and straight: a run mostly takes the plain way on. */
const WEIGHT: Record<GraphEdge["kind"], number> = { next: 8, below: 8, route: 4, branch: 6, join: 4, on_error: 1, on_max: 1 };

/** The picture of a graph. Deterministic: what has not changed stays where the layers let it. */
export function layOut(graph: Graph, measure: Measure): Layout {
  const keys = new Map(graph.edges.map((edge, at) => [edge, keyOf(edge, at)]));
  const made = block(blocksOf(graph), null, { measure, keys }, 0);
  shift(made, MARGIN, MARGIN);
  return { ...made, width: made.width + 2 * MARGIN, height: made.height + 2 * MARGIN };
}

type Fork = Layout & { lanes: Lane[] };
interface How {
  measure: Measure;
  keys: Map<GraphEdge, string>;
}

/** A block at (0, 0); with everything inside of its forks. */
function block(blocks: Blocks, own: Block | null, how: How, depth: number): Layout {
  const { nodes, edges, entering, leaving } = own ?? blocks.root;
  const inner = new Map<string, Fork>();
  const flat = new graphlib.Graph({ multigraph: true });
  flat.setGraph({ rankdir: "TB", ranksep: LAYERS, nodesep: BESIDE, edgesep: EDGES });
  if (own) flat.setNode(TOP, { width: 1, height: 1 });
  for (const node of nodes) {
    const { width, height } = node.kind === "fork" ? fork(blocks, node, how, depth, inner) : sizeOf(node, how.measure);
    flat.setNode(node.id, { width, height });
  }
  if (own) flat.setNode(BOTTOM, { width: 1, height: 1 });
  const all: [GraphEdge, string, string][] = [
    ...entering.map((edge): [GraphEdge, string, string] => [edge, TOP, edge.to]),
    ...edges.map((edge): [GraphEdge, string, string] => [edge, edge.from, edge.to]),
    ...leaving.map((edge): [GraphEdge, string, string] => [edge, edge.from, BOTTOM]),
  ];
  for (const [edge, from, to] of all) {
    flat.setEdge(from, to, { ...labelSize(edge, how.measure), labelpos: "c", weight: WEIGHT[edge.kind], minlen: 1 }, how.keys.get(edge));
  }
  if (nodes.length > 0) dagre(flat);
  const { width = 0, height = 0 } = flat.graph() as Partial<Size>;
  const made: Layout = { width, height, nodes: [], edges: [] };
  for (const node of nodes) {
    const at = flat.node(node.id) as Size & Point;
    const [x, y] = [at.x - at.width / 2, at.y - at.height / 2];
    const box = inner.get(node.id);
    made.nodes.push({ node, x, y, width: at.width, height: at.height, depth, lanes: box?.lanes ?? [] });
    if (box) {
      shift(box, x, y);
      made.nodes.push(...box.nodes);
      made.edges.push(...box.edges);
    }
  }
  const kinds = new Map(nodes.map((node) => [node.id, node.kind]));
  const stand = new Map(flat.nodes().map((id) => [id, { ...(flat.node(id) as Size & Point), corner: cornerOf(kinds.get(id)) }]));
  const lines = all.map(([edge, from, to]) => {
    const key = how.keys.get(edge) ?? "";
    return { key, from, to, points: (flat.edge(from, to, key) as { points: Point[] }).points, edge };
  });
  const labels = lines.map(({ key, edge, from, to }) => labelAt(edge, flat.edge(from, to, key) as Point, how.measure));
  // A label interrupts a line where that goes straight down: a bend under it would be lost.
  const straight = labels.flatMap((label) => (label ? [{ ...label, height: label.height + 2 * STUB }] : []));
  for (const [at, { points, back }] of routed(lines, stand, straight).entries()) {
    const { key, edge } = lines[at]!;
    made.edges.push({ key, edge, points, back, label: labels[at]! });
  }
  return made;
}

/** A fork's box: its header, and its branches side by side, each in a strip of its own. */
function fork(blocks: Blocks, node: GraphNode, how: How, depth: number, forks: Map<string, Fork>): Size {
  const head = sizeOf(node, how.measure);
  const made: Fork = { width: LANE_PADDING, height: 0, nodes: [], edges: [], lanes: [] };
  const strips = (blocks.inside.get(node.id) ?? []).map((one) => ({ name: one.branch, ...block(blocks, one, how, depth + 1) }));
  const tallest = Math.max(0, ...strips.map((one) => one.height));
  for (const strip of strips) {
    const width = Math.max(strip.width, how.measure(strip.name, "label") + 24) + 2 * LANE_PADDING;
    const lane = { name: strip.name, x: made.width, y: HEADER_HEIGHT, width, height: LANE_TITLE + tallest, middle: width / 2 };
    shift(strip, lane.x + (width - strip.width) / 2, lane.y + LANE_TITLE);
    const entry = strip.edges.find(({ edge }) => edge.kind === "branch" && edge.from === node.id)?.points[0];
    if (entry) lane.middle = inside(entry.x - lane.x, how.measure(strip.name, "label") / 2 + 8, width);
    stretch(strip, lane.y + LANE_TITLE, lane.y + lane.height);
    made.lanes.push(lane);
    made.nodes.push(...strip.nodes);
    made.edges.push(...strip.edges);
    made.width += width + LANE_PADDING;
  }
  made.width = Math.max(made.width, head.width);
  made.height = HEADER_HEIGHT + (strips.length > 0 ? LANE_TITLE + tallest + LANE_PADDING : 0);
  forks.set(node.id, made);
  return made;
}

/** A branch that is shorter than its neighbours: it stands in the middle, its ends reach top and bottom. */
function stretch(strip: Layout, top: number, bottom: number): void {
  const gap = (bottom - top - strip.height) / 2;
  for (const node of strip.nodes) {
    node.y += gap;
    for (const lane of node.lanes) lane.y += gap;
  }
  for (const { edge, points, label } of strip.edges) {
    for (const point of points) point.y += gap;
    if (label) label.y += gap;
    const [first, last] = [points[0], points.at(-1)];
    if (edge.kind === "branch" && first && first.y <= top + gap + 1) first.y = top;
    if (edge.kind === "join" && last && last.y >= bottom - gap - 1) last.y = bottom;
  }
}

/** Not nearer to either end than `margin`. */
function inside(at: number, margin: number, width: number): number {
  return Math.min(width - margin, Math.max(margin, at));
}

function shift(of: { nodes: PlacedNode[]; edges: PlacedEdge[]; lanes?: Lane[] }, x: number, y: number): void {
  const parts = [...of.nodes, ...of.nodes.flatMap((node) => node.lanes), ...(of.lanes ?? [])];
  for (const one of [...parts, ...of.edges.flatMap(({ points, label }) => (label ? [...points, label] : points))]) {
    one.x += x;
    one.y += y;
  }
}

function labelSize(edge: GraphEdge, measure: Measure): Size {
  const { text, face } = edgeText(edge);
  return text === "" ? { width: 0, height: 0 } : { width: measure(text, face) + 2 * LABEL_PADDING, height: LABEL_HEIGHT };
}

function labelAt(edge: GraphEdge, spot: Point, measure: Measure): PlacedEdge["label"] {
  const { text, face } = edgeText(edge);
  return text === "" ? null : { text, face, ...labelSize(edge, measure), x: spot.x, y: spot.y };
}
