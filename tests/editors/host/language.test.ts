/** What a person gets while writing, asked of the workbench's own providers. */

import * as assert from "node:assert/strict";
import * as vscode from "vscode";
import { at, findings, open, place, putAside, textAt, until, write } from "./person";

const FILE = "triage.pipeline.yaml";
const run = vscode.commands.executeCommand;

suite("language", () => {
  let editor: vscode.TextEditor;
  let document: vscode.TextDocument;

  setup(async () => {
    editor = await open(FILE);
    document = editor.document;
    await until("the server", () => run<vscode.DocumentSymbol[]>("vscode.executeDocumentSymbolProvider", document.uri));
  });
  teardown(putAside);

  async function completions(where: vscode.Position): Promise<Map<string, vscode.CompletionItem>> {
    const list = await run<vscode.CompletionList>("vscode.executeCompletionItemProvider", document.uri, where);
    return new Map(list.items.map((item) => [typeof item.label === "string" ? item.label : item.label.label, item]));
  }

  test("pipelines and policies are languages of their own", async () => {
    assert.equal(document.languageId, "pointsman-pipeline");
    assert.equal((await open("safety.policy.yaml")).document.languageId, "pointsman-policy");
    assert.equal((await open("replies.yaml")).document.languageId, "yaml");
  });

  test("stages are completed where a route goes", async () => {
    const offered = await completions(place(document, "to: note}", "note}"));
    for (const stage of ["triage", "approve", "note", "reply", "end", "fail"]) assert.ok(offered.has(stage), stage);
    assert.equal(offered.has("timeout"), false);
  });

  test("keys of a stage are completed, without those it has", async () => {
    await write(editor, "    agent: classify\n", "    agent: classify\n    \n");
    const offered = await completions(place(document, "agent: classify\n").translate(1, 0).with(undefined, 4));
    assert.ok(offered.has("timeout"));
    assert.equal(offered.has("agent"), false);
  });

  test("names inside an expression are completed", async () => {
    const offered = await completions(place(document, "outputs.triage.intent", "triage"));
    assert.ok(offered.has("triage"));
  });

  test("hover explains an agent by its Python function", async () => {
    const where = place(document, "agent: classify", "classify");
    const hovers = await run<vscode.Hover[]>("vscode.executeHoverProvider", document.uri, where);
    const text = hovers.flatMap((one) => one.contents.map((part) => (typeof part === "string" ? part : part.value))).join("\n");
    assert.match(text, /def classify\(text: str\) -> dict/);
    assert.match(text, /The intent \(refund, access or question\)/);
  });

  test("what is wrong is said while writing, and put right by its quick fix", async () => {
    await write(editor, "to: note}", "to: nite}");
    const [found] = await until("a finding", () => findings(document.uri));
    assert.equal(found!.severity, vscode.DiagnosticSeverity.Error);
    assert.equal(document.getText(found!.range), "nite");
    assert.match(found!.message, /no stage nite/);
    const actions = await until("a quick fix", () =>
      run<vscode.CodeAction[]>("vscode.executeCodeActionProvider", document.uri, found!.range, vscode.CodeActionKind.QuickFix.value));
    const fix = actions.find((action) => action.edit && /note/.test(action.title));
    assert.ok(fix, actions.map((action) => action.title).join(", "));
    assert.ok(await vscode.workspace.applyEdit(fix.edit!));
    assert.ok(document.getText().includes("to: note}"));
    await until("no finding", () => findings(document.uri).length === 0);
  });

  test("a policy is looked at too", async () => {
    const policy = await open("safety.policy.yaml");
    await write(policy, "effect: deny", "effect: denied");
    const [found] = await until("a finding", () => findings(policy.document.uri));
    assert.equal(policy.document.getText(found!.range), "denied");
  });

  test("definition leads to the Python function, the prompt and the stage", async () => {
    const from = async (text: string, within: string): Promise<[string, string]> => {
      const places = await run<(vscode.Location | vscode.LocationLink)[]>(
        "vscode.executeDefinitionProvider", document.uri, place(document, text, within));
      const first = places[0];
      assert.ok(first, `nothing for ${within}`);
      const [uri, range] = "targetUri" in first ? [first.targetUri, first.targetSelectionRange ?? first.targetRange] : [first.uri, first.range];
      return [vscode.workspace.asRelativePath(uri), textAt(await vscode.workspace.openTextDocument(uri), range.start.line)];
    };
    assert.deepEqual(await from('"agents.triage:classify"', "classify"), ["agents/triage.py", "def classify(text: str) -> dict:"]);
    assert.deepEqual(await from("to: approve", "approve"), [FILE, "approve:"]);
    assert.equal((await from("prompts/draft.md", "draft"))[0], "prompts/draft.md");
  });

  test("references are found across files", async () => {
    const found = await run<vscode.Location[]>("vscode.executeReferenceProvider", document.uri, place(document, "  triage:", "triage"));
    const files = new Set(found.map((one) => vscode.workspace.asRelativePath(one.uri)));
    assert.ok(files.has(FILE) && files.has("prompts/draft.md"), [...files].join(", "));
  });

  test("a stage is renamed in expressions and prompts", async () => {
    const edit = await run<vscode.WorkspaceEdit>(
      "vscode.executeDocumentRenameProvider", document.uri, place(document, "  triage:", "triage"), "sort");
    const touched = edit.entries().map(([uri, edits]) => [vscode.workspace.asRelativePath(uri), edits.length] as const);
    assert.deepEqual(new Map(touched), new Map([[FILE, 3], ["prompts/draft.md", 1]]));
  });

  test("the outline has the stages", async () => {
    const names: string[] = [];
    const walk = (symbols: vscode.DocumentSymbol[]): void => symbols.forEach((one) => (names.push(one.name), walk(one.children)));
    walk(await run<vscode.DocumentSymbol[]>("vscode.executeDocumentSymbolProvider", at(FILE)));
    for (const name of ["triage", "approve", "note", "reply", "search_kb"]) assert.ok(names.includes(name), name);
  });

  test("lenses run and debug the pipeline and its stages", async () => {
    const lenses = await until("lenses", () => run<vscode.CodeLens[]>("vscode.executeCodeLensProvider", document.uri, 50));
    const commands = new Map(lenses.map((one) => [`${textAt(document, one.range.start.line)} ${one.command?.command}`, one.command?.title]));
    assert.ok(commands.has("pipeline: support_triage pointsman.run"), [...commands.keys()].join("\n"));
    assert.ok(commands.has("pipeline: support_triage pointsman.debug"));
    assert.ok(commands.has("reply: pointsman.debug"));
  });
});
