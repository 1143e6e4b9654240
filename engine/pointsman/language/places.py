"""What stands at a byte offset: which key or value of which section, or a hole where one could be typed.

The tree is asked first, along the way to the offset and nowhere else; where it has no node, as in half-typed text, the
indentation and the brackets say what was meant.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from pointsman.language import schema
from pointsman.language.analysis import Analysis
from pointsman.language.expressions import is_template, parse_template
from pointsman.language.expressions.templates import OPEN
from pointsman.language.indents import Outlined, deeper_below, keys_beside, outlined
from pointsman.language.outline import line_end
from pointsman.language.scalars import Run, SegmentMap, segments
from pointsman.language.schema import Field, Section, Shape
from pointsman.language.shapes import defines_names, inward, section_of, wants_keys
from pointsman.language.source import Span
from pointsman.language.tree import Document, Entry, Mapping, Missing, Node, Scalar, Sequence, resolve

Standing = Literal["key", "value", "hole", "text", "comment", "nowhere"]


@dataclass(frozen=True, slots=True)
class Frame:
    """One step inward. `shape` and `node` are those of what the step leads to; `node` is None where the tree has none.

    `field` is the key of the table this belongs to; an item or a name of somebody's choice belongs to that around it.
    """

    step: str | int | None
    shape: Shape | None
    node: Node | None
    field: Field | None = None


@dataclass(frozen=True, slots=True)
class Embedded:
    """An expression around the offset. `text` is the expression, `cursor` the offset in it, in code points.

    `offset` is where `text` starts in the scalar's value: with it `where` leads back to the source. `template` tells
    `${{ }}` from a bare expression.
    """

    text: str
    cursor: int
    offset: int
    where: SegmentMap
    template: bool


@dataclass(frozen=True)
class Place:
    """What stands at an offset.

    `standing`: `key`, in a key that is written; `value`, in a scalar or where one could be, that has a key or is an
    item; `hole`, where a key could be typed or is half typed (a word without a colon); `text`, in a scalar that means
    nothing to us there; `comment`; `nowhere`.

    `frames` lead from the document's root (the first one) to the collection around a key or a hole, and to the value
    itself at a value. `span` is what is written at the offset: the key, the scalar, the word; empty at an empty hole.
    """

    analysis: Analysis
    offset: int
    document: Document
    standing: Standing
    frames: tuple[Frame, ...]
    span: Span
    scalar: Scalar | None = None
    flow: bool = False
    column: int = 0
    """The column where the keys around a hole stand, in bytes; not used in brackets."""
    colon: bool = False
    """Whether a colon follows what is written at a key or a hole."""
    keys: frozenset[str] = frozenset()
    """The other keys that are written around a key or a hole."""
    bracket: int = -1
    """Where the bracket around a hole or key opens, -1 outside of any."""

    @property
    def path(self) -> tuple[str | int, ...]:
        """The keys and indexes from the document's root to the last frame."""
        return tuple(frame.step for frame in self.frames[1:] if frame.step is not None)

    @property
    def shape(self) -> Shape | None:
        """What may stand in the last frame; None under a key that the table does not know."""
        return self.frames[-1].shape

    @cached_property
    def section(self) -> Section | None:
        """The innermost section around: for a key or a hole the one it is in or would be in, if it is one."""
        if self.standing in ("key", "hole"):
            return section_of(self.shape)
        return next((found for frame in reversed(self.frames[:-1]) if (found := section_of(frame.shape))), None)

    @cached_property
    def field(self) -> Field | None:
        """The key of the table: the one written at a key, else the one whose value this is or is in."""
        if self.standing == "key" and self.section and self.scalar:
            return self.section.by_name.get(self.scalar.text)
        return self.frames[-1].field

    @cached_property
    def where(self) -> SegmentMap | None:
        """The way between the scalar's value and its source; blanks between its end and the offset belong to it."""
        if self.scalar is None:
            return None
        found = segments(self.analysis.source, self.scalar)
        end = found.to_source(found.length)
        between = self.analysis.source.data[end : self.offset] if self.offset > end else b""
        quoted = self.scalar.style in ("single", "double") and not self.scalar.broken
        if not between or between.strip() or quoted:
            return found
        gap = Run("\n" if b"\n" in between else " ", end, self.offset, False)
        runs, values, sources = (*found.runs, gap), (*found.values, found.length), (*found.sources, end)
        return SegmentMap(found.length + 1, runs, values, sources, found.empty_at)

    @property
    def value_text(self) -> str:
        """The scalar's value, with the blank or line break that `where` adds."""
        if self.scalar is None or self.where is None:
            return ""
        more = self.where.length - len(self.scalar.text)
        return self.scalar.text + "".join(run.text for run in self.where.runs[-1:] if more == 1)

    @cached_property
    def embedded(self) -> Embedded | None:
        """The expression around the offset, if any."""
        if self.standing != "value":
            return None
        shape = self.shape
        if isinstance(shape, schema.Either):
            shape = next((one for one in shape.shapes if isinstance(one, schema.Expression)), None)
        if self.scalar is None or self.where is None:
            if not isinstance(shape, schema.Expression):
                return None
            return Embedded("", 0, 0, SegmentMap(0, (), (), (), self.offset), False)
        text, cursor = self.value_text, min(self.where.to_value(self.offset), len(self.value_text))
        if is_template(text) and isinstance(shape, schema.Expression | schema.Rendered):
            return _in_hole(text, cursor, self.where)
        if not isinstance(shape, schema.Expression):
            return None
        # A quote that is open is YAML's; one that is closed belongs to CEL, which had no quotes of YAML around it.
        if self.scalar.broken and text[:1] in ("'", '"') and text[:1] not in text[1:] and cursor:
            return Embedded(text[1:], cursor - 1, 1, self.where, False)
        return Embedded(text, cursor, 0, self.where, False)


