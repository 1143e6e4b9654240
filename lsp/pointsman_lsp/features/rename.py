"""A new name for a stage, a branch, an agent, a tool, a key of the state or an anchor, everywhere it is named.

Nothing is renamed unless every place is certain: the new text is read again, and each name in it must mean what it
meant before.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import accumulate
from pathlib import Path
from re import compile as regex
from re import escape

from pointsman.language import symbols
from pointsman.language.lexical import get, part, text_of
from pointsman.language.reading import RESERVED, valid_name
from pointsman.language.scalars import resolve_plain
from pointsman.language.source import Source, Span
from pointsman.language.symbols import Definition, Foreign, Occurrence
from pointsman.language.syntax import parse
from pointsman.language.tree import Node, Scalar, Sequence, Tree, resolve
from pointsman_lsp.analysis.document import Document
from pointsman_lsp.features import Refused, TextEdit
from pointsman_lsp.features.navigation import definition as definition_of
from pointsman_lsp.features.navigation import path_of, prompt_text

Change = tuple[Path, Source, list[TextEdit]]

_WORDS = {"state": "key of `state`"}
_ELSEWHERE = {
    "agent": "the agent {0} is one of the workspace; its name is in pointsman.toml, and other pipelines use it",
    "tool": "the tool {0} is one of the workspace; its name is in pointsman.toml, and other pipelines use it",
    "list": "{0} is a list of the workspace; its name is in pointsman.toml",
    "module": "{0} is a module of your Python; rename it there",
    "function": "{0} is a function of your Python; rename it there",
}
_OUTSIDE = {
    "input": "{0} is a field of the input; whoever starts the pipeline gives it by that name",
    "field": "{0} is a field of a result; what makes the result gives it by that name",
    "argument": "{0} is an argument; what takes it knows it by that name",
    "reason": "{0} is a reason; journals and those who read them know it by that name",
    "list": "{0} is a list; the policies of the workspace know it by that name",
}
_ANCHOR = regex(r"[^\s,\[\]{}]+")


def prepare(document: Document, offset: int) -> tuple[Span, str]:
    """What would be renamed at an offset: its place and its name. Raises Refused."""
    found, _ = _renamed(document, offset)
    return found.span, found.name


def rename(document: Document, offset: int, new_name: str) -> list[Change]:
    """The edits that give what stands at an offset a new name: each file with its text and its edits in order.

    Raises Refused when it can not be called that, or when it is not certain that all goes on as before.
    """
    found, definition = _renamed(document, offset)
    if new_name == definition.name:
        return []
    _check_name(document, definition, new_name)
    places = symbols.same(document.analysis.tree, document.analysis.kind, found, prompt_text(document))
    for place in places:
        if place.targets != (definition,):
            where = _line(document.source, prompt_text(document), place)
            raise Refused(f"{definition.name} in {where} may mean something else; a new name is not certain")
    edits: dict[str, list[TextEdit]] = {}
    for place in places:
        edits.setdefault(place.file, []).append(TextEdit(place.span, new_name))
    _check_meaning(document, definition, new_name, edits)
    changes: dict[Path, Change] = {}
    for file, written in edits.items():
        path = path_of(document, file) if file else document.path
        source = Source(str(path), document.disk.read(path) or b"") if file else document.source
        known = changes.get(path, (path, source, []))[2]
        changes[path] = path, source, sorted({*known, *written}, key=lambda one: one.span)
    return [*changes.values(), *_policies(document, definition, new_name)]


def _renamed(document: Document, offset: int) -> tuple[Occurrence, Definition]:
    found = symbols.at(document.analysis.tree, document.analysis.kind, offset)
    if found is None:
        raise Refused("there is no name here")
    if not found.targets:
        raise Refused(f"nothing here is called {found.name}")
    match found.targets:
        case (Foreign(kind="agent" | "tool"),) if not definition_of(document, offset):
            raise Refused(f"nothing here is called {found.name}")
        case (Foreign(kind=kind),):
            raise Refused(_ELSEWHERE.get(kind, "{0} is a file; rename the file").format(found.name))
        case (Definition(kind=kind), *_) if kind in _OUTSIDE:
            raise Refused(_OUTSIDE[kind].format(found.name))
        case (Definition() as definition,):
            if document.analysis.kind == "workspace":
                raise Refused(f"pipelines of the workspace use {found.name}; they would not be renamed with it")
            return found, definition
        case _:
            raise Refused(f"{found.name} may mean several here; rename one of them where it is defined")


def _check_name(document: Document, definition: Definition, new: str) -> None:
    what = _WORDS.get(definition.kind, definition.kind)
    what = f"an {what}" if what[0] in "aeiou" else f"a {what}"
    if definition.kind == "anchor":
        if not _ANCHOR.fullmatch(new):
            raise Refused("an anchor's name has no blanks, commas or brackets")
        return
    if new in RESERVED:
        raise Refused(f"{what} can not be called {new}; that word means something else")
    if not valid_name(new):
        raise Refused(f"the name of {what} is letters, digits and `_`, and starts with no digit")
    if not isinstance(resolve_plain(new), str):
        raise Refused(f"YAML does not read {new} as text")
    if new in symbols.siblings(document.analysis.tree, definition):
        raise Refused(f"there is {what} {new} already")


def _check_meaning(document: Document, definition: Definition, new: str, edits: dict[str, list[TextEdit]]) -> None:
    """Read the new text, and refuse when any name in it means something else than before."""
    read, kind, tree = prompt_text(document), document.analysis.kind, document.analysis.tree
    names = [definition.name, new]
    before = _meanings(tree, kind, names, read, edits)

    def written(path: str) -> bytes | None:
        data = read(path)
        return data if data is None else _edited(data, edits.get(path, []))

    source = Source(document.source.path, _edited(document.source.data, edits.get("", [])))
    after = _meanings(parse(source), kind, names, written, {})
    for place, (meant, one) in before.items():
        if place not in after or after[place][0] != meant:
            where = _line(tree.source, read, one)
            raise Refused(f"what is named in {where} would not mean the same with the name {new}")
    for place, (_, one) in after.items():
        if place not in before:
            raise Refused(f"what is named in {_line(source, written, one)} would come to mean this {definition.kind}")


_Meanings = dict[tuple[str, int], tuple[set[object], Occurrence]]


def _meanings(
    tree: Tree, kind: str, names: list[str], read: symbols.Texts, edits: dict[str, list[TextEdit]]
) -> _Meanings:
    """What each of these names means, by its place: definitions as the places of theirs, both after the edits."""
    moved, still = {file: _moved(of) for file, of in edits.items()}, _moved([])
    here = moved.get("", still)
    found: _Meanings = {}
    for one in symbols.occurrences(tree, kind, symbols.mentions(tree.source, names), read):
        if one.name not in names:
            continue
        at = moved.get(one.file, still)(one.span.start)
        found.setdefault((one.file, at), (set(), one))[0].update(
            here(target.span.start) if isinstance(target, Definition) else target for target in one.targets
        )
    return found


def _moved(edits: list[TextEdit]) -> Callable[[int], int]:
    """Where a byte stands after some edits, none of which holds it."""
    ordered = sorted(edits, key=lambda one: one.span)
    starts = [one.span.start for one in ordered]
    grown = [0, *accumulate(len(one.text.encode()) - (one.span.end - one.span.start) for one in ordered)]
    return lambda at: at + grown[bisect_left(starts, at)]


def _edited(data: bytes, edits: list[TextEdit]) -> bytes:
    for one in sorted(edits, key=lambda one: one.span, reverse=True):
        data = data[: one.span.start] + one.text.encode() + data[one.span.end :]
    return data


def _line(source: Source, read: symbols.Texts, place: Occurrence) -> str:
    if place.file:
        source = Source(place.file, read(place.file) or b"")
    line = source.line_at(place.span.start) + 1
    return f"line {line} of {place.file}" if place.file else f"line {line}"


def _policies(document: Document, definition: Definition, new: str) -> Iterator[Change]:
    """The rules that speak of this agent or stage by name, in the policies that its pipeline names.

    A rule that no longer fits would let pass what it was made to stop, so one that can not follow refuses the new name.
    """
    if definition.kind not in ("agent", "stage", "branch"):
        return
    fact = "agent" if definition.kind == "agent" else "stage"
    pipeline = next(
        one.root for one in document.analysis.tree.documents if one.span.start <= definition.span.start <= one.span.end
    )
    watched = text_of(_value(pipeline, "pipeline")) or ""
    for path, source, own in _policy_files(document, pipeline):
        edits = []
        for rule in _rules(source):
            match = _value(rule, "match")
            scalar = resolve(glob) if (glob := _value(match, fact)) else None
            if not isinstance(scalar, Scalar) or not _fits(text_of(_value(match, "pipeline")) or "*", watched):
                continue
            if _fits(scalar.text, definition.name) == _fits(scalar.text, new):
                continue
            span = part(source, scalar, 0, len(scalar.text))
            if not own or scalar.text != definition.name or span is None:
                name = text_of(_value(rule, "id")) or "a rule"
                raise Refused(f"{name} in {path.name} speaks of the {fact} {scalar.text}; change that rule first")
            edits.append(TextEdit(span, new))
        if edits:
            yield path, source, edits


def _policy_files(document: Document, pipeline: Node) -> Iterator[tuple[Path, Source, bool]]:
    """The policies that watch a pipeline; `own` are those it names itself."""
    listed = resolve(found) if (found := _value(pipeline, "policies")) else None
    named = (
        {path_of(document, text_of(item) or ""): True for item in listed.items} if isinstance(listed, Sequence) else {}
    )
    for policy in document.place.settings.policies:
        named.setdefault(document.place.root / policy.name, False)
    for path, own in named.items():
        data = document.disk.read(path)
        if data is not None:
            yield path, Source(str(path), data), own


def _rules(source: Source) -> Iterator[Node]:
    for one in parse(source).documents:
        rules = resolve(found) if (found := _value(one.root, "rules")) else None
        yield from rules.items if isinstance(rules, Sequence) else ()


def _value(node: Node | None, key: str) -> Node | None:
    entry = get(node, key)
    return entry.value if entry else None


def _fits(glob: str, name: str) -> bool:
    pattern = "".join({"*": ".*", "?": "."}.get(sign, escape(sign)) for sign in glob)
    return regex(pattern).fullmatch(name) is not None
