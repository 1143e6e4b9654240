"""Clocks that stand still while a debugger holds a run: questions, backoffs and attempts are no later for it."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from engine.debugger.scenes import Scene, count, live, workspace
from engine.debugger.test_gate import Slow
from pointsman.errors import RunUnavailable
from pointsman.journal.replay import replay
from pointsman.kernel.events import TimerFired
from pointsman.kernel.state import State, digest
from pointsman.runtime.around import Hold
from pointsman.runtime.clock import FixedClock
from pointsman.runtime.journals import open_journal
from pointsman.runtime.outcomes import Outcomes
from pointsman.runtime.standing import Standing

S = 1_000_000_000
FORK = """
pipeline: p
language: 1
agents: {first: {python: "agents:count"}, a: {python: "agents:count"}}
stages:
  both:
    fork:
      x: {stages: {one: %s, two: {agent: a, with: {n: 1}}}}
      y: {stages: {l: {agent: a, with: {n: 2}}, m: {agent: a, with: {n: 3}}}}
"""
ASK = '{ask: {kind: confirmation, question: "Sure?", expires: 10s}, on_error: [{to: two}]}'
AGAIN = "{agent: first, with: {n: 1}, retry: {attempts: 2, backoff: 10s}}"
BRIEF = "{agent: first, with: {n: 1}, timeout: 100ms}"


class HandClock(FixedClock):
    """A clock that a test moves: who sleeps by it wakes when it has been moved so far."""

    def __init__(self) -> None:
        super().__init__()
        self._sleepers: list[tuple[int, asyncio.Future[None]]] = []

    async def sleep(self, duration_ns: int) -> None:
        """Until it has been moved on by that much."""
        waking: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._now_ns + duration_ns, waking))
        await waking

    @property
    def sleeping(self) -> int:
        """How many wait for it."""
        return sum(not waking.done() for _, waking in self._sleepers)

    def move(self, seconds: float) -> None:
        """Let that much time pass at once."""
        self._now_ns += int(seconds * S)
        for until, waking in self._sleepers:
            if until <= self._now_ns and not waking.done():
                waking.set_result(None)


def fired(scene: Scene) -> bool:
    """Whether a timer has."""
    return any(isinstance(record.event, TimerFired) for record in scene.timeline.records)


async def held_beside(scene: Scene, clock: HandClock) -> None:
    """Go on until the branch y is held while something in x waits for the clock."""
    while True:
        stop = await scene.stop()
        if clock.sleeping and stop.moment.branch == "main/both.y":
            return
        scene.debugger.go("pause")


@pytest.mark.parametrize("stage", [ASK, AGAIN])
async def test_a_timer_of_a_held_run_fires_when_the_run_has_lived_so_long(tmp_path: Path, stage: str) -> None:
    tries = iter([1])

    def first(n: Any) -> Any:
        if next(tries, None):
            raise TimeoutError("not yet")
        return {"n": n}

    clock = HandClock()
    path = workspace(tmp_path, FORK % stage)
    async with live(path, agents={"first": first, "a": count}, clock=clock) as scene:
        await held_beside(scene, clock)
        clock.move(4)
        clock.move(100)
        await turns()
        assert not fired(scene)
        scene.debugger.go("on")
        await scene.until(lambda: clock.sleeping == 1)
        clock.move(6)
        await turns()
        assert not fired(scene)
        clock.move(5)
        state = await scene.end()
        assert fired(scene)
        assert state.outcome == "completed"
        assert_replays(scene, state)


def assert_replays(scene: Scene, state: State) -> None:
    """What was held leaves no trace that a replay could stumble over."""
    store = open_journal(scene.debugged.place)
    try:
        found = replay(store, scene.debugged.run_id)
        assert found.state is not None
        assert (found.problem, found.folded_only, digest(found.state)) == ("", "", digest(state))
    finally:
        store.close()


async def test_a_question_can_be_answered_as_long_as_it_was_held_after_its_time(tmp_path: Path) -> None:
    clock = HandClock()
    path = workspace(tmp_path, FORK % ASK)
    async with live(path, agents={"first": count, "a": count}, clock=clock) as scene:
        await held_beside(scene, clock)
        assert scene.debugged.live is not None
        session = scene.debugged.live.session
        (ask,) = session.questions()
        clock.move(100)
        assert 99 * S < session.expires_at_ns(ask) - ask.expires_at_ns < 101 * S
        session.answer("one", {"approved": True}, "somebody")
        scene.debugger.go("on")
        assert (await scene.end()).outcome == "completed"
        assert not fired(scene)


async def test_one_that_was_not_held_is_too_late_at_its_time(tmp_path: Path) -> None:
    clock, slow = HandClock(), Slow()
    path = workspace(tmp_path, FORK % ASK)
    async with live(path, agents={"first": count, "a": slow}, clock=clock, way="on") as scene:
        assert scene.debugged.live is not None
        session = scene.debugged.live.session
        await scene.until(lambda: bool(clock.sleeping))
        clock.move(10)
        with pytest.raises(RunUnavailable, match="has expired"):
            session.answer("one", {"approved": True}, "somebody")
        slow.ends.set()
        assert (await scene.end()).outcome == "completed"
        assert fired(scene)


async def test_an_attempt_does_not_time_out_because_another_branch_is_held(tmp_path: Path) -> None:
    slow = Slow()
    path = workspace(tmp_path, FORK % BRIEF)
    async with live(path, agents={"first": slow, "a": count}) as scene:
        while not slow.runs.is_set():
            await scene.stop()
            scene.debugger.go("pause")
            await turns()
        await scene.stop()
        held = time.monotonic()
        await scene.until(lambda: time.monotonic() > held + 0.3)  # time itself is what must pass
        slow.ends.set()
        await turns()
        scene.debugger.go("on")
        assert (await scene.end()).outcome == "completed"


async def turns() -> None:
    """Let everything happen that can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_that_a_run_is_held_is_told_once_and_taken_back(tmp_path: Path) -> None:
    path = workspace(tmp_path, FORK % BRIEF)
    async with live(path, agents={"first": count, "a": count}) as scene:
        told: list[Hold | None] = []
        assert scene.debugged.live is not None
        session = scene.debugged.live.session
        await scene.stop()
        session.watch_holds(told.append)
        hold = session.hold
        assert hold is not None
        assert told == [hold]
        assert (hold.stage, hold.since_ns > 0) == ("both", True)
        assert scene.debugged.live.status == "held"
        shown = Outcomes(scene.runs).of(path, "p", "both")
        assert shown is not None
        assert (shown.status, shown.live, shown.note) == ("held", True, "by a debugger")
        scene.debugger.back(far=False)  # only the view moves
        await scene.stop()
        assert told == [hold]
        scene.debugger.go("on")
        assert (await scene.end()).outcome == "completed"
        assert told == [hold, None]


async def test_standing_is_measured_over_several_holds() -> None:
    clock = HandClock()
    standing = Standing(lambda: clock._now_ns, clock.sleep)
    living = asyncio.create_task(standing.live(10 * S))
    for _ in range(3):
        standing.stand()
        await passing(clock, 5)
        standing.go_on()
        await passing(clock, 2)
    assert standing.stood_ns == 15 * S
    await passing(clock, 3)  # 9 s are lived through
    assert not living.done()
    await passing(clock, 1)
    assert living.done()


async def passing(clock: HandClock, seconds: int) -> None:
    """Let time pass as it does: all that is due at each second happens then."""
    for _ in range(seconds):
        await turns()
        clock.move(1)
    await turns()
