/** Where a `pointsman` command may lie, in the order in which it is looked for. Knows no editor. */

import { readFileSync, realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, isAbsolute, join, resolve } from "node:path";

export type Environment = Readonly<Record<string, string | undefined>>;

/** What is known when the command is looked for. */
export interface Asked {
  /** The setting `pointsman.command`, empty when it is not set. */
  setting: string;
  /** The folders that are open, the first one first. */
  folders: readonly string[];
  env: Environment;
}

/** A file that may be the command, and why it is looked at. */
export interface Place {
  path: string;
  because: string;
  /** A place that a person has named: when it is no good, that is said, and nothing else is taken instead. */
  named: boolean;
}

const COMMAND = "pointsman";
const MARKS = ["pointsman.toml", ".pointsman", ".git"];

/** The nearest folder upward at which a workspace begins, as the server finds it; without one, the folder itself. */
export function findRoot(folder: string): string {
  const start = real(folder);
  return upward(start).find((here) => MARKS.some((mark) => exists(join(here, mark)))) ?? start;
}

/** All places, most telling first, each once. */
export function placesOf(asked: Asked): Place[] {
  const found = asked.setting === "" ? [...usual(asked)] : [named(asked)];
  return found.filter((place, at) => found.findIndex((other) => other.path === place.path) === at);
}

function* usual({ folders, env }: Asked): Generator<Place> {
  for (const root of folders.map(findRoot)) {
    const python = pythonOf(join(root, "pointsman.toml"));
    const interpreter = python.includes("/") ? resolve(root, home(python)) : onPath(python, env).find(exists);
    if (python !== "" && interpreter !== undefined) {
      yield { path: join(dirname(interpreter), COMMAND), because: "beside the python of pointsman.toml", named: false };
    }
  }
  for (const folder of folders) {
    const root = findRoot(folder);
    for (const here of upward(real(folder))) {
      yield { path: join(here, ".venv", "bin", COMMAND), because: "in .venv", named: false };
      if (here === root) break;
    }
  }
  if (env["VIRTUAL_ENV"]) {
    yield { path: join(env["VIRTUAL_ENV"], "bin", COMMAND), because: "in VIRTUAL_ENV", named: false };
  }
  for (const path of onPath(COMMAND, env)) {
    yield { path, because: "on PATH", named: false };
  }
}

/** `python` of a settings file; empty when the file or the key is missing. */
export function pythonOf(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return "";
  }
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*\[/.test(line)) return ""; // only keys before the first table are the workspace's own
    const found = /^\s*(?:python|"python")\s*=\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)')/.exec(line);
    if (found) return found[2] ?? (found[1] ?? "").replace(/\\(["\\])/g, "$1");
  }
  return "";
}

function named({ setting, folders, env }: Asked): Place {
  const because = "the setting pointsman.command";
  if (setting.includes("/") || setting.startsWith("~")) {
    return { path: resolve(folders[0] ?? "/", home(setting)), because, named: true };
  }
  const paths = onPath(setting, env);
  return { path: paths.find(exists) ?? paths[0] ?? setting, because, named: true };
}

function onPath(name: string, env: Environment): string[] {
  return (env["PATH"] ?? "").split(delimiter).filter(isAbsolute).map((folder) => join(folder, name));
}

function upward(folder: string): string[] {
  const above = dirname(folder);
  return above === folder ? [folder] : [folder, ...upward(above)];
}

function home(path: string): string {
  return path === "~" || path.startsWith("~/") ? join(homedir(), path.slice(1)) : path;
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
