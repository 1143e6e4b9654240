"""From a name to where it is defined, from a definition to everywhere it is named, across the files around."""

import os
from collections.abc import Iterator
from pathlib import Path

from pointsman.language import symbols
from pointsman.language.agents import SCRIPTED
from pointsman.language.checks.targets import candidates
from pointsman.language.lexical import get, part
from pointsman.language.paths import normal
from pointsman.language.python_facts import place_of
from pointsman.language.source import Source, Span
from pointsman.language.symbols import Definition, Foreign, Occurrence
from pointsman.language.workspace import workspace_tree
from pointsman.runtime.workspace import SETTINGS
from pointsman_lsp.analysis.document import Document
from pointsman_lsp.features import Location

__all__ = ["definition", "highlights", "occurrence_at", "path_of", "prompt_text", "references"]

_START = Span(0, 0)
_SECTIONS = {"agent": "agents", "tool": "tools", "list": "lists"}


def definition(document: Document, offset: int) -> list[Location]:
    """Where what is named at an offset is defined; several places when either may be meant, none for no name."""
    found = occurrence_at(document, offset)
    return list(_defined(document, found)) if found else []


def references(document: Document, offset: int, declaration: bool) -> list[Location]:
    """Everywhere in this file and the prompts of its agents that names what stands at an offset.

    With `declaration` also where it is defined, though that be another file.
    """
    found = occurrence_at(document, offset)
    if found is None:
        return []
    places: dict[tuple[Path, Span], Location] = {}
    for target in _defined(document, found) if declaration else ():
        places[target.path, target.span] = target
    for one in symbols.same(document.analysis.tree, document.analysis.kind, found, prompt_text(document)):
        path, source = document.path, document.source
        if one.file:
            path = path_of(document, one.file)
            source = Source(str(path), document.disk.read(path) or b"")
        if not one.defines:
            places.setdefault((path, one.span), Location(path, source, one.span, one.span))
    return list(places.values())


def highlights(document: Document, offset: int) -> list[Span]:
    """The places in this file that name what stands at an offset, its definition among them."""
    found = occurrence_at(document, offset)
    return [one.span for one in symbols.same(document.analysis.tree, document.analysis.kind, found)] if found else []


def occurrence_at(document: Document, offset: int) -> Occurrence | None:
    """The name at an offset, when it means something here."""
    found = symbols.at(document.analysis.tree, document.analysis.kind, offset)
    return found if found and found.targets else None


def prompt_text(document: Document) -> "symbols.Texts":
    """Reads the prompts of a document's agents by the path that is written."""
    return lambda path: document.disk.read(path_of(document, path))


def _defined(document: Document, found: Occurrence) -> Iterator[Location]:
    for target in found.targets:
        match target:
            case Definition(span=span, full=full):
                yield Location(document.path, document.source, span, full)
            case Foreign(kind="agent" | "tool" | "list" as kind, name=name):
                yield from _shared(document, _SECTIONS[kind], name)
            case Foreign(kind="module" | "function", name=name):
                yield from _python(document, *name.partition(":")[::2])
            case Foreign(name=name):
                path = path_of(document, name.removeprefix(SCRIPTED))
                data = document.disk.read(path)
                if data is not None:
                    yield Location(path, Source(str(path), data), _START, Span(0, len(data)))


def _shared(document: Document, section: str, name: str) -> Iterator[Location]:
    """An entry of the workspace's settings."""
    source = document.place.source
    table = get(workspace_tree(source).documents[0].root, section) if source else None
    entry = get(table.value, name) if table else None
    span = part(source, entry.key, 0, len(name)) if source and entry else None
    if source and entry and span:
        yield Location(document.place.root / SETTINGS, source, span, entry.span)


def _python(document: Document, module: str, name: str) -> Iterator[Location]:
    """A module as the first root that has it, or what it has of that name; its start when that is not to be seen."""
    root = document.place.root
    roots = [document.path.parent, *(root / one for one in document.place.settings.roots), root]
    for pair in candidates(module, tuple(dict.fromkeys(map(str, roots)))):
        for candidate in pair:
            path = Path(candidate)
            data = document.disk.read(path)
            if data is not None:
                span, full = (place_of(data, name) if name else None) or (_START, Span(0, len(data)))
                yield Location(path, Source(str(path), data), span, full)
                return


def path_of(document: Document, written: str) -> Path:
    """A path as it is written, without the `..` that a client would not know to be the same file."""
    return Path(os.path.normpath(document.beside(normal(written))))
