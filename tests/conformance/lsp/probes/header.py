"""The header part and the stream: how bytes become messages."""

from __future__ import annotations

from conformance.lsp.client import FENCE, Client
from conformance.lsp.framing import frame, framed
from conformance.lsp.probe import Finding, Room, code, failed, gone, otherwise, passed, probe, told

HTTP = "Header Part: HTTP semantics"
LARGE = 64 * 1024 * 1024
LARGE_SECONDS = 60.0


def _header(room: Room, header: str) -> Finding:
    client = room.shared()
    message = client.message(FENCE, {})
    client.wire.write(frame(message, header))
    return _answered(client, message["id"])


def _answered(client: Client, id: object) -> Finding:
    if (response := client.answer(id)) is not None:
        return passed(f"answered, {told(response)}")
    return failed(gone(client, "no answer"))


@probe("header.lower-case", HTTP, "answered")
def lower_case(room: Room) -> Finding:
    """Field names have no case in HTTP."""
    return _header(room, "content-length: {}\r\n\r\n")


@probe("header.odd-case", HTTP, "answered")
def odd_case(room: Room) -> Finding:
    """Nor any other."""
    return _header(room, "cOnTeNt-LENGTH: {}\r\n\r\n")


@probe("header.content-type", "Header Part: Content-Type", "answered")
def content_type(room: Room) -> Finding:
    """The second field of the specification, behind the length."""
    return _header(room, "Content-Length: {}\r\nContent-Type: application/vscode-jsonrpc; charset=utf-8\r\n\r\n")


@probe("header.content-type-first", "Header Part: Content-Type", "answered")
def content_type_first(room: Room) -> Finding:
    """And before it, with the old name of the encoding, which is to be read as utf-8."""
    return _header(room, "Content-Type: application/vscode-jsonrpc; charset=utf8\r\nContent-Length: {}\r\n\r\n")


@probe("stream.two-in-one-write", "Base Protocol", "both answered")
def two_in_one(room: Room) -> Finding:
    """Messages do not come one to a read."""
    client = room.shared()
    messages = [client.message(FENCE, {}), client.message(FENCE, {})]
    client.wire.write(b"".join(frame(one) for one in messages))
    if any(client.answer(one["id"]) is None for one in messages):
        return failed("not both answered")
    return passed("both answered")


@probe("stream.one-byte-writes", "Base Protocol", "answered")
def byte_by_byte(room: Room) -> Finding:
    """Nor one read to a message."""
    client = room.shared()
    message = client.message(FENCE, {})
    client.wire.write(*(bytes([byte]) for byte in frame(message)))
    return _answered(client, message["id"])


@probe("stream.characters-split", "Content Part: utf-8", "answered")
def non_ascii(room: Room) -> Finding:
    """The length counts bytes, and a character may come in pieces."""
    client = room.shared()
    message = client.message("conformance/\u00fcber-\u6f22\u5b57-\U0001f682", {"text": "\u00e4\u6f22\U0001f682" * 50})
    data = frame(message)
    cut = data.index("\U0001f682".encode()) + 2
    client.wire.write(data[:cut], data[cut:])
    if (response := client.answer(message["id"])) is None:
        return failed("no answer")
    return passed(f"answered, {told(response)}") if client.alive() else failed("answers no more")


@probe("stream.64-mebibytes", "Content Part", "answered")
def large(room: Room) -> Finding:
    """One message of 64 MiB, and the server goes on."""
    client = room.shared()
    message = client.message("conformance/large", {"padding": ""})
    small = frame(message, "")
    at = small.index(b'"padding":"') + len(b'"padding":"')
    client.wire.write(framed(small[:at] + b"x" * (LARGE - len(small)) + small[at:]))
    response = client.answer(message["id"], LARGE_SECONDS)
    if response is None:
        return failed(gone(client, "no answer"))
    if not client.alive():
        return failed("answers no more")
    return passed(f"answered, {told(response)}") if code(response) else otherwise(told(response))
