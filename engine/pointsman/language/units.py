"""A document read piece by piece: each stage, agent, rule and key in its own coordinates, and kept by its bytes.

Law: a unit is a pure function of the bytes of its piece. A piece with an alias says what another piece says, so it is
read in place each time, as are documents whose outline is not sure; the answers are the same either way.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

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


class Store:
    """The units of the last two texts of a document; older ones are forgotten."""

    def __init__(self) -> None:
        self.made = 0
        self._now: dict[Key, Unit] = {}
        self._before: dict[Key, Unit] = {}

    def turn(self) -> None:
        """A newer text comes."""
        self._before, self._now = self._now, {}

    def get(self, key: Key) -> Unit | None:
        """The unit of these bytes, if one of the last texts had them."""
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
    """A document as read: its keys in place (their values count from their pieces), and its units in order."""

    found: Found
    placed: tuple[Placed, ...]


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
    if not isinstance(root, JoinedMapping) or _entangled(root):
        found = section(reading, root, table, "this document")
        if found is ABSENT:
            return ABSENT
        return Sheet(found, (_in_place(work, found.values),))
    reading.depth += 1
    values: dict[str, Any] = {}
    known: dict[str, Entry] = {}
    unknown: list[Entry] = []
    placed: list[Placed] = []
    seen: set[str] = set()
    for piece in root.pieces:
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
            yield from _collection(work, fresh[0].key.text, inner, values, placed)
        else:
            one = _unit(work, root, piece, "", skipped)
            values |= one.unit.values
            placed.append(one)
            yield
    closed(reading, root, table, known, unknown)
    reading.depth -= 1
    return Sheet(Found(table, root.span, values, known), tuple(placed))


def _entangled(node: JoinedMapping) -> bool:
    """Whether a merge key stands among the entries: then what is read from one piece hangs on others."""
    return any(
        isinstance(piece.part.node, Mapping) and any(entry.key.text == "<<" for entry in piece.part.node.entries)
        for piece in node.pieces
    )


def _apart(work: _Work, piece: Piece, fresh: list[Entry]) -> JoinedMapping | JoinedSequence | None:
    """The collection below a piece's only key, when it is to be read piece by piece too."""
    if piece.by is not None or len(fresh) != 1 or fresh[0].key.text not in work.apart:
        return None
    node = fresh[0].value
    match work.table.by_name[fresh[0].key.text].shape, node:
        case schema.Named(), JoinedMapping() if not _entangled(node):
            return node
        case schema.Many(), JoinedSequence():
            return node
        case _:
            return None


def _collection(
    work: _Work, key: str, node: JoinedMapping | JoinedSequence, values: dict[str, Any], placed: list[Placed]
) -> Steps[None]:
    reading, shape, what = work.reading, work.table.by_name[key].shape, f"`{key}`"
    assert isinstance(shape, schema.Named | schema.Many)
    if not reading.spend(node.span):
        return
    items: list[Any] = []
    seen: set[str] = set()
    count = 0
    for piece in node.pieces:
        skipped: frozenset[str] = frozenset()
        if isinstance(piece.part.node, Mapping):
            names = [entry.key.text for entry in piece.part.node.entries]
            if not seen.isdisjoint(names):
                skipped = frozenset(seen.intersection(names))
            seen.update(names)
        one = _unit(work, node, piece, key, skipped)
        items += one.unit.values[key]
        count += one.unit.count
        placed.append(one)
        yield
    if not too_few(reading, node.span, count, shape, what):
        values[key] = tuple(items)


def _unit(work: _Work, node: JoinedMapping | JoinedSequence, piece: Piece, key: str, skipped: frozenset[str]) -> Placed:
    """The unit of a piece: remembered, read by itself, or read in place. `key` is that of the collection around it."""
    reading = work.reading
    raw = reading.source.data[piece.start : piece.end]
    # Of a damaged piece the parser may not know all aliases.
    aliased = piece.aliased or (b"*" in raw and bool(piece.part.diagnostics))
    if not aliased and not reading.encoded and not reading.full:
        name: Key = (key, raw, piece.off > 0, skipped)
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
