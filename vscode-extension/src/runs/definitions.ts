/** What happened to a saved file, as one line of the log. */

import type { DefinitionChanged } from "../server/protocol";
import { fileName } from "./rows";

/** `triage.pipeline.yaml is broken at 12:5 (no stage x): the last good version stays live` */
export function definitionLine({ uri, state, version, affects, problem }: DefinitionChanged): string {
  const name = fileName(uri);
  if (state === "live") return `${name} is live in version ${version}${affects.length > 0 ? `; changed: ${affects.join(", ")}` : ""}`;
  if (state === "gone") return `${name} is there no more`;
  const start = problem?.range.start;
  const where = start ? ` at ${start.line + 1}:${start.character + 1} (${problem.message})` : "";
  return `${name} is broken${where}: the last good version stays live`;
}
