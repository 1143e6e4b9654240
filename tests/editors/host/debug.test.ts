/** A whole debug session in the workbench: stop, look, why this route, back, forward, a question, the end. */

import * as assert from "node:assert/strict";
import * as vscode from "vscode";
import { changed, open, putAside } from "./person";
import { breakOn, clear, PIPELINE, start } from "./sessions";

suite("debug", () => {
  teardown(async () => {
    await clear();
    await putAside();
  });

  test("a breakpoint in the YAML stops, and the stop says what there is", async () => {
    await open(PIPELINE);
    await breakOn("reply:");
    const session = await start({ input: { ticket: "I lost my password" } });
    const frames = await session.stop();
    assert.equal(session.reason, "breakpoint");
    assert.deepEqual(frames.map((frame) => frame.name), ["reply", "support_triage"]);
    const editor = vscode.window.activeTextEditor!;
    assert.equal(editor.document.lineAt(frames[0]!.line - 1).text.trim(), "reply:");
    const scopes = await session.scopes(frames[0]!);
    assert.equal(scopes["Args"]!["ticket"], '"I lost my password"');
    assert.match(scopes["Outputs"]!["triage"]!, /intent: "access"/);
    assert.equal(await session.evaluate("outputs.triage.intent", frames[0]!), "access");
    await session.goOn();
    assert.equal(await session.end(), 0);
  });

  test("why this route: the candidates, and what their conditions stood for", async () => {
    await breakOn("triage:");
    const session = await start({ input: { ticket: "I lost my password" } });
    await session.stop();
    let frames = await session.press("stepInto");
    while (!frames[0]!.name.startsWith("route")) frames = await session.press("stepInto");
    const { Routing } = await session.scopes(frames[0]!);
    const [first, second] = Object.values(Routing!);
    assert.match(first!, /does not match: result\.intent == "refund"/);
    assert.match(second!, /taken/);
    assert.match(await session.evaluate(":why", frames[0]!), /result\.intent = "access"/);
    await session.goOn();
    assert.equal(await session.end(), 0);
  });

  test("back shows the past and calls nothing", async () => {
    await breakOn("reply:");
    const session = await start({ input: { ticket: "I lost my password" } });
    const there = await session.stop();
    const note = await session.press("stepBack");
    assert.equal(note[0]!.name, "note");
    assert.equal((await session.scopes(note[0]!))["State"]!["notes"], "[]");
    const triage = await session.press("reverseContinue");
    assert.equal(triage[0]!.name, "triage");
    const again = await session.press("continue");
    assert.equal(again[0]!.line, there[0]!.line);
    await session.goOn();
    assert.equal(await session.end(), 0);
  });

  test("a question is answered by the launch, and the run goes on", async () => {
    const session = await start({ input: { ticket: "I want a refund" }, answers: { approve: { approved: true } } });
    assert.equal(await session.end(), 0);
    assert.match(session.output(), /completed/);
  });

  test("a run that has failed is opened where it failed, and gone back in", async () => {
    const broken = (text: string): string => text.replace("    lower = text.lower()\n", '    raise ValueError("no intent")\n');
    await changed("agents/triage.py", broken, async () => {
      const failing = await start({ input: { ticket: "I lost my password" }, noDebug: true });
      assert.equal(await failing.end(), 1);
    });
    const session = await start({ run: "latest:failed" }, "attach");
    await session.stop();
    assert.equal(session.reason, "exception");
    const back = await session.press("stepBack");
    assert.equal(back[0]!.name, "agent classify");
  });
});
