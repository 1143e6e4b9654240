"""`pointsman.toml`, read into the model: the TOML as a tree, then the same walker and table as for YAML.

`tomllib` gives values without places, so places are found again by looking for keys and values in the text. A place is
right for the plain way to write TOML, and the key's line for the rest.
"""

import tomllib
from collections.abc import Iterator
from re import MULTILINE, escape
from re import compile as regex
from typing import Any

from pointsman.language import model, schema
from pointsman.language.agents import read_agents, read_redaction, read_tools
from pointsman.language.collecting import ABSENT, Reading
from pointsman.language.diagnostics import Diagnostic
from pointsman.language.reading import section
from pointsman.language.source import Source, Span
from pointsman.language.tree import Document, Entry, Mapping, Node, Scalar, Sequence, Style, Tree

# As many as the parser of YAML takes.
_LEVELS = 64
_WHERE = regex(r"\(at line (\d+), column (\d+)\)|\(at end of document\)")
_HEADER = regex(rb"^[ \t]*\[\[?([^\]\r\n]+)\]\]?", MULTILINE)


def read_workspace(source: Source) -> tuple[model.Workspace, tuple[Diagnostic, ...]]:
    """The settings in a `pointsman.toml`, whatever its text; what can not be read has its default."""
    tree = workspace_tree(source)
    if tree.diagnostics:
        return model.Workspace(), tree.diagnostics
    reading = Reading(source)
    found = section(reading, tree.documents[0].root, schema.SECTIONS["workspace"], "the file")
    if found is ABSENT:
        return model.Workspace(), tuple(reading.diagnostics)
    workspace = model.Workspace(
        python=found.get("python"),
        env=found.get("env", ()),
        policies=found.get("policies", ()),
        durability=found.get("durability", "normal"),
        agents=read_agents(reading, found.get("agents", ())),
        tools=read_tools(reading, found.get("tools", ())),
        lists=tuple((item.name.name, item.value) for item in found.get("lists", ())),
        roots=found.get("roots", ()),
        redact=read_redaction(found),
    )
    return workspace, tuple(sorted(reading.diagnostics, key=lambda one: (one.span.start, one.span.end)))


def workspace_tree(source: Source) -> Tree:
    """A TOML text as a tree like those of YAML."""
    whole = Span(0, len(source.data))
    try:
        data = tomllib.loads(source.data.removeprefix(b"\xef\xbb\xbf").decode())
    except UnicodeDecodeError as error:
        at = Span(error.start, error.start + 1)
        return _refused(source, Diagnostic("yaml_encoding", at, "this is not UTF-8; save the file as UTF-8"))
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        return _refused(source, toml_syntax(source, str(error)))
    if _too_deep(data):
        return _refused(source, Diagnostic("yaml_too_deep", Span(0, 0), f"this is nested deeper than {_LEVELS} levels"))
    root = _node(source, data, whole)
    return Tree(source, (Document(root, whole),), ())


def toml_syntax(source: Source, message: str) -> Diagnostic:
    """A text that is no TOML, at the place its parser stopped."""
    where = _WHERE.search(message)
    span = Span(len(source.data), len(source.data))
    if where and where[1] and int(where[1]) <= len(source.line_starts):
        start = source.line_starts[int(where[1]) - 1]
        start += len(source.line_text(int(where[1]) - 1)[: int(where[2]) - 1].encode())
        span = Span(start, min(start + 1, len(source.data)))
    text = _WHERE.sub("", message).strip()
    return Diagnostic("toml_syntax", span, text[:1].lower() + text[1:])


def _too_deep(data: Any) -> bool:
    """Whether the data has more levels than anybody writes; counted level by level, for Python's stack has an end."""
    level = [data]
    for _ in range(_LEVELS):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return False
    return True


def _refused(source: Source, why: Diagnostic) -> Tree:
    empty = Mapping(Span(0, 0), ())
    return Tree(source, (Document(empty, Span(0, len(source.data))),), (why,))


