/** The runs of the workspace in the editor: the view, its commands, its documents, the questions to people. */

import * as vscode from "vscode";
import { messageOf } from "../common/values";
import type { Server } from "../server/client";
import type { DefinitionChanged, Run } from "../server/protocol";
import { AnswerDocuments } from "./answers";
import { Asking } from "./asking";
import { RunCommands } from "./commands";
import { RunDocuments } from "./documents";
import { definitionLine } from "./rows";
import { RunStore } from "./store";
import { RunsView } from "./view";

/** Put it together. `log` is told what happens to the files the runs are made from;
 * `unserved` says which folders the server does not see. */
export function registerRuns(
  context: vscode.ExtensionContext, server: Server, log: vscode.LogOutputChannel, unserved: () => string | undefined = () => undefined,
): void {
  const failed = (problem: unknown): void => log.warn(`runs: ${messageOf(problem)}`);
  const store = new RunStore();
  const view = new RunsView(server, store, failed, unserved);
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
