import "./stub";
import { strict as assert } from "node:assert";
import { existsSync, readFileSync } from "node:fs";
import * as vscode from "vscode";
import { activate } from "../../src/extension";
import { MINIMAL } from "../../src/server/finding";
import { registered } from "./stub";

// The tests run in the extension's folder.
const manifest = JSON.parse(readFileSync("package.json", "utf8"));
const contributes = manifest.contributes;

describe("the manifest", () => {
  it("names the commands that are registered, and no others", () => {
    activate({ subscriptions: [], workspaceState: vscode, extensionUri: vscode } as unknown as vscode.ExtensionContext);
    const named: string[] = contributes.commands.map((each: { command: string }) => each.command);
    assert.deepEqual([...registered].sort(), named.sort());
  });

  it("puts into menus and keys only commands that it names", () => {
    const named = new Set(contributes.commands.map((each: { command: string }) => each.command));
    const used = [...Object.values<{ command: string }[]>(contributes.menus).flat(), ...contributes.keybindings];
    assert.deepEqual(used.filter((each) => each.command && !named.has(each.command)), []);
  });

  it("names files that are there", () => {
    const files = JSON.stringify(contributes).match(/"\.\/[^"]+"/g) ?? [];
    assert.ok(files.length > 5);
    const missing = files.map((file) => JSON.parse(file)).filter((file) => !existsSync(file.replace("dist/schemas", "../docs/reference/schemas")));
    assert.deepEqual(missing, []);
  });

  it("asks for a command that is no newer than the extension", () => {
    assert.equal(MINIMAL.localeCompare(manifest.version, undefined, { numeric: true }) <= 0, true);
  });
});
