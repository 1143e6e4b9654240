/** The few things we do to SVG elements. */

const SPACE = "http://www.w3.org/2000/svg";

export function element<K extends keyof SVGElementTagNameMap>(
  name: K, attributes: Record<string, string | number> = {},
): SVGElementTagNameMap[K] {
  const made = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

export function text(kind: string, x: number, y: number, words: string): SVGElement {
  const made = element("text", kind ? { class: kind, x, y } : { x, y });
  made.textContent = words;
  return made;
}

/** By style, so that a move can be animated. */
export function placed(group: SVGElement, x: number, y: number): void {
  group.style.transform = `translate(${x}px, ${y}px)`;
}

/** Make a layer's children those of the list, in its order. Those with a known key stay the same elements. */
export function children<T>(layer: SVGElement, all: readonly T[], key: (one: T) => string, draw: (group: SVGElement, one: T) => void): void {
  const known = new Map(([...layer.children] as SVGElement[]).map((one) => [one.dataset.key ?? "", one]));
  let before: Element | null = null;
  for (const one of all) {
    const id = key(one);
    const group = known.get(id) ?? element("g");
    known.delete(id);
    group.dataset.key = id;
    const state = group.dataset.status;
    group.replaceChildren();
    draw(group, one);
    if (state) group.dataset.status = state;
    // An element that is moved loses the focus: only what stands elsewhere is.
    const next: Element | null = before ? before.nextElementSibling : layer.firstElementChild;
    if (next !== group) layer.insertBefore(group, next);
    before = group;
  }
  for (const gone of known.values()) gone.remove();
}
