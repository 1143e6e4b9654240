"""What the ways to mend a finding are made of: the finding at its place, and the edits that put it right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pointsman.language.diagnostics import Diagnostic
from pointsman.language.lexical import get
from pointsman.language.source import Source
from pointsman.language.tree import Mapping, Node, entries, resolve
from pointsman_lsp.analysis.document import Document
from pointsman_lsp.features import TextEdit
from pointsman_lsp.features.editing import with_entry
from pointsman_lsp.features.inserting import Style, style_of
from pointsman_lsp.features.trail import Trail, trail

Change = tuple[Path, Source, list[TextEdit]]


@dataclass(frozen=True)
class Mend:
    """One way to put a finding right. `sure`: nothing that somebody wrote is lost, and nothing is made up."""

    title: str
    changes: tuple[Change, ...]
    sure: bool = False


@dataclass(frozen=True)
class Case:
    """A finding in its document."""

    document: Document
    found: Diagnostic

    @cached_property
    def trail(self) -> Trail:
        """The way to its place."""
        return trail(self.document.analysis, self.found.span)

    @cached_property
    def style(self) -> Style:
        """How the file is written."""
        return style_of(self.document.source.data)

    @property
    def source(self) -> Source:
        """The text it is in."""
        return self.document.source

    def mend(self, title: str, *edits: TextEdit | None, sure: bool = False) -> Iterator[Mend]:
        """The one way that these edits are; none at all when one of them could not be made."""
        made = [one for one in edits if one is not None]
        if made and len(made) == len(edits):
            yield Mend(title, ((self.document.path, self.source, made),), sure)

    def names(self, key: str) -> tuple[str, ...]:
        """What the finding's document of the file names under a key of its own."""
        held = mapping_at(self.trail.root, key)
        return tuple(one.key.text for one in entries(held)) if held else ()

    def top_level(self, key: str, name: str, flow: str, before: tuple[str, ...]) -> TextEdit | None:
        """An entry more under a key of the document, which is written before others if it is not there."""
        root = resolve(self.trail.root)
        held = mapping_at(root, key)
        line = f"{name}: {flow}"
        if held is not None:
            after = held.entries[-1] if held.entries else None
            return with_entry(self.source, held, after, line, (line,), self.style)
        if not isinstance(root, Mapping) or get(root, key) is not None:
            return None
        after = None
        for entry in root.entries:
            if entry.key.text in before:
                break
            after = entry
        inner = " " * self.style.indent + line
        return with_entry(self.source, root, after, f"{key}: {{{line}}}", (f"{key}:", inner), self.style)


Cure = Callable[[Case], Iterator[Mend]]
"""The ways to put right a finding of one code, besides the one that the finding has itself."""


def mapping_at(root: Node, key: str) -> Mapping | None:
    """The mapping that a key of a document holds in its own place, not by an alias."""
    entry = get(resolve(root), key)
    return entry.value if entry is not None and isinstance(entry.value, Mapping) else None
