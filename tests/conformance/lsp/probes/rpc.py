"""JSON-RPC: requests nobody knows, bodies that are none, ids of every kind, cancellation."""

from __future__ import annotations

from conformance.lsp.calls import announced
from conformance.lsp.client import FENCE
from conformance.lsp.framing import Json, frame, framed
from conformance.lsp.probe import (
    Finding,
    Room,
    Verdict,
    absent,
    code,
    failed,
    gone,
    otherwise,
    passed,
    probe,
    survives,
    told,
    wants,
)
from conformance.lsp.probes.lifecycle import HOVER, START, UNOPENED

RPC = "JSON-RPC 2.0, 5.1"
DOLLAR = "Notification and request messages starting with $/"
CANCELLED = 20


@probe("request.unknown", RPC, "-32601")
def unknown_request(room: Room) -> Finding:
    """A method nobody knows."""
    client = room.shared()
    return wants(client, client.call("conformance/unknown", {"x": 1}), -32601)


@probe("request.unknown-without-params", f"{RPC}; params may be omitted", "-32601")
def unknown_without_params(room: Room) -> Finding:
    """The same without params, which a method may do without."""
    client = room.shared()
    return wants(client, client.call("conformance/unknown"), -32601)


@probe("request.unknown-dollar", f"{DOLLAR}: must error", "-32601")
def unknown_dollar_request(room: Room) -> Finding:
    """A request with `$/` that is not known must be refused as such."""
    client = room.shared()
    response = client.call("$/conformance", {})
    finding = wants(client, response, -32601)
    return finding if code(response) == -32601 else failed(finding.found)


@probe("notification.unknown", RPC, "ignored")
def unknown_notification(room: Room) -> Finding:
    """A notification nobody knows; one is never answered."""
    return _ignored(room, [{"jsonrpc": "2.0", "method": "conformance/unknown", "params": {"x": [1]}}])


@probe("notification.unknown-dollar", DOLLAR, "ignored")
def unknown_dollar_notification(room: Room) -> Finding:
    """A server is free to ignore these."""
    return _ignored(room, [{"jsonrpc": "2.0", "method": "$/conformance", "params": {}}])


@probe("notification.bad-params", "Notification Message", "ignored")
def bad_notifications(room: Room) -> Finding:
    """Known notifications with params that are none: there is nobody to tell, so the server goes on."""
    method = "textDocument/didChange"
    wrong: list[Json] = [None, 7, [], {}, {"textDocument": None}, {"textDocument": {"uri": 7}, "contentChanges": 7}]
    messages = [{"jsonrpc": "2.0", "method": method, "params": params} for params in wrong]
    messages += [{"jsonrpc": "2.0", "method": one} for one in ("textDocument/didOpen", "textDocument/didClose")]
    messages.append({"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": {}}})
    return _ignored(room, messages)


@probe("notification.cancel-unknown", "Cancellation Support", "ignored")
def cancel_unknown(room: Room) -> Finding:
    """The request may have been answered while the cancellation was on its way."""
    ids: list[Json] = [987654, "never-sent"]
    return _ignored(room, [{"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": id}} for id in ids])


@probe("response.unexpected", "Response Message", "ignored")
def unexpected_response(room: Room) -> Finding:
    """Answers to what the server never asked."""
    answers: list[Json] = [{"result": None}, {"error": {"code": -32603, "message": "no"}}]
    ids: list[Json] = [424242, "nobody-asked"]
    return _ignored(room, [{"jsonrpc": "2.0", "id": id} | one for id, one in zip(ids, answers, strict=True)])


def _ignored(room: Room, messages: list[Json]) -> Finding:
    client = room.shared()
    before = len(client.responses_without_request())
    for message in messages:
        client.send(message)
    finding = survives(client, "ignored")
    if len(client.responses_without_request()) > before:
        return failed("is answered")
    return finding


