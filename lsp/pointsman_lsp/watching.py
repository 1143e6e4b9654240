"""Which folders are watched for one client: those of the files that its open documents are about, and no others."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from pointsman.runtime.watch import is_watched_below
from pointsman_lsp.outside import DiskChanges


class Watching:
    """The folders a client's documents need, each subscribed to once."""

    def __init__(self, listen: DiskChanges, changed: Callable[[Collection[Path]], None]) -> None:
        self._listen = listen
        self._changed = changed
        self._needs: dict[str, frozenset[Path]] = {}
        self._leaves: dict[Path, Callable[[], None]] = {}

    def need(self, key: str, folders: frozenset[Path]) -> None:
        """From now on a document needs these folders and no others."""
        if self._needs.get(key, frozenset()) == folders:
            return
        self._needs[key] = folders
        needed = frozenset().union(*self._needs.values())
        for gone in [folder for folder in self._leaves if folder not in needed]:
            self._leaves.pop(gone)()
        for folder in sorted(needed - self._leaves.keys()):
            self._leaves[folder] = self._listen(folder, self._changed)

    def end(self) -> None:
        """Nothing is needed any more."""
        for leave in self._leaves.values():
            leave()
        self._leaves.clear()


def folders_for(root: Path, files: Collection[str]) -> frozenset[Path]:
    """The folders to watch for a document of a workspace that has looked at these files, there or not.

    With the root of a project comes all that is below it. Files elsewhere are watched by the folder they lie in, and so
    are those of a folder that is no project.
    """
    deep = is_watched_below(root)
    folders = {file.parent for file in map(Path, files)}
    return frozenset(
        {root, *(folder for folder in folders if not (deep and folder.is_relative_to(root)) and folder.is_dir())}
    )
