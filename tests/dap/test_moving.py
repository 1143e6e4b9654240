"""Steps forward and back, branches as threads, pause; and that the past is looked at and never lived again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dap.client import Client, home, introduced, write

Json = Any

TEXT = """\
pipeline: p
language: 1
state: {count: {type: integer, default: 0}}
agents:
  say: {command: [sh, -c, "echo called >> calls; echo hi"]}
stages:
  first: {agent: say}
  second: {set: {count: "${{ state.count + 1 }}"}}
  third:
    agent: say
    routes: [{when: state.count < 2, to: second, label: again}, {to: fourth}]
  fourth:
    fork:
      left: {agent: say}
      right:
        stages:
          inner: {agent: say}
          other: {agent: say}
  fifth: {agent: say}
"""


async def seen(client: Client, thread: int = 1) -> Json:
    """All that a person sees of a stop, without the handles."""
    stack = [(one["name"], one["line"], one["column"]) for one in await client.stack(thread)]
    return stack, await client.unfolded(thread)


def calls(folder: Path) -> int:
    """How often an agent has run."""
    file = folder / "calls"
    return file.read_text("utf-8").count("called") if file.exists() else 0


async def test_over_stages_and_into_their_parts(tmp_path: Path) -> None:
    write(tmp_path, a=TEXT)
    async with home(tmp_path) as at, introduced(at) as client:
        await client.launch("a.pipeline.yaml", stopOnEntry=True)
        assert (await client.stopped())["description"] == "before first"
        said = [(await client.step(step))["description"] for step in ("stepIn", "next", "next", "stepIn", "stepIn")]
        assert said == [
            "before the agent of first",
            "before the route of first",
            "before second",
            "before second writes",
            "before the route of second",
        ]
        assert (await client.step("stepOut"))["description"] == "before third"
        assert (await client.step("next"))["description"] == "before second"
        assert calls(tmp_path) == 2


async def test_back_after_a_step_is_where_it_was(tmp_path: Path) -> None:
    """The same stack, the same variables, however one has stepped; and nothing is called again."""
    write(tmp_path, a=TEXT)
    async with home(tmp_path) as at, introduced(at) as client:
        await client.launch("a.pipeline.yaml", stopOnEntry=True)
        await client.stopped()
        views = [await seen(client)]
        for step in ("next", "stepIn", "next", "stepIn", "stepIn", "stepOut", "next"):
            assert (await client.step(step))["reason"] == "step"
            views.append(await seen(client))
        before = calls(tmp_path)
        for view in views[-2::-1]:
            stop = await client.step("stepBack")
            assert stop["description"].startswith("replayed: ")
            assert await seen(client) == view
        start = await client.step("stepBack")
        assert (start["reason"], start["text"]) == ("entry", "start of recording")
        assert (await seen(client)) == views[0]
        assert calls(tmp_path) == before


async def test_a_step_back_from_the_very_first_moment(tmp_path: Path) -> None:
    write(tmp_path, a=TEXT)
    async with home(tmp_path) as at, introduced(at) as client:
        await client.launch("a.pipeline.yaml", stopOnEntry=True)
        await client.stopped()
        for step in ("stepBack", "reverseContinue"):
            stop = await client.step(step)
            assert (stop["reason"], stop["text"]) == ("entry", "start of recording")
        await client.request("continue", {"threadId": 1})
        assert await client.ended() == 0


async def test_back_and_forth_between_breakpoints(tmp_path: Path) -> None:
    path = write(tmp_path, a=TEXT)
    lines = {"source": {"path": str(path)}, "breakpoints": [{"line": 8}]}
    async with home(tmp_path) as at, introduced(at) as client:
        await client.launch("a.pipeline.yaml", before=[("setBreakpoints", lines)])
        await client.stopped()
        assert (await client.step("continue"))["description"] == "before second"
        before = calls(tmp_path)
        back = await client.step("reverseContinue")
        assert (back["reason"], back["description"], back["hitBreakpointIds"]) == (
            "breakpoint",
            "replayed: before second",
            [1],
        )
        assert (await client.request("evaluate", {"expression": "state.count"}))["result"] == "0"
        assert (await client.step("reverseContinue"))["reason"] == "entry"
        assert (await client.step("continue"))["description"] == "replayed: before second"
        assert (await client.step("continue"))["description"] == "before second"
        assert calls(tmp_path) == before
        await client.request("continue", {"threadId": 1})
        assert await client.ended() == 0
    assert calls(tmp_path) == 7


async def test_branches_are_threads(tmp_path: Path) -> None:
    path = write(tmp_path, a=TEXT)
    lines = {"source": {"path": str(path)}, "breakpoints": [{"line": 13}]}
    async with home(tmp_path) as at, introduced(at) as client:
        await client.launch("a.pipeline.yaml", before=[("setBreakpoints", lines)])
        assert (await client.stopped())["description"] == "before fourth"
        assert (await client.step("stepIn"))["description"] == "before the branches of fourth"
        stop = await client.step("stepIn")
        assert (stop["threadId"], stop["allThreadsStopped"]) == (2, True)
        told = (await client.request("threads"))["threads"]
        assert [one["id"] for one in told] == [1, 2, 3]
        started = [one["threadId"] for one in client.events("thread") if one["reason"] == "started"]
        assert started == [1, 2, 3]
        assert [one["name"] for one in await client.stack(3)] == ["inner", "branch right", "fourth", "p"]
        assert [one["name"] for one in await client.stack(1)][-2:] == ["fourth", "p"]
        stop = await client.step("next", 3)
        assert (stop["threadId"], stop["description"]) == (3, "before fourth.right.other")
        assert (await client.refused("stackTrace", {"threadId": 9}))[1] == "there is no thread 9"
        assert (await client.refused("next", {"threadId": 9}))[1] == "there is no thread 9"
        while (stop := await client.step("next", stop["threadId"]))["threadId"] != 1:
            pass
        assert sorted(one["threadId"] for one in client.events("thread") if one["reason"] == "exited") == [2, 3]
        assert (await client.refused("stackTrace", {"threadId": 2}))[1] == "there is no thread 2"
        await client.request("continue", {"threadId": 1})
        assert await client.ended() == 0


async def test_over_a_fork_is_the_join(tmp_path: Path) -> None:
    path = write(tmp_path, a=TEXT)
    lines = {"source": {"path": str(path)}, "breakpoints": [{"line": 13}]}
    async with home(tmp_path) as at, introduced(at) as client:
        await client.launch("a.pipeline.yaml", before=[("setBreakpoints", lines)])
        await client.stopped()
        stop = await client.step("next")
        assert (stop["threadId"], stop["description"]) == (1, "before fifth")


async def test_pause_stops_at_the_next_boundary_and_says_so(tmp_path: Path) -> None:
    wait = TEXT.replace(
        '"echo called >> calls; echo hi"', '"echo called >> calls; until [ -e go ]; do sleep 0.02; done"'
    )
    write(tmp_path, a=wait)
    async with home(tmp_path) as at, introduced(at) as client:
        await client.launch("a.pipeline.yaml")
        while not calls(tmp_path):
            await client.request("threads")
        await client.request("pause", {"threadId": 1})
        told = await client.event("output")
        assert told["output"] == "agent say of first is not interrupted: the run stops at the next boundary\n"
        (tmp_path / "go").touch()
        stop = await client.stopped()
        assert (stop["reason"], stop["description"]) == ("pause", "before the route of first")
        assert calls(tmp_path) == 1


async def test_the_answer_comes_before_the_stop(tmp_path: Path) -> None:
    """In the past a step is done at once, and is told after its answer all the same."""
    write(tmp_path, a=TEXT)
    async with home(tmp_path) as at, introduced(at) as client:
        await client.launch("a.pipeline.yaml", stopOnEntry=True)
        await client.stopped()
        steps = ("next", "next", "stepBack", "stepBack", "next", "stepIn", "reverseContinue")
        for step in steps:
            await client.step(step)
        said = client.order()[client.order().index("-> next") :]
        moves = [one for one in said if one.startswith("<- ") and "output" not in one]
        assert moves == [one for step in steps for one in (f"<- {step}", "<- (stopped)")]


async def test_only_a_continue_says_that_all_go_on(tmp_path: Path) -> None:
    write(tmp_path, a=TEXT)
    async with home(tmp_path) as at, introduced(at) as client:
        await client.launch("a.pipeline.yaml", stopOnEntry=True)
        await client.stopped()
        assert await client.request("next", {"threadId": 1}) is None
        await client.stopped()
        assert await client.request("continue", {"threadId": 1}) == {"allThreadsContinued": True}
        assert await client.ended() == 0
