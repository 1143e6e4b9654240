"""Messages out of a stream of bytes and into one: headers, bodies, and what to make of broken ones. No I/O.

Every stream can be read on: a header that says nothing is skipped up to the next one that does, and a body that is too
large is let pass by. So the worst a client can send costs it an error, never the connection.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_BODY = 64 * 1024 * 1024
"""Bytes of one message, where nobody says otherwise: a text of 16 MiB with every byte escaped still fits."""

MAX_HEADER = 64 * 1024

_LENGTH = re.compile(rb"(?<![\w-])content-length[ \t]*:[ \t]*(\d{1,18})[ \t]*\r?\n", re.IGNORECASE)
_END = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Bytes that are no message, and why."""

    reason: str


class Frames:
    """The bytes of one connection, cut into bodies as they arrive."""

    def __init__(self, max_body: int = MAX_BODY) -> None:
        self._max_body = max_body
        self._bytes = bytearray()
        self._length: int | None = None
        self._skip = 0

    def feed(self, data: bytes) -> Iterator[bytes | Unreadable]:
        """The messages that these bytes complete, in order."""
        self._bytes += data
        while True:
            if self._skip:
                gone = min(self._skip, len(self._bytes))
                del self._bytes[:gone]
                self._skip -= gone
                if self._skip:
                    return
            if self._length is None:
                found = self._header()
                if found is None:
                    return
                if isinstance(found, Unreadable):
                    yield found
                    continue
                self._length = found
            if len(self._bytes) < self._length:
                return
            body = bytes(memoryview(self._bytes)[: self._length])
            del self._bytes[: self._length]
            self._length = None
            yield body

    def _header(self) -> int | Unreadable | None:
        """The length that the next header gives; None while it has not all arrived."""
        end = _END.search(self._bytes)
        if end is None:
            if len(self._bytes) > MAX_HEADER:
                # What may be the start of a header is kept.
                del self._bytes[: -MAX_HEADER // 2]
                return Unreadable(f"no header in {MAX_HEADER} bytes")
            return None
        lengths = _LENGTH.findall(self._bytes, 0, end.end())
        del self._bytes[: end.end()]
        if not lengths:
            return Unreadable("a header without Content-Length")
        length = int(lengths[-1])
        if length > self._max_body:
            self._skip = length
            return Unreadable(f"a message of {length} bytes; {self._max_body} are the most")
        return length


def frame(body: bytes) -> bytes:
    """A body as it goes over the wire."""
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
