"""The files behind a client's open texts: read once while they stay as they are, and hidden by what is open."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pointsman.runtime.workspace import read_text

MOST_FILES = 1_000
YOUNG_NS = 100_000_000
"""A file written this short a time ago may be written again without its time being another."""


@dataclass(frozen=True, slots=True)
class _Kept:
    stamp: tuple[int, int, int]
    settled: bool
    data: bytes | None


class DiskFiles:
    """Texts on disk. As long as a file is the same, its bytes are the same object."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}

    def read(self, path: str) -> bytes | None:
        """The bytes of a file, None when there is none to read."""
        try:
            found = os.stat(path)
        except (OSError, ValueError):
            self._kept.pop(path, None)
            return None
        stamp = found.st_mtime_ns, found.st_size, found.st_ino
        kept = self._kept.pop(path, None)
        if kept is None or kept.stamp != stamp or not kept.settled:
            data = read_text(Path(path))
            same = kept is not None and kept.data == data
            kept = _Kept(stamp, time.time_ns() - found.st_mtime_ns > YOUNG_NS, kept.data if kept and same else data)
        # Kept in the order of use: what was not asked for longest goes first.
        self._kept[path] = kept
        if len(self._kept) > MOST_FILES:
            del self._kept[next(iter(self._kept))]
        return kept.data


@dataclass(frozen=True, slots=True)
class Overlay:
    """The disk with a client's open texts laid over it: the `Disk` that features are given."""

    files: DiskFiles
    texts: Mapping[str, bytes] = field(default_factory=dict)
    """By normalised path; an open file whose folder is reached through a link is here under both its paths."""

    def read(self, path: Path) -> bytes | None:
        """The bytes of a file, None when there is none to read."""
        name = os.path.normpath(path)
        open_text = self.texts.get(name)
        return self.files.read(name) if open_text is None else open_text

    def names(self, folder: Path) -> tuple[str, ...]:
        """The names in a folder, sorted; those of folders end in `/`. Empty when there is no such folder."""
        here = os.path.normpath(folder)
        found = {os.path.basename(path) for path in self.texts if os.path.dirname(path) == here}
        try:
            with os.scandir(here) as entries:
                found.update(entry.name + "/" if entry.is_dir() else entry.name for entry in entries)
        except (OSError, ValueError):
            pass
        return tuple(sorted(found))
