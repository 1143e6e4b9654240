"""Messages with a Content-Length, both ways, and the moment each one came: what language and debug clients share.

Standard library alone, so that no protocol library's time is measured. One thread: a moment is taken when the last byte
of a message has been read, before its JSON is looked at.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

PATIENCE_S = 60.0
"""How long any one answer may take before the benchmark gives up on a server."""

QUIET_S = 0.005
"""A server that has said nothing for so long has nothing more to say."""


class Channel:
    """A process, and the messages it and we send: over its stdin and stdout, until `talk_over` names other ones."""

    def __init__(self, argv: Sequence[str], folder: Path, log: Path, env: Mapping[str, str] | None = None) -> None:
        self.name = log.stem
        self.heard = 0.0
        """When the message came that was last waited for."""
        self._log = log
        self._inbox: deque[tuple[dict[str, Any], float]] = deque()
        self._unread = bytearray()
        with log.open("wb") as stderr:
            self.spawned = time.perf_counter()
            self.process = subprocess.Popen(
                argv, cwd=folder, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, bufsize=0
            )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.talk_over(self.process.stdin.fileno(), self.process.stdout.fileno())

    def talk_over(self, out: int, in_: int) -> None:
        """Write to and read from these descriptors from now on."""
        self._out, self._in = out, in_
        os.set_blocking(out, False)

    def send(self, message: dict[str, Any]) -> float:
        """Send a message; returns when its first byte went out."""
        body = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
        frame = memoryview(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        begun = time.perf_counter()
        while frame:
            # A server that writes while we write must not find its pipe full, or both wait for ever.
            readable, writable, _ = select.select([self._in], [self._out], [], PATIENCE_S)
            if not readable and not writable:
                raise TimeoutError(f"{self.name} does not read")
            if readable:
                self._read()
            if writable:
                frame = frame[os.write(self._out, frame[: 1 << 16]) :]
        return begun

    def quiet(self, seconds: float = QUIET_S) -> None:
        """Read, answer and forget all there is, until nothing comes any more."""
        while select.select([self._in], [], [], seconds)[0]:
            self._read()
        self._inbox.clear()

    def wait(self, matches: Callable[[dict[str, Any]], bool]) -> tuple[dict[str, Any], float]:
        """The first message that matches, and when it came; those before it are forgotten."""
        give_up = time.perf_counter() + PATIENCE_S
        while True:
            while self._inbox:
                message, at = self._inbox.popleft()
                if matches(message):
                    self.heard = at
                    return message, at
            left = give_up - time.perf_counter()
            if left <= 0 or not select.select([self._in], [], [], left)[0]:
                raise TimeoutError(f"{self.name} did not answer within {PATIENCE_S:g} s; its stderr: {self._log}")
            self._read()

    def end(self, goodbye: Callable[[], object]) -> int:
        """Say goodbye and wait for the process's end, else end it by force; returns its exit code."""
        try:
            if self.process.poll() is None:
                goodbye()
            return self.process.wait(10)
        except (OSError, RuntimeError, TimeoutError, EOFError, subprocess.TimeoutExpired):
            self.process.kill()
            return self.process.wait()
        finally:
            for pipe in (self.process.stdin, self.process.stdout):
                assert pipe is not None
                pipe.close()

    def asked(self, message: dict[str, Any]) -> bool:
        """Answer a message that asks something of us. Whether it did; else it is there to be waited for."""
        return False

    def _read(self) -> None:
        chunk = os.read(self._in, 1 << 20)
        at = time.perf_counter()
        if not chunk:
            raise EOFError(f"{self.name} has ended; its stderr: {self._log}")
        self._unread += chunk
        while (end := self._unread.find(b"\r\n\r\n")) >= 0:
            length = _content_length(self._unread[:end])
            stop = end + 4 + length
            if len(self._unread) < stop:
                return
            message = json.loads(self._unread[end + 4 : stop])
            del self._unread[:stop]
            if not self.asked(message):
                self._inbox.append((message, at))


def _content_length(header: bytes | bytearray) -> int:
    for line in header.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    raise ValueError(f"a message without Content-Length: {bytes(header)!r}")
