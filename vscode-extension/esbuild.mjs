// Bundles the extension: one file for the extension host, one for each webview (`src/<part>/webview/main.ts`, with the
// styles it imports), the schemas of the language from the docs. `--production` is what is packaged, `--tests` the tests.
import { cp, readdir, rm } from "node:fs/promises";
import { join, sep } from "node:path";
import { build } from "esbuild";

const production = process.argv.includes("--production");
const common = {
  bundle: true,
  minify: production,
  sourcemap: production ? false : "linked",
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
    external: ["vscode", "mocha"],
  });
} else {
  await rm("dist", { recursive: true, force: true });
  await build({
    ...common,
    entryPoints: ["src/extension.ts"],
    outfile: "dist/extension.js",
    platform: "node",
    format: "cjs",
    external: ["vscode"],
  });
  for (const page of await found("src", join("webview", "main.ts"))) {
    const part = page.split(sep).at(-3);
    await build({ ...common, entryPoints: [page], outfile: `dist/${part}.webview.js`, platform: "browser", format: "iife" });
  }
  await cp("../docs/reference/schemas", "dist/schemas", { recursive: true });
}
