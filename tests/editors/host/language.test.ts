/** What a person gets while writing, asked of the workbench's own providers. */

import * as assert from "node:assert/strict";
import * as vscode from "vscode";

suite("language", () => {
  test("the extension is there", () => {
    assert.ok(vscode.extensions.getExtension("pointsman.pointsman"));
  });
});
