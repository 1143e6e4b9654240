"""Damaged flow collections: `{when: x, to:` is the commonest state of a route while it is being typed.

A flow is scanned for its brackets and quotes, closed where it was left open, and parsed again; when it still is no
YAML, each piece between two commas is tried on its own. All offsets are relative to the opening bracket.
"""

from itertools import pairwise
from re import compile as regex
from typing import NamedTuple

from pointsman.language import lowering
from pointsman.language.diagnostics import Diagnostic
from pointsman.language.lowering import DEEPEST, Link, Part
from pointsman.language.source import Span
from pointsman.language.tree import Alias, Entry, Mapping, Missing, Node, Scalar, Sequence, moved

_KEY = regex(rb"""\s*("(?:[^"\\]|\\[\s\S])*"|'(?:[^']|'')*'|[^\s,\[\]{}:"'#&*!|>%@`][^,\[\]{}:]*?)\s*:(?=\s|\Z)\s*""")
_CLOSERS = {ord("["): b"]", ord("{"): b"}"}


class _Scan(NamedTuple):
    end: int | None  # behind the closing bracket; None when it is never reached
    open_quote: int | None
    opened: tuple[int, ...]  # the brackets left open, outermost first
    commas: tuple[int, ...]  # the commas of the outermost collection
    wrong: int | None  # a closing bracket of the wrong kind


def recover(text: bytes, level: int, column: int = 0) -> Part | None:
    """What can be kept of a flow collection that is not clean; `column` is that of the entry it belongs to."""
    scan = _scan(text)
    if level > DEEPEST:
        found = Diagnostic("yaml_too_deep", Span(0, 1), lowering.REFUSALS["yaml_too_deep"])
        return Part(Missing(Span(0, 0)), (found,))
    if scan.end is not None:
        behind = text[scan.end :]
        stripped = behind.split(b"\n", 1)[0].strip()
        if stripped and not stripped.startswith(b"#"):
            at = scan.end + len(behind) - len(behind.lstrip())
            raw = text.split(b"\n", 1)[0].rstrip() if b"\n" not in text[: scan.end] else text.rstrip()
            message = "there is text behind the closing bracket; quote the whole value"
            value = raw.decode("utf-8", "replace")
            found = Diagnostic("yaml_syntax", Span(at, at + len(stripped)), message)
            return Part(Scalar(Span(0, len(raw)), "plain", value, value, broken=True), (found,))
        part = lowering.native(text[: scan.end], level)
        if part is not None:
            # Clean by itself: then it is its lines that stand too far left.
            start, end = _low_line(text[: scan.end], column)
            found = Diagnostic("yaml_syntax", Span(start, end), "indent this line further than its key")
            return part._replace(diagnostics=(found, *part.diagnostics))
        return _pieces(text, scan, scan.end - 1, (), level)
    limit = len(text.rstrip())
    if scan.wrong is not None:
        opener, closer = chr(text[scan.opened[-1]]), chr(text[scan.wrong])
        message = f'"{opener}" is closed by "{closer}"'
        found = Diagnostic("yaml_syntax", Span(scan.wrong, scan.wrong + 1), message)
        limit = scan.wrong
    elif scan.open_quote is not None:
        found = Diagnostic(
            "yaml_syntax",
            Span(scan.open_quote, scan.open_quote + 1),
            f"this {chr(text[scan.open_quote])} is never closed",
        )
    else:
        at = scan.opened[-1] if scan.opened else 0
        opener, closer = chr(text[at]), _CLOSERS[text[at]].decode()
        found = Diagnostic("yaml_syntax", Span(at, at + 1), f'this "{opener}" is never closed; add "{closer}"')
    closers = b"".join(_CLOSERS[text[at]] for at in reversed(scan.opened))
    quote = b"" if scan.open_quote is None or scan.wrong is not None else text[scan.open_quote : scan.open_quote + 1]
    part = lowering.native(text[:limit] + quote + b"\n" + closers, level)
    if part is not None:
        spoken = tuple(
            Diagnostic(
                said.code, Span(min(said.span.start, limit), min(said.span.end, limit)), said.message, said.severity
            )
            for said in part.diagnostics
        )
        links = tuple(Link(link.name, min(link.start, limit), min(link.end, limit), link.alias) for link in part.links)
        return Part(_clipped(part.node, text, limit), (found, *spoken), links)
    return _pieces(text, scan, limit, (found,), level)


def _pieces(text: bytes, scan: _Scan, end: int, found: tuple[Diagnostic, ...], level: int) -> Part:
    """Try what stands between two commas piece by piece."""
    entries: list[Entry] = []
    items: list[Node] = []
    diagnostics = list(found)
    links: list[Link] = []
    mapping = text[:1] == b"{"
    bounds = [0, *(at for at in scan.commas if at < end), end]
    for before, after in pairwise(bounds):
        piece = text[before + 1 : after]
        if not piece.strip():
            continue
        part = lowering.native((b"{" if mapping else b"[") + piece + (b"\n}" if mapping else b"\n]"), level)
        offset = before
        if part is None:
            part, offset = _piece(piece, mapping, level, not found), before + 1
        node = moved(part.node, offset)
        match node:
            case Mapping() if mapping:
                entries += node.entries
            case Sequence() if not mapping:
                items += node.items
        diagnostics += [
            Diagnostic(said.code, Span(said.span.start + offset, said.span.end + offset), said.message, said.severity)
            for said in part.diagnostics
        ]
        links += [Link(link.name, link.start + offset, link.end + offset, link.alias) for link in part.links]
    span = Span(0, min(end + 1, len(text)))
    root: Node = Mapping(span, tuple(entries), True) if mapping else Sequence(span, tuple(items), True)
    return Part(root, tuple(diagnostics), tuple(links))


