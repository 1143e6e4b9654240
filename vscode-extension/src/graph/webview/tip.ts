/** The hover: what a node or a way is, its whole condition, what the run made of it. */

export interface Tip {
  title: string;
  code: string;
  lines: string[];
}

const DELAY_MS = 250;
const AWAY = 14;

export class Tips {
  private readonly box = document.createElement("div");
  private timer: number | undefined;

  constructor(host: HTMLElement) {
    this.box.className = "tip";
    this.box.setAttribute("role", "tooltip");
    this.box.hidden = true;
    host.append(this.box);
  }

  /** Show it at a point of the window; at once when one is shown already. */
  show(tip: Tip, x: number, y: number): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.put(tip, x, y), this.box.hidden ? DELAY_MS : 0);
  }

  hide(): void {
    window.clearTimeout(this.timer);
    this.box.hidden = true;
  }

  private put({ title, code, lines }: Tip, x: number, y: number): void {
    const parts = [part("strong", title), ...(code ? [part("code", code)] : []), ...lines.map((line) => part("div", line))];
    this.box.replaceChildren(...parts);
    this.box.hidden = false;
    const { width, height } = this.box.getBoundingClientRect();
    const left = Math.min(x + AWAY, window.innerWidth - width - 8);
    const below = y + AWAY + height < window.innerHeight - 8;
    this.box.style.left = `${Math.max(8, left)}px`;
    this.box.style.top = `${Math.max(8, below ? y + AWAY : y - AWAY - height)}px`;
  }
}

function part(name: string, words: string): HTMLElement {
  const made = document.createElement(name);
  made.textContent = words;
  return made;
}
