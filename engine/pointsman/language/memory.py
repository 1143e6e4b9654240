"""What is kept of the last texts of one document, so that a keystroke costs what it changes and no more.

Law: with a memory and without, the answers are the same. A memory belongs to one document and holds the readings of
its last two texts, whatever happens.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pointsman.language import model
from pointsman.language.checks import (
    Environment,
    Files,
    Whole,
    check_unit,
    check_whole,
    facts_of,
    secret_in_text,
)
from pointsman.language.contents import Unit
from pointsman.language.diagnostics import Diagnostic
from pointsman.language.items import Steps
from pointsman.language.moving import moved_findings
from pointsman.language.source import Source, Span
from pointsman.language.units import Sheet, Store
from pointsman.language.windows import Window

# So many bytes are searched for secrets in less than a millisecond.
_AT_ONCE = 16_000


@dataclass(slots=True)
class Verdict:
    """What the checks found in a unit, and the questions and answers on which that rests."""

    env: Environment
    asked: dict[tuple[str, str], Any]
    found: tuple[Diagnostic, ...]


@dataclass(slots=True)
class _Document:
    """What is kept of one document of the text. `quiet` is the environment in which nothing was found as a whole."""

    store: Store = field(default_factory=Store)
    env: Environment | None = None
    quiet: Environment | None = None


class Memory:
    """Made by whoever analyses one document again and again, and given to `analyse` and `wanted` each time."""

    def __init__(self) -> None:
        self.last: Any = None
        """The last text as it was read, kept by `analysis`."""
        self._documents: list[_Document] = []
        self._secrets: tuple[bytes, tuple[Diagnostic, ...]] = (b"", ())
        self._checked = 0
        self._asked_again = 0

    def statistics(self) -> dict[str, int]:
        """How often something was done since the memory was made: pieces `read`, pieces `checked`, and pieces whose
        questions were `asked_again` because something around them had changed."""
        return {
            "read": sum(one.store.made for one in self._documents),
            "checked": self._checked,
            "asked_again": self._asked_again,
        }

    def size(self) -> int:
        """How many pieces are kept, some of them more than once."""
        return sum(one.store.size() for one in self._documents)

    def turn(self) -> None:
        """A newer text comes."""
        for one in self._documents:
            one.store.turn()

    def store(self, index: int) -> Store:
        """The units of a document of the text, by its position."""
        return self._document(index).store

    def forget_from(self, index: int) -> None:
        """The text has no more documents than this."""
        del self._documents[index:]

    def check_steps(
        self, index: int, sheet: Sheet, where: tuple[str, Files, model.Workspace], damaged: tuple[Span, ...]
    ) -> Steps[list[Diagnostic]]:
        """All that the checks find in a document, with a step for each piece that had to be looked at."""
        path, files, workspace = where
        kept = self._document(index)
        facts = facts_of(sheet, path, workspace, files)
        env = kept.env
        if env is None or env.facts != facts:
            env = kept.env = Environment(facts, env)
        found: list[Diagnostic] = []
        for one in sheet.placed:
            unit = one.unit
            if unit.whole:
                unit.damaged = damaged
            verdict = unit.verdict
            if verdict is None or verdict.env is not env:
                verdict = self._verdict(unit, env, verdict)
                yield
            if verdict.found:
                found += moved_findings(verdict.found, one.by)
        # Errors keep findings away, so only what was quiet in a sound text stays so in one that is not.
        if kept.quiet is not env:
            about: list[Diagnostic] = []
            for findings in check_whole(Whole(sheet, env, damaged)):
                about += findings
                yield
            kept.quiet = None if about or damaged else env
            found += about
        return found

    def secret_steps(self, source: Source) -> Steps[tuple[Diagnostic, ...]]:
        """What looks like a secret in a text. None runs over the end of a line, so only new lines are searched."""
        data, before = self._secrets
        start, end, by = Window.of(data, source.data)
        found = [one for one in before if one.span.end <= start]
        at = start
        while at < end:
            stop = source.data.find(b"\n", at + _AT_ONCE, end) + 1 or end
            found += secret_in_text(source, at, stop)
            at = stop
            yield
        found += moved_findings([one for one in before if one.span.start >= end - by], by)
        self._secrets = (source.data, tuple(found))
        return self._secrets[1]

    def _document(self, index: int) -> _Document:
        while len(self._documents) <= index:
            self._documents.append(_Document())
        return self._documents[index]

    def _verdict(self, unit: Unit, env: Environment, before: Verdict | None) -> Verdict:
        if before is not None:
            self._asked_again += 1
            if env.holds(before.asked, before.env):
                before.env = env
                return before
        self._checked += 1
        env.asked = {}
        found = tuple(_all(check_unit(unit, env)))
        verdict = unit.verdict = Verdict(env, env.asked, found)
        return verdict


def _all(findings: Iterator[Iterator[Diagnostic]]) -> Iterator[Diagnostic]:
    for one in findings:
        yield from one
