/** What the hover says of a node or a way. */

import type { EdgeLook, NodeLook } from "./lit";
import type { EdgeShape, NodeShape } from "./scene";
import type { Tip } from "./tip";

export interface Known {
  nodeAt(id: string): NodeShape | undefined;
  edgeAt(key: string): EdgeShape | undefined;
  lookOf(id: string): NodeLook | undefined;
  takenOf(key: string): EdgeLook | undefined;
}

export function tipOf(known: Known, key: string): Tip | null {
  const node = known.nodeAt(key);
  if (node) {
    const look = known.lookOf(key);
    const [title = "", ...lines] = node.words.split("; ");
    return { title, code: "", lines: [...lines, look?.words ?? "", look?.note ?? ""].filter(Boolean) };
  }
  const edge = known.edgeAt(key);
  if (!edge) return null;
  const look = known.takenOf(key);
  return { title: edge.words, code: edge.when, lines: look ? [takenWords(look)] : [] };
}

function takenWords({ count, shared }: EdgeLook): string {
  const times = count === 1 ? "once" : count === 2 ? "twice" : `${count} times`;
  return shared ? `Taken ${times}, counted together with the other ways between these two` : `Taken ${times}`;
}
