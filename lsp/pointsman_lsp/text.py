"""Positions as clients count them and offsets in bytes, both ways; and a text after a client's edits.

A client counts lines from 0 and, within a line, units of the encoding it chose. Only `\\n`, `\\r\\n` and `\\r` end a
line. A position past the end of its line is the line's end, before its newline; one past the last line is the end of
the text; one inside a character is that character's start.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

from pointsman.language.source import Source

Encoding = Literal["utf-8", "utf-16", "utf-32"]
ENCODINGS: tuple[Encoding, ...] = ("utf-8", "utf-16", "utf-32")

Position = tuple[int, int]
"""Line and character, both from 0, the character in the client's units."""


@dataclass(frozen=True, slots=True)
class Change:
    """One edit: the text between two positions is replaced by `text`; without them it is the whole text."""

    text: str
    start: Position | None = None
    end: Position | None = None


def offset_at(source: Source, position: Position, encoding: Encoding) -> int:
    """The byte offset of a position; every position has one."""
    line, character = position
    starts = source.line_starts
    if line >= len(starts):
        return len(source.data)
    start, end = starts[line], _line_end(source, line)
    if encoding == "utf-8":
        at = min(start + character, end)
        while at > start and at < end and source.data[at] & 0xC0 == 0x80:
            at -= 1
        return at
    text = source.data[start:end]
    if text.isascii():
        return min(start + character, end)
    return start + _bytes_of(text, character, encoding)


def position_at(source: Source, offset: int, encoding: Encoding) -> Position:
    """The position of a byte offset; one inside a newline is the end of its line."""
    line = source.line_at(offset)
    start = source.line_starts[line]
    text = source.data[start : min(offset, _line_end(source, line))]
    if encoding == "utf-8" or text.isascii():
        return line, len(text)
    decoded = text.decode("utf-8", "surrogateescape")
    return line, len(decoded) if encoding == "utf-32" else len(decoded) + sum(char > "\uffff" for char in decoded)


def changed(source: Source, changes: Iterable[Change], encoding: Encoding) -> Source:
    """The text after edits, each of which speaks of the text that the one before it left."""
    for change in changes:
        # Lone surrogates are no UTF-8; a `?` is as wide as one in the units that clients count.
        new = change.text.encode("utf-8", "replace")
        if change.start is None or change.end is None:
            source = Source(source.path, new)
        else:
            start, end = sorted((change.start, change.end))
            source = _replaced(source, offset_at(source, start, encoding), offset_at(source, end, encoding), new)
    return source


def _line_end(source: Source, line: int) -> int:
    """The end of a line, before its newline."""
    data, starts = source.data, source.line_starts
    if line + 1 == len(starts):
        return len(data)
    end = starts[line + 1] - 1
    return end - 1 if end > starts[line] and data[end - 1 : end + 1] == b"\r\n" else end


def _bytes_of(text: bytes, units: int, encoding: Encoding) -> int:
    """How many bytes the first units of a line are; bytes that are no UTF-8 count as one unit each."""
    decoded = text.decode("utf-8", "surrogateescape")
    if encoding == "utf-16":
        wide = decoded.encode("utf-16-le", "surrogatepass")[: units * 2]
        if wide and 0xD8 <= wide[-1] <= 0xDB:
            wide = wide[:-2]  # the first half of a character
        decoded = wide.decode("utf-16-le", "surrogatepass")
    else:
        decoded = decoded[:units]
    return len(decoded.encode("utf-8", "surrogateescape"))


def _replaced(source: Source, start: int, end: int, new: bytes) -> Source:
    """The text with `start:end` replaced; only the lines around it are looked at to know where lines start."""
    result = Source(source.path, b"".join((source.data[:start], new, source.data[end:])))
    starts = source.line_starts
    # `\r` and `\n` are one newline together, so both borders may join or part some: the lines around are read anew.
    first = max(source.line_at(start) - 1, 0)
    last = source.line_at(end) + 1
    moved = len(result.data) - len(source.data)
    stop = starts[last] + moved if last < len(starts) else len(result.data)
    around = accumulate(map(len, result.data[starts[first] : stop].splitlines(keepends=True)), initial=starts[first])
    kept = tuple(around)
    lines: tuple[int, ...]
    if last < len(starts):
        lines = (*starts[:first], *kept[:-1], *map(moved.__add__, starts[last:]))
    else:
        ended = result.data.endswith((b"\n", b"\r"))
        lines = (*starts[:first], *(kept if ended or len(kept) == 1 else kept[:-1]))
    # A cached property lives in the instance's dictionary; ours is right without reading the text again.
    vars(result)["line_starts"] = lines
    return result
