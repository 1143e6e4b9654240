"""The debugger: its verbs forward and back, on a live run and on a record, and what becomes of a run that is held."""

import asyncio
from pathlib import Path
from random import Random
from typing import Any

import pytest

from engine.debugger.scenes import EVERYTHING, WATCH, Scene, agents, count, flaky, live, recorded, workspace
from pointsman.debugger.breakpoints import Breakpoint
from pointsman.debugger.debugger import Debugger, Stop, Told
from pointsman.debugger.sites import rule_sites
from pointsman.debugger.stepping import WHOLE, Way
from pointsman.kernel.state import digest
from pointsman.language.source import Source
from pointsman.runtime import catalog
from pointsman.runtime.clock import FixedClock
from pointsman.runtime.debugging import Debugging, read_record
from pointsman.runtime.registry import Registry
from pointsman.runtime.sessions import Options
from pointsman.testing import Played, play

TEXT = """
pipeline: p
language: 1
agents: {a: {python: "agents:count"}, f: {python: "agents:flaky"}}
policies: [watch.policy.yaml]
stages:
  one: {agent: a, with: {n: 1}}
  two:
    fork:
      x: {agent: a, with: {n: 2}}
      y: {stages: {l: {agent: f, with: {n: 3}, retry: {attempts: 3}}, m: {agent: a, with: {n: 9}}}}
  three: {agent: a, with: {n: 4}}
"""
SURE = {"sure": {"approved": True}}


def _played() -> Played:
    mine = {"a": count, "f": flaky()}
    return play(TEXT, agents=mine, judge=lambda decide: "allow")


def _at(told: Told) -> str:
    assert isinstance(told, Stop)
    return f"{told.moment.stage} {told.moment.part}" + ("" if told.reason == "step" else f" [{told.reason}]")


WALKS: list[tuple[str, str, str]] = [
    ("whole stages", "over over over over", "two enter, three enter, three end, three end [end]"),
    (
        "into the parts of a stage, and out of it",
        "in in out in in in in in",
        "one policy before, one agent, two enter, two fork, two.x enter, two.x policy before, two.x agent, "
        "two.x policy after",
    ),
    (
        "parts one by one",
        "in over over over over over",
        "one policy before, one agent, one policy after, one route, two enter, three enter",
    ),
    (
        "back by whole stages",
        "over over back back back",
        "two enter, three enter, two enter, one enter, one enter [entry]",
    ),
    ("back by parts", "in over back back", "one policy before, one agent, one policy before, one enter"),
    ("back where no step came from", "on back back", "three end [end], three enter, two enter"),
    ("a fork is left by its join", "over in in out", "two enter, two fork, two.x enter, two merge"),
]


@pytest.mark.parametrize(("verbs", "stops"), [walk[1:] for walk in WALKS], ids=[walk[0] for walk in WALKS])
def test_walks_over_a_record(verbs: str, stops: str) -> None:
    debugger, told = _opened(_played())
    for verb in verbs.split():
        _do(debugger, verb)
    assert ", ".join(_at(each) for each in told[1:]) == stops
    assert all(each.past for each in told if isinstance(each, Stop))
    assert [each.number for each in told if isinstance(each, Stop)] == list(range(1, len(told) + 1))


@pytest.mark.parametrize("seed", range(8))
def test_back_undoes_a_step_over_wherever_it_was_made(seed: int) -> None:
    chance = Random(seed)
    debugger, told = _opened(_played())
    debugger.set_breakpoints("me", [Breakpoint(1, name="stage:m"), Breakpoint(2, name="agent:f")])
    for _ in range(60):
        _do(debugger, chance.choice(["over", "in", "out", "on", "back", "far"]))
        _check_law(debugger, told, debugger.timeline.moments[-1].seq)


def _check_law(debugger: Debugger, told: list[Told], last: int) -> None:
    before = debugger.stop
    assert before is not None
    debugger.go("over")
    debugger.back(far=False)
    after = debugger.stop
    assert after is not None
    assert after.moment == before.moment
    assert digest(after.state) == digest(before.state)
    assert after.state.branches == before.state.branches


async def test_back_undoes_a_step_over_in_a_live_run(tmp_path: Path) -> None:
    path = workspace(tmp_path, EVERYTHING)
    chance = Random(4)
    async with live(path, {"n": 5}, agents=agents(), answers=SURE) as scene:
        stop = await scene.stop()
        steps = 0
        while stop.moment.stage != "last":
            ways: list[Way] = ["over", "in", "in"]
            if stop.moment.part not in WHOLE:
                ways.append("out")
            stop = await scene.go(chance.choice(ways))
            ahead = await scene.go("over")
            back = await scene.back()
            assert (back.moment.key, back.past) == (stop.moment.key, True)
            assert digest(back.state) == digest(stop.state)
            stop = await scene.go("over")  # through the past, to where the run is held
            assert (stop.moment.key, stop.past) == (ahead.moment.key, False)
            steps += 1
        assert steps > 5
        scene.debugger.go("on")
        assert (await scene.end()).outcome == "completed"


