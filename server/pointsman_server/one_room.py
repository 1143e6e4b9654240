"""The rooms of a command that hosts one run: that run, and nothing that could be started beside it."""

from __future__ import annotations

import asyncio
from functools import cached_property
from typing import Any, NoReturn

from pointsman.errors import RunUnavailable
from pointsman.journal.store import RunRow
from pointsman.kernel.state import State
from pointsman.runtime.debugging import Debugging
from pointsman.runtime.definitions import Definitions
from pointsman.runtime.registry import Registry
from pointsman.runtime.sessions import Session
from pointsman.runtime.workspace import Place
from pointsman_server.rooms import Rooms


class OneRoom(Rooms):
    """What visitors share."""

    def __init__(self, root: str, endpoint: str, session: Session, task: asyncio.Task[State]) -> None:
        super().__init__(root, endpoint)
        self._session = session
        self._task = task

    @cached_property
    def runs(self) -> Registry:
        """The one run."""
        runs = _OneRun(self._endpoint)
        runs.adopt(self._session, self._task)
        return runs

    @cached_property
    def definitions(self) -> Definitions:
        """What is live; nobody keeps a log of it here."""
        return Definitions()

    @cached_property
    def debugging(self) -> Debugging:
        """The same, with a debugger."""
        return _OneDebugging(self.runs, self._session.run_id)


class _OneRun(Registry):
    def start(self, *args: Any, **options: Any) -> NoReturn:
        raise _no_other()

    def resume(self, *args: Any, **options: Any) -> NoReturn:
        raise _no_other()


class _OneDebugging(Debugging):
    def __init__(self, runs: Registry, run: str) -> None:
        super().__init__(runs)
        self._run = run

    def launch(self, *args: Any) -> NoReturn:
        raise _no_other()

    def elsewhere(self, row: RunRow) -> bool:
        return False

    def find(self, place: Place, run: str) -> RunRow:
        """Whatever it was called by who passed this client on: `latest` may mean another one by now."""
        return super().find(place, self._run)


def _no_other() -> RunUnavailable:
    return RunUnavailable("one_run", "this process hosts one run and starts no other", "Ask the workspace's server")
