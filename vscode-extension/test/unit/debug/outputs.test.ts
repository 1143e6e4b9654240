import { newWorkbench } from "../runs/workbench";
import { strict as assert } from "node:assert";
import type { DebugSession } from "vscode";
import { aboutOf } from "../../../src/debug/outputs";
import type { Picker } from "../../../src/debug/picking";
import { Refusals } from "../../../src/debug/refusals";

const QUESTION = "the run waits for an answer at approve (role:lead): Send it?\n  pointsman answer r1 approve '{}'\n";
const BROKEN = "triage.pipeline.yaml is broken (line 32: there is no stage nott), so its last good version of 17:01:43 runs\n";

describe("what an adapter says in important lines", () => {
  it("is known where it is told otherwise here", () => {
    assert.equal(aboutOf("important", QUESTION), "question");
    assert.equal(aboutOf("important", BROKEN), "broken");
    assert.equal(aboutOf("important", `goes on from reply: its prompt; ${BROKEN}`), "broken");
    assert.equal(aboutOf("console", QUESTION), undefined);
    assert.equal(aboutOf("important", "denied by policy: no\n"), undefined);
  });

  /** The category VS Code gets, and what was shown instead. */
  function heard(output: string, asks: boolean) {
    const bench = newWorkbench();
    const session = { configuration: { request: "launch", program: "/shop/triage.pipeline.yaml" } } as unknown as DebugSession;
    const tracker = new Refusals({} as Picker, () => asks).createDebugAdapterTracker(session);
    const body: { category?: string; output: string } = { category: "important", output };
    const message = { type: "event", event: "output", body };
    tracker.onDidSendMessage!(message);
    return { category: body.category, said: bench.said };
  }

  it("is a question that is put once", () => {
    assert.deepEqual(heard(QUESTION, true), { category: undefined, said: [] });
    assert.deepEqual(heard(QUESTION, false), { category: "important", said: [] });
  });

  it("is a warning that leads to the problem", () => {
    const said = [{ kind: "warning", message: BROKEN.trim(), buttons: ["Show Problems"] }];
    assert.deepEqual(heard(BROKEN, true), { category: undefined, said });
  });
});
