/** Saved files: the next run takes them, a broken one leaves the last good version live, and a run goes on from what changed. */

import * as assert from "node:assert/strict";
import * as vscode from "vscode";
import { at, changed, findings, open, putAside, until, write } from "./person";
import { breakOn, clear, PIPELINE, start, type Session } from "./sessions";

const PASSWORD = { ticket: "I lost my password" };

suite("reload", () => {
  teardown(async () => {
    await clear();
    await putAside();
  });

  /** Where the run of a ticket stops before its reply, and the intent it was found to have. */
  async function intent(input: unknown): Promise<[Session, string]> {
    const session = await start({ input });
    const [frame] = await session.stop();
    return [session, await session.evaluate("outputs.triage.intent", frame!)];
  }

  async function ended(session: Session): Promise<number> {
    await session.goOn();
    return await session.end();
  }

  test("an agent's Python", async () => {
    await breakOn("reply:");
    const [before, old] = await intent(PASSWORD);
    assert.equal(old, "access");
    await ended(before);
    await changed("agents/triage.py", (text) => text.replace('"password"', '"passphrase"'), async () => {
      const [after, renewed] = await intent(PASSWORD);
      assert.equal(renewed, "question");
      await ended(after);
    });
  });

  test("a pipeline", async () => {
    const renamed = (text: string): string => text.replace("  reply:\n", "  answer:\n").replace("to: reply}", "to: answer}").replace("outputs.?reply", "outputs.?answer");
    await changed(PIPELINE, renamed, async () => {
      await breakOn("answer:");
      const session = await start({ input: PASSWORD });
      assert.equal((await session.stop())[0]!.name, "answer");
      assert.equal(await ended(session), 0);
    });
  });

  test("a policy", async () => {
    await changed("safety.policy.yaml", (text) => text.replace("effect: flag", "effect: deny"), async () => {
      const session = await start({ input: { ticket: "refund" }, answers: { approve: { approved: true } }, noDebug: true });
      assert.equal(await session.end(), 4);
    });
  });

  test("a policy that is saved while a run stands decides what comes next", async () => {
    await breakOn("reply:");
    const session = await start({ input: { ticket: "refund" }, answers: { approve: { approved: true } } });
    await session.stop();
    await changed("safety.policy.yaml", (text) => text.replace("effect: flag", "effect: deny"), async () => {
      const fault = await session.press("continue");
      assert.equal(session.reason, "exception");
      assert.ok(fault.length > 0);
      assert.equal(await ended(session), 4);
    });
  });

  test("a broken pipeline leaves the last good one live, and it is said", async () => {
    const good = await start({ input: PASSWORD, noDebug: true });
    assert.equal(await good.end(), 0);
    await changed(PIPELINE, (text) => text.replace("to: note}", "to: nite}"), async () => {
      await until("the finding", () => findings(at(PIPELINE)));
      const session = await start({ input: PASSWORD, noDebug: true });
      assert.equal(await session.end(), 0);
      assert.match(session.output(), /last good/i);
    });
  });

  test("a breakpoint stays with its stage when lines come above it", async () => {
    await breakOn("reply:");
    const session = await start({ input: PASSWORD });
    await session.stop();
    await ended(session);
    await changed(PIPELINE, (text) => text.replace("description:", "# one\n# two\ndescription:"), async () => {
      const again = await start({ input: PASSWORD });
      const [frame] = await again.stop();
      assert.equal(frame!.name, "reply");
      await ended(again);
    });
  });

  test("a run goes on where it stood, and nothing that has not changed is called again", async () => {
    await breakOn("reply:");
    const first = await start({ input: PASSWORD });
    await first.stop();
    const { run } = await first.own.customRequest("pointsman/session");
    await first.own.customRequest("terminate");
    await first.end();
    await changed("agents/kb.py", (text) => text.replace("> 3", "> 2"), async () => {
      const second = await start({ rerun: run });
      const [frame] = await second.stop();
      assert.equal(frame!.name, "reply");
      assert.equal(await second.evaluate("outputs.triage.intent", frame!), "access");
      const { run: renewed } = await second.own.customRequest("pointsman/session");
      assert.notEqual(renewed, run);
      assert.equal(await ended(second), 0);
      const events = await vscode.workspace.openTextDocument(vscode.Uri.parse(`pointsman-events:/${renewed}/support_triage.log`));
      assert.match(events.getText(), /attempt\.result +main:triage#1/);
      assert.doesNotMatch(events.getText(), /attempt\.started +main:triage#1/);
      assert.match(events.getText(), /attempt\.started +main:reply#1/);
    });
  });

  test("the envelope after an event is a document, and nobody can write it", async () => {
    const session = await start({ input: PASSWORD, noDebug: true });
    await session.end();
    const { run } = await until("the run", async () => {
      const text = session.output();
      const found = /\((\d{8}-\d{6}-\w+)\)/.exec(text);
      return found ? { run: found[1]! } : undefined;
    });
    const early = await vscode.workspace.openTextDocument(vscode.Uri.parse(`pointsman-envelope:/${run}/1.json`));
    const envelope = JSON.parse(early.getText());
    assert.deepEqual(envelope.input, PASSWORD);
    assert.deepEqual(envelope.outputs, {});
    const events = await vscode.workspace.openTextDocument(vscode.Uri.parse(`pointsman-events:/${run}/support_triage.log`));
    assert.match(events.getText(), /triage/);
    await vscode.window.showTextDocument(early);
    await vscode.commands.executeCommand("type", { text: "x" });
    assert.deepEqual(JSON.parse(early.getText()), envelope);
  });

  test("what is open and not saved is not what runs", async () => {
    const editor = await open(PIPELINE);
    await write(editor, "pipeline: support_triage", "pipeline: something_else");
    assert.ok(editor.document.isDirty);
    await breakOn("reply:");
    // The workbench saves before it debugs; a person can switch that off, and then the file on the disk is meant.
    const settings = vscode.workspace.getConfiguration("debug");
    await settings.update("saveBeforeStart", "none", vscode.ConfigurationTarget.Workspace);
    await until("the setting", () => vscode.workspace.getConfiguration("debug").get("saveBeforeStart") === "none");
    try {
      const session = await start({ input: PASSWORD });
      const frames = await session.stop();
      assert.equal(frames.at(-1)!.name, "support_triage");
      await ended(session);
    } finally {
      await settings.update("saveBeforeStart", undefined, vscode.ConfigurationTarget.Workspace);
    }
  });
});
