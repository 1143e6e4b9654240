"""Scalars: from YAML source to values, and from every offset in a value back to its place in the source.

Value offsets are code points of `Scalar.text`; source offsets are bytes. A *run* is a stretch of source that became
a stretch of value: verbatim text, or one unit (an escape, a fold, a line break). Between two runs lies source that
became nothing (indentation, the break before a blank line, `\\` at a line's end); answers never swallow it.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from re import compile as regex
from typing import NamedTuple

from pointsman.language.source import Source, Span
from pointsman.language.tree import Scalar, Style, Value

_BREAK = rb"(?:\r\n|\r|\n)"
_FOLD = rb"[ \t]*" + _BREAK + rb"(?:[ \t]*" + _BREAK + rb")*[ \t]*"
_NEWLINE = regex(_BREAK)
_PLAIN = regex(rb"(?P<fold>" + _FOLD + rb")|[^ \t\r\n]+|[ \t]+")
_SINGLE = regex(rb"(?P<fold>" + _FOLD + rb")|(?P<unit>'')|[^ \t\r\n']+|[ \t]+")
_ESCAPE = rb"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|[\x00-\x7f]|[^\x00-\x7f]+)"
_PAIR = rb"\\u[dD][89abAB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2}"
_DOUBLE = regex(
    rb"(?P<glue>\\" + _FOLD.removeprefix(rb"[ \t]*") + rb")|(?P<fold>" + _FOLD + rb")"
    rb"|(?P<unit>" + _PAIR + rb"|" + _ESCAPE + rb")|[^ \t\r\n\\]+|[ \t]+|\\"
)
_ESCAPES = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b",
    " ": " ", '"': '"', "/": "/", "\\": "\\", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip
_LINE = regex(rb"([^\r\n]*)(\r\n|\r|\n|\Z)")
_HEADER = regex(rb"[|>]([-+]?)([1-9]?)([-+]?)[^\r\n]*")
_MARKER = regex(rb"(?:---|\.\.\.)(?:[ \t]|$)")

_INT = regex(r"[-+]?[0-9]+\Z")
_RADIX = regex(r"0(?:o[0-7]+|x[0-9a-fA-F]+)\Z")
_FLOAT = regex(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_SPECIAL: dict[str, Value] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
# Python refuses to convert more than 4,300 digits; nobody means a number by that many.
_DIGITS = 1_000


class Run(NamedTuple):
    """`text` came from the source bytes `start` to `end`; `verbatim` when byte for byte, else as one unit."""

    text: str
    start: int
    end: int
    verbatim: bool


class Decoded(NamedTuple):
    """A scalar's value and the end of its span."""

    text: str
    end: int


@dataclass(frozen=True, slots=True)
class SegmentMap:
    """The way between a scalar's value and its source. Offsets outside are taken as the nearest inside."""

    length: int
    runs: tuple[Run, ...]
    values: tuple[int, ...]  # where each run starts in the value
    sources: tuple[int, ...]  # where each run starts in the source
    empty_at: int  # the answer for a value without runs
    base: int = 0  # where what the runs count from stands in the file

    def to_source(self, value_offset: int) -> int:
        """The byte where the value's code point `value_offset` begins; at the value's end, the end of its last run."""
        if not self.runs:
            return self.base + self.empty_at
        index = max(0, bisect_right(self.values, value_offset) - 1)
        run, inside = self.runs[index], max(0, value_offset - self.values[index])
        if inside >= len(run.text):
            return self.base + run.end
        return self.base + run.start + (len(run.text[:inside].encode()) if run.verbatim else 0)

    def span(self, start: int, end: int) -> Span:
        """The source of the value's `start` to `end`. It ends where the last code point ends, before any fold."""
        first = self.to_source(start)
        if end <= start or not self.runs:
            return Span(first, first)
        index = max(0, bisect_right(self.values, end - 1) - 1)
        run, inside = self.runs[index], end - self.values[index]
        if run.verbatim and inside < len(run.text):
            return Span(first, self.base + run.start + len(run.text[:inside].encode()))
        return Span(first, self.base + run.end)

    def to_value(self, source_offset: int) -> int:
        """The code point that a byte belongs to; for source that became nothing, the next one."""
        at = source_offset - self.base
        index = bisect_right(self.sources, at) - 1
        if index < 0:
            return 0
        run = self.runs[index]
        if at >= run.end:
            return self.values[index] + len(run.text)
        if not run.verbatim:
            return self.values[index]
        # A byte inside a code point belongs to that code point.
        return self.values[index] + len(run.text.encode()[: at - run.start].decode("utf-8", "ignore"))

    def moved(self, by: int) -> "SegmentMap":
        """The same map of a text that stands `by` bytes further on."""
        return SegmentMap(self.length, self.runs, self.values, self.sources, self.empty_at, self.base + by)


