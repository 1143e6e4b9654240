/** What the important lines of a debug adapter are about, as far as they are told otherwise here. Knows no editor. */

/** `question`: the run asks a person. `broken`: a file is, and its last good version runs. */
export type About = "question" | "broken";

export function aboutOf(category: string | undefined, text: string): About | undefined {
  if (category !== "important") return undefined;
  if (/^the run waits for an answer at /.test(text)) return "question";
  return /\bis broken \(line .*\bits last good version of \S+ runs\b/s.test(text) ? "broken" : undefined;
}
