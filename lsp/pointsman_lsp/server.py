"""The language server of one client: given its streams, it serves it to its end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from pointsman_lsp.connection import Connection
from pointsman_lsp.outside import DiskChanges, Freshen, Outside, Runs

if TYPE_CHECKING:
    from pointsman_lsp.analysis.document import Outcomes

__all__ = ["DiskChanges", "Freshen", "Runs", "serve"]


async def serve(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    *,
    outcomes: Outcomes | None = None,
    freshen: Freshen | None = None,
    disk_changes: DiskChanges | None = None,
    runs: Runs | None = None,
) -> int:
    """Serve one client and return its exit code: 0 after `shutdown`, else 1. Never raises for what a client does.

    `outcomes` says how stages went in past and live runs, `freshen` makes it know the latest of a file. `disk_changes`
    is told of each folder that matters, and what to call when files in it change; without it the client is asked to
    watch them. `runs` are what it may look at and start;
    without them nothing is said of runs. The streams are the caller's to close.
    """
    return await Connection(writer, Outside(outcomes, freshen, disk_changes, runs)).run(reader)
