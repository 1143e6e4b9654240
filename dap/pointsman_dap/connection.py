"""The requests of one client in their order: each is answered once, and one that is cancelled in time costs nothing."""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Callable

from pointsman.errors import PointsmanError
from pointsman.wire import Unreadable
from pointsman_dap.adapter import Adapter, Later, Then
from pointsman_dap.errors import Refused
from pointsman_dap.handlers import HANDLERS, check
from pointsman_dap.params import Cancel, shaped
from pointsman_dap.protocol import Protocol, Request
from pointsman_dap.starting import Host, words_of
from pointsman_dap.voice import Voice


class Connection:
    """One client from its first byte to its last; does no I/O itself."""

    def __init__(self, host: Host, write: Callable[[bytes], None]) -> None:
        self._protocol = Protocol()
        self._voice = Voice(self._protocol, write)
        self._adapter = Adapter(host, self._voice)
        self._lane: deque[Request] = deque()
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
        for found in self._protocol.receive(data):
            self.arrived += 1
            if isinstance(found, Unreadable):
                self._voice.output("stderr", f"a message is not readable: {found.reason}\n")
                continue
            if found.command == "cancel":
                self._cancel(found)
            self._lane.append(found)

    def turn(self) -> None:
        """Answer the next request."""
        request = self._lane.popleft()
        if request.answered or self.left:
            return
        try:
            self._answer(request)
        except Refused as why:
            self._adapter.refuse(request, why)
        except PointsmanError as error:
            self._adapter.refuse(request, Refused("internal", words_of(error)))
        except Exception as error:
            self._failed(request, error)

    def lose(self) -> None:
        """The client is gone."""
        if not self.left:
            self._adapter.leave()

    def stop(self) -> None:
        """The server ends: the client learns of it."""
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
                self._voice.refuse(request, Refused("cancelled", "cancelled by the client"))
                return

    def _failed(self, request: Request, error: Exception) -> None:
        """A fault of ours: whoever asked learns of it, and how it came about."""
        self._voice.output("stderr", "".join(traceback.format_exception(error)))
        why = Refused("internal", f"{request.command} failed in the adapter: {type(error).__name__}: {error}")
        if not request.answered:
            self._adapter.refuse(request, why)
