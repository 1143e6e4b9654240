"""The cheap line outline: where documents, entries and items start, by indentation alone.

Laws: it looks at line starts only, so that ten thousand lines take a millisecond; in text that is valid YAML a cut is
never wrong (whoever is not sure calls the text opaque); in damaged text a cut keeps the damage between two lines that
stand where entries stand.

Why a cut by columns is right: everything that belongs to an entry of a block collection at column n is indented by
more than n, but for the items of a list that stands below its key at the same column, the `:` of an explicit `?` key,
and comments. Line breaks are `\\n` or `\\r\\n` here; `syntax.py` rewrites a lone `\\r`.
"""

from enum import StrEnum
from functools import lru_cache
from re import MULTILINE, Match, Pattern
from re import compile as regex
from typing import NamedTuple

# A key on one line, plain or quoted, without anchor or tag, and the colon behind it.
_KEY = (
    rb"""(?:"(?:[^"\\\r\n]|\\[^\r\n])*"|'(?:[^'\r\n]|'')*'"""
    rb"""|(?:[^\s\-?:,\[\]{}#&*!|>'"%@`]|[\-?:](?=[^\s]))(?:[^\s:#]|:(?=\S)|(?<=\S)#|[ \t]+(?=[^\s:#]|:\S))*+)"""
    rb"""[ \t]*:(?=[ \t\r\n]|\Z)"""
)
_FIRST = regex(rb"^( *)([^ \t\r\n#]|\t[ \t]*(?=[^ \t\r\n#]))", MULTILINE)
_ENTRY = regex(_KEY + rb"|\?(?=[ \t\r\n]|\Z)")
_DASH = regex(rb"-(?=[ \t\r\n]|\Z)")
_HEADER = regex(rb" *(" + _KEY + rb")[ \t]*(?:#[^\r\n]*)?(?:\r?\n|\Z)")
# These two start with a line break and nothing else, which the regex engine finds by `memchr`: ten times faster than an
# alternative with the start of the text. So they search the text behind one more line break.
_MARKER = regex(rb"\n(---|\.\.\.)(?=[ \t\r\n]|\Z)")
_MARKS = (b"---", b"...")
_PREFIX = regex(rb"^( *)(?![ \t]*(?:[#\r\n]|\Z))((?:(?:[-?:]|[&!][^ \t\r\n]*)(?:[ \t]+|$))*)", MULTILINE)
_TOKEN = regex(rb"[^ \t]+")
_LEVEL_SIGNS = (b"-", b"?", b":", b"&", b"!")
_BRACKETS = regex(rb"[\[{]+|[\]}]+")

# tree-sitter-yaml 0.7.2 crashes the process at 254 nested block levels and counts rows in 16 bits; both with a margin.
# 1,000 brackets are read, nobody nests 64; deeper ones cost time out of proportion.
_COLUMNS = 100
_FLOW_LEVELS = 1_000
_ROWS = 20_000
_COLUMN = 10_000
_BYTES = 4 << 20


class Kind(StrEnum):
    """What a stretch of lines holds, as far as its lines can tell."""

    EMPTY = "empty"
    MAPPING = "mapping"
    SEQUENCE = "sequence"
    OPAQUE = "opaque"


class Chunk(NamedTuple):
    """One entry or item: from the start of its first line to the start of the next one's. `off` is how far its
    indentation misses that of its siblings."""

    start: int
    end: int
    off: int


class Section(NamedTuple):
    """One document: `start` at its `---` or first line, `body` where its content starts (behind a bare `---` line),
    `directives` of the lines before it, `ended` by `...`."""

    start: int
    body: int
    end: int
    marked: bool
    ended: int | None


def sections(data: bytes) -> list[Section]:
    """Cut a text at its document markers. What stands before the first `---` is a section of its own."""
    if not data.startswith(_MARKS) and all(b"\n" + mark not in data for mark in _MARKS):
        return [Section(0, 0, len(data), False, None)]
    found: list[Section] = []
    start = body = 0
    marked = False
    for marker in _MARKER.finditer(b"\n" + data):
        at = marker.start()
        if marker[1] == b"...":
            found.append(Section(start, body, at, marked, at))
            start = body = _line_end(data, at)
            marked = False
            continue
        if marked or at > start:
            found.append(Section(start, body, at, marked, None))
        start = at
        rest = data[at + 3 : _line_end(data, at)].strip(b" \t\r\n")
        body = _line_end(data, at) if not rest or rest.startswith(b"#") else at
        marked = True
    if marked or start < len(data) or not found:
        found.append(Section(start, body, len(data), marked, None))
    return found


