"""The gate in the driver: what is let go moves, whenever the word comes; what is held stays, whatever else happens."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from engine.debugger.scenes import Scene, count, live, workspace
from pointsman.kernel.events import AttemptResult, AttemptStarted, Record
from pointsman.kernel.state import State

TEXT = """
pipeline: p
language: 1
agents: {slow: {python: "agents:count"}, a: {python: "agents:count"}}
stages:
  both:
    fork:
      x: {agent: slow, with: {n: 1}}
      y: {stages: {l: {agent: a, with: {n: 2}}, m: {agent: a, with: {n: 3}}, o: {agent: a, with: {n: 4}}}}
"""


class Slow:
    """An agent that runs until it is told to end."""

    def __init__(self) -> None:
        self.runs, self.ends = asyncio.Event(), asyncio.Event()

    async def __call__(self, n: Any) -> Any:
        self.runs.set()
        await self.ends.wait()
        return {"n": n}


async def _held_beside(scene: Scene, slow: Slow) -> None:
    """Go on until one branch is held while the agent of the other one runs."""
    while True:
        stop = await scene.stop()
        if slow.runs.is_set() and stop.moment.branch == "main/both.y":
            return
        scene.debugger.go("pause")


@pytest.mark.parametrize("leaves", [False, True])
async def test_what_is_let_go_in_the_middle_of_a_turn_moves(tmp_path: Path, leaves: bool) -> None:
    slow = Slow()
    async with live(workspace(tmp_path, TEXT), agents={"slow": slow, "a": count}) as scene:
        await _held_beside(scene, slow)
        assert scene.debugged.live is not None
        session = scene.debugged.live.session

        def watch(records: Sequence[Record], state: State) -> None:
            if any(isinstance(record.event, AttemptResult) for record in records) and scene.debugger.stop is not None:
                scene.leave() if leaves else scene.debugger.go("on")

        session.watch(watch)
        slow.ends.set()
        assert (await scene.end()).outcome == "completed"


async def test_a_held_branch_stays_while_another_one_is_answered(tmp_path: Path) -> None:
    slow = Slow()
    async with live(workspace(tmp_path, TEXT), agents={"slow": slow, "a": count}) as scene:
        await _held_beside(scene, slow)
        held = scene.debugger.stop
        assert held is not None
        assert scene.debugged.live is not None
        session = scene.debugged.live.session
        slow.ends.set()
        await scene.until(lambda: session.state.branches["main/both.x"].part == "settle")
        assert (scene.debugger.stop, scene.told.empty()) == (held, True)
        assert session.state.branches["main/both.y"] == held.state.branches["main/both.y"]
        scene.debugger.go("on")
        assert (await scene.end()).outcome == "completed"


async def test_an_agent_has_not_started_while_it_is_held(tmp_path: Path) -> None:
    called: list[Any] = []

    def counted(n: Any) -> Any:
        called.append(n)
        return {"n": n}

    async with live(workspace(tmp_path, TEXT), agents={"slow": counted, "a": counted}) as scene:
        while (stop := await scene.stop()).moment.part != "agent":
            scene.debugger.go("in")
        assert called == []
        assert not stop.state.branches[stop.moment.branch].started
        assert not any(isinstance(record.event, AttemptStarted) for record in scene.timeline.records)
        scene.debugger.go("on")
        assert (await scene.end()).outcome == "completed"
        assert sorted(called) == [1, 2, 3, 4]


async def test_a_run_whose_gate_is_taken_away_while_it_is_held_goes_on(tmp_path: Path) -> None:
    async with live(workspace(tmp_path, TEXT), agents={"slow": count, "a": count}) as scene:
        await scene.stop()
        assert scene.debugged.live is not None
        scene.debugged.live.session.set_gate(None)
        assert (await scene.end()).outcome == "completed"
