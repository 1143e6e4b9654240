// The licences of what is bundled, from what esbuild says it has put in: their texts go into the package.
import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";

const PACKAGE = /^(.*\bnode_modules\/((?:@[^/]+\/)?[^/]+))\//;
const FREE = new Set(["MIT", "ISC", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "BlueOak-1.0.0", "0BSD"]);

/** The folders of the packages that bundles are made of, by esbuild's metafiles; paths are those of `folder`. */
export function packagesOf(metafiles, folder) {
  const files = metafiles.flatMap((made) => Object.values(made.outputs).flatMap((output) => Object.keys(output.inputs)));
  return [...new Set(files.flatMap((file) => PACKAGE.exec(file)?.[1] ?? []).map((found) => resolve(folder, found)))].sort();
}

/** Their names, versions and licences as one text. Fails for a package without one, or with one that we do not take. */
export async function noticesOf(metafiles, folder) {
  const parts = await Promise.all(packagesOf(metafiles, folder).map(notice));
  return ["The extension contains these packages.\n", ...new Set(parts)].join(`\n${"-".repeat(80)}\n\n`);
}

async function notice(folder) {
  const { name, version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  if (!FREE.has(license)) throw new Error(`${name} ${version} may not be bundled: its licence is ${license}`);
  const file = (await readdir(folder)).find((each) => /^licen[cs]e(\.\w+)?$/i.test(each));
  if (file === undefined) throw new Error(`${name} ${version} has no licence text`);
  return `${name} ${version} (${license})\n\n${(await readFile(join(folder, file), "utf8")).replaceAll("\r\n", "\n").trim()}\n`;
}
