"""Quick fixes over the wire: who is offered them, what is asked for, and that the edits say what they mean."""

from __future__ import annotations

from typing import Any

import pytest

from lsp.edge import EVERYTHING, EdgeClient, connected, introduced
from pointsman.language.source import Source
from pointsman_lsp.text import ENCODINGS, Encoding, offset_at

Json = Any
URI = "file:///nowhere/a.pipeline.yaml"
HEAD = "pipeline: a\nlanguage: 1\nagents: {w: {scripted: [1]}}\n"
TWO = HEAD + "stages:\n  a: {agent: ww, timeout: 5 min}\n  b: {agent: ww}\n"
ACTIONS = {
    "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix", "source"]}},
    "isPreferredSupport": True,
}


def knowing(encoding: Encoding = "utf-16", versions: bool = True, **action: Json) -> Json:
    """A client that takes code actions."""
    text: Json = EVERYTHING["textDocument"]
    return {
        **EVERYTHING,
        "general": {"positionEncodings": [encoding]},
        "textDocument": {**text, "codeAction": {**ACTIONS, **action}},
        "workspace": {"workspaceEdit": {"documentChanges": versions}},
    }


def place(line: int, start: int, end: int | None = None) -> Json:
    """A range on a line."""
    last = start if end is None else end
    return {"start": {"line": line, "character": start}, "end": {"line": line, "character": last}}


async def asked(client: EdgeClient, at: Json, uri: str = URI, **context: Json) -> Json:
    """The answer to a question for actions: the result, or the error."""
    params = {"textDocument": {"uri": uri}, "range": at, "context": {"diagnostics": [], **context}}
    answer = await client.request("textDocument/codeAction", params)
    return answer.get("result", answer.get("error"))


def written(text: str, edits: list[Json], encoding: Encoding = "utf-16") -> str:
    """A text after a client has made these edits."""
    source = Source.of("", text)
    data, end = source.data, len(source.data)
    for one in reversed(edits):
        start, stop = (
            offset_at(source, (at["line"], at["character"]), encoding)
            for at in (one["range"]["start"], one["range"]["end"])
        )
        assert start <= stop <= end
        data, end = data[:start] + one["newText"].encode() + data[stop:], start
    return data.decode()


async def test_an_action_has_its_finding_as_it_was_published_and_an_edit_of_this_version() -> None:
    async with introduced(knowing()) as client:
        client.open(URI, TWO, version=7)
        shown = await client.diagnostics(URI, 7)
        first, *_ = await asked(client, place(4, 14))
        assert first == {
            "title": "Change to w",
            "kind": "quickfix",
            "isPreferred": True,
            "diagnostics": [shown[0]],
            "edit": {
                "documentChanges": [
                    {
                        "textDocument": {"uri": URI, "version": 7},
                        "edits": [{"range": place(4, 13, 15), "newText": "w"}],
                    }
                ]
            },
        }
        client.change(URI, written(TWO, first["edit"]["documentChanges"][0]["edits"]), version=8)
        left = [one["message"] for one in await client.diagnostics(URI, 8)]
        assert left == [one["message"] for one in shown[1:]]


async def test_a_client_without_versions_gets_the_edits_by_file() -> None:
    async with introduced(knowing(versions=False, isPreferredSupport=False)) as client:
        client.open(URI, TWO)
        (one,) = await asked(client, place(4, 14), only=["quickfix"])
        assert one["edit"] == {"changes": {URI: [{"range": place(4, 13, 15), "newText": "w"}]}}
        assert "isPreferred" not in one


@pytest.mark.parametrize("capability", [{}, {"dynamicRegistration": True}, {"codeActionLiteralSupport": None}])
async def test_who_takes_no_actions_is_offered_none(capability: Json) -> None:
    async with connected() as client:
        found = await client.initialize({"textDocument": {"codeAction": capability}})
        assert "codeActionProvider" not in found["capabilities"]
        client.open(URI, TWO)
        assert await asked(client, place(4, 14)) == []


async def test_the_kinds_are_announced_to_who_takes_them() -> None:
    async with connected() as client:
        found = await client.initialize(knowing())
        assert found["capabilities"]["codeActionProvider"] == {
            "codeActionKinds": ["quickfix", "source.fixAll.pointsman"]
        }


