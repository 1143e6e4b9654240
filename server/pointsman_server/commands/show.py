"""`pointsman show`: what a run did, event by event, or the envelope as it stood after one of them."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from pointsman.debugger.nodes import step_of
from pointsman.errors import Misuse
from pointsman.journal.replay import Past, past
from pointsman.journal.store import Store
from pointsman.kernel.effects import Ask
from pointsman.kernel.envelope import envelope
from pointsman.kernel.events import Record
from pointsman.kernel.machine import is_derived
from pointsman.kernel.state import State, digest
from pointsman.runtime.journals import open_journal
from pointsman.runtime.redacting import redactor_for
from pointsman.runtime.workspace import find_place
from pointsman.security.redaction import Redactor
from pointsman_server import exits
from pointsman_server.render import duration, pretty, value_text
from pointsman_server.report import summary
from pointsman_server.tables import print_table
from pointsman_server.views import progress_of


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
            "envelope": hide.envelope(_envelope(state, records)),
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
        "envelope": hide.envelope(_envelope(then.state, records, record.branch)),
        "pending": [effect.id for effect in then.unanswered],
    }
    if as_json:
        _dump(said)
        return
    out = sys.stdout
    out.write(
        f"run {lived.row.id} after event {seq} of {lived.seq}: {_what(record)[0]} {hide.text(_what(record)[1])}\n\n"
    )
    out.write(pretty(said["envelope"]) + "\n")
    if said["pending"]:
        out.write(f"\nunanswered: {', '.join(then.state.pending)}\n")


def _envelope(state: State, records: list[Record], branch: str = "main") -> dict[str, Any]:
    progress = progress_of(records, state)
    history = [
        {
            "branch": line.branch,
            "stage": line.stage,
            "visit": line.visit,
            "outcome": line.status,
            "took_ns": (line.ended_ns or records[-1].at_ns) - line.started_ns,
        }
        for line in progress.lines
    ]
    return envelope(state, state.branches.get(branch) or state.branches.get("main"), history)


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
    kind, what = _what(record)
    return record.seq, duration(record.at_ns - start_ns), record.branch, kind, hide.text(what)


def _what(record: Record) -> tuple[str, str]:
    payload = msgspec.to_builtins(record.event)
    kind = payload.pop("kind")
    if kind == "stage.routed":
        seen = [
            f"{operand['text']} = {value_text(operand.get('value'), 30)}"
            for candidate in payload.get("candidates", [])
            for operand in candidate.get("operands", [])
        ]
        why = payload.get("label") or payload["why"]
        return kind, f"{payload['stage']} → {payload['to']} ({why})" + (f" because {', '.join(seen)}" if seen else "")
    if kind == "edited":
        path = payload["path"]
        where = "".join([*map(str, path[:1]), *map(step_of, path[1:])])
        by = f" by {payload['by']}" if payload.get("by") else ""
        return kind, f"{payload['stage']}: {where} = {value_text(payload['value'], 60)}{by}"
    named = [str(payload.pop(name)) for name in ("stage", "effect", "outcome") if payload.get(name)]
    return kind, value_text(" ".join(named) + (f" {json.dumps(payload, ensure_ascii=False)}" if payload else ""))


def _dump(said: Any) -> None:
    json.dump(said, sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")
