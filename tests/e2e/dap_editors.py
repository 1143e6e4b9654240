"""Editors as clients of a debug adapter: what nvim-dap, dap-mode and dape send, in which order, and on which event.

Each is written from what the plugin does, and shows a stop once it would have drawn it. None of them looks at anything
but the protocol, and none knows more of it than its plugin does.
"""

from __future__ import annotations

import asyncio
import json
from abc import abstractmethod
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dap.client import DEADLINE_S, Client
from pointsman.wire import frame

Json = Any
Breaks = dict[Path, Sequence[dict[str, Json]]]
"""Breakpoints as an editor keeps them, by file."""

NEVER = object()
"""An argument that is not sent at all."""


@dataclass
class Shown:
    """What an editor shows at a stop."""

    event: Json
    frames: list[Json]
    scopes: dict[str, dict[str, str]] = field(default_factory=dict)
    info: Json = None

    @property
    def at(self) -> tuple[str, int]:
        """The innermost frame's name and line."""
        return self.frames[0]["name"], self.frames[0]["line"]


class Editor(Client):
    """What they have in common: each message is taken in its turn, and what it leads to is done beside it."""

    first_seq = 1
    introduction: dict[str, Json]

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        super().__init__(reader, writer)
        self._number = self.first_seq
        self._doing: set[asyncio.Task[None]] = set()
        self.shown: asyncio.Queue[Shown | BaseException] = asyncio.Queue()
        self.capabilities: Json = {}
        self.breaks: Breaks = {}
        self.threads: dict[int, str] = {}
        self._hearing = asyncio.create_task(self._hear())

    async def run(self, configuration: dict[str, Json], breaks: Breaks | None = None) -> None:
        """What the person's command to debug does; returns when the run is started."""
        self.breaks = breaks or {}
        self.capabilities = await self.request("initialize", self.introduction)
        await self.request(configuration["request"], configuration)

    async def show(self) -> Shown:
        """The next stop as the person sees it."""
        async with asyncio.timeout(DEADLINE_S):
            shown = await self.shown.get()
        if isinstance(shown, BaseException):
            raise shown
        return shown

    async def press(self, command: str) -> Shown:
        """A key that makes the run move, and what is shown when it has stopped again."""
        await self.move(command)
        return await self.show()

    async def move(self, command: str) -> None:
        """A key that makes the run move."""
        await self.request(command, {"threadId": 1})

    async def over(self) -> None:
        """Wait until the editor has closed the session."""
        await self.event("terminated")
        async with asyncio.timeout(DEADLINE_S):
            await asyncio.gather(*self._doing)

    def ask(self, command: str, arguments: Json = NEVER, *, lawful: bool = True) -> int:
        """As the plugin writes it: a number of its own, and null where its language has nothing else."""
        seq, self._number = self._number, self._number + 1
        message = {"seq": seq, "type": "request", "command": command}
        if arguments is not NEVER:
            message["arguments"] = arguments
        self.said.append(("->", message))
        self.send_raw(frame(json.dumps(message).encode()))
        return seq

    async def request(self, command: str, arguments: Json = NEVER) -> Json:
        """Send a request; the body of its answer, which must not be an error."""
        answer = await self.answer(self.ask(command, arguments))
        assert answer["success"], answer
        return answer.get("body") or {}

    @abstractmethod
    async def on_initialized(self, body: Json) -> None:
        """Say where to stop."""

    @abstractmethod
    async def on_stopped(self, body: Json) -> None:
        """Find out where, and show it."""

    async def on_thread(self, body: Json) -> None:
        """A thread has come or gone."""

    async def on_terminated(self, body: Json) -> None:
        """The session is over."""

    async def vanish(self) -> None:
        """Be gone, and have nothing left that waits for answers."""
        self._hearing.cancel()
        try:
            await asyncio.gather(*self._doing)
        finally:
            await super().vanish()

    async def _hear(self) -> None:
        heard = 0
        while True:
            async with self._news:
                while heard == len(self.received):
                    await self._news.wait()
                message = self.received[heard]
            heard += 1
            act = getattr(self, f"on_{message.get('event')}", None)
            if act is not None:
                self._do(act(message.get("body") or {}))

    def _do(self, act: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(act)
        self._doing.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.shown.put_nowait(error)

    async def _list_threads(self) -> None:
        found = (await self.request("threads"))["threads"]
        self.threads = {one["id"]: one["name"] for one in found}

    async def _variables(self, scopes: Sequence[Json]) -> dict[str, dict[str, str]]:
        found = {}
        for scope in scopes:
            body = await self.request("variables", {"variablesReference": scope["variablesReference"]})
            found[scope["name"]] = {one["name"]: one["value"] for one in body["variables"]}
        return found


class NvimDap(Editor):
    """nvim-dap of 2026. Numbers from 0; the whole configuration goes to the adapter, its name and type too; filters of
    faults and no options; threads are asked for when one has come; scopes that cost are left alone.

    `resume_others` is its `auto_continue_if_many_stopped`, which is on unless the person says otherwise.
    """

    first_seq = 0
    introduction = {  # noqa: RUF012  # it is never written to
        "clientID": "neovim",
        "clientName": "neovim",
        "adapterID": "nvim-dap",
        "pathFormat": "path",
        "columnsStartAt1": True,
        "linesStartAt1": True,
        "supportsRunInTerminalRequest": True,
        "supportsVariableType": True,
        "supportsProgressReporting": True,
        "supportsStartDebuggingRequest": True,
        "locale": "en_US.UTF-8",
    }
    resume_others = True
    filters: Sequence[str] | None = None
    """Its `exception_breakpoints`; None is `default`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        super().__init__(reader, writer)
        self._stopped_thread: int | None = None
        self._dirty = False

    async def move(self, command: str) -> None:
        """Any step carries a granularity, and the thread that is shown."""
        thread, self._stopped_thread = self._stopped_thread, None
        await self.request(command, {"threadId": thread, "granularity": "statement"})

    async def console(self, text: str, frame_id: int) -> str:
        """A line of its REPL."""
        body = await self.request("evaluate", {"expression": text, "context": "repl", "frameId": frame_id})
        return str(body["result"])

    async def terminate(self) -> None:
        """`dap.terminate()`."""
        await self.request("terminate", {})

    async def on_initialized(self, body: Json) -> None:
        """All files at once, then the filters, then done."""
        asked = [
            self.request(
                "setBreakpoints",
                {
                    "source": {"path": str(path), "name": path.name},
                    "sourceModified": False,
                    "breakpoints": list(breaks),
                    "lines": [one["line"] for one in breaks],
                },
            )
            for path, breaks in self.breaks.items()
        ]
        await asyncio.gather(*asked)
        offered = self.capabilities["exceptionBreakpointFilters"]
        wanted = [one["filter"] for one in offered if one["default"]] if self.filters is None else list(self.filters)
        await self.request("setExceptionBreakpoints", {"filters": wanted})
        await self.request("configurationDone")

    async def on_thread(self, body: Json) -> None:
        """One that is gone is forgotten, a new one is asked for at the next stop; one that it knows is taken to run."""
        if body["reason"] == "exited":
            self.threads.pop(body["threadId"], None)
        elif body["threadId"] in self.threads:
            if self._stopped_thread == body["threadId"]:
                self._stopped_thread = None
        else:
            self._dirty = True

    async def on_stopped(self, body: Json) -> None:
        """Threads if need be, the stack, what failed, the scopes, and what is in them."""
        thread = body["threadId"]
        if self._dirty or thread not in self.threads:
            await self._list_threads()
            self._dirty = False
        if self._stopped_thread not in (None, thread) and self.resume_others:
            await self.request("continue", {"threadId": thread})
            return
        self._stopped_thread = thread
        frames = (await self.request("stackTrace", {"startFrame": 0, "threadId": thread}))["stackFrames"]
        shown = Shown(body, frames)
        assert any("source" in one for one in frames)
        if body["reason"] == "exception":
            shown.info = await self.request("exceptionInfo", {"threadId": thread})
        scopes = (await self.request("scopes", {"frameId": frames[0]["id"]}))["scopes"]
        shown.scopes = await self._variables([one for one in scopes if not one["expensive"]])
        self.shown.put_nowait(shown)

    async def on_terminated(self, body: Json) -> None:
        """It closes the session at once, and says no goodbye."""
        self.writer.close()


class DapMode(Editor):
    """Emacs' dap-mode 0.7. Says it is VS Code; arguments that are empty are not sent; `threads` after every event of
    one; faults are set only where breakpoints are; the stack whole; scopes when the person opens them; at the exit it
    kills the adapter.
    """

    introduction = {  # noqa: RUF012  # it is never written to
        "clientID": "vscode",
        "clientName": "Visual Studio Code",
        "adapterID": "pointsman",
        "pathFormat": "path",
        "linesStartAt1": True,
        "columnsStartAt1": True,
        "supportsVariableType": True,
        "supportsVariablePaging": True,
        "supportsRunInTerminalRequest": True,
        "locale": "en-us",
    }

    async def open(self, shown: Shown) -> dict[str, dict[str, str]]:
        """The person unfolds the locals of what is shown."""
        scopes = (await self.request("scopes", {"frameId": shown.frames[0]["id"]}))["scopes"]
        return await self._variables(scopes)

    async def on_initialized(self, body: Json) -> None:
        """Each file; the filters when all are answered; done."""
        for path, breaks in self.breaks.items():
            await self.request(
                "setBreakpoints",
                {
                    "source": {"name": path.name, "path": str(path)},
                    "breakpoints": list(breaks),
                    "sourceModified": False,
                    "lines": [one["line"] for one in breaks],
                },
            )
        if self.breaks:
            offered = self.capabilities["exceptionBreakpointFilters"]
            filters = [one["filter"] for one in offered if one["default"]]
            await self.request("setExceptionBreakpoints", {"filters": filters})
        await self.request("configurationDone")

    async def on_thread(self, body: Json) -> None:
        """Asked whatever has happened, and whether the run moves or not."""
        self.ask("threads")

    async def on_stopped(self, body: Json) -> None:
        """The stack, and why if something failed."""
        thread = body["threadId"]
        stack = self.ask("stackTrace", {"threadId": thread})
        info = self.ask("exceptionInfo", {"threadId": thread}) if body["reason"] == "exception" else None
        answer = await self.answer(stack)
        assert answer["success"], answer
        shown = Shown(body, answer["body"]["stackFrames"])
        if info is not None:
            shown.info = (await self.answer(info))["body"]
        self.shown.put_nowait(shown)

    async def on_exited(self, body: Json) -> None:
        """It does not wait for `terminated`."""
        self.writer.close()


class Dape(Editor):
    """Emacs' dape. Null for no arguments, as older ones of its JSON library write; false for what is nil in the
    configuration; the filters come before the breakpoints; one frame of the stack first, then the others; after
    `terminated` it still asks to terminate, and leaves when that is refused.
    """

    first_seq = 0
    introduction = {  # noqa: RUF012  # it is never written to
        "clientID": "dape",
        "adapterID": "pointsman",
        "pathFormat": "path",
        "linesStartAt1": True,
        "columnsStartAt1": True,
        "supportsRunInTerminalRequest": True,
        "supportsArgsCanBeInterpretedByShell": True,
        "supportsProgressReporting": True,
        "supportsStartDebuggingRequest": True,
    }

    async def on_initialized(self, body: Json) -> None:
        """Faults, breakpoints, functions, done."""
        offered = self.capabilities["exceptionBreakpointFilters"]
        await self.request("setExceptionBreakpoints", {"filters": [one["filter"] for one in offered if one["default"]]})
        for path, breaks in self.breaks.items():
            lines = [one["line"] for one in breaks]
            await self.request(
                "setBreakpoints", {"breakpoints": list(breaks), "lines": lines, "source": {"path": str(path)}}
            )
        await self.request("setFunctionBreakpoints", {"breakpoints": []})
        await self.request("configurationDone", None)

    async def on_thread(self, body: Json) -> None:
        """Asked for in a burst only once; here there is no burst."""
        self.ask("threads", None)

    async def on_stopped(self, body: Json) -> None:
        """Threads, the stack in two parts, and every scope that costs nothing."""
        await self.request("threads", None)
        thread = {"threadId": body["threadId"]}
        one = await self.request("stackTrace", {**thread, "startFrame": 0, "levels": 1})
        rest = await self.request("stackTrace", {**thread, "startFrame": 1, "levels": one["totalFrames"] - 1})
        shown = Shown(body, [*one["stackFrames"], *rest["stackFrames"]])
        assert len(shown.frames) == one["totalFrames"] == rest["totalFrames"]
        scopes = (await self.request("scopes", {"frameId": shown.frames[0]["id"]}))["scopes"]
        shown.scopes = await self._variables([each for each in scopes if not each["expensive"]])
        self.shown.put_nowait(shown)

    async def on_terminated(self, body: Json) -> None:
        """Terminate what has ended; refused, disconnect."""
        answer = await self.answer(self.ask("terminate", None))
        if not answer["success"]:
            await self.request("disconnect", {"restart": False, "terminateDebuggee": True})
        self.writer.close()
