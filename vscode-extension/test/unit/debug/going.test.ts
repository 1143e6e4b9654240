import { newWorkbench, settled, type Workbench } from "../runs/workbench";
import { strict as assert } from "node:assert";
import type { DebugSession } from "vscode";
import { goOn, goOnFrom } from "../../../src/debug/going";
import type { Run } from "../../../src/server/protocol";
import { aRun } from "../runs/made";

interface Stand {
  live: boolean;
  held: boolean;
  noDebug?: boolean;
  request?: string;
}

describe("going on in the debugger", () => {
  const config = { request: "launch", program: "/shop/two/triage.pipeline.yaml", env: { KEY: "x" }, stopOnEntry: true };
  const unknown = (): Promise<Run> => Promise.reject(new Error("nobody asks"));
  let did: string[];
  let gone: (session: { id: string }) => void;
  let started: Record<string, unknown>[];

  /** A session, the active one of a workbench that tells what is done in which order. */
  function standing({ live, held, noDebug = false, request = "launch" }: Stand): DebugSession {
    const bench: Workbench = newWorkbench();
    [did, started] = [[], []];
    const session = {
      id: "old",
      type: "pointsman",
      configuration: { ...config, request, noDebug },
      customRequest: async (command: string) => {
        if (command === "pointsman/session") return { run: "r1", live, pipeline: "triage" };
        if (command === "threads") return { threads: [{ id: 7 }] };
        if (command === "stackTrace" && !held) throw new Error("the run moves");
        if (command === "terminate") did.push("terminate");
        return {};
      },
    };
    Object.assign(bench.module.debug, {
      activeDebugSession: session,
      onDidTerminateDebugSession: (listener: typeof gone) => ((gone = listener), { dispose: () => did.push("heard") }),
      stopDebugging: async () => void did.push("stop"),
      startDebugging: async (_: unknown, made: Record<string, unknown>, options: { noDebug: boolean }) => {
        started.push({ ...made, options });
        did.push("start");
        return true;
      },
    });
    return session as unknown as DebugSession;
  }

  it("begins when the run that is held has ended, in the same world", async () => {
    const going = goOnFrom(standing({ live: true, held: true }), unknown);
    await settled();
    gone({ id: "another" });
    await settled();
    assert.deepEqual(did, ["terminate"]);
    gone({ id: "old" });
    await going;
    assert.deepEqual(did, ["terminate", "heard", "start"]);
    assert.deepEqual(started, [
      {
        type: "pointsman", request: "launch", name: "Go on triage", program: "/shop/two/triage.pipeline.yaml",
        env: { KEY: "x" }, rerun: "r1", options: { noDebug: false },
      },
    ]);
  });

  it("stays a plain run", async () => {
    const going = goOnFrom(standing({ live: false, held: false, noDebug: true }), unknown);
    await settled();
    gone({ id: "old" });
    await going;
    assert.deepEqual(did, ["stop", "heard", "start"]);
    assert.deepEqual(started[0]!["options"], { noDebug: true });
  });

  it("leaves a run alone that goes on by itself", async () => {
    await assert.rejects(goOnFrom(standing({ live: true, held: false }), unknown), /neither failed nor stopped/);
    assert.deepEqual(did, []);
  });

  it("asks which pipeline it was where the session has attached itself", async () => {
    const going = goOnFrom(standing({ live: true, held: true, request: "attach" }), async (run) => aRun({ run }));
    await settled();
    gone({ id: "old" });
    await going;
    assert.deepEqual([started[0]!["rerun"], started[0]!["program"]], ["r1", "/shop/triage.pipeline.yaml#support_triage"]);
    assert.deepEqual(did, ["terminate", "heard", "start"]);
  });

  it("leaves a session alone that stands at another run", async () => {
    standing({ live: true, held: true });
    await goOn(aRun({ run: "r0" }), "reply", true);
    assert.deepEqual(did, ["start"]);
    assert.deepEqual([started[0]!["from"], started[0]!["options"]], ["reply", { noDebug: true }]);
  });
});
