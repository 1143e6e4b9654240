import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { installWords, offersOf } from "../../../src/server/offers";
import { Restarts } from "../../../src/server/restarts";
import { command, desk } from "./commands";

describe("starting again", () => {
  it("comes later each time, then not at all, and is forgiven after three minutes", () => {
    const restarts = new Restarts();
    assert.deepEqual([1, 2, 3, 4, 5, 6].map((now) => restarts.after(now)), [0, 1000, 2000, 4000, 8000, undefined]);
    assert.equal(restarts.after(181_000), 0);
    restarts.forget();
    assert.equal(restarts.after(181_001), 0);
  });
});

describe("installing", () => {
  it("is offered where it can help", () => {
    assert.ok(offersOf("missing").includes("Install into .venv..."));
    assert.ok(!offersOf("broken").includes("Install into .venv..."));
  });

  it("gives pip what was said, as one word", () => {
    const folder = desk();
    command(join(folder, ".venv/bin/python"), '$4|$5|$6');
    const said = execFileSync("sh", ["-c", installWords("/it's a; clone")], { cwd: folder, encoding: "utf8" });
    assert.equal(said, "--upgrade|/it's a; clone|\n");
  });
});
