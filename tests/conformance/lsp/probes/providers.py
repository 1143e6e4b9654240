"""What a server announces, held against what it answers, and the reverse."""

from __future__ import annotations

from collections import Counter

from conformance.lsp.calls import CALLS, WRONG_TYPES, announced, valid_params
from conformance.lsp.client import MISSING
from conformance.lsp.framing import Json
from conformance.lsp.metamodel import metamodel
from conformance.lsp.positions import place
from conformance.lsp.probe import Finding, Room, absent, code, failed, otherwise, passed, probe, told, wants

COMMAND = "workspace/executeCommand"
PARAMS = "JSON-RPC 2.0, 5.1: invalid params"


@probe("providers.valid-calls", "ServerCapabilities", "valid results")
def valid_calls(room: Room) -> Finding:
    """Each provider announced, asked as it should be, gives a result of its type."""
    client = room.shared()
    document = client.open(room.profile.document())
    at = place(document.text, document.text.rindex(room.profile.symbol), client.encoding)
    calls = [call for call in announced(client) if call.method != COMMAND]
    asked = [(call.method, params) for call in calls if (params := valid_params(client, call, document, at))]
    answers = client.call_all(asked)
    client.close(document)
    bad, odd = [], []
    for (method, _), answer in zip(asked, answers, strict=True):
        problems = metamodel().from_server(answer, method).problems if answer else []
        if answer is None or problems or code(answer) in (-32601, -32603):
            bad.append(f"{method}: {problems[0] if problems else told(answer)}")
        elif "error" in answer:
            odd.append(f"{method}: {told(answer)}")
    if bad:
        return failed("; ".join(bad))
    if odd:
        return otherwise("; ".join(odd))
    return passed(f"{len(asked)} valid") if asked else absent("no provider is announced")


@probe("providers.unopened", "Text Document Synchronization", "answered")
def unopened(room: Room) -> Finding:
    """Asked about a document that is neither open nor on disk: a result or an error, but an answer."""
    client = room.shared()
    uri = client.uri()
    calls = [call for call in announced(client) if call.method.startswith("textDocument/")]
    asked = [(call.method, call.params(uri, {"line": 0, "character": 0})) for call in calls]
    answers = client.call_all(asked)
    lost = [method for (method, _), answer in zip(asked, answers, strict=True) if answer is None]
    if lost or not client.alive():
        return failed(f"no answer to {', '.join(lost) or 'what comes next'}")
    return passed(_count(answers)) if asked else absent("no provider is announced")


@probe("providers.unannounced", "ServerCapabilities", "-32601")
def unannounced(room: Room) -> Finding:
    """Each method that is not announced is one the server does not know."""
    client = room.shared()
    uri = client.uri()
    calls = [call for call in CALLS if not call.is_announced(client)]
    answers = client.call_all([(call.method, call.params(uri, {"line": 0, "character": 0})) for call in calls])
    return _all(room, [call.method for call in calls], answers, -32601)


def _wrong(room: Room, params: Json, *codes: int) -> Finding:
    calls = [call for call in announced(room.shared())]
    if not calls:
        return absent("no provider is announced")
    answers = room.shared().call_all([(call.method, params) for call in calls])
    return _all(room, [call.method for call in calls], answers, *codes)


@probe("params.missing", PARAMS, "-32602")
def missing(room: Room) -> Finding:
    """No params at all, for every provider."""
    return _wrong(room, MISSING, -32602)


@probe("params.null", PARAMS, "-32602 or -32600")
def null(room: Room) -> Finding:
    """Params are an object or an array in JSON-RPC: null is an invalid request, or invalid params."""
    return _wrong(room, None, -32602, -32600)


@probe("params.empty", PARAMS, "-32602")
def empty(room: Room) -> Finding:
    """An object without what the method needs."""
    return _wrong(room, {}, -32602)


@probe("params.array", PARAMS, "-32602")
def array(room: Room) -> Finding:
    """By position, which no method of the protocol is."""
    return _wrong(room, [], -32602)


@probe("params.wrong-types", PARAMS, "-32602")
def wrong_types(room: Room) -> Finding:
    """Numbers where objects and texts belong."""
    return _wrong(room, WRONG_TYPES, -32602)


@probe("params.negative-position", f"{PARAMS}; Position: uinteger", "-32602, or as line 0")
def negative(room: Room) -> Finding:
    """Below zero: the type forbids it, the text of the specification says that a negative line is line 0."""
    client = room.shared()
    document = client.open(room.profile.document())
    at = {"line": -1, "character": -1}
    calls = [call for call in announced(client) if "position" in call.params("", {})]
    answers = client.call_all([(call.method, call.params(document.uri, at)) for call in calls])
    client.close(document)
    lost = [call.method for call, answer in zip(calls, answers, strict=True) if answer is None]
    if lost or not client.alive():
        return failed(f"no answer to {', '.join(lost) or 'what comes next'}")
    if not calls:
        return absent("nothing is asked at a position")
    fits = all("result" in answer or code(answer) == -32602 for answer in answers if answer)
    return (passed if fits else otherwise)(_count(answers))


@probe("command.unknown", "ExecuteCommand", "an error")
def unknown_command(room: Room) -> Finding:
    """A command nobody has."""
    client = room.shared()
    call = next(one for one in CALLS if one.method == COMMAND)
    if not call.is_announced(client):
        return absent("no commands are announced")
    response = client.call(COMMAND, call.params("", {}))
    return passed(told(response)) if code(response) else wants(client, response)


def _all(room: Room, methods: list[str], answers: list[Json], *codes: int) -> Finding:
    client = room.shared()
    lost = [method for method, answer in zip(methods, answers, strict=True) if answer is None]
    if lost or not client.alive():
        return failed(f"{len(lost)} of {len(methods)} not answered: {', '.join(lost[:3]) or 'what comes next'}")
    return (passed if all(code(answer) in codes for answer in answers) else otherwise)(_count(answers))


def _count(answers: list[Json]) -> str:
    counted = Counter(told(answer) for answer in answers)
    return ", ".join(f"{count} {name}" for name, count in counted.most_common())
