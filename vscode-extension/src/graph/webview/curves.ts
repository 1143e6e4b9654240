/** Points to the `d` of an SVG path. */

import type { Point } from "./routing";

const ARROW = { length: 8, half: 4 };

/** A line through the points that stands upright at each of them; it stops where its arrow begins. */
export function curve(points: readonly Point[], sideways = false): string {
  const line = points.map((point) => ({ ...point }));
  const last = line.at(-1)!;
  if (sideways) last.x += ARROW.length - 1;
  else last.y -= Math.sign(last.y - line.at(-2)!.y || 1) * (ARROW.length - 1);
  let path = `M${at(line[0]!)}`;
  for (let i = 1; i < line.length; i++) {
    const [from, to] = [line[i - 1]!, line[i]!];
    if (sideways) path += bent(from, to);
    else if (Math.abs(from.x - to.x) < 0.5) path += `L${at(to)}`;
    else path += `C${at({ x: from.x, y: (from.y + to.y) / 2 })} ${at({ x: to.x, y: (from.y + to.y) / 2 })} ${at(to)}`;
  }
  return path;
}

/** The arrow's head at the end of a line. */
export function arrow(points: readonly Point[], sideways = false): string {
  const [tip, before] = [points.at(-1)!, points.at(-2)!];
  if (sideways) return `M${at(tip)}L${at({ x: tip.x + ARROW.length, y: tip.y - ARROW.half })}L${at({ x: tip.x + ARROW.length, y: tip.y + ARROW.half })}Z`;
  const y = tip.y - Math.sign(tip.y - before.y || 1) * ARROW.length;
  return `M${at(tip)}L${at({ x: tip.x - ARROW.half, y })}L${at({ x: tip.x + ARROW.half, y })}Z`;
}

/** A quarter turn, for the line around a node. */
function bent(from: Point, to: Point): string {
  const outward = to.x > from.x;
  return outward ? `C${at({ x: to.x, y: from.y })} ${at({ x: to.x, y: from.y })} ${at(to)}` : `C${at({ x: from.x, y: to.y })} ${at({ x: from.x, y: to.y })} ${at(to)}`;
}

function at({ x, y }: Point): string {
  return `${round(x)} ${round(y)}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
