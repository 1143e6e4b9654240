"""Items: a text cut by its outline, each piece parsed on its own, and the pieces put together again.

Law: `read` is a pure function of an item's bytes (with its role and level), so its results are kept by bytes: a
keystroke parses its own item anew and no other. What is kept has spans relative to the item.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import NamedTuple, TypeVar

from pointsman.language import lowering, outline, recovery
from pointsman.language.diagnostics import Diagnostic, Related, Severity
from pointsman.language.lowering import DEEPEST, Link, Part
from pointsman.language.outline import Chunk, Kind
from pointsman.language.source import Span
from pointsman.language.tree import (
    Entry,
    Mapping,
    Missing,
    Node,
    Scalar,
    Scope,
    Sequence,
    moved,
    moved_entries,
    moved_items,
    moved_scalar,
)
from pointsman.language.windows import Window

# An item larger than this is cut once more where it can be: a parse of 4 KiB takes about 0.3 ms.
_SMALL = 4096
# Source bytes remembered; what is kept of a byte of source takes about 30 bytes.
_KEPT = 1 << 20


class Role(StrEnum):
    """What a piece of text is to the collection it was cut from."""

    ENTRY = "entry"
    ITEM = "item"


class Piece(NamedTuple):
    """One entry or item of a collection, cut from it: the lines from `start` to `end`, which are `off` columns out of
    line. `part` is still to be moved by `by` bytes; with None it stands in its place."""

    part: Part
    by: int | None
    start: int
    end: int
    off: int

    @property
    def aliased(self) -> bool:
        """Whether what it says depends on other pieces."""
        return any(link.alias for link in self.part.links)


@dataclass(frozen=True, slots=True)
class Cut:
    """How the lines of a collection were cut: `data` from `base` on, into `pieces` at a column. `distinct`: no two
    pieces have a key in common; `merging`: a key `<<` is among them."""

    data: bytes
    base: int
    column: int
    pieces: tuple[Piece, ...]
    distinct: bool = True
    merging: bool = False


class JoinedMapping(Mapping):
    """A mapping made of pieces; the entries of a piece are made when somebody looks."""

    __slots__ = ("cut", "scope")

    def __init__(self, span: Span, cut: Cut, scope: Scope | None) -> None:
        super().__init__(span, lambda: tuple(chain.from_iterable(map(self.entries_of, cut.pieces))))
        self.cut = cut
        self.scope = scope

    def entries_of(self, piece: Piece) -> tuple[Entry, ...]:
        """The entries of one of the pieces, in their place."""
        node = piece.part.node
        assert isinstance(node, Mapping)
        return node.entries if piece.by is None else moved_entries(node.entries, piece.by, self.scope)

    def near(self, offset: int) -> tuple[Entry, ...]:
        piece = _near(self.cut.pieces, offset)
        return () if piece is None else self.entries_of(piece)


class JoinedSequence(Sequence):
    """A sequence made of pieces; the items of a piece are made when somebody looks."""

    __slots__ = ("cut", "scope")

    def __init__(self, span: Span, cut: Cut, scope: Scope | None) -> None:
        super().__init__(span, lambda: tuple(chain.from_iterable(map(self.items_of, cut.pieces))))
        self.cut = cut
        self.scope = scope

    def items_of(self, piece: Piece) -> tuple[Node, ...]:
        """The items of one of the pieces, in their place."""
        node = piece.part.node
        assert isinstance(node, Sequence)
        return node.items if piece.by is None else moved_items(node.items, piece.by, self.scope)

    def near(self, offset: int) -> tuple[Node, ...]:
        piece = _near(self.cut.pieces, offset)
        return () if piece is None else self.items_of(piece)


Made = TypeVar("Made")
Steps = Generator[None, None, Made]
"""Work that can be done piece by piece: each step is short, the value comes at the end."""


def at_once(steps: Steps[Made]) -> Made:
    """All steps of a work in one go."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            made: Made = end.value
            return made


def region(
    data: bytes,
    level: int,
    base: int = 0,
    scope: Scope | None = None,
    forced: Kind | None = None,
    quiet: bool = False,
) -> Part:
    """Parse the lines of one value, which starts on a line of its own; `level` collections are around it.

    Spans count from `base`. `forced` overrides what the first line says; `quiet` keeps silent about indentation.
    """
    return at_once(region_steps(data, level, base, scope, forced, quiet))


