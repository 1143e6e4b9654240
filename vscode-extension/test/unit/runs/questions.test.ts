import assert from "node:assert/strict";
import { assemble, example, steps, typed } from "../../../src/runs/forms";
import { answerName, Bookkeeping, buttons, choices, happened, jsonProblem, put } from "../../../src/runs/questions";
import { aQuestion, aRun } from "./made";

const live = (...questions: ReturnType<typeof aQuestion>[]): ReturnType<typeof aRun> =>
  aRun({ live: true, status: "asking", questions });

describe("the questions of runs", () => {
  it("are put once", () => {
    const books = new Bookkeeping();
    const [first, second] = [live(aQuestion()), live(aQuestion(), aQuestion({ effect: "main/approve#2" }))];
    const fresh = (run: typeof first): string[] => books.fresh([run], true).map((one) => one.question.effect);
    assert.deepEqual([first, first, second, second].map(fresh), [["main/approve#1"], [], ["main/approve#2"], []]);
  });

  it("are not kept in mind for ever", () => {
    const books = new Bookkeeping();
    const many = Array.from({ length: 1500 }, (_, at) => aQuestion({ effect: `main/approve#${at}` }));
    assert.equal(books.fresh([live(...many)], true).length, 1500);
    assert.equal(books.fresh([live(...many.slice(-1000))], true).length, 0);
    assert.equal(books.fresh([live(many[0]!)], true).length, 1);
  });

  it("are not put for a run that was parked before, and for one that has just been", () => {
    const parked = aRun({ status: "waiting", questions: [aQuestion()] });
    assert.equal(new Bookkeeping().fresh([parked], true).length, 1);
    const books = new Bookkeeping();
    assert.equal(books.fresh([parked], false).length, 0);
    assert.equal(books.fresh([parked], true).length, 0, "it has only been listed anew");
    assert.equal(new Bookkeeping().fresh([live(aQuestion())], false).length, 1, "a live run holds on for the answer");
  });

  it("are put with their pipeline, stage and whom they are for", () => {
    const run = live(aQuestion());
    assert.equal(put({ run, question: run.questions[0]! }), "support_triage asks at approve (role:lead): Refund?");
    const doubt = aQuestion({ what: "in_doubt", question: "In doubt: tool pay was running. Did it happen?", assignee: "" });
    assert.match(put({ run, question: doubt }), /Did it happen\? If it did, it is not done again; if it did not, the run does it now/);
  });

  it("have buttons that are answers the engine takes", () => {
    const meanings = (what: "confirmation" | "in_doubt"): unknown[] => buttons(aQuestion({ what })).map((one) => one.meaning);
    assert.deepEqual(meanings("confirmation"), [{ answer: { approved: true } }, { answer: { approved: false } }]);
    assert.deepEqual(meanings("in_doubt"), ["result", { answer: { happened: false } }]);
    assert.deepEqual(happened(" "), { happened: true });
    assert.deepEqual(happened('{"paid": 3}'), { happened: true, result: { paid: 3 } });
    assert.match(jsonProblem("{paid: 3}")!, /^This is no JSON: /);
    assert.equal(jsonProblem("[1]"), undefined);
  });

  it("offer a comment where there is room for it", () => {
    assert.deepEqual(choices(aQuestion()).map((one) => one.label), ["Approve", "Refuse", "Answer with a Comment…"]);
    assert.deepEqual(choices(aQuestion({ what: "review" })).map((one) => one.label), ["Review…"]);
  });

  it("are named by their stage, and by their effect where two have the same", () => {
    const [one, other] = [aQuestion({ effect: "main/f#1.a/ask#1" }), aQuestion({ effect: "main/f#1.b/ask#1" })];
    assert.equal(answerName(live(one), one), "approve");
    assert.equal(answerName(live(one, other), other), "main/f#1.b/ask#1");
  });
});

describe("the form of a small schema", () => {
  it("picks from an enumeration, a yes or no, a constant", () => {
    const form = steps({ enum: ["low", "high"] })!;
    assert.deepEqual(form.map((step) => step.kind), ["pick"]);
    assert.equal(assemble(form, ["high"]), "high");
    const [yes] = steps({ type: "boolean", title: "Ship it?" })!;
    assert.deepEqual(yes?.kind === "pick" && yes.options.map((option) => option.label), ["Yes", "No"]);
  });

  it("asks for the properties of a small object, and leaves out what is not given", () => {
    const form = steps({
      type: "object",
      required: ["verdict"],
      properties: { verdict: { enum: ["good", "bad"] }, score: { type: "integer" }, why: { type: "string", description: "in a line" } },
    })!;
    assert.deepEqual(form.map((step) => [step.kind, step.title, step.optional]), [
      ["pick", "verdict", false], ["text", "score", true], ["text", "why: in a line", true],
    ]);
    assert.deepEqual(assemble(form, ["good", undefined, "fine"]), { verdict: "good", why: "fine" });
  });

  it("takes numbers that are numbers", () => {
    const [whole] = steps({ type: "integer" })!;
    assert.ok(whole?.kind === "text");
    assert.deepEqual(typed(whole, "7"), { value: 7 });
    assert.deepEqual(typed(whole, "7.5"), { problem: "A whole number is needed here." });
    assert.deepEqual(typed(whole, ""), { problem: "A number is needed here." });
    assert.deepEqual(typed({ ...whole, optional: true }, ""), { value: undefined });
  });

  it("leaves the rest to a document", () => {
    const many = Object.fromEntries(["a", "b", "c", "d", "e"].map((name) => [name, { type: "string" }]));
    for (const schema of [
      null, true, {}, { type: "array" }, { type: "object" }, { type: "object", properties: many },
      { type: "object", properties: { a: { type: "array" } } }, { type: "object", required: ["b"], properties: { a: { type: "string" } } },
      { oneOf: [{ type: "string" }] },
    ]) {
      assert.equal(steps(schema), undefined, JSON.stringify(schema));
    }
  });

  it("begins a document with an example", () => {
    const schema = {
      type: "object",
      properties: {
        kind: { enum: ["a", "b"] }, items: { type: "array" }, count: { type: "integer", minimum: 1 }, ok: { type: "boolean" },
        name: { type: "string", default: "me" }, deep: { type: "object", properties: { x: { type: ["null", "string"] } } },
      },
    };
    assert.deepEqual(example(schema), { kind: "a", items: [], count: 1, ok: false, name: "me", deep: { x: null } });
    assert.deepEqual(example(null), {});
    assert.equal(example({ anyOf: [{ const: 3 }] }), 3);
  });
});
