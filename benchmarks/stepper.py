"""A debugger's client as small as can be, stopped somewhere, and what a person does there: each deed gives seconds.

Answers are looked at: a debugger that answers quickly and shows nothing has not answered.
"""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from channel import Channel

Body = dict[str, Any]

ABLE = {
    "adapterID": "bench",
    "clientID": "bench",
    "linesStartAt1": True,
    "columnsStartAt1": True,
    "pathFormat": "path",
    "supportsVariableType": True,
    "supportsVariablePaging": True,
}


class Stepper(Channel):
    """One debug adapter, as its client."""

    def __init__(self, argv: Sequence[str], folder: Path, log: Path, env: Mapping[str, str] | None = None) -> None:
        self._seq = 0
        self._sock: socket.socket | None = None
        super().__init__(argv, folder, log, env)

    def connect(self) -> None:
        """Talk over a socket from now on: its port is the first line that the process says."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self._sock = socket.create_connection(("127.0.0.1", json.loads(line)["port"]))
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.talk_over(self._sock.fileno(), self._sock.fileno())

    def start(self, command: str, arguments: Body, program: Path, line: int) -> float:
        """Begin as an editor does, with a breakpoint: seconds from the spawn of the process to the stop there.

        The breakpoint is then taken away, so that it stops nobody who steps.
        """
        self.request("initialize", ABLE)
        asked, _ = self.ask(command, arguments)
        self.wait(lambda one: one.get("event") == "initialized")
        source = {"path": str(program)}
        self.request("setBreakpoints", {"source": source, "breakpoints": [{"line": line}] if line else []})
        self.request("setExceptionBreakpoints", {"filters": []})
        self.ask("configurationDone", {})
        stopped, at = self.wait(lambda one: one.get("event") in ("stopped", "terminated") or _refuses(one, asked))
        if stopped.get("event") != "stopped":
            raise RuntimeError(f"{self.name} did not stop: {stopped}")
        self._thread = stopped["body"]["threadId"]
        self.request("setBreakpoints", {"source": source, "breakpoints": []})
        self.quiet(0.3)
        return at - self.spawned

    def step(self) -> float:
        """Next, until it has stopped."""
        return self.move("next")

    def refresh(self) -> float:
        """Next, and what an editor shows then, one question after the other: the stack and the innermost variables."""
        return self._refresh(all_scopes=False)

    def refresh_all(self) -> float:
        """The same with the variables of every scope that is not said to be expensive."""
        return self._refresh(all_scopes=True)

    def move(self, command: str) -> float:
        """Any request that goes somewhere, until it has stopped there."""
        self.quiet()
        _, begun = self.ask(command, {"threadId": self._thread})
        return self._stopped() - begun

    def break_at(self, program: Path, line: int, condition: str = "") -> None:
        """One breakpoint, or with line 0 none."""
        wanted = [{"line": line, "condition": condition}] if line else []
        self.request("setBreakpoints", {"source": {"path": str(program)}, "breakpoints": wanted})

    def request(self, command: str, arguments: Body) -> Body:
        """The body of a request's answer."""
        sent, _ = self.ask(command, arguments)
        answer, _ = self.wait(lambda one: one.get("request_seq") == sent)
        if not answer["success"]:
            raise RuntimeError(f"{self.name}: {command}: {answer}")
        return answer.get("body") or {}

    def ask(self, command: str, arguments: Body) -> tuple[int, float]:
        """Send a request: its number, and when its first byte went out."""
        self._seq += 1
        message = {"seq": self._seq, "type": "request", "command": command, "arguments": arguments}
        return self._seq, self.send(message)

    def close(self) -> int:
        """End what is debugged and leave; returns the process's exit code."""

        def goodbye() -> None:
            # Its adapter is asked nicely; one that dies with what it debugs may not answer any more.
            with contextlib.suppress(EOFError, OSError):
                self.request("disconnect", {"terminateDebuggee": True})
            assert self.process.stdin is not None
            self.process.stdin.close()
            if self._sock is not None:
                self.process.kill()  # what it debugs is a loop without end, and goes on

        try:
            return self.end(goodbye)
        finally:
            if self._sock is not None:
                self._sock.close()

    def _refresh(self, *, all_scopes: bool) -> float:
        self.quiet()
        _, begun = self.ask("next", {"threadId": self._thread})
        self._stopped()
        frames = self.request("stackTrace", {"threadId": self._thread, "startFrame": 0, "levels": 20})["stackFrames"]
        scopes = self.request("scopes", {"frameId": frames[0]["id"]})["scopes"]
        cheap = [scope for scope in scopes if not scope.get("expensive")]
        found = 0
        for scope in cheap if all_scopes else cheap[:1]:
            found += len(self.request("variables", {"variablesReference": scope["variablesReference"]})["variables"])
        assert found or not all_scopes, f"{self.name} shows no variable"
        return self.heard - begun

    def _stopped(self) -> float:
        stopped, at = self.wait(lambda one: one.get("event") in ("stopped", "terminated"))
        assert stopped["event"] == "stopped", f"{self.name} has ended"
        self._thread = stopped["body"]["threadId"]
        return at


def _refuses(message: Body, asked: int) -> bool:
    return message.get("request_seq") == asked and not message["success"]