def region_steps(
    data: bytes,
    level: int,
    base: int = 0,
    scope: Scope | None = None,
    forced: Kind | None = None,
    quiet: bool = False,
    before: Node | None = None,
) -> Steps[Part]:
    """Like `region`, with a step for each piece that is looked at. What these lines were `before` is used again as far
    as they are the same."""
    found, column = outline.kind(data)
    kind = forced or found
    if kind is Kind.EMPTY:
        return Part(Missing(Span(base, base)))
    if kind is Kind.OPAQUE:
        return placed(read(data, None, level), base, scope)
    role = Role.ENTRY if kind is Kind.MAPPING else Role.ITEM
    wanted = JoinedMapping if role is Role.ENTRY else JoinedSequence
    old = before.cut if isinstance(before, wanted) and before.cut.column == column else None
    head, chunks, tail = _recut(data, base, kind, column, old, level == 0)
    replaced = () if old is None else old.pieces[len(head) : len(old.pieces) - len(tail)]
    same = (
        {old.data[one.start - old.base : one.end - old.base]: one.part for one in replaced if one.by is not None}
        if old
        else {}
    )
    known = {} if level else {_first_line(old, piece): piece for piece in (old.pieces if old else ())}
    middle: list[Piece] = []
    for start, stop, off in chunks:
        text, at = data[start:stop], base + start
        end = outline.header(text) if level == 0 and role is Role.ENTRY else None
        if end is not None:
            was = _below(known.get(text[:end]))
            part = yield from _split_steps(text, end, level + 1, at, scope, was)
            middle.append(Piece(part, None, at, base + stop, off))
        else:
            middle.append(Piece(same.get(text) or read(text, role, level + 1), at, at, base + stop, off))
        yield
    pieces = (*head, *middle, *tail)
    diagnostics: list[Diagnostic] = []
    links: list[Link] = []
    for piece in pieces:
        part = piece.part
        if part.diagnostics:
            diagnostics += part.diagnostics if piece.by is None else moved_diagnostics(part.diagnostics, piece.by)
        elif piece.off and not quiet:
            diagnostics.append(_indentation(piece.start, column, piece.off))
        if part.links:
            links += part.links if piece.by is None else moved_links(part.links, piece.by)
    distinct = merging = False
    if role is Role.ENTRY:
        names = _names(middle)
        if old is not None and old.distinct and not old.merging and names == _names(replaced):
            distinct = True
        else:
            names = _names(pieces)
            distinct, merging = len(set(names)) == len(names), "<<" in names
            diagnostics += [] if distinct else _duplicates(pieces)
    cut = Cut(data, base, column, pieces, distinct, merging)
    return Part(_joined(cut, role, scope), tuple(diagnostics), tuple(links))


def split(data: bytes, end: int, level: int, base: int = 0, scope: Scope | None = None) -> Part:
    """Parse an entry whose first line, up to `end`, is `key:`, and whose value stands below."""
    return at_once(_split_steps(data, end, level, base, scope))


def read(data: bytes, role: Role | None, level: int) -> Part:
    """Parse one piece: an entry (a Mapping results), an item (a Sequence), or with role None a value. Remembered."""
    key = (data, role, level)
    part = _kept.pop(key, None)
    if part is None:
        part = _read(data, role, level)
        _spare[0] -= len(data)
        while _spare[0] < 0 and _kept:
            oldest = next(iter(_kept))
            if _kept.pop(oldest, None) is not None:
                _spare[0] += len(oldest[0])
    _kept[key] = part
    return part


def placed(part: Part, by: int, scope: Scope | None) -> Part:
    """The part, `by` bytes further on."""
    return Part(moved(part.node, by, scope), moved_diagnostics(part.diagnostics, by), moved_links(part.links, by))


def moved_links(links: tuple[Link, ...], by: int) -> tuple[Link, ...]:
    """The links, `by` bytes further on."""
    return tuple(Link(link.name, link.start + by, link.end + by, link.alias) for link in links) if links else links


