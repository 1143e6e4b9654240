/** What is run: a file, and the pipeline in it where it holds several. Knows no editor. */

import { existsSync } from "node:fs";
import { basename, dirname, isAbsolute, join } from "node:path";

export interface Program {
  path: string;
  pipeline: string;
}

/** `file` or `file#name`; a relative one lies in `folder`. */
export function readProgram(program: string, folder: string | undefined): Program {
  const whole = isAbsolute(program) || folder === undefined ? program : join(folder, program);
  const mark = whole.lastIndexOf("#");
  if (mark < 0 || existsSync(whole)) return { path: whole, pipeline: "" };
  return { path: whole.slice(0, mark), pipeline: whole.slice(mark + 1) };
}

export function writeProgram({ path, pipeline }: Program): string {
  return pipeline === "" ? path : `${path}#${pipeline}`;
}

/** `triage` of `/shop/triage.pipeline.yaml`, the pipeline's own name where one is chosen. */
export function titleOf({ path, pipeline }: Program): string {
  return pipeline || basename(path).replace(/\.pipeline\.ya?ml$/, "");
}

/** The name of a session, for whoever starts it. */
export function sessionName(program: Program, how: { noDebug?: boolean; rerun?: unknown } = {}): string {
  return `${how.rerun ? "Go on" : how.noDebug ? "Run" : "Debug"} ${titleOf(program)}`;
}

/** What a launch.json names: of several folders the first in which it is there counts; undefined where more is to fill in. */
export function fillIn(named: string, folders: readonly string[], file: string | undefined): Program | undefined {
  const programs = (folders.length > 0 ? folders : [undefined]).flatMap((folder) => {
    const path = named.replaceAll("${workspaceFolder}", folder ?? "${workspaceFolder}").replaceAll("${file}", file ?? "${file}");
    return path.includes("${") ? [] : [readProgram(path, folder)];
  });
  return programs.find(({ path }) => existsSync(path)) ?? programs[0];
}

/** The place of a file that a configuration names, looked for where people mean it: in the folder, then beside the pipeline. */
export function placeFile(named: string, folder: string | undefined, program: string): string {
  if (isAbsolute(named)) return named;
  return [folder, dirname(program)].map((base) => (base ? join(base, named) : "")).find((path) => path && existsSync(path)) ?? named;
}

/** The language of a file of ours, by its name, behind which a debug adapter may say which version it is. */
export function languageOf(path: string): string | undefined {
  const kind = /\.(pipeline|policy)\.ya?ml\b/.exec(path)?.[1];
  return kind && `pointsman-${kind}`;
}