@probe("json.malformed", "JSON-RPC 2.0, 5.1: parse error, id null", "-32700")
def malformed(room: Room) -> Finding:
    """A body that ends too early."""
    return _broken(room, b'{"jsonrpc":"2.0","id":%d,"method":"conformance/unknown","params":{')


@probe("json.bad-utf-8", "Content Part: utf-8", "-32700")
def bad_utf_8(room: Room) -> Finding:
    """A body that is no text."""
    return _broken(room, b'{"jsonrpc":"2.0","id":%d,"method":"conformance/\xff\xfe"}')


@probe("json.deep", "none: any answer, and alive", "an error")
def deep(room: Room) -> Finding:
    """Brackets nested 100,000 deep."""
    return _body(room, b"[" * 100_000 + b"]" * 100_000, -32700, -32600, -32603)


@probe("json.scalar", RPC, "-32600")
def scalar(room: Room) -> Finding:
    """JSON that is no object."""
    return _body(room, b"17", -32600)


@probe("json.batch", "Content Part: batches are not supported", "-32600")
def batch(room: Room) -> Finding:
    """The specification forbids them to both sides, so a server may refuse, but not hang."""
    client = room.shared()
    messages = [client.message(FENCE, {}, counted=False), client.message(FENCE, {}, counted=False)]
    return _body(room, frame(messages, ""), -32600)


@probe("request.no-method", RPC, "-32600")
def no_method(room: Room) -> Finding:
    """A method that is no string, and one that is missing."""
    client = room.shared()
    ids = [client.message("", counted=False)["id"] for _ in range(2)]
    client.send({"jsonrpc": "2.0", "id": ids[0], "method": 7, "params": {}})
    first = _either(room, ids[0])
    if first != -32600:
        return _odd(room, first)
    # Without a method it may be taken for a response to nothing, so this one is looked at, not judged.
    client.send({"jsonrpc": "2.0", "id": ids[1], "params": {}})
    finding = survives(client, "-32600")
    note = told(client.peek(ids[1]))
    return finding if finding.verdict is not Verdict.PASS else passed("-32600", f"without a method: {note}")


@probe("request.no-jsonrpc", "Abstract Message", "-32600")
def no_version(room: Room) -> Finding:
    """Every message has `jsonrpc`; what a server does without is not said."""
    client = room.shared()
    message = client.message(FENCE, {}, counted=False)
    del message["jsonrpc"]
    client.send(message)
    found = _either(room, message["id"])
    return passed("-32600") if found == -32600 and client.alive() else _odd(room, found)


def _broken(room: Room, body: bytes) -> Finding:
    # Who repairs such a body reads an id in it, so it has one of its own.
    id = room.shared().message("", counted=False)["id"]
    return _body(room, body % id, -32700, id=id)


def _body(room: Room, body: bytes, *codes: int, id: Json = None) -> Finding:
    client = room.shared()
    client.wire.write(framed(body))
    found = _either(room, id)
    return passed(str(found)) if found in codes and client.alive() else _odd(room, found)


def _either(room: Room, id: Json) -> Json:
    """The code of an error that names this id, or none, as JSON-RPC allows where the id could not be read."""
    client = room.shared()
    before = len(client.responses_without_request())

    def found() -> Json:
        news = client.responses_without_request()[before:]
        return (client.peek(id) if id is not None else None) or (news[0] if news else None)

    fence = client.request(FENCE, {})
    client.wire.wait(lambda: found() or client.peek(fence), client.times.answer)
    response = found() or (client.wire.wait(found, client.times.grace) if client.peek(fence) else None)
    return None if response is None else code(response) or "a result"


def _odd(room: Room, found: Json) -> Finding:
    client = room.shared()
    said = "silent" if found is None else str(found)
    if client.alive():
        return otherwise(f"{said}, goes on")
    return failed(f"{said}, {gone(client, 'answers no more')}")


