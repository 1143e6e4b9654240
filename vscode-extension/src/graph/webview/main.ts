/** The page of the graph view: takes in what the extension says, draws it, and tells what a person does with it. */

import "./style.css";
import type { FromPage, Kept, Light, ToPage } from "../messages";
import { NEWEST } from "../messages";
import { Bar } from "./bar";
import { Drawing } from "./drawing";
import { layOut } from "./layout";
import { looksOf, NO_LOOKS } from "./lit";
import { type Scene, sceneOf } from "./scene";
import { FACES, type Measure } from "./sizes";
import { Stage } from "./stage";
import { Tips } from "./tip";
import { tipOf } from "./telling";

interface Host {
  postMessage(message: FromPage): void;
  getState(): Kept | undefined;
  setState(state: Kept): void;
}
declare function acquireVsCodeApi(): Host;

const host = acquireVsCodeApi();
const measure = measuring();
const tell = (message: FromPage): void => host.postMessage(message);
const kept: Kept = { uri: "", pipeline: "", run: NEWEST, camera: null, ...host.getState() };
const drawing = new Drawing(measure);
const tips = new Tips(document.body);
const stage = new Stage(drawing, kept.camera, {
  moved: (camera) => keep({ camera }),
  reveal: (key, focus) => reveal(key, focus),
  over: (key, x, y) => hover(key, x, y),
});
const bar = new Bar({
  pipeline: (name) => tell({ type: "pipeline", name }),
  run: (run) => {
    keep({ run });
    tell({ type: "run", run });
  },
  zoom: (factor) => stage.zoom(factor),
  fit: () => stage.fit(),
});
const empty = document.createElement("p");
empty.className = "empty";
document.body.append(bar.root, drawing.root, empty);

let scene: Scene | null = null;
let light: Light | null = null;
let shown = "";

window.addEventListener("message", ({ data }: MessageEvent<ToPage>) => take(data));
tell({ type: "ready" });

function take(message: ToPage): void {
  switch (message.type) {
    case "graph":
      return draw(message);
    case "nothing":
      scene = null;
      drawing.root.classList.add("gone");
      empty.textContent = message.why;
      return;
    case "cursor":
      drawing.mark(message.id);
      return stage.look(message.id);
    case "runs":
      keep({ run: message.chosen });
      return bar.showRuns(message.runs, message.chosen, message.newest);
    case "light":
      light = message.light;
      return relight();
  }
}

function draw({ uri, pipelines, graph, stale }: ToPage & { type: "graph" }): void {
  const before = drawing.anchor();
  scene = sceneOf(layOut(graph, measure), graph.entry, measure);
  empty.textContent = "";
  drawing.root.classList.remove("gone");
  drawing.root.classList.toggle("stale", stale !== "");
  drawing.show(scene, graph.name);
  bar.showPipelines(pipelines, graph.name);
  bar.say(stale);
  const which = `${uri}#${graph.name}`;
  // The same pipeline keeps its place and its size; another one is shown from its top.
  const known = kept.camera !== null && kept.uri === uri && kept.pipeline === graph.name;
  if (shown !== which) stage.begin(scene, known);
  else stage.resize(scene, drawing.movedFrom(before));
  shown = which;
  keep({ uri, pipeline: graph.name });
  relight();
}

function relight(): void {
  drawing.light(scene && light ? looksOf(scene, light) : NO_LOOKS);
}

function reveal(key: string, focus: boolean): void {
  const range = drawing.nodeAt(key)?.range ?? drawing.edgeAt(key)?.range;
  if (range) tell({ type: "reveal", range, focus });
}

function hover(key: string | null, x: number, y: number): void {
  drawing.bring(key);
  const tip = key === null ? null : tipOf(drawing, key);
  if (tip) tips.show(tip, x, y);
  else tips.hide();
}

function keep(some: Partial<Kept>): void {
  host.setState(Object.assign(kept, some));
}

/** How wide the browser draws a text in the editor's fonts. */
function measuring(): Measure {
  const context = document.createElement("canvas").getContext("2d")!;
  const style = getComputedStyle(document.documentElement);
  const family = style.getPropertyValue("--vscode-font-family") || "sans-serif";
  const mono = style.getPropertyValue("--vscode-editor-font-family") || "monospace";
  return (text, face) => {
    const { size, weight } = FACES[face];
    context.font = `${weight} ${size}px ${face === "code" ? mono : family}`;
    return context.measureText(text).width;
  };
}
