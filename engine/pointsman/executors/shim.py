"""The worker: runs agents in the user's own Python, each call on a fresh thread; standard library only, 3.9 to 3.14.

Laws:
- It is started by path and imports all it will ever need before the user's folders are on `sys.path`, so a user's own
  `json.py` or `queue.py` can not break it.
- A call is answered exactly once, whatever the agent does short of ending the process.
- File descriptors 1 and 2 are pipes the host reads: what an agent prints arrives even when the process crashes next.
- When the host's end of the socket closes, the process and all it started are gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import importlib
import importlib.util
import inspect
import json
import os
import signal
import socket
import struct
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING or __package__:
    from pointsman.executors.calling import Agent, AsyncContext, Context, encoded, failure_of, resolve
    from pointsman.executors.pinning import pin
else:  # the worker: the files beside this one, and no trace left of it where users' modules live
    if sys.version_info < (3, 9):  # noqa: UP036 - this interpreter is the user's
        sys.exit("it is Python " + sys.version.split()[0])
    _here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [_here, *[part for part in sys.path if part != _here]]
    from calling import Agent, AsyncContext, Context, encoded, failure_of, resolve
    from pinning import pin

    del sys.path[0], sys.modules["calling"], sys.modules["pinning"]

PROTOCOL = 1

_Done = Callable[[Any, "dict[str, str] | None"], None]


class _Call:
    """One running call; it is its context's link."""

    def __init__(self, worker: _Worker, frame: dict[str, Any]) -> None:
        self.worker, self.frame, self.id = worker, frame, int(frame["id"])
        self.cancelled = False
        self._stop: Callable[[], object] | None = None

    def run(self) -> None:
        try:
            head, body = b'{"kind":"result","id":%d,"value":' % self.id, self._invoke() + b"}"
        except BaseException as error:  # an agent may raise anything, and all of it is an answer
            failed = failure_of(error)
            said = {"class": failed.klass, "code": failed.code, "message": failed.message, "traceback": failed.trace}
            head, body = b"", _json({"kind": "error", "id": self.id, **said})
        _flush()
        self.worker.forget(self)
        self.worker.send(head, body)

    def _invoke(self) -> bytes:
        frame = self.frame
        agent = self.worker.agent(frame["target"])
        kind = AsyncContext if agent.awaits else Context
        said = (frame["stage"], frame["attempt"], frame["key"], frame["deadline_s"])
        args = agent.arguments(frame["args"], lambda: kind(self, *said))
        if agent.is_async:
            value = self._loop(lambda: agent.fn(**args))
        else:
            value = agent.fn(**args)
            if inspect.isawaitable(value):
                waiting = value
                value = self._loop(lambda: waiting)
        return encoded(value, self.worker.max_result)

    def _loop(self, start: Callable[[], Any]) -> Any:
        """Run a coroutine on a loop of its own."""

        async def main() -> Any:
            task = asyncio.current_task()
            if task is not None:
                loop = asyncio.get_running_loop()
                self._stop = lambda: loop.call_soon_threadsafe(task.cancel)
                if self.cancelled:
                    task.cancel()
            return await start()

        return asyncio.run(main())

    def cancel(self) -> None:
        self.cancelled = True
        if self._stop is not None:
            try:
                self._stop()
            except RuntimeError:  # its loop has just closed
                return

    def request(self, what: str, name: str, args: Any, done: _Done) -> None:
        self.worker.request(self, {"kind": "request", "id": self.id, "what": what, "name": name, "args": args}, done)

    def progress(self, message: str, fraction: float | None) -> None:
        self.worker.send(b"", _json({"kind": "progress", "id": self.id, "message": message, "fraction": fraction}))


