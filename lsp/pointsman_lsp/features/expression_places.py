"""The expression at a byte of a document: its text, where the cursor stands in it, and the way back into the file.

All answers go through the segment map of the scalar, whatever its style; what is put into the file is written as the
style wants it.
"""

from dataclasses import dataclass

from pointsman.language import schema
from pointsman.language.expressions import is_template, parse_template
from pointsman.language.scalars import SegmentMap, segments
from pointsman.language.schema import Mode
from pointsman.language.source import Source, Span
from pointsman.language.spots import Path
from pointsman.language.tree import Mapping, Missing, Node, Scalar, Sequence, Style, resolve
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


@dataclass(frozen=True, slots=True)
class _Held:
    """A scalar where an expression or a template stands."""

    path: Path
    mode: Mode
    scalar: Scalar
    flow: bool


def expression_at(document: Document, offset: int) -> ExpressionPlace | None:
    """The expression at an offset; None where there is none."""
    held = _held(document, offset)
    if held is None:
        return None
    scalar, source = held.scalar, document.source
    text, where = scalar.text, segments(source, scalar)
    style, skip = scalar.style, 0
    if scalar.broken and text[:1] in ("'", '"'):
        # A quote that is never closed: what stands behind it was meant.
        style, skip = "single" if text[0] == "'" else "double", 1
    at = max(where.to_value(offset), skip)
    if offset > (where.runs[-1].end if where.runs else where.empty_at):
        # Blanks behind a value belong to what is being typed there.
        text, at = text + " ", len(text) + 1

    def place(start: int, end: int) -> ExpressionPlace:
        inner = text[start:end]
        return ExpressionPlace(source, offset, held.path, inner, at - start, start, where, style, held.flow)

    if held.mode == "expression" and not is_template(text):
        return place(skip, len(text))
    for hole in parse_template(text).holes:
        closed = text.endswith("}}", hole.offset, hole.end)
        if hole.offset <= at <= (hole.end - 2 if closed else hole.end):
            return place(hole.offset, hole.end - 2 if closed else hole.end)
    return None


def _held(document: Document, offset: int) -> _Held | None:
    analysis = document.analysis
    root = next((one.root for one in reversed(analysis.tree.documents) if one.span.start <= offset), None)
    if root is None or analysis.kind == "workspace":
        return None
    shape: schema.Shape = schema.Of(schema.ROOTS[analysis.kind])
    path: list[str | int] = []
    node: Node = root
    flow = False
    while True:
        node = resolve(node)
        if isinstance(shape, schema.Either):
            shape = next((one for one in shape.shapes if _fits(one, node)), shape.shapes[0])
        match node:
            case Mapping():
                flow = flow or node.flow
                entry = next((one for one in reversed(node.entries) if one.key.span.end < offset), None)
                if entry is None:
                    return None
                path.append(entry.key.text)
                match shape:
                    case schema.Of(section=name):
                        field = schema.SECTIONS[name].by_name.get(entry.key.text)
                        if field is None:
                            return None
                        shape = field.shape
                    case schema.Named(value=value):
                        shape = value
                    case schema.Rendered():
                        pass
                    case _:
                        return None
                node = entry.value
            case Sequence(items=items):
                flow = flow or node.flow
                number = next((n for n in reversed(range(len(items))) if items[n].span.start <= offset), None)
                if number is None:
                    return None
                path.append(number)
                shape = shape.item if isinstance(shape, schema.Many) else shape
                node = items[number]
            case Missing():
                empty = Scalar(node.span, "plain", "", None)
                return _Held(tuple(path), "expression", empty, flow) if isinstance(shape, schema.Expression) else None
            case Scalar():
                mode: Mode = "expression" if isinstance(shape, schema.Expression) else "template"
                fits = isinstance(shape, schema.Expression | schema.Rendered)
                return _Held(tuple(path), mode, node, flow) if fits else None
            case _:
                return None


def _fits(shape: schema.Shape, node: Node) -> bool:
    match shape:
        case schema.Of() | schema.Named():
            return isinstance(node, Mapping)
        case schema.Many():
            return isinstance(node, Sequence)
        case schema.Choice(words=words):
            return isinstance(node, Scalar) and node.text in words
        case _:
            return isinstance(node, Scalar | Missing)