def _piece(piece: bytes, mapping: bool, level: int, speak: bool) -> Part:
    """A piece that is no YAML: its key is kept, its value stays as raw text. `speak`: no cause was named yet."""
    key: Scalar | None = None
    at = len(piece) - len(piece.lstrip())
    if mapping:
        named = _KEY.match(piece)
        head = None if named is None else lowering.native(b"{" + named[0] + b"}", level)
        if named is not None and head is not None and isinstance(head.node, Mapping) and head.node.entries:
            key = moved(head.node, -1).entries[0].key  # type: ignore[union-attr]  # a Mapping moves to a Mapping
            at = named.end()
    raw = piece[at:].rstrip()
    value: Node
    diagnostics: tuple[Diagnostic, ...] = ()
    links: tuple[Link, ...] = ()
    inner = recover(raw, level + 1) if raw[:1] in (b"[", b"{") else None
    if inner is not None:
        value, links = moved(inner.node, at), ()
        diagnostics = tuple(
            Diagnostic(said.code, Span(said.span.start + at, said.span.end + at), said.message, said.severity)
            for said in inner.diagnostics
        )
        if not speak:
            diagnostics = tuple(said for said in diagnostics if said.code != "yaml_syntax")
    else:
        text = raw.decode("utf-8", "replace")
        value = Scalar(Span(at, at + len(raw)), "plain", text, text, broken=True)
        if speak:
            diagnostics = (
                Diagnostic("yaml_syntax", Span(at, at + len(raw)), "this is no value; quote it if it is text"),
            )
    if not mapping:
        return Part(Sequence(Span(0, len(piece)), (value,), True), diagnostics, links)
    entries = () if key is None else (Entry(key, value),)
    return Part(Mapping(Span(0, len(piece)), entries, True), diagnostics, links)


def _scan(text: bytes) -> _Scan:
    opened: list[int] = []
    commas: list[int] = []
    at, length = 0, len(text)
    fresh = True  # a quote opens a string only where a value may start
    while at < length:
        sign = text[at]
        if sign in b"[{":
            opened.append(at)
            fresh = True
        elif sign in b"]}":
            if _CLOSERS[text[opened[-1]]][0] != sign:
                return _Scan(None, None, tuple(opened), tuple(commas), at)
            opened.pop()
            if not opened:
                return _Scan(at + 1, None, (), tuple(commas), None)
            fresh = False
        elif sign in b"\"'" and fresh:
            end = _string_end(text, at)
            if end is None:
                return _Scan(None, at, tuple(opened), tuple(commas), None)
            at, fresh = end, False
            continue
        elif sign == ord("#") and text[at - 1 : at].isspace():
            newline = text.find(b"\n", at)
            at = length if newline < 0 else newline
            continue
        elif sign in b",:?":
            if sign == ord(",") and len(opened) == 1:
                commas.append(at)
            fresh = True
        elif sign not in b" \t\r\n":
            fresh = False
        at += 1
    return _Scan(None, None, tuple(opened), tuple(commas), None)


def _string_end(text: bytes, at: int) -> int | None:
    quote = text[at]
    at += 1
    while at < len(text):
        if text[at] == ord("\\") and quote == ord('"'):
            at += 2
            continue
        if text[at] == quote:
            if quote == ord("'") and text[at + 1 : at + 2] == b"'":
                at += 2
                continue
            return at + 1
        at += 1
    return None


def _low_line(text: bytes, column: int) -> tuple[int, int]:
    """The first line of a flow that is indented no further than its entry."""
    at = text.find(b"\n") + 1
    while at > 0:
        end = text.find(b"\n", at)
        line = text[at : end if end >= 0 else len(text)]
        width = len(line) - len(line.lstrip(b" "))
        if line.strip() and width <= column:
            return at + width, at + len(line.rstrip())
        at = end + 1
    return 0, 1


def _clipped(node: Node, text: bytes, limit: int) -> Node:
    """The node without what was added behind `limit`; a string that was closed there is raw text."""
    span = Span(min(node.span.start, limit), min(node.span.end, limit))
    if span == node.span:
        return node
    match node:
        case Mapping():
            entries = []
            for entry in node.entries:
                key = _clipped(entry.key, text, limit)
                assert isinstance(key, Scalar)
                entries.append(Entry(key, _clipped(entry.value, text, limit)))
            return Mapping(span, tuple(entries), node.flow, node.anchor)
        case Sequence():
            return Sequence(span, tuple(_clipped(item, text, limit) for item in node.items), node.flow, node.anchor)
        case Scalar():
            raw = text[span.start : span.end].decode("utf-8", "replace")
            return Scalar(span, "plain", raw, raw, node.anchor, node.tag, broken=True)
        case Missing():
            return Missing(span)
        case Alias():
            return Alias(span, node.name)