async def test_going_back_calls_nothing(tmp_path: Path) -> None:
    called: list[Any] = []

    def counted(n: Any) -> Any:
        called.append(n)
        return {"n": n}

    async with live(workspace(tmp_path, TEXT), agents={"a": counted, "f": flaky()}) as scene:
        while (await scene.stop()).moment.stage != "three":
            scene.debugger.go("over")
        so_far = list(called)
        seen = [scene.debugger.stop]
        while seen[-1] is None or seen[-1].reason != "entry":
            seen.append(await scene.back())
        assert scene.debugger.stop is not None
        assert (scene.debugger.stop.moment.seq, scene.debugger.stop.moment.stage) == (1, "one")
        while scene.debugger.stop is None or scene.debugger.stop.past:
            await scene.go("over")
        assert (scene.debugger.stop.moment.stage, called) == ("three", so_far)
        scene.debugger.go("on")
        await scene.end()
        assert sorted(called) == [1, 2, 4, 9]


async def test_continuing_from_the_past_stops_where_a_breakpoint_holds_the_run(tmp_path: Path) -> None:
    def prepare(debugger: Debugger) -> None:
        debugger.set_breakpoints("me", [Breakpoint(1, name="stage:two"), Breakpoint(2, name="stage:three")])

    async with live(workspace(tmp_path, TEXT), agents={"a": count, "f": flaky()}, way="on", prepare=prepare) as scene:
        stops = [await scene.stop(), await scene.go("on"), await scene.back(far=True), await scene.go("on")]
        assert [(stop.moment.stage, stop.hits, stop.past) for stop in stops] == [
            ("two", (1,), False),
            ("three", (2,), False),
            ("two", (1,), True),
            ("three", (2,), False),
        ]
        scene.debugger.go("on")
        assert (await scene.end()).outcome == "completed"


async def test_two_clients_are_told_the_same_and_either_may_go_on(tmp_path: Path) -> None:
    async with live(workspace(tmp_path, TEXT), agents={"a": count, "f": flaky()}) as scene:
        other = Scene(scene.debugging, scene.runs, scene.debugged)
        leave = scene.debugger.listen(other.listener)
        assert await scene.stop() == await other.stop()
        scene.debugger.set_breakpoints("other", [Breakpoint(1, name="stage:three")])
        scene.debugger.go("on")
        assert (await other.stop()).hits == (await scene.stop()).hits == (1,)
        other.debugger.go("over")
        assert _at(await scene.stop()) == _at(await other.stop()) == "three end"
        leave()
        assert scene.debugger.stop is not None  # one of two has left: the other one holds it still
        scene.debugger.go("on")
        assert (await scene.end()).outcome == "completed"


async def test_what_a_client_wanted_leaves_with_it(tmp_path: Path) -> None:
    async with live(workspace(tmp_path, TEXT), agents={"a": count, "f": flaky()}) as scene:
        other = Scene(scene.debugging, scene.runs, scene.debugged)
        leave = scene.debugger.listen(other.listener)
        scene.debugger.set_breakpoints(other.listener, [Breakpoint(1, name="stage:two")])
        scene.debugger.set_faults(other.listener, ["agent_error"])
        await scene.stop()
        leave()
        scene.debugger.go("on")
        assert (await scene.end()).outcome == "completed"
        assert scene.told.empty()


async def test_a_held_run_whose_last_client_vanishes_goes_on(tmp_path: Path) -> None:
    async with live(workspace(tmp_path, TEXT), agents={"a": count, "f": flaky()}) as scene:
        scene.debugger.set_breakpoints(scene.listener, [Breakpoint(1, name="*")])
        await scene.stop()
        scene.leave()
        assert (await scene.end()).outcome == "completed"


async def test_a_held_run_that_is_only_looked_at_in_the_past_goes_on_too(tmp_path: Path) -> None:
    async with live(workspace(tmp_path, TEXT), agents={"a": count, "f": flaky()}) as scene:
        await scene.stop()
        await scene.go("over")
        await scene.back()
        scene.leave()
        assert (await scene.end()).outcome == "completed"


async def test_a_held_run_can_be_cancelled(tmp_path: Path) -> None:
    async with live(workspace(tmp_path, TEXT), agents={"a": count, "f": flaky()}) as scene:
        await scene.stop()
        await scene.go("in")
        assert scene.debugged.live is not None
        scene.debugged.live.session.cancel("test")
        assert (await scene.end()).outcome == "cancelled"


async def test_a_held_run_keeps_its_wall_budget(tmp_path: Path) -> None:
    path = workspace(tmp_path, TEXT.replace("stages:\n  one", "budget: {wall: 5m}\nstages:\n  one"))
    clock = FixedClock()
    async with live(path, agents={"a": count, "f": flaky()}, clock=clock) as scene:
        stop = await scene.stop()
        while stop.moment.part != "end" or stop.moment.branch != "main":
            await clock.sleep(10 * 60 * 10**9)  # a person looks for ten minutes
            stop = await scene.go("in")
        scene.debugger.go("on")
        assert (await scene.end()).outcome == "completed"


