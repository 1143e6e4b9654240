"""The host's side of one worker: it greets it, hands it calls, answers its requests, and ends it when it must.

Laws:
- A call settles exactly once: by the worker's answer, by its timeout, or by the worker's end.
- An agent that is told to stop and does not takes its whole process with it, unless it runs inside another attempt.
- Output is attributed to the innermost running call: the pipe is drained at each border between calls.
"""

import asyncio
import signal
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pointsman.executors import frames
from pointsman.executors.call import CallSpec, Outcome, Port, failed, timed_out
from pointsman.executors.output import Output
from pointsman.executors.process import GRACE_S, Process
from pointsman.kernel.events import ErrorInfo

SHIM = Path(__file__).with_name("shim.py")
OLDEST = (3, 9)
HELLO_S = 30.0
"""A Python starts in tens of milliseconds; this much is for a machine on its knees."""
CANCEL_GRACE_S = 0.2
"""What an agent has for its clean-up once it is told to stop."""

MAX_RESULT = 32 * 1024 * 1024
"""Bytes of JSON an agent may return."""

CUT_OFF = 76
"""Exit code of a worker that can not reach its host; sysexits.h calls it EX_PROTOCOL."""

_TAIL = 4096


@dataclass(frozen=True, slots=True)
class Launch:
    """How a worker is started. `env` is its whole environment."""

    interpreter: str
    env: Mapping[str, str]
    roots: tuple[Path, ...]
    cwd: Path
    max_result: int
    pinned: Mapping[str, bytes] = field(default_factory=dict)


class Unusable(Exception):
    """The interpreter can not serve as a worker; `error` says why."""

    def __init__(self, error: ErrorInfo) -> None:
        super().__init__(error.message)
        self.error = error


@dataclass(eq=False, slots=True)
class _Running:
    id: int
    spec: CallSpec
    port: Port
    output: Output
    answered: asyncio.Future[Outcome]
    """By the worker or by its end: from here on the agent runs no more."""
    requests: set[asyncio.Task[None]] = field(default_factory=set)