def segments(source: Source, scalar: Scalar) -> SegmentMap:
    """The segment map of a scalar of this source; made on demand, linear in the scalar."""
    runs = tuple(run for run in _runs_of(source.data, scalar) if run.text)
    values, at = [], 0
    for run in runs:
        values.append(at)
        at += len(run.text)
    quoted = scalar.style in ("single", "double") and not scalar.broken
    empty_at = min(scalar.span.start + quoted, scalar.span.end)
    return SegmentMap(at, runs, tuple(values), tuple(run.start for run in runs), empty_at)


def resolve_plain(text: str) -> Value:
    """What a plain scalar means in the core schema of YAML 1.2: `yes`, `on` and `12:30:45` are strings."""
    if text in _SPECIAL:
        return _SPECIAL[text]
    if not text or text[0] not in "+-.0123456789" or len(text) > _DIGITS:
        return text
    if _INT.match(text):
        return int(text)
    if _RADIX.match(text):
        return int(text[2:], 8 if text[1] == "o" else 16)
    if _FLOAT.match(text):
        return float(text)
    return text


def decode(data: bytes, start: int, end: int, style: Style, indent: int = -1) -> Decoded:
    """The value of the scalar at `data[start:end]`, quotes included; of a block scalar, `end` is found here.

    `indent` is the column of the collection a block scalar belongs to (-1 at the root).
    """
    if style in ("literal", "folded"):
        return _decode_block(data, start, style, content_indent(data, start, indent))
    raw = data[start:end] if style == "plain" else data[start + 1 : end - 1]
    if b"\n" in raw or b"\r" in raw or (style == "double" and b"\\" in raw):
        return Decoded("".join(run.text for run in _flow_runs(raw, 0, style)), end)
    text = raw.decode("utf-8", "replace")
    return Decoded(text.replace("''", "'") if style == "single" else text, end)


def content_indent(data: bytes, start: int, indent: int) -> int:
    """The indentation of a block scalar's content: declared, or that of its first line that is not blank."""
    header = _HEADER.match(data, start)
    assert header is not None, "a block scalar starts with its indicator"
    if header[2]:
        return max(indent, 0) + int(header[2])
    longest = indent + 1
    for line, _, _ in _lines_after(data, header.end()):
        if line.strip(b" "):
            width = len(line) - len(line.lstrip(b" "))
            return width if width > indent else longest
        longest = max(longest, len(line))
    return longest


def decode_block(data: bytes, start: int, style: Style, indent: int) -> Decoded:
    """Like `decode` for a block scalar whose content stands at column `indent`, whatever its header says."""
    return _decode_block(data, start, style, indent)


def _runs_of(data: bytes, scalar: Scalar) -> list[Run]:
    start, end = scalar.span.start, scalar.span.end
    if scalar.broken and scalar.style not in ("literal", "folded"):
        return [Run(scalar.text, start, end, True)]
    if scalar.style in ("plain", "single", "double"):
        trim = 0 if scalar.style == "plain" else 1
        return list(_flow_runs(data[start + trim : end - trim], start + trim, scalar.style))
    header = _HEADER.match(data, start)
    if header is None:
        return [Run(scalar.text, start, end, False)]
    # The scalar does not say at which column its content stands, but only one column makes this text.
    deepest = max((len(line) - len(line.lstrip(b" ")) for line, _, _ in _upto(data, header.end(), end)), default=0)
    first = content_indent(data, start, -1)
    for indent in (first, *range(min(deepest, 1_000) + 1)):
        runs = list(_block_runs(data, start, scalar.style, indent))
        if "".join(run.text for run in runs) == scalar.text:
            return runs
    return [Run(scalar.text, start, end, False)]


