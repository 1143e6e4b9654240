"""YAML text to a tree with a span on every node; broken text gives a smaller tree.

Laws: `parse` takes any bytes and never raises, hangs or crashes the process. Damage stays in its item (a stage, an
agent, a rule): all other keys keep path and position. What the profile leaves out (custom tags, collections as keys)
is refused by a diagnostic and never read as something else. Equal bytes in an item are parsed once.

The way: `outline` cuts the text by columns, `items` puts the pieces together, `lowering` parses one piece with
tree-sitter, `recovery` and `flows` keep what they can of a damaged one. See `tree` for the nodes.
"""

from bisect import bisect_right
from re import compile as regex

from pointsman.language import items, lowering, outline
from pointsman.language.diagnostics import Diagnostic, Fix, did_you_mean, nearest
from pointsman.language.lowering import Link, Part
from pointsman.language.outline import Section
from pointsman.language.source import Source, Span
from pointsman.language.tree import (
    Alias,
    AliasBudget,
    Document,
    Entry,
    Mapping,
    Missing,
    Node,
    Scalar,
    Scope,
    Sequence,
    Style,
    Tree,
    Value,
    entries,
    plain,
    resolve,
)

__all__ = [
    "Alias",
    "AliasBudget",
    "Document",
    "Entry",
    "Mapping",
    "Missing",
    "Node",
    "Scalar",
    "Sequence",
    "Style",
    "Tree",
    "Value",
    "entries",
    "parse",
    "parse_steps",
    "plain",
    "resolve",
]

# No hand-written definition comes near; a mistaken path to a log or a model file does.
_LARGEST = 16 << 20

