/** Going on from a run as a new one that re-uses what has not changed: in a new session, after the one that stands at it. */

import * as vscode from "vscode";
import { refusalOf, type Standing } from "../going";
import type { Run } from "../server/protocol";
import { launch, TYPE } from "./configurations";
import { type Program, readProgram } from "./programs";

/** What a launch configuration says of the world of the run; the new one lives in it too. */
const KEPT = ["answers", "cwd", "env"];

interface Start {
  program: Program;
  folder: vscode.WorkspaceFolder | undefined;
  noDebug: boolean;
  more: Record<string, unknown>;
}

/** Go on from a run; from the stage `from` on nothing is re-used. A session of this window that stands at it ends first. */
export async function goOn(run: Run, from?: string, noDebug = false): Promise<void> {
  const uri = vscode.Uri.parse(run.uri);
  const more = { rerun: run.run, ...(from !== undefined && { from }) };
  const session = activeSession();
  const at = session && (await standing(session).catch(() => undefined)); // one that has no run yet stands at none
  if (session && at?.run === run.run) await end(session, at);
  const program = { path: uri.fsPath, pipeline: run.pipeline };
  await begin({ program, folder: vscode.workspace.getWorkspaceFolder(uri), noDebug, more });
}

/** Go on from the run of a session, which ends before the new one begins: no effect is under way twice. */
export async function goOnFrom(session: vscode.DebugSession, known: (run: string) => Promise<Run>): Promise<void> {
  const { configuration, workspaceFolder } = session;
  const at = await standing(session);
  const refusal = refusalOf(at);
  if (refusal) throw new Error(refusal);
  if (configuration.request !== "launch") return await goOn(await known(at.run));
  const kept = Object.fromEntries(KEPT.filter((key) => key in configuration).map((key) => [key, configuration[key]]));
  const program = readProgram(String(configuration["program"]), workspaceFolder?.uri.fsPath);
  await end(session, at);
  await begin({ program, folder: workspaceFolder, noDebug: configuration.noDebug === true, more: { ...kept, rerun: at.run } });
}

/** The session of ours that is looked at. */
export function activeSession(): vscode.DebugSession | undefined {
  const session = vscode.debug.activeDebugSession;
  return session?.type === TYPE ? session : undefined;
}

async function begin({ program, folder, noDebug, more }: Start): Promise<void> {
  await vscode.debug.startDebugging(folder, launch(program, more, noDebug), { noDebug });
}

async function standing(session: vscode.DebugSession): Promise<Standing> {
  const { run, live } = (await session.customRequest("pointsman/session")) as { run: string; live: boolean };
  return { run, live, held: live && (await isHeld(session)) };
}

/** Only a run that is held shows a stack. */
async function isHeld(session: vscode.DebugSession): Promise<boolean> {
  const { threads } = (await session.customRequest("threads")) as { threads: { id: number }[] };
  const threadId = threads[0]?.id;
  if (threadId === undefined) return false;
  return await session.customRequest("stackTrace", { threadId, levels: 1 }).then(() => true, () => false);
}

/** End a session, and with it its run if that still lives; wait until both have ended. */
async function end(session: vscode.DebugSession, at: Standing): Promise<void> {
  const refusal = refusalOf(at);
  if (refusal) throw new Error(refusal);
  let once: vscode.Disposable | undefined;
  const over = new Promise<void>((done) => {
    once = vscode.debug.onDidTerminateDebugSession(({ id }) => {
      if (id === session.id) done();
    });
  });
  try {
    // To stop a session that has attached itself would let its run go on: the run itself is told to end.
    if (at.live) await session.customRequest("terminate");
    else await vscode.debug.stopDebugging(session);
    vscode.window.setStatusBarMessage("Pointsman: the run ends before the new one begins", over);
    await over;
  } finally {
    once?.dispose();
  }
}
