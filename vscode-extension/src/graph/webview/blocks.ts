/** A graph cut into its blocks: the pipeline's own stages, and in each fork one block for each branch. */

import type { Graph, GraphEdge, GraphNode } from "../../server/protocol";

/** Stages of one block in written order, and the ways between them. */
export interface Block {
  branch: string;
  nodes: GraphNode[];
  edges: GraphEdge[];
  /** Ways from the fork to the block's entry, and from where the block ends back to the fork. */
  entering: GraphEdge[];
  leaving: GraphEdge[];
}

export interface Blocks {
  root: Block;
  /** The blocks of each fork, by its id, in the order of its branches. */
  inside: Map<string, Block[]>;
}

/** Two ways between the same stages differ by their place in the list. */
export function keyOf(edge: GraphEdge, at: number): string {
  return `${edge.from} ${edge.to} ${edge.kind} ${at}`;
}

export function blocksOf(graph: Graph): Blocks {
  const home = new Map<string, Block>();
  const inside = new Map<string, Block[]>();
  const root = emptyBlock("");
  for (const node of graph.nodes) {
    const block = node.parent === "" ? root : branchOf(inside, node);
    block.nodes.push(node);
    home.set(node.id, block);
  }
  for (const edge of graph.edges) {
    const [from, to] = [home.get(edge.from), home.get(edge.to)];
    if (from === undefined || to === undefined) continue;
    if (edge.kind === "branch") to.entering.push(edge);
    else if (edge.kind === "join") from.leaving.push(edge);
    else if (from === to) from.edges.push(edge);
  }
  return { root, inside };
}

function branchOf(inside: Map<string, Block[]>, node: GraphNode): Block {
  const blocks = inside.get(node.parent) ?? [];
  inside.set(node.parent, blocks);
  let block = blocks.find((one) => one.branch === node.branch);
  if (block === undefined) blocks.push((block = emptyBlock(node.branch)));
  return block;
}

function emptyBlock(branch: string): Block {
  return { branch, nodes: [], edges: [], entering: [], leaving: [] };
}
