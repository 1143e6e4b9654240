import assert from "node:assert/strict";
import { contextOf, runActions, stageActions } from "../../../src/runs/actions";
import { definitionLine, type Shown, shown } from "../../../src/runs/rows";
import { RunStore } from "../../../src/runs/store";
import { RunTree, type RunRow } from "../../../src/runs/tree";
import type { DefinitionChanged, Run } from "../../../src/server/protocol";
import { aQuestion, aRun, aStage, NOW } from "./made";

function row(run: Partial<Run>, pick: (tree: RunTree, run: Run) => RunRow | undefined = (tree) => tree.ofRun("r1"), now = NOW): Shown {
  const store = new RunStore();
  store.replace([aRun(run)], NOW, NOW);
  return shown(store, pick(new RunTree(store), store.get("r1")!.run)!, now);
}

const stage = (index: number) => (tree: RunTree, of: Run): RunRow => tree.ofStage(of, index);

describe("a run's row", () => {
  it("says how it ended, how long it took and what it cost", () => {
    const says = row({});
    assert.equal(says.label, "15:42 support_triage");
    assert.equal(says.description, "completed · 2.1 s · 1,204 tokens · $0.01");
    assert.deepEqual([says.icon, says.colour], ["pass", "charts.green"]);
  });

  it("says where a live run is, and counts on", () => {
    const stages = [aStage("triage"), aStage("reply", { status: "running" })];
    const says = row({ live: true, status: "running", stages, tokens: 0, cost: 0 }, undefined, NOW + 3000);
    assert.equal(says.description, "running at reply · 5 s");
    assert.equal(says.expand, "open");
  });

  it("names the innermost of several stages", () => {
    const stages = [
      aStage("checks", { status: "running" }),
      ...["lint", "secrets", "risk"].map((name) => aStage(`checks.${name}`, { status: "running" })),
    ];
    assert.match(row({ live: true, status: "running", stages }).description, /^running at lint, secrets \+1 · /);
  });

  it("says what it asks", () => {
    const questions = [aQuestion(), aQuestion({ effect: "main/check#1", question: "Enough?" })];
    assert.match(row({ live: true, status: "asking", questions }).description, /^asks: Refund\? \+1 · 2 s/);
  });

  it("has a look for each status", () => {
    const statuses = [
      "running", "held", "asking", "waiting", "interrupted", "completed", "failed", "limit", "denied", "cancelled",
    ] as const;
    const looks = statuses.map((status) => row({ status })).map((says) => `${says.icon} ${says.colour}`);
    assert.equal(new Set(looks).size, statuses.length - 1, "only asking and waiting look alike");
  });

  it("has a tooltip with all there is to know, and nothing of it is read as Markdown", () => {
    const error = { class: "agent", code: "agent_error", stage: "reply", message: "no *such* <b>thing</b>" };
    const { tooltip } = row({ status: "failed", error, host: "server", rerunOf: "r0", note: "last good version" });
    assert.match(tooltip, /Run `r1`/);
    assert.match(tooltip, /Started 21 Nov 2026, 15:42:00/);
    assert.match(tooltip, /Host: server/);
    assert.match(tooltip, /Goes on from run `r0`/);
    assert.match(tooltip, /agent agent\\_error at reply: no \\\*such\\\* \\<b\\>thing/);
    assert.match(tooltip, /\$\(info\) last good version/);
  });
});

