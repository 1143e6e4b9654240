import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { installWords, offersOf } from "../../../src/server/offers";
import { Restarts } from "../../../src/server/restarts";
import { unservedWords } from "../../../src/server/folders";
import { command, desk, put } from "./commands";

describe("starting again", () => {
  it("comes later each time, then not at all, and is forgiven after three minutes", () => {
    const restarts = new Restarts();
    assert.deepEqual([1, 2, 3, 4, 5, 6].map((now) => restarts.after(now)), [0, 1000, 2000, 4000, 8000, undefined]);
    assert.equal(restarts.after(181_000), 0);
    restarts.forget();
    assert.equal(restarts.after(181_001), 0);
  });
});

describe("several workspaces in one window", () => {
  it("are told apart by their own settings or runs", () => {
    const root = desk();
    put(join(root, ".git/HEAD"));
    for (const name of ["one", "two"]) put(join(root, name, "pointsman.toml"));
    put(join(root, "plain/x.pipeline.yaml"));
    const said = (...names: string[]) => unservedWords(names.map((name) => join(root, name)));
    assert.equal(said("one", "two"), "Runs of one/ are shown; open two/ in a window of its own to see its runs.");
    assert.equal(said("one", "plain"), undefined);
    assert.equal(said("one", "one/"), undefined);
    assert.equal(said(), undefined);
    put(join(root, "three/pointsman.toml"));
    assert.equal(
      said("two", "one", "three"),
      "Runs of two/ are shown; open each of one/, three/ in a window of its own to see their runs.",
    );
  });
});

describe("installing", () => {
  it("is offered where it can help", () => {
    assert.ok(offersOf({ trouble: "missing", named: false }).includes("Install into .venv..."));
    assert.ok(!offersOf({ trouble: "broken", named: false }).includes("Install into .venv..."));
  });

  it("gives way to the setting where that names a command that is no good", () => {
    assert.deepEqual(offersOf({ trouble: "missing", named: true }), ["Open Setting", "Clear Setting", "Try Again"]);
  });

  it("gives pip what was said, as one word", () => {
    const folder = desk();
    command(join(folder, ".venv/bin/python"), '$4|$5|$6');
    const said = execFileSync("sh", ["-c", installWords("/it's a; clone")], { cwd: folder, encoding: "utf8" });
    assert.equal(said, "--upgrade|/it's a; clone|\n");
  });
});
