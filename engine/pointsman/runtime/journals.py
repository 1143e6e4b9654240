"""Opening the workspace's journal."""

import os

from pointsman.errors import RunUnavailable
from pointsman.folders import OURS
from pointsman.journal import Store, open_store
from pointsman.runtime.workspace import Place


def open_journal(place: Place, durability: str | None = None, *, create: bool = False) -> Store:
    """The journal of a workspace; `durability` normal or full, default what the settings say.

    Only who starts a run creates one; for all others a missing journal is a RunUnavailable.
    """
    if not create and not (place.root / ".pointsman" / "journal.db").exists():
        raise RunUnavailable("run_unknown", f"there is no run yet in {place.root}", "Start one: pointsman run FILE")
    return open_store(place.root, "full" if (durability or place.settings.durability) == "full" else "normal")


def journal_signature(place: Place) -> tuple[tuple[int, int], ...]:
    """What a journal's files look like: a commit changes it."""
    found = []
    for name in ("journal.db", "journal.db-wal"):
        try:
            seen = os.stat(place.root / OURS / name)
            found.append((seen.st_mtime_ns, seen.st_size))
        except OSError:
            found.append((0, 0))
    return tuple(found)
