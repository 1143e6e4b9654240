"""The nodes of a YAML text, each with its span, and the questions asked of them.

A tree is never changed once `parse` has returned it. The children of a mapping or sequence may be made on first
access: a cached item of the text is moved to its place only where somebody looks. Collections compare by identity,
so that they can be keys and a cycle can not trap a comparison.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from pointsman.language.diagnostics import Diagnostic
from pointsman.language.source import Source, Span

Style = Literal["plain", "single", "double", "literal", "folded"]
Value: TypeAlias = bool | int | float | str | None

# Deeper data than this comes from aliases alone (the parser stops at 64 levels), and Python's stack has an end.
_DEEPEST = 200


class AliasBudget(ValueError):
    """Aliases or merge keys would make more data than the budget allows."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A leaf. `text` is the decoded value as a string; `value` its meaning in the core schema of YAML 1.2.

    `span` covers exactly the scalar, quotes included, its anchor and tag not. A block scalar runs from its `|` or `>`
    to the last character of its last line that is not blank; with keep chomping (`+`), to the end of the last blank
    line that is kept. The line break after that is never inside. A scalar without content lines is its header alone.

    `tag` is the tag as written. Under a custom tag, and when `broken`, the text is the raw source of the value: it is
    no YAML (a diagnostic says so), but may be an expression that wants quotes.
    """

    span: Span
    style: Style
    text: str
    value: Value
    anchor: str | None = None
    tag: str | None = None
    broken: bool = False


class Alias:
    """`*name`. `target` is None for an unknown anchor, and for one whose value holds this alias (both diagnosed)."""

    __match_args__ = ("span", "name", "target")
    __slots__ = ("_find", "_target", "name", "span")

    def __init__(
        self, span: Span, name: str, target: "Node | None" = None, find: "Callable[[], Node | None] | None" = None
    ) -> None:
        self.span = span
        self.name = name
        self._target = target
        self._find = find

    @property
    def target(self) -> "Node | None":
        if self._find is not None:
            self._target, self._find = self._find(), None
        return self._target

    def __repr__(self) -> str:
        return f"Alias({self.span}, {self.name!r})"


@dataclass(frozen=True, slots=True)
class Missing:
    """An empty value: zero wide, where it would stand (behind the blank after the colon, if there is one)."""

    span: Span


class Mapping:
    """`entries` in the order they are written, merge keys among them; see `entries()` for what they amount to."""

    __match_args__ = ("span", "entries", "flow", "anchor")
    __slots__ = ("_entries", "anchor", "flow", "span")

    def __init__(
        self,
        span: Span,
        entries: "tuple[Entry, ...] | Callable[[], tuple[Entry, ...]]",
        flow: bool = False,
        anchor: str | None = None,
    ) -> None:
        self.span = span
        self.flow = flow
        self.anchor = anchor
        self._entries = entries

    @property
    def entries(self) -> "tuple[Entry, ...]":
        if not isinstance(self._entries, tuple):
            self._entries = self._entries()
        return self._entries

    def near(self, offset: int) -> "tuple[Entry, ...]":
        """The entries among which one that holds this offset is; in a large mapping only those few are made."""
        return self.entries

    def __repr__(self) -> str:
        return f"Mapping({self.span}, {self.entries!r}, flow={self.flow}, anchor={self.anchor!r})"


class Sequence:
    """`items` in the order they are written."""

    __match_args__ = ("span", "items", "flow", "anchor")
    __slots__ = ("_items", "anchor", "flow", "span")

    def __init__(
        self,
        span: Span,
        items: "tuple[Node, ...] | Callable[[], tuple[Node, ...]]",
        flow: bool = False,
        anchor: str | None = None,
    ) -> None:
        self.span = span
        self.flow = flow
        self.anchor = anchor
        self._items = items

    @property
    def items(self) -> "tuple[Node, ...]":
        if not isinstance(self._items, tuple):
            self._items = self._items()
        return self._items

    def near(self, offset: int) -> "tuple[Node, ...]":
        """The items among which one that holds this offset is; in a large sequence only those few are made."""
        return self.items

    def __repr__(self) -> str:
        return f"Sequence({self.span}, {self.items!r}, flow={self.flow}, anchor={self.anchor!r})"


Node: TypeAlias = Scalar | Mapping | Sequence | Alias | Missing


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One `key: value`."""

    key: Scalar
    value: Node

    @property
    def span(self) -> Span:
        """From the key to the end of the value."""
        return Span(self.key.span.start, max(self.key.span.end, self.value.span.end))


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """One document; `span` runs from its `---` (or its first line) to the next document."""

    root: Node
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """What `parse` made of a source: at least one document (an empty text has a Missing root), and all findings."""

    source: Source
    documents: tuple[Document, ...]
    diagnostics: tuple[Diagnostic, ...]