def _node(source: Source, value: Any, within: Span) -> Node:
    """A node for a value that stands somewhere inside of `within`."""
    match value:
        case dict():
            return Mapping(within, tuple(_entries(source, value, within)))
        case list():
            return Sequence(within, tuple(_items(source, value, within)))
        case str():
            span, style = _string_at(source, value, within)
            return Scalar(span, style, value, value)
        case bool() | int() | float():
            return Scalar(within, "plain", str(value).lower() if isinstance(value, bool) else str(value), value)
        case _:
            # Dates and times have no meaning here; as text they are a value of the wrong form, in quotes they are fine.
            return Scalar(within, "plain", str(value), None)


def _entries(source: Source, table: dict[str, Any], within: Span) -> Iterator[Entry]:
    for name, value in table.items():
        key, rest = _key_at(source, name, isinstance(value, dict), within)
        yield Entry(Scalar(key, "plain", name, name), _node(source, value, rest))


def _items(source: Source, items: list[Any], within: Span) -> Iterator[Node]:
    for item in items:
        yield _node(source, item, within)


def _key_at(source: Source, name: str, is_table: bool, within: Span) -> tuple[Span, Span]:
    """Where a key stands inside of a range, and the range of its value."""
    word = escape(name).encode()
    quoted = rb"(?:\"" + word + rb"\"|'" + word + rb"'|" + word + rb")"
    if is_table:
        headers = list(_HEADER.finditer(source.data, within.start, within.end))
        # Behind the first name of a header, as in `[agents.search]`, the range of `agents` starts with the next one.
        behind = regex(rb"[ \t]*\.[ \t]*(" + quoted + rb")[ \t]*(?=[.\]])").match(source.data, within.start, within.end)
        if behind:
            prefix = source.data[source.data.rfind(b"[", 0, behind.start()) + 1 : behind.end(1)] + b"."
            others = (header.start() for header in headers if not header[1].startswith(prefix))
            return Span(*behind.span(1)), Span(behind.end(1), next(others, within.end))
        for index, header in enumerate(headers):
            inner = regex(rb"(?:^|\.)[ \t]*(" + quoted + rb")[ \t]*(?=\.|$)").search(header[1])
            if inner:
                key = Span(header.start(1) + inner.start(1), header.start(1) + inner.end(1))
                last = index + 1
                prefix = header[1][: inner.end(1)]
                while last < len(headers) and headers[last][1].startswith(prefix + b"."):
                    last += 1
                return key, Span(key.end, headers[last].start() if last < len(headers) else within.end)
    found = regex(rb"(?:^|[{,.\[])[ \t]*(" + quoted + rb")[ \t]*[=.]", MULTILINE).search(
        source.data, within.start, within.end
    )
    if found is None:
        return within, within
    key = Span(found.start(1), found.end(1))
    if source.data[found.end() - 1 : found.end()] == b".":
        # A dotted key: more keys of the same table may stand on any later line.
        return key, Span(found.end() - 1, within.end)
    return key, _value_at(source, found.end(), within)


def _value_at(source: Source, start: int, within: Span) -> Span:
    """From behind a key's `=` to the end of its value: the line, or the line that closes its brackets."""
    data = source.data
    while start < within.end and data[start : start + 1] in (b" ", b"\t"):
        start += 1
    level, at, quote = 0, start, b""
    while at < within.end:
        sign = data[at : at + 1]
        if quote:
            if sign == b"\\" and quote == b'"':
                at += 1
            elif sign == quote:
                quote = b""
        elif sign in (b'"', b"'"):
            quote = sign
        elif sign in (b"[", b"{"):
            level += 1
        elif sign in (b"]", b"}"):
            if level == 0:
                break
            level -= 1
        elif level == 0 and sign in (b"\n", b"\r", b"#", b","):
            break
        at += 1
    end = at
    while end > start and data[end - 1 : end].isspace():
        end -= 1
    return Span(start, end)


def _string_at(source: Source, value: str, within: Span) -> tuple[Span, Style]:
    """A string with its quotes, where it stands letter for letter; else the whole range, as one piece."""
    content = value.encode()
    styles: tuple[tuple[bytes, Style], ...] = ((b'"', "double"), (b"'", "single"))
    for quote, style in styles:
        at = source.data.find(quote + content + quote, within.start, within.end)
        if at >= 0 and b"\\" not in content:
            return Span(at, at + len(content) + 2), style
    return within, "literal"
