"""Runs as the journal has them, for lists and trees: read on whatever thread asks, each view once while its run stands.

Laws: nothing is called, and nothing but the journal is read; what is shown is redacted.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pointsman.errors import PointsmanError, RunUnavailable
from pointsman.journal import Store
from pointsman.journal.replay import past, program_of
from pointsman.journal.store import RunRow
from pointsman.kernel.effects import Ask
from pointsman.kernel.events import Json, Record, RunStarted
from pointsman.runtime import listing
from pointsman.runtime.describing import event_kind, event_words
from pointsman.runtime.journals import open_journal
from pointsman.runtime.listing import EventLine, Ids, RunView, Trace
from pointsman.runtime.redacting import redactor_for
from pointsman.runtime.workspace import Place
from pointsman.security.redaction import Redactor

MANY = 20_000
"""Events of a run that a list reads, from its start: what it shows of longer ones is what they had by then."""
KEPT = 500
"""Runs whose views are kept."""


class Recorded:
    """The recorded runs of workspaces."""

    def __init__(self) -> None:
        self._ids: dict[tuple[str, str], Ids] = {}
        self._views: dict[tuple[Path, str], tuple[RunRow, RunView]] = {}

    def runs(self, place: Place, limit: int, live: frozenset[str]) -> list[tuple[RunRow, RunView | None]]:
        try:
            store = open_journal(place)
        except RunUnavailable:
            return []
        try:
            rows = store.runs(limit)
            return [(row, None if row.id in live else self._view(place, store, row)) for row in rows]
        finally:
            store.close()

    def run(self, place: Place, run: str) -> RunView:
        store = open_journal(place)
        try:
            return self._view(place, store, store.run(run))
        finally:
            store.close()

    def _view(self, place: Place, store: Store, row: RunRow) -> RunView:
        key = place.root, row.id
        before = self._views.get(key)
        if before and before[0] == row:
            return before[1]
        view = self._read(place, store, row)
        self._views[key] = row, view
        if len(self._views) > KEPT:
            del self._views[next(iter(self._views))]
        return view

    def _read(self, place: Place, store: Store, row: RunRow) -> RunView:
        records = list(store.records(row.id, until=MANY))
        asks: Sequence[Ask] = ()
        if row.status in ("waiting", "interrupted"):
            asks = [effect for effect in past(store, row.id).unanswered if isinstance(effect, Ask)]
        elsewhere = row.status == "running" and row.lease is not None
        return listing.run_view(
            listing.told(records, row.id),
            row,
            place.root,
            redactor_for(place, store, row.id),
            ids=self._ids_of(store, row, records),
            status=row.outcome or row.status,
            live=elsewhere,
            asks=asks,
            host=f"process {row.lease.pid}" if elsewhere and row.lease else "",
        )

    def _ids_of(self, store: Store, row: RunRow, records: Sequence[Record]) -> Ids:
        """Ids are the same for all runs of one text, which is compiled for the first of them alone."""
        key = row.definition, row.pipeline
        if key not in self._ids and records and isinstance(started := records[0].event, RunStarted):
            try:
                self._ids[key] = listing.ids_of(program_of(store, started))
            except PointsmanError:  # a text of another version: its runs are listed all the same
                self._ids[key] = {}
            if len(self._ids) > KEPT:
                del self._ids[next(iter(self._ids))]
        return self._ids.get(key, {})

    def brief(self, row: RunRow, root: Path) -> RunView:
        """A run that has ended between two looks."""
        status = row.outcome or row.status
        return listing.run_view(
            listing.told([], row.id), row, root, Redactor(), ids={}, status=status, live=False, asks=(), host=""
        )


def events(place: Place, run: str) -> list[EventLine]:
    store = open_journal(place)
    try:
        row = store.run(run)
        hide = redactor_for(place, store, row.id)
        return [
            EventLine(
                record.seq,
                record.branch,
                event_kind(record.event),
                record.at_ns // 1_000_000,
                event_words(record.event, hide),
            )
            for record in store.records(row.id)
        ]
    finally:
        store.close()


def envelope(place: Place, run: str, seq: int | None) -> Json:
    store = open_journal(place)
    try:
        row = store.run(run)
        if seq is not None and not 1 <= seq <= row.events:  # before the journal is asked: no number is too large for us
            raise RunUnavailable("no_such_event", f"run {row.id} has events 1 to {row.events}, not {seq}")
        lived = past(store, row.id, until=seq)
        records = list(store.records(lived.row.id, until=lived.seq))
        return redactor_for(place, store, lived.row.id).envelope(listing.envelope_at(lived.state, records))
    finally:
        store.close()


def trace(place: Place, run: str) -> Trace:
    store = open_journal(place)
    try:
        lived = past(store, run)
        return listing.trace(listing.told(store.records(lived.row.id), lived.row.id), lived.state)
    finally:
        store.close()


def last_input(place: Place, path: Path, pipeline: str) -> Json | None:
    try:
        store = open_journal(place)
    except RunUnavailable:
        return None
    try:
        for row in store.runs(KEPT):
            if row.pipeline == pipeline and (place.root / row.path).resolve() == path:
                started = next(iter(store.records(row.id, until=1))).event
                if isinstance(started, RunStarted):
                    hide = redactor_for(place, store, row.id)
                    return hide.envelope({"input": started.input})["input"]
    finally:
        store.close()
    return None
