"""The language server of one client: given its streams, it serves it to its end."""

import asyncio

from pointsman_lsp.analysis.document import Outcomes, no_outcomes
from pointsman_lsp.connection import Connection
from pointsman_lsp.session import DiskChanges, Freshen, Session

__all__ = ["DiskChanges", "Freshen", "serve"]


async def serve(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    *,
    outcomes: Outcomes = no_outcomes,
    freshen: Freshen | None = None,
    disk_changes: DiskChanges | None = None,
) -> int:
    """Serve one client and return its exit code: 0 after `shutdown`, else 1. Never raises for what a client does.

    `outcomes` says how stages went in past and live runs, `freshen` makes it know the latest of a file. `disk_changes`
    is told what to call when files change; without it the client is asked to watch them. The streams are the caller's
    to close.
    """
    return await Connection(writer, Session(outcomes, freshen, disk_changes)).run(reader)
