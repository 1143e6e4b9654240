/** The runs of the workspace in the editor: the view, its commands, its documents, the questions to people. */

import * as vscode from "vscode";
import type { Server } from "../server/client";
import type { DefinitionChanged, Run } from "../server/protocol";
import { AnswerDocuments } from "./answers";
import { Asking } from "./asking";
import { RunCommands } from "./commands";
import { definitionLine } from "./definitions";
import { RunDocuments } from "./documents";
import { RunStore } from "./store";
import { RunsView } from "./view";

/** Put it together. `log` is told what happens to the files the runs are made from. */
export function registerRuns(context: vscode.ExtensionContext, server: Server, log: vscode.LogOutputChannel): void {
  const failed = (problem: unknown): void => log.warn(`runs: ${problem instanceof Error ? problem.message : String(problem)}`);
  const store = new RunStore();
  const view = new RunsView(server, store, failed);
  const documents = new RunDocuments(server, store);
  const answers = new AnswerDocuments();
  const asking = new Asking(server, store, answers, failed);
  context.subscriptions.push(
    view,
    documents,
    answers,
    ...new RunCommands(server, store, view, documents, asking).register(),
    server.on<{ runs: Run[] }>("pointsman/runsChanged", ({ runs }) => view.update(runs, true)),
    view.onDidLearn(({ runs, moved }) => {
      documents.reread(runs);
      asking.told(runs, moved);
    }),
    server.on<DefinitionChanged>("pointsman/definitionChanged", (change) => {
      view.define(change);
      const line = definitionLine(change);
      if (change.state === "broken") log.warn(line);
      else log.info(line);
    }),
  );
}
