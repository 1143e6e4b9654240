"""Nodes: values as a person unfolds them, a level at a time; what is long costs nothing until somebody asks for it.

Redaction comes before any cut: half of a secret would match no pattern. So a node makes its line, name, path, value and
children only when asked, through the redactor it was given by `hidden`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from json import dumps
from typing import Any

from pointsman.language.expressions import type_name
from pointsman.language.expressions.lexer import KEYWORDS
from pointsman.security.redaction import HIDDEN, Redactor

Json = Any
Place = tuple[str, ...]
"""Where a value stands in the envelope, by keys and indexes: what redaction by path looks at."""
Show = Callable[[Json, Place | None], str]
Line = Callable[[Show], str]
"""Makes the line of a node; values in it are written by the function it is given."""

WIDTH = 200
"""Characters of a value in one line: more than a variables view or a hover has room for."""
OPEN = Redactor()
"""Hides nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A value with its name; made by `node` and `folder`.

    `shown` is one line, `type` CEL's name of the type, `path` an expression that evaluates to it (or empty).
    A list has `indexed` items, a mapping `named` ones; `unfolds` says whether there are children at all.
    """

    _name: str
    _value: Json
    _path: str
    _place: Place | None
    _uses: tuple[Place, ...] = ()
    _line: Line | None = None
    _parts: Callable[[], Sequence[Node]] | None = None
    _hide: Redactor = OPEN

    @property
    def name(self) -> str:
        return self._hide.text(self._name)

    @property
    def shown(self) -> str:
        if self._sealed:
            return HIDDEN
        if self._line is None:
            return preview(self._value, self._place, self._hide)
        line = self._line(lambda value, place: preview(value, place, self._hide))
        return cut(" ".join(self._hide.text(line).split("\n")))

    @property
    def type(self) -> str:
        return "string" if self._sealed else "map" if self._parts else type_name(self._value)

    @property
    def value(self) -> Json:
        """The JSON value, all of it."""
        if self._sealed:
            return HIDDEN
        if self._parts:
            return {child.name: child.value for child in self.children()}
        return _cleaned(self._value, self._place, self._hide)

    @property
    def path(self) -> str:
        return "" if self._sealed or self._hide.text(self._path) != self._path else self._path

    @property
    def indexed(self) -> int:
        return len(self._value) if isinstance(self._value, list) and not self._sealed else 0

    @property
    def named(self) -> int:
        if self._sealed:
            return 0
        return len(self._parts()) if self._parts else len(self._value) if isinstance(self._value, dict) else 0

    @property
    def unfolds(self) -> bool:
        return not self._sealed and bool(self._parts or (isinstance(self._value, list | dict) and self._value))

    def children(self, start: int = 0, count: int = 0) -> Sequence[Node]:
        """The items `start` to `start + count` of a list (0: to its end), all below anything else, none of a text."""
        if self._sealed:
            return ()
        if self._parts:
            return [hidden(part, self._hide) for part in self._parts()]
        if isinstance(self._value, dict):
            return [self._child(str(key), key, item) for key, item in self._value.items()]
        if isinstance(self._value, list):
            first = max(start, 0)
            items = self._value[first : first + count] if count > 0 else self._value[first:]
            return [self._child(f"[{index}]", index, item) for index, item in enumerate(items, first)]
        return ()

    @property
    def _sealed(self) -> bool:
        return any(self._hide.hides(place) for place in (self._place, *self._uses) if place is not None)

    def _child(self, name: str, step: str | int, item: Json) -> Node:
        path = self._path and self._path + step_of(step)
        place = None if self._place is None else (*self._place, str(step))
        return Node(name, item, path, place, self._uses, _hide=self._hide)


def node(name: str, value: Json, path: str = "", place: Place | None = None, *, line: Line | None = None) -> Node:
    """A value; `line` when something else than the value itself is to be read."""
    return Node(name, value, path, place, _line=line)


def computed(name: str, value: Json, path: str, uses: tuple[Place, ...]) -> Node:
    """A value made of what lies at some places: it is hidden when one of them is."""
    return Node(name, value, path, None, uses)


def folder(name: str, line: str | Line, parts: Callable[[], Sequence[Node]]) -> Node:
    """A line with nodes under it, which are made when they are asked for."""
    return Node(name, None, "", None, _line=line if callable(line) else lambda show: line, _parts=parts)


def hidden(node: Node, redactor: Redactor) -> Node:
    """The node as it may leave: name, line, value, path and whatever lies below it."""
    return replace(node, _hide=redactor)


def step_of(step: str | int) -> str:
    """How an expression goes on to a key or an index: `.intent`, `["odd name"]`, `[3]`."""
    if isinstance(step, int):
        return f"[{step}]"
    plain = step.isascii() and step.isidentifier() and step not in KEYWORDS
    return f".{step}" if plain else f"[{dumps(step, ensure_ascii=False)}]"


def preview(value: Json, place: Place | None = None, redactor: Redactor = OPEN, width: int = WIDTH) -> str:
    """A value in one line of at most `width` characters; of a long one only the beginning is looked at."""
    said, room = [], width
    for piece in _pieces(value, place, redactor, width):
        said.append(piece)
        room -= len(piece)
        if room < 0:
            break
    return cut("".join(said), width)


def cut(text: str, width: int = WIDTH) -> str:
    """A text of at most `width` characters."""
    return text if len(text) <= width else text[: width - 1] + "…"


def _pieces(value: Json, place: Place | None, redactor: Redactor, width: int) -> Iterator[str]:
    """The text of a value, bit by bit, so that who has enough can stop."""
    if place is not None and redactor.hides(place):
        yield HIDDEN
        return
    match value:
        case None | bool():
            yield "null" if value is None else str(value).lower()
        case str():
            yield dumps(redactor.text(value)[: width + 1], ensure_ascii=False)
        case list():
            yield "["
            for index, item in enumerate(value):
                yield ", " if index else ""
                yield from _pieces(item, _below(place, index), redactor, width)
            yield "]"
        case dict():
            yield "{"
            for index, (key, item) in enumerate(value.items()):
                name = redactor.text(str(key))
                yield f"{', ' if index else ''}{name if name.isprintable() else dumps(name, ensure_ascii=False)}: "
                yield from _pieces(item, _below(place, key), redactor, width)
            yield "}"
        case _:
            yield str(value)


def _cleaned(value: Json, place: Place | None, redactor: Redactor) -> Json:
    """A copy of a value without what is hidden, by path and by pattern."""
    if redactor is OPEN:
        return value
    if place is None:
        return redactor.value(value)
    if redactor.hides(place):
        return HIDDEN
    match value:
        case dict():
            return {
                redactor.text(str(key)): _cleaned(item, _below(place, key), redactor) for key, item in value.items()
            }
        case list():
            return [_cleaned(item, _below(place, index), redactor) for index, item in enumerate(value)]
        case _:
            return redactor.value(value)


def _below(place: Place | None, step: object) -> Place | None:
    return None if place is None else (*place, str(step))
