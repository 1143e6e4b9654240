"""The expression at a byte of a document: its text, where the cursor stands in it, and the way back into the file.

All answers go through the segment map of the scalar, whatever its style; what is put into the file is written as the
style wants it.
"""

from dataclasses import dataclass

from pointsman.language.places import Place, place_at
from pointsman.language.scalars import SegmentMap
from pointsman.language.source import Source, Span
from pointsman.language.spots import Path
from pointsman.language.tree import Style
from pointsman_lsp.analysis.document import Document

# What ends a plain scalar between brackets.
_FLOW_ENDS = frozenset(",[]{}")


@dataclass(frozen=True, slots=True)
class ExpressionPlace:
    """An expression. `at` is the cursor's code point in `text`, which starts at `base` in the value `map` is of.

    `offset` is the cursor's byte; `flow`: the value stands between brackets.
    """

    source: Source
    offset: int
    path: Path
    text: str
    at: int
    base: int
    map: SegmentMap
    style: Style
    flow: bool

    def span(self, start: int, end: int) -> Span | None:
        """The bytes of a part of the expression that is to be edited: on one line, and with the cursor in it."""
        if start == end == self.at:
            return Span(self.offset, self.offset)
        found = self.range(start, end)
        fits = found.start <= self.offset <= found.end
        return found if fits and b"\n" not in self.source.data[found.start : found.end] else None

    def range(self, start: int, end: int) -> Span:
        """The bytes of a part of the expression."""
        return self.map.span(self.base + start, self.base + end)

    def encoded(self, text: str) -> str | None:
        """Text as it is written inside of this scalar; None when its style can not hold it."""
        match self.style:
            case "double":
                return text.replace("\\", "\\\\").replace('"', '\\"')
            case "single":
                return text.replace("'", "''")
            case "plain" if self.flow and not _FLOW_ENDS.isdisjoint(text):
                return None
            case _:
                return text

    def bracketed(self, name: str, optional: str) -> str:
        """A member that is no identifier, with what stands before it: `["a-b"]`, or between backquotes in a flow."""
        if self.style == "plain" and self.flow and "`" not in name:
            return f".{optional}`{name}`"
        # The quote that needs no escape in this style.
        quote = "'" if self.style == "double" else '"'
        inner = name.replace("\\", "\\\\").replace(quote, "\\" + quote)
        return f"[{optional}{quote}{inner}{quote}]"


def expression_at(document: Document, offset: int) -> ExpressionPlace | None:
    """The expression at an offset; None where there is none."""
    place = place_at(document.analysis, offset)
    return expression_in(place)


def expression_in(place: Place) -> ExpressionPlace | None:
    """The expression that a place is in, if any."""
    found, source = place.embedded, place.analysis.source
    if found is None or source.data[found.where.to_source(found.where.length) : place.offset].strip():
        # Broken text may have more behind it, of which nothing is known.
        return None
    return ExpressionPlace(
        source, place.offset, place.path, found.text, found.cursor, found.offset, found.where, _style(place), place.flow
    )


def _style(place: Place) -> Style:
    """How text is written there: as a quote says that is never closed, else as the scalar does."""
    if place.scalar is None or not place.scalar.broken:
        return place.scalar.style if place.scalar else "plain"
    match place.scalar.text[:1]:
        case "'":
            return "single"
        case '"':
            return "double"
        case _:
            return "plain"
