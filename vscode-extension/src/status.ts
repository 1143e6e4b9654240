/** The item in the status bar: how the server is, and how many runs are live. */

import * as vscode from "vscode";
import type { Client } from "./server/client";
import type { Run, RunStatus } from "./server/protocol";
import type { Supply } from "./server/supply";

export function registerStatus(context: vscode.ExtensionContext, client: Client, supply: Supply): void {
  const item = vscode.window.createStatusBarItem("status", vscode.StatusBarAlignment.Left, 10);
  item.name = "Pointsman";
  const live = new Map<string, RunStatus>();
  const count = ({ runs }: { runs: Run[] }) => {
    for (const run of runs) {
      if (run.live) live.set(run.run, run.status);
      else live.delete(run.run);
    }
    show();
  };
  const show = () => {
    const face = look(client, supply, [...live.values()]);
    item.text = face.text;
    item.tooltip = face.tooltip;
    item.command = face.command;
    item.backgroundColor = face.warns ? new vscode.ThemeColor("statusBarItem.warningBackground") : undefined;
    item.show();
  };
  context.subscriptions.push(
    item,
    supply.onDidChange(show),
    client.on("pointsman/runsChanged", count),
    client.onDidChangeState((state) => {
      live.clear();
      show();
      if (state === "running") void client.request<{ runs: Run[] }>("pointsman/runs", {}).then(count, () => undefined);
    }),
  );
  show();
}

interface Face {
  text: string;
  tooltip: string;
  command: string;
  warns: boolean;
}

function look(client: Client, supply: Supply, live: RunStatus[]): Face {
  if (!vscode.workspace.isTrusted) {
    const tooltip = "This workspace is not trusted: no pointsman command is started.";
    return { text: "$(shield) Pointsman", tooltip, command: "workbench.trust.manage", warns: false };
  }
  if (client.state === "starting") {
    return { text: "$(loading~spin) Pointsman", tooltip: "The Pointsman server starts.", command: "pointsman.showLog", warns: false };
  }
  if (client.state === "stopped") {
    const { problem } = supply;
    const tooltip = problem?.message ?? "The Pointsman server is stopped. Click to start it.";
    const text = problem ? "$(warning) Pointsman" : "$(circle-slash) Pointsman";
    return { text, tooltip, command: "pointsman.findCommand", warns: problem !== undefined };
  }
  const count = live.length;
  const runs = count === 0 ? "No run is live." : count === 1 ? "One run is live." : `${count} runs are live.`;
  // What waits for a person or a debugger does not turn.
  const icon = live.includes("running") ? "$(sync~spin)" : live.includes("held") ? "$(debug-pause)" : "$(question)";
  const tooltip = `Pointsman ${client.version}, from ${supply.command?.path ?? ""}\n${runs} Click to see the runs.`;
  return { text: count === 0 ? "$(check) Pointsman" : `${icon} Pointsman: ${count}`, tooltip, command: "pointsman.runs.focus", warns: false };
}
