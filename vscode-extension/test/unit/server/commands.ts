/** Real folders with real executables, for the tests that look for the command. */

import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A folder of its own for each test; gone after it. */
export function desk(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "pointsman-")));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A file, its folders with it. */
export function put(path: string, text = ""): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

/** An executable that says this when it is asked for its version. */
export function command(path: string, says = "pointsman 0.1.0", exit = 0): string {
  put(path, `#!/bin/sh\necho "${says}"\nexit ${exit}\n`);
  chmodSync(path, 0o755);
  return path;
}