def moved_diagnostics(diagnostics: tuple[Diagnostic, ...], by: int) -> tuple[Diagnostic, ...]:
    """The diagnostics, `by` bytes further on."""
    if not diagnostics:
        return diagnostics
    return tuple(
        Diagnostic(
            found.code,
            Span(found.span.start + by, found.span.end + by),
            found.message,
            found.severity,
            found.fix,
            tuple(Related(Span(at.span.start + by, at.span.end + by), at.message) for at in found.related),
        )
        for found in diagnostics
    )


# The memory of `read`: the least recently used first. Python's dict operations are atomic, and two threads that parse
# the same bytes make the same part.
_kept: dict[tuple[bytes, Role | None, int], Part] = {}
_spare = [_KEPT]


def _read(data: bytes, role: Role | None, level: int) -> Part:
    if level > DEEPEST:
        return _refused(data, role)
    end = outline.header(data) if role is Role.ENTRY else None
    masked = _without_dash(data) if role is Role.ITEM else None
    tried = False
    if len(data) <= _SMALL or (end is None and masked is None):
        part = lowering.native(data, level)
        if part is not None and _fits(part.node, role, data):
            return part
        if part is not None and isinstance(part.node, Missing) and part.diagnostics:
            return part if role is None else _keyed(data, role, part)
        tried = True
    if end is not None:
        part = split(data, end, level)
    elif masked is not None:
        inner = region(masked, level)
        part = Part(Sequence(inner.node.span, (inner.node,)), inner.diagnostics, inner.links)
    else:
        part = recovery.recover(data, role, level, region)
    if tried and not any(found.severity is Severity.ERROR for found in part.diagnostics):
        # Each piece is fine, the whole is not: damage must never be silent.
        where = lowering.first_error(data)
        found = Diagnostic("yaml_syntax", where, "this does not fit here; check the indentation and quotes around it")
        part = Part(part.node, (*part.diagnostics, found), part.links)
    return part


def _split_steps(
    data: bytes, end: int, level: int, base: int, scope: Scope | None, before: Node | None = None
) -> Steps[Part]:
    head = read(data[:end], Role.ENTRY, level)
    body = yield from region_steps(data[end:], level, base + end, scope, before=before)
    if not isinstance(head.node, Mapping) or not head.node.entries:
        return Part(
            Mapping(Span(base, base), ()), moved_diagnostics(head.diagnostics, base) + body.diagnostics, body.links
        )
    entry = Entry(moved_scalar(head.node.entries[0].key, base), body.node)
    node = Mapping(Span(entry.key.span.start, entry.span.end), (entry,))
    return Part(node, moved_diagnostics(head.diagnostics, base) + body.diagnostics, body.links)


def _fits(node: Node, role: Role | None, data: bytes) -> bool:
    if role is None:
        return True
    # It must start where the piece starts: an anchor or tag on a line above it has no place between entries.
    kind = Mapping if role is Role.ENTRY else Sequence
    return isinstance(node, kind) and not node.flow and node.span.start == outline.first_content(data)


def _without_dash(data: bytes) -> bytes | None:
    """An item with its dash blanked out, when a block collection remains."""
    at = outline.first_content(data)
    if at is None or not outline.is_dash(data, at):
        return None
    masked = data[:at] + b" " + data[at + 1 :]
    return masked if outline.kind(masked)[0] in (Kind.MAPPING, Kind.SEQUENCE) else None


def _refused(data: bytes, role: Role | None) -> Part:
    at = outline.first_content(data) or 0
    span = Span(at, max(at, len(data[: outline.line_end(data, at)].rstrip())))
    found = Diagnostic("yaml_too_deep", span, lowering.REFUSALS["yaml_too_deep"])
    return _keyed(data, role, Part(Missing(Span(at, at)), (found,)))


def _keyed(data: bytes, role: Role | None, refused: Part) -> Part:
    """A value that was refused, under the key that can still be read."""
    at = outline.first_content(data) or 0
    if role is None:
        return refused
    if role is Role.ITEM:
        return Part(Sequence(Span(at, at), (Missing(Span(at, at)),)), refused.diagnostics)
    key = outline.key(data, at)
    head = None if key is None else lowering.native(b" " * at + key[0])
    if head is None or not isinstance(head.node, Mapping):
        return Part(Mapping(Span(at, at), ()), refused.diagnostics)
    return Part(head.node, refused.diagnostics)


