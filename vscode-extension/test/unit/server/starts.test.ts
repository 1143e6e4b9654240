import { strict as assert } from "node:assert";
import { Starts } from "../../../src/server/starts";

describe("one start at a time", () => {
  /** A start that goes on when it is told to. */
  function slow() {
    let go = () => {};
    const gate = new Promise<void>((done) => (go = done));
    const seen: boolean[] = [];
    return { go, seen, act: async (meant: () => boolean) => (await gate, void seen.push(meant())) };
  }

  it("is waited for, also when it comes after a delay in place of one that failed", async () => {
    const starts = new Starts();
    const told: string[] = [];
    void starts.begin(async () => {
      told.push("crashed");
      void starts.begin(async () => void told.push("again"), 20);
    });
    await starts.settled();
    assert.deepEqual(told, ["crashed", "again"]);
  });

  it("knows whether it is still meant", async () => {
    const starts = new Starts();
    const [first, second] = [slow(), slow()];
    const one = starts.begin(first.act);
    await new Promise((done) => setTimeout(done));
    starts.end();
    assert.equal(starts.begun, undefined);
    const two = starts.begin(second.act);
    first.go();
    await one;
    assert.equal(starts.begun, two); // the older one's end is not the newer one's
    second.go();
    await starts.settled();
    assert.deepEqual([first.seen, second.seen], [[false], [true]]);
  });

  it("does not begin what was ended in its delay, and keeps nobody waiting", async () => {
    const starts = new Starts();
    const begun = starts.begin(() => assert.fail("it was not meant any more"), 60_000);
    starts.end();
    await begun;
    await starts.settled();
  });

  it("fails for who waits", async () => {
    const starts = new Starts();
    await assert.rejects(starts.begin(() => Promise.reject(new Error("no disk"))), /no disk/);
    await assert.rejects(starts.settled(), /no disk/);
  });
});
