"""What one reading collects: diagnostics, and a bound on the work."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from pointsman.language.diagnostics import Diagnostic, Fix, Related, Severity
from pointsman.language.source import Source, Span


class Absent(Enum):
    """The type of `ABSENT`: what could not be read."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT

# Each byte of a text makes at most one node; only aliases make more. The base is for small files with many aliases.
_BASE = 20_000
# The parser stops at 64 levels; aliases may stand inside of one another, and Python's stack has an end.
DEEPEST = 80


@dataclass(slots=True)
class Reading:
    """One reading of one text. `broken` are the places the parser stumbled at; `swallowed` the ranges that one
    diagnostic about quotes explains altogether; `encoded` when the text is not wholly what its bytes say."""

    source: Source
    broken: tuple[Span, ...] = ()
    diagnostics: list[Diagnostic] = field(default_factory=list)
    swallowed: list[Span] = field(default_factory=list)
    left: int = 0
    depth: int = 0
    full: bool = False
    encoded: bool = False

    def __post_init__(self) -> None:
        self.left = _BASE + len(self.source.data)

    def report(
        self,
        code: str,
        span: Span,
        message: str,
        severity: Severity = Severity.ERROR,
        fix: Fix | None = None,
        related: tuple[Related, ...] = (),
    ) -> Absent:
        """Add a diagnostic; the answer is ABSENT, so that a reader can return it."""
        self.diagnostics.append(Diagnostic(code, span, message, severity, fix, related))
        return ABSENT

    def spend(self, span: Span) -> bool:
        """Count one value. False, and once a diagnostic, when aliases make too many."""
        self.left -= 1
        if self.left >= 0:
            return True
        if not self.full:
            self.full = True
            self.report("yaml_too_large", span, "aliases make this file too large to read; write fewer of them")
        return False

    def hurt(self, span: Span) -> bool:
        """Whether the parser stumbled inside of a range: which keys it has there is a guess."""
        return any(span.start <= one.start <= span.end for one in self.broken)

    def explained(self, span: Span) -> bool:
        """Whether a diagnostic about quotes already covers the start of this range."""
        return any(one.start <= span.start < one.end for one in self.swallowed)
