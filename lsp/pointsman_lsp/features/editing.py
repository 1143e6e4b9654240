"""Entries and items of YAML taken out of a text or put into one, in the file's own indentation, in blocks and brackets.

What can not be done without a doubt is not done: the answer is then None.
"""

from re import compile as regex

from pointsman.language.shapes import section_of
from pointsman.language.source import Source, Span
from pointsman.language.tree import Entry, Mapping, Node, Sequence
from pointsman_lsp.features import TextEdit
from pointsman_lsp.features.inserting import Style
from pointsman_lsp.features.trail import Step

_DASH = regex(rb" *-[ \t]+(?:[&!][^ \t]*[ \t]+)*\Z")
_DASHES = regex(rb" *(?:-[ \t]+)+\Z")
_COMMENT_LINE = regex(rb"([ \t]*)#")
_ANCHOR = regex(rb"(?:\A|[ \t\r\n,\[{])&([^ \t\r\n,\[\]{}]+)")
_ODD = regex(rb"[&!#*]")


def without(source: Source, steps: tuple[Step, ...], climb: bool = False) -> TextEdit | None:
    """The last step's entry or item gone. With `climb`, one that stands alone takes the entry around it along."""
    if not steps:
        return None
    step = steps[-1]
    first, last = ends(step.holder)
    if first.span == last.span:
        return without(source, steps[:-1], climb) if climb and len(steps) > 1 and _optional(steps[-2]) else None
    span = _in_brackets(source, step) if step.holder.flow else _in_block(source, step)
    return None if span is None or _needed(source.data, span) else TextEdit(span, "")


def with_entry(
    source: Source, mapping: Mapping, after: Entry | None, flow: str, block: tuple[str, ...], style: Style
) -> TextEdit | None:
    """An entry more, behind another one or before them all: `flow` between braces, else the lines of `block`."""
    if not mapping.near(mapping.span.start) and not mapping.entries:
        return _insertion(mapping.span.start + 1, flow) if mapping.flow else None
    first = ends(mapping)[0].span.start
    if mapping.flow:
        return _insertion(first, f"{flow}, ") if after is None else _insertion(after.span.end, f", {flow}")
    column = column_of(source, first)
    if source.data[first - column : first].strip(b" -"):
        return None
    indent = " " * column
    if after is None:
        return _insertion(first, "".join(f"{line}{style.newline}{indent}" for line in block))
    return _insertion(line_end(source, after.span.end), "".join(f"{style.newline}{indent}{line}" for line in block))


def with_item(source: Source, step: Step, flow: str, style: Style) -> TextEdit | None:
    """An item more, behind that of the step, written between braces if its neighbour is."""
    if step.holder.flow:
        return _insertion(step.part.span.end, f", {{{flow}}}")
    braces = isinstance(step.part, Mapping) and step.part.flow
    line = source.line_starts[source.line_at(step.part.span.start)]
    if not _DASH.match(source.data[line : step.part.span.start]):
        return None
    indent = source.data[line:].partition(b"-")[0].decode()
    text = f"{{{flow}}}" if braces else flow
    return _insertion(line_end(source, step.part.span.end), f"{style.newline}{indent}- {text}")


def ends(holder: Mapping | Sequence) -> tuple[Entry | Node, Entry | Node]:
    """The first and the last entry or item; there must be one. Of a large block no others are made."""
    every: tuple[Entry | Node, ...] | None = None
    found = []
    for offset, index in ((holder.span.start, 0), (holder.span.end, -1)):
        near: tuple[Entry | Node, ...] = holder.near(offset)
        if not near:
            every = every or (holder.entries if isinstance(holder, Mapping) else holder.items)
            near = every
        found.append(near[index])
    return found[0], found[1]


def column_of(source: Source, offset: int) -> int:
    """How many bytes stand before an offset on its line."""
    start = source.line_starts[source.line_at(offset)]
    return offset - (3 if start == 0 and source.data.startswith(b"\xef\xbb\xbf") else start)


def line_end(source: Source, offset: int) -> int:
    """Where the line of an offset ends, before its break."""
    line = source.line_at(offset)
    end = source.line_starts[line + 1] if line + 1 < len(source.line_starts) else len(source.data)
    return source.line_starts[line] + len(source.data[source.line_starts[line] : end].rstrip(b"\r\n"))


def _optional(step: Step) -> bool:
    """Whether what is around the step's entry may do without it."""
    section = section_of(step.shape)
    field = section.by_name.get(step.name) if section else None
    return field is not None and not field.required and field.name not in (section.kinds if section else ())


def _insertion(at: int, text: str) -> TextEdit:
    return TextEdit(Span(at, at), text)


def _in_brackets(source: Source, step: Step) -> Span | None:
    """One of several with the comma behind it, or before the last."""
    parts, index = _siblings(step)
    if index + 1 < len(parts):
        span = Span(parts[index].span.start, parts[index + 1].span.start)
        between = source.data[parts[index].span.end : span.end]
    else:
        span = Span(parts[index - 1].span.end, parts[index].span.end)
        between = source.data[span.start : parts[index].span.start]
    # A comment would stay without its line, an anchor without its node.
    return None if _ODD.search(between) else span


def _siblings(step: Step) -> tuple[tuple[Entry | Node, ...], int]:
    parts = step.holder.entries if isinstance(step.holder, Mapping) else step.holder.items
    return parts, next(at for at, one in enumerate(parts) if one.span == step.part.span)


def _in_block(source: Source, step: Step) -> Span | None:
    """The lines of one of several, with the comments inside and behind it; or up to the next, behind a dash."""
    part, data = step.part, source.data
    start = part.span.start
    line = source.line_at(start)
    before = data[source.line_starts[line] : start]
    if isinstance(part, Entry) and before.strip(b" "):
        parts, index = _siblings(step)
        return Span(start, parts[index + 1].span.start) if _DASHES.match(before) and index + 1 < len(parts) else None
    if not isinstance(part, Entry) and not _DASH.match(before):
        return None
    column = len(before) - len(before.lstrip(b" "))
    last = source.line_at(max(part.span.end - 1, start)) + 1
    while last < len(source.line_starts):
        comment = _COMMENT_LINE.match(data, source.line_starts[last])
        if comment is None or len(comment[1]) <= column:
            return Span(source.line_starts[line], source.line_starts[last])
        last += 1
    return Span(source.line_starts[line], len(data))


def _needed(data: bytes, span: Span) -> bool:
    """Whether an anchor in a span is named outside of it."""
    names = _ANCHOR.findall(data[span.start : span.end])
    outside = data[: span.start] + data[span.end :] if names else b""
    return any(b"*" + name in outside for name in names)
