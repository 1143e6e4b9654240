/** Finds the `pointsman` command and asks it who it is. Knows no editor. */

import { execFile } from "node:child_process";
import { lstat, readFile, stat } from "node:fs/promises";
import { type Asked, type Environment, type Place, placesOf } from "./places";

/** The oldest command that speaks what this extension speaks. */
export const MINIMAL = "0.1.0";

export interface Command {
  path: string;
  version: string;
  because: string;
}
export type Trouble = "missing" | "broken" | "foreign" | "old" | "unsupported";
/** Why there is no command, in a sentence for people. */
export interface Problem {
  trouble: Trouble;
  /** The file that is meant; empty when there is none. */
  path: string;
  message: string;
  /** Whether the setting `pointsman.command` leads there. */
  named: boolean;
}
export interface Search {
  command?: Command;
  /** The trouble to show when there is no command. */
  problem?: Problem;
  /** What was passed over on the way, for the log. */
  passed: Problem[];
  /** Where it was looked for: when one of these appears or changes, look again. */
  looked: string[];
}

const PATIENCE_MS = 15_000; // a first start from a cold disk imports a good part of Python

/** Look through all places; the first good command is taken. */
export async function find(asked: Asked, platform: string = process.platform): Promise<Search> {
  if (platform === "win32") {
    const message = "Pointsman runs on Linux and macOS. On Windows, open the folder in WSL.";
    return { problem: { trouble: "unsupported", path: "", message, named: false }, passed: [], looked: [] };
  }
  const places = placesOf(asked);
  const looked = places.map((place) => place.path);
  const passed: Problem[] = [];
  for (const place of places) {
    const found = await look(place, asked.env);
    if (found === undefined) continue;
    if ("version" in found) return { command: found, passed, looked };
    passed.push(found);
  }
  const problem = passed[0] ?? {
    trouble: "missing",
    path: "",
    message: "The pointsman command was not found: neither in .venv nor on PATH.",
    named: false,
  };
  return { problem, passed, looked };
}

/** What lies at one place: a command, what is wrong with it, or nothing. */
export async function look(place: Place, env: Environment): Promise<Command | Problem | undefined> {
  const { path, because } = place;
  const trouble = (kind: Trouble, message: string): Problem => ({ trouble: kind, path, message, named: place.named });
  const file = await stat(path).catch(() => undefined);
  if (file === undefined) {
    if (await lstat(path).catch(() => undefined)) return trouble("broken", `${path} is a link that leads nowhere.`);
    return place.named ? trouble("missing", `${path} is not there (${because}).`) : undefined;
  }
  if (file.isDirectory()) {
    return place.named ? trouble("broken", `${path} is a folder, not a command (${because}).`) : undefined;
  }
  const said = await ask(path, env);
  if (said.code === "ENOENT") return trouble("broken", `${path} does not start: ${await missing(path)} is not there.`);
  if (said.code === "EACCES") return trouble("broken", `${path} may not be executed.`);
  if (said.code === "late") return trouble("broken", `${path} does not answer: --version took over ${PATIENCE_MS / 1000} s.`);
  if (said.code !== 0) {
    const words = last(said.err) || last(said.out);
    return trouble("broken", `${path} does not work: it ends with ${said.code}${words ? `, saying: ${words}` : ""}.`);
  }
  const version = /^pointsman (\d+(?:\.\d+)*\S*)\s*$/.exec(said.out)?.[1];
  if (version === undefined) {
    return trouble("foreign", `${path} is not Pointsman: asked for its version, it says "${first(said.out)}".`);
  }
  if (older(version, MINIMAL)) {
    return trouble("old", `${path} is Pointsman ${version}; this extension needs ${MINIMAL} or newer.`);
  }
  return { path, version, because };
}

/** Whether a version comes before another; what follows the numbers does not count. */
export function older(version: string, than: string): boolean {
  const [left, right] = [numbers(version), numbers(than)];
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

interface Said {
  code: number | string;
  out: string;
  err: string;
}

function ask(path: string, env: Environment): Promise<Said> {
  return new Promise((done) => {
    const options = { env: { ...env }, timeout: PATIENCE_MS, killSignal: "SIGKILL" as const, maxBuffer: 1 << 20 };
    try {
      const child = execFile(path, ["--version"], options, (error, out, err) => {
        const code = error === null ? 0 : error.killed ? "late" : (error.code ?? error.signal ?? "an error");
        done({ code, out, err });
      });
      child.stdin?.on("error", () => undefined).end(); // one that is no Pointsman may wait for words
    } catch (error) {
      done({ code: (error as NodeJS.ErrnoException).code ?? "an error", out: "", err: String(error) });
    }
  });
}

/** What a script lacks that exists and still can not be found: the interpreter of its first line. */
async function missing(path: string): Promise<string> {
  const first = (await readFile(path).catch(() => Buffer.alloc(0))).subarray(0, 512).toString("utf8").split("\n")[0] ?? "";
  return first.startsWith("#!") ? first.slice(2).trim() : "what it needs";
}

function first(words: string): string {
  return short(words.trim().split("\n")[0] ?? "");
}

function last(words: string): string {
  return short(words.trim().split("\n").at(-1) ?? "");
}

function short(words: string): string {
  const line = words.trim();
  return line.length > 200 ? `${line.slice(0, 200)}...` : line.replace(/\.$/, "");
}

function numbers(version: string): number[] {
  return (/^\d+(?:\.\d+)*/.exec(version)?.[0] ?? "0").split(".").map(Number);
}
