"""A document read piece by piece: each stage, agent, rule and key in its own coordinates, and kept by its bytes.

Law: a unit is a pure function of the bytes of its piece. A piece with an alias says what another piece says, so it is
read in place each time, as are documents whose outline is not sure; the answers are the same either way.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

from pointsman.language import schema
from pointsman.language.collecting import ABSENT, Absent, Reading
from pointsman.language.contents import Contents, Placed, Unit
from pointsman.language.diagnostics import Severity
from pointsman.language.embedded import drop_explained
from pointsman.language.items import JoinedMapping, JoinedSequence, Piece, Steps
from pointsman.language.moving import moved_findings, moved_span
from pointsman.language.reading import (
    Found,
    closed,
    list_items,
    named_items,
    section,
    section_values,
    too_few,
)
from pointsman.language.schema import Section, Shape
from pointsman.language.source import Source, Span
from pointsman.language.tree import Entry, Mapping, Node, Sequence, moved_entries, moved_items

Key = tuple[str, bytes, bool, frozenset[str]]


class Group(NamedTuple):
    """A collection read piece by piece: what it was made from, and what it became. `odd` are the pieces that say more
    or less than their bytes, by position."""

    pieces: tuple[Piece, ...]
    placed: list[Placed]
    odd: frozenset[int]

    def by_part(self, start: int, end: int) -> dict[int, Unit]:
        """Units by what the parser made of their pieces: the very same part means the very same bytes."""
        return {
            id(self.pieces[at].part): self.placed[at].unit
            for at in range(start, end)
            if at not in self.odd and not self.pieces[at].off
        }


class Store:
    """The units of the last two texts of a document; older ones are forgotten."""

    def __init__(self) -> None:
        self.made = 0
        self.groups: dict[str, Group] = {}
        self._now: dict[Key, Unit] = {}
        self._before: dict[Key, Unit] = {}

    def size(self) -> int:
        """How many units are kept, some of them more than once."""
        return len(self._now) + len(self._before) + sum(len(group.placed) for group in self.groups.values())

    def turn(self) -> None:
        """A newer text comes."""
        self._before, self._now = self._now, {}

    def get(self, key: Key) -> Unit | None:
        """The unit of these bytes, if one of the last texts had to be asked for them."""
        unit = self._now.get(key)
        if unit is None:
            unit = self._before.get(key)
            if unit is not None:
                self._now[key] = unit
        return unit

    def put(self, key: Key, unit: Unit) -> None:
        """Keep a unit."""
        self.made += 1
        self._now[key] = unit


@dataclass(frozen=True, slots=True)
class Sheet:
    """A document as read: its keys in place (their values count from their pieces), and its units in order. `groups`
    are those of the collections that were read piece by piece; their values in `found` are empty."""

    found: Found
    placed: tuple[Placed, ...]
    heads: tuple[Placed, ...]
    groups: dict[str, list[Placed]]

    def with_key(self, key: str) -> Iterable[Placed]:
        """The units in which something of a key may be found."""
        return chain(self.heads, self.groups.get(key, ()))


@dataclass(frozen=True, slots=True)
class _Work:
    """What reading a document needs all along."""

    reading: Reading
    table: Section
    contents: Contents
    store: Store
    apart: frozenset[str]


def read_sheet(
    reading: Reading, root: Node, table: Section, apart: frozenset[str], contents: Contents, store: Store
) -> Steps[Sheet | Absent]:
    """A document, with a step for each piece. The values of the keys in `apart` are taken apart into pieces too."""
    work = _Work(reading, table, contents, store, apart)
    if not isinstance(root, JoinedMapping) or root.cut.merging:
        found = section(reading, root, table, "this document")
        if found is ABSENT:
            return ABSENT
        only = (_in_place(work, found.values),)
        return Sheet(found, only, only, {})
    reading.depth += 1
    values: dict[str, Any] = {}
    known: dict[str, Entry] = {}
    unknown: list[Entry] = []
    heads: list[Placed] = []
    groups: dict[str, list[Placed]] = {}
    seen: set[str] = set()
    for piece in root.cut.pieces:
        skipped = frozenset(entry.key.text for entry in root.entries_of(piece) if entry.key.text in seen)
        fresh = list(_first(root.entries_of(piece), skipped))
        for entry in fresh:
            seen.add(entry.key.text)
            if entry.key.text in table.by_name:
                known[entry.key.text] = entry
            else:
                unknown.append(entry)
        inner = _apart(work, piece, fresh)
        if inner is not None:
            key = fresh[0].key.text
            groups[key] = yield from _collection(work, key, inner, values)
        else:
            one = _unit(work, root, piece, "", skipped)
            values |= one.unit.values
            heads.append(one)
            yield
    closed(reading, root, table, known, unknown)
    reading.depth -= 1
    placed = tuple(chain(heads, *groups.values()))
    return Sheet(Found(table, root.span, values, known), placed, tuple(heads), groups)


def _apart(work: _Work, piece: Piece, fresh: list[Entry]) -> JoinedMapping | JoinedSequence | None:
    """The collection below a piece's only key, when it is to be read piece by piece too."""
    if piece.by is not None or len(fresh) != 1 or fresh[0].key.text not in work.apart:
        return None
    node = fresh[0].value
    match work.table.by_name[fresh[0].key.text].shape, node:
        case schema.Named(), JoinedMapping() if not node.cut.merging:
            return node
        case schema.Many(), JoinedSequence():
            return node
        case _:
            return None


