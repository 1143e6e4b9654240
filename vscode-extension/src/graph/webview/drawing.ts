/** The picture in the page: what was drawn before is kept by its key, so focus, hover and animations go on. */

import { KIND, STATUS } from "./icons";
import type { Lane } from "./layout";
import { type EdgeLook, type Looks, NO_LOOKS, type NodeLook } from "./lit";
import type { EdgeShape, NodeShape, Scene } from "./scene";
import { FACES, HEADER_HEIGHT, isEnd, type Measure, OUTCOME, TEXT_LEFT } from "./sizes";
import { children, element, placed, text } from "./svg";

/** How much further in the text of a round or pointed node ends. */
const ROUND = 6;

export class Drawing {
  readonly root = element("svg", { class: "graph", role: "group", tabindex: "0" });
  readonly world = element("g", { class: "world" });
  private readonly boxes = element("g", { class: "boxes", "aria-hidden": "true" });
  private readonly lines = element("g", { class: "edges" });
  private readonly nodes = element("g", { class: "nodes" });
  private readonly labels = element("g", { class: "labels", "aria-hidden": "true" });
  private scene: Scene | null = null;
  private looks: Looks = NO_LOOKS;
  private cursor = "";

  constructor(private readonly measure: Measure) {
    // The keyboard goes through the nodes first: a way says what it joins.
    this.world.append(this.boxes, this.nodes, this.lines, this.labels);
    this.root.append(this.world);
  }

  show(scene: Scene, name: string): void {
    this.scene = scene;
    this.root.setAttribute("aria-label", `Graph of ${name}, ${scene.nodes.length} nodes`);
    const forks = scene.nodes.filter(({ lanes }) => lanes.length > 0);
    children(this.boxes, forks, ({ id }) => id, box);
    children(this.lines, scene.edges, ({ key }) => key, line);
    children(this.nodes, scene.nodes, ({ id }) => id, node);
    children(this.labels, scene.edges.filter(({ label }) => label), ({ key }) => key, label);
    this.light(this.looks);
    this.mark(this.cursor);
  }

  /** Lay a run over it. */
  light(looks: Looks): void {
    this.looks = looks;
    const lit = looks.nodes.size > 0 || looks.edges.size > 0;
    this.root.classList.toggle("lit", lit);
    this.root.classList.toggle("held", looks.held);
    for (const shape of this.scene?.nodes ?? []) {
      for (const layer of [this.nodes, this.boxes]) {
        const drawn = this.drawn(layer, shape.id);
        if (drawn) lightNode(drawn, shape, looks.nodes.get(shape.id), layer === this.nodes);
      }
    }
    for (const shape of this.scene?.edges ?? []) {
      const look = looks.edges.get(shape.key);
      const drawn = this.drawn(this.lines, shape.key);
      if (drawn) lightEdge(drawn, shape, look, this.measure);
      this.drawn(this.labels, shape.key)?.classList.toggle("taken", look !== undefined);
    }
  }

  /** Outline the stage under the editor's cursor. */
  mark(id: string): void {
    this.cursor = id;
    for (const layer of [this.nodes, this.boxes]) {
      for (const one of layer.children) one.classList.toggle("cursor", id !== "" && one.getAttribute("data-key") === id);
    }
  }

  /** Bring out what belongs together: a node and its ways, a way and its two ends. */
  bring(key: string | null): void {
    this.root.classList.toggle("hovering", key !== null);
    const edges = this.scene?.edges ?? [];
    const near = edges.filter((edge) => edge.key === key || edge.from === key || edge.to === key);
    const keys = new Set([key, ...near.flatMap((edge) => [edge.key, ...(edge.key === key ? [edge.from, edge.to] : [])])]);
    for (const layer of [this.lines, this.labels, this.nodes]) {
      for (const one of layer.children) one.classList.toggle("near", keys.has(one.getAttribute("data-key")));
    }
  }

  /** What the eye holds on to while the rest moves: the stage under the cursor, else the first. */
  anchor(): NodeShape | undefined {
    return this.nodeAt(this.cursor) ?? this.nodeAt(this.scene?.entry ?? "");
  }

  /** How far it has moved; not at all when it is gone. */
  movedFrom(before: NodeShape | undefined): { x: number; y: number } {
    const now = before && this.nodeAt(before.id);
    return before && now ? { x: now.x - before.x, y: now.y - before.y } : { x: 0, y: 0 };
  }

  nodeAt(id: string): NodeShape | undefined {
    return this.scene?.nodes.find((one) => one.id === id);
  }

  edgeAt(key: string): EdgeShape | undefined {
    return this.scene?.edges.find((one) => one.key === key);
  }

  lookOf(id: string): NodeLook | undefined {
    return this.looks.nodes.get(id);
  }

  takenOf(key: string): EdgeLook | undefined {
    return this.looks.edges.get(key);
  }

  private drawn(layer: SVGElement, key: string): SVGElement | undefined {
    return ([...layer.children] as SVGElement[]).find((one) => one.dataset.key === key);
  }
}

