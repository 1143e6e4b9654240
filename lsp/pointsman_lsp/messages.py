"""JSON-RPC 2.0 as LSP uses it: what a body says, the codes of errors, and answers as bytes."""

import json
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeVar

import msgspec

Id = int | str

T = TypeVar("T")


class Code(IntEnum):
    """What went wrong, in the numbers of JSON-RPC and LSP."""

    PARSE_ERROR = -32700
    INVALID_REQUEST = -32600
    METHOD_NOT_FOUND = -32601
    INVALID_PARAMS = -32602
    INTERNAL_ERROR = -32603
    NOT_INITIALIZED = -32002
    REQUEST_FAILED = -32803
    CONTENT_MODIFIED = -32801
    REQUEST_CANCELLED = -32800


class ResponseError(Exception):
    """An answer that is an error."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Call:
    """A request, or a notification when it has no id. `params` is what was sent, not yet looked into."""

    id: Id | None
    method: str
    params: object = None


@dataclass(frozen=True, slots=True)
class Reply:
    """A client's answer to a request of ours."""

    id: Id | None
    error: str | None = None
    """What it says, as JSON, when it is one that says no."""


@dataclass(frozen=True, slots=True)
class Invalid:
    """A body that is no message; `id` when it gives one to answer to."""

    code: Code
    reason: str
    id: Id | None = None


class _Envelope(msgspec.Struct):
    jsonrpc: str
    id: int | str | msgspec.UnsetType | None = msgspec.UNSET
    method: str | None = None
    # Raw in a union takes nothing but the union's other types; an empty one is what was not sent.
    params: msgspec.Raw = msgspec.Raw()
    result: msgspec.Raw = msgspec.Raw()
    error: msgspec.Raw = msgspec.Raw()


_ENVELOPE = msgspec.json.Decoder(_Envelope)
_DECODERS: dict[Any, msgspec.json.Decoder[Any]] = {}


def read_message(body: bytes) -> Call | Reply | Invalid:
    """What a body says. Never raises."""
    try:
        found = _ENVELOPE.decode(body)
    except (ValueError, RecursionError):
        return _read_slowly(body)
    if found.jsonrpc != "2.0" or (found.method is None and found.id is msgspec.UNSET):
        return _read_slowly(body)
    if found.method is None:
        error, result = bytes(found.error), bytes(found.result)
        if not error and not result:
            return _read_slowly(body)
        return Reply(None if found.id is msgspec.UNSET else found.id, error.decode() if error else None)
    if found.id is None:
        return _read_slowly(body)
    params = found.params if memoryview(found.params).nbytes else None
    return Call(None if found.id is msgspec.UNSET else found.id, found.method, params)


def structure(params: object, shape: type[T]) -> T:
    """Parameters in their shape. Raises ResponseError, which says where they have another one."""
    try:
        if not isinstance(params, msgspec.Raw):
            return msgspec.convert(params, shape)
        if shape not in _DECODERS:
            _DECODERS[shape] = msgspec.json.Decoder(shape)
        try:
            found: T = _DECODERS[shape].decode(params)
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError:  # lone surrogates, which JSON may hold
            return msgspec.convert(json.loads(bytes(params)), shape)
        return found
    except msgspec.ValidationError as error:
        raise ResponseError(Code.INVALID_PARAMS, str(error).replace("`$", "`params").replace("$.", "params.")) from None


def result_of(id: Id, result: object) -> dict[str, object]:
    """An answer."""
    return {"jsonrpc": "2.0", "id": id, "result": result}


def error_of(id: Id | None, code: Code, message: str) -> dict[str, object]:
    """An answer that is an error; without an id when it is not known what it answers."""
    return {"jsonrpc": "2.0", "id": id, "error": {"code": int(code), "message": message}}


def encode(message: object) -> bytes:
    """A message as JSON."""
    try:
        return msgspec.json.encode(message)
    except UnicodeEncodeError:
        # A client's lone surrogate that we hand back, in a URI for one: escaped, as the client sent it.
        return json.dumps(message).encode()


def _read_slowly(body: bytes) -> Call | Reply | Invalid:
    """What a body says that the quick way has no answer for: it is broken, or holds lone surrogates."""
    try:
        found = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        return Invalid(Code.PARSE_ERROR, f"this is no JSON: {error or 'nested too deeply'}")
    if isinstance(found, list):
        return Invalid(Code.INVALID_REQUEST, "LSP has no batches: send one message after the other")
    if not isinstance(found, dict):
        return Invalid(Code.INVALID_REQUEST, "a message is an object")
    id = found.get("id")
    known = id if isinstance(id, int | str) and not isinstance(id, bool) else None
    if found.get("jsonrpc") != "2.0":
        return Invalid(Code.INVALID_REQUEST, '`jsonrpc` must be "2.0"', known)
    if "id" in found and known is None and not (id is None and "method" not in found):
        return Invalid(Code.INVALID_REQUEST, "`id` must be an integer or a string")
    method = found.get("method")
    if isinstance(method, str):
        return Call(known, method, found.get("params"))
    if method is None and "id" in found and ("result" in found or "error" in found):
        return Reply(known, json.dumps(found["error"]) if "error" in found else None)
    return Invalid(Code.INVALID_REQUEST, "`method` must be a string", known)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
