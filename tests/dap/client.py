"""The real adapter with a raw client at the other end of a real socket, in one process, on the real engine.

    async with introduced(folder) as client:
        stop = await client.launch("a.pipeline.yaml", stopOnEntry=True)
        ...

Every message both ways is put before the judges, and the transcript is kept.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dap.judges import judge
from pointsman.runtime.debugging import Debugging
from pointsman.runtime.definitions import Definitions
from pointsman.runtime.registry import Registry
from pointsman.wire import Frames, frame
from pointsman_dap.server import serve

Json = Any
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

DEADLINE_S = 20.0
"""How long to wait for anything, before it counts as never coming."""

MOVES = ("next", "stepIn", "stepOut", "stepBack", "reverseContinue", "continue")

ABLE = {
    "adapterID": "pointsman",
    "clientID": "tests",
    "linesStartAt1": True,
    "columnsStartAt1": True,
    "pathFormat": "path",
    "supportsVariableType": True,
    "supportsVariablePaging": True,
}


@dataclass
class Home:
    """What a server process gives its adapters."""

    debugging: Debugging
    root: Path
    cwd: Path
    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    definitions: Definitions = field(default_factory=Definitions)
    principal: Mapping[str, Json] = field(default_factory=lambda: {"id": "tester", "roles": ["developer"]})

    async def reach(self, root: Path, host: str, handed: Mapping[str, Json]) -> Streams | None:
        """There is no other process."""
        return None


class Client:
    """One connection. `said` are all messages both ways, in order: `("->", message)` and `("<-", message)`."""

    serving: asyncio.Task[int]

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.said: list[tuple[str, Json]] = []
        self.raw = b""
        self._seq = 0
        self._news = asyncio.Condition()
        self._over = False
        self._read = 0
        self._listening = asyncio.create_task(self._listen())

    @property
    def received(self) -> list[Json]:
        """What the adapter has said."""
        return [message for way, message in self.said if way == "<-"]

    def events(self, name: str) -> list[Json]:
        """The bodies of all events of a name so far."""
        return [one.get("body") for one in self.received if one.get("event") == name]

    def outputs(self, *categories: str) -> str:
        """All output so far, of some categories."""
        return "".join(one["output"] for one in self.events("output") if one["category"] in categories)

    def order(self) -> list[str]:
        """The messages so far in short: `-> next`, `<- next`, `<- !next` (refused), `<- (stopped)`."""
        found = []
        for way, one in self.said:
            refused = "!" if one.get("success") is False else ""
            found.append(f"{way} {refused}{one.get('command') or '(' + one['event'] + ')'}")
        return found

    def send_raw(self, data: bytes) -> None:
        """Write bytes as they are."""
        self.writer.write(data)

    def ask(self, command: str, arguments: Json = None, *, lawful: bool = True) -> int:
        """Send a request and do not wait; the answer is its seq."""
        self._seq += 1
        message = {"seq": self._seq, "type": "request", "command": command}
        if arguments is not None:
            message["arguments"] = arguments
        if lawful:
            judge(message)
        self.said.append(("->", message))
        self.send_raw(frame(json.dumps(message).encode()))
        return self._seq

    async def answer(self, seq: int) -> Json:
        """Wait for the whole response to a request."""
        return await self._until(lambda one: one["type"] == "response" and one["request_seq"] == seq)

    async def request(self, command: str, arguments: Json = None) -> Json:
        """Send a request; the body of its answer, which must not be an error."""
        answer = await self.answer(self.ask(command, arguments))
        assert answer["success"], answer
        return answer.get("body")

    async def refused(self, command: str, arguments: Json = None, *, lawful: bool = True) -> tuple[int, str]:
        """Send a request that must be refused; the error's id and what it says."""
        answer = await self.answer(self.ask(command, arguments, lawful=lawful))
        assert not answer["success"], answer
        error = answer["body"]["error"]
        return error["id"], error["format"].replace("{sentence}", error["variables"]["sentence"])

    async def event(self, name: str) -> Json:
        """The body of the next event of a name that nobody has waited for yet."""
        return (await self._next(lambda one: one.get("event") == name)).get("body")

    async def launch(self, program: str, *, before: Sequence[tuple[str, Json]] = (), **arguments: Json) -> list[Json]:
        """Start a run as an editor does: launch, wait for `initialized`, say where to stop, done. The answers given
        to `before`."""
        return await self._start("launch", {"program": program, **arguments}, before)

    async def attach(self, run: str, *, before: Sequence[tuple[str, Json]] = (), **arguments: Json) -> list[Json]:
        """The same for a run that is there."""
        return await self._start("attach", {"run": run, **arguments}, before)

    async def stopped(self) -> Json:
        """Wait for the next stop."""
        return await self.event("stopped")

    async def standing(self) -> None:
        """Wait until the run stands, or has ended."""
        async with asyncio.timeout(DEADLINE_S), self._news:
            while not self._is_standing():
                await self._news.wait()

    def _is_standing(self) -> bool:
        for one in reversed(self.received):
            if one.get("event") in ("stopped", "terminated"):
                return True
            if one.get("event") == "continued" or (one.get("command") in MOVES and one["success"]):
                return False
        return False

    async def step(self, command: str, thread: int = 1) -> Json:
        """Step, and wait for the stop that follows its answer."""
        await self.request(command, {"threadId": thread})
        return await self.stopped()

    async def stack(self, thread: int = 1) -> list[Json]:
        """The frames of a thread."""
        frames: list[Json] = (await self.request("stackTrace", {"threadId": thread}))["stackFrames"]
        return frames

    async def scopes(self, thread: int = 1) -> dict[str, int]:
        """The scopes of a thread's innermost frame: name and reference."""
        frame_id = (await self.stack(thread))[0]["id"]
        return {
            one["name"]: one["variablesReference"]
            for one in (await self.request("scopes", {"frameId": frame_id}))["scopes"]
        }

    async def variables(self, reference: int, **page: Json) -> dict[str, Json]:
        """What lies in something, by name."""
        found = (await self.request("variables", {"variablesReference": reference, **page}))["variables"]
        return {one["name"]: one for one in found}

    async def unfolded(self, thread: int = 1, depth: int = 4) -> Json:
        """Everything that a stopped thread shows, without the references."""
        seen: dict[str, Json] = {}
        for name, reference in (await self.scopes(thread)).items():
            seen[name] = await self._unfold(reference, depth)
        return seen

    async def ended(self) -> int:
        """Wait for the run's end; its exit code."""
        code: int = (await self.event("exited"))["exitCode"]
        await self.event("terminated")
        return code

    async def leave(self, **arguments: Json) -> int:
        """Say goodbye; the exit code of the connection."""
        await self.request("disconnect", arguments or None)
        return await self.exit_code()

    async def exit_code(self) -> int:
        """Wait until the adapter is done with us."""
        async with asyncio.timeout(DEADLINE_S):
            return await self.serving

    async def vanish(self) -> None:
        """Be gone without a word."""
        self.writer.close()
        await self.exit_code()

    async def _unfold(self, reference: int, depth: int) -> Json:
        found = await self.variables(reference)
        return {
            name: await self._unfold(one["variablesReference"], depth - 1)
            if one["variablesReference"] and depth
            else one["value"]
            for name, one in found.items()
        }

    async def _start(self, command: str, arguments: Json, before: Sequence[tuple[str, Json]]) -> list[Json]:
        seq = self.ask(command, arguments)
        begun = await self._next(lambda one: one.get("event") == "initialized" or one.get("request_seq") == seq)
        assert "event" in begun, begun
        answers = [await self.request(name, its) for name, its in before]
        await self.request("configurationDone")
        answer = await self.answer(seq)
        assert answer["success"], answer
        return answers

    async def _until(self, wanted: Any) -> Json:
        async with asyncio.timeout(DEADLINE_S), self._news:
            while True:
                for one in self.received:
                    if wanted(one):
                        return one
                assert not self._over, f"the adapter has gone; it said {self.order()}"
                await self._news.wait()

    async def _next(self, wanted: Any) -> Json:
        """The first message that fits after the last one that was waited for in this way."""
        async with asyncio.timeout(DEADLINE_S), self._news:
            while True:
                for index, (way, one) in enumerate(self.said):
                    if way == "<-" and index >= self._read and wanted(one):
                        self._read = index + 1
                        return one
                    over = index >= self._read and one.get("event") == "terminated"
                    assert not over, f"the run is over: {self.order()} {self.events('output')}"
                assert not self._over, f"the adapter has gone; it said {self.order()}"
                await self._news.wait()

    async def _listen(self) -> None:
        frames = Frames()
        try:
            while data := await self.reader.read(1 << 16):
                self.raw += data
                for body in frames.feed(data):
                    assert isinstance(body, bytes)
                    async with self._news:
                        self.said.append(("<-", json.loads(body)))
                        self._news.notify_all()
        except OSError:
            pass
        finally:
            async with self._news:
                self._over = True
                self._news.notify_all()

    async def _close(self) -> None:
        self.writer.close()
        await self._listening