/** The frame of a fork, behind everything that is in it. */
function box(group: SVGElement, shape: NodeShape): void {
  group.setAttribute("class", `box depth-${shape.depth % 2}`);
  placed(group, shape.x, shape.y);
  group.append(
    element("path", { class: "frame", d: shape.outline }),
    ...shape.lanes.flatMap((lane) => laneOf(lane)),
    element("path", { class: "ring", d: shape.outline }),
  );
}

function laneOf(lane: Lane): SVGElement[] {
  const { x, y, width, height } = lane;
  return [
    element("rect", { class: "lane", x, y, width, height, rx: 6 }),
    text("lane-name", x + lane.middle, y + 15, lane.name),
  ];
}

function node(group: SVGElement, shape: NodeShape): void {
  const { kind, height, subtitle } = shape;
  const open = shape.lanes.length > 0;
  const end = isEnd(kind);
  group.setAttribute("class", `node ${kind}${open ? " open" : ""}`);
  group.setAttribute("role", "button");
  group.setAttribute("tabindex", "0");
  group.setAttribute("aria-label", shape.words);
  placed(group, shape.x, shape.y);
  const middle = open ? HEADER_HEIGHT / 2 : height / 2;
  const icon = element("g", { class: "icon" });
  icon.setAttribute("transform", `translate(${end ? 11 : 14} ${middle - 8})`);
  icon.append(element("path", { d: KIND[kind] }));
  const reach = open
    ? element("rect", { class: "reach", width: shape.width, height: HEADER_HEIGHT, rx: 8 })
    : element("path", { class: "body", d: shape.outline });
  group.append(reach, ...(open ? [] : [element("path", { class: "ring", d: shape.outline })]), icon);
  if (end || subtitle === "") group.append(text("title", end ? 33 : TEXT_LEFT, middle + 4.5, shape.title));
  else group.append(text("title", TEXT_LEFT, middle - 3, shape.title), text("subtitle", TEXT_LEFT, middle + 13, subtitle));
}

function line(group: SVGElement, shape: EdgeShape): void {
  group.setAttribute("class", `edge ${shape.kind}${shape.back ? " back" : ""}${shape.lost ? " lost" : ""}`);
  group.setAttribute("aria-label", shape.words);
  group.setAttribute("role", shape.range ? "button" : "img");
  if (shape.range) group.setAttribute("tabindex", "0");
  else group.removeAttribute("tabindex");
  group.append(
    element("path", { class: "hit", d: shape.line }),
    element("path", { class: "line", d: shape.line }),
    element("path", { class: "head", d: shape.head }),
  );
}

function label(group: SVGElement, shape: EdgeShape): void {
  const one = shape.label;
  if (!one) return;
  group.setAttribute("class", `label ${shape.kind} ${one.face}${shape.range ? "" : " plain"}`);
  placed(group, one.x - one.width / 2, one.y - one.height / 2);
  group.append(
    element("rect", { width: one.width, height: one.height, rx: one.height / 2 }),
    text("", one.width / 2, one.height / 2 + FACES[one.face].size * 0.36, one.text),
  );
}

function lightNode(group: SVGElement, shape: NodeShape, look: NodeLook | undefined, front: boolean): void {
  if (look) group.dataset.status = look.status;
  else delete group.dataset.status;
  group.classList.toggle("current", look?.current ?? false);
  group.classList.toggle("reused", look?.reused ?? false);
  if (!front) return;
  group.setAttribute("aria-label", [shape.words, look?.words].filter(Boolean).join(". "));
  group.querySelector(".outcome")?.remove();
  if (look && !isEnd(shape.kind)) group.append(outcome(shape, look));
}

/** At the right of a node: how it went and how often, below how long it took. */
function outcome(shape: NodeShape, look: NodeLook): SVGElement {
  const group = element("g", { class: "outcome", "aria-hidden": "true" });
  const right = shape.width - OUTCOME.right - (shape.kind === "ask" || shape.kind === "gate" ? ROUND : 0);
  const middle = shape.lanes.length > 0 ? HEADER_HEIGHT / 2 : shape.height / 2;
  const icon = element("g", { class: "icon" });
  icon.setAttribute("transform", `translate(${right - 12} ${middle - 14}) scale(.75)`);
  icon.append(element("path", { d: STATUS[look.held ? "held" : look.reused ? "reused" : look.status] }));
  group.append(icon);
  if (look.times) group.append(text("times", right - 17, middle - 4, look.times));
  if (look.took) group.append(text("took", right, middle + 13, look.took));
  return group;
}

function lightEdge(group: SVGElement, shape: EdgeShape, look: EdgeLook | undefined, measure: Measure): void {
  group.classList.toggle("taken", look !== undefined);
  group.querySelector(".count")?.remove();
  if (!look || look.count < 2) return;
  const said = `×${look.count}`;
  const count = element("g", { class: "count", "aria-hidden": "true" });
  const width = measure(said, "label") + 10;
  const at = shape.label ? { x: shape.label.x + shape.label.width / 2 + width / 2 + 3, y: shape.label.y } : shape.middle;
  placed(count, at.x - width / 2, at.y - 8);
  count.append(element("rect", { width, height: 16, rx: 8 }), text("", width / 2, 12, said));
  group.append(count);
}
