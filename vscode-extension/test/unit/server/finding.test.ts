import { strict as assert } from "node:assert";
import { chmodSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { find, older } from "../../../src/server/finding";
import { command, desk, put } from "./commands";

describe("finding the command", () => {
  const search = (folder: string, more = {}) => find({ setting: "", folders: [folder], env: { PATH: join(folder, "path") }, ...more });
  const venv = (folder: string) => join(folder, ".venv/bin/pointsman");

  it("takes the first that works", async () => {
    const folder = desk();
    command(join(folder, "path/pointsman"), "pointsman 0.3.0");
    assert.deepEqual((await search(folder)).command, { path: join(folder, "path/pointsman"), version: "0.3.0", because: "on PATH" });
    command(venv(folder), "pointsman 0.2.0rc1");
    assert.deepEqual((await search(folder)).command, { path: venv(folder), version: "0.2.0rc1", because: "in .venv" });
  });

  it("says that there is none, and where it was looked for", async () => {
    const folder = desk();
    const { command: none, problem, looked } = await search(folder);
    assert.equal(none, undefined);
    assert.equal(problem?.trouble, "missing");
    assert.deepEqual(looked, [venv(folder), join(folder, "path/pointsman")]);
  });

  it("passes over what is broken, and says so", async () => {
    const folder = desk();
    command(venv(folder), "no module named pointsman", 1);
    command(join(folder, "path/pointsman"));
    const { command: found, problem, passed } = await search(folder);
    assert.equal(found?.because, "on PATH");
    assert.equal(problem, undefined);
    assert.deepEqual(passed.map((each) => each.trouble), ["broken"]);
  });

  it("tells what is wrong with one that is no good", async () => {
    const wrong = async (make: (path: string) => void) => {
      const folder = desk();
      make(venv(folder));
      const { problem } = await search(folder);
      return [problem?.trouble, problem?.message.replace(venv(folder), "X")];
    };
    assert.deepEqual(await wrong((path) => command(path, "boom", 3)), ["broken", "X does not work: it ends with 3, saying: boom."]);
    assert.deepEqual(await wrong((path) => command(path, "points 7")), [
      "foreign",
      'X is not Pointsman: asked for its version, it says "points 7".',
    ]);
    assert.deepEqual(await wrong((path) => command(path, "GNU points 7\nCopyright (C) 1999")), [
      "foreign",
      'X is not Pointsman: asked for its version, it says "GNU points 7".',
    ]);
    assert.deepEqual(await wrong((path) => command(path, "pointsman 0.0.9")), [
      "old",
      "X is Pointsman 0.0.9; this extension needs 0.1.0 or newer.",
    ]);
    assert.deepEqual(await wrong((path) => chmodSync(put(path, "#!/bin/sh\n"), 0o644)), ["broken", "X may not be executed."]);
    assert.deepEqual(await wrong((path) => chmodSync(put(path, "#!/gone/python -I\n"), 0o755)), [
      "broken",
      "X does not start: /gone/python -I is not there.",
    ]);
    assert.deepEqual(await wrong((path) => (put(join(path, "../x")), symlinkSync("/gone/pointsman", path))), [
      "broken",
      "X is a link that leads nowhere.",
    ]);
    assert.deepEqual(await wrong((path) => mkdirSync(path, { recursive: true })), [
      "missing",
      "The pointsman command was not found: neither in .venv nor on PATH.",
    ]);
  });

  it("takes nothing else when the setting names one that is no good", async () => {
    const folder = desk();
    command(venv(folder));
    const { command: none, problem } = await search(folder, { setting: "bin/pm" });
    assert.equal(none, undefined);
    assert.equal(problem?.message, `${join(folder, "bin/pm")} is not there (the setting pointsman.command).`);
    assert.equal(problem?.named, true);
    const dir = await search(folder, { setting: "./.venv" });
    assert.equal(dir.problem?.trouble, "broken");
  });

  it("says where Pointsman does not run", async () => {
    const { problem } = await find({ setting: "", folders: [desk()], env: {} }, "win32");
    assert.equal(problem?.trouble, "unsupported");
  });
});

describe("versions", () => {
  for (const [version, than, is] of [
    ["0.1.0", "0.1.0", false],
    ["0.1", "0.1.0", false],
    ["0.0.99", "0.1.0", true],
    ["0.10.0", "0.9.0", false],
    ["0.1.0.dev3", "0.1.0", false],
    ["1", "0.9", false],
  ] as const) {
    it(`${version} ${is ? "is" : "is not"} older than ${than}`, () => assert.equal(older(version, than), is));
  }
});
