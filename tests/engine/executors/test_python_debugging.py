"""A breakpoint in an agent's Python, in our real worker: what decision 0004 stands on."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from engine.executors.ports import AGENTS, Recorder, spec, workers
from pointsman.executors import Outcome, WorkerPool
from pointsman.executors.worker import SHIM
from pointsman.wire import Frames, frame

FILE = AGENTS / "stepped.py"
LINES = {text.strip(): number for number, text in enumerate(FILE.read_text().splitlines(), 1)}
DEADLINE_S = 20.0


async def test_an_agent_is_stepped_in_its_worker() -> None:
    async with workers(size=1, env={"PYDEVD_DISABLE_FILE_VALIDATION": "1"}) as pool:
        undebugged = await call(pool, "stepped:add", left=1, right=3)
        port = (await call(pool, "arming:arm")).value
        async with client_of(port) as client:
            await client.attach(LINES["total = left"])
            await call(pool, "arming:attached")
            running = asyncio.create_task(
                pool.run_python("stepped:add", spec(None, "sum", "a", left=1, right=3), Recorder())
            )

            thread = await client.stopped("breakpoint")
            assert thread["name"] == "sum#1"
            assert await client.where() == ["add: total = left"]  # and nothing of ours below
            assert await client.variables() == {"left": "1", "right": "3"}
            inside = await asyncio.wait_for(pool.run_python("simple:echo", spec(value=1), Recorder(), "a"), DEADLINE_S)
            assert inside == Outcome(1)  # the worker is not frozen, only this thread is

            await client.step("next")
            assert await client.where() == ["add: total += doubled(right)"]
            assert await client.variables() == {"left": "1", "right": "3", "total": "1"}
            await client.step("stepIn")
            assert await client.where() == ["doubled: twice = number * 2", "add: total += doubled(right)"]
            await client.step("stepOut")
            await client.step("next")
            assert await client.where() == ["add: return total"]
            await client.request("next", threadId=client.thread)  # off the end: the agent's answer, no stop
            assert await asyncio.wait_for(running, DEADLINE_S) == undebugged == Outcome(7)

            await client.breakpoints()
            assert await call(pool, "stepped:add", left=1, right=3) == undebugged  # the step did not wait for it

            await client.breakpoints(LINES["twice = number * 2"])
            running = asyncio.create_task(pool.run_python("stepped:add", spec(None, left=1, right=3), Recorder()))
            await client.stopped("breakpoint")
        # The client is gone without a word, and the thread waits for ever; the next client may let it go on.
        async with client_of(port) as client:
            await client.attach()
            assert not running.done()
            await client.request("continue", threadId=1)
            assert await asyncio.wait_for(running, DEADLINE_S) == undebugged
            await client.request("disconnect")


async def call(pool: WorkerPool, target: str, **args: Any) -> Outcome:
    outcome = await asyncio.wait_for(pool.run_python(target, spec(**args), Recorder()), DEADLINE_S)
    assert outcome.error is None, outcome.error
    return outcome


class Client:
    """The one client that pydevd takes. `thread` and `frame` are where it last stopped."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.thread = self.frame = 0
        self._reader, self._writer = reader, writer
        self._cutter = Frames()
        self._arrived: list[Any] = []
        self._seq = 0

    async def attach(self, *lines: int) -> None:
        await self.request("initialize", adapterID="test")
        # Without the rule a step ends in the shim. With all threads stopped, the worker hears its host no more.
        hidden = [{"path": str(SHIM.parent / "**"), "include": False}]
        attached = self._send("attach", justMyCode=True, rules=hidden, stopAllThreadsOnSuspend=False)
        await self._next(lambda one: one.get("event") == "initialized")
        await self.breakpoints(*lines)
        await self.request("configurationDone")
        await self._answer(attached)

    async def breakpoints(self, *lines: int) -> None:
        wanted = [{"line": line} for line in lines]
        found = await self.request("setBreakpoints", source={"path": str(FILE)}, breakpoints=wanted)
        assert [(one["line"], one["verified"]) for one in found["breakpoints"]] == [(line, True) for line in lines]

    async def stopped(self, reason: str) -> Any:
        """Wait for a stop; the thread."""
        stop = (await self._next(lambda one: one.get("event") == "stopped"))["body"]
        assert stop["reason"] == reason
        self.thread = stop["threadId"]
        threads = (await self.request("threads"))["threads"]
        return next(one for one in threads if one["id"] == self.thread)

    async def step(self, command: str) -> None:
        await self.request(command, threadId=self.thread)
        await self.stopped("step")

    async def where(self) -> list[str]:
        """The stack, innermost first: `function: the line's text`."""
        frames = (await self.request("stackTrace", threadId=self.thread))["stackFrames"]
        self.frame = frames[0]["id"]
        texts = {number: text for text, number in LINES.items()}
        assert {one["source"]["path"] for one in frames} == {str(FILE)}
        return [f"{one['name']}: {texts[one['line']]}" for one in frames]

    async def variables(self) -> dict[str, str]:
        scopes = (await self.request("scopes", frameId=self.frame))["scopes"]
        found = await self.request("variables", variablesReference=scopes[0]["variablesReference"])
        return {one["name"]: one["value"] for one in found["variables"]}

    async def request(self, command: str, **arguments: Any) -> Any:
        return await self._answer(self._send(command, **arguments))

    def _send(self, command: str, **arguments: Any) -> int:
        self._seq += 1
        message = {"seq": self._seq, "type": "request", "command": command, "arguments": arguments}
        self._writer.write(frame(json.dumps(message).encode()))
        return self._seq

    async def _answer(self, seq: int) -> Any:
        answer = await self._next(lambda one: one.get("request_seq") == seq)
        assert answer["success"], answer
        return answer.get("body")

    async def _next(self, wanted: Any) -> Any:
        """The first message that is wanted, taken out of those that have arrived."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                for index, one in enumerate(self._arrived):
                    if wanted(one):
                        return self._arrived.pop(index)
                data = await self._reader.read(65536)
                assert data, "the worker is gone"
                self._arrived += [json.loads(body) for body in self._cutter.feed(data) if isinstance(body, bytes)]


@asynccontextmanager
async def client_of(port: int) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()
        await writer.wait_closed()
