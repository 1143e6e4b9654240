"""The validator, on messages that are right and messages that are not, and the frames they come in."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.lsp.framing import Frames, Noise, frame
from conformance.lsp.metamodel import metamodel

Json = Any

RANGE = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 1}}
PUBLISH = "textDocument/publishDiagnostics"


def push(**diagnostic: Json) -> Json:
    one = {"range": RANGE, "message": "no"} | diagnostic
    return {"jsonrpc": "2.0", "method": PUBLISH, "params": {"uri": "file:///a", "diagnostics": [one]}}


def answer(result: Json) -> Json:
    return {"jsonrpc": "2.0", "id": 1, "result": result}


VALID: list[tuple[Json, str | None]] = [
    (push(), None),
    (push(severity=1, code=7, tags=[1, 2], data={"any": [None]}), None),
    (push(code="text", relatedInformation=[{"location": {"uri": "x:", "range": RANGE}, "message": ""}]), None),
    (answer(None), "textDocument/hover"),
    (answer({"contents": {"kind": "markdown", "value": ""}}), "textDocument/hover"),
    (answer({"contents": ["a", {"language": "b", "value": "c"}], "range": RANGE}), "textDocument/hover"),
    (answer([]), "textDocument/completion"),
    (answer({"isIncomplete": False, "items": [{"label": "a", "kind": 25}]}), "textDocument/completion"),
    (answer({"kind": "full", "items": []}), "textDocument/diagnostic"),
    (answer([{"startLine": 0, "endLine": 1, "kind": "of-our-own"}]), "textDocument/foldingRange"),
    (answer({"changes": {"file:///a": [{"range": RANGE, "newText": ""}]}}), "textDocument/rename"),
    (answer({"capabilities": {"positionEncoding": "utf-8", "hoverProvider": {}}}), "initialize"),
    (answer({"any": "thing"}), "conformance/unknown"),
    (answer({"any": "thing"}), None),
    ({"jsonrpc": "2.0", "id": None, "error": {"code": -32700, "message": ""}}, None),
    ({"jsonrpc": "2.0", "id": "a", "method": "workspace/configuration", "params": {"items": [{}]}}, None),
    ({"jsonrpc": "2.0", "id": 3, "method": "workspace/semanticTokens/refresh"}, None),
    ({"jsonrpc": "2.0", "method": "$/progress", "params": {"token": 1, "value": {"kind": "end"}}}, None),
]

INVALID: list[tuple[Json, str | None, str]] = [
    ([], None, "a message is an object"),
    (push() | {"jsonrpc": "1.0"}, None, "jsonrpc"),
    (push(severity=5), None, "is no DiagnosticSeverity"),
    (push(message=None), None, "expected a string, found null"),
    (push(range={"start": RANGE["start"]}), None, "end is missing"),
    (push(range=RANGE | {"end": {"line": -1, "character": 0}}), None, "unsigned integer"),
    (push(range=RANGE | {"end": {"line": True, "character": 0}}), None, "unsigned integer"),
    (push(code=None), None, "code"),
    (push(tags=[9]), None, "DiagnosticTag"),
    (push(source=None), None, "source"),
    ({"jsonrpc": "2.0", "method": PUBLISH}, None, "expected an object"),
    ({"jsonrpc": "2.0", "method": PUBLISH, "params": {"uri": "/a", "diagnostics": []}}, None, "a URI"),
    ({"jsonrpc": "2.0", "id": 1, "method": PUBLISH, "params": {}}, None, "is no request"),
    ({"jsonrpc": "2.0", "id": 1, "method": "textDocument/hover", "params": {}}, None, "from client to server"),
    ({"jsonrpc": "2.0", "id": 1, "method": 7}, None, "method: expected a string"),
    ({"jsonrpc": "2.0", "id": 1.5, "result": None}, None, "id: expected"),
    ({"jsonrpc": "2.0", "id": None, "result": None}, None, "id: expected"),
    ({"jsonrpc": "2.0", "result": None}, None, "has an id"),
    ({"jsonrpc": "2.0", "id": 1}, None, "neither a result nor an error"),
    ({"jsonrpc": "2.0", "id": 1, "result": 1, "error": {"code": 1, "message": ""}}, None, "both"),
    ({"jsonrpc": "2.0", "id": 1, "error": {"code": "1", "message": ""}}, None, "an integer"),
    ({"jsonrpc": "2.0", "id": 1, "error": {"code": 1}}, None, "expected a string, found nothing"),
    ({"jsonrpc": "2.0", "id": 1, "error": {"code": 1, "message": "", "data": {}}}, "initialize", "retry"),
    (answer({"contents": {"kind": "html", "value": ""}}), "textDocument/hover", "MarkupKind"),
    (answer([{"label": 7}]), "textDocument/completion", "label"),
    (answer([{"name": "a", "kind": 12, "range": RANGE}]), "textDocument/documentSymbol", "missing"),
    (answer({"capabilities": {"hoverProvider": "yes"}}), "initialize", "hoverProvider"),
    (answer({"changes": {"file:///a": [{"range": RANGE}]}}), "textDocument/rename", "newText is missing"),
    (answer({}), "shutdown", "expected null"),
]


@pytest.mark.parametrize(("message", "method"), VALID)
def test_what_is_right_is_right(message: Json, method: str | None) -> None:
    assert metamodel().from_server(message, method).problems == []


@pytest.mark.parametrize(("message", "method", "problem"), INVALID)
def test_what_is_wrong_is_said(message: Json, method: str | None, problem: str) -> None:
    assert problem in "; ".join(metamodel().from_server(message, method).problems)


def test_what_the_model_does_not_know_is_a_note() -> None:
    report = metamodel().from_server(push(color="red"))
    assert report.problems == []
    assert report.notes == [f"{PUBLISH} params.diagnostics[0]: unknown property color"]
    own = metamodel().from_server({"jsonrpc": "2.0", "method": "words/state", "params": {}})
    assert own.notes == ["notification words/state is the server's own"]
    code = metamodel().from_server({"jsonrpc": "2.0", "id": 1, "error": {"code": -32050, "message": ""}})
    assert code.notes == ["error.code -32050 is in a reserved range and not defined"]


def test_every_type_of_the_model_is_one_the_validator_knows() -> None:
    model = metamodel()
    for entry in (*model.requests.values(), *model.notifications.values()):
        for kind in (entry.get("params"), entry.get("result")):
            if kind is not None:
                values: list[Json] = [None, 1, "x", [], {}, [{}]]
                for value in values:
                    model.check(value, kind, entry["method"])


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_a_stream_is_cut_where_its_messages_end(size: int) -> None:
    messages: list[Json] = [{"a": "\u00e4\U0001f682"}, None, {"b": 1}]
    extra = "content-type: x\r\nCONTENT-LENGTH: {}\r\n\r\n"
    data = frame(messages[0]) + frame(messages[1], extra) + frame(messages[2])
    frames = Frames()
    found = [one for i in range(0, len(data), size) for one in frames.feed(data[i : i + size])]
    assert found == messages
    assert frames.rest() == []


@pytest.mark.parametrize(
    ("data", "count"),
    [
        (b"starting up\n" + frame({}), 1),
        (b"Content-Length: x\r\n\r\n" + frame({}), 1),
        (b"Content-Type: x\r\n\r\n" + frame({}), 1),
        (b"Content-Length: 3\r\n\r\n{x}" + frame({}), 1),
        (b"Content-Length: 2\r\nno field\r\n\r\n" + frame({}), 1),
        (frame({}) + b"Content-Length: 5\r\n\r\n{", 1),
        (frame({}) + b"done\n", 1),
        (frame({}), 0),
    ],
)
def test_what_is_no_message_is_noise_and_the_next_one_is_read(data: bytes, count: int) -> None:
    frames = Frames()
    found = [*frames.feed(data), *frames.rest()]
    assert [one for one in found if not isinstance(one, Noise)] == [{}]
    assert sum(isinstance(one, Noise) for one in found) == count
