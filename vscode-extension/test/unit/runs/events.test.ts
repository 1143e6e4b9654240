import assert from "node:assert/strict";
import { envelopeUri, eventAt, eventItems, eventsUri, listing, named, spanOf } from "../../../src/runs/events";
import { placeOf } from "../../../src/runs/opening";
import type { Graph } from "../../../src/server/protocol";
import { aRun, aStage, events } from "./made";

const STORY = events(`
   1 main run.started
   2 main stage.entered files
   3 main stage.routed → checks
   4 main stage.entered checks
   5 main forked
   6 main/checks#1.lint stage.skipped lint
   7 main/checks#1.risk stage.entered measure
   8 main/checks#1.risk stage.routed → score
   9 main/checks#1.lint branch.ended
  10 main/checks#1.risk stage.entered score
  11 main/checks#1.risk attempt.result
  12 main/checks#1.risk stage.routed → end
  13 main/checks#1.risk branch.ended
  14 main merged
  15 main stage.routed → compose
  16 main stage.failed compose
  17 main run.ended failed
`);
const STAGES = [
  aStage("files"),
  aStage("checks"),
  aStage("checks.lint", { branch: "main/checks#1.lint", status: "skipped" }),
  aStage("checks.risk.measure", { branch: "main/checks#1.risk" }),
  aStage("checks.risk.score", { branch: "main/checks#1.risk" }),
  aStage("compose", { status: "failed" }),
];

describe("the events of a stage", () => {
  it("lie on its branch, from where it was entered to where it was left", () => {
    assert.deepEqual(STAGES.map((_, index) => spanOf(STORY, STAGES, index)), [
      { first: 2, last: 3, over: true },
      { first: 4, last: 15, over: true },
      { first: 6, last: 6, over: true },
      { first: 7, last: 8, over: true },
      { first: 10, last: 12, over: true },
      { first: 16, last: 16, over: true },
    ]);
  });

  it("are not over while it goes on, and may not be there yet", () => {
    assert.deepEqual(spanOf(STORY.slice(0, 11), STAGES, 4), { first: 10, last: 11, over: false });
    assert.equal(spanOf(STORY.slice(0, 8), STAGES, 4), undefined);
  });

  it("go on after a failure that a route takes up", () => {
    const story = events("1 main stage.entered a\n2 main stage.failed a\n3 main stage.routed → b\n4 main stage.entered b");
    const stages = [aStage("a"), aStage("b")];
    assert.deepEqual(spanOf(story, stages, 0), { first: 1, last: 3, over: true });
    assert.deepEqual(spanOf(story, stages, 1), { first: 4, last: 4, over: false });
  });
});

describe("the documents of a run", () => {
  it("have addresses that say what they are", () => {
    assert.equal(envelopeUri("r1", 12), "pointsman-envelope:/r1/12.json");
    assert.deepEqual(named("/r1/12.json"), { run: "r1", seq: 12 });
    assert.deepEqual(named(new URL(eventsUri(aRun())).pathname), { run: "r1", seq: undefined });
    assert.equal(named("/r1/x.json"), undefined);
  });

  it("list events in columns, each with its number to click", () => {
    const text = listing(aRun(), "r1", STORY.slice(7, 11));
    const lines = text.split("\n");
    assert.equal(lines[0], "Run r1 of support_triage. A click on a number shows the envelope after that event.");
    assert.equal(lines[2], " 8   +0 ms  main/checks#1.risk  stage.routed    → score");
    assert.equal(lines[5], "11  +30 ms  main/checks#1.risk  attempt.result");
    assert.deepEqual(eventAt(lines[2]!), { seq: 8, start: 1, end: 2 });
    assert.equal(eventAt(lines[0]!), undefined);
  });

  it("give events to pick from, the last one first", () => {
    assert.deepEqual(eventItems(STORY.slice(0, 6))[0], {
      label: "6  stage.skipped", description: "+50 ms  main/checks#1.lint  lint", seq: 6,
    });
  });
});

describe("where a stage is written", () => {
  it("is said by the graph of its pipeline", () => {
    const at = (line: number): { start: { line: number; character: number }; end: { line: number; character: number } } => ({
      start: { line, character: 2 }, end: { line, character: 9 },
    });
    const node = { kind: "agent", label: "", parent: "", branch: "", range: at(5) } as const;
    const graph: Graph = {
      name: "support_triage", range: at(0), entry: "triage", edges: [],
      nodes: [{ ...node, id: "triage", name: "triage", nameRange: at(6) }, { ...node, id: "f.a.reply", name: "reply", nameRange: at(7) }],
    };
    assert.deepEqual(placeOf([graph], "support_triage", "triage"), at(6));
    assert.deepEqual(placeOf([graph], "support_triage", "reply"), at(7));
    assert.deepEqual(placeOf([graph], "support_triage", "gone"), { start: at(0).start, end: at(0).start });
    assert.equal(placeOf([], "support_triage"), undefined);
  });
});
