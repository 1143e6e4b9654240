"""One client's wire: what it said, what waits for an answer, and when its turn is.

Texts change at once, as edits arrive. Questions wait in a lane, and before the next one is answered everything that has
arrived is taken in: so a question that was cancelled, or whose text has changed, costs nothing. Diagnostics come last.
What is asked of runs is answered beside the lane.
Every question gets exactly one answer, and nothing a client sends ends its connection but `exit`.
"""

from __future__ import annotations

import asyncio
import time
import traceback
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pointsman.wire import Frames, Unreadable, frame
from pointsman_lsp import params
from pointsman_lsp.announcing import QUESTIONS, REQUESTS, introduction, questions
from pointsman_lsp.client import read_client
from pointsman_lsp.features import Refused
from pointsman_lsp.messages import (
    Call,
    Code,
    Id,
    Invalid,
    Reply,
    ResponseError,
    encode,
    error_of,
    read_message,
    result_of,
    structure,
)
from pointsman_lsp.outside import Outside
from pointsman_lsp.parent import wait_gone
from pointsman_lsp.uris import key_of

if TYPE_CHECKING:
    from pointsman_lsp.session import Session

CHUNK = 256 * 1024
MOST_ROUNDS = 100
"""Turns of the loop given to a client that never stops to write, before it gets an answer."""
SLICE_S = 0.001
"""How long one client's work keeps all others waiting, where it can be cut."""
MOST_WAITING = 1_000
"""Questions of one client that wait; until there are fewer, no more of what it says is read."""
MOST_UNREAD = 1024 * 1024
"""Bytes of answers that a client has not read, before it is not read from either."""
IN_A_ROW = 16
"""Questions answered in a row while diagnostics wait."""

ERROR, LOG = 1, 4
"""Types of log messages."""


@dataclass(slots=True)
class _Waiting:
    """A question in the lane, or beside it as a `task`; `key` is the document it is about."""

    id: Id
    method: str
    params: Any = None
    key: str | None = None
    answered: bool = False
    fresh: bool = False
    known: object = None
    task: asyncio.Task[None] | None = None


