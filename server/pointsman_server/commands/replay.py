"""`pointsman replay`: a run lived again from its journal, compared event by event, with no call of anything."""

import argparse
import dataclasses
import json
import sys
from pathlib import Path

from pointsman.journal.replay import Replay, replay
from pointsman.kernel.state import digest
from pointsman.runtime.journals import open_journal
from pointsman.runtime.redacting import redactor_for
from pointsman.runtime.workspace import find_place
from pointsman_server import exits


def run(options: argparse.Namespace) -> int:
    """Exit code 0 when the journal agrees with itself, 1 with the name of the first event that does not."""
    place = find_place(Path.cwd())
    store = open_journal(place)
    try:
        found = replay(store, options.run, lambda value: redactor_for(place, store, options.run).value(value))
        if found.problem and found.state:
            hide = redactor_for(place, store, found.row.id)
            found = dataclasses.replace(found, problem=hide.text(found.problem))
    finally:
        store.close()
    if options.json:
        _json(found)
    else:
        _text(found)
    return exits.COMPLETED if found.agrees else exits.FAILED


def _text(found: Replay) -> None:
    out = sys.stdout
    if not found.agrees:
        where = f"event {found.seq} ({found.kind})" if found.seq else "the run's row"
        what = found.problem.removeprefix(f"Event {found.seq} ({found.kind}) ")
        out.write(f"✗ run {found.row.id} diverges at {where}: {what}\n")
        return
    if found.folded_only:
        out.write(f"✓ run {found.row.id}: {found.events} events folded, none recomputed: {found.folded_only}\n")
        return
    ended = found.state.outcome if found.state and found.state.ended else "not ended"
    out.write(f"✓ run {found.row.id} ({ended}): {found.events} events, {found.compared} recomputed, all agree\n")


def _json(found: Replay) -> None:
    said = {
        "run": found.row.id,
        "agrees": found.agrees,
        "events": found.events,
        "compared": found.compared,
        "seq": found.seq,
        "kind": found.kind,
        "problem": found.problem,
        "folded_only": found.folded_only,
        "digest": digest(found.state) if found.state else None,
    }
    json.dump(said, sys.stdout, ensure_ascii=False)
    sys.stdout.write("\n")
