"""The outline of a file: pipelines with their stages, agents and state, policies with their rules."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pointsman.language.lexical import get, part, text_of
from pointsman.language.source import Source, Span
from pointsman.language.tree import Entry, Mapping, Node, Sequence, resolve
from pointsman_lsp.analysis.document import Document

Kind = Literal["pipeline", "policy", "stage", "branch", "agent", "tool", "state", "rule", "section"]


@dataclass(frozen=True, slots=True)
class Symbol:
    """One line of the outline. `span` is all of it, `name_span` its name, inside of `span`."""

    name: str
    kind: Kind
    detail: str
    span: Span
    name_span: Span
    children: tuple["Symbol", ...] = ()


# Sections by the key they stand under, in any kind of file: what their entries are.
_ENTRIES: dict[str, Kind] = {"stages": "stage", "agents": "agent", "tools": "tool", "state": "state"}
_SECTIONS = (
    "input",
    "output",
    "limits",
    "budget",
    "defaults",
    "policies",
    "reasons",
    "redact",
    "lists",
    "env",
    "roots",
)
_WORK = ("python", "command", "scripted", "llm")
_WIDE = 80
# What an entry amounts to depends on its bytes and its column alone, unless it names something outside of itself. So
# after a keystroke one stage is looked into, and the others are moved to where they stand now.
_known: dict[tuple[bytes, int, Kind], Symbol] = {}
_MOST = 20_000
_KINDS = ("agent", "ask", "fork", "set", "stages")


def symbols(document: Document) -> list[Symbol]:
    """The outline of a file, in the order it is written: a symbol for each document of pipelines and policies.

    A file of settings has no such frame; its sections stand at the top.
    """
    analysis = document.analysis
    found: list[Symbol] = []
    for one in analysis.tree.documents:
        root = one.root
        inside = tuple(_sections(document.source, root))
        if analysis.kind == "workspace":
            found += inside
            continue
        head = get(root, analysis.kind)
        name = text_of(head.value) if head else None
        if head is None and not inside:
            continue
        description = get(root, "description")
        at = head.value.span if head and name else root.span
        detail = _line(text_of(description.value)) if description else ""
        shown = name or f"{analysis.kind} without a name"
        found.append(Symbol(shown, analysis.kind, detail, _around(root.span, at), at, inside))
    return found


def _sections(source: Source, root: Node) -> Iterator[Symbol]:
    for entry in _own(root):
        key = entry.key.text
        if key in _ENTRIES:
            children = tuple(_remembered(source, one, _ENTRIES[key]) for one in _own(entry.value))
            yield _symbol(source, entry, "section", _count(len(children), _ENTRIES[key]), children)
        elif key == "rules":
            rules = entry.value.items if isinstance(entry.value, Sequence) else ()
            children = tuple(_rule(one) for one in rules)
            yield _symbol(source, entry, "section", _count(len(children), "rule"), children)
        elif key in _SECTIONS:
            yield _symbol(source, entry, "section", "")


def _remembered(source: Source, entry: Entry, kind: Kind) -> Symbol:
    """The symbol of an entry, from what is known of the same bytes."""
    span, data = entry.span, source.data
    text = data[span.start : span.end]
    if b"*" in text or source.path.endswith(".toml"):
        return _named(source, entry, kind)
    key = text, span.start - data.rfind(b"\n", 0, span.start), kind
    known = _known.get(key)
    if known is None:
        if len(_known) >= _MOST:
            _known.clear()
        known = _known[key] = _moved(_named(source, entry, kind), -span.start)
    return _moved(known, span.start)


def _moved(symbol: Symbol, by: int) -> Symbol:
    span, name = symbol.span, symbol.name_span
    return Symbol(
        symbol.name,
        symbol.kind,
        symbol.detail,
        Span(span.start + by, span.end + by),
        Span(name.start + by, name.end + by),
        tuple(_moved(child, by) for child in symbol.children) if symbol.children else (),
    )


def _named(source: Source, entry: Entry, kind: Kind) -> Symbol:
    match kind:
        case "stage" | "branch":
            return _symbol(source, entry, kind, _work_of(entry.value), tuple(_branches(source, entry.value)))
        case "agent" | "tool":
            return _symbol(source, entry, kind, _behind(entry.value))
        case _:
            form = get(entry.value, "type")
            return _symbol(source, entry, kind, _line(text_of(form.value)) if form else "")


def _branches(source: Source, stage: Node) -> Iterator[Symbol]:
    """What is inside of a stage: the branches of its fork; and of a branch, its stages."""
    for entry in _own(stage):
        match entry.key.text:
            case "stages":
                yield from (_named(source, one, "stage") for one in _own(entry.value))
            case "fork":
                yield from (_named(source, one, "branch") for one in _own(entry.value))
            case _:
                pass


def _work_of(stage: Node) -> str:
    """The kind of a stage, and who does its work."""
    for key in _KINDS:
        entry = get(stage, key)
        if entry is None:
            continue
        match key:
            case "agent":
                return f"agent {_line(text_of(entry.value))}".rstrip()
            case "ask":
                kind = get(entry.value, "kind")
                return f"ask {_line(text_of(kind.value)) if kind else ''}".rstrip()
            case "set":
                return f"set {', '.join(one.key.text for one in _own(entry.value))}".rstrip()
            case "fork":
                return "fork"
            case _:
                return ""
    return "gate" if get(stage, "routes") else ""


def _behind(worker: Node) -> str:
    """What does the work of an agent or a tool."""
    for key in _WORK:
        entry = get(worker, key)
        if entry:
            command = resolve(entry.value)
            words = command.items if isinstance(command, Sequence) and key == "command" else ()
            model = get(entry.value, "model") if key == "llm" else None
            said = text_of(model.value if model else words[0] if words else entry.value)
            return f"{key} {_line(said)}".rstrip()
    return ""


def _rule(node: Node) -> Symbol:
    name, effect = get(node, "id"), get(node, "effect")
    shown = text_of(name.value) if name else None
    at = name.value.span if name and shown else node.span
    return Symbol(
        shown or "rule without an id",
        "rule",
        _line(text_of(effect.value)) if effect else "",
        _around(node.span, at),
        at,
    )


def _symbol(source: Source, entry: Entry, kind: Kind, detail: str, children: tuple[Symbol, ...] = ()) -> Symbol:
    span = part(source, entry.key, 0, len(entry.key.text)) or entry.key.span
    # Of TOML the places are found by looking for them, and a table may be written in pieces.
    full = _around(entry.span, span, *(child.span for child in children))
    return Symbol(entry.key.text or "(no name)", kind, detail, full, span, children)


def _own(node: Node) -> tuple[Entry, ...]:
    """The entries a mapping has itself: what an alias or a merge key brings is listed where it is written."""
    return tuple(one for one in node.entries if one.key.text != "<<") if isinstance(node, Mapping) else ()


def _around(*spans: Span) -> Span:
    return Span(min(one.start for one in spans), max(one.end for one in spans))


def _count(number: int, kind: Kind) -> str:
    what = "key" if kind == "state" else kind
    return f"{number} {what}{'' if number == 1 else 's'}"


def _line(text: str | None) -> str:
    """The first line of a text, as long as an outline is wide."""
    first = (text or "").strip().partition("\n")[0]
    return first if len(first) <= _WIDE else first[: _WIDE - 1] + "…"
