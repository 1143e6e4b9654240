"""The one mutable thing: the texts a client has open, with the disk behind them. It gives out frozen documents.

Laws: a document stays what it is, whatever is edited afterwards; asked twice while nothing changed, the host gives the
same document, with its analysis; what is open goes before what is saved.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from pointsman.folders import find_root
from pointsman.language.analysis import Analysis, Memory, analyse, kind_of, prepare
from pointsman.language.source import Source
from pointsman.runtime.workspace import SETTINGS, Place, make_place, read_files, read_wanted, shown_path
from pointsman_lsp import garbage
from pointsman_lsp.analysis.disk import DiskFiles, Overlay
from pointsman_lsp.analysis.document import Document, Outcomes, no_outcomes
from pointsman_lsp.uris import file_path, key_of, place_of

LARGE = 32 * 1024
"""Bytes of a text that is a lot of work, or of an edit that makes it so again."""

MOST_UNOPENED = 8
"""Documents kept that were asked about without being open."""


@dataclass(slots=True)
class _Text:
    """A text with the document last made of it.

    `memory` is what the analysis knows of the texts before, `cold` whether that is next to nothing, and `steps` the
    work to be done then. `seen` are the files that the document's analysis looked at, as it found them.
    """

    uri: str
    path: Path
    ours: bool
    version: int | None
    source: Source
    names: frozenset[str] = frozenset()
    """Its paths on disk: as the client has it, and with all links followed. None at all if it is no file."""
    memory: Memory = field(default_factory=Memory)
    cold: bool = True
    steps: tuple[Source, Iterator[None]] | None = None
    document: Document | None = None
    seen: dict[str, bytes | None] = field(default_factory=dict)


class AnalysisHost:
    """The open texts of one client."""

    def __init__(self, base: Path, outcomes: Outcomes = no_outcomes) -> None:
        self.base = base
        """The folder that documents without a place of their own are looked at from."""
        self._outcomes = outcomes
        self._files = DiskFiles()
        self._disk = Overlay(self._files)
        self._open: dict[str, _Text] = {}
        self._unopened: dict[str, _Text] = {}
        self._places: dict[Path, tuple[bytes | None, bytes | None, Place]] = {}

    def open(self, uri: str, language: str, version: int, text: str) -> None:
        """A client opened a document, or opened it anew."""
        path = place_of(uri, self.base)
        # A text that was never saved has a language and no name that says more.
        ours = kind_of(path.name) is not None or language.startswith("pointsman")
        self._open[key_of(uri)] = _Text(uri, path, ours, version, Source.of(path.name, text), _names(uri))
        self._unopened.pop(key_of(uri), None)
        self._cover()

    def change(self, uri: str, version: int | None, edit: Callable[[Source], Source]) -> str | None:
        """A client edited a document; the answer is why its edit was not taken, None when it was."""
        text = self._open.get(key_of(uri))
        if text is None:
            return f"{uri} is not open"
        if version is not None and text.version is not None and version < text.version:
            return f"{uri} has version {text.version}; an edit to version {version} comes too late"
        before, text.source = text.source, edit(text.source)
        text.cold = text.cold or _changed_bytes(before.data, text.source.data) > LARGE
        text.version = text.version if version is None else version
        self._cover()
        return None

    def close(self, uri: str) -> None:
        """A client closed a document: what is on disk counts again."""
        self._open.pop(key_of(uri), None)
        self._cover()

    def is_open(self, uri: str) -> bool:
        """Whether the client has a document open."""
        return key_of(uri) in self._open

    def opened(self) -> tuple[str, ...]:
        """The URIs of the open documents that are analysed, as the client spells them."""
        return tuple(text.uri for text in self._open.values() if text.ours)

    def spelled(self, path: Path) -> tuple[str, int | None]:
        """The URI of a file, as the client spells it where it has it open, and the version it has."""
        here = os.path.normpath(path)
        for text in self._open.values():
            # One that was never saved is known by the place it would have.
            if here in (text.names or (os.path.normpath(text.path),)):
                return text.uri, text.version
        return path.absolute().as_uri(), None

    def seen(self, uri: str) -> tuple[str, ...]:
        """The paths of the files that an open document's analysis has looked at, there or not."""
        text = self._open.get(key_of(uri))
        return () if text is None else tuple(text.seen)

    def users_of(self, uri: str) -> tuple[str, ...]:
        """The open documents whose analysis depends on a document's text, itself among them."""
        names = _names(uri)
        settings = any(os.path.basename(name) == SETTINGS for name in names)
        return tuple(
            text.uri
            for key, text in self._open.items()
            if text.ours and (settings or key == key_of(uri) or not names.isdisjoint(text.seen))
        )

    def prepare(self, uri: str) -> Iterator[None]:
        """The work before a document can be asked about, in small steps; none of them where it is little.

        Whoever leaves, and comes again, goes on where it was left.
        """
        key = key_of(uri)
        text = self._open.get(key)
        if text is not None and not text.cold:
            return
        document = self.document(uri)
        text = self._open.get(key) or self._unopened.get(key)
        if document is None or text is None or not text.cold:
            return
        source = document.source
        if text.steps is None or text.steps[0] is not source:
            text.steps = source, self._steps(document, text.memory)
        for _ in text.steps[1]:
            yield
        if text.source is not source:
            return
        text.cold, text.steps = False, None
        if len(source.data) > LARGE:
            garbage.keep()

    def document(self, uri: str) -> Document | None:
        """The document as it is now; None for one that is not ours to analyse, or that is nowhere."""
        text = self._open.get(key_of(uri)) or self._from_disk(uri)
        if text is None or not text.ours:
            return None
        place = self._place(text.path.parent)
        kept = text.document
        if kept is not None and kept.source is text.source and kept.place is place and self._same(text.seen):
            if kept.version != text.version or kept.disk is not self._disk:
                text.document = kept = replace(kept, version=text.version, disk=self._disk)
            return kept
        shown = shown_path(place, text.path)
        if text.source.path != shown:
            text.source = Source(shown, text.source.data)
        text.document = self._make(text, place)
        return text.document

    def _steps(self, document: Document, memory: Memory) -> Iterator[None]:
        source, settings = document.source, document.place.settings
        yield from source.index()
        # With the files that the analysis will read: what has been checked without them would be checked again.
        yield from prepare(source, memory, settings, lambda names: read_files(document.path, names, self._disk.read))

    def _make(self, text: _Text, place: Place) -> Document:
        source, path, disk, memory = text.source, text.path, self._disk, text.memory
        seen: dict[str, bytes | None] = {}
        text.seen = seen

        def read(wanted: Path) -> bytes | None:
            data = disk.read(wanted)
            seen[os.path.normpath(wanted)] = data
            return data

        def analysed() -> Analysis:
            files = read_wanted(place, path, source, read, memory)
            return analyse(source, files, place.settings, memory)

        return Document(text.uri, path, text.version, source, place, disk, cache(analysed), self._outcomes)

    def _same(self, seen: dict[str, bytes | None]) -> bool:
        return all(self._disk.read(Path(path)) is data for path, data in seen.items())

    def _cover(self) -> None:
        """Lay the open texts over the disk anew: documents keep the overlay they were made with."""
        texts = {name: text.source.data for text in self._open.values() for name in text.names}
        self._disk = Overlay(self._files, texts)

    def _from_disk(self, uri: str) -> _Text | None:
        name = file_path(uri)
        if name is None or kind_of(os.path.basename(name)) is None:
            return None
        data = self._files.read(name)
        kept = self._unopened.pop(key_of(uri), None)
        if data is None:
            return None
        if kept is None or kept.source.data is not data:
            kept = _Text(uri, Path(name), True, None, Source(os.path.basename(name), data))
        self._unopened[key_of(uri)] = kept
        if len(self._unopened) > MOST_UNOPENED:
            del self._unopened[next(iter(self._unopened))]
        return kept

    def _place(self, folder: Path) -> Place:
        """The workspace of a folder, made anew when its settings are others.

        Settings that are being typed count as soon as they can be read; until then the last ones that could be.
        """
        try:
            root = Path(find_root(str(folder)))
        except (OSError, ValueError):
            root = folder
        saved, data = self._files.read(str(root / SETTINGS)), self._disk.read(root / SETTINGS)
        kept = self._places.get(root)
        if kept is not None and kept[0] is data and kept[1] is saved:
            return kept[2]
        place = make_place(root, data)
        typing = data != saved and any(one.code == "toml_syntax" for one in place.diagnostics)
        if typing:
            place = kept[2] if kept is not None else make_place(root, saved)
        self._places[root] = data, saved, place
        return place


def _changed_bytes(before: bytes, after: bytes) -> int:
    """How long the part is that two texts do not have in common."""
    shorter = min(len(before), len(after))
    first = _alike(shorter, lambda low, high: before[low:high] == after[low:high])
    ends = len(before), len(after)
    last = _alike(
        shorter - first,
        lambda low, high: before[ends[0] - high : ends[0] - low] == after[ends[1] - high : ends[1] - low],
    )
    return max(ends) - first - last


def _alike(most: int, same: Callable[[int, int], bool]) -> int:
    """How far two texts are the same, found by halves."""
    low = 0
    while low < most:
        middle = (low + most + 1) // 2
        if same(low, middle):
            low = middle
        else:
            most = middle - 1
    return low


def _names(uri: str) -> frozenset[str]:
    name = file_path(uri)
    return frozenset((name, os.path.realpath(name))) if name else frozenset()
