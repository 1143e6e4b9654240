import assert from "node:assert/strict";
import { counting, duration, money, moment, oneLine, since, tokens } from "../../../src/common/words";
import { NOW } from "../runs/made";

describe("words of the runs view", () => {
  it("says durations as the command line does", () => {
    assert.deepEqual([0, 37, 999, 2149, 59_990, 61_000, 3_600_000].map(duration), [
      "0 ms", "37 ms", "999 ms", "2.1 s", "59.9 s", "1 min 1 s", "1 h 0 min",
    ]);
  });

  it("counts in seconds, then in larger steps", () => {
    assert.deepEqual([300, 9_900, 12_900, 60_000, 139_000].map(counting), ["0 s", "9 s", "10 s", "1 min 0 s", "2 min 10 s"]);
  });

  it("groups tokens, and leaves out what is nothing", () => {
    assert.deepEqual([0, 1, 1204].map(tokens), ["", "1 token", "1,204 tokens"]);
  });

  it("gives small sums the digits they need", () => {
    assert.deepEqual([0, 0.0125, 1.5, 0.0031, 0.00002].map(money), ["", "$0.01", "$1.50", "$0.0031", "under $0.0001"]);
  });

  it("gives the date of what was not today", () => {
    assert.equal(since(NOW, NOW + 1000), "15:42");
    assert.equal(since(NOW, NOW + 86_400_000), "21 Nov 15:42");
    assert.equal(moment(NOW), "21 Nov 2026, 15:42:00");
  });

  it("brings text to one line", () => {
    assert.equal(oneLine(" a\n  b ", 10), "a b");
    assert.equal(oneLine("abcdef", 4), "abc…");
  });
});
