import { deepEqual, equal } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { choicesOf, lightOf, litBy, newestWords, runsOf } from "../../../src/graph/choosing";
import { breaks, namedAt, PARTIAL, pipelineAt, shownAfter, STALE, stageAt, stageNamed } from "../../../src/graph/following";
import { NEWEST } from "../../../src/graph/messages";
import type { Run } from "../../../src/server/protocol";
import { graph, graphOf, node, ready } from "./begun";

const at = (line: number, character = 4): { line: number; character: number } => ({ line, character });

function run(id: string, more: Partial<Run> = {}): Run {
  return {
    run: id, pipeline: "p", uri: "file:///a", status: "completed", live: false, startedAt: 0, tookMs: 1200, tokens: 0, cost: 0,
    stages: [], questions: [], error: null, rerunOf: "", note: "", host: "", ...more,
  };
}

describe("the graph follows the text", () => {
  before(ready);

  it("finds the innermost stage around the cursor", () => {
    const gate = graphOf("gate");
    const found = (line: number): string => stageAt(gate, at(line));
    const { start, end } = gate.nodes.find(({ id }) => id === "checks.risk.measure")!.range;
    equal(found(start.line), "checks.risk.measure");
    equal(found(end.line), "checks.risk.measure");
    equal(found(gate.nodes.find(({ id }) => id === "checks")!.nameRange.start.line), "checks");
    equal(found(0), "");
  });

  it("finds the pipeline around the cursor, else the one that was shown", () => {
    const range = (from: number, to: number) => ({ start: at(from, 0), end: at(to, 0) });
    const [one, two] = [{ ...graph([node("a")], []), name: "one", range: range(0, 9) }, { ...graph([node("b")], []), name: "two", range: range(10, 20) }];
    equal(pipelineAt([one, two], at(12), "one"), two);
    equal(pipelineAt([one, two], undefined, "two"), two);
    equal(pipelineAt([one, two], at(40), "gone"), one);
    equal(pipelineAt([], at(0), ""), undefined);
  });

  it("finds by names where another version of the text stands", () => {
    const gate = graphOf("gate");
    const written = readFileSync("../examples/pull_request_gate/gate.pipeline.yaml", "utf8").split("\n");
    const text = ["# a line more", "", ...written];
    for (const { id, kind, nameRange } of gate.nodes) {
      if (kind === "end" || kind === "fail") continue;
      const { pipeline, path } = namedAt(text, nameRange.start.line + 2);
      deepEqual([pipeline, stageNamed(gate, path)], [gate.name, id]);
    }
    const made = graph([node("a"), node("b")], []);
    const lines = ["pipeline: 'one'", "stages:", "  b: {agent: x}", "---", "pipeline: two", "stages:", "  a:", "    routes:", "    - {to: b}", "", "    # more"];
    deepEqual(namedAt(lines, 2), { pipeline: "one", path: ["stages", "b"] });
    for (const line of [6, 7, 8]) deepEqual([namedAt(lines, line).pipeline, stageNamed(made, namedAt(lines, line).path)], ["two", "a"]);
    equal(stageNamed(made, namedAt(lines, 4).path), "");
    deepEqual(namedAt([], 3), { pipeline: "", path: [] });
  });

  it("keeps the last good graph while the text is broken, and says so", () => {
    const [good, less] = [graph([node("a"), node("b")], []), graph([node("a")], [])];
    deepEqual(shownAfter(good, false, undefined), { graph: good, stale: "" });
    deepEqual(shownAfter(less, true, good), { graph: good, stale: STALE });
    deepEqual(shownAfter(undefined, false, good), { graph: good, stale: STALE });
    deepEqual(shownAfter(less, true, undefined), { graph: less, stale: PARTIAL });
    deepEqual(shownAfter(graph([], []), false, undefined), { graph: undefined, stale: "" });
  });

  it("takes only YAML's own errors for a broken text", () => {
    equal(breaks("yaml_syntax"), true);
    equal(breaks({ value: "yaml_syntax", target: "x" }), true);
    equal(breaks("unknown_stage"), false);
    equal(breaks(undefined), false);
  });
});

describe("the run that lights the graph", () => {
  const same = (one: string, other: string): boolean => one === other;
  const old = run("1", { startedAt: 1 });
  const live = run("2", { startedAt: 2, live: true, status: "running" });
  const elsewhere = run("3", { startedAt: 3, live: true, uri: "file:///b" });

  it("is the newest live one of this pipeline, and stays when it has ended", () => {
    const runs = runsOf([old, elsewhere, live], "file:///a", "p", same);
    deepEqual(runs.map((one) => one.run), ["2", "1"]);
    equal(litBy(NEWEST, runs, ""), "2");
    const ended = [run("2", { startedAt: 2 }), old];
    equal(litBy(NEWEST, ended, "2"), "2");
    equal(litBy(NEWEST, ended, ""), "");
    equal(litBy(NEWEST, ended, "1"), "2", "what is called the newest is");
  });

  it("is the one a person has chosen, or none", () => {
    equal(litBy("1", [live, old], "2"), "1");
    equal(litBy("", [live, old], "2"), "");
    equal(litBy("gone", [live, old], "2"), "");
  });

  it("is named where the newest is chosen", () => {
    const now = new Date(2026, 0, 2, 17, 30, 0).getTime();
    const startedAt = new Date(2026, 0, 2, 17, 1, 0).getTime();
    equal(newestWords(run("2", { startedAt }), now), "Newest run: 17:01 completed");
    equal(newestWords(run("2", { startedAt, live: true, status: "running" }), now), "Newest run: live");
    equal(newestWords(run("2", { startedAt, live: true, status: "held" }), now), "Newest run: 17:01 held");
    equal(newestWords(undefined, now), "Newest run: none is live");
  });

  it("is offered with when, how and how long", () => {
    const now = new Date(2026, 0, 2, 12, 0, 5).getTime();
    const [choice] = choicesOf([run("1", { startedAt: new Date(2026, 0, 2, 11, 30, 0).getTime(), rerunOf: "0" })], now);
    equal(choice?.label, "11:30 · completed · 1.2 s · went on");
  });

  it("carries its notes, its questions and what it has re-used", () => {
    const stage = { stage: "ask", id: "ask", branch: "", visit: 1, tookMs: 0, note: "", attempt: 1, reused: false };
    const asked = run("1", {
      stages: [{ ...stage, stage: "a", id: "a", status: "done", reused: true, note: "kept" }, { ...stage, status: "asking" }],
      questions: [{ effect: "e", stage: "ask", what: "confirmation", question: "Go on?", assignee: "", schema: {}, expiresAt: null }],
    });
    const light = lightOf(asked, { stages: {}, edges: {}, current: [] });
    deepEqual([light.reused, light.notes], [["a"], { a: "kept", ask: "Go on?" }]);
  });
});
