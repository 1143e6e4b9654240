"""What people do with the runs of a workspace: start, go on, resume, answer, cancel, look. Every surface comes here.

Belongs to one event loop. What is recorded is read from the journal on a thread; what is live is asked itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pointsman.errors import PointsmanError, RunUnavailable
from pointsman.journal import Store
from pointsman.journal.replay import past, program_of
from pointsman.journal.store import RunRow
from pointsman.kernel.effects import Ask
from pointsman.kernel.events import Json, Record, RunStarted
from pointsman.runtime import catalog, listing
from pointsman.runtime.catalog import made_of
from pointsman.runtime.definitions import DefinitionChange, Definitions
from pointsman.runtime.describing import event_kind, event_words
from pointsman.runtime.journals import open_journal
from pointsman.runtime.listing import EventLine, Ids, RunView, Story, Trace
from pointsman.runtime.redacting import learn_state, redactor_for
from pointsman.runtime.registry import Live, Registry
from pointsman.runtime.reuse import plan
from pointsman.runtime.sessions import Options
from pointsman.runtime.workspace import Place, find_place
from pointsman.security.redaction import Redactor

GATHER_S = 0.1
"""How long what happens in live runs is gathered before it is told: a person sees no more."""
MANY = 20_000
"""Events of a recorded run that a list reads, from its start: what it shows of longer ones is what they had by then."""
KEPT = 500
"""Recorded runs whose views are kept."""


@dataclass(frozen=True)
class Started:
    """A run that has begun; `note` is what a person should know of how."""

    run: str
    note: str = ""


@dataclass(eq=False)
class _Followed:
    """A live run that somebody looks at: its story so far, and what hides its secrets."""

    story: Story
    hide: Redactor


class Desk:
    """The runs of one process and the journals of its workspaces, for people."""

    def __init__(self, runs: Registry, definitions: Definitions) -> None:
        self._registry = runs
        self.definitions = definitions
        self._ids: dict[tuple[str, str], Ids] = {}
        self._views: dict[tuple[Path, str], tuple[RunRow, RunView]] = {}
        self._followed: dict[str, _Followed] = {}
        self._told: list[Callable[[Sequence[RunView]], None]] = []
        self._moved: dict[str, Live] = {}
        self._telling: asyncio.TimerHandle | None = None
        runs.watch(self._run_moved)

    # --- looking ----------------------------------------------------------------------------------------------------

    async def runs(self, root: Path, limit: int = 50) -> list[RunView]:
        """The runs of a workspace, newest first."""
        live = frozenset(self._registry.live)
        found = await asyncio.to_thread(self._recorded, find_place(root), limit, live)
        return [self._live_view(row.id) or view or self._brief(row, root) for row, view in found]

    async def run(self, root: Path, run: str) -> RunView:
        """One run. Raises RunUnavailable."""
        live = self._live_view(run)
        if live:
            return live
        return await asyncio.to_thread(self._one, find_place(root), run)

    async def events(self, root: Path, run: str) -> list[EventLine]:
        """What happened in a run, a line each. Raises RunUnavailable."""
        return await asyncio.to_thread(_events, find_place(root), run)

    async def envelope(self, root: Path, run: str, seq: int | None = None) -> Json:
        """The envelope as it stood after an event, by default the last. Raises RunUnavailable."""
        return await asyncio.to_thread(_envelope, find_place(root), run, seq)

    async def trace(self, root: Path, run: str) -> Trace:
        """A run laid over its graph. Raises RunUnavailable."""
        live = self._registry.live.get(run)
        if live:
            return listing.trace(self._follow(live).story, live.session.state)
        return await asyncio.to_thread(_trace, find_place(root), run)

    async def last_input(self, root: Path, path: Path, pipeline: str) -> Json | None:
        """What the newest run of a pipeline was given, None when there is none."""
        return await asyncio.to_thread(_last_input, find_place(root), path.resolve(), pipeline)

    def watch(self, told: Callable[[Sequence[RunView]], None]) -> Callable[[], None]:
        """Be told of live runs that have moved; returns what ends that."""
        self._told.append(told)
        return lambda: self._told.remove(told) if told in self._told else None

    def watch_definitions(self, told: Callable[[DefinitionChange], None]) -> Callable[[], None]:
        """Be told of what is broken now, and from now on of saved files that matter; returns what ends that."""
        for change in tuple(self.definitions.broken.values()):
            told(change)
        return self.definitions.watch(told)

    # --- doing ------------------------------------------------------------------------------------------------------

    async def start(self, path: Path, pipeline: str | None, value: Json, options: Options) -> Started:
        """Start a run of what is live. Raises what `catalog.load` and `sessions.start` raise."""
        loaded, note = await asyncio.to_thread(self.definitions.load, path, pipeline)
        live = self._registry.start(loaded, value, replace(options, note=note))
        return Started(live.run_id, note)

    async def rerun(self, root: Path, run: str, options: Options, start_at: str | None = None) -> Started:
        """Go on where a run stood, as a new run that re-uses what has not changed. Raises what `prepared` raises."""
        loaded, value, options = await asyncio.to_thread(prepared, self.definitions, root, run, options, start_at)
        live = self._registry.start(loaded, value, options)
        return Started(live.run_id, options.note)

    async def resume(self, root: Path, run: str, options: Options) -> Started:
        """Take up a run that has no living host. Raises what `sessions.resume` raises."""
        live = self._registry.resume(find_place(root), run, options)
        return Started(live.run_id)

    async def answer(self, root: Path, run: str, stage: str, value: Json, by: str, options: Options) -> None:
        """Answer what a run asks; one that is parked is taken up with it. Raises what `Session.answer` raises."""
        live = self._registry.live.get(run)
        if live:
            live.session.answer(stage, value, by)
        else:
            self._registry.resume(find_place(root), run, options, answer=(stage, value, by))

    async def cancel(self, root: Path, run: str, by: str, options: Options) -> None:
        """Ask for a run's end; one that is parked or was interrupted is taken up for it. Raises RunUnavailable."""
        live = self._registry.live.get(run) or self._registry.resume(find_place(root), run, options)
        live.session.cancel(by)

    # --- live runs --------------------------------------------------------------------------------------------------

    def _run_moved(self, live: Live, records: Sequence[Record]) -> None:
        followed = self._followed.get(live.run_id)
        if followed:
            for record in records:
                followed.story.fold(record)
            learn_state(followed.hide, live.session.state)
            if live.run_id not in self._registry.live and not self._told:
                del self._followed[live.run_id]
        if self._told:
            self._moved[live.run_id] = live
            if self._telling is None:
                self._telling = asyncio.get_running_loop().call_later(GATHER_S, self._tell)

    def _tell(self) -> None:
        self._telling = None
        moved, self._moved = self._moved, {}
        views = [self._view_of(live, self._follow(live)) for live in moved.values()]
        for run in moved.keys() - self._registry.live.keys():
            del self._followed[run]
        for told in tuple(self._told) if views else ():
            told(views)

    def _live_view(self, run: str) -> RunView | None:
        live = self._registry.live.get(run)
        return self._view_of(live, self._follow(live)) if live else None

    def _follow(self, live: Live) -> _Followed:
        """The story of a live run, from its start."""
        followed = self._followed.get(live.run_id)
        if followed is None:
            session = live.session
            followed = _Followed(listing.told(session.past, live.run_id), session.redactor())
            self._followed[live.run_id] = followed
        return followed

    def _view_of(self, live: Live, followed: _Followed) -> RunView:
        session, state = live.session, live.session.state
        root, asks, here = session.place.root, session.questions(), live.run_id in self._registry.live
        ended_ns = 0 if here else followed.story.ended_ns
        row = RunRow(
            live.run_id, state.started.pipeline, "", live.path, 0, live.progress.started_ns, ended_at_ns=ended_ns
        )
        return listing.run_view(
            followed.story,
            row,
            root,
            followed.hide,
            ids=listing.ids_of(state.program),
            status=live.status if here else state.outcome or ("waiting" if asks else "interrupted"),
            live=here,
            asks=asks,
            host="server" if here else "",
        )

    # --- recorded runs ----------------------------------------------------------------------------------------------

    def _recorded(self, place: Place, limit: int, live: frozenset[str]) -> list[tuple[RunRow, RunView | None]]:
        try:
            store = open_journal(place)
        except RunUnavailable:
            return []
        try:
            rows = store.runs(limit)
            return [(row, None if row.id in live else self._view(place, store, row)) for row in rows]
        finally:
            store.close()

    def _one(self, place: Place, run: str) -> RunView:
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

    def _brief(self, row: RunRow, root: Path) -> RunView:
        """A run that has ended between two looks."""
        status = row.outcome or row.status
        return listing.run_view(
            listing.told([], row.id), row, root, Redactor(), ids={}, status=status, live=False, asks=(), host=""
        )


