/** What is coloured as what: pictures of whole files, and that the grammars know what the engine's tables know. */

import { deepEqual, equal, ok } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { ROOT, type Scope, type Token, tokens } from "./tokens";

const CASES = join(ROOT, "test/unit/grammar/cases");
const FILES: [string, Scope][] = [
  ["../examples/support_triage/triage.pipeline.yaml", "source.pointsman.pipeline"],
  ["../examples/support_triage/safety.policy.yaml", "source.pointsman.policy"],
  ["../examples/pull_request_gate/gate.pipeline.yaml", "source.pointsman.pipeline"],
  ["../examples/pull_request_gate/report_guard.policy.yaml", "source.pointsman.policy"],
  ["test/unit/grammar/cases/corners.pipeline.yaml", "source.pointsman.pipeline"],
  ["test/unit/grammar/cases/corners.policy.yaml", "source.pointsman.policy"],
];

interface Known {
  keys: string[];
  expressions: string[];
  measures: string[];
  choices: [string, string][];
}
interface Table {
  pipeline: Known;
  policy: Known;
  expression: { functions: string[]; macros: string[]; names: string[] };
}

/** A line as it is written, then each token of it with what it is: ours and what YAML says, without its frame. */
function picture(text: string, found: Token[][]): string {
  const lines = text.split("\n").map((line, at) => {
    const said = (found[at] ?? [])
      .filter((token) => token.text.trim() !== "")
      .map((token) => `    ${token.text.padEnd(24)} ${token.scopes.filter(telling).join(" ")}`.trimEnd());
    return [`| ${line}`.trimEnd(), ...said].join("\n");
  });
  return `${lines.join("\n")}\n`;
}

function telling(scope: string): boolean {
  return !scope.startsWith("source.") && !(scope.startsWith("meta.") && scope.endsWith(".yaml"));
}

/** The scopes of the last token with that text in the last line. */
async function scopes(scope: Scope, text: string, word: string): Promise<string[]> {
  const found = (await tokens(scope, text)).at(-1)?.findLast((token) => token.text.trim() === word);
  ok(found, `${word} is no token of ${text}`);
  return found.scopes;
}

const inStage = (line: string): string => `stages:\n  one:\n    ${line}`;
const inRule = (line: string): string => `rules:\n  - id: x\n    ${line}`;
const BOTH = [
  ["pipeline", "source.pointsman.pipeline", inStage],
  ["policy", "source.pointsman.policy", inRule],
] as const;

