/** Read-only documents of a run: the envelope after an event, two of them side by side, and the list of events. */

import * as vscode from "vscode";
import type { Server } from "../server/client";
import type { Run, RunEvent } from "../server/protocol";
import { ENVELOPE, EVENTS, envelopeUri, eventAt, eventsUri, listing, named } from "./events";
import type { RunStore } from "./store";

/** How often the events of a live run are read again while somebody looks at them. */
const REREAD_MS = 500;

export class RunDocuments implements vscode.TextDocumentContentProvider, vscode.DocumentLinkProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;
  private readonly rereading = new Map<string, NodeJS.Timeout>();
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    private readonly server: Server,
    private readonly store: RunStore,
  ) {
    this.subscriptions = [
      this.changed,
      vscode.workspace.registerTextDocumentContentProvider(ENVELOPE, this),
      vscode.workspace.registerTextDocumentContentProvider(EVENTS, this),
      vscode.languages.registerDocumentLinkProvider({ scheme: EVENTS }, this),
    ];
  }

  dispose(): void {
    for (const timer of this.rereading.values()) clearTimeout(timer);
    for (const one of this.subscriptions) one.dispose();
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const meant = named(uri.path);
    if (!meant) throw new Error(`${uri.toString()} names no run`);
    if (uri.scheme === EVENTS) return listing(this.store.get(meant.run)?.run, meant.run, await this.events(meant.run));
    const { text } = await this.server.request<{ text: string }>("pointsman/envelope", meant);
    return text;
  }

  provideDocumentLinks(document: vscode.TextDocument): vscode.DocumentLink[] {
    const meant = named(document.uri.path);
    if (!meant) return [];
    return Array.from({ length: document.lineCount }, (_, line) => ({ line, event: eventAt(document.lineAt(line).text) })).flatMap(
      ({ line, event }) => {
        if (!event) return [];
        const link = new vscode.DocumentLink(
          new vscode.Range(line, event.start, line, event.end),
          vscode.Uri.parse(envelopeUri(meant.run, event.seq)),
        );
        link.tooltip = "Show the envelope after this event";
        return [link];
      },
    );
  }

  /** These runs have changed: an open list of their events is read again soon. */
  reread(runs: readonly Run[]): void {
    for (const one of runs) {
      const { run } = one;
      const uri = vscode.Uri.parse(eventsUri(one)).toString();
      const seen = vscode.workspace.textDocuments.some((document) => document.uri.toString() === uri);
      if (!seen || this.rereading.has(run)) continue;
      const again = (): void => {
        this.rereading.delete(run);
        this.changed.fire(vscode.Uri.parse(uri));
      };
      this.rereading.set(run, setTimeout(again, REREAD_MS));
    }
  }

  async events(run: string): Promise<RunEvent[]> {
    return (await this.server.request<{ events: RunEvent[] }>("pointsman/events", { run })).events;
  }

  async showEvents(run: Run): Promise<void> {
    await open(eventsUri(run));
  }

  async showEnvelope(run: string, seq: number): Promise<void> {
    await open(envelopeUri(run, seq));
  }

  async compare(left: Moment, right: Moment, title: string): Promise<void> {
    const [before, after] = [left, right].map((at) => vscode.Uri.parse(envelopeUri(at.run, at.seq)));
    await vscode.commands.executeCommand("vscode.diff", before, after, title, { preview: true });
  }
}

/** An event of a run. */
export interface Moment {
  run: string;
  seq: number;
}

async function open(uri: string): Promise<void> {
  const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(uri));
  await vscode.window.showTextDocument(document, { preview: true });
}
