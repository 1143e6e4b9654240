"""Runs with a debugger: a live one is held at its gate, a recorded one is its journal; clients of one run share it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pointsman.debugger.debugger import Debugger
from pointsman.debugger.timeline import Timeline
from pointsman.errors import JournalError, RunUnavailable
from pointsman.journal.replay import program_of
from pointsman.journal.store import RunRow
from pointsman.kernel.events import Json, Record, RunStarted
from pointsman.kernel.instructions import Program
from pointsman.kernel.state import State
from pointsman.runtime.catalog import Loaded
from pointsman.runtime.journals import open_journal
from pointsman.runtime.redacting import redactor_for
from pointsman.runtime.registry import Live, Registry
from pointsman.runtime.reuse import Reuse
from pointsman.runtime.sessions import Options
from pointsman.runtime.workspace import Place
from pointsman.security.redaction import Redactor


@dataclass(eq=False)
class Debugged:
    """One run and its debugger. `live` is None for a recorded run; `elsewhere` says who runs it, if somebody does.

    `launched`: it was started here, and for a debugger; `owner` is the client that did, while it is there.
    """

    run_id: str
    place: Place
    program: Program
    debugger: Debugger
    redactor: Redactor
    live: Live | None = None
    elsewhere: str = ""
    users: int = 0
    launched: bool = False
    owner: object = None

    async def edit(self, branch: str, path: Sequence[str | int], value: Json, by: str) -> None:
        """Change what a branch sees where the run is held; returns when it is journaled, and shown by the stop.

        Raises RunUnavailable where nothing can be changed, Misuse with the rule that the edit would break.
        """
        stop = self.debugger.stop
        if self.live is None:
            raise RunUnavailable("recorded", f"run {self.run_id} is recorded: what has happened stays as it was")
        if stop is not None and stop.past:
            raise RunUnavailable("past", "you are looking at the past; go forward or continue to edit")
        await self.live.session.edit(branch, path, value, by)
        self.debugger.edited()


class Debugging:
    """All runs that are debugged in this process. Belongs to one event loop."""

    def __init__(self, runs: Registry) -> None:
        self._runs = runs
        self._debugged: dict[str, Debugged] = {}

    def launch(
        self,
        loaded: Loaded,
        value: Json,
        options: Options,
        prepare: Callable[[Debugged], None],
        stop_at: str = "",
    ) -> Debugged:
        """Start a run under a debugger; `prepare` sets its breakpoints before anything of it happens. `stop_at` is a
        stage that is not passed the first time it is come to, even if its result is known.

        Raises what starting a run raises.
        """
        live = self._runs.start(loaded, value, options, park=False)
        debugged = self._join(live)
        debugged.debugger.passes = _passes(options.reuse, stop_at) if options.reuse else None
        debugged.launched = True
        debugged.users += 1
        prepare(debugged)
        return debugged

    def find(self, place: Place, run: str) -> RunRow:
        """A run by its id, the start of one, `latest` or `latest:failed`. Reads the journal and nothing of ours, so it
        may be called on a thread. Raises RunUnavailable.
        """
        store = open_journal(place)
        try:
            return store.run(run)
        finally:
            store.close()

    def elsewhere(self, row: RunRow) -> bool:
        """Whether another living process hosts a run, and lets debuggers in to it."""
        hosted = row.status == "running" and row.lease is not None and row.lease.endpoint
        return bool(hosted) and row.id not in self._runs.live

    def attach(self, run_id: str, record: Debugged | None = None) -> Debugged | None:
        """A run that is live or looked at here already, else its record, which is for the caller to read."""
        found = self._debugged.get(run_id)
        if found is None and run_id in self._runs.live:
            found = self._join(self._runs.live[run_id])
        found = found or record
        if found is not None:
            found.users += 1
        return found

    def leave(self, debugged: Debugged) -> None:
        """One client less; the run of the last one goes on alone, up to where only people can help."""
        debugged.users -= 1
        if debugged.users <= 0:
            self._debugged.pop(debugged.run_id, None)
            if debugged.live is not None:
                debugged.live.session.set_gate(None)
                if debugged.launched:
                    debugged.live.session.park()

    def _join(self, live: Live) -> Debugged:
        session = live.session
        timeline = Timeline(session.state.program, session.run_id)
        timeline.add(session.past)

        def watch(records: Sequence[Record], state: State) -> None:
            timeline.add(records)

        session.watch(watch)
        debugger = Debugger(timeline, session.release)
        session.set_gate(debugger)
        redactor = session.redactor()
        debugged = Debugged(session.run_id, session.place, session.state.program, debugger, redactor, live)
        self._debugged[session.run_id] = debugged
        live.task.add_done_callback(lambda _: self._debugged.pop(session.run_id, None))
        return debugged


def read_record(place: Place, run_id: str) -> Debugged:
    """A run as far as it is recorded: may be called on a thread. Raises RunUnavailable and JournalError."""
    store = open_journal(place)
    try:
        row = store.run(run_id)
        records = list(store.records(row.id))
        if not records or not isinstance(records[0].event, RunStarted):
            raise JournalError("run_empty", f"run {row.id} has no events", "It can only be started anew")
        program = program_of(store, records[0].event)
        timeline = Timeline(program, row.id)
        timeline.add(records)
        elsewhere = f"process {row.lease.pid}" if row.status == "running" and row.lease else ""
        hide = redactor_for(place, store, row.id)
        return Debugged(row.id, place, program, Debugger(timeline, None), hide, None, elsewhere)
    finally:
        store.close()


def _passes(reuse: Reuse, stop_at: str) -> Callable[[State, str], bool]:
    """What a debugger lets pass: all that is taken of the older run, except where it was asked to stop at."""

    def passes(state: State, branch: str) -> bool:
        at = state.branches.get(branch)
        if stop_at and at is not None and at.part == "enter" and not at.visits.get(at.stage):
            code = state.program.at(at.block, at.stage)
            if stop_at in (code.id, code.name):
                return False
        return reuse.covers(state, branch)

    return passes
