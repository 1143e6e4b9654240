import { strict as assert } from "node:assert";
import { choicesOf, forget, needsInput, onlyField, readField, readGiven, remember, shown } from "../../../src/debug/inputs";

const TICKET = { type: "object", required: ["ticket"], properties: { ticket: { type: "string", description: "What came in" } } };
const ORDER = { type: "object", required: ["item"], properties: { item: { type: "string" }, count: { type: "integer" } } };

describe("an input", () => {
  it("is needed when the schema requires something", () => {
    assert.equal(needsInput(TICKET), true);
    assert.equal(needsInput({ type: "object", properties: { a: {} } }), false);
    assert.equal(needsInput({ type: "object", required: [] }), false);
    assert.equal(needsInput({ type: "string" }), true);
    for (const none of [null, undefined, true, {}, []]) assert.equal(needsInput(none), false);
  });

  it("can be typed when it is one plain value", () => {
    assert.deepEqual(onlyField(TICKET), { name: "ticket", type: "string", description: "What came in" });
    assert.equal(onlyField(ORDER), undefined);
    assert.equal(onlyField({ properties: { a: { type: "object" } } }), undefined);
    const field = (type: string) => ({ name: "a", type, description: "" });
    assert.equal(readField(field("string"), " 7 "), " 7 ");
    assert.equal(readField(field("integer"), " 7 "), 7);
    assert.equal(readField(field("integer"), "7.5"), undefined);
    assert.equal(readField(field("number"), "7.5"), 7.5);
    assert.equal(readField(field("number"), ""), undefined);
    assert.equal(readField(field("boolean"), "true"), true);
    assert.equal(readField(field("boolean"), "yes"), undefined);
  });

  it("offers what was used, then the last run's, then an example", () => {
    const shape = { schema: TICKET, example: { ticket: "x" }, last: { ticket: "b" } };
    const choices = choicesOf(shape, [{ ticket: "a" }, { ticket: "b" }]);
    assert.deepEqual(choices.map((each) => `${each.kind}: ${each.label} (${each.detail})`), [
      "value: a (used before)",
      "value: b (used before)",
      "value: x (an example)",
      "file: A JSON file... (of this workspace)",
    ]);
  });

  it("never offers what a run has hidden, nor an empty example", () => {
    const shape = { schema: TICKET, example: { ticket: "" }, last: { ticket: "my card is •••" } };
    assert.deepEqual(choicesOf(shape, []).map((each) => each.kind), ["file"]);
  });

  it("is written from what is nearest, where it has several fields", () => {
    const write = (last: unknown, remembered: unknown[]) => {
      const found = choicesOf({ schema: ORDER, example: { item: "", count: 1 }, last }, remembered).find((each) => each.kind === "write");
      return found?.kind === "write" ? JSON.parse(found.text) : undefined;
    };
    assert.deepEqual(write(null, []), { item: "", count: 1 });
    assert.deepEqual(write({ item: "lamp" }, []), { item: "lamp" });
    assert.deepEqual(write({ item: "lamp" }, [{ item: "sofa" }]), { item: "sofa" });
  });

  it("is remembered once, the newest first, five at most", () => {
    assert.deepEqual(remember([1, 2, 3, 4, 5], 6), [6, 1, 2, 3, 4]);
    assert.deepEqual(remember([{ a: 1 }, { b: 2 }], { b: 2 }), [{ b: 2 }, { a: 1 }]);
    assert.deepEqual(forget([{ a: 1 }, { b: 2 }], { a: 1 }), [{ b: 2 }]);
  });

  it("is shown in a line", () => {
    assert.equal(shown({ ticket: "one\ntwo" }, onlyField(TICKET)), "one two");
    assert.equal(shown({ ticket: "x", more: 1 }), '{"ticket":"x","more":1}');
    assert.equal(shown("y".repeat(200)).length, 103);
  });

  it("is read from a launch configuration that holds it as text", () => {
    assert.deepEqual(readGiven(' {"a": 1}'), { a: 1 });
    assert.deepEqual(readGiven("[1]"), [1]);
    assert.equal(readGiven("input.json"), "input.json");
    assert.equal(readGiven("{strange}.json"), "{strange}.json");
    assert.equal(readGiven(7), 7);
  });
});
