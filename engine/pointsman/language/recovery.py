"""Damaged text: what can be kept of an item that is no clean YAML, and one finding at the smallest place for it.

Law: nothing is dropped in silence. Whoever takes a shorter way than the parser says so in a diagnostic, and `items`
adds one where none was. Text that was meant as a value and is none stays as a `broken` scalar: it may be an expression
that wants quotes.
"""

from collections.abc import Callable
from re import MULTILINE
from re import compile as regex
from typing import NamedTuple

from pointsman.language import flows, lowering, outline, scalars
from pointsman.language.diagnostics import Diagnostic
from pointsman.language.lowering import Link, Part
from pointsman.language.outline import Kind
from pointsman.language.source import Span
from pointsman.language.tree import Entry, Mapping, Missing, Node, Scalar, Sequence, Style, anchored, moved

_TABBED = regex(rb"^ *(\t)[ \t]*(?=[^\s])", MULTILINE)
_INDENT = regex(rb"^[ \t]+", MULTILINE)
_BLANKS = regex(rb"[ \t]*")
_ANCHOR = regex(rb"&([^ \t\r\n,\[\]{}]+)[ \t]*")
_QUOTED = regex(rb"""\"(?:[^"\\]|\\[\s\S])*+\"|'(?:[^']|'')*+'""")
_WORD = regex(rb"[^\W\d][\w-]*")
_ODD_KEY = regex(rb"([^\s:#][^\s:]*)[ \t]*:(?=[ \t\r\n]|\Z)")
_BLOCK_HEADER = regex(rb"[|>](?:[-+][1-9]?|[1-9][-+]?)?")
_ESCAPE = regex(rb"\\(?:[^\x00-\x7f]+|[\x00-\x7f])")
_GOOD_ESCAPE = regex(rb"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|[0abt\tnvfre \"/\\N_LP\r\n])")

Region = Callable[..., Part]


class _Value(NamedTuple):
    """A recovered value, what is to say about it, and entries found below it that are its siblings."""

    node: Node
    diagnostics: tuple[Diagnostic, ...] = ()
    links: tuple[Link, ...] = ()
    more: tuple[Entry, ...] = ()


def recover(data: bytes, role: str | None, level: int, region: Region) -> Part:
    """What can be kept of one damaged piece that its outline can not cut further. `region` parses lines below it."""
    tab = _TABBED.search(data)
    if tab is not None:
        part = _untabbed(data, role, level, region, tab.start(1), tab.end())
        if part is not None:
            return part
    at = outline.first_content(data)
    if at is None:
        return Part(_empty(role, 0))
    if role == "entry":
        return _entry(data, at, level, region)
    if role == "item":
        return _item(data, at, level, region)
    return _opaque(data, at, level, region)


def _untabbed(data: bytes, role: str | None, level: int, region: Region, start: int, end: int) -> Part | None:
    """Read tabs as that many spaces; lines that then stand too far left are taken for siblings."""
    masked = _INDENT.sub(lambda indent: b" " * len(indent[0]), data)
    part = region(masked, max(0, level - (role is not None)), quiet=True)
    if (role == "entry" and not isinstance(part.node, Mapping)) or (
        role == "item" and not isinstance(part.node, Sequence)
    ):
        return None
    found = _syntax(start, end, "indent with spaces; YAML does not allow tabs here")
    return Part(part.node, (found, *part.diagnostics), part.links)


def _entry(data: bytes, at: int, level: int, region: Region) -> Part:
    key = outline.key(data, at)
    diagnostics: tuple[Diagnostic, ...] = ()
    if key is not None:
        head = lowering.native(key[0])
        name = head.node.entries[0].key if head and isinstance(head.node, Mapping) and head.node.entries else None
        if name is None:
            text = key[0][:-1].rstrip().decode("utf-8", "replace")
            name = Scalar(Span(0, len(text.encode())), "plain", text, text, broken=True)
            diagnostics = (_syntax(at, at + len(text.encode()), "this key is not closed or holds an unknown escape"),)
        name = _shift(name, at)
        behind = key.end()
    else:
        odd = _ODD_KEY.match(data, at)
        if odd is None or outline.is_dash(data, at) or data[at : at + 1] in b"[{\"'":
            return _keyless(data, at, level, region)
        text = odd[1].decode("utf-8", "replace")
        name = Scalar(Span(at, odd.end(1)), "plain", text, text, broken=True)
        diagnostics = (_syntax(at, at + 1, f'a key can not start with "{text[0]}"; put the key in quotes'),)
        behind = odd.end()
    value = _value(data, behind, level, region)
    entry = Entry(name, value.node)
    node = Mapping(Span(at, max(entry.span.end, *(more.span.end for more in value.more), at)), (entry, *value.more))
    return Part(node, diagnostics + value.diagnostics, value.links)


