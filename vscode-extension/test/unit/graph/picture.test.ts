import { deepEqual, equal, ok } from "node:assert/strict";
import type { Light } from "../../../src/graph/messages";
import { fit, intoView, open, zoomed } from "../../../src/graph/webview/camera";
import { arrow, curve } from "../../../src/graph/webview/curves";
import { looksOf } from "../../../src/graph/webview/lit";
import { edgeText, estimate, fitting, sizeOf, sublabel } from "../../../src/graph/webview/sizes";
import { tipOf } from "../../../src/graph/webview/telling";
import { drawn, edge, graph, graphOf, node, ready } from "./begun";

describe("what is drawn", () => {
  before(ready);

  it("says of a node what it is and where it leads", () => {
    const { nodes } = drawn(graphOf("triage"));
    const words = Object.fromEntries(nodes.map((one) => [one.id, one.words]));
    equal(words.triage, "triage: agent classify; leads to approve (refund), note");
    equal(words.approve, 'approve: question to a person confirmation; leads to note (result.approved), end (refused), reply (error.code == "expired"), fail (on error)');
    equal(words.end, "the run ends");
  });

  it("says of a way what takes it, with its whole condition", () => {
    const { edges } = drawn(graphOf("triage"));
    const refund = edges.find(({ label }) => label?.text === "refund")!;
    equal(refund.words, "triage → approve: route, refund");
    equal(refund.when, 'result.intent == "refund"');
    deepEqual(tipOf({ nodeAt: () => undefined, edgeAt: () => refund, lookOf: () => undefined, takenOf: () => ({ count: 2, shared: false }) }, refund.key), {
      title: refund.words,
      code: refund.when,
      lines: ["Taken twice"],
    });
  });

  it("writes the label on a way, else its condition cut short", () => {
    deepEqual(edgeText(edge("a", "b", { label: "yes", when: "x" })), { text: "yes", face: "label" });
    deepEqual(edgeText(edge("a", "b", { when: "result.text.contains('something long')" })), { text: "result.text.contains('somethi…", face: "code" });
    equal(edgeText(edge("a", "b", { kind: "branch", label: "lint" })).text, "");
  });

  it("cuts names that are too long, and keeps room for the outcome", () => {
    const long = node("a_stage_with_a_name_that_never_comes_to_its_end");
    const { title, width } = drawn(graph([long], [])).nodes[0]!;
    ok(title.endsWith("…"));
    equal(width, 290);
    ok(sizeOf(node("x"), estimate).width >= 160);
    equal(sublabel(node("x", { kind: "gate", label: "" })), "gate");
    equal(fitting("short", 100, "name", estimate), "short");
  });

  it("turns points into lines that stand upright where they end", () => {
    const points = [{ x: 0, y: 0 }, { x: 0, y: 20 }, { x: 40, y: 60 }];
    equal(curve(points), "M0 0L0 20C0 36.5 40 36.5 40 53");
    equal(arrow(points), "M40 60L36 52L44 52Z");
    equal(arrow([{ x: 0, y: 60 }, { x: 0, y: 0 }]), "M0 0L-4 8L4 8Z");
  });
});

describe("a run over the graph", () => {
  const light = (trace: Partial<Light["trace"]>, more: Partial<Light> = {}): Light => ({
    run: "r", status: "running", reused: [], notes: {}, trace: { stages: {}, edges: {}, current: [], ...trace }, ...more,
  });

  it("shows how each stage went, how long it took, how often it was entered", () => {
    const looks = looksOf(drawn(graphOf("triage")), light({
      stages: { triage: { status: "done", visits: 1, tookMs: 32 }, reply: { status: "done", visits: 3, tookMs: 1240 } },
      edges: { "triage note": 1, "reply end": 1 },
    }));
    const reply = looks.nodes.get("reply")!;
    deepEqual([reply.status, reply.took, reply.times, reply.words], ["done", "1.2 s", "×3", "done, 1.2 s, 3 visits"]);
    equal(looks.nodes.get("triage")!.times, "");
    equal(looks.nodes.get("note"), undefined);
    equal(looks.nodes.get("end")!.status, "done");
    equal(looks.nodes.get("fail"), undefined);
    equal(looks.edges.size, 2);
  });

  it("marks where it stands; what goes on has no time yet", () => {
    const looks = looksOf(drawn(graphOf("triage")), light({
      stages: { approve: { status: "asking", visits: 1, tookMs: 83 } }, current: ["approve"],
    }, { notes: { approve: "Refund?" } }));
    const approve = looks.nodes.get("approve")!;
    deepEqual([approve.current, approve.took, approve.words, approve.note], [true, "", "waits for a person", "Refund?"]);
  });

  it("marks where a debugger holds it, before anything has happened", () => {
    const looks = looksOf(drawn(graphOf("triage")), light({ current: ["triage"] }, { status: "held" }));
    deepEqual([looks.held, looks.nodes.size], [true, 1]);
    deepEqual(looks.nodes.get("triage")!.words, "the debugger holds the run here");
  });

  it("marks results that were taken over", () => {
    const looks = looksOf(drawn(graphOf("triage")), light({ stages: { triage: { status: "done", visits: 1, tookMs: 0 } } }, { reused: ["triage"] }));
    const triage = looks.nodes.get("triage")!;
    deepEqual([triage.reused, triage.took, triage.words], [true, "", "result taken over from an earlier run"]);
  });

  it("counts ways between the same two stages together, and says so", () => {
    const looks = looksOf(drawn(graphOf("gate")), light({ edges: { "checks approve": 1 } }));
    deepEqual([...looks.edges.values()], [{ count: 1, shared: true }, { count: 1, shared: true }]);
  });
});

describe("the camera", () => {
  const window = { width: 400, height: 300 };

  it("fits all of it in, in the middle, and blows nothing up", () => {
    deepEqual(fit({ width: 800, height: 300 }, window), { x: 0, y: 0, scale: 0.5 });
    deepEqual(fit({ width: 100, height: 100 }, window), { x: 150, y: 0, scale: 1 });
  });

  it("begins a long graph at its top, large enough to read", () => {
    deepEqual(open({ width: 300, height: 3000 }, window), { x: (400 - 300 * 0.85) / 2, y: 0, scale: 0.85 });
    deepEqual(open({ width: 200, height: 200 }, window), { x: 100, y: 0, scale: 1 });
  });

  it("zooms around the pointer, within bounds", () => {
    deepEqual(zoomed({ x: 0, y: 0, scale: 1 }, 2, { x: 100, y: 50 }), { x: -100, y: -50, scale: 2 });
    equal(zoomed({ x: 0, y: 0, scale: 1 }, 100, { x: 0, y: 0 }).scale, 3);
  });

  it("moves only as far as it must", () => {
    const camera = { x: 0, y: 0, scale: 1 };
    equal(intoView(camera, { x: 100, y: 100, width: 50, height: 50 }, window), camera);
    deepEqual(intoView(camera, { x: 100, y: 290, width: 50, height: 50 }, window), { x: 0, y: -56, scale: 1 });
    deepEqual(intoView(camera, { x: 0, y: 100, width: 50, height: 50 }, window), { x: 16, y: 0, scale: 1 });
  });
});