@probe("request.ids", "Request Message: integer or string", "echoed")
def ids(room: Room) -> Finding:
    """Ids of every kind: the number 1 is not the string "1", and 0 and "" are ids."""
    client = room.shared()
    wanted: list[Json] = ["string", "1000001", 1_000_001, 0, -7, 2**31 - 1, -(2**31), "", "\u00e4 \U0001f682"]
    for id in wanted:
        client.request(FENCE, {}, id=id)
    answers = client.answers(wanted)
    lost = [repr(id) for id, answer in zip(wanted, answers, strict=True) if answer is None]
    return failed(f"no answer to {', '.join(lost)}") if lost else passed(f"{len(wanted)} echoed")


@probe("request.extra-members", "ClientCapabilities: unknown properties are ignored", "answered")
def extra_members(room: Room) -> Finding:
    """Members nobody knows, one of which looks like a message itself."""
    client = room.shared()
    inner = {"jsonrpc": "2.0", "id": 1, "method": "inner", "params": {}}
    method, params = _any_method(room)
    response = client.call(method, params | {"x-conformance": inner, "data": [inner]})
    if response is None:
        return failed("no answer")
    if not client.alive():
        return failed("answers no more")
    return passed(told(response)) if "result" in response else otherwise(told(response))


@probe("request.lone-surrogate", "Content Part: JSON", "goes on")
def lone_surrogate(room: Room) -> Finding:
    """Half a character as an escape, as an editor may send it: in a document and in a method."""
    client = room.shared()
    uri = client.uri()
    item = {"uri": uri, "languageId": room.profile.language, "version": 1}
    text = room.profile.document("@half@")
    opened = {"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"textDocument": item | {"text": text}}}
    client.wire.write(framed(frame(opened, "").replace(b"@half@", b"\\ud83d")))
    message = client.message("conformance/@half@", {})
    client.wire.write(framed(frame(message, "").replace(b"@half@", b"\\ud83d")))
    if client.answer(message["id"]) is None:
        return failed(gone(client, "no answer"))
    method, params = _any_method(room)
    looked = client.call(method, params | {"textDocument": {"uri": uri}})
    return failed(f"{method}: no answer") if looked is None else survives(client)


@probe("request.cancelled", "Cancellation Support: still answered", "one answer each")
def cancelled(room: Room) -> Finding:
    """Requests that are cancelled in the same write: each gets a result or -32800, and whether it acts is noted."""
    client = room.shared()
    offered = [call for call in announced(client) if call.params("", {}).get("textDocument")]
    if not offered:
        return absent("no request on a document is offered")
    document = client.open(room.profile.document())
    at = {"line": 0, "character": 0}
    calls = [offered[i % len(offered)] for i in range(CANCELLED)]
    messages = [client.message(call.method, call.params(document.uri, at)) for call in calls]
    wires = [
        frame(one) + frame({"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": one["id"]}})
        for one in messages
    ]
    client.wire.write(b"".join(wires))
    answers = client.answers([one["id"] for one in messages])
    client.close(document)
    if None in answers:
        lost = {one["method"] for one, answer in zip(messages, answers, strict=True) if answer is None}
        return failed(f"{answers.count(None)} of {CANCELLED} not answered: {', '.join(sorted(lost))}")
    if client.answered_twice([one["id"] for one in messages]):
        return failed("answered twice")
    acted = sum(code(answer) == -32800 for answer in answers)
    others = sorted({str(code(answer)) for answer in answers if code(answer) not in (None, -32800)})
    found = f"{CANCELLED} answers, {acted} of them -32800"
    return otherwise(f"{found}, also {', '.join(others)}") if others else passed(found)


def _any_method(room: Room) -> tuple[str, Json]:
    offered = [call for call in announced(room.shared()) if call.method.startswith("textDocument/")]
    if not offered:
        return "textDocument/hover", HOVER
    return offered[0].method, offered[0].params(UNOPENED, START)
