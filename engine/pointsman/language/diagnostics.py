"""What can be wrong with a text, as data: a code, a place, a sentence, and how to put it right."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from functools import lru_cache

from pointsman.language.source import Span

FEW, MANY = 20, 200
"""How many names are compared letter by letter, first and at all: each costs 15 us, and this happens at a keystroke."""


class Severity(StrEnum):
    """Wrong for sure is an error, likely a warning, unknowable is silence; a hint is about manners."""

    ERROR = "error"
    WARNING = "warning"
    HINT = "hint"


@dataclass(frozen=True, slots=True)
class Fix:
    """One edit that puts it right: replace the bytes of `span` by `text`."""

    title: str
    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Related:
    """A second place that explains the first, in the same file."""

    span: Span
    message: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. `code` names its page in `docs/reference/diagnostics/`; `message` is a sentence."""

    code: str
    span: Span
    message: str
    severity: Severity = Severity.ERROR
    fix: Fix | None = None
    related: tuple[Related, ...] = ()


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate a person most likely meant, or None when nothing is near enough to suggest.

    Of many candidates those go first that are one slip of the fingers away; of very many they alone are looked at.
    """
    return _nearest(name, tuple(candidates))


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """`; did you mean "x"?` or nothing, ready to append to a message."""
    near = nearest(name, candidates)
    return f'; did you mean "{near}"?' if near else ""


@lru_cache(maxsize=64)
def _nearest(name: str, known: tuple[str, ...]) -> str | None:
    """Remembered, for a finding asks twice: for its sentence and for its fix."""
    compared: Sequence[str] = known
    if len(known) > FEW:
        compared = _one_slip_away(name, known) or (known if len(known) <= MANY else ())
    found = get_close_matches(name, compared, n=1, cutoff=0.6)
    return found[0] if found else None


def _one_slip_away(name: str, known: tuple[str, ...]) -> list[str]:
    """Those that are the name with one character more, less, or another, or with two neighbours swapped."""
    there, letters = set(known), set("".join(known))
    splits = [(name[:at], name[at:]) for at in range(len(name) + 1)]
    found = {head + tail[1:] for head, tail in splits}
    found.update(head + tail[1] + tail[0] + tail[2:] for head, tail in splits if len(tail) > 1)
    for letter in letters:
        found.update(head + letter + tail for head, tail in splits)
        found.update(head + letter + tail[1:] for head, tail in splits)
    return sorted(found & there)
