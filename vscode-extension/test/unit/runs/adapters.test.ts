import { FakeServer, newWorkbench, settled, type Workbench } from "./workbench";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mock } from "node:test";
import type { ExtensionContext, LogOutputChannel, TreeItem } from "vscode";
import { runActions, stageActions } from "../../../src/runs/actions";
import { registerRuns } from "../../../src/runs/index";
import type { RunRow } from "../../../src/runs/tree";
import type { Run, RunStatus } from "../../../src/server/protocol";
import { aQuestion, aRun, aStage, events, NOW } from "./made";

interface Tree {
  getChildren(row?: RunRow): RunRow[];
  getTreeItem(row: RunRow): TreeItem;
  onDidChangeTreeData(listener: (rows: RunRow[] | undefined) => void): void;
}

interface Set {
  server: FakeServer;
  bench: Workbench;
  tree: Tree;
  /** What the view was told to draw again, `all` for everything. */
  drawn: string[];
  log: string[];
  dispose(): void;
}

async function begun(...runs: Run[]): Promise<Set> {
  const [server, bench, log] = [new FakeServer(), newWorkbench(), [] as string[]];
  server.answers.set("pointsman/runs", () => ({ runs }));
  const subscriptions: { dispose(): void }[] = [];
  const write = (line: string): number => log.push(line);
  registerRuns({ subscriptions } as unknown as ExtensionContext, server, { warn: write, info: write } as unknown as LogOutputChannel);
  const tree = bench.providers.get("tree") as unknown as Tree;
  const drawn: string[] = [];
  await settled();
  tree.onDidChangeTreeData((rows) => drawn.push(rows ? rows.map((row) => row.key).join(" ") : "all"));
  return { server, bench, tree, drawn, log, dispose: () => subscriptions.forEach((one) => one.dispose()) };
}

const LIVE = aRun({ run: "live", live: true, status: "running", stages: [aStage("triage"), aStage("reply", { status: "running" })] });
const ASKING = { ...LIVE, status: "asking", questions: [aQuestion()] } as const satisfies Run;
const DONE = aRun({ run: "done", startedAt: NOW - 1000, stages: [aStage("triage")] });

