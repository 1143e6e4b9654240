"""Diagnostics: what the editor underlines is what `pointsman check` finds, pushed once, for the text as it is now."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from lsp.client import notification
from lsp.edge import EVERYTHING, introduced
from marked import read_marked
from pointsman.language.analysis import kind_of
from pointsman_server.cli import main

ROOT = Path(__file__).parents[2]
URI = "file:///nowhere/a.pipeline.yaml"
HEAD = "language: 1\npipeline: a\n"
GOOD = HEAD + "stages:\n  one: {ask: {kind: confirmation, question: 'Well?'}}\n"
BAD = HEAD + "stages:\n  one: {agent: nobody}\n"


def lay_out(folder: Path) -> list[Path]:
    """Every fixture and example, each in a workspace of its own; the answer are the files to look at."""
    found = []
    for number, fixture in enumerate(sorted((ROOT / "tests" / "data" / "diagnostics").iterdir())):
        marked = read_marked(fixture.name, fixture.read_bytes())
        here = folder / f"fixture{number}" / "workspace"  # some reach for files above it
        for name, data in {marked.name: marked.text.encode("utf-8", "surrogateescape"), **marked.around}.items():
            (here / name).parent.mkdir(parents=True, exist_ok=True)
            (here / name).write_bytes(data)
            found += [(here / name).resolve()] if kind_of(name) else []
    for number, source in enumerate((ROOT / "tests" / "data" / "clean", *sorted((ROOT / "examples").iterdir()))):
        if source.is_dir():
            here = folder / f"folder{number}"
            shutil.copytree(source, here, ignore=shutil.ignore_patterns(".pointsman", "__pycache__"))
            found += [path for path in here.rglob("*") if path.is_file() and kind_of(path.name)]
    return found


async def test_the_editor_underlines_what_check_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files = lay_out(tmp_path)
    assert len(files) > 80
    monkeypatch.chdir(tmp_path)
    main(["check", "--format", "json", "."])
    said: dict[Path, list[Any]] = {path: [] for path in files}
    for one in json.loads(capsys.readouterr().out):
        start, end = (one["line"] - 1, one["column"] - 1), (one["end_line"] - 1, one["end_column"] - 1)
        said[tmp_path / one["path"]].append((one["code"], one["severity"], one["message"], start, end))
    names = {1: "error", 2: "warning", 4: "hint"}
    compared = Counter[str]()
    async with introduced({"general": {"positionEncodings": ["utf-32"]}}) as client:
        for path in files:
            data = path.read_bytes()
            try:
                text = data.decode()
            except UnicodeDecodeError:
                continue  # no client can open it as it is
            client.open(path.as_uri(), text)
            found = []
            for one in await client.diagnostics(path.as_uri()):
                start, end = ((at["line"], at["character"]) for at in (one["range"]["start"], one["range"]["end"]))
                found.append((one["code"], names[one["severity"]], one["message"], start, end))
                assert one["source"] == "pointsman"
                compared[one["code"]] += 1
            assert found == said[path], path
            client.close(path.as_uri())
    pages = {page.stem for page in (ROOT / "docs" / "reference" / "diagnostics").iterdir()} - {"index"}
    # Those need an interpreter's modules, bytes that are no text, or a text that would be megabytes long.
    assert pages - set(compared) <= {"yaml_encoding", "yaml_too_large"}


async def test_they_come_with_the_version_and_only_when_they_are_others() -> None:
    async with introduced() as client:
        client.open(URI, GOOD)
        assert await client.diagnostics(URI, 1) == []
        client.change(URI, GOOD + "\n")
        client.change(URI, BAD)
        assert [one["code"] for one in await client.diagnostics(URI, 3)] == ["unknown_agent"]
        client.change(URI, BAD + "# the same\n")
        await client.settle()
        client.change(URI, "\n" + BAD)  # on another line
        assert await client.diagnostics(URI, 5)
        client.change(URI, GOOD)
        assert await client.diagnostics(URI, 6) == []
        await client.settle()
        versions = [version for version, _ in client.published(URI)]
        assert versions == sorted(versions)
        assert set(versions) - {2} == {1, 3, 5, 6}


async def test_what_an_edit_has_torn_is_told_again() -> None:
    """An editor drops what it shows of a text that goes, though the same text comes back in the same breath."""
    async with introduced() as client:
        client.open(URI, BAD)
        await client.diagnostics(URI, 1)
        name = {"start": {"line": 3, "character": 15}, "end": {"line": 3, "character": 21}}
        client.change(URI, {"range": name, "text": ""}, {"range": {**name, "end": name["start"]}, "text": "nobody"})
        await client.diagnostics(URI, 2)
        first_line = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 11}}
        client.change(URI, {"range": first_line, "text": "language: 1"})  # nothing was shown there
        client.change(URI, {"range": {**name, "end": name["start"]}, "text": ""})  # nothing was taken away
        await client.settle()
        bad = ["unknown_agent"]
        assert client.published(URI) == [(1, bad), (2, bad)]


async def test_a_burst_of_edits_is_looked_at_once() -> None:
    async with introduced() as client:
        client.open(URI, BAD)
        await client.settle()
        edits = [
            notification(
                "textDocument/didChange",
                {"textDocument": {"uri": URI, "version": version}, "contentChanges": [{"text": "\n" * version + BAD}]},
            )
            for version in range(2, 40)
        ]
        client.send(*edits)
        await client.diagnostics(URI, 39)
        assert [version for version, _ in client.published(URI)] == [1, 39]


async def test_they_are_told_at_every_open_and_taken_back_at_close() -> None:
    async with introduced() as client:
        client.open(URI, GOOD)
        await client.settle()
        client.close(URI)
        client.open(URI, BAD)
        await client.settle()
        client.open(URI, BAD, version=7)
        await client.settle()
        client.close(URI)
        await client.settle()
        bad = ["unknown_agent"]
        assert client.published(URI) == [(1, []), (1, bad), (7, bad), (None, [])]


async def test_an_edit_of_an_older_version_is_not_made() -> None:
    async with introduced() as client:
        client.open(URI, BAD, version=5)
        await client.diagnostics(URI, 5)
        client.change(URI, GOOD, version=4)
        assert "too late" in (await client.wait_notification("window/logMessage"))["message"]
        await client.settle()
        assert len(client.published(URI)) == 1


async def test_what_a_client_can_not_show_is_left_out() -> None:
    text = HEAD + "agents:\n  idle: {python: 'm:f'}\nstages:\n  one: {ask: {kind: confirmation, question: 'Well?'}}\n"
    twice = GOOD + "pipeline: b\n"
    for capabilities, tags, related in ((EVERYTHING, [[1]], True), ({}, [None], False)):
        async with introduced(capabilities) as client:
            client.open(URI, text)
            assert [one.get("tags") for one in await client.diagnostics(URI)] == tags
            client.open(URI, twice, version=2)
            assert any("relatedInformation" in one for one in await client.diagnostics(URI, 2)) == related


async def test_other_files_of_a_client_are_left_in_peace() -> None:
    async with introduced() as client:
        for name in ("a.yaml", "notes.md", "agents.py"):
            client.open(f"file:///nowhere/{name}", "a: [", language="yaml")
        await client.settle()
        assert all("mark-" in one["params"]["uri"] for one in client.received if "uri" in one.get("params", {}))


@pytest.mark.parametrize("uri", ["untitled:Untitled-1", "untitled:/over/there.yaml", "vscode-vfs://host/x.yaml", "odd"])
async def test_a_text_that_was_never_saved_has_diagnostics(uri: str) -> None:
    async with introduced() as client:
        client.open(uri, BAD, language="pointsman-pipeline")
        assert [one["code"] for one in await client.diagnostics(uri)] == ["unknown_agent"]


async def test_a_policy_of_the_settings_that_is_not_there_is_underlined_until_it_is(tmp_path: Path) -> None:
    uri, policy = (tmp_path / "pointsman.toml").as_uri(), (tmp_path / "p.policy.yaml").as_uri()
    async with introduced() as client:
        client.open(uri, '# safe\npolicies = ["p.policy.yaml"]\n')
        (found,) = await client.diagnostics(uri)
        assert found["code"] == "unknown_policy_file"
        assert found["range"] == {"start": {"line": 1, "character": 12}, "end": {"line": 1, "character": 27}}
        seen = len(client.received)
        client.open(policy, "policy: p\nlanguage: 1\nversion: 1\nrules: []\n")
        assert await client.diagnostics(uri, after=seen) == []