def check(said: Sequence[tuple[str, Json]]) -> None:
    """The laws that hold for every conversation."""
    answered: set[int] = set()
    waiting = [one["seq"] for way, one in said if way == "->"]
    for number, message in enumerate((one for way, one in said if way == "<-"), 1):
        judge(message)
        assert message["seq"] == number
        if message["type"] == "response":
            assert message["request_seq"] not in answered, f"answered twice: {message}"
            answered.add(message["request_seq"])
    order = [one.get("event") for way, one in said if way == "<-"]
    assert order.count("initialized") <= 1
    assert order.count("terminated") <= 1
    if "terminated" in order:
        after = [name for name in order[order.index("terminated") + 1 :] if name]
        assert not after, f"after the end: {after}"
    assert set(waiting) >= answered


@asynccontextmanager
async def home(folder: Path) -> AsyncIterator[Home]:
    """The part of a server process that all adapters share."""
    runs = Registry()
    try:
        yield Home(Debugging(runs), folder, folder)
    finally:
        await runs.close()


@asynccontextmanager
async def connected(at: Home) -> AsyncIterator[Client]:
    """A client that has not said a word yet; the laws are checked at the end of the block."""
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=ours)
    client = Client(*await asyncio.open_connection(sock=theirs))
    client.serving = asyncio.create_task(serve(reader, writer, at))
    try:
        yield client
        check(client.said)
    finally:
        client.writer.close()
        async with asyncio.timeout(DEADLINE_S):
            await asyncio.gather(client.serving)
            writer.close()
            await client._close()


@asynccontextmanager
async def introduced(at: Home, **able: Json) -> AsyncIterator[Client]:
    """A client that has said what it can do."""
    async with connected(at) as client:
        await client.request("initialize", ABLE | able)
        yield client


def write(folder: Path, **files: str) -> Path:
    """A workspace with some pipelines (`a` is `a.pipeline.yaml`); the path of the first."""
    (folder / "pointsman.toml").write_text("", "utf-8")
    for name, text in files.items():
        kind = "policy" if text.startswith("policy:") else "pipeline"
        (folder / f"{name}.{kind}.yaml").write_text(text, "utf-8")
    return folder / f"{next(iter(files))}.pipeline.yaml"