async def test_what_the_client_lists_is_mended_wherever_the_cursor_is() -> None:
    async with introduced(knowing()) as client:
        client.open(URI, TWO)
        shown = await client.diagnostics(URI)
        assert await asked(client, place(0, 0)) == await asked(client, place(0, 0), only=["source"])
        (one,) = await asked(client, place(0, 0), diagnostics=[shown[2]], only=["quickfix"])
        assert one["diagnostics"] == [shown[2]]
        moved = {**shown[2], "range": place(1, 0, 2)}
        assert await asked(client, place(0, 0), diagnostics=[moved], only=["quickfix"]) == []


async def test_only_what_is_asked_for_is_offered() -> None:
    async with introduced(knowing()) as client:
        client.open(URI, TWO)

        async def kinds(**context: Json) -> set[str]:
            return {one["kind"] for one in await asked(client, place(4, 14), **context)}

        both = {"quickfix", "source.fixAll.pointsman"}
        assert await kinds() == both
        assert await kinds(triggerKind=1) == both
        assert await kinds(triggerKind=2) == {"quickfix"}
        assert await kinds(only=["quickfix"], triggerKind=2) == {"quickfix"}
        assert await kinds(only=["source.fixAll"], triggerKind=2) == {"source.fixAll.pointsman"}
        assert await kinds(only=["refactor"]) == set()


async def test_all_at_once_is_one_edit() -> None:
    async with introduced(knowing()) as client:
        client.open(URI, TWO)
        shown = await client.diagnostics(URI)
        (one,) = await asked(client, place(0, 0), only=["source.fixAll"])
        assert one["diagnostics"] == shown
        assert "isPreferred" not in one
        client.change(URI, written(TWO, one["edit"]["documentChanges"][0]["edits"]))
        assert await client.diagnostics(URI, 2) == []
        assert await asked(client, place(0, 0), only=["source.fixAll"]) == []


@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_places_are_counted_as_the_client_counts(encoding: Encoding) -> None:
    text = HEAD + "stages:\n  a: {description: 'ä漢🚂é', agent: ww, next: b}\n  c: {agent: w}\n"
    async with introduced(knowing(encoding)) as client:
        client.open(URI, text)
        shown = await client.diagnostics(URI)
        made = {
            one["title"]: written(text, one["edit"]["documentChanges"][0]["edits"], encoding)
            for finding in shown
            for one in await asked(client, finding["range"], only=["quickfix"])
        }
        stage = "  b:\n    routes:\n      - to: end\n"
        assert made == {
            "Change to w": text.replace("ww", "w"),
            "Create the stage b": text.replace("c: {agent: w}", "c: {agent: w, next: end}") + stage,
        }


async def test_an_answer_about_a_text_that_has_changed_is_none() -> None:
    async with introduced(knowing()) as client:
        client.open(URI, TWO)
        await client.settle()
        params = {"textDocument": {"uri": URI}, "range": place(4, 14), "context": {"diagnostics": []}}
        question = client.ask("textDocument/codeAction", params)
        client.change(URI, "# a line\n" + TWO)
        assert (await client.response(question))["error"]["code"] == -32801
        first, *_ = await asked(client, place(5, 14))
        assert first["edit"]["documentChanges"][0]["textDocument"]["version"] == 2
        assert first["edit"]["documentChanges"][0]["edits"][0]["range"] == place(5, 13, 15)


async def test_odd_ranges_and_unknown_files_are_answered() -> None:
    async with introduced(knowing()) as client:
        client.open(URI, TWO)
        backwards = {"start": {"line": 4, "character": 14}, "end": {"line": 4, "character": 0}}
        assert [one["title"] for one in await asked(client, backwards, only=["quickfix"])] == ["Change to w"]
        everything = {"start": {"line": 0, "character": 0}, "end": {"line": 4_000, "character": 4_000}}
        assert len(await asked(client, everything, only=["quickfix"])) == 3
        assert await asked(client, place(99, 99), only=["quickfix"]) == []
        assert await asked(client, place(4, 14), uri="file:///nowhere/else.pipeline.yaml") is None
        assert await asked(client, place(4, 14), uri="file:///nowhere/notes.md") is None
        assert (await asked(client, {"start": {"line": -1, "character": 0}}))["code"] == -32602
        assert (await asked(client, place(4, 14), only="quickfix"))["code"] == -32602
        assert (await asked(client, place(4, 14), diagnostics=[{"message": "no range"}]))["code"] == -32602


async def test_a_text_that_was_never_saved_is_mended_where_it_is() -> None:
    uri = "untitled:Untitled-1"
    async with introduced(knowing()) as client:
        client.open(uri, TWO, language="pointsman-pipeline", version=3)
        first, *_ = await asked(client, place(4, 14), uri=uri)
        assert first["edit"]["documentChanges"][0]["textDocument"] == {"uri": uri, "version": 3}
