/** Tells when a file that is not there may have appeared, or one that is there has changed. Knows no editor. */

import { type FSWatcher, existsSync, watch } from "node:fs";
import { basename, dirname } from "node:path";

const QUIET_MS = 300; // an installer writes many files; one look after it is enough

/** Watch these paths, which need not exist, nor their folders. Returns the end of it. */
export function watchFor(paths: readonly string[], told: () => void): () => void {
  let watchers = new Map<string, FSWatcher>();
  let timer: NodeJS.Timeout | undefined;
  let over = false;

  const tell = () => {
    if (over) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      arm();
      told();
    }, QUIET_MS);
  };
  const arm = () => {
    const wanted = new Map<string, Set<string>>();
    for (const path of paths) {
      const [folder, name] = nearest(path);
      wanted.set(folder, (wanted.get(folder) ?? new Set()).add(name));
    }
    const kept = new Map<string, FSWatcher>();
    for (const [folder, names] of wanted) {
      try {
        const watcher = watch(folder, (_, name) => {
          if (name === null || names.has(name) || name === basename(folder)) tell(); // the last: the folder itself went
        });
        watcher.on("error", tell);
        kept.set(folder, watcher);
      } catch {
        // It went between the look and the watch, or may not be watched: the next look finds out.
      }
    }
    for (const watcher of watchers.values()) watcher.close();
    watchers = kept;
  };

  arm();
  return () => {
    over = true;
    clearTimeout(timer);
    for (const watcher of watchers.values()) watcher.close();
  };
}

/** The deepest folder of a path that is there, and the name in it that the path goes on with. */
function nearest(path: string): [string, string] {
  const folder = dirname(path);
  if (existsSync(folder) || folder === path) return [folder, basename(path)];
  return nearest(folder);
}