def prepared(
    definitions: Definitions, root: Path, run: str, options: Options, start_at: str | None = None
) -> tuple[catalog.Loaded, Json, Options]:
    """All that is needed to go on where a run stood: what is live now, its input, and what may be taken of it.

    Raises RunUnavailable for no such run, Misuse for no such stage, and what `catalog.load` raises.
    """
    place = find_place(root)
    store = open_journal(place)
    try:
        row = store.run(run)
        started = next(iter(store.records(row.id, until=1))).event
        assert isinstance(started, RunStarted)
        loaded, broken = definitions.load(place.root / row.path, started.pipeline)
        reuse = plan(store, row.id, made_of(loaded), start_at or "")
        cwd = Path(started.cwd) if Path(started.cwd).is_dir() else options.cwd
        note = "; ".join(filter(None, (reuse.note, broken)))
        return loaded, started.input, replace(options, reuse=reuse, note=note, cwd=cwd)
    finally:
        store.close()


def _events(place: Place, run: str) -> list[EventLine]:
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
                hide.text(event_words(record.event)),
            )
            for record in store.records(row.id)
        ]
    finally:
        store.close()


def _envelope(place: Place, run: str, seq: int | None) -> Json:
    store = open_journal(place)
    try:
        lived = past(store, run, until=seq)
        if seq is not None and not 1 <= seq <= lived.seq:
            raise RunUnavailable("no_such_event", f"run {lived.row.id} has events 1 to {lived.row.events}, not {seq}")
        records = list(store.records(lived.row.id, until=lived.seq))
        return redactor_for(place, store, lived.row.id).envelope(listing.envelope_at(lived.state, records))
    finally:
        store.close()


def _trace(place: Place, run: str) -> Trace:
    store = open_journal(place)
    try:
        lived = past(store, run)
        return listing.trace(listing.told(store.records(lived.row.id), lived.row.id), lived.state)
    finally:
        store.close()


def _last_input(place: Place, path: Path, pipeline: str) -> Json | None:
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
