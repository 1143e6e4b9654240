"""JSON-RPC and the life of a connection: whatever a client sends is answered once, and the server goes on."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import converters, types

from lsp.client import framed, notification, request, started
from lsp.edge import EVERYTHING, connected, introduced, runs_of
from pointsman import wire
from pointsman_lsp import announcing, handlers

URI = "file:///nowhere/a.pipeline.yaml"
TEXT = "language: 1\npipeline: a\nstages:\n  one: {agent: nobody}\n"
DOCUMENT = {"textDocument": {"uri": URI}}
PLACE = {**DOCUMENT, "position": {"line": 3, "character": 4}}
ACTIONS = {"codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["", "quickfix"]}}}}
TEXT_ABILITIES: Any = EVERYTHING["textDocument"]
ALL: Any = {**EVERYTHING, "textDocument": {**ACTIONS, **TEXT_ABILITIES}}
DEEP = b'{"jsonrpc":"2.0","id":1,"method":"shutdown","params":' + b"[" * 100_000


def body(text: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n%b" % (len(text), text)


BROKEN = [
    # what is sent, the id of the answer, its code, a part of what it says
    (body(b'{"jsonrpc":"2.0","id":1,'), None, -32700, "JSON"),
    (body(b""), None, -32700, "JSON"),
    (body(b"\xff\xfe"), None, -32700, "JSON"),
    (body(b'{"jsonrpc":"2.0","id":1,"method":"shutdown","params":NaN}'), None, -32700, "NaN"),
    (body(DEEP), None, -32700, "JSON"),
    (body(b"5"), None, -32600, "object"),
    (body(b"null"), None, -32600, "object"),
    (body(b"[]"), None, -32600, "batches"),
    (body(b'[{"jsonrpc":"2.0","id":1,"method":"shutdown"}]'), None, -32600, "batches"),
    (body(b"{}"), None, -32600, "jsonrpc"),
    (body(b'{"jsonrpc":"1.0","id":1,"method":"shutdown"}'), 1, -32600, "jsonrpc"),
    (body(b'{"id":7,"method":"shutdown"}'), 7, -32600, "jsonrpc"),
    (body(b'{"jsonrpc":"2.0"}'), None, -32600, "method"),
    (body(b'{"jsonrpc":"2.0","id":2}'), 2, -32600, "method"),
    (body(b'{"jsonrpc":"2.0","id":3,"method":5}'), 3, -32600, "method"),
    (body(b'{"jsonrpc":"2.0","method":5}'), None, -32600, "method"),
    (body(b'{"jsonrpc":"2.0","id":null,"method":"shutdown"}'), None, -32600, "id"),
    (body(b'{"jsonrpc":"2.0","id":1.5,"method":"shutdown"}'), None, -32600, "id"),
    (body(b'{"jsonrpc":"2.0","id":true,"method":"shutdown"}'), None, -32600, "id"),
    (body(b'{"jsonrpc":"2.0","id":{},"method":"shutdown"}'), None, -32600, "id"),
    (b"\r\n\r\n", None, -32700, "Content-Length"),
    (b"Content-Length: many\r\n\r\n", None, -32700, "Content-Length"),
    (b"Content-Length: -5\r\n\r\n", None, -32700, "Content-Length"),
    (b"Content-Type: text\r\n\r\n", None, -32700, "Content-Length"),
    (b'Content-Type: text\r\n\r\n{"jsonrpc":"2.0"}', None, -32700, "Content-Length"),
    (b"x" * 100_000 + b"\r\n\r\n", None, -32700, "header"),
]


@pytest.mark.parametrize(("sent", "id", "code", "said"), BROKEN)
async def test_what_is_no_message_is_an_error_and_no_end(sent: bytes, id: Any, code: int, said: str) -> None:
    async with introduced() as client:
        before = len(client.received)
        client.send_raw(sent)
        answer = await client.response(id, before)
        assert answer["error"]["code"] == code
        assert said in answer["error"]["message"]
        assert (await client.request("textDocument/foldingRange", DOCUMENT))["result"] is None
        assert await client.leave() == 0


WRONG: list[tuple[str, Any, str]] = [
    ("textDocument/hover", None, "object"),
    ("textDocument/definition", None, "object"),
    ("textDocument/definition", [], "object"),
    ("textDocument/definition", {}, "textDocument"),
    ("textDocument/definition", {"textDocument": {}, "position": {"line": 0, "character": 0}}, "uri"),
    ("textDocument/definition", {"textDocument": {"uri": 5}, "position": {"line": 0, "character": 0}}, "uri"),
    ("textDocument/definition", {**DOCUMENT, "position": {"line": "x", "character": 0}}, "params.position.line"),
    ("textDocument/definition", {**DOCUMENT, "position": {"line": -1, "character": 0}}, "params.position.line"),
    ("textDocument/definition", {**DOCUMENT, "position": {"line": 1.5, "character": 0}}, "params.position.line"),
    ("textDocument/definition", {**DOCUMENT, "position": {"line": None, "character": 0}}, "params.position.line"),
    ("textDocument/references", PLACE, "context"),
    ("textDocument/rename", PLACE, "newName"),
    ("textDocument/documentSymbol", {"textDocument": URI}, "params.textDocument"),
]


@pytest.mark.parametrize(("method", "params", "said"), [one for one in WRONG if one[0] in announcing.QUESTIONS])
async def test_wrong_parameters_are_named(method: str, params: Any, said: str) -> None:
    async with introduced() as client:
        answer = await client.request(method, params)
        assert answer["error"]["code"] == -32602
        assert said in answer["error"]["message"]


async def test_methods_nobody_knows() -> None:
    async with introduced() as client:
        for method in ("textDocument/nothing", "$/nothing", "", "client/registerCapability", "initialized", "exit/"):
            assert (await client.request(method, {}))["error"]["code"] == -32601
        before = len(client.received)
        for method in ("textDocument/nothing", "$/nothing", "$/setTrace", "workspace/didChangeConfiguration"):
            client.notify(method, {})
        await client.settle()
        assert {one.get("method") for one in client.received[before:]} == {"textDocument/publishDiagnostics"}


async def test_the_life_of_a_connection() -> None:
    async with connected() as client:
        for method in ("textDocument/definition", "shutdown", "textDocument/nothing"):
            assert (await client.request(method, PLACE))["error"]["code"] == -32002
        client.open(URI, TEXT)  # a notification before its time is dropped
        wrong = await client.request("initialize", {"capabilities": 5})
        assert wrong["error"]["code"] == -32602
        assert "params.capabilities" in wrong["error"]["message"]
        assert "capabilities" in await client.initialize(EVERYTHING)
        assert (await client.request("initialize", {"capabilities": {}}))["error"]["code"] == -32600
        assert (await client.request("textDocument/documentSymbol", DOCUMENT))["result"] is None
        assert (await client.request("shutdown"))["result"] is None
        for method in ("shutdown", "initialize", "textDocument/definition", "textDocument/nothing"):
            assert (await client.request(method, PLACE))["error"]["code"] == -32600
        client.notify("exit")
        assert await client.exit_code() == 0
        assert client.published(URI) == []


async def test_exit_codes() -> None:
    async with introduced() as client:
        client.notify("exit")
        assert await client.exit_code() == 1
    async with connected() as client:
        client.notify("exit")
        assert await client.exit_code() == 1
    async with introduced() as client:
        client.send(request("x", "shutdown"), notification("exit"))
        assert (await client.response("x"))["result"] is None
        assert await client.exit_code() == 0


@pytest.mark.parametrize(
    "rest", [b"", b"Content-", b'Content-Length: 100\r\n\r\n{"jsonrpc"', b"Content-Length: 5\r\n\r\n"]
)
async def test_the_end_of_input_ends_it(rest: bytes) -> None:
    """Anywhere; what was asked before is answered, for the other direction may still be open."""
    async with introduced() as client:
        client.open(URI, TEXT)
        asked = client.ask("textDocument/documentSymbol", DOCUMENT)
        client.send_raw(rest)
        client.writer.write_eof()
        assert (await client.response(asked))["result"] is not None
        assert await client.exit_code() == 1
    async with introduced() as client:
        await client.request("shutdown")
        client.send_raw(rest)
        client.writer.write_eof()
        assert await client.exit_code() == 0


async def test_a_client_that_is_gone_in_the_middle() -> None:
    """It hangs up without reading what it asked for."""
    async with introduced() as client:
        for _ in range(200):
            client.open(URI, TEXT)
            client.ask("textDocument/documentSymbol", DOCUMENT)
        client.writer.transport.abort()
        assert await client.exit_code() == 1


HEADERS = [
    b"Content-Length: %d\r\n\r\n",
    b"content-length: %d\r\n\r\n",
    b"CONTENT-LENGTH:%d\r\n\r\n",
    b"Content-Length:   %d  \r\n\r\n",
    b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: %d\r\n\r\n",
    b"Content-Length: %d\r\nContent-Type: application/vscode-jsonrpc; charset=utf8\r\nX-Content-Length: 3\r\n\r\n",
    b"Content-Length: %d\n\n",
]


@pytest.mark.parametrize("header", HEADERS)
async def test_headers(header: bytes) -> None:
    async with introduced() as client:
        text = json.dumps(request("é", "textDocument/foldingRange", DOCUMENT), ensure_ascii=False).encode()
        client.send_raw(header % len(text) + text)
        assert (await client.response("é"))["result"] is None


async def test_messages_come_in_any_pieces() -> None:
    whole = b"".join(framed(request(number, "textDocument/foldingRange", DOCUMENT)) for number in range(20))
    for size in (1, 7, 64, len(whole)):
        async with introduced() as client:
            for start in range(0, len(whole), size):
                client.send_raw(whole[start : start + size])
                await asyncio.sleep(0)
            for number in range(20):
                assert (await client.response(number))["result"] is None


async def test_a_long_body_is_read_and_a_longer_one_is_let_pass_by() -> None:
    async with introduced() as client:
        long = framed(request("long", "textDocument/foldingRange", {**DOCUMENT, "x": "x" * (wire.MAX_BODY - 200)}))
        client.send_raw(long)
        assert (await client.response("long"))["result"] is None
        client.send_raw(b"Content-Length: %d\r\n\r\n" % (wire.MAX_BODY + 1))
        piece = b"x" * (1 << 20)
        for _ in range(wire.MAX_BODY >> 20):
            client.send_raw(piece)
            await client.writer.drain()
        client.send_raw(b"x")
        assert (await client.response(None))["error"]["code"] == -32700
        assert (await client.request("textDocument/foldingRange", DOCUMENT))["result"] is None


async def test_ids_keep_their_type() -> None:
    async with introduced() as client:
        client.send(
            *(request(id, "textDocument/foldingRange", DOCUMENT) for id in (1, "1", 0, "", "zwölf", -3, 2**31 - 1))
        )
        for id in (1, "1", 0, "", "zwölf", -3, 2**31 - 1):
            assert "result" in await client.response(id)


async def test_an_id_in_use_is_refused() -> None:
    async with introduced() as client:
        client.open(URI, TEXT)
        client.send(*[request(5, "textDocument/documentSymbol", DOCUMENT)] * 2)
        await client.settle()
        answers = [one for one in client.received if one.get("id") == 5]
        assert sorted("error" in one for one in answers) == [False, True]


async def test_a_key_named_jsonrpc_is_like_any_other() -> None:
    async with connected() as client:
        options = {"jsonrpc": "2.0", "id": 5, "method": "tools/call", "nested": {"jsonrpc": 1}}
        assert await client.initialize(initializationOptions=options)
        params = {**DOCUMENT, "jsonrpc": "1.0", "data": options}
        assert (await client.request("textDocument/documentSymbol", params))["result"] is None


async def test_lone_surrogates_in_json_are_text() -> None:
    async with introduced() as client:
        client.send_raw(body(b'{"jsonrpc":"2.0","id":"\\ud83d","method":"textDocument/foldingRange","params":{}}'))
        answer = await client.response("\ud83d")
        assert answer["error"]["code"] == -32602
        uri = "untitled:\ud83d.pipeline.yaml"
        client.open(uri, "pipeline: \ud83d\n")
        assert await client.diagnostics(uri)


async def test_questions_are_cancelled_while_they_wait() -> None:
    """All in one write: what is cancelled later in it is never worked on."""
    async with introduced() as client:
        client.open(URI, TEXT)
        await client.settle()
        asked = [request(id, "textDocument/documentSymbol", DOCUMENT) for id in (1, 2, "2", 3)]
        client.send(*asked, *(notification("$/cancelRequest", {"id": id}) for id in (2, 3, 99, "1")))
        for id, code in ((1, None), (2, -32800), ("2", None), (3, -32800)):
            assert (await client.response(id)).get("error", {}).get("code") == code
        # An answer is final: the cancelled ones got no second.
        await client.settle()
        assert [one.get("id") for one in client.received].count(2) == 1


async def test_a_question_that_waits_for_runs_lets_others_go_first_and_can_be_cancelled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate, asked_for = asyncio.Event(), []

    async def freshen(path: Any) -> None:
        asked_for.append(path.name)
        await gate.wait()

    slow = replace(announcing.QUESTIONS["textDocument/documentSymbol"], tells_outcomes=True)
    table = {**announcing.QUESTIONS, "textDocument/documentSymbol": slow}
    monkeypatch.setattr("pointsman_lsp.session.QUESTIONS", table)
    async with introduced(freshen=freshen) as client:
        client.open(URI, TEXT)
        slow_one, cancelled = (client.ask("textDocument/documentSymbol", DOCUMENT) for _ in range(2))
        assert (await client.request("textDocument/foldingRange", DOCUMENT))["result"]
        client.notify("$/cancelRequest", {"id": cancelled})
        assert (await client.response(cancelled))["error"]["code"] == -32800
        gate.set()
        assert (await client.response(slow_one))["result"]
        assert asked_for == ["a.pipeline.yaml"] * 2


async def test_a_question_about_a_text_that_has_changed_since_is_refused() -> None:
    async with introduced() as client:
        client.open(URI, TEXT)
        client.open("file:///nowhere/other.pipeline.yaml", TEXT)
        await client.settle()
        edit = {"textDocument": {"uri": URI, "version": 2}, "contentChanges": [{"text": TEXT + "\n"}]}
        other = {"textDocument": {"uri": "file:///nowhere/other.pipeline.yaml"}}
        client.send(
            request(
                "stale", "textDocument/documentSymbol", {"textDocument": {"uri": "file:///nowhere/a%2Epipeline.yaml"}}
            ),
            request("other", "textDocument/documentSymbol", other),
            notification("textDocument/didChange", edit),
            request("new", "textDocument/documentSymbol", DOCUMENT),
        )
        assert (await client.response("stale"))["error"]["code"] == -32801
        assert (await client.response("other"))["result"]
        assert (await client.response("new"))["result"]


async def test_a_fault_of_ours_is_an_answer_and_a_log_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(document: Any) -> Any:
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr("pointsman_lsp.handlers.folding.folds", fault)
    async with introduced() as client:
        client.open(URI, TEXT)
        answer = await client.request("textDocument/foldingRange", DOCUMENT)
        assert answer["error"] == {
            "code": -32603,
            "message": "textDocument/foldingRange failed: ZeroDivisionError: a fault",
        }
        logged = await client.wait_notification("window/logMessage", lambda said: said["type"] == 1)
        assert "Traceback" in logged["message"]
        assert (await client.request("textDocument/documentSymbol", DOCUMENT))["result"]


async def test_notifications_that_make_no_sense_are_logged_at_most() -> None:
    async with introduced() as client:
        await client.settle()
        before = len(client.received)
        unopened = {"uri": "file:///nowhere/never.pipeline.yaml", "version": 3}
        client.notify("textDocument/didChange", {"textDocument": unopened, "contentChanges": [{"text": "x"}]})
        client.notify("textDocument/didChange", {"textDocument": unopened, "contentChanges": "x"})
        client.notify("textDocument/didOpen", {"textDocument": {"uri": 5}})
        client.notify("textDocument/didClose", {"textDocument": unopened})
        client.notify("$/cancelRequest", {"id": []})
        client.notify("textDocument/didOpen")
        await client.settle()
        came = [one for one in client.received[before:] if one["method"] != "textDocument/publishDiagnostics"]
        assert {one["method"] for one in came} == {"window/logMessage"}
        assert {one["params"]["type"] for one in came} == {4}
        assert len(came) == 5


async def test_a_client_is_asked_to_watch_only_if_it_can_and_nobody_else_does() -> None:
    async with introduced() as client:
        asked = await client.wait(lambda one: one.get("method") == "client/registerCapability")
        assert [one["method"] for one in asked["params"]["registrations"]] == ["workspace/didChangeWatchedFiles"]
        client.send({"jsonrpc": "2.0", "id": asked["id"], "error": {"code": 1, "message": "no"}})
        said = (await client.wait_notification("window/logMessage"))["message"]
        assert "refused" in said
        assert '"no"' in said
        client.send({"jsonrpc": "2.0", "id": "never asked", "result": None})
        await client.settle()
    for capabilities, disk in (({}, None), (EVERYTHING, lambda root, changed: lambda: None)):
        async with introduced(capabilities, disk_changes=disk) as client:
            await client.settle()
            assert not [one for one in client.received if one.get("method") == "client/registerCapability"]


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (None, "utf-16"),
        ([], "utf-16"),
        (["utf-8", "utf-16"], "utf-8"),
        (["utf-32", "utf-8", "utf-16"], "utf-32"),
        (["utf-7", "utf-16"], "utf-16"),
        ("utf-8", "utf-16"),
    ],
)
async def test_the_clients_first_encoding_is_taken(offered: Any, chosen: str) -> None:
    text = 'language: 1\npipeline: a\nstages:\n  one: {agent: nobody, description: "😀"}\n  "é😀": {agent: none}\n'
    columns = {"utf-8": (20, 24), "utf-16": (17, 21), "utf-32": (16, 20)}[chosen]
    async with connected() as client:
        result = await client.initialize({"general": {} if offered is None else {"positionEncodings": offered}})
        assert result["capabilities"]["positionEncoding"] == chosen
        client.open(URI, text)
        found = [one["range"] for one in await client.diagnostics(URI) if "none" in one["message"]]
        assert [(one["start"]["character"], one["end"]["character"]) for one in found] == [columns]


# What each capability means, in the protocol's own words.
METHODS = {
    "codeActionProvider": ["textDocument/codeAction"],
    "codeLensProvider": ["textDocument/codeLens"],
    "completionProvider": ["textDocument/completion"],
    "definitionProvider": ["textDocument/definition"],
    "documentHighlightProvider": ["textDocument/documentHighlight"],
    "documentSymbolProvider": ["textDocument/documentSymbol"],
    "executeCommandProvider": ["workspace/executeCommand"],
    "foldingRangeProvider": ["textDocument/foldingRange"],
    "hoverProvider": ["textDocument/hover"],
    "referencesProvider": ["textDocument/references"],
    "renameProvider": ["textDocument/rename", "textDocument/prepareRename"],
}


def test_every_question_has_a_handler_and_the_other_way_round() -> None:
    assert announcing.QUESTIONS.keys() == handlers.HANDLERS.keys()


@pytest.mark.parametrize("with_runs", [True, False])
async def test_what_is_announced_is_answered_and_the_other_way_round(with_runs: bool, tmp_path: Path) -> None:
    async with runs_of(tmp_path) as runs, connected(runs=runs if with_runs else None) as client:
        announced = (await client.initialize(ALL))["capabilities"]
        providers = {key for key in announced if key.endswith("Provider")}
        promised = {method for provider in providers for method in METHODS[provider]}
        asked = {
            method
            for method, (_, response, *_) in types.METHOD_TO_TYPES.items()
            if response is not None and types.message_direction(method) in ("clientToServer", "both")
        }
        for method in sorted(asked - {"initialize", "shutdown"}):
            params = {**PLACE, "context": {"includeDeclaration": True, "diagnostics": []}, "newName": "x"}
            answer = await client.request(method, params)
            assert (answer.get("error", {}).get("code") != -32601) == (method in promised), method
        assert promised < asked
        assert (METHODS.keys() == providers) == with_runs
        assert ("experimental" in announced) == with_runs
        for method in [*announcing.REQUESTS, *(one for one in announcing.QUESTIONS if one.startswith("pointsman/"))]:
            answer = await client.request(method)
            assert answer["error"]["code"] == (-32602 if with_runs else -32601), method


async def test_answers_have_the_protocols_shapes(tmp_path: Path) -> None:
    """Judged by lsprotocol, which we do not use otherwise."""
    judge = converters.get_converter()
    path = tmp_path / "a.pipeline.yaml"
    uri = path.as_uri()
    text = (
        "language: 1\npipeline: a\nagents:\n  work: {python: 'm:f'}\n  idle: {python: 'm:f'}\nstages:\n"
        "  one:\n    agent: work\n    routes:\n      - {when: result.ok, to: two}\n      - {to: end}\n"
        "  two: {agent: work}\n"
    )
    (tmp_path / "m.py").write_text("def f():\n    return 1\n")
    places = {"line": 9, "character": 33}
    for capabilities in (EVERYTHING, {}):
        async with runs_of(tmp_path) as runs, connected(runs=runs) as client:
            judge.structure(
                {"capabilities": (await client.initialize(capabilities))["capabilities"]}, types.InitializeResult
            )
            client.open(uri, text)
            params = {"textDocument": {"uri": uri}, "position": places, "newName": "three"}
            params["context"] = {"includeDeclaration": True, "diagnostics": []}
            params["range"] = {"start": places, "end": places}
            for method in handlers.HANDLERS.keys() & types.METHOD_TO_TYPES.keys():
                answer = await client.request(method, params)
                assert answer["result"] or (method == "textDocument/codeAction" and answer["result"] == []), method
                shape: Any = types.METHOD_TO_TYPES[method][1]
                judge.structure({**answer, "id": 1}, shape)
            await client.diagnostics(uri)
            said = next(one for one in client.received if one.get("method") == "textDocument/publishDiagnostics")
            judge.structure(said, types.PublishDiagnosticsNotification)


async def test_the_end_of_the_clients_process_ends_it() -> None:
    """Its pipes may be open still, in the hands of others."""
    sleeper = await asyncio.create_subprocess_exec(sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE)
    async with connected() as client:
        await client.initialize(processId=sleeper.pid)
        assert (await client.request("textDocument/foldingRange", DOCUMENT))["result"] is None
        await sleeper.communicate(b"\n")
        assert await client.exit_code() == 1


async def test_a_process_that_can_not_be_seen_is_not_taken_for_gone() -> None:
    sleeper = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
    await sleeper.communicate()
    for process_id in (sleeper.pid, 0, -1, 2**70):
        async with connected() as client:
            await client.initialize(processId=process_id)
            await client.settle()
            assert await client.leave() == 0


async def test_many_clients_share_a_loop_and_no_state() -> None:
    async with introduced() as one, introduced() as two, introduced() as three:
        for number, client in enumerate((one, two, three)):
            client.open(URI, f"language: 1\npipeline: p{number}\nstages:\n  one: {{agent: nobody{number}}}\n")
        for number, client in enumerate((one, two, three)):
            assert f"nobody{number}" in json.dumps(await client.diagnostics(URI))
        assert await one.leave() == 0
        two.writer.transport.abort()
        assert await two.exit_code() == 1
        three.change(URI, TEXT)
        assert await three.diagnostics(URI, version=2)


async def test_the_process_of_its_own() -> None:
    for last_words, code in (([request(9, "shutdown"), notification("exit")], 0), ([notification("exit")], 1)):
        async with started([sys.executable, "-m", "pointsman_lsp"]) as client:
            await client.initialize(EVERYTHING)
            client.open(URI, TEXT)
            assert await client.diagnostics(URI)
            client.send(*last_words)
            assert await client.wait_exit() == code


async def test_a_flood_is_survived() -> None:
    """Ten thousand questions in a few writes: all are answered, in order."""
    async with introduced() as client:
        client.open(URI, TEXT)
        count = 10_000
        client.send(*(request(number, "textDocument/foldingRange", DOCUMENT) for number in range(count)))
        assert (await client.response(count - 1))["result"]
        answered = [
            one["id"] for one in client.received if "id" in one and isinstance(one["id"], int) and "method" not in one
        ]
        assert answered[-count:] == list(range(count))