describe("the rows under a run", () => {
  it("say what a stage did", () => {
    assert.equal(row({ stages: [aStage("triage", { note: "→ refund: approve" })] }, stage(0)).description, "5 ms · → refund: approve");
  });

  it("mark what was re-used", () => {
    const says = row({ stages: [aStage("triage", { reused: true, note: "→ note" })] }, stage(0));
    assert.equal(says.description, "re-used · → note");
    assert.equal(says.icon, "history");
  });

  it("number later visits and attempts", () => {
    const says = row({ stages: [aStage("triage", { visit: 2, attempt: 3, status: "failed", note: "gone" })] }, stage(0));
    assert.equal(says.label, "triage #2");
    assert.equal(says.description, "failed · 5 ms · attempt 3 · gone");
  });

  it("count on while a stage runs, and do not repeat what it asks", () => {
    const stages = [aStage("approve", { status: "asking", tookMs: 1000, note: "Refund?" })];
    assert.equal(row({ live: true, status: "asking", stages }, stage(0), NOW + 2000).description, "asks · 3 s");
  });

  it("do not run in a run that was interrupted", () => {
    const says = row({ status: "interrupted", stages: [aStage("reply", { status: "running" })] }, stage(0));
    assert.deepEqual([says.description, says.icon], ["interrupted", "debug-disconnect"]);
  });

  it("stand still in a run that a debugger holds", () => {
    const says = row({ live: true, status: "held", stages: [aStage("reply", { status: "running" })] }, stage(0));
    assert.deepEqual([says.description, says.icon], ["held · 0 s", "debug-pause"]);
    assert.match(says.tooltip, /^\*\*reply\*\* held/);
  });

  it("open a fork", () => {
    const stages = [aStage("checks"), aStage("checks.lint")];
    assert.equal(row({ stages }, stage(0)).expand, "open");
    assert.equal(row({ stages }, stage(1)).label, "lint");
  });

  it("put a question with the time that is left", () => {
    const questions = [aQuestion({ expiresAt: NOW + 3_600_000 })];
    const says = row({ questions }, (tree) => tree.children(tree.ofRun("r1"))[0]);
    assert.deepEqual([says.label, says.description, says.click], ["Refund?", "approve · expires in 1 h 0 min", "answer"]);
  });

  it("say the error and its stage", () => {
    const error = { class: "limit", code: "limit", stage: "reply", message: "tokens are spent" };
    const says = row({ error }, (tree) => tree.children(tree.ofRun("r1"))[0]);
    assert.deepEqual([says.label, says.description], ["tokens are spent", "at reply · limit"]);
  });

  it("say that a file is broken, until then and no longer", () => {
    const store = new RunStore();
    const uri = "file:///shop/my%20triage.pipeline.yaml";
    const problem = { message: "no stage `x`", range: { start: { line: 11, character: 4 }, end: { line: 11, character: 5 } } };
    const change: DefinitionChanged = { uri, state: "broken", version: 2, at: NOW, affects: [], kept: true, problem };
    store.define(change);
    const says = shown(store, new RunTree(store).children()[0]!, NOW);
    assert.equal(says.label, "my triage.pipeline.yaml is broken");
    assert.equal(says.description, "the last good version stays live");
    assert.equal(definitionLine(change), "my triage.pipeline.yaml is broken at 12:5 (no stage `x`): the last good version stays live");
    const first = { ...change, kept: false };
    store.define(first);
    assert.equal(shown(store, new RunTree(store).children()[0]!, NOW).description, "", "there was none that could stay");
    assert.equal(definitionLine(first), "my triage.pipeline.yaml is broken at 12:5 (no stage `x`)");
    assert.equal(
      definitionLine({ ...change, state: "live", version: 3, affects: ["a", "b"] }),
      "my triage.pipeline.yaml is live in version 3; changed: a, b",
    );
  });
});

describe("what can be done", () => {
  it("depends on how a run stands", () => {
    const can = (run: Partial<Run>): string => contextOf("run", runActions(aRun(run)));
    assert.equal(can({}), "run open postMortem rerun events");
    assert.equal(can({ live: true, status: "running" }), "run open attach cancel events");
    assert.equal(can({ live: true, status: "asking", questions: [aQuestion()] }), "run open attach cancel answer events");
    assert.equal(can({ status: "waiting", questions: [aQuestion()] }), "run open postMortem answer resume rerun events");
    assert.equal(can({ status: "interrupted" }), "run open postMortem resume rerun events");
    assert.equal(can({ status: "failed", uri: "" }), "run postMortem events");
  });

  it("depends on where a stage lies", () => {
    const can = (run: Partial<Run>, ...of: Parameters<typeof aStage>): string => stageActions(aRun(run), aStage(...of)).join(" ");
    assert.equal(can({}, "triage"), "open fromHere changed");
    assert.equal(can({ live: true, status: "running" }, "triage"), "open changed");
    assert.equal(can({ live: true, status: "held" }, "triage"), "open fromHere changed");
    assert.equal(can({}, "triage", { status: "skipped" }), "open fromHere");
  });
});
