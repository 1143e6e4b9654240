"""Bytes in, messages out: the base protocol's frames, read as strictly as the specification writes them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

Json = Any

_FIELD = re.compile(rb"[A-Za-z0-9-]+: ?[\x20-\x7e]*")
_START = b"content-"


@dataclass(frozen=True, slots=True)
class Noise:
    """Bytes on standard output that are no message, and what is wrong with them."""

    why: str
    data: bytes


def frame(message: Json, header: str = "Content-Length: {}\r\n\r\n") -> bytes:
    """One message as it travels; `header` holds `{}` where the length in bytes goes."""
    return framed(json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode(), header)


def framed(body: bytes, header: str = "Content-Length: {}\r\n\r\n") -> bytes:
    """Any body, valid or not, under a header."""
    return header.format(len(body)).encode("ascii") + body


class Frames:
    """Cuts a stream into messages. What is no frame becomes `Noise`, and reading goes on at the next header."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._length: int | None = None

    def feed(self, data: bytes) -> list[Json | Noise]:
        """What became complete with these bytes, in order."""
        self._buffer += data
        found: list[Json | Noise] = []
        while (one := self._next()) is not None:
            found.append(one[0])
        return found

    def rest(self) -> list[Noise]:
        """What is left when the stream has ended."""
        if not self._buffer and self._length is None:
            return []
        return [Noise("the stream ended inside a message", bytes(self._buffer))]

    def _next(self) -> tuple[Json | Noise] | None:
        buffer = self._buffer
        if self._length is None:
            head = bytes(buffer[: len(_START)]).lower()
            if not _START.startswith(head):
                return self._skip()
            if (end := buffer.find(b"\r\n\r\n")) < 0:
                # A header is short: what goes on without an empty line is none.
                return self._skip() if len(buffer) > 4096 else None
            header = bytes(buffer[:end])
            length = _length(header)
            if length is None:
                del buffer[: end + 4]
                return (Noise("a header without a length, or with a field that is none", header),)
            del buffer[: end + 4]
            self._length = length
        if len(buffer) < self._length:
            return None
        body = bytes(buffer[: self._length])
        del buffer[: self._length]
        self._length = None
        try:
            return (json.loads(body.decode("utf-8")),)
        except (ValueError, RecursionError) as error:
            return (Noise(f"a body that is no JSON: {error}", body),)

    def _skip(self) -> tuple[Noise] | None:
        at = self._buffer.lower().find(_START, 1)
        # The last bytes may be the beginning of a header that is still on its way.
        cut = at if at > 0 else len(self._buffer)
        data = bytes(self._buffer[:cut])
        del self._buffer[:cut]
        return (Noise("bytes outside of any message", data),)


def _length(header: bytes) -> int | None:
    length = None
    for line in header.split(b"\r\n"):
        if not _FIELD.fullmatch(line):
            return None
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            if not value.strip().isdigit():
                return None
            length = int(value)
    return length