class Worker(asyncio.Protocol):
    """One process. `fit` says whether it may get another call."""

    def __init__(self, launch: Launch) -> None:
        loop = asyncio.get_running_loop()
        self._launch = launch
        self._process: Process | None = None
        self._transport: asyncio.Transport | None = None
        self._decoder = frames.Decoder()
        self._greeted: asyncio.Future[frames.Hello | None] = loop.create_future()
        self._closed: asyncio.Future[None] = loop.create_future()
        self._calls: dict[int, _Running] = {}
        self._count = 0
        self._tail = b""
        self._damage = ""
        self._stopping = False
        self._ends: set[asyncio.Task[None]] = set()
        self._spawned = asyncio.Event()
        self._started = loop.create_task(self._start())
        self.fit = True
        self.ended = loop.create_task(self._watch())

    @property
    def free(self) -> bool:
        """Whether nothing runs in it any more, not even a call that its agent did not wait for."""
        return not self._calls

    @property
    def pid(self) -> int:
        """0 until it has started."""
        return self._process.pid if self._process else 0

    async def ready(self) -> None:
        """Until it takes calls; raises `Unusable`."""
        error = await asyncio.shield(self._started)
        if error is not None:
            raise Unusable(error)

    async def call(self, target: str, spec: CallSpec, port: Port) -> Outcome:
        """Run `target`. Cancelling it returns when the agent has stopped."""
        where = f"worker {self.pid}"
        loop = asyncio.get_running_loop()
        self._count += 1
        try:
            data = frames.encode(
                frames.Call(
                    self._count,
                    spec.effect_id,
                    spec.stage,
                    spec.attempt,
                    spec.key,
                    target,
                    spec.args,
                    spec.timeout_s,
                )
            )
        except frames.FrameError as error:
            return failed(spec, "contract", "arguments_too_large", f"{spec.agent}: {error}")
        call = _Running(self._count, spec, port, Output(port.output), loop.create_future())
        await port.started(where)
        if self._transport is None or not self.fit or self._transport.is_closing():
            return failed(spec, "lost", "worker_lost", f"{where} ended before it was asked")
        self._drain()
        if not self._calls:
            self._tail = b""
        self._calls[call.id] = call
        self._transport.write(data)
        late = False

        async def expire(seconds: float) -> None:
            nonlocal late
            await spec.sleep(seconds)
            late = not call.answered.done()
            self._end_soon(call)

        timer = None if spec.timeout_s is None else loop.create_task(expire(spec.timeout_s))
        try:
            outcome = await asyncio.shield(call.answered)
        except asyncio.CancelledError:
            await asyncio.shield(self._end_soon(call))
            raise
        finally:
            if timer is not None:
                timer.cancel()
            call.output.flush()
        return timed_out(spec) if late else outcome

    async def stop(self) -> None:
        """End the process now; calls in flight are lost."""
        self.fit = False
        self._stopping = True
        await self._spawned.wait()
        if self._process is not None:
            await self._process.kill(0)
        await asyncio.shield(self.ended)

    # --- starting and ending ----------------------------------------------------------------------------------------

    async def _start(self) -> ErrorInfo | None:
        launch = self._launch
        env = dict(launch.env)
        pythonpath = env.pop("PYTHONPATH", "")  # given back by the shim once its own imports are done
        ours, theirs = socket.socketpair()
        process = Process(
            [launch.interpreter, str(SHIM), str(theirs.fileno())],
            env=env,
            cwd=launch.cwd,
            on_output=self._output,
            share=theirs.fileno(),
        )
        try:
            await process.start()
        except (OSError, ValueError) as error:
            ours.close()
            return self._unusable(f"{launch.interpreter} can not be started in {launch.cwd}: {error}")
        else:
            self._process = process
        finally:
            theirs.close()
            self._spawned.set()
        ours.setblocking(False)
        await asyncio.get_running_loop().create_connection(lambda: self, sock=ours)
        assert self._transport is not None
        either: list[asyncio.Future[Any]] = [self._greeted, process.exited]
        await asyncio.wait(either, timeout=HELLO_S, return_when=asyncio.FIRST_COMPLETED)
        hello = self._greeted.result() if self._greeted.done() else None
        version = tuple(int(part) for part in hello.python.split(".")[:2]) if hello else ()
        if hello is None or version < OLDEST or hello.protocol != frames.PROTOCOL:
            ended = process.exited.result() if process.exited.done() else None
            await process.kill(0)
            said = self._tail.decode("utf-8", "replace").strip().rpartition("\n")[2]
            if hello is not None:
                said = f"it is Python {hello.python}"
            if ended in (-signal.SIGKILL, -signal.SIGTERM):
                self.fit = False  # somebody ended it while it started: that says nothing about the interpreter
                return ErrorInfo("lost", "worker_lost", "the worker was killed while it started")
            return self._unusable(f"{launch.interpreter} does not work as a worker: {said or 'it never answered'}")
        setup = frames.Setup(
            frames.PROTOCOL,
            [str(root) for root in launch.roots],
            str(launch.cwd),
            pythonpath,
            launch.max_result,
            {path: data.decode("latin-1") for path, data in launch.pinned.items()},
        )
        self._transport.write(frames.encode(setup))
        return None

    def _unusable(self, message: str) -> ErrorInfo:
        self.fit = False
        hint = "Set `python` in pointsman.toml to a Python 3.9 or newer."
        return ErrorInfo("internal", "interpreter_unusable", f"{message}. {hint}")

    async def _watch(self) -> None:
        """The life of the process, to its end: then every call it still had is settled."""
        error = await asyncio.shield(self._started)
        if self._process is None:
            return
        code = await asyncio.shield(self._process.exited)
        self.fit = False
        if self._transport is not None:
            self._transport.abort()
            await self._closed
        for call in tuple(self._calls.values()):
            self._settle(call, self._epitaph(call.spec, code))
        if error is None and self._ends:
            await asyncio.wait(self._ends)

    def _epitaph(self, spec: CallSpec, code: int) -> Outcome:
        """What the end of the process means for a call it had."""
        said = self._tail.decode("utf-8", "replace").strip()
        if self._damage or code == CUT_OFF:
            self._damage = self._damage or "an agent closed its connection"
            return failed(spec, "internal", "worker_protocol", f"worker {self.pid} broke the protocol: {self._damage}")
        if self._stopping:
            return failed(spec, "lost", "worker_lost", f"worker {self.pid} was stopped by its host")
        if code >= 0:
            return failed(spec, "agent", "agent_exited", f"{spec.agent} ended its process with exit code {code}", said)
        name = signal.Signals(-code).name if -code in signal.valid_signals() else f"signal {-code}"
        if -code in (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL):
            return failed(spec, "agent", "agent_crashed", f"{spec.agent} crashed its process with {name}", said)
        why = " (from outside, or the machine was out of memory)" if -code == signal.SIGKILL else ""
        return failed(spec, "lost", "worker_lost", f"worker {self.pid} was ended by {name}{why}")

    def _end_soon(self, call: _Running) -> "asyncio.Task[None]":
        task = asyncio.get_running_loop().create_task(self._end(call))
        self._ends.add(task)
        task.add_done_callback(self._ends.discard)
        return task

    async def _end(self, call: _Running) -> None:
        """Make a call end: ask, wait a little, then take the process."""
        if call.answered.done():
            return
        if self._transport is not None:
            self._transport.write(frames.encode(frames.Cancel(call.id)))
        await asyncio.wait([call.answered], timeout=CANCEL_GRACE_S)
        if call.answered.done():
            return
        self.fit = False
        if next(iter(self._calls)) != call.id:
            # It runs inside an attempt that goes on: its thread can not be stopped, so the process takes no more calls.
            self._settle(call, failed(call.spec, "cancelled", "cancelled", "left behind"))
        elif self._process is not None:
            self._stopping = True
            await self._process.kill()
            await asyncio.wait([call.answered])

    # --- what arrives -----------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self.fit = False
        self._closed.set_result(None)
        asyncio.get_running_loop().call_later(GRACE_S, self._cut_off)

    def data_received(self, data: bytes) -> None:
        try:
            for frame in self._decoder.feed(data):
                self._frame(frame)
        except frames.FrameError as error:  # agent code can write anywhere, also here
            self._damage = str(error) or "no frame"
            self._cut_off()

    def _cut_off(self) -> None:
        """A process without its connection is of no use: agent code has closed it, or written to it."""
        if self._process is not None and not self._process.exited.done():
            self.fit = False
            self._damage = self._damage or "an agent closed its connection"
            self._process.signal(signal.SIGKILL)

    def _frame(self, frame: frames.ToHost) -> None:
        if isinstance(frame, frames.Hello):
            if not self._greeted.done():
                self._greeted.set_result(frame)
            return
        call = self._calls.get(frame.id)
        if call is None:  # a call that was left behind; nobody waits for it
            return
        self._drain()
        match frame:
            case frames.Result():
                self._settle(call, Outcome(frame.value))
            case frames.Error():
                self._settle(call, failed(call.spec, frame.klass, frame.code, frame.message, frame.traceback))
            case frames.Progress():
                call.port.progress(frame.message, frame.fraction)
            case frames.Request():
                task = asyncio.get_running_loop().create_task(self._request(call, frame))
                call.requests.add(task)
                task.add_done_callback(call.requests.discard)

    def _settle(self, call: _Running, outcome: Outcome) -> None:
        del self._calls[call.id]
        for task in call.requests:
            task.cancel()
        call.answered.set_result(outcome)

    async def _request(self, call: _Running, frame: frames.Request) -> None:
        try:
            outcome = await call.port.request(frame.what, frame.name, frame.args)
        except Exception as error:  # a fault of the host: the agent must not wait for ever
            asyncio.get_running_loop().call_exception_handler({"message": "a request failed", "exception": error})
            outcome = failed(call.spec, "internal", "request_failed", f"the host could not answer: {error}")
        try:
            data = frames.encode(_reply(frame.call_id, outcome))
        except frames.FrameError as error:
            data = frames.encode(_reply(frame.call_id, failed(call.spec, "contract", "result_too_large", str(error))))
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _drain(self) -> None:
        if self._process is not None:
            self._process.drain()

    def _output(self, stream: str, data: bytes) -> None:
        if stream == "stderr":
            self._tail = (self._tail + data)[-_TAIL:]
        if self._calls:
            self._calls[next(reversed(self._calls))].output.feed(stream, data)


def _reply(call_id: int, outcome: Outcome) -> frames.Reply:
    error = outcome.error
    said = None if error is None else {"class": error.klass, "code": error.code, "message": error.message}
    return frames.Reply(call_id, outcome.value, said)
