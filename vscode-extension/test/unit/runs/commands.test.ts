import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { runActions, stageActions } from "../../../src/runs/actions";
import type { RunRow } from "../../../src/runs/tree";
import type { Run, RunStatus } from "../../../src/server/protocol";
import { type Begun, begun, DONE, LIVE } from "./begun";
import { aQuestion, aRun, aStage, events, NOW } from "./made";

describe("the commands on rows", () => {
  let made: Begun;
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
    const names = manifest.contributes.commands.map((one) => one.command);
    const unknown = manifest.contributes.menus["view/item/context"]!.map((one) => one.command).filter((name) => !names.includes(name));
    assert.deepEqual(unknown, []);
  });

  it("are offered by words that rows have", () => {
    const statuses: RunStatus[] = ["held", "waiting", "completed"];
    const words = new Set<string>(["run", "stage"]);
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
    await made.bench.run("pointsman.runs.fromHereDebug", row("done main triage 1"));
    const program = "/shop/triage.pipeline.yaml#support_triage";
    assert.deepEqual(made.bench.sessions, [
      { type: "pointsman", name: "support_triage (attached)", request: "attach", run: "live" },
      { type: "pointsman", name: "support_triage (recorded)", request: "attach", run: "done" },
      { type: "pointsman", name: "Go on support_triage", request: "launch", program, rerun: "done", from: "triage" },
    ]);
  });

  it("go on as a new run, which is shown with its note", async () => {
    made = await begun(DONE);
    made.server.answers.set("pointsman.server.rerun", () => ({ run: "next", note: "goes on from reply: its prompt" }));
    made.server.answers.set("pointsman/run", () => aRun({ run: "next", startedAt: NOW + 1 }));
    await made.bench.run("pointsman.runs.fromHere", row("done main triage 1"));
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
    made.server.answers.set("pointsman/run", () => DONE);
    await made.bench.run("pointsman.runs.changed", row("done main triage 1"));
    await made.bench.run("pointsman.runs.envelopeAfter", row("done main triage 1"));
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
    assert.match(await provided("pointsman-events:/done/support_triage.log"), /^Run done of support_triage\..*\n\n1 {2}\+0 ms {2}main {2}run\.started\n$/);
  });
});

interface Manifest {
  contributes: { commands: { command: string }[]; menus: Record<string, { command: string; when: string }[]> };
}

function readManifest(): Manifest {
  return JSON.parse(readFileSync("package.json", "utf8")) as Manifest;
}
