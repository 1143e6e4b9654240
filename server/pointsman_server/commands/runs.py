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
from pointsman.runtime.around import Hold
from pointsman.runtime.journals import open_journal
from pointsman.runtime.workspace import find_place
from pointsman_server import exits
from pointsman_server.hosts import live_runs
from pointsman_server.render import duration
from pointsman_server.tables import print_table
from pointsman_server.views import held_words


def run(options: argparse.Namespace) -> int:
    """List them."""
    place, held = find_place(Path.cwd()), {}
    try:
        store = open_journal(place)
    except RunUnavailable:
        rows = []
    else:
        try:
            rows = store.runs(options.limit)
        finally:
            store.close()
        held = {run: said["held"] for run, said in live_runs(place, rows).items() if said.get("held")}
    if options.json:
        json.dump([msgspec.to_builtins(row) | {"held": held.get(row.id)} for row in rows], sys.stdout, indent=2)
        sys.stdout.write("\n")
        return exits.COMPLETED
    if not rows:
        sys.stdout.write("No run yet. Start one: pointsman run FILE\n")
        return exits.COMPLETED
    print_table(
        ("run", "pipeline", "outcome", "started", "took", "events"), [_cells(row, held.get(row.id)) for row in rows]
    )
    return exits.COMPLETED


def _cells(row: RunRow, held: dict[str, Any] | None) -> tuple[Any, ...]:
    started = datetime.fromtimestamp(row.created_at_ns / 1e9).strftime("%Y-%m-%d %H:%M:%S")
    took = duration(row.ended_at_ns - row.created_at_ns) if row.ended_at_ns else ""
    status = held_words(Hold(held["since_ns"], held["stage"])) if held else row.outcome or row.status
    return row.id, row.pipeline, status, started, took, row.events
