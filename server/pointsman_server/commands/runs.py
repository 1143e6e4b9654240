"""`pointsman runs`: the runs of this workspace, newest first."""

import argparse
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from pointsman.errors import RunUnavailable
from pointsman.journal.store import RunRow
from pointsman.runtime.journals import open_journal
from pointsman.runtime.workspace import find_place
from pointsman_server import exits
from pointsman_server.render import duration
from pointsman_server.tables import print_table


def run(options: argparse.Namespace) -> int:
    """List them."""
    try:
        store = open_journal(find_place(Path.cwd()))
    except RunUnavailable:
        rows = []
    else:
        try:
            rows = store.runs(options.limit)
        finally:
            store.close()
    if options.json:
        json.dump([msgspec.to_builtins(row) for row in rows], sys.stdout, indent=2)
        sys.stdout.write("\n")
        return exits.COMPLETED
    if not rows:
        sys.stdout.write("No run yet. Start one: pointsman run FILE\n")
        return exits.COMPLETED
    print_table(("run", "pipeline", "outcome", "started", "took", "events"), [_cells(row) for row in rows])
    return exits.COMPLETED


def _cells(row: RunRow) -> tuple[Any, ...]:
    started = datetime.fromtimestamp(row.created_at_ns / 1e9).strftime("%Y-%m-%d %H:%M:%S")
    took = duration(row.ended_at_ns - row.created_at_ns) if row.ended_at_ns else ""
    return row.id, row.pipeline, row.outcome or row.status, started, took, row.events
