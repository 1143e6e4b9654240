// Bundles the suite that runs inside the extension host into .editors/host, one file for each file of tests.
import { readdir, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = resolve(here, "../../../.editors/host");

await rm(out, { recursive: true, force: true });
const files = (await readdir(here)).filter((file) => file.endsWith(".test.ts"));
await build({
  entryPoints: ["index.ts", ...files].map((file) => join(here, file)),
  outdir: out,
  bundle: true,
  platform: "node",
  format: "cjs",
  target: "es2023",
  sourcemap: "inline",
  external: ["vscode", "mocha"],
  logLevel: "warning",
});
