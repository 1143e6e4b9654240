import assert from "node:assert/strict";
import { RunStore, took } from "../../../src/runs/store";
import { RunTree, SHOWN, nesting, shortName } from "../../../src/runs/tree";
import { aQuestion, aRun, aStage, NOW } from "./made";

const FORK = [
  aStage("files"),
  aStage("checks"),
  aStage("checks.lint", { branch: "main/checks#1.lint" }),
  aStage("checks.risk.measure", { branch: "main/checks#1.risk" }),
  aStage("checks.risk.score", { branch: "main/checks#1.risk" }),
  aStage("compose"),
  aStage("checks", { visit: 2 }),
  aStage("checks.lint", { branch: "main/checks#2.lint" }),
];

function filled(...runs: Parameters<typeof aRun>[0][]): { store: RunStore; tree: RunTree } {
  const store = new RunStore();
  store.replace(runs.map((run) => aRun(run)), NOW, NOW);
  return { store, tree: new RunTree(store) };
}

describe("the runs this window knows", () => {
  it("shows live runs first, each group newest first", () => {
    const { store } = filled(
      { run: "old", startedAt: 1 }, { run: "new", startedAt: 3 }, { run: "live", startedAt: 2, live: true, status: "running" },
    );
    assert.deepEqual(store.order, ["live", "new", "old"]);
  });

  it("says whether rows came, went or moved", () => {
    const { store } = filled({ run: "a", startedAt: 2, live: true, status: "running" }, { run: "b", startedAt: 1 });
    assert.deepEqual(store.change([aRun({ run: "a", startedAt: 2, live: true, status: "held" })], NOW), { runs: ["a"], order: false });
    assert.equal(store.change([aRun({ run: "a", startedAt: 2 })], NOW).order, false, "it ended where it stood");
    assert.equal(store.change([aRun({ run: "c", startedAt: 3 })], NOW).order, true);
    assert.deepEqual(store.order, ["c", "a", "b"]);
  });

  it("keeps what was told after a listing was asked for", () => {
    const { store } = filled();
    store.change([aRun({ run: "a", status: "completed" })], NOW + 10);
    store.replace([aRun({ run: "a", status: "running", live: true })], NOW + 5, NOW + 20);
    assert.equal(store.get("a")!.run.status, "completed");
    store.replace([], NOW + 30, NOW + 40);
    assert.deepEqual(store.order, []);
  });

  it("keeps no run for ever that is over, and no row of it", () => {
    const { store, tree } = filled();
    for (let at = 0; at < 3000; at += 1) {
      store.change([aRun({ run: `r${at}`, startedAt: at, live: at === 0, questions: at === 1 ? [aQuestion()] : [] })], NOW);
      tree.children();
    }
    assert.equal(store.order.length, 202);
    assert.deepEqual([store.order[0], store.order[1], store.order.at(-1)], ["r0", "r2999", "r1"], "what lives or asks stays");
    assert.ok(tree.size < 2500, `${tree.size} rows`);
    assert.equal(tree.ofRun("r2999"), tree.ofRun("r2999"));
  });

  it("counts on for what lives", () => {
    assert.equal(took({ run: aRun({ live: true, tookMs: 100 }), at: NOW }, NOW + 400), 500);
    assert.equal(took({ run: aRun({ tookMs: 100 }), at: NOW }, NOW + 400), 100);
  });

  it("counts the runs that ask, live or parked", () => {
    const { store } = filled({ run: "a", questions: [aQuestion()], status: "waiting" }, { run: "b" });
    assert.deepEqual(store.asking().map((run) => run.run), ["a"]);
  });

  it("remembers a broken file until it is live again", () => {
    const { store, tree } = filled({ run: "a" });
    const change = { uri: "file:///shop/x.pipeline.yaml", version: 2, at: NOW, affects: [], kept: true };
    assert.equal(store.define({ ...change, state: "live" }), false);
    assert.equal(store.define({ ...change, state: "broken" }), true);
    assert.deepEqual(tree.children().map((row) => row.kind), ["broken", "run"]);
    assert.equal(store.define({ ...change, state: "live" }), true);
    assert.deepEqual(tree.children().map((row) => row.kind), ["run"]);
  });
});

describe("the tree of runs", () => {
  it("lays branches under the visit of the fork that opened them", () => {
    assert.deepEqual(nesting(FORK).parents, [-1, -1, 1, 1, 1, -1, -1, 6]);
    assert.equal(shortName(FORK, 4), "risk.score");
    assert.equal(shortName(FORK, 1), "checks");
  });

  it("gives questions, the error, then stages", () => {
    const error = { class: "agent", code: "agent_error", stage: "a", message: "no" };
    const { store, tree } = filled({ stages: FORK, questions: [aQuestion()], error });
    const run = tree.children()[0]!;
    assert.deepEqual(tree.children(run).map((row) => row.key), [
      "r1?main/approve#1", "r1!", "r1 main files 1", "r1 main checks 1", "r1 main compose 1", "r1 main checks 2",
    ]);
    assert.deepEqual(tree.children(tree.ofStage(store.get("r1")!.run, 1)).map((row) => row.key), [
      "r1 main/checks#1.lint lint 1", "r1 main/checks#1.risk measure 1", "r1 main/checks#1.risk score 1",
    ]);
  });

  it("is one object for each row, and knows what lies above", () => {
    const { store, tree } = filled({ stages: FORK });
    const run = tree.children()[0]!;
    store.change([aRun({ stages: FORK, tookMs: 3 })], NOW);
    assert.equal(tree.children()[0], run);
    assert.equal(tree.parent(tree.ofStage(store.get("r1")!.run, 3)), tree.ofStage(store.get("r1")!.run, 1));
    assert.equal(tree.parent(tree.ofStage(store.get("r1")!.run, 1)), run);
    assert.equal(tree.parent(run), undefined);
  });

  it("finds a stage's last visit by id or name", () => {
    const { tree } = filled({ stages: FORK });
    assert.equal(tree.find("r1", "checks")?.key, "r1 main checks 2");
    assert.equal(tree.find("r1", "score")?.key, "r1 main/checks#1.risk score 1");
    assert.equal(tree.find("r1", "nowhere"), undefined);
  });

  it("knows a visit again in a list that has lost its beginning", () => {
    const { store, tree } = filled({ stages: FORK });
    const row = tree.ofStage(store.get("r1")!.run, 6);
    store.change([aRun({ stages: FORK.slice(3) })], NOW);
    assert.equal(tree.ofStage(store.get("r1")!.run, 3), row);
  });

  it("tells visits without a number of their own apart", () => {
    const skipped = aStage("a", { status: "skipped" });
    assert.deepEqual(nesting([skipped, skipped]).lines, ["main a 1", "main a 1 2"]);
  });

  it("leaves out the beginning of a long run", () => {
    const stages = Array.from({ length: SHOWN + 7 }, (_, at) => aStage("loop", { visit: at + 1 }));
    const { tree } = filled({ stages });
    const rows = tree.children(tree.children()[0]);
    assert.deepEqual([rows.length, rows[0]!.kind, rows[1]!.key], [SHOWN + 1, "more", "r1 main loop 8"]);
  });
});
