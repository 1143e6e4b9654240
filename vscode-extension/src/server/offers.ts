/** What a person is offered when there is no usable command. Knows no editor. */

import type { Problem, Trouble } from "./finding";

export type Offer = "Install into .venv..." | "Choose..." | "Try Again" | "Open Setting" | "Clear Setting" | "Show Log";

const OFFERS: Record<Trouble, Offer[]> = {
  missing: ["Install into .venv...", "Choose...", "Show Log"],
  old: ["Install into .venv...", "Choose...", "Try Again"],
  broken: ["Choose...", "Try Again", "Show Log"],
  foreign: ["Choose...", "Try Again", "Show Log"],
  unsupported: ["Show Log"],
};

/** Where the setting names the command, nothing helps but the setting, or mending what it names. */
export function offersOf({ trouble, named }: Pick<Problem, "trouble" | "named">): Offer[] {
  return named ? ["Open Setting", "Clear Setting", "Try Again"] : OFFERS[trouble];
}

/** What is typed into a terminal at the workspace's root to install from `what`. */
export function installWords(what: string): string {
  const quoted = `'${what.replaceAll("'", `'\\''`)}'`;
  return `{ test -d .venv || python3 -m venv .venv; } && .venv/bin/python -m pip install --upgrade ${quoted}`;
}
