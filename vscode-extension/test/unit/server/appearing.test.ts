import { strict as assert } from "node:assert";
import { mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { watchFor } from "../../../src/server/appearing";
import { command, desk, put } from "./commands";

describe("a command that appears", () => {
  /** Each telling, to be waited for one after the other. */
  function tellings(paths: string[]): { next: () => Promise<void>; count: () => number } {
    let told = 0;
    let seen = 0;
    let wake = () => {};
    const end = watchFor(paths, () => {
      told++;
      wake();
    });
    after(end);
    return {
      count: () => told,
      next: async () => {
        while (told <= seen) await new Promise<void>((done) => (wake = done));
        seen = told;
      },
    };
  }

  it("is told, folder by folder, and told again when it changes or goes", async () => {
    const root = desk();
    const path = join(root, ".venv/bin/pointsman");
    const { next } = tellings([path]);
    mkdirSync(join(root, ".venv"));
    await next();
    mkdirSync(join(root, ".venv/bin"));
    await next();
    command(path);
    await next();
    command(path, "pointsman 0.2.0");
    await next();
    rmSync(join(root, ".venv"), { recursive: true });
    await next();
    put(join(root, "new/bin/pointsman"));
    renameSync(join(root, "new"), join(root, ".venv"));
    await next();
  });

  it("is told once for many files, and not for others", async () => {
    const root = desk();
    const { next, count } = tellings([join(root, ".venv/bin/pointsman"), join(root, "bin/pointsman")]);
    put(join(root, "other"));
    mkdirSync(join(root, "bin"));
    mkdirSync(join(root, ".venv/bin"), { recursive: true });
    await next();
    assert.equal(count(), 1);
  });
});
