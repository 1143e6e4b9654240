/** The tree in the side bar. It is told what has changed, and counts seconds only while somebody looks. */

import * as vscode from "vscode";
import type { Server } from "../server/client";
import type { DefinitionChanged, Run } from "../server/protocol";
import { shown } from "./rows";
import { type Change, type RunStore, took } from "./store";
import { RunTree, type RunRow } from "./tree";
import { counted, counting } from "../common/words";

export const VIEW = "pointsman.runs";
const LISTED = 50;
const SECOND = 1000;
/** How long a tooltip is left in peace. */
const READING_MS = 5000;

export interface Learned {
  runs: readonly Run[];
  /** Whether they have moved just now. */
  moved: boolean;
}

export class RunsView implements vscode.TreeDataProvider<RunRow>, vscode.Disposable {
  readonly tree: RunTree;
  private readonly changed = new vscode.EventEmitter<RunRow[] | undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly learned = new vscode.EventEmitter<Learned>();
  /** What the server told of runs, asked or not. */
  readonly onDidLearn = this.learned.event;
  private readonly panel: vscode.TreeView<RunRow>;
  private readonly subscriptions: vscode.Disposable[];
  private ticking: NodeJS.Timeout | undefined;
  /** What was shown of a live run's duration. */
  private readonly counted = new Map<string, string>();
  private pointedAt = 0;

  constructor(
    private readonly server: Server,
    private readonly store: RunStore,
    private readonly failed: (problem: unknown) => void,
    /** What of the open folders the server does not see, if anything. */
    private readonly unserved: () => string | undefined,
  ) {
    this.tree = new RunTree(store);
    this.panel = vscode.window.createTreeView(VIEW, { treeDataProvider: this, showCollapseAll: true, canSelectMany: true });
    this.subscriptions = [
      this.changed,
      this.learned,
      this.panel,
      this.panel.onDidChangeVisibility(({ visible }) => {
        if (visible) this.refresh().catch(this.failed);
        this.tick();
      }),
      server.onDidChangeState(() => this.serverChanged()),
    ];
    this.serverChanged();
  }

  dispose(): void {
    clearInterval(this.ticking);
    for (const one of this.subscriptions) one.dispose();
  }

  getTreeItem(row: RunRow): vscode.TreeItem {
    const says = shown(this.store, row, Date.now());
    const item = new vscode.TreeItem(says.label, STATES[says.expand]);
    item.id = row.key;
    item.description = says.description;
    item.iconPath = new vscode.ThemeIcon(says.icon, says.colour ? new vscode.ThemeColor(says.colour) : undefined);
    item.contextValue = says.context;
    item.accessibilityInformation = { label: says.spoken };
    if (says.click) item.command = { command: `pointsman.runs.${says.click}`, title: says.click, arguments: [row] };
    return item;
  }

  /** Somebody points at a row. The workbench takes the tooltip away when the row is drawn again: seconds stand still. */
  resolveTreeItem(item: vscode.TreeItem, row: RunRow): vscode.TreeItem {
    item.tooltip = new vscode.MarkdownString(shown(this.store, row, Date.now()).tooltip, true);
    this.pointedAt = Date.now();
    return item;
  }

  getChildren(row?: RunRow): RunRow[] {
    return this.tree.children(row);
  }

  getParent(row: RunRow): RunRow | undefined {
    return this.tree.parent(row);
  }

  /** The list anew. Where the server does not run, what is known stays. */
  async refresh(): Promise<void> {
    if (this.server.state !== "running") return;
    const asked = Date.now();
    const { runs } = await this.server.request<{ runs: Run[] }>("pointsman/runs", { limit: LISTED });
    this.show(this.store.replace(runs, asked, Date.now()));
    this.learned.fire({ runs, moved: false });
  }

  /** Runs that are new or have moved; or one that was asked for. */
  update(runs: readonly Run[], moved: boolean): void {
    this.show(this.store.change(runs, Date.now()));
    this.learned.fire({ runs, moved });
  }

  /** A saved file that is broken, or good again. */
  define(change: DefinitionChanged): void {
    if (this.store.define(change)) this.changed.fire(undefined);
  }

  /** A run as the server knows it, also one that is too old to be listed. */
  async known(run: string): Promise<Run> {
    const known = this.store.get(run);
    if (known) return known.run;
    const found = await this.server.request<Run>("pointsman/run", { run });
    this.update([found], false);
    return found;
  }

  /** Show a run, or the last visit of one of its stages, and move there. */
  async reveal(run: string, stage?: string): Promise<void> {
    const found = await this.known(run);
    const row = (stage && this.tree.find(found.run, stage)) || this.tree.ofRun(found.run);
    await this.panel.reveal(row, { select: true, focus: true, expand: row.kind === "run" });
  }

  private show(change: Change): void {
    const rows = change.runs.map((run) => this.tree.ofRun(run));
    if (change.order) this.changed.fire(undefined);
    else if (rows.length > 0) this.changed.fire(rows);
    const asking = this.store.asking().length;
    this.panel.badge = asking > 0 ? { value: asking, tooltip: counted(asking, "run asks a person", "runs ask a person") } : undefined;
    this.tick();
  }

  private serverChanged(): void {
    if (this.server.state === "stopped" && this.store.order.length > 0) {
      this.panel.message = "The Pointsman server does not run: this is what it said last.";
    } else if (this.server.state === "running") {
      this.panel.message = this.unserved();
      if (this.store.mend()) this.changed.fire(undefined);
      this.refresh().catch(this.failed);
    }
    this.tick();
  }

  /** Seconds go by while the view is seen and a run lives. */
  private tick(): void {
    const wanted = this.panel.visible && this.server.state === "running" && this.store.live().length > 0;
    if (wanted && !this.ticking) {
      this.ticking = setInterval(() => this.count(), SECOND);
    } else if (!wanted && this.ticking) {
      clearInterval(this.ticking);
      this.ticking = undefined;
      this.counted.clear();
    }
  }

  /** Draw the live runs whose duration reads otherwise than before. */
  private count(): void {
    const now = Date.now();
    if (now - this.pointedAt < READING_MS) return;
    const rows = this.store.live().flatMap(({ run }) => {
      const reads = counting(took(this.store.get(run)!, now));
      if (this.counted.get(run) === reads) return [];
      this.counted.set(run, reads);
      return [this.tree.ofRun(run)];
    });
    if (rows.length > 0) this.changed.fire(rows);
  }
}

const STATES = {
  never: vscode.TreeItemCollapsibleState.None,
  open: vscode.TreeItemCollapsibleState.Expanded,
  closed: vscode.TreeItemCollapsibleState.Collapsed,
};
