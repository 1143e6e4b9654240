/** What is known of a pipeline's input, made into what a person can choose from. Knows no editor. */

import { isObject } from "../common/values";
import type { InputShape } from "../server/protocol";

/** What the server shows instead of a value it may not show. */
const HIDDEN = "•••";
const WIDE = 100;
const KEPT = 5;

/** The only field of an input that has no other. */
export interface Field {
  name: string;
  type: string;
  description: string;
}

export type Choice =
  | { kind: "value"; label: string; detail: string; value: unknown }
  | { kind: "file"; label: string; detail: string }
  | { kind: "write"; label: string; detail: string; text: string };

/** Whether a run can not begin without an input that somebody gives. */
export function needsInput(schema: unknown): boolean {
  if (!isObject(schema)) return false;
  if (Array.isArray(schema["required"])) return schema["required"].length > 0;
  return typeof schema["type"] === "string" && schema["type"] !== "object";
}

/** The field of an input that consists of one plain value: it can be typed where one chooses. */
export function onlyField(schema: unknown): Field | undefined {
  if (!isObject(schema) || !isObject(schema["properties"])) return undefined;
  const [entry, ...others] = Object.entries(schema["properties"]);
  if (entry === undefined || others.length > 0) return undefined;
  const [name, rule] = entry;
  const type = isObject(rule) ? rule["type"] : undefined;
  if (!isObject(rule) || typeof type !== "string" || !["string", "number", "integer", "boolean"].includes(type)) return undefined;
  return { name, type, description: typeof rule["description"] === "string" ? rule["description"] : "" };
}

/** A typed word as the field's value; undefined when it is none of its type. */
export function readField(field: Field, typed: string): unknown {
  if (field.type === "string") return typed;
  const word = typed.trim();
  if (field.type === "boolean") return word === "true" ? true : word === "false" ? false : undefined;
  const number = word === "" ? NaN : Number(word);
  if (!Number.isFinite(number) || (field.type === "integer" && !Number.isInteger(number))) return undefined;
  return number;
}

/** What a person can choose from: what was used before, an example, a file, or writing it. */
export function choicesOf(shape: InputShape, remembered: readonly unknown[]): Choice[] {
  const field = onlyField(shape.schema);
  const choices: Choice[] = [];
  const known = new Set<string>();
  const offer = (value: unknown, detail: string) => {
    const text = JSON.stringify(value);
    if (text === undefined || text.includes(HIDDEN) || known.has(text)) return;
    known.add(text);
    choices.push({ kind: "value", label: shown(value, field), detail, value });
  };
  for (const value of remembered) offer(value, "used before");
  if (shape.last !== null) offer(shape.last, "the last run's input");
  if (!isEmpty(shape.example)) offer(shape.example, "an example");
  choices.push({ kind: "file", label: "A JSON file...", detail: "of this workspace" });
  if (field === undefined) {
    const start = [...remembered, shape.last, shape.example].find((value) => value !== null && value !== undefined) ?? {};
    choices.push({ kind: "write", label: "Write it...", detail: "as JSON", text: `${JSON.stringify(start, null, 2)}\n` });
  }
  return choices;
}

/** The inputs to remember after this one was used, newest first. */
export function remember(earlier: readonly unknown[], value: unknown): unknown[] {
  return [value, ...forget(earlier, value)].slice(0, KEPT);
}

export function forget(earlier: readonly unknown[], value: unknown): unknown[] {
  const text = JSON.stringify(value);
  return earlier.filter((each) => JSON.stringify(each) !== text);
}

/** A value in a line. */
export function shown(value: unknown, field?: Field): string {
  const only = field && isObject(value) ? value[field.name] : undefined;
  const text = typeof only === "string" ? only.replace(/\s+/g, " ") : JSON.stringify(only ?? value);
  return text.length > WIDE ? `${text.slice(0, WIDE)}...` : text;
}

/** An input that stands in a launch configuration as text, as `${command:pointsman.pickInput}` leaves it there. */
export function readGiven(given: unknown): unknown {
  if (typeof given !== "string" || !/^\s*[{["]/.test(given)) return given;
  try {
    return JSON.parse(given);
  } catch {
    return given; // a file of a strange name
  }
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === "") return true;
  return isObject(value) && Object.values(value).every(isEmpty);
}
