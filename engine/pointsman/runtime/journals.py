"""Opening the workspace's journal."""

from pointsman.journal import Store, open_store
from pointsman.runtime.workspace import Place


def open_journal(place: Place, durability: str | None = None) -> Store:
    """The journal of a workspace; `durability` normal or full, default what the settings say."""
    return open_store(place.root, "full" if (durability or place.settings.durability) == "full" else "normal")
