/** The item in the status bar: how the server is, and how many runs are live. */

import * as vscode from "vscode";
import type { Client } from "./server/client";
import type { Run } from "./server/protocol";
import type { Supply } from "./server/supply";

export function registerStatus(context: vscode.ExtensionContext, client: Client, supply: Supply): void {
  const item = vscode.window.createStatusBarItem("status", vscode.StatusBarAlignment.Left, 10);
  item.name = "Pointsman";
  const live = new Set<string>();
  const count = ({ runs }: { runs: Run[] }) => {
    for (const run of runs) {
      if (run.live) live.add(run.run);
      else live.delete(run.run);
    }
    show();
  };
  const show = () => {
    const face = look(client, supply, live.size);
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

function look(client: Client, supply: Supply, live: number): Face {
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
  const runs = live === 0 ? "No run is live." : live === 1 ? "One run is live." : `${live} runs are live.`;
  const tooltip = `Pointsman ${client.version}, from ${supply.command?.path ?? ""}\n${runs} Click to see the runs.`;
  return { text: live === 0 ? "$(check) Pointsman" : `$(sync~spin) Pointsman: ${live}`, tooltip, command: "pointsman.runs.focus", warns: false };
}