describe("grammars", function () {
  this.timeout(10_000);

  for (const [path, scope] of FILES) {
    it(`colours ${basename(path)} as its picture says`, async () => {
      const text = readFileSync(join(ROOT, path), "utf8");
      const shown = picture(text, await tokens(scope, text));
      const kept = join(CASES, `${basename(path)}.txt`);
      if (process.env.SNAPSHOTS === "write" || !existsSync(kept)) writeFileSync(kept, shown);
      equal(shown, readFileSync(kept, "utf8"), "if this is meant, run the tests once with SNAPSHOTS=write");
    });

    it(`leaves all else of ${basename(path)} as YAML has it`, async () => {
      const text = readFileSync(join(ROOT, path), "utf8");
      const [ours, theirs] = await Promise.all([tokens(scope, text), tokens("source.yaml", text)]);
      text.split("\n").forEach((line, at) => {
        for (let column = 0; column < line.length; column++) {
          const mine = at_(ours[at], column);
          if (line[column]?.trim() === "" || mine.some((one) => one.startsWith("meta.embedded"))) continue;
          if (mine.some((one) => one.includes("template"))) continue;
          const rest = mine.filter((one) => !one.includes("pointsman"));
          const yaml = at_(theirs[at], column).filter((one) => one !== "source.yaml" && !one.startsWith("constant.character"));
          const without = rest.filter((one) => !one.startsWith("constant.character"));
          deepEqual(without, yaml, `line ${at + 1}, column ${column + 1} of ${line}`);
        }
      });
    });
  }

  it("tells the bound of a retry from that of a route", async () => {
    const max = async (text: string): Promise<string> => (await scopes("source.pointsman.pipeline", text, "max")).find((one) => one.startsWith("keyword.")) ?? "";
    for (const retry of [inStage("retry: {attempts: 3, max: 60s, on: [timeout]}"), inStage("retry:\n      max: 60s"), "defaults: {timeout: 3s, retry: {max: 60s}}"]) {
      equal(await max(retry), "keyword.other.key.pointsman", retry);
    }
    for (const route of [inStage("routes: [{to: one, max: 3}]"), inStage("retry: {max: 60s}\n    routes:\n      - to: one\n        max: 3"), inStage("routes:\n      - {to: one, max: 3}")]) {
      equal(await max(route), "keyword.control.flow.pointsman", route);
    }
  });

  describe("know what the engine's tables know", () => {
    let table: Table;
    before(function () {
      this.timeout(60_000); // Python takes a while to start where a machine has other work
      const script = join(ROOT, "test/unit/grammar/table.py");
      table = JSON.parse(execFileSync(join(ROOT, "../.venv/bin/python"), [script], { encoding: "utf8" })) as Table;
    });

    for (const [kind, scope, place] of BOTH) {
      it(`the keys of a ${kind}`, async () => {
        for (const key of table[kind].keys) {
          const found = await scopes(scope, place(`${key}: 1`), key);
          ok(found.some((one) => one.startsWith("keyword.")), `${key} is no keyword: ${found.join(" ")}`);
        }
      });

      it(`which values of a ${kind} are expressions`, async () => {
        for (const key of table[kind].keys) {
          for (const line of [`${key}: a == b`, `{${key}: a == b, x: y}`, `${key}: >-\n      a == b`]) {
            const flow = line.startsWith("{");
            const text = flow ? place(`x: ${line}`) : place(line);
            const written = (await tokens(scope, text)).flat();
            const coloured = written.some((token) => token.scopes.some((one) => one.startsWith("keyword.operator.comparison")));
            const later = ["while", "for_each"].includes(key);
            if (!later) equal(coloured, table[kind].expressions.includes(key), `${line} in a ${kind}`);
          }
        }
      });

      it(`the words to choose from in a ${kind}`, async () => {
        for (const [key, word] of table[kind].choices) {
          const found = await scopes(scope, place(`${key}: ${word}`), word);
          ok(found.includes("constant.language.choice.pointsman"), `${key}: ${word} is ${found.join(" ")}`);
        }
      });

      it(`the measures of a ${kind}`, async () => {
        for (const key of table[kind].measures) {
          const found = await scopes(scope, place(`${key}: 30s`), "30");
          ok(found.includes("constant.numeric.pointsman"), `${key}: 30s is ${found.join(" ")}`);
        }
      });
    }

    it("the functions, macros and names of expressions", async () => {
      const when = (code: string, word: string): Promise<string[]> =>
        scopes("source.pointsman.pipeline", inStage(`when: ${code}`), word);
      for (const name of table.expression.functions) {
        const found = await when(`${name}(x)`, name.split(".").at(-1) ?? "");
        ok(found.includes("support.function.pointsman"), `${name} is ${found.join(" ")}`);
      }
      for (const name of table.expression.macros) {
        const found = await when(`a.${name}(x)`, name);
        ok(found.includes("support.function.macro.pointsman"), `${name} is ${found.join(" ")}`);
      }
      for (const name of table.expression.names) {
        const found = await when(`1 + ${name}`, name);
        ok(found.includes("variable.language.pointsman"), `${name} is ${found.join(" ")}`);
        const field = await when(`x.${name}`, name);
        ok(field.includes("variable.other.property.pointsman"), `.${name} is ${field.join(" ")}`);
      }
    });
  });
});

function at_(found: Token[] | undefined, column: number): string[] {
  return found?.findLast((token) => token.start <= column)?.scopes.filter((one) => !one.startsWith("source.")) ?? [];
}