async def test_pausing_stops_a_running_run_at_its_next_moment(tmp_path: Path) -> None:
    goes_on = asyncio.Event()

    async def waits(n: Any) -> Any:
        await goes_on.wait()
        return {"n": n}

    async with live(workspace(tmp_path, TEXT), agents={"a": waits, "f": flaky()}, way="on") as scene:
        await scene.until(lambda: any(moment.part == "agent" for moment in scene.timeline.moments))
        scene.debugger.pause()
        goes_on.set()
        stop = await scene.stop()
        assert (_at(stop), stop.state.branches["main"].result) == ("one policy after [pause]", {"n": 1})


async def test_a_client_that_joins_a_live_run_and_leaves_it(tmp_path: Path) -> None:
    async with live(workspace(tmp_path, TEXT), agents={"a": count, "f": flaky()}) as scene:
        await scene.stop()
        again = scene.debugging.attach(scene.debugged.run_id)
        assert again is scene.debugged
        assert again is not None
        again.users = 1
        scene.debugging.leave(again)  # the last user: nobody is there to let it go on
        assert (await scene.end()).outcome == "completed"


async def test_a_run_that_is_over_is_attached_as_its_record(tmp_path: Path) -> None:
    path = workspace(tmp_path, TEXT)
    async with live(path, agents={"a": count, "f": flaky()}, way="on") as scene:
        await scene.end()
        live_moments = scene.timeline.moments
        place = scene.debugged.place
        row = scene.debugging.find(place, "latest")
        assert scene.debugging.attach(row.id) is None
        found = scene.debugging.attach(row.id, read_record(place, row.id))
    assert found is not None
    assert (found.live, found.run_id, found.elsewhere) == (None, scene.debugged.run_id, "")
    assert found.debugger.timeline.moments == live_moments
    assert found.program.source.data == path.read_bytes()


def test_a_record_that_holds_nothing_but_its_start() -> None:
    played = _played()
    debugger = recorded(Played(played.state, played.records[:1], played.store, 0))
    told: list[Told] = []
    debugger.listen(told.append)
    debugger.open(at_start=False)
    debugger.open(at_start=True)
    debugger.back(far=False)
    debugger.go("over")
    assert [_at(each) for each in told] == [
        "one enter [end]",
        "one enter [entry]",
        "one enter [entry]",
        "one enter [end]",
    ]


def _opened(played: Played) -> tuple[Debugger, list[Told]]:
    debugger = recorded(played)
    told: list[Told] = []
    debugger.listen(told.append)
    debugger.open(at_start=True)
    return debugger, told


def _do(debugger: Debugger, verb: str) -> None:
    ways: dict[str, Way] = {"over": "over", "in": "in", "out": "out", "on": "on"}
    if verb in ways:
        debugger.go(ways[verb])
    else:
        debugger.back(far=verb == "far")


async def test_a_rule_of_a_policy_stops_where_it_has_spoken(tmp_path: Path) -> None:
    path = workspace(tmp_path, TEXT, policy=WATCH.replace("agent: count", "agent: a"))
    noisy, never = rule_sites(Source("watch.policy.yaml", (tmp_path / "watch.policy.yaml").read_bytes()))

    def prepare(debugger: Debugger) -> None:
        named = [Breakpoint(2, name="policy:watch"), Breakpoint(3, name="policy:watch/never")]
        debugger.set_breakpoints("me", [Breakpoint(1, noisy), Breakpoint(4, never), *named])

    async with live(path, agents={"a": count, "f": flaky()}, way="on", prepare=prepare) as scene:
        stop = await scene.stop()
        assert (_at(stop), stop.hits) == ("two.y.m agent [breakpoint]", (1, 2))
        assert stop.moment.rules == ("watch/noisy",)
        scene.debugger.go("on")
        assert (await scene.end()).outcome == "completed"
        assert scene.told.empty()


async def test_a_live_run_that_nobody_debugged_can_be_joined(tmp_path: Path) -> None:
    goes_on = asyncio.Event()

    async def waits(n: Any) -> Any:
        await goes_on.wait()
        return {"n": n}

    loaded = catalog.load(workspace(tmp_path, TEXT))
    runs = Registry()
    live_run = runs.start(loaded, {}, Options(agents={"a": waits, "f": flaky()}, clock=FixedClock(), cwd=tmp_path))
    try:
        debugging = Debugging(runs)
        found = debugging.attach(live_run.run_id)
        assert found is not None
        scene = Scene(debugging, runs, found)
        assert scene.debugged.live is live_run
        scene.leave = scene.debugger.listen(scene.listener)
        scene.debugger.pause()
        goes_on.set()
        stop = await scene.stop()
        assert (stop.moment.stage, stop.past) == ("one", False)
        assert (await scene.back()).moment.stage == "one"
        stop = await scene.go("over")
        assert not stop.past
        scene.leave()
        assert (await scene.end()).outcome == "completed"
    finally:
        await runs.close()
