"""The session registry: every live run of this process, driven here and found here by every surface.

A run that is here goes on whoever leaves: clients watch it, answer it, cancel it, and own nothing of it. Its sessions
share one store and one writer for each durability, so a thousand runs need no thousand threads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from pointsman.journal import Store, ThreadWriter, Writer, thread_writer
from pointsman.kernel.events import Json, Record
from pointsman.kernel.state import State
from pointsman.runtime import sessions
from pointsman.runtime.catalog import Loaded
from pointsman.runtime.journals import open_journal
from pointsman.runtime.progress import Progress
from pointsman.runtime.sessions import Options, Session
from pointsman.runtime.workspace import Place


@dataclass(eq=False)
class Live:
    """One live run: its session, what it looks like so far, and the task that drives it to its last state."""

    session: Session
    progress: Progress
    path: str
    task: asyncio.Task[State]
    leaving: bool = False
    """Whether it is driven no more, and is being given back: nothing that it is told now would be heard."""

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self.session.run_id

    @property
    def status(self) -> str:
        """running, held (by a debugger), asking (only people are waited for), or how it ended."""
        state = self.session.state
        held = "held" if self.session.hold else ""
        return state.outcome or held or ("asking" if self.session.only_people_wait() else "running")


Moved = Callable[[Live, Sequence[Record]], None]
"""Told of a run, and of what has just happened in it."""


class Registry:
    """Live runs by id. Belongs to one event loop; `close` gives all of them back, to be resumed by anybody."""

    def __init__(self, endpoint: str = "") -> None:
        self.live: dict[str, Live] = {}
        self._endpoint = endpoint
        self._journals: dict[tuple[str, str], tuple[Store, Writer]] = {}
        self._held = ExitStack()
        self._watchers: list[Moved] = []

    def start(self, loaded: Loaded, value: Json, options: Options, *, park: bool = True) -> Live:
        """Start a run and drive it. With `park`, it is given back when only people are waited for.

        Raises what `sessions.start` raises.
        """
        store, writer = self._journal(loaded.place, options, create=True)
        options = replace(options, writer=writer, endpoint=self._endpoint)
        return self._drive(sessions.start(loaded, value, options, store), park)

    def resume(
        self,
        place: Place,
        run: str,
        options: Options,
        *,
        park: bool = True,
        answer: tuple[str, Json, str] | None = None,
    ) -> Live:
        """Take a run up that has no living host, with an answer to what it waits for if there is one.

        Raises what `sessions.resume` and `Session.answer` raise.
        """
        store, writer = self._journal(place, options, create=False)
        session = sessions.resume(place, run, replace(options, writer=writer, endpoint=self._endpoint), store)
        if answer:
            with session.given_back_on_error():
                session.answer(*answer)
        return self._drive(session, park)

    async def here(self, run: str) -> Live | None:
        """A run that is driven here; one that is being given back is waited for, so that it can be taken up again."""
        while (live := self.live.get(run)) is not None and live.leaving:
            await asyncio.wait({live.task})
        return live

    def watch(self, moved: Moved) -> None:
        """Be told for good of all that happens in any run, and with no events of what else has changed about one."""
        self._watchers.append(moved)

    def tell(self, live: Live, records: Sequence[Record] = ()) -> None:
        """Something about a live run is another."""
        for moved in self._watchers:
            moved(live, records)

    async def close(self) -> None:
        """Stop driving: what has not ended can be resumed."""
        tasks = [live.task for live in self.live.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for live in tuple(self.live.values()):  # cancelled before its first step: nothing has given it back
            await live.session.__aexit__(None, None, None)
        self.live.clear()
        self._held.close()

    def adopt(self, session: Session, task: asyncio.Task[State]) -> Live:
        """A run of this process that somebody else starts and gives back; `task` drives it."""
        live = self._known(session, task)
        task.add_done_callback(lambda _: self.live.pop(session.run_id, None))
        return live

    def _drive(self, session: Session, park: bool) -> Live:
        return self._known(session, asyncio.get_running_loop().create_task(self._run(session, park)))

    def _known(self, session: Session, task: asyncio.Task[State]) -> Live:
        state, seen = session.state, 0
        progress = Progress(session.run_id, state.started.pipeline)
        for record in session.past:
            progress.fold(record)
            seen = record.seq
        live = self.live[session.run_id] = Live(session, progress, state.started.path, task)

        def moved(records: Sequence[Record], state: State) -> None:
            for record in records:
                if record.seq > seen:  # durable already when we came, and about to be told
                    progress.fold(record)
            self.tell(live, records)

        session.watch(moved)
        session.watch_holds(lambda hold: self.tell(live))
        return live

    async def _run(self, session: Session, park: bool) -> State:
        try:
            async with session:
                try:
                    return await session.run(park=park)
                finally:
                    self.live[session.run_id].leaving = True
        finally:
            self.tell(self.live.pop(session.run_id))

    def _journal(self, place: Place, options: Options, *, create: bool) -> tuple[Store, Writer]:
        durability = options.durability or place.settings.durability
        key = (str(place.root), durability)
        if key not in self._journals:
            store = open_journal(place, durability, create=create)
            self._held.callback(store.close)
            writer = thread_writer(store)
            assert isinstance(writer, ThreadWriter)
            self._held.callback(writer.close)
            self._journals[key] = store, writer
        return self._journals[key]