class _Worker:
    """The process: one socket, many calls."""

    def __init__(self, link: socket.socket) -> None:
        self.max_result = 0
        self._link, self._in = link, link.makefile("rb", 65536)
        self._pid, self._lock = os.getpid(), threading.Lock()
        self._calls: dict[int, _Call] = {}
        self._waiting: dict[int, tuple[_Call, _Done]] = {}
        self._requests = 0
        self._agents: dict[str, Agent] = {}
        self._ours: frozenset[str] = frozenset()
        self._shadowed: dict[str, Any] = {}
        self._roots: list[str] = []
        self._pinned: dict[str, bytes] = {}
        self._cwd = "."
        self._outputs = [(fd, os.dup(fd)) for fd in (1, 2)]

    def serve(self) -> NoReturn:
        version = ".".join(map(str, sys.version_info[:3]))
        self.send(b"", _json({"kind": "hello", "python": version, "pid": self._pid, "protocol": PROTOCOL}))
        _warm_up()
        self._ours = frozenset(sys.modules)
        self._set_up(self._read())
        while True:
            frame = self._read()
            kind = frame["kind"]
            if kind == "call":
                self._start(frame)
            elif kind == "cancel":
                self._cancel(frame["id"])
            elif kind == "reply":
                _, done = self._waiting.pop(frame["call_id"], (None, None))
                if done is not None:
                    done(frame["value"], frame["error"])

    def agent(self, target: str) -> Agent:
        fn, known = resolve(target, self._load), self._agents.get(target)
        if known is None or known.fn is not fn:
            known = self._agents[target] = Agent(fn, target)
        return known

    def forget(self, call: _Call) -> None:
        with self._lock:
            self._calls.pop(call.id, None)
            for number in [number for number, (owner, _) in self._waiting.items() if owner is call]:
                del self._waiting[number]

    def request(self, call: _Call, frame: dict[str, Any], done: _Done) -> None:
        with self._lock:
            if not call.cancelled:
                self._requests = number = self._requests + 1
                self._waiting[number] = (call, done)
        if call.cancelled:
            done(None, {"class": "cancelled", "code": "cancelled", "message": "the attempt is being stopped"})
        else:
            self.send(b"", _json({**frame, "call_id": number}))

    def send(self, head: bytes, body: bytes) -> None:
        if os.getpid() != self._pid:  # a fork of the agent came back here; the socket belongs to its parent
            os._exit(0)
        try:
            with self._lock:
                self._link.sendall(struct.pack(">I", len(head) + len(body)) + head + body)
        except OSError:
            _cut_off()

    def _start(self, frame: dict[str, Any]) -> None:
        call = _Call(self, frame)
        with self._lock:
            alone = not self._calls
            self._calls[call.id] = call
        if alone:
            self._reset()
        threading.Thread(target=call.run, name=f"{frame['stage']}#{frame['attempt']}", daemon=True).start()

    def _cancel(self, number: int) -> None:
        with self._lock:
            call = self._calls.get(number)
            if call is None:
                return
            call.cancelled = True
            stopped = [self._waiting.pop(n)[1] for n, (owner, _) in list(self._waiting.items()) if owner is call]
        call.cancel()
        for done in stopped:
            done(None, {"class": "cancelled", "code": "cancelled", "message": "the attempt is being stopped"})

    def _reset(self) -> None:
        """Undo what the last agent did to folder and descriptors. Its environment stays: modules set it on import."""
        with contextlib.suppress(OSError):  # the folder is gone; the agent will say so if it matters
            os.chdir(self._cwd)
        for descriptor, kept in self._outputs:
            os.dup2(kept, descriptor)
        for name, descriptor in (("stdout", 1), ("stderr", 2)):
            stream = getattr(sys, f"__{name}__")
            if stream is None or stream.closed or stream.fileno() != descriptor:
                stream = _text(descriptor)
                setattr(sys, f"__{name}__", stream)
            setattr(sys, name, stream)

    def _set_up(self, frame: dict[str, Any]) -> None:
        self.max_result, self._roots, self._cwd = frame["max_result"], frame["roots"], frame["cwd"]
        self._pinned = {path: text.encode("latin-1") for path, text in frame.get("pinned", {}).items()}
        pin(self._pinned)
        path = frame["pythonpath"]
        if path:
            os.environ["PYTHONPATH"] = path
        added = [*self._roots, *[part for part in path.split(os.pathsep) if part]]
        sys.path[:] = [*dict.fromkeys(added), *[part for part in sys.path if part not in added]]
        sys.argv[:] = ["pointsman-worker"]
        sys.stdin = open(os.devnull)  # noqa: SIM115 - for as long as the process lives
        for name, descriptor in (("stdout", 1), ("stderr", 2)):
            setattr(sys, f"__{name}__", _text(descriptor))
        self._reset()

    def _load(self, name: str) -> Any:
        """Import a module; an agent's own file wins over a library module of its name that this file has loaded."""
        if name in self._ours and name not in self._shadowed:
            for path in (os.path.join(root, f"{name}.py") for root in self._roots):
                if os.path.isfile(path) or os.path.normpath(path) in self._pinned:
                    spec = importlib.util.spec_from_file_location(name, path)
                    if spec is not None and spec.loader is not None:
                        module = importlib.util.module_from_spec(spec)
                        spec.loader.exec_module(module)
                        self._shadowed[name] = module
                    break
        return self._shadowed.get(name) or importlib.import_module(name)

    def _read(self) -> dict[str, Any]:
        try:
            head = self._in.read(4)
            if head is None or len(head) < 4:
                _end()
            length = int(struct.unpack(">I", head)[0])
            body = self._in.read(length)
        except OSError:
            _cut_off()
        if body is None or len(body) < length:
            _end()
        frame: dict[str, Any] = json.loads(body)
        return frame


def _json(frame: dict[str, Any]) -> bytes:
    return json.dumps(frame, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _text(descriptor: int) -> Any:
    """A text stream a `print` is seen through at once; closing it leaves the descriptor open."""
    return open(descriptor, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        try:
            if stream is not None:
                stream.flush()
        except Exception:  # the agent may have put anything there
            continue


def _warm_up() -> None:
    """What may wait until the host has been greeted, and must not wait until the user's folders are in the path."""
    for late in ("concurrent.futures.thread", "queue", "unicodedata"):  # asyncio and traceback ask for them when used
        importlib.import_module(late)
    faulthandler.enable(file=2)
    if sys.platform.startswith("linux"):
        try:
            import ctypes

            # Agent code in C may hold the interpreter lock for ever, and then nobody sees the socket close. So Linux
            # sends a SIGHUP when the host dies (PR_SET_PDEATHSIG is 1), and its handler is the C function alarm(): 1,
            # the number of SIGHUP, is the second this process has left to end itself and its children in good order.
            libc = ctypes.CDLL(None)
            libc.signal(signal.SIGHUP, libc.alarm)
            libc.prctl(1, signal.SIGHUP)
        except Exception:  # no libc to ask; the closed socket is what ends us then
            return


def _end() -> NoReturn:
    """The host is gone, or wants us gone: so are we, and what our agents have started."""
    if os.getpgid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


def _cut_off() -> NoReturn:
    """An agent has closed our socket; the host knows this code."""
    os._exit(76)


def main() -> NoReturn:
    """Started as `python shim.py DESCRIPTOR`."""
    link = socket.socket(fileno=int(sys.argv[1]))
    link.set_inheritable(False)
    os.register_at_fork(after_in_child=lambda: os.close(link.detach()))
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    _Worker(link).serve()


if __name__ == "__main__":
    main()