def _flow_runs(raw: bytes, base: int, style: Style) -> Iterator[Run]:
    pattern = {"plain": _PLAIN, "single": _SINGLE}.get(style, _DOUBLE)
    for token in pattern.finditer(raw):
        start, end = base + token.start(), base + token.end()
        match token.lastgroup:
            case "fold" | "glue":
                breaks = [base + token.start() + found.end() for found in _NEWLINE.finditer(token[0])]
                if len(breaks) > 1:
                    for before, after in pairwise(breaks):
                        yield Run("\n", before, after, False)
                elif token.lastgroup == "fold":
                    yield Run(" ", start, end, False)
            case "unit":
                yield Run("'" if style == "single" else _unescape(token[0]), start, end, False)
            case _:
                yield Run(token[0].decode("utf-8", "replace"), start, end, True)


def _unescape(raw: bytes) -> str:
    text = raw.decode("utf-8", "replace")
    if len(text) == 12:
        # A surrogate pair, as JSON writes what lies beyond the basic plane.
        high, low = int(text[2:6], 16), int(text[8:12], 16)
        return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
    if text[1] in "xuU" and len(text) > 2:
        code = int(text[2:], 16)
        return "\ufffd" if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF else chr(code)
    return _ESCAPES.get(text[1:], text[1:])


def _decode_block(data: bytes, start: int, style: Style, indent: int) -> Decoded:
    runs = list(_block_runs(data, start, style, indent))
    header = _HEADER.match(data, start)
    assert header is not None
    kept = b"+" in (header[1], header[3])
    end = start + len(header[0].split()[0])
    for run in reversed(runs):
        if run.verbatim:
            end = run.end
        elif kept:
            # The last run is the last line break that is kept; the span ends before it.
            end = run.start
        else:
            continue
        break
    return Decoded("".join(run.text for run in runs), end)


def _block_runs(data: bytes, start: int, style: Style, indent: int) -> Iterator[Run]:
    header = _HEADER.match(data, start)
    assert header is not None
    chomp = header[1] or header[3]
    blanks: list[Run] = []  # line breaks of blank lines not yet written
    last: Run | None = None  # the break of the last line with content
    was_deep = False
    for line, at, line_end in _lines_after(data, header.end()):
        content = line[indent:]
        if not line.strip(b" ") and len(line) <= indent:
            if line_end > at:
                # Blanks at the very end of the text count as a line of their own, as the yaml-test-suite has it.
                blanks.append(Run("\n", at + len(line), line_end, False))
            continue
        if line[:indent].strip(b" ") or (indent == 0 and _MARKER.match(line)):
            break
        deep = content[:1] in (b" ", b"\t")
        if last is not None:
            if style == "literal" or deep or was_deep:
                yield last
            elif not blanks:
                yield Run(" ", last.start, at + indent, False)
        yield from blanks
        blanks = []
        yield Run(content.decode("utf-8", "replace"), at + indent, at + len(line), True)
        ended = line_end > at + len(line) or not content.strip(b" ")
        last = Run("\n" if ended else "", at + len(line), line_end, False)
        was_deep = deep
    if last is not None and chomp != b"-":
        yield last
    if chomp == b"+":
        yield from blanks


def _lines_after(data: bytes, at: int) -> Iterator[tuple[bytes, int, int]]:
    """The lines after the one that ends at `at`: (line without break, its start, the end of its break)."""
    newline = _NEWLINE.match(data, at)
    at = len(data) if newline is None else newline.end()
    while at < len(data):
        found = _LINE.match(data, at)
        assert found is not None
        yield found[1], at, found.end()
        at = found.end()


def _upto(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    for line, start, line_end in _lines_after(data, at):
        if start >= end:
            return
        yield line, start, line_end