def _collection(
    work: _Work, key: str, node: JoinedMapping | JoinedSequence, values: dict[str, Any]
) -> Steps[list[Placed]]:
    reading, shape, what = work.reading, work.table.by_name[key].shape, f"`{key}`"
    assert isinstance(shape, schema.Named | schema.Many)
    if not reading.spend(node.span):
        return []
    pieces, distinct = node.cut.pieces, node.cut.distinct or isinstance(node, JoinedSequence)
    group = work.store.groups.get(key)
    placed, tail = _same(reading, group, pieces) if distinct and group and not group.odd else ([], [])
    known = group.by_part(len(placed), len(group.pieces) - len(tail)) if group else {}
    odd: set[int] = set()
    seen: set[str] = set()
    for at in range(len(placed), len(pieces) - len(tail)):
        piece, skipped = pieces[at], frozenset[str]()
        if not distinct and isinstance(piece.part.node, Mapping):
            names = [entry.key.text for entry in piece.part.node.entries]
            skipped = frozenset(seen.intersection(names))
            seen.update(names)
        one = _unit(work, node, piece, key, skipped, known.get(id(piece.part)))
        if skipped or one.unit.whole:
            odd.add(at)
        placed.append(one)
        yield
    placed += tail
    if not too_few(reading, node.span, sum([one.unit.count for one in placed]), shape, what):
        values[key] = ()
    work.store.groups[key] = Group(pieces, placed, frozenset(odd))
    return placed


def _same(reading: Reading, group: Group, pieces: tuple[Piece, ...]) -> tuple[list[Placed], list[Placed]]:
    """The units of the pieces above and below all that is new since the last text, where they stand now."""
    if reading.encoded or reading.full:
        return [], []
    first = last = 0
    for piece, other in zip(pieces, group.pieces, strict=False):
        if piece.part is not other.part or piece.off != other.off:
            break
        first += 1
    for piece, other in zip(reversed(pieces[first:]), reversed(group.pieces[first:]), strict=False):
        if piece.part is not other.part or piece.off != other.off:
            break
        last += 1
    head = [_moved(one, piece) for one, piece in zip(group.placed[:first], pieces, strict=False)]
    rest = len(group.placed) - last
    tail = [_moved(one, piece) for one, piece in zip(group.placed[rest:], pieces[len(pieces) - last :], strict=True)]
    spent = sum([one.unit.spent for one in chain(head, tail)])
    if spent > reading.left:
        return [], []
    reading.left -= spent
    for one in chain(head, tail):
        if one.unit.swallowed:
            reading.swallowed += [moved_span(span, one.by) for span in one.unit.swallowed]
    return head, tail


def _moved(one: Placed, piece: Piece) -> Placed:
    return one if one.by == piece.start else Placed(one.unit, piece.start)


