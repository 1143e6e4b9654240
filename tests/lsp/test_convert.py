"""Every feature over the wire, as a client with all abilities sees it, and as one with none does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lsp.edge import EVERYTHING, EdgeClient, introduced

TEXT = """\
language: 1
pipeline: a
# 😀 a wide sign before everything that is counted
agents:
  work: {python: "m:f"}
stages:
  "one": {agent: work, routes: [{when: "'😀' != outputs.two.x", to: two}, {to: end}]}
  two:
    agent: work
"""
AGENT = (6, 17)
TO_TWO = (6, 68)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "m.py").write_text("x = 1\n\ndef f():\n    return {}\n")
    return tmp_path


async def opened(client: EdgeClient, folder: Path, text: str = TEXT) -> str:
    uri = (folder / "a.pipeline.yaml").as_uri()
    client.open(uri, text)
    assert await client.diagnostics(uri) == []
    return uri


def span(line: int, start: int, end: int) -> Any:
    return {"start": {"line": line, "character": start}, "end": {"line": line, "character": end}}


async def test_hover(workspace: Path) -> None:
    for capabilities, kind in ((EVERYTHING, "markdown"), ({}, "plaintext")):
        async with introduced(capabilities) as client:
            uri = await opened(client, workspace)
            found = (await client.at("textDocument/hover", uri, *AGENT))["result"]
            assert found["range"] == span(6, 17, 21)
            assert found["contents"]["kind"] == kind
            assert "m:f" in found["contents"]["value"]
            assert ("**" in found["contents"]["value"]) == (kind == "markdown")
            assert (await client.at("textDocument/hover", uri, 2, 5))["result"] is None


async def test_completion(workspace: Path) -> None:
    for capabilities in (EVERYTHING, {}):
        async with introduced(capabilities) as client:
            uri = await opened(client, workspace)
            at = {"line": 6, "character": 17}
            client.change(uri, {"range": {"start": at, "end": {"line": 6, "character": 21}}, "text": "wo"})
            found = (await client.at("textDocument/completion", uri, 6, 19))["result"]
            assert found["isIncomplete"] is False
            item = next(one for one in found["items"] if one["label"] == "work")
            assert item["kind"] == 7
            assert item["textEdit"] == {"range": span(6, 17, 19), "newText": "work"}
            end = {"line": 9, "character": 0}
            client.change(uri, {"range": {"start": end, "end": end}, "text": "    \n"})
            keys = (await client.at("textDocument/completion", uri, 9, 4))["result"]["items"]
            snippets = {one.get("insertTextFormat") for one in keys}
            assert keys
            assert (2 in snippets) == bool(capabilities)
            docs = [one["documentation"] for one in keys if "documentation" in one]
            assert docs
            assert all(one["kind"] == "markdown" if capabilities else isinstance(one, str) for one in docs)
            assert any("`" in str(one) for one in docs) == bool(capabilities)


async def test_a_kind_that_a_client_does_not_know_is_a_plain_one(workspace: Path) -> None:
    for capabilities, kind in ((EVERYTHING, 22), ({}, 10)):
        async with introduced(capabilities) as client:
            uri = await opened(client, workspace)
            found = (await client.at("textDocument/completion", uri, *TO_TWO))["result"]["items"]
            assert {one["kind"] for one in found if one["label"] == "two"} == {kind}


async def test_definition(workspace: Path) -> None:
    async with introduced() as client:
        uri = await opened(client, workspace)
        [link] = (await client.at("textDocument/definition", uri, *TO_TWO))["result"]
        assert link["targetUri"] == uri
        assert link["targetSelectionRange"] == span(7, 2, 5)
        assert link["targetRange"]["end"]["line"] >= 8
        [link] = (await client.at("textDocument/definition", uri, 4, 20))["result"]
        assert link["targetUri"] == (workspace / "m.py").as_uri()
        assert link["targetSelectionRange"] == span(2, 4, 5)
    async with introduced({}) as client:
        uri = await opened(client, workspace)
        [location] = (await client.at("textDocument/definition", uri, *TO_TWO))["result"]
        assert location == {"uri": uri, "range": span(7, 2, 5)}


async def test_references_and_highlights(workspace: Path) -> None:
    async with introduced() as client:
        uri = await opened(client, workspace)
        ranges = [span(6, 56, 59), span(6, 68, 71)]
        for declaration, expected in ((False, ranges), (True, [span(7, 2, 5), *ranges])):
            more = {"context": {"includeDeclaration": declaration}}
            found = (await client.at("textDocument/references", uri, 7, 3, **more))["result"]
            assert [one["range"] for one in found] == expected
            assert {one["uri"] for one in found} == {uri}
        found = (await client.at("textDocument/documentHighlight", uri, 7, 3))["result"]
        assert [one["range"] for one in found] == [*ranges, span(7, 2, 5)]


async def test_rename(workspace: Path) -> None:
    for capabilities in (EVERYTHING, {}):
        async with introduced(capabilities) as client:
            uri = await opened(client, workspace)
            found = (await client.at("textDocument/prepareRename", uri, *TO_TWO))["result"]
            assert found == {"range": span(6, 68, 71), "placeholder": "two"}
            edit = (await client.at("textDocument/rename", uri, *TO_TWO, newName="three"))["result"]
            places = [span(6, 56, 59), span(6, 68, 71), span(7, 2, 5)]
            edits = [{"range": one, "newText": "three"} for one in places]
            if capabilities:
                assert edit == {"documentChanges": [{"textDocument": {"uri": uri, "version": 1}, "edits": edits}]}
            else:
                assert edit == {"changes": {uri: edits}}
            for name in ("not a name", ""):
                refused = await client.at("textDocument/rename", uri, *TO_TWO, newName=name)
                assert refused["error"]["code"] == -32803
                assert "name" in refused["error"]["message"]
            assert (await client.at("textDocument/prepareRename", uri, 2, 5))["error"]["code"] == -32803


async def test_outline(workspace: Path) -> None:
    async with introduced() as client:
        uri = await opened(client, workspace)
        [top] = (await client.request("textDocument/documentSymbol", {"textDocument": {"uri": uri}}))["result"]
        assert (top["name"], top["kind"], top["selectionRange"]) == ("a", 2, span(1, 10, 11))
        agents, stages = top["children"]
        assert [one["name"] for one in stages["children"]] == ["one", "two"]
        assert [one["kind"] for one in (*agents["children"], *stages["children"])] == [5, 12, 12]
        assert stages["children"][0]["detail"] == "agent work"
    async with introduced({}) as client:
        uri = await opened(client, workspace)
        found = (await client.request("textDocument/documentSymbol", {"textDocument": {"uri": uri}}))["result"]
        named = [(one["name"], one.get("containerName")) for one in found]
        assert named == [
            ("a", None),
            ("agents", "a"),
            ("work", "agents"),
            ("stages", "a"),
            ("one", "stages"),
            ("two", "stages"),
        ]
        assert {one["location"]["uri"] for one in found} == {uri}


async def test_folds(workspace: Path) -> None:
    for limit in (None, 0, 1):
        async with introduced({"textDocument": {"foldingRange": {"rangeLimit": limit}}}) as client:
            uri = await opened(client, workspace)
            found = (await client.request("textDocument/foldingRange", {"textDocument": {"uri": uri}}))["result"]
            folds = [
                {"startLine": 3, "endLine": 4, "kind": "region"},
                {"startLine": 5, "endLine": 8, "kind": "region"},
                {"startLine": 7, "endLine": 8, "kind": "region"},
            ]
            assert found == folds[:limit]


async def test_answers_name_a_file_as_its_client_does(workspace: Path) -> None:
    """Where another file is open under an unusual spelling, that spelling leads there."""
    odd = (workspace / "m.py").as_uri().replace("m.py", "%6d.py")
    async with introduced({}) as client:
        client.open(odd, "def f(): ...\n", language="python")
        uri = await opened(client, workspace)
        [location] = (await client.at("textDocument/definition", uri, 4, 20))["result"]
        assert location == {"uri": odd, "range": span(0, 4, 5)}