def _item(data: bytes, at: int, level: int, region: Region) -> Part:
    if not outline.is_dash(data, at):
        end = _text_end(data, at)
        return Part(
            Sequence(Span(at, at), ()), (_syntax(at, end, 'this list goes on with "- "; add it, or indent the line'),)
        )
    value = _value(data, at + 1, level, region)
    return Part(Sequence(Span(at, max(at + 1, value.node.span.end)), (value.node,)), value.diagnostics, value.links)


def _keyless(data: bytes, at: int, level: int, region: Region) -> Part:
    """A line in a mapping that has no `key:`. With a collection below it, the colon is all that is missing."""
    end = _text_end(data, at)
    text = data[at:end].decode("utf-8", "replace")
    body_at = outline.line_end(data, at)
    if outline.is_dash(data, at):
        message = "a list item can not stand among the entries of a mapping; indent it below its key"
        return Part(Mapping(Span(at, at), ()), (_syntax(at, end, message),))
    short = text if len(text) <= 40 else text[:39] + "…"
    found = _syntax(at, end, f'"{short}" is no entry; write it as "key: value"')
    below = outline.kind(data[body_at:])[0]
    if below not in (Kind.MAPPING, Kind.SEQUENCE) or " " in text:
        return Part(Mapping(Span(at, at), ()), (found,))
    found = _syntax(at, end, f'add a colon after "{short}"')
    body = _below(data, body_at, level, region)
    entry = Entry(Scalar(Span(at, end), "plain", text, scalars.resolve_plain(text)), body.node)
    return Part(Mapping(entry.span, (entry,)), (found, *body.diagnostics), body.links)


def _opaque(data: bytes, at: int, level: int, region: Region) -> Part:
    """A damaged value on lines of its own. Where lines below its first look like entries, it was a collection."""
    column = outline.column(data)
    for kind in (Kind.MAPPING, Kind.SEQUENCE):
        for chunk in outline.cut(data, kind, column)[1:]:
            start = chunk.start + column - chunk.off
            if outline.key(data, start) if kind is Kind.MAPPING else outline.is_dash(data, start):
                part: Part = region(data, level, forced=kind)
                return part
    word = data[at : _text_end(data, at)]
    if _WORD.fullmatch(word) and outline.kind(data[outline.line_end(data, at) :])[0] in (Kind.MAPPING, Kind.SEQUENCE):
        # A key without its colon, and its value below it.
        entry: Part = region(data, level + 1, forced=Kind.MAPPING)
        return entry
    value = _value(data, at, level, region)
    return Part(value.node, value.diagnostics, value.links)


def _value(data: bytes, at: int, level: int, region: Region, named: bool = False) -> _Value:
    """The value behind `key:` or `-`, from `at` to the end of the piece; `named` when its anchor was read."""
    start = _skip(data, at)
    anchor = None if named else _ANCHOR.match(data, start)
    if anchor is not None:
        value = _value(data, anchor.end(), level, region, True)
        link = Link(anchor[1].decode("utf-8", "replace"), value.node.span.start, value.node.span.end, False)
        return value._replace(node=anchored(value.node, link.name), links=(link, *value.links))
    body_at = outline.line_end(data, start)
    end = _text_end(data, start)
    first = data[start : start + 1]
    if end <= start:
        if outline.first_content(data, body_at) is None:
            gap = at + (data[at : at + 1] in (b" ", b"\t"))
            return _Value(Missing(Span(gap, gap)))
        return _as_value(_below(data, body_at, level, region))
    if first in (b"|", b">"):
        return _block(data, start, end)
    below = outline.kind(data[body_at:])[0]
    line = lowering.native(data[start:end], level)
    if line is not None and below in (Kind.MAPPING, Kind.SEQUENCE):
        return _above_collection(data, line, start, end, body_at, level, region)
    if line is not None and outline.first_content(data, body_at) is None and isinstance(line.node, Scalar):
        return _Value(moved(line.node, start), _shift_all(line.diagnostics, start))
    if first in (b"[", b"{"):
        for stop in dict.fromkeys((len(data.rstrip()), end)):
            part = flows.recover(data[start:stop], level, outline.column(data))
            if part is not None:
                moved_links = tuple(
                    Link(link.name, link.start + start, link.end + start, link.alias) for link in part.links
                )
                return _Value(moved(part.node, start), _shift_all(part.diagnostics, start), moved_links)
    if below in (Kind.MAPPING, Kind.SEQUENCE) and first not in (b'"', b"'"):
        body = _below(data, body_at, level, region)
        return _as_value(body)._replace(diagnostics=(_why(data, start, end), *body.diagnostics))
    if first in (b'"', b"'"):
        return _quoted(data, start, end)
    return _Value(_raw(data, start, end), (_why(data, start, end),))


