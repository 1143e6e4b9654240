/** Texts cut into tokens by our grammars, exactly as the workbench does it: its library, and its own YAML grammars. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createOnigScanner, createOnigString, loadWASM } from "vscode-oniguruma";
import { type IGrammar, INITIAL, parseRawGrammar, Registry } from "vscode-textmate";

export type Scope = "source.pointsman.pipeline" | "source.pointsman.policy" | "source.yaml";
export interface Token {
  text: string;
  start: number;
  scopes: string[];
}

/** The extension's folder: the tests are started in it. */
export const ROOT = process.cwd();
const WORKBENCH = join(ROOT, "../.editors/code/node_modules/code-server/lib/vscode/extensions/yaml");

interface Contributed {
  contributes: { grammars: { scopeName: string; path: string }[] };
}

/** Where each grammar lies, as the two manifests say it. */
function places(): Map<string, string> {
  const found = new Map<string, string>();
  for (const folder of [WORKBENCH, ROOT]) {
    const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Contributed;
    for (const one of manifest.contributes.grammars) found.set(one.scopeName, join(folder, one.path));
  }
  return found;
}

let registry: Promise<Registry> | undefined;

async function made(): Promise<Registry> {
  const wasm = createRequire(join(ROOT, "package.json")).resolve("vscode-oniguruma/release/onig.wasm");
  await loadWASM(readFileSync(wasm));
  const known = places();
  return new Registry({
    onigLib: Promise.resolve({ createOnigScanner, createOnigString }),
    loadGrammar: async (scope) => {
      const path = known.get(scope);
      return path === undefined ? null : parseRawGrammar(readFileSync(path, "utf8"), path);
    },
  });
}

export async function grammar(scope: Scope): Promise<IGrammar> {
  registry ??= made();
  const found = await (await registry).loadGrammar(scope);
  if (found === null) throw new Error(`there is no grammar ${scope}`);
  return found;
}

/** The tokens of each line of a text. */
export async function tokens(scope: Scope, text: string): Promise<Token[][]> {
  const by = await grammar(scope);
  let state = INITIAL;
  return text.split("\n").map((line) => {
    const { tokens, ruleStack, stoppedEarly } = by.tokenizeLine(line, state);
    if (stoppedEarly) throw new Error(`a line that takes too long: ${line}`);
    state = ruleStack;
    return tokens.map(({ startIndex: start, endIndex, scopes }) => ({ text: line.slice(start, endIndex), start, scopes }));
  });
}