def _unit(
    work: _Work,
    node: JoinedMapping | JoinedSequence,
    piece: Piece,
    key: str,
    skipped: frozenset[str],
    known: Unit | None = None,
) -> Placed:
    """The unit of a piece: remembered, read by itself, or read in place. `key` is that of the collection around it,
    `known` what the same part was for the last text."""
    reading = work.reading
    raw = reading.source.data[piece.start : piece.end]
    # Of a damaged piece the parser may not know all aliases.
    aliased = piece.aliased or (b"*" in raw and bool(piece.part.diagnostics))
    if not aliased and not reading.encoded and not reading.full:
        unit = None if skipped or piece.off else known
        if unit is None:
            name: Key = (key or work.table.name, raw, piece.off > 0, skipped)
            unit = work.store.get(name)
            if unit is None:
                unit = _alone(work, piece, key, raw, skipped)
                work.store.put(name, unit)
        if unit.spent <= reading.left:
            reading.left -= unit.spent
            if unit.swallowed:
                reading.swallowed += [moved_span(one, piece.start) for one in unit.swallowed]
            return Placed(unit, piece.start)
    of = node.entries_of(piece) if isinstance(node, JoinedMapping) else node.items_of(piece)
    values, count = _values(work, reading, of, key, skipped)
    one = _in_place(work, values)
    one.unit.count = count
    return one


def _in_place(work: _Work, values: dict[str, Any]) -> Placed:
    """A unit of what was read in the coordinates of the whole text."""
    return Placed(Unit(work.reading.source, values, work.contents(work.reading, values), whole=True), 0)


def _alone(work: _Work, piece: Piece, key: str, raw: bytes, skipped: frozenset[str]) -> Unit:
    """The unit of a piece that depends on nothing else."""
    node, back = piece.part.node, 0 if piece.by is not None else -piece.start
    of: tuple[Entry, ...] | tuple[Node, ...] = ()
    if isinstance(node, Mapping):
        of = moved_entries(node.entries, back) if back else node.entries
    elif isinstance(node, Sequence):
        of = moved_items(node.items, back) if back else node.items
    parsed = tuple(moved_findings(piece.part.diagnostics, back))
    source = Source(work.reading.source.path, raw)
    reading = Reading(source, tuple(one.span for one in parsed if one.code == "yaml_syntax"))
    reading.depth = work.reading.depth
    budget = reading.left
    values, count = _values(work, reading, of, key, skipped)
    content = work.contents(reading, values)
    damaged = [
        one.span for one in (*drop_explained(reading, parsed), *reading.diagnostics) if one.severity is Severity.ERROR
    ]
    if piece.off and not parsed:
        # What is said about its indentation is said by the collection around it.
        damaged.append(Span(0, 0))
    return Unit(
        source,
        values,
        content,
        count,
        tuple(reading.diagnostics),
        tuple(reading.swallowed),
        budget - reading.left,
        tuple(damaged),
    )


def _values(
    work: _Work, reading: Reading, of: tuple[Entry, ...] | tuple[Node, ...], key: str, skipped: frozenset[str]
) -> tuple[dict[str, Any], int]:
    """What is read from a piece, by key of the document; and how many items the piece counts for."""
    shape: Shape | None = work.table.by_name[key].shape if key else None
    match shape:
        case None:
            values, _, _ = section_values(reading, _first(of, skipped), work.table, False)
            return values, 0
        case schema.Named():
            items = named_items(reading, _first(of, skipped), shape, False)
            return {key: tuple(items)}, len(items)
        case schema.Many():
            nodes = [one for one in of if not isinstance(one, Entry)]
            found = list_items(reading, nodes, shape, f"`{key}`", False)
            return {key: tuple(one for one in found if one is not ABSENT)}, len(found)
        case _:
            raise AssertionError(f"{key} is not read in pieces")


def _first(of: Iterable[Entry | Node], skipped: frozenset[str]) -> Iterator[Entry]:
    """Entries by key, of equal keys the first; those that stood further up are skipped."""
    seen = set(skipped)
    for entry in of:
        if isinstance(entry, Entry) and entry.key.text not in seen:
            seen.add(entry.key.text)
            yield entry