class Connection:
    """The wire of one client, from its first byte to its last."""

    def __init__(self, writer: asyncio.StreamWriter, outside: Outside) -> None:
        self._writer = writer
        self._outside = outside
        self._opened: Session | None = None
        self._early: deque[Call] = deque()
        self._state = "new"
        self._lane: deque[_Waiting] = deque()
        self._waiting: dict[Id, _Waiting] = {}
        self._asides: set[asyncio.Task[None]] = set()
        self._parent: asyncio.Task[None] | None = None
        self._following: asyncio.Task[None] | None = None
        self._questions = questions(runs=outside.runs is not None)
        self._requests = REQUESTS if outside.runs is not None else {}
        self._arrived = 0
        self._since = 0.0
        self._ended = False
        self._left = False
        self._news = asyncio.Event()
        self._fewer = asyncio.Event()

    @property
    def _session(self) -> Session:
        """Asked for only once it is open: what comes before that waits in `_early`."""
        assert self._opened is not None
        return self._opened

    async def run(self, reader: asyncio.StreamReader) -> int:
        """Serve the client to its end; the exit code is 0 if it said `shutdown` before it left."""
        self._writer.transport.set_write_buffer_limits(MOST_UNREAD)
        reading = asyncio.create_task(self._read(reader))
        in_a_row = 0
        try:
            while not (self._left and self._state != "shutdown"):
                await self._take_in()
                self._since = time.monotonic()
                dirty = self._opened is not None and self._opened.dirty
                if self._lane and not (dirty and in_a_row >= IN_A_ROW):
                    in_a_row += 1
                    await self._answer(self._lane.popleft())
                elif self._ended and (self._left or not self._asides):
                    break
                elif dirty and self._state != "shutdown":
                    in_a_row = 0
                    await self._diagnose()
                else:
                    self._news.clear()
                    await self._news.wait()
        except OSError:
            pass  # The client is gone, and nobody is left to answer.
        finally:
            for task in (reading, self._parent, self._following, *self._asides):
                if task is not None:
                    task.cancel()
            if self._opened is not None:
                self._opened.end()
        return 0 if self._state == "shutdown" else 1

    async def _read(self, reader: asyncio.StreamReader) -> None:
        frames = Frames()
        try:
            while not self._left and (data := await reader.read(CHUNK)):
                since = time.monotonic()
                for body in frames.feed(data):
                    self._arrived += 1
                    self._receive(body)
                    if time.monotonic() - since > SLICE_S:
                        await self._make_room()
                        since = time.monotonic()
                await self._make_room()
        except OSError:
            pass  # As good as the end of input.
        finally:
            self._ended = True
            self._news.set()

    async def _make_room(self) -> None:
        """Let others have the loop, and wait until the client has read its answers and few of its words wait for us."""
        self._news.set()
        await asyncio.sleep(0)
        await self._writer.drain()
        while len(self._waiting) + len(self._early) > MOST_WAITING:
            self._fewer.clear()
            await self._fewer.wait()

    async def _open(self, said: params.Initialize) -> None:
        """Make the session, of modules that take long to import; what came meanwhile is then looked at."""
        try:
            module = await asyncio.to_thread(import_module, "pointsman_lsp.session")
            self._opened = module.Session(said, self._outside, self._news.set, self._say, self._failed)
        except Exception:
            self._left = self._ended = True  # Nobody is here to answer anything.
            raise
        self._following = asyncio.create_task(self._opened.follow())
        since = time.monotonic()
        while self._early:
            self._called(self._early.popleft())
            if time.monotonic() - since > SLICE_S:
                await asyncio.sleep(0)
                since = time.monotonic()
        self._fewer.set()

    async def _end_with(self, process_id: int) -> None:
        """Take the end of the client's process for the end of its input."""
        await wait_gone(process_id)
        self._left = self._ended = True
        self._news.set()

    async def _take_in(self) -> None:
        """Let everything that has arrived be received: bytes to the buffer, buffer to the reader, reader to us."""
        for _ in range(MOST_ROUNDS):
            before = self._arrived
            for _ in range(3):
                await asyncio.sleep(0)
            if self._arrived == before:
                return

    def _receive(self, body: bytes | Unreadable) -> None:
        if self._left:
            return
        if isinstance(body, Unreadable):
            self._send(error_of(None, Code.PARSE_ERROR, f"not readable: {body.reason}"))
            return
        match read_message(body):
            case Invalid(code, reason, id):
                self._send(error_of(id, code, reason))
            case Reply(_, error):
                if error is not None:
                    self._log(LOG, f"the client refused what it was asked: {error:.500}")
            case Call() as call if self._early or (self._state != "new" and self._opened is None):
                self._early.append(call)
            case Call() as call:
                self._called(call)

    def _called(self, call: Call) -> None:
        match call:
            case Call(None, method, its):
                try:
                    self._notified(method, its)
                except ResponseError as error:
                    self._log(LOG, f"{method} is not understood: {error.message}")
                except Exception as error:
                    self._failed(method, error)
            case Call(int() | str() as id, method, its):
                try:
                    self._asked(id, method, its)
                except ResponseError as error:
                    self._send(error_of(id, error.code, error.message))
                except Exception as error:
                    self._send(error_of(id, Code.INTERNAL_ERROR, self._failed(method, error)))

    def _asked(self, id: Id, method: str, its: object) -> None:
        """Put a question into the lane; those about the connection itself are answered at once."""
        if self._state == "shutdown":
            raise ResponseError(Code.INVALID_REQUEST, "the server was shut down; only `exit` is left to say")
        if method == "initialize":
            if self._state != "new":
                raise ResponseError(Code.INVALID_REQUEST, "the server is initialized already")
            said = structure(its, params.Initialize)
            self._state = "running"
            self._send(result_of(id, introduction(read_client(said.capabilities), self._outside.runs is not None)))
            if said.process_id is not None:
                self._parent = asyncio.create_task(self._end_with(said.process_id))
            self._aside("initialize", self._open(said))
            return
        if self._state == "new":
            raise ResponseError(Code.NOT_INITIALIZED, "`initialize` comes first")
        if id in self._waiting:
            raise ResponseError(Code.INVALID_REQUEST, f"a request with the id {id!r} is still waiting for its answer")
        if method == "shutdown":
            self._state = "shutdown"
            waiting = _Waiting(id, method)
        elif method in self._questions:
            shaped = structure(its, QUESTIONS[method].shape)
            waiting = _Waiting(id, method, shaped, key_of(shaped.text_document.uri))
        elif method in self._requests:
            waiting = self._waiting[id] = _Waiting(id, method, structure(its, REQUESTS[method]))
            waiting.task = self._aside(method, self._answer_aside(waiting))
            return
        else:
            raise ResponseError(Code.METHOD_NOT_FOUND, f"there is no method {method}")
        self._waiting[id] = waiting
        self._lane.append(waiting)

    def _notified(self, method: str, its: object) -> None:
        if method == "exit":
            self._left = self._ended = True
        elif method == "$/cancelRequest":
            waiting = self._waiting.get(structure(its, params.Cancel).id)
            if waiting is not None and waiting.method != "shutdown":
                self._refuse(waiting, Code.REQUEST_CANCELLED, "cancelled by the client")
                if waiting.task is not None:
                    waiting.task.cancel()
        elif self._state == "running":
            if method == "initialized":
                self._register()
            for key in self._session.notified(method, its):
                for waiting in [one for one in self._waiting.values() if one.key == key]:
                    self._refuse(waiting, Code.CONTENT_MODIFIED, "the document has changed since")
            for said in self._session.unsaid():
                self._log(LOG, said)

    async def _answer(self, waiting: _Waiting) -> None:
        if waiting.answered or self._steps_aside(waiting):
            return
        try:
            result = None
            if waiting.method != "shutdown":
                for _ in self._session.prepare(waiting.params.text_document.uri):
                    await self._breathe()
                    if waiting.answered:
                        return
                result = self._session.answer(waiting.method, waiting.params, waiting.known)
        except Exception as error:
            self._refuse_for(waiting, error)
        else:
            self._done(waiting)
            self._send(result_of(waiting.id, result))
        await self._writer.drain()

    async def _answer_aside(self, waiting: _Waiting) -> None:
        try:
            result = await self._session.answer_of_runs(waiting.method, waiting.params)
        except Exception as error:
            self._refuse_for(waiting, error)
        else:
            self._done(waiting)
            self._send(result_of(waiting.id, result))
        await self._writer.drain()

    def _refuse_for(self, waiting: _Waiting, error: Exception) -> None:
        match error:
            case Refused():
                self._refuse(waiting, Code.REQUEST_FAILED, str(error))
            case ResponseError():
                self._refuse(waiting, error.code, error.message)
            case _:
                self._refuse(waiting, Code.INTERNAL_ERROR, self._failed(waiting.method, error))

    def _steps_aside(self, waiting: _Waiting) -> bool:
        """Whether a question first waits for something outside; others go before it meanwhile."""
        if waiting.fresh or waiting.method == "shutdown":
            return False
        waiting.fresh = True
        outside = self._session.freshened(waiting.method, waiting.params)
        if outside is None:
            return False

        async def waited() -> None:
            try:
                waiting.known = await outside
            finally:
                self._lane.append(waiting)

        self._aside(waiting.method, waited())
        return True

    def _aside(self, what: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Do something that takes time beside the lane; the connection does not end before it."""

        async def aside() -> None:
            try:
                await work
            except Exception as error:
                self._failed(what, error)

        def done(task: asyncio.Task[None]) -> None:
            work.close()  # for what was cancelled before it began
            self._asides.discard(task)
            self._news.set()

        task = asyncio.create_task(aside())
        self._asides.add(task)
        task.add_done_callback(done)
        return task

    async def _breathe(self) -> None:
        """Between two steps of long work: let others have the loop, once it was ours for long enough."""
        now = time.monotonic()
        if now - self._since > SLICE_S:
            await self._take_in()
            self._since = time.monotonic()

    async def _diagnose(self) -> None:
        uri = next(iter(self._session.dirty))
        arrived = self._arrived
        try:
            for _ in self._session.prepare(uri):
                await self._breathe()
                if self._arrived != arrived or self._ended:
                    return  # What has arrived goes first; what was prepared is kept.
            found = self._session.diagnose(uri)
        except Exception as error:
            self._failed("diagnostics", error)
            return
        if found is not None:
            self._notify("textDocument/publishDiagnostics", found)
            await self._writer.drain()

    def _refuse(self, waiting: _Waiting, code: Code, message: str) -> None:
        self._done(waiting)
        self._send(error_of(waiting.id, code, message))

    def _done(self, waiting: _Waiting) -> None:
        waiting.answered = True
        self._waiting.pop(waiting.id, None)
        self._fewer.set()

    def _register(self) -> None:
        """Ask the client for what it is to tell us unasked."""
        wishes = self._session.registrations()
        if wishes:
            method = "client/registerCapability"
            self._send({"jsonrpc": "2.0", "id": method, "method": method, "params": {"registrations": wishes}})

    def _failed(self, what: str, error: Exception) -> str:
        """Log a fault of ours; the answer says in short what it was."""
        self._log(ERROR, "".join(traceback.format_exception(error)))
        return f"{what} failed: {type(error).__name__}: {error}"[:300]

    def _log(self, kind: int, message: str) -> None:
        self._notify("window/logMessage", {"type": kind, "message": message})

    async def _say(self, message: object) -> None:
        """Send something nobody asked for, and wait until the client reads."""
        self._send(message)
        await self._writer.drain()

    def _notify(self, method: str, its: object) -> None:
        self._send({"jsonrpc": "2.0", "method": method, "params": its})

    def _send(self, message: object) -> None:
        # To one that is gone asyncio would log each word.
        if not self._writer.is_closing():
            self._writer.write(frame(encode(message)))
