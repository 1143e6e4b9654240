"""What the last runs of a pipeline made of its stages, for whoever shows its text: live runs, and those of the journal.

Law: asking reads nothing. `freshen` reads the journal, on a thread, and only what it has not read yet.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pointsman.errors import PointsmanError
from pointsman.journal import Store
from pointsman.journal.store import RunRow
from pointsman.runtime.around import Hold
from pointsman.runtime.journals import journal_signature, open_journal
from pointsman.runtime.progress import Progress, StageOutcome
from pointsman.runtime.redacting import learn_state, redactor_for
from pointsman.runtime.registry import Registry
from pointsman.runtime.workspace import Place, find_place
from pointsman.security.redaction import Redactor

RUNS = 5
"""Runs of one file that are looked at: a stage that none of them came to has no last outcome worth showing."""

LISTED = 200
"""Runs of the workspace among which they are looked for."""

EVENTS = 2_000
"""Events read of one run, from its end: thousands of visits say nothing more about the last one."""

NOTE = 200
"""Characters of a note: the place to read an error is the run."""

PATIENCE_S = 0.1
"""How long whoever asks waits for a journal that is being read; what is known already is shown then."""


@dataclass(frozen=True, slots=True)
class _Read:
    """A run as it was read; `row` says what there was of it."""

    row: RunRow
    stages: dict[str, StageOutcome]


@dataclass(slots=True)
class _Journal:
    """What is known of one workspace's journal: its runs by id, and what its files looked like when they were read."""

    place: Place
    signature: tuple[tuple[int, int], ...] = ()
    runs: dict[str, _Read] | None = None
    reading: asyncio.Task[None] | None = None


class Outcomes:
    """Last outcomes by pipeline file, pipeline and stage. Belongs to one event loop."""

    def __init__(self, runs: Registry) -> None:
        self._live = runs.live
        self._journals: dict[Path, _Journal] = {}
        self._hides: dict[str, Redactor] = {}

    def of(self, path: Path, pipeline: str, stage: str) -> StageOutcome | None:
        """The last outcome of a stage, None when no run that is known came to it."""
        found = [outcomes[stage] for outcomes in self._of_file(path, pipeline) if stage in outcomes]
        return max(found, key=lambda one: one.started_at_ns, default=None)

    async def freshen(self, path: Path) -> None:
        """Read what the journal of a file's workspace has meanwhile; at most `PATIENCE_S` is waited for that."""
        journal = self._journal(path)
        signature = journal_signature(journal.place)
        if signature == journal.signature:
            return
        if journal.reading is None or journal.reading.done():
            journal.reading = asyncio.get_running_loop().create_task(self._read(journal, signature))
        await asyncio.wait({journal.reading}, timeout=PATIENCE_S)

    def _of_file(self, path: Path, pipeline: str) -> Iterator[dict[str, StageOutcome]]:
        for live in self._live.values():
            if live.progress.pipeline == pipeline and live.session.place.root / live.path == path:
                hide = self._hides.get(live.run_id)
                if hide is None:
                    hide = self._hides[live.run_id] = live.session.redactor()
                learn_state(hide, live.session.state)
                found = stage_outcomes(live.progress, True, hide)
                hold = live.session.hold
                if hold is not None:
                    found[hold.stage] = _held(live.run_id, hold, found.get(hold.stage))
                yield found
        journal = self._journal(path)
        for read in (journal.runs or {}).values():
            row = read.row
            if row.pipeline == pipeline and row.id not in self._live and journal.place.root / row.path == path:
                yield read.stages

    def _journal(self, path: Path) -> _Journal:
        folder = path.parent
        if folder not in self._journals:
            place = find_place(folder)
            known = next((one for one in self._journals.values() if one.place.root == place.root), None)
            self._journals[folder] = known or _Journal(place)
        return self._journals[folder]

    async def _read(self, journal: _Journal, signature: tuple[tuple[int, int], ...]) -> None:
        known = journal.runs or {}
        live = frozenset(self._live)
        self._hides = {run: hide for run, hide in self._hides.items() if run in live}
        journal.runs = await asyncio.to_thread(_read_journal, journal.place, known, live)
        journal.signature = signature


def stage_outcomes(progress: Progress, live: bool, hide: Redactor) -> dict[str, StageOutcome]:
    """The last visit of each stage of a run, by the stage's name."""
    visits: dict[str, int] = {}
    found: dict[str, StageOutcome] = {}
    for line in progress.lines:
        visits[line.stage] = visits.get(line.stage, 0) + 1
        found[line.stage] = StageOutcome(
            progress.run_id,
            live,
            line.status,
            visits[line.stage],
            line.started_ns,
            (line.ended_ns or time.time_ns()) - line.started_ns,
            hide.text(line.note)[:NOTE],
        )
    return found


def _held(run: str, hold: Hold, now: StageOutcome | None) -> StageOutcome:
    """The stage at which a debugger holds a live run: perhaps it has not begun."""
    visits = now.visits if now else 1
    return StageOutcome(run, True, "held", visits, hold.since_ns, time.time_ns() - hold.since_ns, "by a debugger")


def _read_journal(place: Place, known: dict[str, _Read], live: frozenset[str]) -> dict[str, _Read]:
    """The newest runs of each file, those that have not moved as they were read before."""
    try:
        store = open_journal(place)
    except PointsmanError:
        return {}
    try:
        return {read.row.id: read for read in _newest(place, store, known, live)}
    except PointsmanError:
        return known  # a damaged journal is `pointsman doctor`'s business, not that of a hover
    finally:
        store.close()


def _newest(place: Place, store: Store, known: dict[str, _Read], live: frozenset[str]) -> Iterator[_Read]:
    seen: dict[str, int] = {}
    for row in store.runs(LISTED):
        seen[row.path] = seen.get(row.path, 0) + 1
        if seen[row.path] > RUNS or row.id in live:
            continue
        before = known.get(row.id)
        yield before if before and before.row == row else _Read(row, _outcomes(place, store, row))


def _outcomes(place: Place, store: Store, row: RunRow) -> dict[str, StageOutcome]:
    progress = Progress(row.id, row.pipeline, row.created_at_ns)
    for record in store.records(row.id, after=max(0, row.events - EVENTS)):
        progress.fold(record)
    return stage_outcomes(progress, row.status == "running", redactor_for(place, store, row.id))
