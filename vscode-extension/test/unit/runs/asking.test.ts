import assert from "node:assert/strict";
import { ASKING, type Begun, begun, LIVE } from "./begun";
import { aQuestion } from "./made";
import { settled } from "./workbench";

describe("a run's question in a workbench", () => {
  let made: Begun;
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
      { kind: "information", message: "support_triage asks at approve (role:lead): Refund?", buttons: ["Approve", "Refuse", "Later"] },
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
