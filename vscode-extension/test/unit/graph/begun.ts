/** What the tests of the graph begin with: graphs as the server gives them, and drawings of them. */

import { execFileSync } from "node:child_process";
import { layOut, type Layout } from "../../../src/graph/webview/layout";
import { type Scene, sceneOf } from "../../../src/graph/webview/scene";
import { estimate } from "../../../src/graph/webview/sizes";
import type { Graph, GraphEdge, GraphNode, Range } from "../../../src/server/protocol";

const FILES = {
  triage: "../examples/support_triage/triage.pipeline.yaml",
  gate: "../examples/pull_request_gate/gate.pipeline.yaml",
  corners: "test/unit/graph/corners.pipeline.yaml",
} as const;
export type Name = keyof typeof FILES;
export const NAMES = Object.keys(FILES) as Name[];

let known: Map<string, Graph> | undefined;

/** The graph of a real pipeline, from the real server's code. The tests run in the extension's folder. */
export function graphOf(name: Name): Graph {
  known ??= asked();
  return known.get(name)!;
}

/** Ask before the first test: Python takes a while to start, where a machine has other work a long one. */
export function ready(this: Mocha.Context): void {
  this.timeout(60_000);
  known ??= asked();
}

function asked(): Map<string, Graph> {
  const told = execFileSync("../.venv/bin/python", ["test/unit/graph/graphs.py", ...Object.values(FILES)], { encoding: "utf8" });
  const all = JSON.parse(told) as Graph[][];
  return new Map(NAMES.map((one, at) => [one, all[at]![0]!]));
}

export function layoutOf(graph: Graph): Layout {
  return layOut(graph, estimate);
}

export function drawn(graph: Graph): Scene {
  return sceneOf(layoutOf(graph), graph.entry, estimate);
}

export const NOWHERE: Range = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };

export function node(id: string, more: Partial<GraphNode> = {}): GraphNode {
  return { id, name: id, kind: "agent", label: "work", parent: "", branch: "", range: NOWHERE, nameRange: NOWHERE, ...more };
}

export function edge(from: string, to: string, more: Partial<GraphEdge> = {}): GraphEdge {
  return { from, to, kind: "below", label: "", when: "", range: null, ...more };
}

export function graph(nodes: GraphNode[], edges: GraphEdge[]): Graph {
  return { name: "made", range: NOWHERE, entry: nodes[0]?.id ?? "", nodes, edges };
}
