"""A language client as small as can be: frames over a server's stdin and stdout, and the moment each message came.

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
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

PATIENCE_S = 60.0
"""How long any one answer may take before the benchmark gives up on a server."""

QUIET_S = 0.005
"""A server that has said nothing for so long has nothing more to say."""

CAPABILITIES = {
    "general": {"positionEncodings": ["utf-16"]},
    "window": {"workDoneProgress": False},
    "workspace": {"configuration": True, "workspaceFolders": True},
    "textDocument": {
        "synchronization": {"didSave": True},
        "publishDiagnostics": {"versionSupport": True},
        "completion": {"completionItem": {"snippetSupport": True, "documentationFormat": ["markdown"]}},
        "hover": {"contentFormat": ["markdown"]},
    },
}
"""What an ordinary editor says it can do: pushed diagnostics, nothing registered later."""


class Wire:
    """One server process, as its client: requests, notifications, and when what came back."""

    def __init__(self, argv: Sequence[str], folder: Path, log: Path, settings: dict[str, Any] | None = None) -> None:
        self.name = log.stem
        self.heard = 0.0
        """When the message came that was last waited for."""
        self.folder = folder
        self._settings = settings or {}
        self._log = log
        self._inbox: deque[tuple[dict[str, Any], float]] = deque()
        self._unread = bytearray()
        self._id = 0
        with log.open("wb") as stderr:
            self.spawned = time.perf_counter()
            self.process = subprocess.Popen(
                argv, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, bufsize=0
            )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._stdin, self._stdout = self.process.stdin.fileno(), self.process.stdout.fileno()
        os.set_blocking(self._stdin, False)

    def initialize(self) -> tuple[dict[str, Any], float]:
        """Start the conversation: what the server says it can do, and seconds from the spawn of the process to it."""
        folder = {"uri": self.folder.as_uri(), "name": self.folder.name}
        params = {
            "processId": os.getpid(),
            "rootUri": folder["uri"],
            "rootPath": str(self.folder),
            "workspaceFolders": [folder],
            "capabilities": CAPABILITIES,
            "initializationOptions": {},
        }
        sent, _ = self._ask("initialize", params)
        answer, at = self.wait(lambda message: message.get("id") == sent)
        self.notify("initialized", {})
        if self._settings:
            self.notify("workspace/didChangeConfiguration", {"settings": self._settings})
        return answer["result"]["capabilities"], at - self.spawned

    def request(self, method: str, params: Any, begun: float | None = None) -> tuple[Any, float]:
        """A request's result, and seconds from its first byte out, or from `begun`, to the answer's last byte in."""
        sent, asked = self._ask(method, params)
        answer, at = self.wait(lambda message: message.get("id") == sent and "method" not in message)
        if "error" in answer:
            raise RuntimeError(f"{self.name}: {method}: {answer['error']}")
        return answer["result"], at - (asked if begun is None else begun)

    def notify(self, method: str, params: Any) -> float:
        """Send a notification; returns when its first byte went out."""
        return self._send({"method": method} | ({} if params is None else {"params": params}))

    def diagnostics(self, uri: str, version: int, begun: float) -> tuple[list[Any], float]:
        """The next diagnostics of a document, and seconds from `begun` to them; those of older versions are passed."""

        def matches(message: dict[str, Any]) -> bool:
            if message.get("method") != "textDocument/publishDiagnostics":
                return False
            said = message["params"]
            return said["uri"] == uri and said.get("version") in (None, version)

        message, at = self.wait(matches)
        return message["params"]["diagnostics"], at - begun

    def quiet(self, seconds: float = QUIET_S) -> None:
        """Read, answer and forget all there is, until nothing comes any more."""
        while select.select([self._stdout], [], [], seconds)[0]:
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
            if left <= 0 or not select.select([self._stdout], [], [], left)[0]:
                raise TimeoutError(f"{self.name} did not answer within {PATIENCE_S:g} s; its stderr: {self._log}")
            self._read()

    def close(self) -> int:
        """End the server in good order, else by force; returns its exit code."""
        try:
            if self.process.poll() is None:
                self.request("shutdown", None)
                self.notify("exit", None)
            return self.process.wait(10)
        except (OSError, RuntimeError, TimeoutError, EOFError, subprocess.TimeoutExpired):
            self.process.kill()
            return self.process.wait()
        finally:
            for pipe in (self.process.stdin, self.process.stdout):
                assert pipe is not None
                pipe.close()

    def _ask(self, method: str, params: Any) -> tuple[int, float]:
        self._id += 1
        params = {} if params is None else {"params": params}
        return self._id, self._send({"id": self._id, "method": method} | params)

    def _send(self, message: dict[str, Any]) -> float:
        body = json.dumps({"jsonrpc": "2.0"} | message, ensure_ascii=False, separators=(",", ":")).encode()
        frame = memoryview(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        begun = time.perf_counter()
        while frame:
            # A server that writes while we write must not find its pipe full, or both wait for ever.
            readable, writable, _ = select.select([self._stdout], [self._stdin], [], PATIENCE_S)
            if not readable and not writable:
                raise TimeoutError(f"{self.name} does not read")
            if readable:
                self._read()
            if writable:
                frame = frame[os.write(self._stdin, frame[: 1 << 16]) :]
        return begun

    def _read(self) -> None:
        chunk = os.read(self._stdout, 1 << 20)
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
            if "method" in message and "id" in message:
                self._answer(message)
            else:
                self._inbox.append((message, at))

    def _answer(self, message: dict[str, Any]) -> None:
        """What an editor answers when a server asks: its settings; nothing to all else."""
        result: Any = None
        if message["method"] == "workspace/configuration":
            result = [self._settings.get(item.get("section")) for item in message["params"]["items"]]
        self._send({"id": message["id"], "result": result})


def _content_length(header: bytes | bytearray) -> int:
    for line in header.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    raise ValueError(f"a message without Content-Length: {bytes(header)!r}")
