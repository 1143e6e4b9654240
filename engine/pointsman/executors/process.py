"""One child process in a session of its own, with its output captured: what workers and commands have in common.

Laws:
- Its own session, so a Ctrl-C on the terminal does not reach it; ended as a group, so nothing it started outlives it.
- It is signalled only while its id is surely still its own: it is reaped on the loop, after the last signal.
- What it wrote before it ended is delivered before `exited` is set.
- It ends with this process, however that ends: a worker sees to it itself, a program that can not is `guarded`.
"""

import asyncio
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from pointsman.executors.guard import GUARD

GRACE_S = 0.5
"""Between SIGTERM and SIGKILL."""

_CHUNK = 65536
_DRAIN_READS = 16
"""A pipe holds 64 KiB, at most 1 MiB: more reads than this are of a writer that never stops."""


class Process:
    """`pid` is set by `start`; `exited` becomes the return code, negative for a signal, as in `subprocess`."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        on_output: Callable[[str, bytes], None],
        stdin: int = subprocess.DEVNULL,
        share: int | None = None,
        guarded: bool = False,
    ) -> None:
        """`on_output(stream, data)` is called on the loop. `share` is a descriptor the child inherits."""
        self.pid = 0
        self.exited: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._argv = list(argv)
        self._env = dict(env)
        self._cwd = cwd
        self._on_output = on_output
        self._stdin = stdin
        self._share = share
        self._guarded = guarded
        self._key = 0
        self._pipes: dict[str, int] = {}
        self._child: subprocess.Popen[bytes] | None = None
        self._abandoned = False

    async def start(self) -> None:
        """Start it; raises OSError or ValueError when that is impossible. Not the loop but a thread waits for exec."""
        loop = asyncio.get_running_loop()
        started: asyncio.Future[None] = loop.create_future()
        theirs: dict[str, int] = {}
        for stream in ("stdout", "stderr"):
            self._pipes[stream], theirs[stream] = os.pipe()
            os.set_blocking(self._pipes[stream], False)
        # One thread starts the child and waits for it. It lives exactly as long as the child, so a child that asks
        # Linux to die with its parent *thread* (PR_SET_PDEATHSIG) dies with this process and not before.
        threading.Thread(
            target=self._live, args=(loop, started, theirs), name=f"pointsman-child {self._argv[0]}", daemon=True
        ).start()
        try:
            await asyncio.shield(started)
        except asyncio.CancelledError:
            self._abandoned = True
            self.signal(signal.SIGKILL)
            raise

    def signal(self, number: int) -> None:
        """Signal the whole group; nothing happens once it has ended."""
        if self.pid and not self.exited.done():
            with suppress(OSError):
                os.killpg(self.pid, number)

    async def kill(self, grace_s: float = GRACE_S) -> int:
        """End it for sure: SIGTERM, and SIGKILL for whoever ignores that."""
        if not self.exited.done() and grace_s:
            self.signal(signal.SIGTERM)
            await asyncio.wait([self.exited], timeout=grace_s)
        self.signal(signal.SIGKILL)
        return await asyncio.shield(self.exited)

    def drain(self) -> None:
        """Deliver now what has been written so far."""
        for stream in tuple(self._pipes):
            for _ in range(_DRAIN_READS):
                if not self._read(stream):
                    break

    def _live(self, loop: asyncio.AbstractEventLoop, started: asyncio.Future[None], theirs: dict[str, int]) -> None:
        """The thread of one child."""
        try:
            if self._guarded:
                self._key = GUARD.expect(theirs["stdout"])
            child = subprocess.Popen(
                self._argv,
                stdin=self._stdin,
                stdout=theirs["stdout"],
                stderr=theirs["stderr"],
                env=self._env,
                cwd=self._cwd,
                pass_fds=() if self._share is None else (self._share,),
                start_new_session=True,
            )
        except Exception as error:
            GUARD.ended(self._key)
            _post(loop, self._failed, started, error)
            return
        finally:
            for descriptor in theirs.values():
                os.close(descriptor)
        if self._guarded:
            GUARD.started(self._key, child.pid)
        if not _post(loop, self._spawned, started, child):
            os.killpg(child.pid, signal.SIGKILL)
        # Waiting without reaping keeps the id ours until the loop has sent its last signal. Not on macOS before 3.13.
        if hasattr(os, "waitid"):
            os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        else:
            child.wait()
        if not _post(loop, self._ended):
            GUARD.ended(self._key)
            child.wait()

    def _failed(self, started: asyncio.Future[None], error: Exception) -> None:
        self._close()
        self.exited.set_result(127)
        if self._abandoned:
            started.cancel()
        else:
            started.set_exception(error)

    def _spawned(self, started: asyncio.Future[None], child: "subprocess.Popen[bytes]") -> None:
        self._child = child
        self.pid = child.pid
        loop = asyncio.get_running_loop()
        for stream, descriptor in self._pipes.items():
            loop.add_reader(descriptor, self._read, stream)
        if self._abandoned:
            self.signal(signal.SIGKILL)
        started.set_result(None)

    def _ended(self) -> None:
        assert self._child is not None
        self.drain()
        self.signal(signal.SIGKILL)  # what it left behind in its group
        GUARD.ended(self._key)
        self._close()
        self.exited.set_result(self._child.wait())

    def _read(self, stream: str) -> bool:
        """Read one piece; whether there may be more."""
        try:
            data = os.read(self._pipes[stream], _CHUNK)
        except BlockingIOError:
            return False
        if not data:
            self._close_pipe(stream)
            return False
        self._on_output(stream, data)
        return stream in self._pipes

    def _close(self) -> None:
        for stream in tuple(self._pipes):
            self._close_pipe(stream)

    def _close_pipe(self, stream: str) -> None:
        descriptor = self._pipes.pop(stream)
        asyncio.get_running_loop().remove_reader(descriptor)
        os.close(descriptor)


def _post(loop: asyncio.AbstractEventLoop, then: Callable[..., None], *args: object) -> bool:
    """Call on the loop; False when the loop is closed already."""
    try:
        loop.call_soon_threadsafe(then, *args)
    except RuntimeError:
        return False
    return True
