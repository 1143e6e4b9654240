"""The requests of one client in their order: each is answered once, and one that is cancelled in time costs nothing."""

from __future__ import annotations

import asyncio
import traceback
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pointsman.errors import PointsmanError
from pointsman.wire import Unreadable
from pointsman_dap.adapter import Adapter
from pointsman_dap.answers import Answer, Elsewhere, Later, Read, Then
from pointsman_dap.errors import Refused
from pointsman_dap.handlers import HANDLERS, check
from pointsman_dap.params import Cancel, shaped
from pointsman_dap.protocol import Protocol, Request
from pointsman_dap.starting import Host, words_of
from pointsman_dap.voice import Voice

if TYPE_CHECKING:
    from pointsman_dap.relaying import Abroad


ENDS = frozenset({"terminate", "disconnect"})
"""The requests that end a start which is still read."""
MOST_KEPT = 4 * 1024 * 1024
"""Bytes of a client that are kept until its run is chosen; who says more before that is passed on to nobody."""


class Connection:
    """One client from its first byte to its last; does no I/O itself.

    `handed` is what another process has said to this client before it was passed on to us: how many messages (`said`),
    and which of its own they answer (`answered`, counted from 1).
    """

    def __init__(
        self,
        host: Host,
        write: Callable[[bytes], None],
        wake: Callable[[], None],
        handed: Mapping[str, Any] | None = None,
    ) -> None:
        self._protocol = Protocol()
        self._protocol.said = int((handed or {}).get("said", 0))
        self._known = frozenset((handed or {}).get("answered", ()))
        self._voice = Voice(self._protocol, write)
        self._adapter = Adapter(host, self._voice)
        self._lane: deque[Request] = deque()
        self._kept: bytearray | None = bytearray()
        """All that the client has said, as long as it may still be passed on."""
        self._answered: list[int] = []
        self._abroad: Abroad | None = None
        self._wake = wake
        self._reading: set[asyncio.Task[Any]] = set()
        self._hung_up = False
        self.arrived = 0
        """Messages so far."""

    @property
    def left(self) -> bool:
        """Whether the client has said goodbye."""
        return self._adapter.state == "gone"

    @property
    def waiting(self) -> int:
        """How many requests wait for their turn."""
        return len(self._lane)

    @property
    def ready(self) -> bool:
        """Whether the next one can be answered. While a start is read, which takes as long as its files are large, they
        wait for it as they were sent for what comes of it, unless one of them ends it."""
        if not self._lane or self.elsewhere is not None:
            return False
        return self._adapter.state != "choosing" or any(one.command in ENDS for one in self._lane)

    def receive(self, data: bytes) -> None:
        """Take in what has arrived."""
        if self._kept is not None:
            self._kept += data
        if self._abroad is not None:
            self._abroad.forward(data)
        for found in self._protocol.receive(data):
            self.arrived += 1
            if isinstance(found, Unreadable):
                if self.elsewhere is None:
                    self._voice.output("stderr", f"a message is not readable: {found.reason}\n")
                continue
            found.number = self.arrived
            if self._abroad is not None:
                self._abroad.waiting.append(found)
                continue
            if found.command == "cancel" and self.elsewhere is None:
                self._cancel(found)
            self._lane.append(found)

    def turn(self) -> None:
        """Answer the next request."""
        request = self._lane.popleft()
        if request.answered or self.left:
            return
        self._do(request, lambda: self._handle(request))

    def _do(self, request: Request, act: Callable[[], Answer]) -> None:
        """Whatever comes of a request, it is an answer to it."""
        self._voice.muted = request.number in self._known
        try:
            self._answer(request, act())
        except Refused as why:
            self._adapter.refuse(request, why)
        except PointsmanError as error:
            self._adapter.refuse(request, Refused("internal", words_of(error)))
        except Exception as error:
            self._failed(request, error)
        finally:
            self._voice.muted = False
            self._keep(request)

    @property
    def elsewhere(self) -> Elsewhere | None:
        """Where the client is to be passed on to."""
        return self._adapter.elsewhere

    def handed(self) -> dict[str, Any] | None:
        """What the process that is to serve the client must know of it; None when it is too late for that."""
        return None if self._kept is None else {"said": self._protocol.said, "answered": self._answered}

    def depart(self, abroad: Abroad) -> None:
        """From here on another process serves the client: it gets all that was said so far, and what will be."""
        there, kept = self._adapter.elsewhere, self._kept
        assert there is not None
        assert kept is not None
        self._abroad, self._kept = abroad, None
        abroad.said = self._protocol.said
        abroad.waiting = [there.request, *self._lane]
        self._lane.clear()
        abroad.forward(bytes(kept))
        if self._hung_up:
            abroad.hang_up()

    def stay(self) -> None:
        """The client can not be passed on."""
        there, self._kept = self.elsewhere, None
        assert there is not None
        self._do(there.request, self._adapter.stay)

    def come_back(self, words: str) -> None:
        """The client is ours again: the process that has served it is gone, which `words` say if it has not."""
        abroad, self._abroad = self._abroad, None
        assert abroad is not None
        self._protocol.said = abroad.said
        if not abroad.left:
            for request in abroad.waiting:
                self._voice.refuse(request, Refused("ended", "the run is over"))
        self._adapter.come_back(words, told=abroad.told_the_end, left=abroad.left)

    async def taken(self) -> None:
        """Until somebody has taken in what the client has said."""
        if self._abroad is not None:
            await self._abroad.drain()

    def hang_up(self) -> None:
        """The client says nothing any more."""
        self._hung_up = True
        if self._abroad is not None:
            self._abroad.hang_up()

    def lose(self) -> None:
        """The client is gone."""
        if not self.left:
            self._adapter.leave()

    def stop(self) -> None:
        """The server ends: the client learns of it."""
        there = self.elsewhere
        if self._abroad is not None and there is not None:
            words = f"the server has ended; {there.run_id} goes on in process {there.lease.pid}\n"
            self.come_back(words)
        if not self.left:
            self._adapter.stop()

    def _handle(self, request: Request) -> Answer:
        handler = HANDLERS.get(request.command)
        if handler is None:
            raise Refused("unknownRequest", f"there is no request {request.command!r:.100}")
        check(self._adapter, handler, request.command)
        return handler.act(self._adapter, request, shaped(request.arguments, handler.shape))

    def _answer(self, request: Request, answer: Answer) -> None:
        match answer:
            case Later():
                pass
            case Read():
                self._read(request, answer)
            case Then(body, act):
                self._voice.answer(request, body)
                act()
            case body:
                self._voice.answer(request, body)

    def _read(self, request: Request, answer: Read) -> None:
        """Read on a thread, so that the loop goes on, and go on with what was found unless nobody waits for it then."""

        def back(reading: asyncio.Task[Any]) -> None:
            self._reading.discard(reading)
            if reading.cancelled():
                return
            if not self.left and not request.answered:
                self._do(request, lambda: answer.use(reading.result()))
            elif reading.exception() is not None:
                pass  # thrown away like a result; asyncio would tell of one that nobody has looked at
            self._wake()

        reading = asyncio.create_task(asyncio.to_thread(answer.find))
        self._reading.add(reading)
        reading.add_done_callback(back)

    def _keep(self, request: Request) -> None:
        """Remember how far we have come, as long as the client may be passed on."""
        if self._kept is None:
            return
        if self._adapter.state not in ("new", "ready", "choosing") or len(self._kept) > MOST_KEPT:
            self._kept = None
        elif request.answered:
            self._answered.append(request.number)

    def _cancel(self, cancel: Request) -> None:
        """Answer a request that nobody waits for any more; its own answer comes in its turn."""
        try:
            wanted = shaped(cancel.arguments, Cancel).request_id
        except Refused:
            return  # its own answer says so
        starting = self._adapter.starting
        if starting is not None and starting.seq == wanted:
            self._adapter.abandon(starting)
            return
        for request in self._lane:
            if request.seq == wanted and not request.answered and request.command != "cancel":
                self._voice.muted = request.number in self._known
                self._voice.refuse(request, Refused("cancelled", "cancelled by the client"))
                self._voice.muted = False
                self._keep(request)
                return

    def _failed(self, request: Request, error: Exception) -> None:
        """A fault of ours: whoever asked learns of it, and how it came about."""
        self._voice.output("stderr", "".join(traceback.format_exception(error)))
        why = Refused("internal", f"{request.command} failed in the adapter: {type(error).__name__}: {error}")
        if not request.answered:
            self._adapter.refuse(request, why)
