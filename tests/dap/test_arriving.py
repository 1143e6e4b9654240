"""Coming out of the past to where the run is held: what is set now counts, not what it was stopped by."""

from __future__ import annotations

from pathlib import Path

from dap.client import Client, home, introduced, write

TEXT = """\
pipeline: p
language: 1
agents: {say: {scripted: [a, b, c]}}
stages:
  one: {agent: say}
  two: {agent: say}
  three: {agent: say}
"""
TWO = 6


async def breakpoint_on(client: Client, folder: Path, *lines: int) -> None:
    """Set these breakpoints and no others."""
    source = {"path": str(folder / "a.pipeline.yaml")}
    await client.request("setBreakpoints", {"source": source, "breakpoints": [{"line": line} for line in lines]})


async def test_one_that_is_set_in_the_past_where_the_run_is_held_stops_it(tmp_path: Path) -> None:
    write(tmp_path, a=TEXT)
    async with home(tmp_path) as at, introduced(at) as client:
        await client.launch("a.pipeline.yaml", stopOnEntry=True)
        await client.stopped()
        await client.step("next")
        await client.step("stepBack")
        await breakpoint_on(client, tmp_path, TWO)
        stop = await client.step("continue")
        assert (stop["reason"], stop["description"]) == ("breakpoint", "before two")
        await client.request("continue", {"threadId": 1})
        await client.event("terminated")


async def test_one_that_was_taken_away_stops_nothing(tmp_path: Path) -> None:
    write(tmp_path, a=TEXT)
    async with home(tmp_path) as at, introduced(at) as client:
        await client.launch("a.pipeline.yaml", stopOnEntry=True)
        await client.stopped()
        await breakpoint_on(client, tmp_path, TWO)
        assert (await client.step("continue"))["reason"] == "breakpoint"
        await client.step("stepBack")
        await breakpoint_on(client, tmp_path)
        await client.request("continue", {"threadId": 1})
        await client.event("terminated")
