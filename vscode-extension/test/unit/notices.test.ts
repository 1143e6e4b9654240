import { strict as assert } from "node:assert";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { noticesOf, packagesOf } from "../../notices.mjs";

// The tests run in the extension's folder.
const manifest = JSON.parse(readFileSync("package.json", "utf8"));
const pages = readdirSync("src").map((part) => join("src", part, "webview/main.ts")).filter((page) => existsSync(page));

describe("the licences of what is bundled", () => {
  it("are all in the notices, with their texts", async () => {
    const { metafile, outputFiles } = await build({
      entryPoints: ["src/extension.ts", ...pages],
      bundle: true, write: false, metafile: true, platform: "node", external: ["vscode"], outdir: "dist",
    });
    const text = await noticesOf([metafile], ".");
    const folders = packagesOf([metafile], ".");
    assert.ok(folders.length >= 3);
    for (const folder of folders) {
      const { name, version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
      const at = text.indexOf(`${name} ${version} (`);
      assert.ok(at >= 0, name);
      assert.match(text.slice(at, at + 900), /permission|redistribution/i, name);
    }
    // Nothing that we name for bundling is missed, and nothing of it came in by another name.
    for (const name of ["vscode-languageclient", "@dagrejs/dagre"]) {
      assert.ok(manifest.devDependencies[name] && text.includes(`\n${name} ${manifest.devDependencies[name]} `), name);
    }
    assert.ok(outputFiles.length >= 2);
    const outside = Object.keys(metafile.inputs).filter((file) => !/^src\/|node_modules\//.test(file));
    assert.deepEqual(outside, []);
  });

  it("are those that may be bundled", async () => {
    const inputs = { "../node_modules/typescript/lib/x.js": { bytesInOutput: 1 } };
    const made = { inputs: {}, outputs: { "x.js": { bytes: 1, inputs, imports: [], exports: [] } } };
    assert.match(await noticesOf([made], "."), /^typescript \d.* \(Apache-2\.0\)$/m);
    const unknown = { ...made, outputs: { "x.js": { ...made.outputs["x.js"], inputs: { "../node_modules/@azu/style-format/x.js": { bytesInOutput: 1 } } } } };
    await assert.rejects(noticesOf([unknown], "."), /may not be bundled: its licence is WTFPL/);
  });
});
