/** Where a stage of a run is written now. */

import type { Graph, Range } from "../server/protocol";

/** Where a stage is written, else the pipeline's first line; undefined where the file has no such pipeline any more. */
export function placeOf(pipelines: readonly Graph[], pipeline: string, stage?: string): Range | undefined {
  const graph = pipelines.find((one) => one.name === pipeline) ?? pipelines[0];
  if (!graph) return undefined;
  const node = stage && (graph.nodes.find((one) => one.id === stage) ?? graph.nodes.find((one) => one.name === stage));
  return node ? node.nameRange : { start: graph.range.start, end: graph.range.start };
}
