/** Why a start was refused, as far as that says what helps. Knows no editor. */

export type Cause = "input" | "file" | "other";

/** `broken`: whether the editor shows errors in files of ours. */
export function causeOf(sentence: string, broken: boolean): Cause {
  if (/^the input\b|^input\b/i.test(sentence)) return "input";
  return broken ? "file" : "other";
}