_BOM = b"\xef\xbb\xbf"
_CONTROLS = bytes({*range(32)} - {9, 10, 13})
_CONTROL = regex(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_BAD_BYTE = regex("[\udc80-\udcff]")
_LONE_RETURN = regex(rb"\r(?!\n)")
_DIRECTIVE = regex(rb"(?m)^%[^\r\n]*")
_VERSION = regex(rb"%YAML[ \t]+\d+\.\d+[ \t]*(?:[ \t]#.*)?\Z")


def parse(source: Source) -> Tree:
    """Parse any bytes. The tree has at least one document; `diagnostics` are in the order of the text."""
    return items.at_once(parse_steps(source))


def parse_steps(source: Source, before: Tree | None = None) -> items.Steps[Tree]:
    """Like `parse`, with a step for each piece of the text that is looked at; those of the tree `before` that are still
    the same are not."""
    data, found = _readable(source.data)
    if data is None:
        return Tree(source, (Document(Missing(Span(0, 0)), Span(0, len(source.data))),), tuple(found))
    documents: list[Document] = []
    prefix: Section | None = None  # directives wait here for their document
    for section in outline.sections(data):
        if not section.marked and _is_prefix(data, section):
            prefix = section
            continue
        if prefix is not None or section.marked:
            found += _directives(data, prefix)
            prefix = None
        index = len(documents)
        known = before.documents[index].root if before is not None and index < len(before.documents) else None
        documents.append((yield from _document(data, section, found, known)))
        if section.ended is not None:
            found += _after_end(data, section.ended)
    if prefix is not None:
        found += _stray_directives(data, prefix)
    if not documents:
        start = len(data) if data.strip() else 0
        documents.append(Document(Missing(Span(start, start)), Span(0, len(data))))
    found.sort(key=lambda one: (one.span.start, one.span.end))
    return Tree(source, tuple(documents), tuple(found))


def _readable(data: bytes) -> tuple[bytes | None, list[Diagnostic]]:
    """The text as the parser wants it: same length, no byte-order mark, no lone `\\r`, no control character."""
    if len(data) > _LARGEST:
        message = f"this file is larger than {_LARGEST >> 20} MiB and is not read; is it a definition?"
        return None, [Diagnostic("yaml_too_large", Span(0, 0), message)]
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return None, [Diagnostic("yaml_encoding", Span(0, 2), "this file is UTF-16; save it as UTF-8")]
    found = []
    try:
        data.decode()
    except UnicodeDecodeError as error:
        message = f"byte 0x{data[error.start]:02x} is not UTF-8; save the file as UTF-8"
        found.append(Diagnostic("yaml_encoding", Span(error.start, error.start + 1), message))
        # Each bad byte becomes one `_`, which means nothing in YAML.
        data = _BAD_BYTE.sub("_", data.decode("utf-8", "surrogateescape")).encode()
    if data.startswith(_BOM):
        # A comment line of the same length: no column moves.
        data = b"##\n" + data[3:]
    if len(data.translate(None, _CONTROLS)) != len(data):
        first = _CONTROL.search(data)
        assert first is not None
        sign = first[0][0]
        message = (
            f'the control character U+{sign:04X} is not allowed; write "\\x{sign:02x}" in double quotes, or remove it'
        )
        found.append(Diagnostic("yaml_encoding", Span(first.start(), first.end()), message))
        data = _CONTROL.sub(b"_", data)
    if b"\r" in data:
        data = _LONE_RETURN.sub(b"\n", data)
    return data, found


def _document(data: bytes, section: Section, found: list[Diagnostic], before: Node | None) -> items.Steps[Document]:
    body = data[section.body : section.end]
    links: dict[str, list[Link]] = {}
    made: dict[Link, Node | None] = {}

    def scope(name: str, span: Span) -> Node | None:
        link = _anchor_before(links, name, span)
        if link is None or link.end >= span.end:
            return None
        if link not in made:
            made[link] = _at(part.node, link)
        return made[link]

    if section.marked and section.body == section.start:
        part = _behind_marker(body, section.body, scope)
    else:
        part = yield from items.region_steps(body, 0, section.body, scope, before=before)
    for link in sorted(part.links, key=lambda link: (link.start, -link.end)):
        if not link.alias:
            links.setdefault(link.name, []).append(link)
    found += part.diagnostics
    for link in part.links:
        if link.alias:
            found += _unknown(links, link)
    return Document(part.node, Span(section.start, section.end))


def _behind_marker(body: bytes, base: int, scope: Scope) -> Part:
    """A document whose content starts on its `---` line: parsed in one piece."""
    part = lowering.native(body)
    if part is not None:
        return items.placed(part, base, scope)
    part = items.region(b"   " + body[3:], 0, base, scope)
    if part.diagnostics:
        return part
    where = lowering.first_error(body)
    message = "this does not fit on the line of the --- marker; start it on the next line"
    found = Diagnostic("yaml_syntax", Span(where.start + base, where.end + base), message)
    return part._replace(diagnostics=(found,))


def _anchor_before(links: dict[str, list[Link]], name: str, span: Span) -> Link | None:
    """The last anchor of this name before an alias."""
    known = links.get(name, [])
    index = bisect_right(known, span.start, key=lambda link: link.start)
    return known[index - 1] if index else None


def _unknown(links: dict[str, list[Link]], alias: Link) -> list[Diagnostic]:
    span = Span(alias.start, alias.end)
    link = _anchor_before(links, alias.name, span)
    if link is None:
        message = f'no anchor "&{alias.name}" stands above this alias' + did_you_mean(alias.name, links)
        near = nearest(alias.name, links)
        fix = Fix(f"Change to {near}", span, f"*{near}") if near and _anchor_before(links, near, span) else None
        return [Diagnostic("unknown_alias", span, message, fix=fix)]
    if link.end >= alias.end:
        return [Diagnostic("unknown_alias", span, f'"*{alias.name}" stands inside the very value it names')]
    return []


def _at(root: Node, link: Link) -> Node | None:
    """The node an anchor names, by its place."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        span = node.span
        if span.start > link.start or span.end < link.end:
            continue
        match node:
            case Scalar() | Mapping() | Sequence() if (
                node.anchor == link.name and span.start == link.start and span.end == link.end
            ):
                return node
            case Mapping():
                waiting += [part for entry in node.entries for part in (entry.key, entry.value)]
            case Sequence():
                waiting += node.items
            case _:
                pass
    return None


def _is_prefix(data: bytes, section: Section) -> bool:
    """Whether lines before a `---` hold nothing but directives, comments and blanks."""
    at = outline.first_content(data[: section.end], section.start)
    while at is not None:
        if data[at : at + 1] != b"%" or data[at - 1 : at] not in (b"", b"\n"):
            return False
        at = outline.first_content(data[: section.end], outline.line_end(data, at))
    return True


def _directives(data: bytes, prefix: Section | None) -> list[Diagnostic]:
    found = []
    versions = 0
    for line in _DIRECTIVE.finditer(data, prefix.start, prefix.end) if prefix is not None else ():
        name = line[0].split()[0]
        span = Span(line.start(), line.end())
        if name == b"%TAG":
            found.append(Diagnostic("yaml_tag", span, "custom tags are not supported; remove this line"))
        elif name == b"%YAML":
            versions += 1
            if versions > 1 or not _VERSION.match(line[0]):
                found.append(Diagnostic("yaml_syntax", span, 'write "%YAML 1.2" once, or leave it out'))
    return found


def _stray_directives(data: bytes, prefix: Section) -> list[Diagnostic]:
    line = _DIRECTIVE.search(data, prefix.start, prefix.end)
    if line is None:
        return []
    message = 'a line that starts with "%" wants a "---" line below it'
    return [Diagnostic("yaml_syntax", Span(line.start(), line.end()), message)]


def _after_end(data: bytes, at: int) -> list[Diagnostic]:
    """What stands behind `...` on its line."""
    rest = data[at + 3 : outline.line_end(data, at)].strip()
    if not rest or rest.startswith(b"#"):
        return []
    start = data.index(rest, at + 3)
    return [Diagnostic("yaml_syntax", Span(start, start + len(rest)), 'nothing may stand behind "..." on its line')]