def _recut(
    data: bytes, base: int, kind: Kind, column: int, old: Cut | None, outermost: bool
) -> tuple[tuple[Piece, ...], list[Chunk], tuple[Piece, ...]]:
    """Cut a collection: the pieces before the first new line, moved to their place; the chunks that may be new; and
    the pieces behind the last new line. Where a piece starts, its first line says alone."""
    if old is None:
        return (), outline.cut(data, kind, column), ()
    pieces = old.pieces
    window = Window.of(old.data, data)
    first = bisect_right(pieces, old.base + window.start, key=lambda piece: piece.end)
    last = bisect_left(pieces, old.base + window.end - window.by, lo=first, key=lambda piece: piece.start)
    if first and window.start < len(data):
        # The piece above a new line may have become longer.
        first -= 1
    start = pieces[first - 1].end - old.base if first else 0
    end = pieces[last].start - old.base + window.by if last < len(pieces) else len(data)
    chunks = [Chunk(start + one.start, start + one.end, one.off) for one in outline.cut(data[start:end], kind, column)]
    head, tail = _shifted(pieces[:first], base - old.base), _shifted(pieces[last:], base - old.base + window.by)
    if not outermost:
        return head, chunks, tail
    # What stands in its place is put together anew: whoever its aliases stand for may have changed.
    around = [[Chunk(one.start - base, one.end - base, one.off) for one in part] for part in (head, tail)]
    return (), [*around[0], *chunks, *around[1]], ()


def _shifted(pieces: tuple[Piece, ...], by: int) -> tuple[Piece, ...]:
    if not by:
        return pieces
    return tuple([Piece(part, start + by, start + by, end + by, off) for part, _, start, end, off in pieces])


def _first_line(cut: Cut | None, piece: Piece) -> bytes:
    """The lines of a piece down to where its value starts, when that is a collection below its key."""
    below = _below(piece)
    if cut is None or below is None:
        return b""
    return cut.data[piece.start - cut.base : below.cut.base - cut.base]


def _below(piece: Piece | None) -> "JoinedMapping | JoinedSequence | None":
    """The collection below the key of a piece that stands in its place."""
    if piece is None or piece.by is not None or not isinstance(piece.part.node, Mapping):
        return None
    found = piece.part.node.entries
    value = found[0].value if found else None
    return value if isinstance(value, JoinedMapping | JoinedSequence) else None


def _joined(cut: Cut, role: Role, scope: Scope | None) -> Node:
    first = next((piece for piece in cut.pieces if _count(piece.part.node)), None)
    last = next((piece for piece in reversed(cut.pieces) if _count(piece.part.node)), None)
    start = cut.base if first is None else first.part.node.span.start + (first.by or 0)
    end = cut.base if last is None else last.part.node.span.end + (last.by or 0)
    span = Span(start, max(end, start))
    return JoinedMapping(span, cut, scope) if role is Role.ENTRY else JoinedSequence(span, cut, scope)


def _names(pieces: Iterable[Piece]) -> list[str]:
    """The keys of pieces, in order."""
    return [
        entry.key.text for piece in pieces if isinstance(piece.part.node, Mapping) for entry in piece.part.node.entries
    ]


def _near(pieces: tuple[Piece, ...], offset: int) -> Piece | None:
    """The piece whose lines hold an offset; before the first one, none does."""
    index = bisect_right(pieces, offset, key=lambda piece: piece.start) - 1
    return pieces[index] if index >= 0 else None


def _count(node: Node) -> int:
    return len(node.entries) if isinstance(node, Mapping) else len(node.items) if isinstance(node, Sequence) else 1


def _duplicates(pieces: tuple[Piece, ...]) -> list[Diagnostic]:
    """Duplicate keys across pieces; `lowering` reported those inside one."""
    heads: list[Entry] = []
    for piece in pieces:
        own: dict[str, Scalar] = {}
        for entry in piece.part.node.entries if isinstance(piece.part.node, Mapping) else ():
            own.setdefault(entry.key.text, entry.key)
        heads += [Entry(moved_scalar(key, piece.by or 0), key) for key in own.values()]
    return lowering.duplicates(heads)


def _indentation(at: int, column: int, off: int) -> Diagnostic:
    message = f"indent this line by {column} spaces, like the lines around it"
    return Diagnostic("yaml_syntax", Span(at, at + max(1, column - off)), message)
