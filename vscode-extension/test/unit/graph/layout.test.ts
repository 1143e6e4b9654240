import { deepEqual, equal, ok } from "node:assert/strict";
import type { PlacedNode } from "../../../src/graph/webview/layout";
import { drawn, edge, graph, graphOf, layoutOf, NAMES, node, ready } from "./begun";

interface Box { x: number; y: number; width: number; height: number }

function apart(one: Box, other: Box): boolean {
  return one.x + one.width <= other.x || other.x + other.width <= one.x || one.y + one.height <= other.y || other.y + other.height <= one.y;
}

function inside(inner: Box, outer: Box): boolean {
  return inner.x >= outer.x && inner.y >= outer.y && inner.x + inner.width <= outer.x + outer.width && inner.y + inner.height <= outer.y + outer.height;
}

const centered = ({ x, y, width, height }: Box): Box => ({ x: x - width / 2, y: y - height / 2, width, height });

describe("the layout of a graph", () => {
  before(ready);

  for (const name of NAMES) {
    describe(`of ${name}`, () => {
      const placed = (): { nodes: PlacedNode[]; by: Map<string, PlacedNode>; made: ReturnType<typeof layoutOf> } => {
        const made = layoutOf(graphOf(name));
        return { nodes: made.nodes, by: new Map(made.nodes.map((one) => [one.node.id, one])), made };
      };

      it("places every node and every way", () => {
        const { made } = placed();
        const { nodes, edges } = graphOf(name);
        deepEqual(made.nodes.map((one) => one.node.id).sort(), nodes.map(({ id }) => id).sort());
        equal(made.edges.length, edges.length);
      });

      it("keeps nodes apart, and those of a fork inside of its box", () => {
        const { nodes, by } = placed();
        for (const one of nodes) {
          if (one.node.parent) {
            const fork = by.get(one.node.parent)!;
            const lane = fork.lanes.find((each) => each.name === one.node.branch)!;
            ok(inside(one, lane), `${one.node.id} stands in its strip`);
            ok(inside(lane, fork), `the strip ${lane.name} lies in its fork`);
          }
          for (const other of nodes) {
            if (one !== other && one.node.parent === other.node.parent) ok(apart(one, other), `${one.node.id} and ${other.node.id} are apart`);
          }
        }
      });

      it("begins and ends each way at its nodes", () => {
        const { by, made } = placed();
        for (const { edge, points } of made.edges) {
          const [from, to] = [by.get(edge.from)!, by.get(edge.to)!];
          const [first, last] = [points[0]!, points.at(-1)!];
          const near = (point: { x: number; y: number }, box: Box): boolean =>
            inside({ ...point, width: 0, height: 0 }, { x: box.x - 1, y: box.y - 1, width: box.width + 2, height: box.height + 2 });
          ok(near(first, from), `${edge.from} -> ${edge.to} begins at ${edge.from}`);
          ok(near(last, to), `${edge.from} -> ${edge.to} ends at ${edge.to}`);
        }
      });

      it("keeps labels off the nodes and off one another", () => {
        const { nodes, made } = placed();
        const labels = made.edges.flatMap(({ edge, label }) => (label ? [{ edge, box: centered(label) }] : []));
        for (const { edge, box } of labels) {
          for (const one of nodes) {
            if (one.lanes.length === 0) ok(apart(box, one), `the label of ${edge.from} -> ${edge.to} lies on ${one.node.id}`);
          }
          for (const other of labels) {
            if (other.edge !== edge) ok(apart(box, other.box), `the labels of ${edge.from} -> ${edge.to} and ${other.edge.from} -> ${other.edge.to}`);
          }
        }
      });

      it("leads each way straight under its label, and none under another's", () => {
        const { made } = placed();
        for (const { edge, label } of made.edges) {
          if (!label) continue;
          const box = centered(label);
          for (const other of made.edges) {
            const seen = other.edge === edge ? [] : course(other.points).filter((point) => !apart({ ...point, width: 0, height: 0 }, box));
            deepEqual(seen, [], `${other.edge.from} -> ${other.edge.to} runs under the label of ${edge.from} -> ${edge.to}`);
          }
          const own = course(made.edges.find((one) => one.edge === edge)!.points).filter(({ y }) => y >= box.y - 4 && y <= box.y + box.height + 4);
          if (edge.from !== edge.to) equal(new Set(own.map(({ x }) => Math.round(x))).size, 1, `${edge.from} -> ${edge.to} bends under its label`);
        }
      });

      it("does not lead a way through a node of its block", () => {
        const { nodes, made } = placed();
        for (const { edge, points } of made.edges) {
          for (const one of nodes) {
            if ([edge.from, edge.to].includes(one.node.id) || edge.kind === "branch" || edge.kind === "join") continue;
            const block = nodes.find(({ node }) => node.id === edge.from)!.node;
            if (one.node.parent !== block.parent || one.node.branch !== block.branch) continue;
            for (const point of points) ok(apart({ ...point, width: 0, height: 0 }, shrunk(one)), `${edge.from} -> ${edge.to} crosses ${one.node.id}`);
          }
        }
      });
    });
  }

  it("draws the way on downward, and the way back upward", () => {
    const { nodes, edges } = layoutOf(graph([node("a"), node("b")], [edge("a", "b"), edge("b", "a", { kind: "route" })]));
    ok(nodes[0]!.y < nodes[1]!.y);
    deepEqual(edges.map(({ back }) => back), [false, true]);
  });

  it("leads a stage that goes to itself around its right", () => {
    const { nodes, edges } = layoutOf(graph([node("a")], [edge("a", "a", { kind: "route", label: "again" })]));
    ok(edges[0]!.back);
    ok(edges[0]!.points.every(({ x }) => x >= nodes[0]!.x + nodes[0]!.width));
  });

  it("keeps two ways between the same stages beside one another", () => {
    const { edges } = layoutOf(graph([node("a"), node("b")], [edge("a", "b", { kind: "route", label: "x" }), edge("a", "b", { kind: "route", label: "y" })]));
    const [one, other] = edges.map(({ points }) => points[0]!.x) as [number, number];
    ok(Math.abs(one - other) >= 10);
  });

  it("is the same for the same graph, and takes one that is empty", () => {
    deepEqual(layoutOf(graphOf("gate")), layoutOf(graphOf("gate")));
    deepEqual(layoutOf(graph([], [])).nodes, []);
  });

  it("leaves out ways to what is not there", () => {
    equal(layoutOf(graph([node("a")], [edge("a", "gone")])).edges.length, 0);
  });

  it("draws the name of a target that is not there, and the way to it", () => {
    const scene = drawn(graph([node("a"), node("nott", { kind: "missing", label: "" })], [edge("a", "nott", { kind: "route" }), edge("a", "a")]));
    deepEqual(scene.nodes.map(({ title, words }) => [title, words])[1], ["nott", "nott: there is no such stage"]);
    deepEqual(scene.edges.map(({ lost }) => lost), [true, false]);
  });

  it("lays three hundred stages out in well under a second", function () {
    this.timeout(10_000);
    const nodes = Array.from({ length: 300 }, (_, at) => node(`s${at}`));
    const edges = nodes.slice(1).map(({ id }, at) => edge(`s${at}`, id));
    const more = nodes.slice(0, 290).flatMap(({ id }, at) => (at % 5 === 0 ? [edge(id, `s${at + 7}`, { kind: "route", label: "over" })] : []));
    layoutOf(graph(nodes.slice(0, 50), edges.slice(0, 49)));
    const begun = process.cpuUsage(); // not by the clock: others use the machine too
    layoutOf(graph(nodes, [...edges, ...more]));
    const took = process.cpuUsage(begun).user / 1000;
    ok(took < 1500, `${took.toFixed()} ms; alone on the machine it is 300`);
  });
});

/** A line may touch a node's border. */
function shrunk({ x, y, width, height }: Box): Box {
  return { x: x + 1, y: y + 1, width: width - 2, height: height - 2 };
}

/** Points along a line as it is drawn: upright at each of its points. */
function course(points: readonly { x: number; y: number }[]): { x: number; y: number }[] {
  return points.slice(1).flatMap((to, at) => {
    const from = points[at]!;
    return Array.from({ length: 41 }, (_, step) => {
      const t = step / 40;
      const [a, b, c, d] = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t ** 2 * (1 - t), t ** 3];
      const middle = (from.y + to.y) / 2;
      return { x: (a + b) * from.x + (c + d) * to.x, y: a * from.y + (b + c) * middle + d * to.y };
    });
  });
}
