/** What hands do in the picture: pan, zoom, hover, click, keys. The camera is kept here. */

import { type Camera, fit, intoView, open, zoomed } from "./camera";
import type { Drawing } from "./drawing";
import type { Size } from "./sizes";

export interface Doings {
  moved(camera: Camera): void;
  /** Open what is drawn there; with `focus` the editor gets the keyboard. */
  reveal(key: string, focus: boolean): void;
  over(key: string | null, x: number, y: number): void;
}

/** Pixels a wheel must turn at once to be a mouse's: a finger on a pad moves by less, and pans. */
const NOTCH = 50;
const PAN = 60;
const STEP = 1.25;
/** A press that moves less than this is a click. */
const SLIP = 4;

export class Stage {
  private camera: Camera;
  private picture: Size = { width: 1, height: 1 };
  private begun = false;
  /** Whether a person has chosen what is seen; else all of it is shown, whatever an edit makes of it. */
  private own: boolean;
  private readonly root: SVGSVGElement;

  constructor(
    private readonly drawing: Drawing,
    camera: Camera | null,
    private readonly doings: Doings,
  ) {
    this.root = drawing.root;
    this.camera = camera ?? { x: 0, y: 0, scale: 1 };
    this.own = camera !== null;
    new ResizeObserver(() => this.begun && !this.own && this.set(open(this.picture, this.window()))).observe(this.root);
    this.root.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.root.addEventListener("pointerdown", (event) => this.press(event));
    this.root.addEventListener("pointermove", (event) => this.doings.over(event.buttons ? null : keyAt(event.target), event.clientX, event.clientY));
    this.root.addEventListener("pointerleave", () => this.doings.over(null, 0, 0));
    this.root.addEventListener("keydown", (event) => this.key(event));
    this.root.addEventListener("dblclick", (event) => {
      const key = keyAt(event.target);
      if (key) this.doings.reveal(key, true);
    });
    this.root.addEventListener("focusin", (event) => {
      const key = keyAt(event.target);
      if (key && (event.target as Element).matches(":focus-visible")) this.look(key);
    });
  }

  /** A new picture. One that is known keeps the camera that it had before the page was loaded again. */
  begin(picture: Size, known: boolean): void {
    this.picture = picture;
    this.begun = true;
    this.own = this.own && known;
    if (known) this.set(this.camera);
    else this.set(open(picture, this.window()));
  }

  /** The same pipeline after an edit. What a person looks at stays where it is, though the rest has moved by so much. */
  resize(picture: Size, by: { x: number; y: number }): void {
    this.picture = picture;
    const { x, y, scale } = this.camera;
    if (!this.own) this.set(open(picture, this.window()), true);
    else if (by.x !== 0 || by.y !== 0) this.set({ scale, x: x - by.x * scale, y: y - by.y * scale }, true);
  }

  /** Bring a node, or the middle of a way, into view, if it is not. */
  look(key: string): void {
    const way = this.drawing.edgeAt(key);
    const box = this.drawing.nodeAt(key) ?? (way && { ...way.middle, width: 0, height: 0 });
    if (!box || !this.begun) return;
    const moved = intoView(this.camera, box, this.window());
    if (moved !== this.camera) this.set(moved, true);
  }

  zoom(factor: number): void {
    this.own = true;
    const { width, height } = this.window();
    this.set(zoomed(this.camera, factor, { x: width / 2, y: height / 2 }), true);
  }

  fit(): void {
    this.own = false;
    this.set(fit(this.picture, this.window()), true);
  }

  private window(): Size {
    const { width, height } = this.root.getBoundingClientRect();
    return { width: Math.max(1, width), height: Math.max(1, height) };
  }

  private set(camera: Camera, gently = false): void {
    this.camera = camera;
    this.drawing.world.classList.toggle("gently", gently);
    this.drawing.world.style.transform = `translate(${camera.x}px, ${camera.y}px) scale(${camera.scale})`;
    this.doings.moved(camera);
  }

  private wheel(event: WheelEvent): void {
    event.preventDefault();
    this.own = true;
    this.doings.over(null, 0, 0);
    const { left, top } = this.root.getBoundingClientRect();
    const mouse = event.deltaMode !== 0 || (event.deltaX === 0 && Math.abs(event.deltaY) >= NOTCH);
    if (event.ctrlKey || event.metaKey || (mouse && !event.shiftKey)) {
      const turned = Math.max(-NOTCH, Math.min(NOTCH, event.deltaMode === 0 ? event.deltaY : event.deltaY * 20));
      this.set(zoomed(this.camera, Math.exp(-turned / (event.ctrlKey && !mouse ? 80 : 300)), { x: event.clientX - left, y: event.clientY - top }));
    } else {
      const sideways = event.shiftKey && event.deltaX === 0;
      this.pan(sideways ? -event.deltaY : -event.deltaX, sideways ? 0 : -event.deltaY);
    }
  }

  private press(event: PointerEvent): void {
    if (event.button !== 0 && event.button !== 1) return;
    const key = keyAt(event.target);
    const from = { x: event.clientX, y: event.clientY };
    let last = from;
    let moved = false;
    const move = (to: PointerEvent): void => {
      moved ||= Math.hypot(to.clientX - from.x, to.clientY - from.y) > SLIP;
      if (!moved) return;
      this.root.classList.add("panning");
      this.pan(to.clientX - last.x, to.clientY - last.y);
      last = { x: to.clientX, y: to.clientY };
    };
    const done = (): void => {
      this.root.classList.remove("panning");
      window.removeEventListener("pointermove", move);
      window.removeEventListener("pointerup", done);
      window.removeEventListener("pointercancel", done);
      if (!moved && key !== null && event.button === 0) this.doings.reveal(key, false);
    };
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", done);
    window.addEventListener("pointercancel", done);
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const acts: Record<string, () => void> = {
      Enter: () => this.enter(event),
      " ": () => this.enter(event),
      "+": () => this.zoom(STEP),
      "=": () => this.zoom(STEP),
      "-": () => this.zoom(1 / STEP),
      "0": () => this.fit(),
      ArrowLeft: () => this.pan(PAN, 0),
      ArrowRight: () => this.pan(-PAN, 0),
      ArrowUp: () => this.pan(0, PAN),
      ArrowDown: () => this.pan(0, -PAN),
    };
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  private enter(event: KeyboardEvent): void {
    const key = keyAt(event.target);
    if (key) this.doings.reveal(key, event.key === "Enter");
  }

  private pan(x: number, y: number): void {
    this.own = true;
    this.set({ ...this.camera, x: this.camera.x + x, y: this.camera.y + y });
  }
}

function keyAt(target: EventTarget | null): string | null {
  const found = target instanceof Element ? target.closest<SVGElement>("[data-key]") : null;
  // The frame of a fork is its ground: only its header is a thing to click.
  return found && !found.classList.contains("box") ? (found.dataset.key ?? null) : null;
}
