/** What a person is offered when there is no usable command. Knows no editor. */

import type { Trouble } from "./finding";

export type Offer = "Install into .venv..." | "Choose..." | "Try Again" | "Show Log";

const OFFERS: Record<Trouble, Offer[]> = {
  missing: ["Install into .venv...", "Choose...", "Show Log"],
  old: ["Install into .venv...", "Choose...", "Try Again"],
  broken: ["Choose...", "Try Again", "Show Log"],
  foreign: ["Choose...", "Try Again", "Show Log"],
  unsupported: ["Show Log"],
};

export function offersOf(trouble: Trouble): Offer[] {
  return OFFERS[trouble];
}

/** What is typed into a terminal at the workspace's root to install from `what`. */
export function installWords(what: string): string {
  const quoted = `'${what.replaceAll("'", `'\\''`)}'`;
  return `{ test -d .venv || python3 -m venv .venv; } && .venv/bin/python -m pip install --upgrade ${quoted}`;
}
