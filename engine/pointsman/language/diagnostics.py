"""What can be wrong with a text, as data: a code, a place, a sentence, and how to put it right."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

from pointsman.language.source import Span


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
    """The candidate a person most likely meant, or None when nothing is near enough to suggest."""
    found = get_close_matches(name, list(candidates), n=1, cutoff=0.6)
    return found[0] if found else None


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """`; did you mean "x"?` or nothing, ready to append to a message."""
    near = nearest(name, candidates)
    return f'; did you mean "{near}"?' if near else ""
