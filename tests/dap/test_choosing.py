"""While a start is read, on a thread: others are answered, it can be taken back, and then nothing comes of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dap.client import DEADLINE_S, Client, Home, home, introduced, write
from dap.test_server_end import cancel as end_server
from pointsman.runtime.catalog import Loaded
from pointsman.runtime.debugging import Debugging
from pointsman.runtime.definitions import Definitions
from pointsman.runtime.registry import Registry
from pointsman_dap.errors import IDS

TEXT = """\
pipeline: p
language: 1
agents: {say: {command: [touch, called]}}
stages:
  first: {agent: say}
"""
MANY = TEXT + "".join(f"  s{number}: {{agent: say}}\n" for number in range(1500))


class Slow(Definitions):
    """The definitions, behind a door: whoever wants some waits until it is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.door = threading.Event()
        self.asked = threading.Event()
        self.left = threading.Event()

    def load(self, path: Path, name: str | None = None) -> tuple[Loaded, str]:
        """Wait, then load."""
        self.asked.set()
        try:
            assert self.door.wait(DEADLINE_S)
            return super().load(path, name)
        finally:
            self.left.set()


@pytest.fixture
def slow() -> Iterator[Slow]:
    definitions = Slow()
    yield definitions
    definitions.door.set()


def house(folder: Path, slow: Slow) -> Home:
    write(folder, a=TEXT)
    return Home(Debugging(Registry()), folder, folder, definitions=slow)


async def begun(client: Client, slow: Slow) -> int:
    """A launch that is being read; its number."""
    asked = client.ask("launch", {"program": "a.pipeline.yaml"})
    assert await asyncio.to_thread(slow.asked.wait, DEADLINE_S)
    return asked


async def over(client: Client, slow: Slow) -> None:
    """The thread comes back, and the loop has seen it."""
    slow.door.set()
    assert await asyncio.to_thread(slow.left.wait, DEADLINE_S)
    if not client.serving.done():
        await client.request("threads")


async def test_others_are_answered_while_a_large_pipeline_is_read(tmp_path: Path) -> None:
    write(tmp_path, a=MANY)
    async with home(tmp_path) as at, introduced(at) as one, introduced(at) as two:
        asked = one.ask("launch", {"program": "a.pipeline.yaml", "stopOnEntry": True})
        answers = 0
        while not one.events("initialized"):
            await two.request("threads")
            answers += 1
        assert answers > 3
        assert not any(message.get("request_seq") == asked for message in one.received)
        await one.request("configurationDone")
        assert (await one.answer(asked))["success"]
        await one.stopped()
        assert await one.leave() == 0


@pytest.mark.parametrize("way", ["cancel", "terminate", "disconnect"])
async def test_it_is_taken_back(way: str, tmp_path: Path, slow: Slow) -> None:
    async with introduced(house(tmp_path, slow)) as client:
        asked = await begun(client, slow)
        waiting = client.ask("configurationDone")
        await client.request(way, {"requestId": asked} if way == "cancel" else None)
        assert (await client.answer(asked))["message"] == "cancelled"
        assert not (await client.answer(waiting))["success"]
        if way == "disconnect":
            assert await client.exit_code() == 0
        else:
            await client.event("terminated")
        await over(client, slow)
        assert not client.events("initialized")
        if way != "disconnect":
            assert (await client.refused("terminate"))[0] == IDS["ended"]
            assert (await client.refused("launch", {"program": "a.pipeline.yaml"}))[0] == IDS["alreadyStarted"]
            assert await client.leave() == 0
    assert not (tmp_path / ".pointsman").exists()


async def test_a_client_that_vanishes_takes_it_back(tmp_path: Path, slow: Slow) -> None:
    async with introduced(house(tmp_path, slow)) as client:
        await begun(client, slow)
        await client.vanish()
        assert client.serving.result() == 1
        await over(client, slow)
    assert not (tmp_path / ".pointsman").exists()


async def test_the_server_s_end_takes_it_back(tmp_path: Path, slow: Slow) -> None:
    async with introduced(house(tmp_path, slow)) as client:
        asked = await begun(client, slow)
        await end_server(client)
        assert (await client.answer(asked))["message"] == "cancelled"
        await client.event("terminated")
        slow.door.set()
        assert await asyncio.to_thread(slow.left.wait, DEADLINE_S)
    assert not (tmp_path / ".pointsman").exists()


async def test_what_is_said_meanwhile_is_answered_in_its_order(tmp_path: Path, slow: Slow) -> None:
    """Also by clients that do not wait for `initialized`."""
    async with introduced(house(tmp_path, slow)) as client:
        asked = await begun(client, slow)
        second = client.ask("launch", {"program": "a.pipeline.yaml"})
        source: dict[str, Any] = {"source": {"path": str(tmp_path / "a.pipeline.yaml")}, "breakpoints": [{"line": 5}]}
        client.ask("setBreakpoints", source)
        client.ask("configurationDone")
        slow.door.set()
        assert (await client.answer(second))["body"]["error"]["id"] == IDS["alreadyStarted"]
        assert (await client.answer(asked))["success"]
        assert (await client.stopped())["reason"] == "breakpoint"
        order = [one for one in client.order() if one.startswith("<-")][1:]
        assert order[:5] == ["<- (initialized)", "<- !launch", "<- setBreakpoints", "<- configurationDone", "<- launch"]
        await client.request("terminate")
        await client.event("terminated")
        assert await client.leave() == 0


async def test_what_comes_before_an_end_is_refused_as_without_a_launch(tmp_path: Path, slow: Slow) -> None:
    async with introduced(house(tmp_path, slow)) as client:
        await begun(client, slow)
        early = [
            client.ask(command, arguments)
            for command, arguments in (("configurationDone", None), ("pause", {"threadId": 1}))
        ]
        second = client.ask("attach", {"run": "latest"})
        lawful = client.ask("threads")
        await client.request("terminate")
        for asked in early:
            assert (await client.answer(asked))["body"]["error"]["id"] == IDS["noRun"]
        assert (await client.answer(second))["body"]["error"]["id"] == IDS["alreadyStarted"]
        assert (await client.answer(lawful))["success"]
        assert await client.leave() == 0


async def test_an_attach_can_be_taken_back_too(tmp_path: Path) -> None:
    write(tmp_path, a=TEXT)
    async with home(tmp_path) as at:
        async with introduced(at) as client:
            await client.launch("a.pipeline.yaml")
            assert await client.ended() == 0
        async with introduced(at) as client:
            asked = client.ask("attach", {"run": "latest"})
            client.ask("disconnect")
            assert (await client.answer(asked))["message"] == "cancelled"
            assert await client.exit_code() == 0
        async with introduced(at) as client:
            await client.attach("latest")
            assert "at the end" in (await client.stopped())["description"]
