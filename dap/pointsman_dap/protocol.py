"""One client's side of the protocol without any I/O: bytes in, requests out; answers and events in, bytes out.

Laws: our `seq` counts from 1; each request is answered exactly once; nothing a client sends raises.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from pointsman.wire import Frames, Unreadable, frame
from pointsman_dap.errors import Refused

MAX_BODY = 10 * 1024 * 1024
"""Bytes of one message of a client: the largest carries a run's input or an expression."""

Body = dict[str, Any]


@dataclass(eq=False, slots=True)
class Request:
    """One request as it came; `seq` is the client's and may be anything, so requests are told apart by themselves.

    `number` counts the messages of its connection, from 1.
    """

    seq: int
    command: str
    arguments: Any
    answered: bool = False
    number: int = 0


class Protocol:
    """Frames and numbers the messages of one connection."""

    def __init__(self) -> None:
        self._frames = Frames(MAX_BODY)
        self.said = 0
        """The number of our last message."""

    def receive(self, data: bytes) -> Iterator[Request | Unreadable]:
        """The requests that these bytes complete. Answers and events of a client mean nothing to us: we ask nothing."""
        for body in self._frames.feed(data):
            if isinstance(body, Unreadable):
                yield body
                continue
            found = read(body)
            if found is not None:
                yield found

    def answer(self, request: Request, body: Body | None = None) -> bytes:
        """The answer to a request that was met."""
        return self._answer(request, True, None, body)

    def refuse(self, request: Request, why: Refused) -> bytes:
        """The answer to a request that was not."""
        return self._answer(request, False, why.message, why.body())

    def event(self, name: str, body: Body | None = None) -> bytes:
        """Something to tell that nobody has asked for."""
        said: Body = {"type": "event", "event": name}
        if body is not None:
            said["body"] = body
        return self._framed(said)

    def _answer(self, request: Request, success: bool, message: str | None, body: Any) -> bytes:
        assert not request.answered, f"{request.command} was answered already"
        said: Body = {
            "type": "response",
            "request_seq": request.seq,
            "success": success,
            "command": request.command,
        }
        if message is not None:
            said["message"] = message
        if body is not None:
            said["body"] = body
        framed = self._framed(said)
        request.answered = True
        return framed

    def _framed(self, said: Body) -> bytes:
        framed = frame(msgspec.json.encode({"seq": self.said + 1, **said}))
        self.said += 1  # one that can not be written has no number
        return framed


def read(body: bytes) -> Request | Unreadable | None:
    """A message's request; None for what is none, Unreadable for what is no message at all."""
    try:
        said = _decoded(body)
    except (ValueError, RecursionError) as error:
        return Unreadable(f"this is no JSON: {error}")
    if not isinstance(said, dict):
        return Unreadable("a message is an object")
    if said.get("type") in ("response", "event"):
        return None
    seq, command, arguments = said.get("seq"), said.get("command"), said.get("arguments")
    if said.get("type") != "request" or not isinstance(command, str):
        return Unreadable("a message is a request and names its command")
    if not isinstance(seq, int) or isinstance(seq, bool):
        seq = 0
    # A client in a language that can not tell an empty list from an empty object sends either.
    if arguments is None or arguments == []:
        arguments = {}
    return Request(seq, command, arguments)


def _decoded(body: bytes) -> Any:
    """A body's JSON. Half of a character, which editors can send as an escape, becomes a `?`: it can be no text."""
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        return _whole(json.loads(body.decode("utf-8")))


def _whole(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-8", "replace").decode("utf-8")
        case list():
            return [_whole(item) for item in value]
        case dict():
            return {_whole(key): _whole(item) for key, item in value.items()}
        case _:
            return value
