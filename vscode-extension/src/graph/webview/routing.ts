/** From dagre's rough lines to the ones that are drawn: they leave below, arrive above, and pass tall boxes straight. */

import type { Size } from "./sizes";

export interface Point {
  x: number;
  y: number;
}
/** A node by its middle. `corner`: how far from its sides a line may begin. */
export type Stand = Size & Point & { corner: number };
export interface Line {
  from: string;
  to: string;
  points: Point[];
}
export interface Routed {
  points: Point[];
  back: boolean;
}
interface Band {
  top: number;
  bottom: number;
}
/** One end of a line at the top or the bottom of a node. `toward` is where the line comes from. */
interface End {
  point: Point;
  toward: number;
}

/** Between two lines at one side of a node. */
const GAP = 14;

/** The same lines in the same order. Beside what stands at a height, a node or a label, each goes straight. */
export function routed(lines: readonly Line[], nodes: ReadonlyMap<string, Stand>, labels: readonly (Size & Point)[]): Routed[] {
  const bands = bandsOf([...nodes.values(), ...labels]);
  const ends = new Map<string, End[]>();
  const found = lines.map(({ from, to, points }): Routed => {
    const [start, stop] = [nodes.get(from)!, nodes.get(to)!];
    if (loops({ from, to })) return { points: around(start, points), back: true };
    const back = start.y > stop.y;
    const middle = points.slice(1, -1);
    const first = { x: start.x, y: start.y + (back ? -1 : 1) * (start.height / 2) };
    const last = { x: stop.x, y: stop.y + (back ? 1 : -1) * (stop.height / 2) };
    const inner = middle.flatMap((point) => straight(point, bands, back));
    put(ends, `${from} ${back}`, { point: first, toward: (middle[0] ?? last).x });
    put(ends, `${to} ${!back}`, { point: last, toward: (middle.at(-1) ?? first).x });
    return { points: [first, ...inner, last], back };
  });
  for (const [side, all] of ends) spread(nodes.get(side.slice(0, side.lastIndexOf(" ")))!, all);
  return found.map(({ points, back }, at) => (loops(lines[at]!) ? { points, back } : { points: clear(points, bands, back), back }));
}

function loops({ from, to }: { from: string; to: string }): boolean {
  return from === to;
}

/** Layers: the nodes of one have one middle, the tallest gives its height. */
function bandsOf(nodes: readonly (Size & Point)[]): Band[] {
  const bands = new Map<number, Band>();
  for (const { y, height } of nodes) {
    const key = Math.round(y);
    const known = bands.get(key);
    const band = { top: y - height / 2, bottom: y + height / 2 };
    bands.set(key, known ? { top: Math.min(known.top, band.top), bottom: Math.max(known.bottom, band.bottom) } : band);
  }
  return [...bands.values()];
}

/** Through the layer of a tall box a line goes straight, and turns where the layers are apart. */
function straight(point: Point, bands: readonly Band[], back: boolean): Point[] {
  const band = bands.find(({ top, bottom }) => point.y >= top && point.y <= bottom);
  if (!band) return [{ ...point }];
  const pair = [{ x: point.x, y: band.top }, { x: point.x, y: band.bottom }];
  return back ? pair.reverse() : pair;
}

/** A short node beside a tall one: its lines leave the layer before they turn. */
function clear(points: Point[], bands: readonly Band[], back: boolean): Point[] {
  const [first, last] = [points[0]!, points.at(-1)!];
  const out = edgeOf(first, bands, back ? "top" : "bottom");
  const into = edgeOf(last, bands, back ? "bottom" : "top");
  return [first, ...out, ...points.slice(1, -1), ...into, last];
}

function edgeOf(point: Point, bands: readonly Band[], side: "top" | "bottom"): Point[] {
  const band = bands.find(({ top, bottom }) => point.y > top + 1 && point.y < bottom - 1);
  return band ? [{ x: point.x, y: band[side] }] : [];
}

/** Lines at one side of a node stand beside one another, in the order in which they come. */
function spread(node: Stand, ends: End[]): void {
  const room = Math.max(0, node.width / 2 - node.corner);
  const [least, most] = [node.x - room, node.x + room];
  const gap = ends.length > 1 ? Math.min(GAP, (2 * room) / (ends.length - 1)) : 0;
  const sorted = [...ends].sort((a, b) => a.toward - b.toward);
  const wanted = sorted.map(({ toward }) => Math.min(most, Math.max(least, toward)));
  sorted.forEach(({ point }, at) => {
    const before = at > 0 ? sorted[at - 1]!.point.x + gap : least;
    point.x = Math.max(before, wanted[at]!);
  });
  let limit = most;
  for (const { point } of sorted.reverse()) {
    point.x = Math.min(point.x, limit);
    limit = point.x - gap;
  }
}

/** A stage that leads to itself: out at the right, and in again. */
function around(node: Stand, points: readonly Point[]): Point[] {
  const right = Math.max(...points.map(({ x }) => x), node.x + node.width / 2 + 20);
  const [edge, quarter] = [node.x + node.width / 2, node.height / 4];
  return [
    { x: edge, y: node.y + quarter },
    { x: right, y: node.y },
    { x: edge, y: node.y - quarter },
  ];
}

function put(ends: Map<string, End[]>, side: string, end: End): void {
  const known = ends.get(side);
  if (known) known.push(end);
  else ends.set(side, [end]);
}
