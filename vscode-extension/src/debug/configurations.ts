/** Makes a launch configuration whole: which pipeline, which one in it, with which input. */

import * as vscode from "vscode";
import { fileOf } from "../common/files";
import type { Server } from "../server/client";
import type { Graph } from "../server/protocol";
import type { Supply } from "../server/supply";
import { readGiven } from "./inputs";
import type { Picker } from "./picking";
import { placeFile, type Program, readProgram, sessionName, writeProgram } from "./programs";

export const TYPE = "pointsman";
export const PIPELINE = "pointsman-pipeline";
const PIPELINES = "**/*.pipeline.{yaml,yml}";
const NOT_THERE = "**/{node_modules,.venv,.git}/**";
const MOST = 100;

export class Configurations implements vscode.DebugConfigurationProvider {
  constructor(
    private readonly server: Server,
    private readonly supply: Supply,
    private readonly picker: Picker,
  ) {}

  /** Before variables are put in: F5 without a launch.json comes with nothing at all. */
  async resolveDebugConfiguration(
    _folder: vscode.WorkspaceFolder | undefined,
    config: vscode.DebugConfiguration,
  ): Promise<vscode.DebugConfiguration | undefined> {
    const whole: vscode.DebugConfiguration = { ...config, type: config.type || TYPE, request: config.request || "launch", name: config.name || "Pipeline" };
    if (whole.request === "launch" && !whole["program"]) {
      const file = openPipeline() ?? (await choosePipeline());
      if (file === undefined) return undefined;
      whole["program"] = file.fsPath;
      if (!config.name) whole.name = sessionName({ path: file.fsPath, pipeline: "" }, { noDebug: config.noDebug === true });
    }
    return whole;
  }

  /** After variables are put in: what is left to ask is asked now. */
  async resolveDebugConfigurationWithSubstitutedVariables(
    folder: vscode.WorkspaceFolder | undefined,
    config: vscode.DebugConfiguration,
  ): Promise<vscode.DebugConfiguration | undefined> {
    if ((await this.supply.find()) === undefined) {
      void this.supply.offer();
      return undefined;
    }
    if (config.request !== "launch") return config;
    const program = await this.choose(readProgram(String(config["program"]), folder?.uri.fsPath));
    if (program === undefined) return undefined;
    const whole: vscode.DebugConfiguration = { ...config, program: writeProgram(program) };
    if (config.noDebug) whole.internalConsoleOptions ??= "openOnSessionStart";
    const given = readGiven(config["input"]);
    if (typeof given === "string") whole["input"] = placeFile(given, folder?.uri.fsPath, program.path);
    else if (given !== undefined && given !== null) whole["input"] = given;
    else if (!config["rerun"]) {
      const picked = await this.picker.pick(program);
      if (picked === undefined) return undefined;
      if (picked.value !== undefined) whole["input"] = picked.value;
    }
    return whole;
  }

  /** For a file that holds several pipelines: the one that is meant. */
  private async choose(program: Program): Promise<Program | undefined> {
    if (program.pipeline !== "") return program;
    const textDocument = { uri: vscode.Uri.file(program.path).toString() };
    const asked = this.server.request<{ pipelines: Graph[] }>("pointsman/graph", { textDocument });
    const names = await asked.then((answer) => answer.pipelines.map((graph) => graph.name).filter(Boolean), () => []);
    if (names.length < 2) return program;
    const pipeline = await vscode.window.showQuickPick(names, { title: "Which pipeline of this file?" });
    return pipeline === undefined ? undefined : { ...program, pipeline };
  }
}

/** What "Run and Debug" offers without a launch.json: every pipeline of the workspace, and what went wrong last. */
export class Offered implements vscode.DebugConfigurationProvider {
  async provideDebugConfigurations(folder: vscode.WorkspaceFolder | undefined): Promise<vscode.DebugConfiguration[]> {
    if (folder === undefined && vscode.workspace.workspaceFolders) return []; // asked for each folder, and once for none
    const within = folder ? new vscode.RelativePattern(folder, PIPELINES) : PIPELINES;
    const files = await vscode.workspace.findFiles(within, NOT_THERE, MOST);
    const launches = files.map((file) => launch({ path: file.fsPath, pipeline: "" }));
    const name = (config: vscode.DebugConfiguration) => config.name;
    return [
      ...launches.sort((one, other) => name(one).localeCompare(name(other))),
      { type: TYPE, request: "attach", name: "The latest failed run", run: "latest:failed" },
      { type: TYPE, request: "attach", name: "The latest run", run: "latest" },
    ];
  }
}

/** The configuration that debugs a pipeline, or merely runs it. */
export function launch(program: Program, more: Record<string, unknown> = {}, noDebug = false): vscode.DebugConfiguration {
  const name = sessionName(program, { noDebug, rerun: more["rerun"] });
  return { type: TYPE, request: "launch", name, program: writeProgram(program), ...more };
}

/** The pipeline in the active editor, also where a debugger shows an older text of it. */
export function openPipeline(): vscode.Uri | undefined {
  const { uri, languageId } = vscode.window.activeTextEditor?.document ?? {};
  return uri === undefined || languageId !== PIPELINE ? undefined : fileOf(uri);
}

/** One of the workspace's pipelines, the only one without asking. */
export async function choosePipeline(): Promise<vscode.Uri | undefined> {
  const files = await vscode.workspace.findFiles(PIPELINES, NOT_THERE, MOST);
  if (files.length < 2) {
    if (files.length === 0) void vscode.window.showInformationMessage("There is no *.pipeline.yaml in this workspace.");
    return files[0];
  }
  const items = files.map((file) => ({ label: vscode.workspace.asRelativePath(file), file }));
  items.sort((one, other) => one.label.localeCompare(other.label));
  return (await vscode.window.showQuickPick(items, { title: "Which pipeline?" }))?.file;
}
