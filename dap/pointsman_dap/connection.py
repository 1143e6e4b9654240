"""The requests of one client in their order: each is answered once, and one that is cancelled in time costs nothing."""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pointsman.errors import PointsmanError
from pointsman.wire import Unreadable
from pointsman_dap.adapter import Adapter
from pointsman_dap.answers import Elsewhere, Later, Then
from pointsman_dap.errors import Refused
from pointsman_dap.handlers import HANDLERS, check
from pointsman_dap.params import Cancel, shaped
from pointsman_dap.protocol import Protocol, Request
from pointsman_dap.starting import Host, words_of
from pointsman_dap.voice import Voice

if TYPE_CHECKING:
    from pointsman_dap.relaying import Abroad


MOST_KEPT = 4 * 1024 * 1024
"""Bytes of a client that are kept until its run is chosen; who says more before that is passed on to nobody."""


class Connection:
    """One client from its first byte to its last; does no I/O itself.

    `handed` is what another process has said to this client before it was passed on to us: how many messages (`said`),
    and which of its own they answer (`answered`, counted from 1).
    """

    def __init__(self, host: Host, write: Callable[[bytes], None], handed: Mapping[str, Any] | None = None) -> None:
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
        self._voice.muted = request.number in self._known
        try:
            self._answer(request)
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
        self._adapter.stay()
        self._kept = None

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

    def _answer(self, request: Request) -> None:
        handler = HANDLERS.get(request.command)
        if handler is None:
            raise Refused("unknownRequest", f"there is no request {request.command!r:.100}")
        check(self._adapter, handler, request.command)
        match handler.act(self._adapter, request, shaped(request.arguments, handler.shape)):
            case Later():
                pass
            case Then(body, act):
                self._voice.answer(request, body)
                act()
            case body:
                self._voice.answer(request, body)

    def _keep(self, request: Request) -> None:
        """Remember how far we have come, as long as the client may be passed on."""
        if self._kept is None:
            return
        if self._adapter.state not in ("new", "ready") or len(self._kept) > MOST_KEPT:
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