def _above_collection(
    data: bytes, line: Part, start: int, end: int, body_at: int, level: int, region: Region
) -> _Value:
    """A good value with a collection below it: one entry was indented too far; several want the value gone."""
    body = _below(data, body_at, level, region)
    content = outline.first_content(data, body_at) or body_at
    value = _Value(moved(line.node, start), _shift_all(line.diagnostics, start))
    if isinstance(body.node, Mapping) and len(body.node.entries) == 1:
        line_start = data.rfind(b"\n", 0, content) + 1
        found = _syntax(line_start, content, "this line is indented too far, or the value above it should go")
        return value._replace(
            diagnostics=(*value.diagnostics, found, *body.diagnostics), links=body.links, more=body.node.entries
        )
    if isinstance(body.node, Sequence) and outline.column(data[body_at:]) <= outline.column(data):
        message = "a list item can not stand among the entries of a mapping; indent it below its key"
        found = _syntax(content, _text_end(data, content), message)
        return value._replace(diagnostics=(*value.diagnostics, found))
    found = _syntax(start, end, "a key has a value behind it or lines below it, not both")
    return _Value(body.node, (found, *body.diagnostics), body.links)


def _block(data: bytes, start: int, end: int) -> _Value:
    """A block scalar with a bad header, or with a line that stands too far left."""
    style: Style = "literal" if data[start] == ord("|") else "folded"
    header = _BLOCK_HEADER.match(data, start)
    assert header is not None
    found: Diagnostic | None = None
    if header.end() < end:
        found = _syntax(header.end(), end, f"the text starts on the line below {header[0].decode()}")
    indents = [(len(line) - len(line.lstrip(b" ")), at) for line, at in _lines(data, outline.line_end(data, start))]
    indent = min((width for width, _ in indents), default=0)
    if found is None:
        first = indents[0][0] if indents else 0
        low = next(((width, at) for width, at in indents if width < first), None)
        if low is None:
            blank = outline.line_end(data, start)
            text_at = indents[0][1] if indents else len(data)
            found = _syntax(blank, text_at, "blank lines above a text may not be wider than its indentation")
        else:
            found = _syntax(
                low[1], low[1] + max(1, low[0]), f"indent this line by {first} spaces, like the text above it"
            )
    decoded = scalars.decode_block(data, start, style, indent)
    return _Value(
        Scalar(Span(start, max(decoded.end, header.end())), style, decoded.text, decoded.text, broken=True), (found,)
    )


def _quoted(data: bytes, start: int, end: int) -> _Value:
    closed = _QUOTED.match(data, start)
    quote = chr(data[start])
    if closed is None:
        return _Value(_raw(data, start, end), (_syntax(start, start + 1, f"this {quote} is never closed"),))
    behind = _skip(data, closed.end())
    behind_end = _text_end(data, behind)
    if behind_end > behind:
        found = _syntax(behind, behind_end, "there is text behind the closing quote; quote the whole value")
        return _Value(_raw(data, start, behind_end), (found,))
    style: Style = "double" if quote == '"' else "single"
    text = scalars.decode(data, start, closed.end(), style).text
    node = Scalar(Span(start, closed.end()), style, text, text)
    if style == "double":
        for escape in _ESCAPE.finditer(data, start + 1, closed.end() - 1):
            if not _GOOD_ESCAPE.match(data, escape.start()):
                sign = escape[0].decode("utf-8", "replace")
                message = f'"{sign}" is no escape; write "\\{sign}" or use single quotes'
                return _Value(node, (_syntax(escape.start(), escape.end(), message),))
    low = next((at for line, at in _lines(data, outline.line_end(data, start))), None)
    if low is None:
        return _Value(node)
    return _Value(node, (_syntax(low, low + 1, "indent the lines of this text further than its key"),))


