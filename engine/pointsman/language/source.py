"""Source text: bytes inside, line and column only where a person or a client reads them.

A span counts bytes of UTF-8. Only `\\n`, `\\r\\n` and `\\r` end a line (U+2028 and its kin do not: pasted prompts
carry them). A byte-order mark belongs to the source and to no token.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from itertools import accumulate

# Bytes whose lines are found in less than a millisecond.
_AT_ONCE = 64_000


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open range of bytes, `start <= end`."""

    start: int
    end: int


@dataclass(frozen=True)
class Source:
    """One text at one moment. `path` is what people read; `data` is what was read, undecoded."""

    path: str
    data: bytes = field(repr=False)

    @classmethod
    def of(cls, path: str, text: str) -> "Source":
        """A source from text; lone surrogates, which editors can send, are kept as `?` of the same width."""
        return cls(path, text.encode("utf-8", "replace"))

    @cached_property
    def digest(self) -> str:
        """Sha-256 of the bytes, in hex: the name of this text in the journal."""
        return sha256(self.data).hexdigest()

    @cached_property
    def line_starts(self) -> tuple[int, ...]:
        """The byte offset each line starts at; always at least one."""
        lines = self.data.splitlines(keepends=True)
        # The last line has no end of its own unless the text ends with a break: then an empty line follows.
        if lines and not lines[-1].endswith((b"\n", b"\r")):
            lines.pop()
        return tuple(accumulate(map(len, lines), initial=0))

    def index(self) -> Iterator[None]:
        """Find the lines of a long text in small steps; afterwards `line_starts` is there."""
        if "line_starts" in self.__dict__:
            return
        starts, at = [0], 0
        while at < len(self.data):
            # Each piece ends with a line, for `\r` and `\n` are one end.
            stop = self.data.find(b"\n", at + _AT_ONCE) + 1 or len(self.data)
            lines = self.data[at:stop].splitlines(keepends=True)
            if stop == len(self.data) and not lines[-1].endswith((b"\n", b"\r")):
                lines.pop()
            starts += list(accumulate(map(len, lines), initial=at))[1:]
            at = stop
            yield
        self.__dict__["line_starts"] = tuple(starts)

    def text(self, span: Span | None = None) -> str:
        """The text of a span (default: all of it); bytes that are no UTF-8 read as U+FFFD."""
        data = self.data if span is None else self.data[span.start : span.end]
        return data.decode("utf-8", "replace")

    def line_at(self, offset: int) -> int:
        """The line of a byte offset, counted from 0."""
        return bisect_right(self.line_starts, offset) - 1

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column for people: both from 1, the column in code points."""
        line = self.line_at(offset)
        start = self.line_starts[line]
        return line + 1, len(self.data[start:offset].decode("utf-8", "replace")) + 1

    def line_text(self, line: int) -> str:
        """Line `line` (from 0) without its newline."""
        start = self.line_starts[line]
        end = self.line_starts[line + 1] if line + 1 < len(self.line_starts) else len(self.data)
        return self.data[start:end].decode("utf-8", "replace").rstrip("\r\n")
