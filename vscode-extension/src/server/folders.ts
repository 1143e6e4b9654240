/** Which of the open folders the server of this window knows, and what is said of the others. Knows no editor. */

import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { findRoot } from "./places";

/** What a person is told who has several workspaces open in one window; undefined when one server serves them all. */
export function unservedWords(folders: readonly string[]): string | undefined {
  const [served, ...others] = [...new Set(folders.map(findRoot))];
  const unserved = others.filter((root) => existsSync(join(root, "pointsman.toml")) || existsSync(join(root, ".pointsman")));
  if (served === undefined || unserved.length === 0) return undefined;
  const names = unserved.map((root) => `${basename(root)}/`);
  const [which, each] = names.length > 1 ? [`each of ${names.join(", ")}`, "their"] : [names[0], "its"];
  return `Runs of ${basename(served)}/ are shown; open ${which} in a window of its own to see ${each} runs.`;
}
