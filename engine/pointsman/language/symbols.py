"""Who defines a name and who refers to it, in one text and in the prompts of its agents.

One walk along the table of keys finds every occurrence; it goes only where its `Search` tells it to look, so that the
question what stands at an offset costs the way down to it and not the file.
"""

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from re import compile as regex
from re import escape
from typing import TypeAlias

from pointsman.language import schema
from pointsman.language.expressions import is_template
from pointsman.language.lexical import Definition, Foreign, Where, get, names_in, text_of
from pointsman.language.occurrences import Occurrence, Search, Walk
from pointsman.language.source import Source, Span
from pointsman.language.tree import Mapping, Node, Sequence, Tree, entries, resolve

__all__ = [
    "Definition",
    "Foreign",
    "Occurrence",
    "Search",
    "Texts",
    "around",
    "at",
    "everywhere",
    "mentions",
    "occurrences",
    "same",
    "siblings",
]

Texts: TypeAlias = Callable[[str], bytes | None]
"""Gives the bytes of a file by its path as written in the text; None when there is none."""

# Its sign comes first: a regex that starts with a letter is ten times faster.
_ALIAS = regex(rb"\*(?<=[ \t\[{,]\*)[^\s*]")
# Escapes and joined lines: a name may be spelt in other letters than its own.
_SPELT = regex(rb"\\(?:[xuU]|\r?\n|\r)")

everywhere = Search(lambda start, end: True, lambda text: True)
"""Looks at everything."""


def around(offset: int) -> Search:
    """Looks at what touches an offset."""
    return Search(lambda start, end: start <= offset <= end, lambda text: True)


def mentions(source: Source, names: Collection[str]) -> Search:
    """Looks at every place that may spell one of these names."""
    in_text = regex(rf"(?<!\w)(?:{'|'.join(map(escape, sorted(set(names))))})(?!\w)")
    found = sorted(at for name in names for at in _places(source.data, name.encode()))

    def within(start: int, end: int) -> bool:
        index = bisect_left(found, start)
        return index < len(found) and found[index] <= end

    spelt = _ALIAS.search(source.data) or _SPELT.search(source.data)
    return Search(everywhere.within if spelt else within, lambda text: "\\" in text or in_text.search(text) is not None)


def at(tree: Tree, kind: str, offset: int) -> Occurrence | None:
    """The name at an offset, its ends included; of two that touch it the one that starts there, and the innermost."""
    found = [
        one
        for one in occurrences(tree, kind, around(offset))
        if not one.file and one.span.start <= offset <= one.span.end
    ]
    return max(found, key=lambda one: (one.span.start, -one.span.end, bool(one.targets)), default=None)


def same(tree: Tree, kind: str, of: Occurrence, texts: Texts | None = None) -> list[Occurrence]:
    """All occurrences of what `of` means, in the order of the text; those in prompts behind. Each place comes once."""
    found: dict[tuple[str, Span], Occurrence] = {}
    for one in occurrences(tree, kind, mentions(tree.source, [of.name]), texts):
        known = found.get((one.file, one.span))
        # A place that is come to twice, by aliases or from two pipelines, may mean something else each time.
        targets = tuple(dict.fromkeys((*known.targets, *one.targets))) if known else one.targets
        found[one.file, one.span] = replace(one, targets=targets)
    meant = [one for one in found.values() if any(target in of.targets for target in one.targets)]
    return sorted(meant, key=lambda one: (one.file, one.span))


def siblings(tree: Tree, of: Definition) -> frozenset[str]:
    """The other names in the mapping that defines this one."""
    waiting = [document.root for document in tree.documents]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Mapping):
            if any(entry.span == of.full and entry.key.text == of.name for entry in node.entries):
                return frozenset(entry.key.text for entry in entries(node)) - {of.name}
            waiting += [one.value for one in node.entries if one.span.start <= of.span.start <= one.span.end]
        elif isinstance(node, Sequence):
            waiting += [item for item in node.items if item.span.start <= of.span.start <= item.span.end]
    return frozenset()


def occurrences(tree: Tree, kind: str, search: Search, texts: Texts | None = None) -> Iterator[Occurrence]:
    """The occurrences that a search comes by, in no certain order; some may come twice.

    With `texts`, which gives the bytes of a file by its path, the prompts of the text's agents are looked through too.
    """
    for document in tree.documents:
        if search.within(document.span.start, document.span.end):
            where = Where(tree.source, document.root)
            yield from Walk(tree.source, search, set()).value(document.root, schema.Of(schema.ROOTS[kind]), where, 0)
        if texts and kind == "pipeline":
            yield from _prompts(tree.source, document.root, search, texts)


def _places(data: bytes, name: bytes) -> Iterator[int]:
    """Where a text has these bytes as a word. What stands before is looked at last: so the search is a quick one."""
    for found in regex(escape(name) + rb"(?!\w)").finditer(data):
        before = data[max(found.start() - 2, 0) : found.start()]
        # Behind a backslash a letter is no part of the word.
        if (not before[-1:].isalnum() and before[-1:] != b"_") or before[:1] == b"\\":
            yield found.start()


def _prompts(source: Source, root: Node, search: Search, texts: Texts) -> Iterator[Occurrence]:
    """The names in the prompt files of a pipeline's agents."""
    agents = get(root, "agents")
    named = resolve(agents.value) if agents else None
    for agent in entries(named) if isinstance(named, Mapping) else ():
        llm = get(agent.value, "llm")
        path = text_of(prompt.value) if llm and (prompt := get(llm.value, "prompt")) else None
        data = texts(path) if path else None
        text = "" if data is None else data.decode("utf-8", "replace")
        # Of a text that is no UTF-8 the places are not certain.
        if path and is_template(text) and search.mentions(text) and text.encode() == data:
            for name, start, end, targets in names_in(text, Where(source, root, worker=agent.key.text)):
                first = len(text[:start].encode())
                yield Occurrence(name, Span(first, first + len(text[start:end].encode())), targets, file=path)