def kind(data: bytes) -> tuple[Kind, int]:
    """What the first line with content says, and the column of the collection. Not sure means OPAQUE."""
    first = _FIRST.search(data)
    if first is None:
        return Kind.EMPTY, 0
    at, column = first.start(2), len(first[1])
    if _DASH.match(data, at):
        return Kind.SEQUENCE, column
    if _ENTRY.match(data, at):
        return Kind.MAPPING, column
    # A bare word above an entry is a key half typed: no valid text has an entry below a scalar at its column.
    if data[at : at + 1] not in b"&!|>[{\"'%\t":
        second = _FIRST.search(data, _line_end(data, at))
        if second is not None and len(second[1]) == column and _ENTRY.match(data, second.start(2)):
            return Kind.MAPPING, column
    return Kind.OPAQUE, column


def column(data: bytes) -> int:
    """The indentation of the first line with content."""
    first = _FIRST.search(data)
    return 0 if first is None else len(first[1])


def cut(data: bytes, kind: Kind, column: int) -> list[Chunk]:
    """Cut a collection at `column` into its entries or items. Lines indented too little start one too (`off`)."""
    found: list[Chunk] = []
    start, off = -1, 0
    for line in _starters(kind, column).finditer(b"\n" + data):
        at = line.start()
        if start >= 0:
            found.append(Chunk(start, at, off))
        elif _FIRST.search(data, 0, at) is not None:
            found.append(Chunk(0, at, 0))
        start, off = at, column - len(line[1])
    if start >= 0:
        found.append(Chunk(start, len(data), off))
    elif _FIRST.search(data) is not None:
        found.append(Chunk(0, len(data), 0))
    return found


def header(data: bytes) -> int | None:
    """Where the line `key:` ends, when the chunk is such a line above a block collection; else None."""
    found = _HEADER.match(data)
    if found is None or kind(data[found.end() :])[0] not in (Kind.MAPPING, Kind.SEQUENCE):
        return None
    return found.end()


def key(data: bytes, at: int) -> Match[bytes] | None:
    """The `key:` that starts at `at`, on one line."""
    return _KEY_AT.match(data, at)


def is_dash(data: bytes, at: int) -> bool:
    """Whether a list item starts here."""
    return _DASH.match(data, at) is not None


def first_content(data: bytes, at: int = 0) -> int | None:
    """The first byte at or after `at` (a line start) that is no blank and in no comment line; None without content."""
    first = _FIRST.search(data, at)
    return None if first is None else first.end() - (0 if first[2].startswith(b"\t") else 1)


def line_end(data: bytes, at: int) -> int:
    """The start of the next line."""
    return _line_end(data, at)


def refusal(data: bytes) -> tuple[str, int, int] | None:
    """Why this text must not reach the native parser: (code, start, end), or None.

    The bound is conservative: block levels stand at different columns (but for a list at its key's column), and a
    column is where a line starts or one of the `-`, `?`, `:` it starts with. So a text with 100 such columns has no
    254 levels, whatever the parser makes of it. Only text far outside of any pipeline is refused though harmless.
    """
    rows = data.count(b"\n")
    if rows > _ROWS or len(data) > _BYTES:
        return "yaml_too_large", 0, _line_end(data, 0)
    if data.count(b"[") + data.count(b"{") > _FLOW_LEVELS:
        depth = 0
        for run in _BRACKETS.finditer(data):
            step = run.end() - run.start()
            depth = depth + step if run[0][0] in b"[{" else max(0, depth - step)
            if depth > _FLOW_LEVELS:
                return "yaml_too_deep", run.start(), run.end()
    # Most items are too small to reach the bound below, and need no closer look.
    if rows + 1 + sum(map(data.count, _LEVEL_SIGNS)) <= _COLUMNS and len(data) <= _COLUMN:
        return None
    columns: set[int] = set()
    for line in _PREFIX.finditer(data):
        start, at = line.start(), line.start(2)
        if at - start > _COLUMN:
            return "yaml_too_deep", start, at
        columns.add(at - start)
        columns.update(token.start() - start for token in _TOKEN.finditer(data, at, line.end()))
        columns.add(line.end() - start)
        if len(columns) > _COLUMNS:
            return "yaml_too_deep", at, max(line.end(), at)
    return None


_KEY_AT = regex(rb"(" + _KEY + rb")")


@lru_cache(maxsize=512)
def _starters(kind: Kind, column: int) -> Pattern[bytes]:
    # The lookahead keeps out: blank lines, comments, closing brackets (they end a flow collection that is indented too
    # little) and, in a mapping, the items of a list at the key's column and the `:` of an explicit key.
    excluded = rb"[ \t\r\n#\]}]" if kind is Kind.SEQUENCE else rb"[ \t\r\n#\]}]|[-:](?:[ \t\r\n]|\Z)"
    return regex(rb"\n( {0,%d}+)(?!%s)(?!\Z)" % (column, excluded))


def _line_end(data: bytes, at: int) -> int:
    found = data.find(b"\n", at)
    return len(data) if found < 0 else found + 1
