/** The runs view begun in a workbench that remembers, with a server that answers from a table. */

import { FakeServer, newWorkbench, settled, type Workbench } from "./workbench";
import type { ExtensionContext, LogOutputChannel, TreeItem } from "vscode";
import { registerRuns } from "../../../src/runs/index";
import type { RunRow } from "../../../src/runs/tree";
import type { Run } from "../../../src/server/protocol";
import { aQuestion, aRun, aStage, NOW } from "./made";

interface Tree {
  getChildren(row?: RunRow): RunRow[];
  getTreeItem(row: RunRow): TreeItem;
  resolveTreeItem(item: Partial<TreeItem>, row: RunRow): TreeItem;
  onDidChangeTreeData(listener: (rows: RunRow[] | undefined) => void): void;
}

export interface Begun {
  server: FakeServer;
  bench: Workbench;
  tree: Tree;
  /** What the view was told to draw again, `all` for everything. */
  drawn: string[];
  log: string[];
  dispose(): void;
}

export async function begun(...runs: Run[]): Promise<Begun> {
  const [server, bench, log] = [new FakeServer(), newWorkbench(), [] as string[]];
  server.answers.set("pointsman/runs", () => ({ runs }));
  const subscriptions: { dispose(): void }[] = [];
  const write = (line: string): number => log.push(line);
  registerRuns({ subscriptions } as unknown as ExtensionContext, server, { warn: write, info: write } as unknown as LogOutputChannel);
  const tree = bench.providers.get("tree") as unknown as Tree;
  const drawn: string[] = [];
  await settled();
  tree.onDidChangeTreeData((rows) => drawn.push(rows ? rows.map((row) => row.key).join(" ") : "all"));
  return { server, bench, tree, drawn, log, dispose: () => subscriptions.forEach((one) => one.dispose()) };
}

export const LIVE = aRun({ run: "live", live: true, status: "running", stages: [aStage("triage"), aStage("reply", { status: "running" })] });
export const ASKING = { ...LIVE, status: "asking", questions: [aQuestion()] } as const satisfies Run;
export const DONE = aRun({ run: "done", startedAt: NOW - 1000, stages: [aStage("triage")] });