def resolve(node: Node) -> Node:
    """The node an alias stands for; an unknown or cyclic alias is Missing. All other nodes are themselves."""
    for _ in range(_DEEPEST):
        if not isinstance(node, Alias):
            return node
        if node.target is None:
            break
        node = node.target
    return Missing(node.span)


def entries(mapping: Mapping) -> tuple[Entry, ...]:
    """What a mapping amounts to: its own entries, then those its merge keys (`<<`) bring and it has not yet.

    Of two equal keys the first counts. A `<<` that names no mapping stays an ordinary entry. Each mapping is merged
    once (a second time brings nothing new), so cycles end and the work is linear in the text.
    """
    found: dict[str, Entry] = {}
    merged: set[int] = set()
    waiting = [mapping]
    while waiting:
        now = waiting.pop()
        if id(now) in merged:
            continue
        merged.add(id(now))
        behind: list[Mapping] = []
        for entry in now.entries:
            sources = _merge_sources(entry)
            if sources is None:
                found.setdefault(entry.key.text, entry)
            else:
                behind += sources
        waiting += reversed(behind)
    return tuple(found.values())


def plain(node: Node, budget: int = 100_000) -> Any:
    """The node as Python data: dict (keys are the keys' texts), list, and scalar values; Missing is None.

    Raises AliasBudget when aliases would make more than `budget` nodes, or data too deep to walk.
    """
    left = budget

    def data(node: Node, depth: int) -> Any:
        nonlocal left
        left -= 1
        if left < 0 or depth > _DEEPEST:
            raise AliasBudget(f"aliases expand to more than {budget} values")
        match resolve(node):
            case Scalar(value=value):
                return value
            case Mapping() as mapping:
                return {entry.key.text: data(entry.value, depth + 1) for entry in entries(mapping)}
            case Sequence() as sequence:
                return [data(item, depth + 1) for item in sequence.items]
            case Alias() | Missing():
                return None

    return data(node, 0)


# Finds what an alias at a place stands for; each document has one.
Scope: TypeAlias = Callable[[str, Span], "Node | None"]


def moved(node: Node, by: int, scope: Scope | None = None) -> Node:
    """A fresh copy of `node`, `by` bytes further on, its aliases bound to `scope`. Children are copied on access."""
    span = node.span
    there = Span(span.start + by, span.end + by)
    match node:
        case Scalar():
            return moved_scalar(node, by)
        case Mapping():
            return Mapping(there, lambda: moved_entries(node.entries, by, scope), node.flow, node.anchor)
        case Sequence():
            return Sequence(there, lambda: moved_items(node.items, by, scope), node.flow, node.anchor)
        case Missing():
            return Missing(there)
        case Alias():
            name = node.name
            return Alias(there, name, find=None if scope is None else lambda: scope(name, there))


def moved_scalar(node: Scalar, by: int) -> Scalar:
    """A fresh copy of a scalar, `by` bytes further on."""
    there = Span(node.span.start + by, node.span.end + by)
    return Scalar(there, node.style, node.text, node.value, node.anchor, node.tag, node.broken)


def moved_entries(of: tuple[Entry, ...], by: int, scope: Scope | None = None) -> tuple[Entry, ...]:
    """Fresh copies of entries, `by` bytes further on."""
    return tuple([Entry(moved_scalar(entry.key, by), moved(entry.value, by, scope)) for entry in of])


def moved_items(of: tuple[Node, ...], by: int, scope: Scope | None = None) -> tuple[Node, ...]:
    """Fresh copies of items, `by` bytes further on."""
    return tuple([moved(item, by, scope) for item in of])


def anchored(node: Node, anchor: str | None) -> Node:
    """The node under an anchor; a Missing one becomes an empty scalar, as an alias needs something to name."""
    if anchor is None:
        return node
    match node:
        case Scalar():
            return Scalar(node.span, node.style, node.text, node.value, anchor, node.tag, node.broken)
        case Mapping():
            return Mapping(node.span, lambda: node.entries, node.flow, anchor)
        case Sequence():
            return Sequence(node.span, lambda: node.items, node.flow, anchor)
        case Missing():
            return Scalar(node.span, "plain", "", None, anchor)
        case Alias():
            return node


def _merge_sources(entry: Entry) -> list[Mapping] | None:
    if entry.key.text != "<<" or entry.key.style != "plain":
        return None
    match resolve(entry.value):
        case Mapping() as mapping:
            return [mapping]
        case Sequence() as sequence:
            found = [item for item in map(resolve, sequence.items) if isinstance(item, Mapping)]
            return found if len(found) == len(sequence.items) else None
        case _:
            return None
