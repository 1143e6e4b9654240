"""From one item of text to nodes: the only module that calls tree-sitter.

A `Part` is a pure function of the item's bytes; its spans are relative to the item. `native` gives None when the text
is not clean YAML, and never parses what could crash the native parser (`outline.refusal`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import tree_sitter_yaml
from tree_sitter import Language, Parser
from tree_sitter import Node as Native

from pointsman.language import outline, scalars
from pointsman.language.diagnostics import Diagnostic, Related
from pointsman.language.source import Span
from pointsman.language.tree import Alias, Entry, Mapping, Missing, Node, Scalar, Sequence, Style, Value, anchored

# Nobody nests 64 levels; what lowers and walks a tree may recurse.
DEEPEST = 64

_LANGUAGE = Language(tree_sitter_yaml.language())
_QUOTES: dict[str, Style] = {"double_quote_scalar": "double", "single_quote_scalar": "single"}
_CORE = "tag:yaml.org,2002:"


class Link(NamedTuple):
    """An anchor (with the span of the node it names) or an alias (with its own)."""

    name: str
    start: int
    end: int
    alias: bool


class Part(NamedTuple):
    """What an item became; `links` are all anchors and aliases in it."""

    node: Node
    diagnostics: tuple[Diagnostic, ...] = ()
    links: tuple[Link, ...] = ()


@dataclass(slots=True)
class _State:
    data: bytes
    diagnostics: list[Diagnostic] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)

    def say(self, code: str, start: int, end: int, message: str) -> None:
        self.diagnostics.append(Diagnostic(code, Span(start, end), message))


def native(data: bytes, level: int = 0) -> Part | None:
    """Parse one item; None when it is not clean. A text the parser can not take is a Missing part that says why."""
    refused = outline.refusal(data)
    if refused is not None:
        code, start, end = refused
        return Part(Missing(Span(start, start)), (Diagnostic(code, Span(start, end), REFUSALS[code]),))
    root = Parser(_LANGUAGE).parse(data).root_node
    if root.has_error:
        return None
    contents = [node for document in root.named_children if document.type == "document" for node in _contents(document)]
    if len(contents) > 1:
        return None
    state = _State(data)
    node: Node = _lower(state, contents[0], -1, level) if contents else Missing(Span(len(data), len(data)))
    return Part(node, tuple(state.diagnostics), tuple(state.links))


def first_error(data: bytes) -> Span:
    """The smallest place the native parser objects to."""
    if outline.refusal(data) is not None:
        return Span(0, 0)
    node = Parser(_LANGUAGE).parse(data).root_node
    while True:
        inner = next((child for child in node.children if child.has_error or child.is_missing), None)
        if inner is None:
            return Span(
                node.start_byte, max(node.start_byte, min(node.end_byte, outline.line_end(data, node.start_byte) - 1))
            )
        node = inner


def duplicates(entries: Iterable[Entry]) -> list[Diagnostic]:
    """A finding for each key that stands a second time."""
    seen: dict[str, Scalar] = {}
    found = []
    for entry in entries:
        key = entry.key
        first = seen.setdefault(key.text, key)
        if first is not key:
            related = (Related(first.span, f'"{_short(key.text)}" is first given here'),)
            message = f'the key "{_short(key.text)}" is given twice; remove one'
            found.append(Diagnostic("duplicate_key", key.span, message, related=related))
    return found


REFUSALS = {
    "yaml_too_deep": f"this is nested too deeply; {DEEPEST} levels are the limit",
    "yaml_too_large": "this single value has more than 20,000 lines or 4 MiB; move it to a file of its own",
}


def _lower(state: _State, node: Native, indent: int, level: int) -> Node:
    """A `block_node` or `flow_node`: properties, then content."""
    anchor = tag = content = None
    children = node.children
    if len(children) == 1:
        content = children[0]
    else:
        for child in children:
            match child.type:
                case "anchor":
                    anchor = child
                case "tag":
                    tag = child
                case "comment":
                    pass
                case _:
                    content = child
    if content is not None and content.type in ("anchor", "tag"):
        anchor, tag, content = (content, tag, None) if content.type == "anchor" else (anchor, content, None)
    if tag is not None:
        lowered = _tagged(state, node, tag, content, indent, level)
        if isinstance(lowered, Scalar) and lowered.broken:
            # In `!x.ok && y` the second `&` is the name of an anchor, says the parser.
            anchor = anchor if anchor is not None and _text(state, anchor)[1:2].isalnum() else None
    elif content is None:
        lowered = Missing(Span(node.end_byte, node.end_byte))
    else:
        lowered = _content(state, content, indent, level)
    if anchor is None:
        return lowered
    name = _text(state, anchor)[1:]
    state.links.append(Link(name, lowered.span.start, lowered.span.end, False))
    return anchored(lowered, name)


def _content(state: _State, node: Native, indent: int, level: int) -> Node:
    start, end = node.start_byte, node.end_byte
    match node.type:
        case "plain_scalar":
            text = scalars.decode(state.data, start, end, "plain").text
            return Scalar(Span(start, end), "plain", text, scalars.resolve_plain(text))
        case "double_quote_scalar" | "single_quote_scalar" as kind:
            text = scalars.decode(state.data, start, end, _QUOTES[kind]).text
            return Scalar(Span(start, end), _QUOTES[kind], text, text)
        case "block_scalar":
            return _block_scalar(state, start, indent)
        case "alias":
            name = _text(state, node)[1:]
            state.links.append(Link(name, start, end, True))
            return Alias(Span(start, end), name)
    if level >= DEEPEST:
        state.say("yaml_too_deep", start, outline.line_end(state.data, start), REFUSALS["yaml_too_deep"])
        return Missing(Span(start, start))
    column = start - (state.data.rfind(b"\n", 0, start) + 1)
    match node.type:
        case "block_mapping" | "flow_mapping" as shape:
            entries = []
            for pair in node.named_children:
                entry = _entry(state, pair, column if shape == "block_mapping" else indent, level + 1)
                if entry is not None:
                    entries.append(entry)
            state.diagnostics += duplicates(entries)
            if shape == "block_mapping" and entries:
                # The native span may hold the line break behind it.
                end = entries[-1].span.end
            return Mapping(Span(start, end), tuple(entries), shape == "flow_mapping")
        case "block_sequence":
            items = tuple(
                _lower(state, inner[0], column, level + 1)
                if (inner := _contents(item))
                else _behind(state, item.start_byte + 1)
                for item in node.named_children
                if item.type != "comment"
            )
            return Sequence(Span(start, items[-1].span.end if items else end), items)
        case "flow_sequence":
            return Sequence(Span(start, end), tuple(_flow_items(state, node, indent, level + 1)), True)
    # Unknown node types are none of the grammar's; whoever adds one hears of it.
    state.say("yaml_syntax", start, end, "this is not understood")
    return Missing(Span(start, start))


def _flow_items(state: _State, node: Native, indent: int, level: int) -> Iterable[Node]:
    for item in node.named_children:
        match item.type:
            case "comment":
                pass
            case "flow_pair":
                entry = _entry(state, item, indent, level)
                end = item.end_byte if entry is None else max(item.end_byte, entry.span.end)
                yield Mapping(Span(item.start_byte, end), () if entry is None else (entry,), True)
            case _:
                yield _lower(state, item, indent, level)


def _entry(state: _State, pair: Native, indent: int, level: int) -> Entry | None:
    """A pair, or a lone key of a flow mapping; None for a comment and for a key that is none."""
    if pair.type == "comment":
        return None
    if pair.type in ("flow_node", "block_node"):
        key_node: Native | None = pair
        value_node = colon = None
    else:
        key_node, value_node = pair.child_by_field_name("key"), pair.child_by_field_name("value")
        colon = next((child for child in pair.children if child.type == ":"), None)
    key = None if key_node is None else _lower(state, key_node, indent, level)
    if value_node is not None:
        value = _lower(state, value_node, indent, level)
    elif colon is not None:
        value = _behind(state, colon.end_byte)
    else:
        value = Missing(Span(pair.end_byte, pair.end_byte))
    if isinstance(key, Scalar) and not key.broken:
        return Entry(key, value)
    if key is None or isinstance(key, Missing):
        state.say(
            "yaml_complex_key",
            pair.start_byte,
            pair.start_byte + 1,
            "this entry has no key; write one before the colon",
        )
    elif isinstance(key, Alias):
        state.say("yaml_complex_key", key.span.start, key.span.end, "an alias can not be a key; write the key out")
    elif not isinstance(key, Scalar):
        state.say(
            "yaml_complex_key", key.span.start, key.span.end, "a key is a single word or string, not a list or mapping"
        )
    return None


def _block_scalar(state: _State, start: int, indent: int) -> Scalar:
    style: Style = "literal" if state.data[start] == ord("|") else "folded"
    decoded = scalars.decode(state.data, start, start, style, indent)
    _check_leading(state, start, indent)
    return Scalar(Span(start, decoded.end), style, decoded.text, decoded.text)


def _check_leading(state: _State, start: int, indent: int) -> None:
    """Two faults the native parser lets pass: blanks above the text that are wider than its indentation, and a tab."""
    header_end = outline.line_end(state.data, start)
    if any(sign in b"123456789" for sign in state.data[start + 1 : start + 3]):
        return
    width, at = 0, header_end
    while at < len(state.data):
        end = outline.line_end(state.data, at)
        line = state.data[at:end].rstrip(b"\r\n")
        mine = len(line) - len(line.lstrip(b" "))
        if line.strip(b" "):
            if indent < mine < width:
                state.say(
                    "yaml_syntax", header_end, at, "these blank lines are indented further than the text below them"
                )
            elif not line.strip() and mine <= indent:
                state.say("yaml_syntax", at + mine, at + len(line), "indent with spaces; YAML does not allow tabs here")
            return
        width, at = max(width, mine), end


def _tagged(state: _State, node: Native, tag: Native, content: Native | None, indent: int, level: int) -> Node:
    written = _text(state, tag)
    kind = _core(written)
    if kind is None:
        state.say(
            "yaml_tag",
            tag.start_byte,
            tag.end_byte,
            f'custom tags like "{_short(written)}" are not supported; quote the value if it starts with "!"',
        )
        if content is None or content.type in ("plain_scalar", "block_scalar", *_QUOTES):
            # The raw text, for whoever can tell that an expression was meant; a block scalar's header is enough.
            end = node.end_byte if content is None or content.type != "block_scalar" else content.start_byte + 1
            raw = state.data[tag.start_byte : end].decode("utf-8", "replace")
            return Scalar(Span(tag.start_byte, end), "plain", raw, raw, tag=written, broken=True)
        return _content(state, content, indent, level)
    if content is None:
        value = Scalar(Span(node.end_byte, node.end_byte), "plain", "", None)
        lowered: Node = value
    else:
        lowered = _content(state, content, indent, level)
    if isinstance(lowered, Scalar):
        fit, value_of = _converted(lowered, kind)
        if not fit:
            state.say(
                "yaml_tag", tag.start_byte, tag.end_byte, f'"{_short(lowered.text)}" does not fit the tag {written}'
            )
        return Scalar(lowered.span, lowered.style, lowered.text, value_of, tag=written)
    if kind != {"Mapping": "map", "Sequence": "seq"}.get(type(lowered).__name__, kind):
        state.say("yaml_tag", tag.start_byte, tag.end_byte, f"this value does not fit the tag {written}")
    return lowered


def _converted(scalar: Scalar, kind: str) -> tuple[bool, Value]:
    meaning = scalars.resolve_plain(scalar.text)
    match kind:
        case "str":
            return True, scalar.text
        case "null":
            return meaning is None, None
        case "bool" if isinstance(meaning, bool):
            return True, meaning
        case "int" if isinstance(meaning, int) and not isinstance(meaning, bool):
            return True, meaning
        case "float" if isinstance(meaning, int | float) and not isinstance(meaning, bool):
            # A thousand digits are an int and no float.
            return len(scalar.text) < 300, float(meaning) if len(scalar.text) < 300 else scalar.text
    return False, scalar.text


def _core(written: str) -> str | None:
    """The core type a tag names; None for a custom tag. A lone `!` says: a string, whatever it looks like."""
    if written == "!":
        return "str"
    name = written[2:] if written.startswith("!!") else ""
    if written.startswith("!<" + _CORE):
        name = written[2 + len(_CORE) : -1]
    return name if name in ("str", "null", "bool", "int", "float", "map", "seq") else None


def _contents(node: Native) -> list[Native]:
    return [child for child in node.named_children if child.type in ("block_node", "flow_node")]


def _behind(state: _State, at: int) -> Missing:
    at += state.data[at : at + 1] in (b" ", b"\t")
    return Missing(Span(at, at))


def _text(state: _State, node: Native) -> str:
    return state.data[node.start_byte : node.end_byte].decode("utf-8", "replace")


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"
