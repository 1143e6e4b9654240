"""A command that hosts a run itself lets others in to that run: a debugger, and whoever answers or cancels it.

Laws:
- It costs a run that nobody visits a socket and nothing else: what visitors need is made and imported with the first.
- How to be let in stands in the file that proves this host's life, for this user alone; both end with the host.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Set
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self

from pointsman.kernel.state import State
from pointsman.runtime.sessions import Options, Session
from pointsman_server.clients import Client
from pointsman_server.reception import Reception

if TYPE_CHECKING:
    from pointsman_server.one_room import OneRoom

VERBS = frozenset({"status", "resume", "answer", "cancel", "park"})
"""What a control connection can ask of it: all that concerns a run that is live already."""


class OpenHouse:
    """The visitors of one run; a context manager around its life. `pointsman_server.daemon` is the other host."""

    log = ""
    idle_s = 0.0

    def __init__(self, root: str) -> None:
        self.root = root
        self.started_at_ns = time.time_ns()
        self._reception = Reception(root, {"dap": self._serve_dap, "control": self._serve_control})
        self._hosted: tuple[Session, asyncio.Task[State]]

    @property
    def clients(self) -> Set[Client]:
        """Who visits."""
        return self._reception.clients

    @property
    def endpoint(self) -> str:
        """Where it listens; empty when it does not."""
        return self._reception.endpoint

    @cached_property
    def rooms(self) -> OneRoom:
        """The run as visitors see it."""
        from pointsman_server.one_room import OneRoom

        return OneRoom(self.root, self.endpoint, *self._hosted)

    def published(self, options: Options) -> Options:
        """The options of a host that says where it is found."""
        if not self.endpoint:
            return options
        door = json.dumps(self._reception.door(self.started_at_ns)).encode()
        return replace(options, endpoint=self.endpoint, door=door)

    def opens(self, session: Session, task: asyncio.Task[State]) -> None:
        """There is a run to visit, driven by this task."""
        self._hosted = session, task

    def stop(self, why: str) -> None:
        """It ends with its run, and not for a visitor."""

    async def close(self) -> None:
        """Say goodbye to all."""
        await self._reception.close("")

    async def __aenter__(self) -> Self:
        with suppress(OSError):  # a machine that lets nobody listen can run pipelines all the same
            await self._reception.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _serve_dap(self, client: Client, reader: asyncio.StreamReader) -> int:
        return await self.rooms.serve_dap(reader, client)

    async def _serve_control(self, client: Client, reader: asyncio.StreamReader) -> int:
        from pointsman_server.control import serve

        return await serve(self, client, reader, VERBS)
