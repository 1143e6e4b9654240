/** Which graph and which stage belong to a place in a text; which graph is kept while the text is broken. */

import type { Graph, GraphNode, Position, Range } from "../server/protocol";

/** Said above a graph that is older than the text. */
export const STALE = "The text has errors. This is the graph as it was before.";
export const PARTIAL = "The text has errors. What can not be read is missing here.";

/** The pipeline of that name, else the one the cursor is in, else the first. */
export function pipelineAt(graphs: readonly Graph[], cursor: Position | undefined, name: string): Graph | undefined {
  const at = cursor && graphs.find(({ range }) => holds(range, cursor));
  return at ?? graphs.find((graph) => graph.name === name) ?? graphs[0];
}

/** The innermost stage around a position; empty outside of all. */
export function stageAt(graph: Graph, position: Position): string {
  const around = graph.nodes.filter((node) => isStage(node) && holds(node.range, position));
  return around.reduce<GraphNode | undefined>((best, node) => (best && !within(node.range, best.range) ? best : node), undefined)?.id ?? "";
}

/**
 * The pipeline and the stage around a line of another version of the file, such as a run's own text: by their names, as
 * the lines above say them. Empty where there is none.
 */
export function namedAt(lines: readonly string[], line: number): { pipeline: string; path: string[] } {
  const path: string[] = [];
  let [depth, pipeline] = [Number.POSITIVE_INFINITY, ""];
  for (let at = Math.min(line, lines.length - 1); at >= 0 && !/^---/.test(lines[at]!); at -= 1) {
    const found = /^( *)["']?([\w-]+)["']?\s*:(?:\s+(\S+))?/.exec(lines[at]!);
    if (found?.[1] === "" && found[2] === "pipeline") pipeline = found[3]?.replace(/["']/g, "") ?? "";
    const indent = /^ *(?=[^\s#])/.exec(lines[at]!)?.[0].length;
    if (indent === undefined || indent >= depth) continue;
    depth = indent;
    if (found) path.unshift(found[2]!);
  }
  return { pipeline, path };
}

/** The stage whose name is innermost on a path of keys; of several of that name the one whose forks are on it too. */
export function stageNamed(graph: Graph, path: readonly string[]): string {
  const known = graph.nodes.filter(isStage);
  for (let at = path.length - 1; at >= 0; at -= 1) {
    const above = new Set(path.slice(0, at + 1));
    const found = known.find(({ id, name }) => name === path[at] && id.split(".").every((part) => above.has(part)));
    if (found) return found.id;
  }
  return "";
}

export interface Shown {
  graph: Graph | undefined;
  /** What is said above it, empty when it is the text as it stands. */
  stale: string;
}

/**
 * What to show after an edit. A text that YAML can not read gives a smaller graph, stages gone and back with each key
 * that is pressed: so the last good one stays, as long as it is of this file.
 */
export function shownAfter(now: Graph | undefined, broken: boolean, good: Graph | undefined): Shown {
  if (now && now.nodes.length > 0 && !broken) return { graph: now, stale: "" };
  if (good) return { graph: good, stale: STALE };
  return { graph: now && now.nodes.length > 0 ? now : undefined, stale: broken ? PARTIAL : "" };
}

/** Whether a diagnostic's code says that YAML itself could not be read. */
export function breaks(code: unknown): boolean {
  const word = typeof code === "object" && code !== null && "value" in code ? code.value : code;
  return typeof word === "string" && word.startsWith("yaml_");
}

function isStage({ kind }: GraphNode): boolean {
  return kind !== "end" && kind !== "fail" && kind !== "missing";
}

function holds({ start, end }: Range, at: Position): boolean {
  // A stage holds its whole lines: the cursor may stand before its name or behind its last word.
  return at.line >= start.line && at.line <= end.line && !(at.line === end.line && end.character === 0 && end.line > start.line);
}

function within(inner: Range, outer: Range): boolean {
  return inner.start.line >= outer.start.line && inner.end.line <= outer.end.line;
}
