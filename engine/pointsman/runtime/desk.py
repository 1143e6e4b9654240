"""What people do with the runs of a workspace: start, go on, resume, answer, cancel, look. Every surface comes here.

Belongs to one event loop. What is recorded is read from the journal on a thread; what is live is asked itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pointsman.journal.store import RunRow
from pointsman.kernel.events import Json, Record, RunStarted
from pointsman.runtime import catalog, listing, recorded
from pointsman.runtime.catalog import made_of
from pointsman.runtime.definitions import DefinitionChange, Definitions
from pointsman.runtime.journals import journal_signature, open_journal
from pointsman.runtime.listing import EventLine, RunView, Story, Trace
from pointsman.runtime.recorded import Recorded
from pointsman.runtime.redacting import learn_state
from pointsman.runtime.registry import Live, Registry
from pointsman.runtime.reuse import plan
from pointsman.runtime.sessions import Options
from pointsman.runtime.workspace import find_place
from pointsman.security.redaction import Redactor

GATHER_S = 0.1
"""How long what happens in live runs is gathered before it is told: a person sees no more."""
LOOK_S = 1.0
"""How often it is looked whether other processes have written to the journal: two `stat`s."""
LOOKED_AT = 20
"""Runs that are looked at then: the newest."""


Elsewhere = Callable[[Path, str, str, Mapping[str, Json]], bool]
"""Ask the process that hosts a run: root, run, verb and its words. False when there is none that could be asked."""


def _nowhere(root: Path, run: str, verb: str, words: Mapping[str, Json]) -> bool:
    return False


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

    def __init__(
        self, runs: Registry, definitions: Definitions, root: Path | None = None, elsewhere: Elsewhere = _nowhere
    ) -> None:
        """`root` is where runs that other processes host are looked for, `elsewhere` how those are asked."""
        self._registry = runs
        self._root = root
        self._elsewhere = elsewhere
        self._looking: asyncio.Task[None] | None = None
        self.definitions = definitions
        self._recorded = Recorded()
        self._followed: dict[str, _Followed] = {}
        self._told: list[Callable[[Sequence[RunView]], None]] = []
        self._moved: dict[str, Live] = {}
        self._telling: asyncio.TimerHandle | None = None
        runs.watch(self._run_moved)

    # --- looking ----------------------------------------------------------------------------------------------------

    async def runs(self, root: Path, limit: int = 50) -> list[RunView]:
        """The runs of a workspace, newest first."""
        live = frozenset(self._registry.live)
        found = await asyncio.to_thread(self._recorded.runs, find_place(root), limit, live)
        return [self._live_view(row.id) or view or self._recorded.brief(row, root) for row, view in found]

    async def run(self, root: Path, run: str) -> RunView:
        """One run. Raises RunUnavailable."""
        live = self._live_view(run)
        if live:
            return live
        return await asyncio.to_thread(self._recorded.run, find_place(root), run)

    async def events(self, root: Path, run: str) -> list[EventLine]:
        """What happened in a run, a line each. Raises RunUnavailable."""
        return await asyncio.to_thread(recorded.events, find_place(root), run)

    async def envelope(self, root: Path, run: str, seq: int | None = None) -> Json:
        """The envelope as it stood after an event, by default the last. Raises RunUnavailable."""
        return await asyncio.to_thread(recorded.envelope, find_place(root), run, seq)

    async def trace(self, root: Path, run: str) -> Trace:
        """A run laid over its graph. Raises RunUnavailable."""
        live = self._registry.live.get(run)
        if live:
            return listing.trace(self._follow(live).story, live.session.state)
        return await asyncio.to_thread(recorded.trace, find_place(root), run)

    async def last_input(self, root: Path, path: Path, pipeline: str) -> Json | None:
        """What the newest run of a pipeline was given, None when there is none."""
        return await asyncio.to_thread(recorded.last_input, find_place(root), path.resolve(), pipeline)

    def watch(self, told: Callable[[Sequence[RunView]], None]) -> Callable[[], None]:
        """Be told of runs that have moved, each second also of those of other processes; returns what ends that."""
        self._told.append(told)
        if self._looking is None and self._root is not None:
            self._looking = asyncio.get_running_loop().create_task(self._look(self._root))

        def leave() -> None:
            if told in self._told:
                self._told.remove(told)
            if not self._told and self._looking is not None:
                self._looking.cancel()
                self._looking = None

        return leave

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
        live = await self._registry.here(run)
        if live is None:
            words = {"effect": stage, "value": value, "by": by}
            if await asyncio.to_thread(self._elsewhere, root, run, "answer", words):
                return
            live = await self._registry.here(run)  # somebody else may have taken it up meanwhile
        if live is None:
            self._registry.resume(find_place(root), run, options, answer=(stage, value, by))
        else:
            live.session.answer(stage, value, by)

    async def cancel(self, root: Path, run: str, by: str, options: Options) -> None:
        """Ask for a run's end; one that is parked or was interrupted is taken up for it. Raises RunUnavailable."""
        live = await self._registry.here(run)
        if live is None:
            if await asyncio.to_thread(self._elsewhere, root, run, "cancel", {"by": by}):
                return
            live = await self._registry.here(run) or self._registry.resume(find_place(root), run, options)
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

    async def _look(self, root: Path) -> None:
        """Tell of runs that other processes drive, or have ended: the journal is read when it has changed."""
        place = find_place(root)
        known: dict[str, RunView] = {}
        before: object = None
        while True:
            now = journal_signature(place)
            if now != before:
                found = await asyncio.to_thread(self._recorded.runs, place, LOOKED_AT, frozenset(self._registry.live))
                views = {row.id: view for row, view in found if view}
                changed = [view for run, view in views.items() if view != known.get(run)]
                for told in tuple(self._told) if changed and before is not None else ():
                    told(changed)
                known, before = views, now
            await asyncio.sleep(LOOK_S)

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
            expires_ns=session.expires_at_ns,
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
        beside = f"run {row.id} is live still, and goes on as it is" if row.status == "running" else ""
        note = "; ".join(filter(None, (reuse.note, broken, beside)))
        return loaded, started.input, replace(options, reuse=reuse, note=note, cwd=cwd)
    finally:
        store.close()
