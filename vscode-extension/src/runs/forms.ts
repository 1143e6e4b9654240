/** A small JSON Schema as a few questions in a row; a larger one is answered in a JSON document that begins with an example. */

import { isObject } from "../common/values";

export type Step =
  | { kind: "pick"; key: string | null; title: string; optional: boolean; options: { label: string; value: unknown }[] }
  | { kind: "text"; key: string | null; title: string; optional: boolean; type: "string" | "number" | "integer"; initial: string };

/** More steps than this are better seen at once, in a document. */
const STEPS = 4;

/** The steps that ask for a value of the schema, or undefined where a document is needed. */
export function steps(schema: unknown): Step[] | undefined {
  if (!isObject(schema)) return undefined;
  const alone = step(schema, null, false);
  if (alone) return [alone];
  if (schema["type"] !== "object" || !isObject(schema["properties"]) || composed(schema)) return undefined;
  const properties = Object.entries(schema["properties"]);
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  if (properties.length === 0 || properties.length > STEPS) return undefined;
  if (required.some((name) => !properties.some(([key]) => key === name))) return undefined;
  const made = properties.map(([key, value]) => step(value, key, !required.includes(key)));
  return made.every((one) => one !== undefined) ? made : undefined;
}

/** The value that the answers to the steps make; `undefined` leaves a property out. */
export function assemble(asked: readonly Step[], given: readonly unknown[]): unknown {
  if (asked.length === 1 && asked[0]!.key === null) return given[0];
  return Object.fromEntries(asked.flatMap((one, at) => (given[at] === undefined ? [] : [[one.key!, given[at]]])));
}

/** What a text typed for a step stands for: `{value}`, or `{problem}`. */
export function typed(one: Extract<Step, { kind: "text" }>, text: string): { value: unknown } | { problem: string } {
  if (text === "" && one.optional) return { value: undefined };
  if (one.type === "string") return { value: text };
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) return { problem: "A number is needed here." };
  if (one.type === "integer" && !Number.isInteger(value)) return { problem: "A whole number is needed here." };
  return { value };
}

/** A value to begin with: defaults, first choices, and empty values of the right type. */
export function example(schema: unknown): unknown {
  if (!isObject(schema)) return {};
  if ("default" in schema) return schema["default"];
  if ("const" in schema) return schema["const"];
  if (Array.isArray(schema["examples"]) && schema["examples"].length > 0) return schema["examples"][0];
  if (Array.isArray(schema["enum"]) && schema["enum"].length > 0) return schema["enum"][0];
  for (const list of ["oneOf", "anyOf", "allOf"]) {
    const some = schema[list];
    if (Array.isArray(some) && some.length > 0) return example(some[0]);
  }
  const type = Array.isArray(schema["type"]) ? schema["type"][0] : schema["type"];
  switch (type) {
    case "string":
      return "";
    case "number":
    case "integer":
      return typeof schema["minimum"] === "number" ? schema["minimum"] : 0;
    case "boolean":
      return false;
    case "null":
      return null;
    case "array":
      return [];
    default: {
      const properties = isObject(schema["properties"]) ? schema["properties"] : {};
      return Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, example(value)]));
    }
  }
}

function step(schema: unknown, key: string | null, optional: boolean): Step | undefined {
  if (!isObject(schema) || composed(schema)) return undefined;
  const title = [key, schema["title"] ?? schema["description"]].filter((part) => typeof part === "string").join(": ");
  if (Array.isArray(schema["enum"]) && schema["enum"].length > 0) return pick(schema["enum"]);
  if ("const" in schema) return pick([schema["const"]]);
  switch (schema["type"]) {
    case "boolean":
      return pick([true, false]);
    case "string":
    case "number":
    case "integer": {
      const initial = schema["default"] === undefined ? "" : String(schema["default"]);
      return { kind: "text", key, title, optional, type: schema["type"], initial };
    }
    default:
      return undefined;
  }

  function pick(values: unknown[]): Step {
    const options = values.map((value) => ({ label: worded(value), value }));
    if (optional) options.push({ label: "Leave it out", value: undefined });
    return { kind: "pick", key, title, optional, options };
  }
}

function worded(value: unknown): string {
  if (value === true) return "Yes";
  if (value === false) return "No";
  return typeof value === "string" ? value : JSON.stringify(value);
}

function composed(schema: Record<string, unknown>): boolean {
  return ["oneOf", "anyOf", "allOf", "not", "if", "$ref"].some((word) => word in schema);
}
