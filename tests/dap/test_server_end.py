"""The server ends while a client looks at a run: the client is told, and the run is left as it stands."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from dap.client import DEADLINE_S, Client, home, introduced, write

TEXT = """\
pipeline: p
language: 1
agents: {say: {command: [touch, called]}}
stages:
  first: {agent: say}
"""


async def cancel(client: Client) -> None:
    """End the adapter as the server does; from then on the client only reads."""
    serving = client.serving
    serving.cancel()
    async with asyncio.timeout(DEADLINE_S):
        with pytest.raises(asyncio.CancelledError):
            await serving
    client.serving = asyncio.create_task(asyncio.sleep(0, 1))


async def test_a_client_at_a_stop_is_told(tmp_path: Path) -> None:
    write(tmp_path, a=TEXT)
    async with home(tmp_path) as at, introduced(at) as client:
        await client.launch("a.pipeline.yaml", stopOnEntry=True)
        await client.stopped()
        await cancel(client)
        await client.event("terminated")
        assert "go on with: pointsman resume" in client.outputs("important")
    assert not (tmp_path / "called").exists()


async def test_a_start_that_waits_is_taken_back(tmp_path: Path) -> None:
    write(tmp_path, a=TEXT)
    async with home(tmp_path) as at, introduced(at) as client:
        starting = client.ask("launch", {"program": "a.pipeline.yaml"})
        await client.event("initialized")
        await cancel(client)
        assert (await client.answer(starting))["message"] == "cancelled"
        await client.event("terminated")


async def test_a_run_that_is_over_needs_no_words(tmp_path: Path) -> None:
    write(tmp_path, a=TEXT)
    async with home(tmp_path) as at, introduced(at) as client:
        await client.launch("a.pipeline.yaml")
        assert await client.ended() == 0
        said = len(client.received)
        await cancel(client)
        assert len(client.received) == said