def place_at(analysis: Analysis, offset: int) -> Place:
    """What stands at a byte offset of the text; an offset outside of it counts as the nearest inside."""
    data = analysis.source.data
    offset = max(0, min(offset, len(data)))
    document = next((one for one in reversed(analysis.tree.documents) if one.span.start <= offset), None)
    document = document or analysis.tree.documents[0]
    top = Frame(None, schema.Of(schema.ROOTS[analysis.kind]), document.root)
    found = _in_tree(analysis, document, top, offset) or _behind_blanks(analysis, document, top, offset)
    if found:
        return found
    if analysis.kind == "workspace":
        return Place(analysis, offset, document, "nowhere", (top,), Span(offset, offset))
    begin = document.span.start
    if data.startswith(b"\xef\xbb\xbf") and begin == 0:
        begin = 3
    if data[begin : begin + 3] == b"---":
        begin = line_end(data, begin) if offset >= line_end(data, begin) else begin + 3
    if offset < begin:
        return Place(analysis, offset, document, "nowhere", (top,), Span(offset, offset))
    return _by_outline(analysis, document, top, outlined(data, begin, offset), begin, offset)


def _in_tree(analysis: Analysis, document: Document, top: Frame, offset: int) -> Place | None:
    """The place when a scalar of the tree is there that says for itself what it is."""
    frames, flow = [top], False
    node = document.root
    while True:
        frame = frames[-1]
        match node:
            case Mapping():
                entry = _entry_at(node, offset)
                if entry is None:
                    return None
                flow = flow or node.flow
                if entry.key.span.start <= offset <= entry.key.span.end:
                    return _at_key(analysis, document, tuple(frames), node, entry, offset)
                shape, field = inward(frame.shape, entry.key.text, frame.field)
                frames.append(Frame(entry.key.text, shape, entry.value, field))
                node = entry.value
            case Sequence():
                number, item = _item_at(node, offset)
                if item is None:
                    return None
                flow = flow or node.flow
                shape, field = inward(frame.shape, number, frame.field)
                frames.append(Frame(number, shape, item, field))
                node = item
            case Scalar(style="plain") if not node.anchor and wants_keys(frame.shape):
                return None
            case Scalar():
                return Place(analysis, offset, document, "value", tuple(frames), node.span, node, flow)
            case Missing():
                return None
            case _:
                return Place(analysis, offset, document, "text", tuple(frames), node.span, None, flow)


def _behind_blanks(analysis: Analysis, document: Document, top: Frame, offset: int) -> Place | None:
    """The place behind the blanks that follow an expression between brackets: the next operand is typed there."""
    data, end = analysis.source.data, offset
    while end > 0 and data[end - 1] in b" \t":
        end -= 1
    found = _in_tree(analysis, document, top, end) if end < offset else None
    if found is None or not found.flow or found.standing != "value" or found.scalar is None:
        return None
    shapes = found.shape.shapes if isinstance(found.shape, schema.Either) else (found.shape,)
    typed = found.scalar.style == "plain" and any(isinstance(one, schema.Expression) for one in shapes)
    return replace(found, offset=offset) if typed else None


