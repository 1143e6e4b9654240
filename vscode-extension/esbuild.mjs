// Bundles the extension: one file for the extension host, one for each webview (`src/<part>/webview/main.ts`, with the
// styles it imports), the schemas of the language from the docs, and the licences of what is bundled. `--production` is what is packaged, `--tests`
// the tests.
import { copyFile, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join, sep } from "node:path";
import { build } from "esbuild";
import { noticesOf } from "./notices.mjs";

const production = process.argv.includes("--production");
const common = {
  bundle: true,
  minify: production,
  sourcemap: production ? false : "linked",
  metafile: true,
  logLevel: "warning",
  target: "es2024",
};

async function found(folder, end) {
  const files = await readdir(folder, { recursive: true });
  return files.filter((file) => file.endsWith(end)).map((file) => join(folder, file)).sort();
}

if (process.argv.includes("--tests")) {
  await rm("dist/test", { recursive: true, force: true });
  await build({
    ...common,
    entryPoints: await found("test/unit", ".ts"),
    outdir: "dist/test",
    platform: "node",
    format: "cjs",
    external: ["vscode", "mocha", "esbuild"],
  });
} else {
  await rm("dist", { recursive: true, force: true });
  const extension = await build({
    ...common,
    entryPoints: ["src/extension.ts"],
    outfile: "dist/extension.js",
    platform: "node",
    format: "cjs",
    external: ["vscode"],
  });
  const made = [extension.metafile];
  for (const page of await found("src", join("webview", "main.ts"))) {
    const part = page.split(sep).at(-3);
    const outfile = `dist/${part}.webview.js`;
    made.push((await build({ ...common, entryPoints: [page], outfile, platform: "browser", format: "iife" })).metafile);
  }
  await writeFile("dist/THIRD_PARTY_NOTICES.txt", await noticesOf(made, "."));
  await mkdir("dist/schemas");
  for (const kind of ["pipeline", "policy"]) {
    await copyFile(`../docs/reference/schemas/${kind}.schema.json`, `dist/schemas/${kind}.schema.json`);
  }
}
