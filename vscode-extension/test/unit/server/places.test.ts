import { strict as assert } from "node:assert";
import { mkdirSync, symlinkSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { findRoot, placesOf, pythonOf } from "../../../src/server/places";
import { desk, put } from "./commands";

describe("where the command may lie", () => {
  const asked = (folder: string, more = {}) => ({ setting: "", folders: [folder], env: {}, ...more });
  const paths = (folder: string, more = {}) => placesOf(asked(folder, more)).map((place) => place.path);

  it("is looked for from the folder up to its workspace's root, then outside", () => {
    const root = desk();
    put(join(root, "pointsman.toml"));
    const folder = join(root, "a", "b");
    mkdirSync(folder, { recursive: true });
    assert.deepEqual(paths(folder, { env: { VIRTUAL_ENV: "/active", PATH: "/one:/two:relative:" } }), [
      join(folder, ".venv/bin/pointsman"),
      join(root, "a/.venv/bin/pointsman"),
      join(root, ".venv/bin/pointsman"),
      "/active/bin/pointsman",
      "/one/pointsman",
      "/two/pointsman",
    ]);
  });

  it("is first beside the python that the workspace names", () => {
    const root = desk();
    put(join(root, "pointsman.toml"), 'python = "env/bin/python"\n');
    assert.equal(paths(root)[0], join(root, "env/bin/pointsman"));
    put(join(root, "pointsman.toml"), 'python = "~/env/bin/python"\n');
    assert.equal(paths(root)[0], join(homedir(), "env/bin/pointsman"));
    put(join(root, "tools/python3.12"));
    put(join(root, "pointsman.toml"), 'python = "python3.12"\n');
    assert.equal(paths(root, { env: { PATH: `/none:${root}/tools` } })[0], join(root, "tools/pointsman"));
    assert.equal(paths(root, { env: { PATH: "/none" } })[0], join(root, ".venv/bin/pointsman"));
  });

  it("is what the setting says and nothing else", () => {
    const root = desk();
    const named = (setting: string, env = {}) => placesOf(asked(root, { setting, env }));
    assert.deepEqual(named("bin/pm"), [{ path: join(root, "bin/pm"), because: "the setting pointsman.command", named: true }]);
    assert.equal(named("/opt/pm")[0]?.path, "/opt/pm");
    assert.equal(named("~/pm")[0]?.path, join(homedir(), "pm"));
    put(join(root, "two/pm"));
    assert.equal(named("pm", { PATH: `${root}/one:${root}/two` })[0]?.path, join(root, "two/pm"));
    assert.equal(named("pm", { PATH: `${root}/one` })[0]?.path, join(root, "one/pm"));
  });

  it("is looked for in all folders that are open, each place once", () => {
    const [one, two] = [desk(), desk()];
    put(join(one, ".git/HEAD"));
    put(join(two, ".git/HEAD"));
    const found = placesOf({ setting: "", folders: [one, two], env: { PATH: "/bin:/bin" } });
    assert.deepEqual(found.map((place) => place.path), [
      join(one, ".venv/bin/pointsman"),
      join(two, ".venv/bin/pointsman"),
      "/bin/pointsman",
    ]);
  });

  it("begins a workspace where the server does", () => {
    const root = desk();
    mkdirSync(join(root, "a/b"), { recursive: true });
    mkdirSync(join(root, ".pointsman"));
    assert.equal(findRoot(join(root, "a/b")), root);
    symlinkSync(join(root, "a"), join(root, "link"));
    assert.equal(findRoot(join(root, "link/b")), root);
    put(join(root, "a/b/pointsman.toml"));
    assert.equal(findRoot(join(root, "link/b")), join(root, "a/b"));
  });
});

describe("the python of a settings file", () => {
  const read = (text: string) => pythonOf(put(join(desk(), "pointsman.toml"), text));
  const cases: [string, string][] = [
    ['python = ".venv/bin/python"', ".venv/bin/python"],
    ["env = ['A']\n  python='x'  # why", "x"],
    ['"python" = "a\\"b"', 'a"b'],
    ['[agents.a]\npython = "agents:a"', ""],
    ['# python = "no"', ""],
    ["pythonic = 'no'\r\npython = 'yes'\r\n", "yes"],
    ["python = 3", ""],
  ];
  for (const [text, python] of cases) {
    it(JSON.stringify(text), () => assert.equal(read(text), python));
  }
  it("is nothing without the file", () => assert.equal(pythonOf("/nowhere/pointsman.toml"), ""));
});