def _at_key(
    analysis: Analysis, document: Document, frames: tuple[Frame, ...], mapping: Mapping, entry: Entry, offset: int
) -> Place | None:
    data, key = analysis.source.data, entry.key
    colon = _colon(data, key.span.end)
    if analysis.kind != "workspace" and not colon:
        # A word that only may be a key: what is around it says more.
        return None
    keys: frozenset[str] = frozenset()
    if not defines_names(frames[-1].shape):
        keys = frozenset(one.key.text for one in mapping.entries if one is not entry and one.key.span != key.span)
    line = data.rfind(b"\n", 0, key.span.start) + 1
    return Place(
        analysis,
        offset,
        document,
        "key",
        frames,
        key.span,
        key,
        mapping.flow,
        key.span.start - line,
        colon,
        keys,
        mapping.span.start if mapping.flow else -1,
    )


def _colon(data: bytes, at: int) -> bool:
    while data[at : at + 1] in (b" ", b"\t"):
        at += 1
    return data[at : at + 1] == b":"


def _by_outline(analysis: Analysis, document: Document, top: Frame, at: Outlined, begin: int, offset: int) -> Place:
    frames = (top, *_frames(top, at))
    shape = frames[-1].shape
    flow = at.bracket >= 0
    span = Span(at.start, at.end) if at.standing not in ("comment", "nowhere") else Span(offset, offset)
    beside = at.standing in ("key", "hole") and not defines_names(shape)
    keys = keys_beside(analysis.source.data, begin, at) if beside else frozenset()
    place = Place(
        analysis, offset, document, at.standing, frames, span, None, flow, at.column, at.colon, keys, at.bracket
    )
    written = _written(analysis, span)
    item = bool(at.steps) and isinstance(at.steps[-1].name, int)
    match at.standing:
        case "text":
            node = resolve(frames[-1].node) if frames[-1].node else None
            # A name does not go on below, and nothing does behind a closing quote; conditions and texts may.
            goes_on = isinstance(shape, schema.Expression | schema.Rendered | schema.Either)
            if isinstance(node, Scalar) and goes_on and (node.style not in ("single", "double") or node.broken):
                return replace(place, standing="value", scalar=node, span=node.span)
            return place
        case "hole" if isinstance(shape, schema.Many) and not item and _splits(analysis, at):
            return replace(place, standing="nowhere")
        case "hole" if not wants_keys(shape) and (item or not isinstance(shape, schema.Many)):
            return replace(place, standing="value", scalar=written)
        case "value":
            return replace(place, scalar=written)
        case "key":
            return replace(place, scalar=written or Scalar(span, "plain", "", None))
        case _:
            return place


def _splits(analysis: Analysis, at: Outlined) -> bool:
    """Whether a new item here would take away the rest of the one above."""
    return at.bracket < 0 and deeper_below(analysis.source.data, at.start, at.column)


def _frames(top: Frame, at: Outlined) -> Iterator[Frame]:
    frame = top
    for step in at.steps:
        shape, field = inward(frame.shape, step.name, frame.field)
        node = resolve(frame.node) if frame.node else None
        inner: Node | None = None
        match node:
            case Mapping() if isinstance(step.name, str):
                inner = next((one.value for one in node.near(step.start) if one.key.text == step.name), None)
            case Sequence() if isinstance(step.name, int):
                end = step.value
                inner = next((one for one in node.near(step.start) if one.span.start >= end - 1), None)
            case _:
                pass
        frame = Frame(step.name, shape, inner, field)
        yield frame


def _written(analysis: Analysis, span: Span) -> Scalar | None:
    """What is written on one line, letter for letter."""
    text = analysis.source.text(span)
    return Scalar(span, "plain", text, text, broken=True) if text else None


def _entry_at(mapping: Mapping, offset: int) -> Entry | None:
    """The entry whose key or value touches an offset; of two the one that starts there."""
    found = None
    for entry in mapping.near(offset):
        if entry.key.span.start > offset:
            break
        if offset <= entry.span.end and not (
            isinstance(entry.value, Missing) and not entry.key.span.start <= offset <= entry.key.span.end
        ):
            found = entry
    if found and found.key.span.end < offset < found.value.span.start:
        return None
    return found


def _item_at(sequence: Sequence, offset: int) -> tuple[int, Node | None]:
    near = sequence.near(offset)
    found = next((item for item in reversed(near) if item.span.start <= offset <= item.span.end), None)
    if found is None:
        return 0, None
    if len(near) == len(sequence.items):
        return next(index for index, item in enumerate(near) if item is found), found
    return next((index for index, item in enumerate(sequence.items) if item.span == found.span), 0), found


def _in_hole(text: str, cursor: int, where: SegmentMap) -> Embedded | None:
    """The expression of the `${{ }}` around a code point."""
    if text.rfind(OPEN, 0, cursor) < 0:
        return None
    for hole in parse_template(text).holes:
        first, last = hole.offset, hole.offset + len(hole.expr.text)
        if first <= cursor <= last:
            return Embedded(hole.expr.text, cursor - first, first, where, True)
    return None