describe("the runs view in a workbench", () => {
  let made: Set;
  afterEach(() => made.dispose());

  const told = (...runs: Run[]): void => made.server.tell("pointsman/runsChanged", { runs });

  it("lists what the server knows", async () => {
    made = await begun(DONE, LIVE);
    const rows = made.tree.getChildren();
    assert.deepEqual(rows.map((row) => made.tree.getTreeItem(row).label), ["support_triage", "support_triage"]);
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
    mock.timers.enable({ apis: ["setInterval"] } as never); // the types are of node 20, whose extension hosts we serve
    try {
      made = await begun(DONE, LIVE);
      mock.timers.tick(5000);
      assert.deepEqual(made.drawn, []);
      made.bench.show(true);
      await settled();
      made.drawn.length = 0;
      mock.timers.tick(2000);
      assert.deepEqual(made.drawn, ["live", "live"]);
      made.bench.show(false);
      mock.timers.tick(5000);
      assert.equal(made.drawn.length, 2);
      made.bench.show(true);
      await settled();
      told({ ...LIVE, live: false, status: "completed" });
      made.drawn.length = 0;
      mock.timers.tick(5000);
      assert.deepEqual(made.drawn, []);
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
    const change = { uri: "file:///shop/triage.pipeline.yaml", version: 2, at: NOW, affects: [] };
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
    assert.deepEqual(made.bench.revealed.map((row) => (row as RunRow).key), ["old#0"]);
    assert.deepEqual(made.tree.getChildren().map((row) => row.key), ["done", "old"]);
  });
});

describe("a run's question in a workbench", () => {
  let made: Set;
  afterEach(() => made.dispose());

  const answers = (): unknown[] => made.server.asked.filter(([method]) => method === "pointsman.server.answer").map(([, given]) => given);
  const ask = async (...questions: Parameters<typeof aQuestion>): Promise<void> => {
    made.server.tell("pointsman/runsChanged", { runs: [{ ...ASKING, questions: questions.map(aQuestion) }] });
    await settled();
  };

  beforeEach(async () => {
    made = await begun();
    made.server.answers.set("pointsman.server.answer", () => ({}));
  });

  it("is put once, and a button answers it", async () => {
    made.bench.press = () => "Approve";
    await ask({});
    await ask({});
    assert.deepEqual(made.bench.said, [
      { kind: "information", message: "support_triage, approve (role:lead): Refund?", buttons: ["Approve", "Refuse", "Later"] },
    ]);
    assert.deepEqual(answers(), [{ run: "live", stage: "approve", value: { approved: true } }]);
  });

  it("is answered with a text", async () => {
    made.bench.press = () => "Answer…";
    made.bench.types = ["the blue one"];
    await ask({ what: "clarification" });
    assert.deepEqual(answers(), [{ run: "live", stage: "approve", value: { text: "the blue one" } }]);
  });

  it("is answered step by step where its schema is small", async () => {
    made.bench.press = () => "Review…";
    made.bench.picks = [(items: { value: unknown }[]) => items[1]];
    made.bench.types = ["fine"];
    const properties = { verdict: { enum: ["good", "bad"] }, why: { type: "string" } };
    await ask({ what: "review", schema: { type: "object", required: ["verdict", "why"], properties } });
    assert.deepEqual(answers(), [{ run: "live", stage: "approve", value: { verdict: "bad", why: "fine" } }]);
  });

  it("is answered in a document where it is not", async () => {
    made.bench.press = () => "Review…";
    await ask({ what: "review", schema: { type: "object", properties: { items: { type: "array" } } } });
    assert.deepEqual(made.bench.opened, ["pointsman-answer:/live/approve.json"]);
    const files = made.bench.providers.get("pointsman-answer") as unknown as { readFile(uri: unknown): Uint8Array };
    const { Uri, workspace } = made.bench.module;
    const uri = Uri.parse(made.bench.opened[0]!);
    const text = new TextDecoder().decode(files.readFile(uri));
    assert.deepEqual(JSON.parse(text), { $schema: "pointsman-answer:/live/approve.schema.json", items: [] });
    workspace.textDocuments.push({ uri, getText: () => text.replace("[]", "[1]"), save: () => Promise.resolve(true) });
    await made.bench.run("pointsman.runs.sendAnswer", uri);
    assert.deepEqual(answers(), [{ run: "live", stage: "approve", value: { items: [1] } }]);
    assert.throws(() => files.readFile(uri), /no pointsman-answer/);
  });

  it("in doubt is answered with what happened, and its result", async () => {
    made.bench.press = () => "It Happened…";
    made.bench.types = ['{"paid": 3}'];
    await ask({ what: "in_doubt", question: "Did it happen?" });
    assert.deepEqual(answers(), [{ run: "live", stage: "approve", value: { happened: true, result: { paid: 3 } } }]);
  });

  it("that is left stays open", async () => {
    made.bench.press = () => "Answer…";
    made.bench.types = [undefined];
    await ask({ what: "clarification" });
    assert.deepEqual(answers(), []);
  });

  it("answered elsewhere meanwhile: the server's words are shown", async () => {
    made.server.answers.set("pointsman.server.answer", () => {
      made.server.tell("pointsman/runsChanged", { runs: [LIVE] });
      throw new Error("nothing is asked at stage approve. It waits for nobody");
    });
    made.bench.press = (message) => (message.includes("Refund?") ? "Refuse" : undefined);
    await ask({});
    assert.deepEqual(made.bench.said[1], { kind: "error", message: "nothing is asked at stage approve. It waits for nobody", buttons: [] });
  });

  it("whose answer does not fit can be answered again", async () => {
    let refusals = 1;
    made.server.answers.set("pointsman.server.answer", () => {
      if (refusals-- > 0) throw new Error("the answer does not fit approve");
      return {};
    });
    made.bench.press = (_, buttons) => buttons[0];
    made.bench.types = ["", "{}"];
    made.bench.picks = [(items: never[]) => items[0]];
    await ask({ what: "in_doubt" });
    assert.deepEqual(answers().map((one) => (one as { value: unknown }).value), [{ happened: true }, { happened: true, result: {} }]);
  });

  it("among many becomes one notice", async () => {
    made.bench.press = (_, buttons) => buttons[0];
    await ask(...["a", "b", "c", "d"].map((effect) => ({ effect })));
    assert.deepEqual(made.bench.said, [
      { kind: "information", message: "4 questions wait for a person.", buttons: ["Show Runs", "Later"] },
    ]);
    assert.deepEqual(made.bench.executed, [["pointsman.runs.focus"]]);
  });
});

describe("the commands on rows", () => {
  let made: Set;
  afterEach(() => made.dispose());

  const row = (key: string): RunRow => {
    const rows = made.tree.getChildren();
    return [...rows, ...rows.flatMap((one) => made.tree.getChildren(one))].find((one) => one.key === key)!;
  };

  it("are those of the manifest", async () => {
    made = await begun();
    const manifest = readManifest();
    const ours = manifest.contributes.commands.map((one) => one.command).filter((name) => name.startsWith("pointsman.runs."));
    assert.deepEqual([...made.bench.commands.keys()].sort(), ["pointsman.showRun", ...ours].sort());
    const shown = manifest.contributes.menus["view/item/context"]!.map((one) => one.command).filter((name) => !ours.includes(name));
    assert.deepEqual(shown, [], "every menu entry is a command of ours");
  });

  it("are offered by words that rows have", () => {
    const statuses: RunStatus[] = ["held", "waiting", "completed"];
    const words = new globalThis.Set<string>(["run", "stage"]);
    for (const status of statuses) {
      const run = aRun({ status, live: status === "held", questions: status === "waiting" ? [aQuestion()] : [] });
      for (const action of [...runActions(run), ...stageActions(run, aStage("a"))]) words.add(action);
    }
    for (const { command, when } of readManifest().contributes.menus["view/item/context"]!) {
      for (const [, word] of when.matchAll(/(?:\/\^|\\b)([A-Za-z]+)\\b/g)) assert.ok(words.has(word!), `${command}: ${word}`);
    }
  });

  it("start debug sessions", async () => {
    made = await begun(DONE, LIVE);
    await made.bench.run("pointsman.runs.attach", row("live"));
    await made.bench.run("pointsman.runs.postMortem", row("done"));
    await made.bench.run("pointsman.runs.fromHereDebug", row("done#0"));
    const program = "/shop/triage.pipeline.yaml#support_triage";
    assert.deepEqual(made.bench.sessions, [
      { type: "pointsman", name: "support_triage (attached)", request: "attach", run: "live" },
      { type: "pointsman", name: "support_triage (recorded)", request: "attach", run: "done" },
      { type: "pointsman", name: "support_triage (from triage)", request: "launch", program, rerun: "done", from: "triage" },
    ]);
  });

  it("go on as a new run, which is shown with its note", async () => {
    made = await begun(DONE);
    made.server.answers.set("pointsman.server.rerun", () => ({ run: "next", note: "goes on from reply: its prompt" }));
    made.server.answers.set("pointsman/run", () => aRun({ run: "next", startedAt: NOW + 1 }));
    await made.bench.run("pointsman.runs.fromHere", row("done#0"));
    assert.deepEqual(made.server.asked[1], ["pointsman.server.rerun", { run: "done", from: "triage" }]);
    assert.deepEqual(made.bench.said.map((one) => one.message), ["Pointsman: goes on from reply: its prompt"]);
    assert.deepEqual(made.bench.revealed.map((one) => (one as RunRow).key), ["next"]);
  });

  it("ask once before they cancel", async () => {
    made = await begun(LIVE);
    made.server.answers.set("pointsman.server.cancel", () => ({}));
    await made.bench.run("pointsman.runs.cancel", row("live"));
    assert.equal(made.server.asked.length, 1);
    made.bench.press = (_, buttons) => buttons[0];
    await made.bench.run("pointsman.runs.cancel", row("live"));
    assert.deepEqual(made.server.asked[1], ["pointsman.server.cancel", { run: "live" }]);
  });

  it("say what the server refuses", async () => {
    made = await begun(aRun({ run: "gone", status: "interrupted" }));
    made.server.answers.set("pointsman.server.resume", () => {
      throw new Error("run gone has a living host");
    });
    await made.bench.run("pointsman.runs.resume", row("gone"));
    assert.deepEqual(made.bench.said, [{ kind: "error", message: "run gone has a living host", buttons: [] }]);
  });

  it("let a person pick where there is no row", async () => {
    made = await begun(DONE, LIVE);
    made.bench.picks = [(items: { run: Run }[]) => items.find((item) => item.run.run === "done")];
    await made.bench.run("pointsman.runs.copyId");
    assert.equal(made.bench.clipboard, "done");
    await made.bench.run("pointsman.runs.answer");
    assert.equal(made.bench.said.at(-1)?.message, "Answer a Question: there is no such run.");
  });

  it("show what a stage changed, and envelopes side by side", async () => {
    made = await begun(DONE, LIVE);
    made.server.answers.set("pointsman/events", () => ({ events: events("1 main run.started\n2 main stage.entered\n3 main stage.routed") }));
    await made.bench.run("pointsman.runs.changed", row("done#0"));
    await made.bench.run("pointsman.runs.envelopeAfter", row("done#0"));
    assert.deepEqual(made.bench.opened, ["pointsman-envelope:/done/3.json"]);
    const seq = (wanted: number) => (items: { seq: unknown }[]) => items.find((item) => item.seq === wanted);
    made.bench.picks = [seq(1), seq(3)];
    await made.bench.run("pointsman.runs.compare", row("done"), [row("live"), row("done")]);
    assert.deepEqual(made.bench.executed.map(([command, ...given]) => [command, ...given.slice(0, 3).map(String)]), [
      ["vscode.diff", "pointsman-envelope:/done/2.json", "pointsman-envelope:/done/3.json", "triage: before ↔ after"],
      ["vscode.diff", "pointsman-envelope:/done/1.json", "pointsman-envelope:/live/3.json", "support_triage, two runs: event 1 ↔ 3"],
    ]);
  });

  it("read the documents from the server", async () => {
    made = await begun(DONE);
    made.server.answers.set("pointsman/envelope", (params: { seq: number }) => ({ text: `{"seq": ${params.seq}}` }));
    made.server.answers.set("pointsman/events", () => ({ events: events("1 main run.started") }));
    const { Uri } = made.bench.module;
    const provided = (uri: string): Promise<string> => {
      const parsed = Uri.parse(uri);
      const provider = made.bench.providers.get(parsed.scheme) as unknown as { provideTextDocumentContent(uri: unknown): Promise<string> };
      return provider.provideTextDocumentContent(parsed);
    };
    assert.equal(await provided("pointsman-envelope:/done/3.json"), '{"seq": 3}');
    assert.match(await provided("pointsman-events:/done/events.log"), /^Run done of support_triage\..*\n\n1 {2}\+0 ms {2}main {2}run\.started\n$/);
  });
});

interface Manifest {
  contributes: { commands: { command: string }[]; menus: Record<string, { command: string; when: string }[]> };
}

function readManifest(): Manifest {
  return JSON.parse(readFileSync("package.json", "utf8")) as Manifest;
}
