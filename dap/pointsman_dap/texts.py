"""The texts of one run, its pipeline as it was pinned, its policies as they are: how clients name and read them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pointsman.debugger.sites import Site, rule_sites, sites_of
from pointsman.errors import Misuse
from pointsman.kernel.instructions import Program
from pointsman.language.source import Source
from pointsman.runtime.workspace import read_source
from pointsman_dap.errors import Refused
from pointsman_dap.moving import same_lines
from pointsman_dap.params import BreakpointLocations, SourceRef
from pointsman_dap.places import Places, key_of, path_of

PIPELINE = 1
"""The source reference of the pipeline's pinned text; it is the only text that can differ from its file."""


@dataclass(eq=False)
class Text:
    """One text: the file it came from, what was read, and where a breakpoint can stand in it."""

    file: Path
    source: Source
    sites: tuple[Site, ...]
    reference: int = 0
    """Not 0: the text can be asked for by it."""
    _seen: tuple[tuple[int, int], dict[int, int] | None] = ((0, 0), {})

    @property
    def on_disk(self) -> bool:
        """Whether the file still holds this text."""
        return self.moved is None

    @property
    def moved(self) -> dict[int, int] | None:
        """Where the file has changed: those lines of it that are here too, and which they are here; else None."""
        try:
            found = os.stat(self.file)
            signature = found.st_mtime_ns, found.st_size
            if self._seen[0] != signature:
                now = Source(self.source.path, self.file.read_bytes())
                self._seen = signature, None if now.data == self.source.data else same_lines(self.source, now)
            return self._seen[1]
        except OSError:
            return {}


class Texts:
    """The texts of one run, for one client."""

    def __init__(self, root: Path, program: Program, policies: tuple[str, ...], origin: str, places: Places) -> None:
        self.program = program
        self._root = root
        self._policies = policies
        self._read: tuple[Text, ...] | None = None
        self._origin = origin
        self._places = places
        self._spelled: dict[str, str] = {}
        self._keys: dict[str, str] = {}
        self.pipeline = Text(root / program.source.path, program.source, sites_of(program), PIPELINE)

    @property
    def policies(self) -> tuple[Text, ...]:
        """The policies that watch the run, as they are now and as far as they can be read."""
        if self._read is None or not all(text.on_disk for text in self._read):
            self._read = tuple(self._read_policies())
        return self._read

    def all(self) -> tuple[Text, ...]:
        """The pipeline first."""
        return (self.pipeline, *self.policies)

    def spelled(self, path: str) -> None:
        """Remember how the client writes a path: it is told the same one again."""
        if os.path.isabs(path_of(path)):
            self._spelled[key_of(path_of(path))] = path

    def meant(self, named: SourceRef) -> Text | None:
        """The text a client means, None when it is none of this run's."""
        if named.source_reference:
            return self.pipeline if named.source_reference == PIPELINE else None
        key = key_of(os.path.join(self._root, path_of(named.path)))
        return next((text for text in self.all() if key_of(str(text.file)) == key), None)

    def has_moved(self, named: SourceRef, text: Text) -> bool:
        """Whether a client means the file of a text that is not in that file any more."""
        return bool(text.reference and not named.source_reference and not text.on_disk)

    def locations(self, asked: BreakpointLocations) -> list[dict[str, int]]:
        """Where breakpoints can stand in a range; it is whole lines where it has no columns."""
        text, places = self.meant(asked.source), self._places
        if text is None or self.has_moved(asked.source, text):
            return []
        end_line = asked.line if asked.end_line is None else asked.end_line
        first = places.offset(text.source, asked.line, asked.column)
        last = places.offset(text.source, end_line, asked.end_column, at_end=True)
        spans = dict.fromkeys(site.span for site in text.sites if first <= site.span.start <= last)
        return [places.range(text.source, span) for span in spans]

    def by_reference(self, reference: int) -> Source:
        """The text behind a source reference. Raises Refused."""
        if reference != PIPELINE:
            raise Refused("unknownSource", f"there is no text with the reference {reference}")
        return self.pipeline.source

    def file(self, text: Text) -> dict[str, Any]:
        """The file of a text, as the client writes it."""
        path = str(text.file)
        if path not in self._keys:  # each frame of each stop names its file
            self._keys[path] = key_of(path)
        return {"name": text.file.name, "path": self._spelled.get(self._keys[path]) or self._places.path(path)}

    def told(self, text: Text) -> dict[str, Any]:
        """A text as the protocol names it: its file where that still holds it, else a reference to what ran."""
        if text.on_disk or not text.reference:
            return self.file(text)
        return {"name": text.file.name, "sourceReference": text.reference, "origin": self._origin}

    def _read_policies(self) -> Iterator[Text]:
        for shown in self._policies:
            file = self._root / shown
            try:
                source = read_source(file, shown)
            except Misuse:
                continue  # it fails closed when the run asks it; here there is just nothing to show
            yield Text(file, source, rule_sites(source))