def _why(data: bytes, start: int, end: int) -> Diagnostic:
    """Why the text of a line is no value, at the smallest place."""
    first = data[start : start + 1]
    if first in (b"@", b"`", b"%"):
        return _syntax(start, start + 1, f'a value can not start with "{first.decode()}"; quote it')
    if first == b"!":
        tag = data[start:end].split()[0]
        sign = tag.decode("utf-8", "replace")
        message = f'custom tags like "{sign}" are not supported; quote the value if it starts with "!"'
        return Diagnostic("yaml_tag", Span(start, start + len(tag)), message)
    if outline.is_dash(data, start):
        return _syntax(
            start, start + 1, 'a list starts on the line below its key; quote the value if it starts with "-"'
        )
    colon = data.find(b":", start, end)
    while colon >= 0 and data[colon + 1 : colon + 2].strip():
        colon = data.find(b":", colon + 1, end)
    if 0 <= colon < end:
        return _syntax(colon, colon + 1, 'a second ": " in one line; quote the value')
    where = lowering.first_error(data[start:end])
    at = min(start + where.start, end - 1)
    return _syntax(at, max(at + 1, min(start + where.end, end)), "this is no value; quote it if it is text")


def _below(data: bytes, body_at: int, level: int, region: Region) -> Part:
    # Eight levels more in any case: each such step may parse the rest once more, and eight are enough of that.
    part: Part = region(data[body_at:], level + 8, body_at)
    return part


def _as_value(part: Part) -> _Value:
    return _Value(part.node, part.diagnostics, part.links)


def _raw(data: bytes, start: int, end: int) -> Scalar:
    text = data[start:end].decode("utf-8", "replace")
    tag = text.split()[0] if text.startswith("!") else None
    return Scalar(Span(start, end), "plain", text, text, tag=tag, broken=True)


def _empty(role: str | None, at: int) -> Node:
    span = Span(at, at)
    return Missing(span) if role is None else Mapping(span, ()) if role == "entry" else Sequence(span, ())


def _skip(data: bytes, at: int) -> int:
    found = _BLANKS.match(data, at)
    return at if found is None else found.end()


def _text_end(data: bytes, at: int) -> int:
    """The end of the text on this line, before a comment and trailing blanks."""
    line = data[at : outline.line_end(data, at)]
    if line.startswith(b"#"):
        return at
    # A `#` inside quotes is text.
    closed = _QUOTED.match(line)
    signs = (line.find(sign, 0 if closed is None else closed.end()) for sign in (b" #", b"\t#"))
    comment = min((found for found in signs if found >= 0), default=len(line))
    if closed is None and line[:1] in (b'"', b"'"):
        comment = len(line)
    return at + len(line[:comment].rstrip())


def _lines(data: bytes, at: int) -> list[tuple[bytes, int]]:
    """The lines from `at` on that are not blank, with their starts."""
    found = []
    while at < len(data):
        end = outline.line_end(data, at)
        line = data[at:end].rstrip(b"\r\n")
        if line.strip():
            found.append((line, at))
        at = end
    return found


def _shift(scalar: Scalar, by: int) -> Scalar:
    span = Span(scalar.span.start + by, scalar.span.end + by)
    return Scalar(span, scalar.style, scalar.text, scalar.value, scalar.anchor, scalar.tag, scalar.broken)


def _shift_all(diagnostics: tuple[Diagnostic, ...], by: int) -> tuple[Diagnostic, ...]:
    return tuple(
        Diagnostic(found.code, Span(found.span.start + by, found.span.end + by), found.message, found.severity)
        for found in diagnostics
    )


def _syntax(start: int, end: int, message: str) -> Diagnostic:
    return Diagnostic("yaml_syntax", Span(start, max(start, end)), message)
