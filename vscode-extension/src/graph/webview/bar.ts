/** The bar above the picture: which pipeline, which run, and the buttons of the camera. */

import { NEWEST, type RunChoice } from "../messages";
import { BUTTON } from "./icons";
import { element } from "./svg";

export interface Wishes {
  pipeline(name: string): void;
  run(run: string): void;
  zoom(factor: number): void;
  fit(): void;
}

const STEP = 1.25;

export class Bar {
  readonly root = document.createElement("header");
  private readonly pipelines = select("Pipeline");
  private readonly runs = select("Run that lights the graph");
  private readonly note = document.createElement("div");

  constructor(wishes: Wishes) {
    this.pipelines.addEventListener("change", () => wishes.pipeline(this.pipelines.value));
    this.runs.addEventListener("change", () => wishes.run(this.runs.value));
    this.note.className = "note";
    this.note.setAttribute("role", "status");
    const buttons = document.createElement("div");
    buttons.className = "buttons";
    buttons.append(
      button("Zoom Out (-)", BUTTON.out, () => wishes.zoom(1 / STEP)),
      button("Zoom In (+)", BUTTON.in, () => wishes.zoom(STEP)),
      button("Fit (0)", BUTTON.fit, () => wishes.fit()),
    );
    this.root.append(this.pipelines, this.runs, this.note, buttons);
    this.showPipelines([], "");
    this.showRuns([], NEWEST, "Newest run");
  }

  /** One pipeline needs no choice: its name is the panel's title. */
  showPipelines(names: readonly string[], chosen: string): void {
    this.pipelines.hidden = names.length < 2;
    fill(this.pipelines, names.map((name) => [name, name]), chosen);
  }

  showRuns(runs: readonly RunChoice[], chosen: string, newest: string): void {
    const known: [string, string][] = [[NEWEST, newest], ["", "No run"], ...runs.map((one): [string, string] => [one.run, one.label])];
    fill(this.runs, known, chosen);
  }

  say(note: string): void {
    this.note.textContent = note;
    this.note.title = note;
  }
}

function select(label: string): HTMLSelectElement {
  const made = document.createElement("select");
  made.setAttribute("aria-label", label);
  made.title = label;
  return made;
}

function fill(into: HTMLSelectElement, options: readonly [string, string][], chosen: string): void {
  const same = into.options.length === options.length && options.every(([value, label], at) => into.options[at]?.value === value && into.options[at].text === label);
  // Filling an open list would close it.
  if (!same) into.replaceChildren(...options.map(([value, label]) => new Option(label, value)));
  into.value = chosen;
}

function button(label: string, drawing: string, act: () => void): HTMLButtonElement {
  const made = document.createElement("button");
  made.title = label;
  made.setAttribute("aria-label", label);
  const icon = element("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" });
  icon.append(element("path", { d: drawing }));
  made.append(icon);
  made.addEventListener("click", act);
  return made;
}
