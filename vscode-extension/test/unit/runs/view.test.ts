import assert from "node:assert/strict";
import { mock } from "node:test";
import type { RunRow } from "../../../src/runs/tree";
import type { Run } from "../../../src/server/protocol";
import { ASKING, type Begun, begun, DONE, LIVE } from "./begun";
import { since } from "../../../src/common/words";
import { aRun, aStage, NOW } from "./made";
import { settled } from "./workbench";

describe("the runs view in a workbench", () => {
  let made: Begun;
  afterEach(() => made.dispose());

  /** Seconds go by one at a time: a longer leap would show every timer the time at its end. */
  const pass = (seconds: number): void => {
    for (let second = 0; second < seconds; second += 1) mock.timers.tick(1000);
  };
  const told = (...runs: Run[]): void => made.server.tell("pointsman/runsChanged", { runs });

  it("lists what the server knows", async () => {
    made = await begun(DONE, LIVE);
    const rows = made.tree.getChildren();
    assert.deepEqual(rows.map((row) => made.tree.getTreeItem(row).label), [NOW, NOW - 1000].map((at) => `${since(at, Date.now())} support_triage`));
    assert.deepEqual(rows.map((row) => row.key), ["live", "done"]);
    const item = made.tree.getTreeItem(rows[1]!);
    assert.equal(item.contextValue, "run open postMortem rerun events");
    assert.equal(item.id, "done");
  });

  it("draws only what has changed, and all when rows come", async () => {
    made = await begun(DONE, LIVE);
    told({ ...LIVE, tokens: 7 });
    told(aRun({ run: "new", startedAt: NOW + 1 }));
    assert.deepEqual(made.drawn, ["live", "all"]);
  });

  it("counts seconds only while it is seen and a run lives", async () => {
    mock.timers.enable({ apis: ["setInterval", "Date"], now: NOW } as never); // the types are of node 20, whose extension hosts we serve
    try {
      made = await begun(DONE, LIVE);
      pass(5);
      assert.deepEqual(made.drawn, []);
      made.bench.show(true);
      await settled();
      made.drawn.length = 0;
      pass(2);
      assert.deepEqual(made.drawn, ["live", "live"]);
      made.bench.show(false);
      pass(5);
      assert.equal(made.drawn.length, 2);
      made.bench.show(true);
      await settled();
      told({ ...LIVE, live: false, status: "completed" });
      made.drawn.length = 0;
      pass(5);
      assert.deepEqual(made.drawn, []);
    } finally {
      mock.timers.reset();
    }
  });

  it("counts old runs in larger steps, and not under a pointer", async () => {
    mock.timers.enable({ apis: ["setInterval", "Date"], now: NOW } as never);
    try {
      made = await begun({ ...LIVE, tookMs: 61_000 });
      made.bench.show(true);
      await settled();
      made.drawn.length = 0;
      pass(1);
      made.drawn.length = 0;
      pass(30);
      assert.deepEqual(made.drawn, ["live", "live", "live"]);
      told(LIVE);
      const item = made.tree.resolveTreeItem({}, made.tree.getChildren()[0]!);
      assert.match(String((item.tooltip as unknown as { given: unknown[] }).given[0]), /Run `live`/);
      made.drawn.length = 0;
      pass(4);
      assert.deepEqual(made.drawn, []);
      pass(2);
      assert.deepEqual(made.drawn, ["live", "live"]);
    } finally {
      mock.timers.reset();
    }
  });

  it("wears the number of runs that ask", async () => {
    made = await begun(DONE);
    assert.ok(!made.bench.view.badge);
    told(ASKING);
    assert.deepEqual(made.bench.view.badge, { value: 1, tooltip: "1 run asks a person" });
    told(LIVE);
    assert.equal(made.bench.view.badge, undefined);
  });

  it("says when the server does not run, and lists anew when it does", async () => {
    made = await begun(DONE);
    made.server.become("stopped");
    assert.match(made.bench.view.message!, /does not run/);
    made.server.become("running");
    assert.equal(made.bench.view.message, undefined);
    assert.deepEqual(made.server.asked.map(([method]) => method), ["pointsman/runs", "pointsman/runs"]);
  });

  it("shows a broken file until it is live again, and logs it", async () => {
    made = await begun(DONE);
    const range = { start: { line: 3, character: 2 }, end: { line: 3, character: 5 } };
    const change = { uri: "file:///shop/triage.pipeline.yaml", version: 2, at: NOW, affects: [], kept: true };
    made.server.tell("pointsman/definitionChanged", { ...change, state: "broken", problem: { message: "no stage x", range } });
    const [row] = made.tree.getChildren();
    assert.equal(made.tree.getTreeItem(row!).label, "triage.pipeline.yaml is broken");
    await made.bench.run("pointsman.runs.open", row);
    assert.deepEqual(made.bench.opened, ["file:///shop/triage.pipeline.yaml@3,2,3,5"]);
    made.server.tell("pointsman/definitionChanged", { ...change, state: "live" });
    assert.deepEqual(made.tree.getChildren().map((one) => one.key), ["done"]);
    assert.deepEqual(made.log, [
      "triage.pipeline.yaml is broken at 4:3 (no stage x): the last good version stays live",
      "triage.pipeline.yaml is live in version 2",
    ]);
  });

  it("shows a run that is too old to be listed", async () => {
    made = await begun(DONE);
    made.server.answers.set("pointsman/run", () => aRun({ run: "old", startedAt: 1, stages: [aStage("triage")] }));
    await made.bench.run("pointsman.showRun", "old", "triage");
    assert.deepEqual(made.bench.revealed.map((row) => (row as RunRow).key), ["old main triage 1"]);
    assert.deepEqual(made.tree.getChildren().map((row) => row.key), ["done", "old"]);
  });
});
