"""A server process and its three pipes: bytes are written and read by threads, and nobody waits without a deadline."""

from __future__ import annotations

import os
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from conformance.lsp.framing import Frames, Json, Noise

T = TypeVar("T")
PACE = 0.002  # seconds between pieces that are to arrive apart: nobody tells when a pipe has been read
STDERR_BYTES = 65_536  # of what a server writes there, the last; it is shown, never judged


class Wire:
    """A running server. `received` grows as it writes; `on_message` is called by the reading thread."""

    def __init__(self, argv: Sequence[str], on_message: Callable[[Json], None], cwd: Path | None = None) -> None:
        self.received: list[Json] = []
        self.noise: list[Noise] = []
        self.stderr = b""
        self._on_message = on_message
        self._changed = threading.Condition()
        self._closed = False
        self._ended = False
        self._out: queue.SimpleQueue[tuple[bytes, bool] | None] = queue.SimpleQueue()
        self._process = subprocess.Popen(
            list(argv), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0, cwd=cwd
        )
        self._threads = [
            threading.Thread(target=run, daemon=True) for run in (self._read, self._read_stderr, self._write)
        ]

    def start(self) -> None:
        """Read and write from now on."""
        for thread in self._threads:
            thread.start()

    @property
    def closed(self) -> bool:
        """Whether standard output has ended: nothing more will come."""
        return self._closed

    def write(self, *pieces: bytes) -> None:
        """Send bytes; each piece is written for itself, with time to be read before the next. Returns at once."""
        for piece in pieces:
            self._out.put((piece, len(pieces) > 1))

    def close_input(self) -> None:
        """End standard input when everything written so far is out."""
        self._out.put(None)

    def wait(self, test: Callable[[], T | None], seconds: float) -> T | None:
        """What `test` gives, as soon as it is not None; None after the deadline, or when no more can come."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while True:
                if (found := test()) is not None:
                    return found
                left = deadline - time.monotonic()
                if self._closed or left <= 0:
                    return None
                self._changed.wait(left)

    def exit_code(self, seconds: float) -> int | None:
        """The exit code; negative for a signal; None if it still runs after these seconds."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def running(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    def end(self) -> None:
        """End the process, whatever it is doing, and close the pipes."""
        self._ended = True
        if self.running():
            self._process.kill()
        self._process.wait()
        self._out.put(None)
        for thread in self._threads:
            # A grandchild that holds a pipe open must not hold us: the thread is a daemon.
            thread.join(2)
        if not any(thread.is_alive() for thread in self._threads):
            for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
                assert pipe is not None
                pipe.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        frames = Frames()
        while data := _some(self._process.stdout.fileno()):
            for one in frames.feed(data):
                self._take(one)
        # A message that we cut off ourselves is not the server's fault.
        for left in frames.rest() if not self._ended else []:
            self._take(left)
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _take(self, one: Json | Noise) -> None:
        with self._changed:
            if isinstance(one, Noise):
                self.noise.append(one)
            else:
                self.received.append(one)
                self._on_message(one)
            self._changed.notify_all()

    def _read_stderr(self) -> None:
        assert self._process.stderr is not None
        while data := _some(self._process.stderr.fileno()):
            self.stderr = (self.stderr + data)[-STDERR_BYTES:]

    def _write(self) -> None:
        assert self._process.stdin is not None
        pipe = self._process.stdin
        while (item := self._out.get()) is not None:
            data, apart = item
            view = memoryview(data)
            try:
                while view:
                    view = view[pipe.write(view) :]
            except OSError:
                # The server has closed its end, which is seen by who waits for an answer.
                return
            if apart:
                time.sleep(PACE)
        try:
            pipe.close()
        except OSError:
            return


def _some(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 1 << 20)
    except OSError:
        return b""
