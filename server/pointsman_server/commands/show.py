"""`pointsman show`: what a run did, event by event, or the envelope as it stood after one of them."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from pointsman.errors import Misuse
from pointsman.journal.replay import Past, past
from pointsman.journal.store import Store
from pointsman.kernel.effects import Ask
from pointsman.kernel.events import Record
from pointsman.kernel.machine import is_derived
from pointsman.kernel.state import digest
from pointsman.runtime.describing import event_kind, event_words
from pointsman.runtime.journals import open_journal
from pointsman.runtime.listing import envelope_at
from pointsman.runtime.redacting import redactor_for
from pointsman.runtime.workspace import find_place
from pointsman.security.redaction import Redactor
from pointsman_server import exits
from pointsman_server.render import duration, pretty
from pointsman_server.report import summary
from pointsman_server.tables import print_table


def run(options: argparse.Namespace) -> int:
    """Show the run; nothing is called, only the journal is read."""
    place = find_place(Path.cwd())
    store = open_journal(place)
    try:
        lived = past(store, options.run)
        hide = redactor_for(place, store, lived.row.id)
        if options.at is not None:
            _at(store, lived, options.at, options.json, hide)
        else:
            _whole(store, lived, options.json, hide)
    finally:
        store.close()
    return exits.COMPLETED


def _whole(store: Store, lived: Past, as_json: bool, hide: Redactor) -> None:
    records = list(store.records(lived.row.id))
    state = lived.state
    asks = [effect for effect in lived.unanswered if isinstance(effect, Ask)]
    if as_json:
        said = summary(state, asks, hide) | {
            "status": lived.row.status,
            "input": hide.value(state.started.input),
            "envelope": hide.envelope(envelope_at(state, records, "main")),
            "events": [hide.value(_event(record)) for record in records],
        }
        _dump(said)
        return
    out = sys.stdout
    took = duration(records[-1].at_ns - records[0].at_ns)
    out.write(f"run {lived.row.id} of {state.started.pipeline} ({lived.row.path})\n")
    out.write(f"{state.outcome or lived.row.status}, {len(records)} events, {took}, digest {digest(state)[:12]}\n\n")
    print_table(
        ("event", "after", "branch", "kind", "what"), [_row(record, records[0].at_ns, hide) for record in records]
    )
    for ask in asks:
        out.write(f"\n? {ask.stage}: {hide.text(ask.question)}\n")
    if state.ended:
        out.write("\noutput: " + pretty(hide.value(state.output)) + "\n")
    if state.error:
        out.write(f"error: {state.error.klass}/{state.error.code}: {hide.text(state.error.message)}\n")
    out.write(f"\nThe envelope after an event: pointsman show {lived.row.id} --at N\n")


def _at(store: Store, lived: Past, seq: int, as_json: bool, hide: Redactor) -> None:
    if not 1 <= seq <= lived.seq:
        raise Misuse("no_such_event", f"run {lived.row.id} has events 1 to {lived.seq}, not {seq}")
    then = past(store, lived.row.id, until=seq)
    records = list(store.records(lived.row.id, until=seq))
    record = records[-1]
    said = {
        "event": hide.value(_event(record)),
        "envelope": hide.envelope(envelope_at(then.state, records)),
        "pending": [effect.id for effect in then.unanswered],
    }
    if as_json:
        _dump(said)
        return
    out = sys.stdout
    out.write(
        f"run {lived.row.id} after event {seq} of {lived.seq}: {event_kind(record.event)} "
        f"{event_words(record.event, hide)}\n\n"
    )
    out.write(pretty(said["envelope"]) + "\n")
    if said["pending"]:
        out.write(f"\nunanswered: {', '.join(then.state.pending)}\n")


def _event(record: Record) -> dict[str, Any]:
    payload = msgspec.to_builtins(record.event)
    kind = payload.pop("kind")
    return {
        "seq": record.seq,
        "branch": record.branch,
        "at_ns": record.at_ns,
        "kind": kind,
        "derived": is_derived(record.event),
        "payload": payload,
    }


def _row(record: Record, start_ns: int, hide: Redactor) -> tuple[Any, ...]:
    took = duration(record.at_ns - start_ns)
    return record.seq, took, record.branch, event_kind(record.event), event_words(record.event, hide)


def _dump(said: Any) -> None:
    json.dump(said, sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")
