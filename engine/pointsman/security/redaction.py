"""Hiding what must not be shown: by path in the envelope, by pattern in any text.

The journal is inside the trust boundary and keeps true values; every surface that reads it goes through here.
"""

import json
from collections.abc import Iterable
from typing import Any

from pointsman.language.expressions.patterns import replaced

Json = Any
HIDDEN = "•••"
SHORTEST = 4
"""Characters of a text that is hidden wherever it appears: shorter ones would take half of everything with them."""
SHORTEST_LINE = 8
"""The same for each line of a longer text: lines are more alike than texts."""

Rule = tuple[str, str]
"""`("path", "outputs.*.email")` or `("pattern", "sk-[A-Za-z0-9]+")`."""


class Redactor:
    """Redacts by a fixed set of rules; without any it gives everything back as it is."""

    def __init__(self, rules: Iterable[Rule] = ()) -> None:
        found = list(dict.fromkeys(rules))
        self._paths = [tuple(what.split(".")) for kind, what in found if kind == "path"]
        self._patterns = [what for kind, what in found if kind == "pattern"]
        self._learnt: set[str] = set()
        self._known: list[str] = []

    def learn(self, envelope: dict[str, Json]) -> None:
        """Remember the texts that stand at the paths now: from here on they are hidden wherever they appear, in
        arguments, results, questions and tracebacks as much as at their own place, as they are or quoted."""
        new = {text for path in self._paths for text in _found(envelope, path) if len(text) >= SHORTEST} - self._learnt
        if new:
            self._learnt |= new
            known = {way for text in new for way in _ways(text)}
            # The longest first: one that lies in another would leave the rest of that one to be read.
            self._known = sorted(known.union(self._known), key=lambda text: (-len(text), text))

    @property
    def learns(self) -> bool:
        """Whether there are paths at all."""
        return bool(self._paths)

    @property
    def changes_texts(self) -> bool:
        """Whether there is any text that it would not give back as it is."""
        return bool(self._patterns or self._known)

    def hides(self, place: tuple[str, ...]) -> bool:
        """Whether what lies at a place of the envelope, by its keys and indexes, is hidden whole."""
        return any(
            len(place) >= len(path) and all(rule in ("*", step) for rule, step in zip(path, place, strict=False))
            for path in self._paths
        )

    def text(self, text: str) -> str:
        """A text with every match hidden."""
        for known in self._known:
            text = text.replace(known, HIDDEN)
        for pattern in self._patterns:
            text = _hidden(text, pattern)
        return text

    def value(self, value: Json) -> Json:
        """A JSON value with every match in its strings and keys hidden."""
        if not self._patterns and not self._known:
            return value
        match value:
            case str():
                return self.text(value)
            case list() | tuple():  # msgspec leaves an event's tuples as they are
                return [self.value(item) for item in value]
            case dict():
                return {self.text(key): self.value(item) for key, item in value.items()}
            case _:
                return value

    def envelope(self, envelope: dict[str, Json]) -> dict[str, Json]:
        """An envelope (or any mapping with its roots) with the paths hidden too."""
        for path in self._paths:
            envelope = _hide(envelope, path)
        redacted = self.value(envelope)
        assert isinstance(redacted, dict)
        return redacted


def _hide(value: Json, path: tuple[str, ...]) -> Json:
    """A copy of the value with what lies at the path hidden; `*` is any key or index."""
    if not path:
        return HIDDEN
    head, rest = path[0], path[1:]
    if isinstance(value, dict):
        return {key: _hide(item, rest) if head in ("*", key) else item for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_hide(item, rest) if head in ("*", str(index)) else item for index, item in enumerate(value)]
    return value


def _found(value: Json, path: tuple[str, ...]) -> Iterable[str]:
    """The texts at a path, and in whatever else stands there."""
    if not path and isinstance(value, str):
        yield value
        return
    head, rest = path[0] if path else "*", path[1:]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list | tuple) else ()
    for key, item in items:
        if head in ("*", str(key)):
            yield from _found(item, rest)


def _ways(text: str) -> Iterable[str]:
    """The ways a text is written: as it is, inside JSON (and JSON inside that), as Python shows it, line by line."""
    quoted = json.dumps(text, ensure_ascii=False)[1:-1]
    yield from (text, quoted, json.dumps(quoted, ensure_ascii=False)[1:-1])
    shown = repr(text)[1:-1].replace("\\'", "'")
    yield from (json.dumps(text)[1:-1], shown, shown.replace("'", "\\'"))
    yield from (line for line in text.splitlines() if len(line) >= SHORTEST_LINE)


def _hidden(text: str, pattern: str) -> str:
    """A pattern that can not be read hides everything: nobody can tell what it was meant to hide."""
    shown = replaced(text, pattern, HIDDEN)
    return shown if shown is not None else HIDDEN
