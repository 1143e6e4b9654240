/** What the workbench calls in the extension host: every file of tests here, and the outcome as JSON for the driver. */

import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Mocha from "mocha";

interface Outcome {
  title: string;
  took: number;
  problem: string | null;
}

export async function run(): Promise<void> {
  const mocha = new Mocha({ ui: "tdd", timeout: 60_000, slow: 5_000, reporter: "min", grep: process.env["POINTSMAN_HOST_GREP"] });
  for (const file of readdirSync(__dirname).filter((name) => name.endsWith(".test.js")).sort()) {
    mocha.addFile(join(__dirname, file));
  }
  const outcomes: Outcome[] = [];
  await new Promise<void>((resolve) => {
    const runner = mocha.run(() => resolve());
    runner.on("pass", (test) => outcomes.push({ title: test.fullTitle(), took: test.duration ?? 0, problem: null }));
    runner.on("fail", (test, error: Error) => {
      outcomes.push({ title: test.fullTitle(), took: test.duration ?? 0, problem: error.stack ?? String(error) });
    });
  });
  const to = process.env["POINTSMAN_HOST_OUTCOMES"];
  if (to === undefined) throw new Error("POINTSMAN_HOST_OUTCOMES names no file for the outcomes");
  writeFileSync(to, JSON.stringify(outcomes));
  if (outcomes.some((one) => one.problem !== null)) throw new Error("some tests have failed");
}
