"""Several clients on one run, clients that vanish, runs that wait for people: nobody's leaving freezes anything."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from dap.client import DEADLINE_S, Home, home, introduced, write
from pointsman.runtime import catalog
from pointsman.runtime.sessions import Options
from pointsman_dap.errors import IDS

TEXT = """\
pipeline: p
language: 1
agents:
  say: {command: [sh, -c, "echo called >> calls; echo hi"]}
stages:
  first: {agent: say}
  second: {agent: say}
  third: {agent: say}
"""
ASKING = """\
pipeline: q
language: 1
agents:
  say: {command: [echo, hi]}
stages:
  first: {agent: say}
  approve: {ask: {kind: confirmation, question: "Send it?", assignee: "role:lead"}}
  last: {agent: say}
"""
STOP = ("setFunctionBreakpoints", {"breakpoints": [{"name": "second"}]})


def alone(at: Home) -> Any:
    """The one live run of the process."""
    (live,) = at.debugging._runs.live.values()
    return live


async def until_over(at: Home) -> None:
    """Wait until no run is live."""
    async with asyncio.timeout(DEADLINE_S):
        while at.debugging._runs.live:
            await asyncio.wait([live.task for live in at.debugging._runs.live.values()])


async def test_two_clients_see_each_others_steps(tmp_path: Path) -> None:
    write(tmp_path, a=TEXT)
    async with home(tmp_path) as at, introduced(at) as one, introduced(at) as two:
        await one.launch("a.pipeline.yaml", before=[STOP])
        first = await one.stopped()
        await two.attach("latest")
        late = await two.stopped()
        assert late["reason"] == "breakpoint"
        assert late["description"] == first["description"]
        assert "hitBreakpointIds" not in late  # it is not theirs
        assert two.order()[-5:] == ["<- configurationDone", "<- attach", "<- (process)", "<- (thread)", "<- (stopped)"]
        assert [frame["name"] for frame in await two.stack()] == [frame["name"] for frame in await one.stack()]
        await two.request("next", {"threadId": 1})
        for client in (one, two):
            assert (await client.stopped())["description"] == "before third"
        assert one.events("continued") == [{"threadId": 1, "allThreadsContinued": True}]
        assert not two.events("continued")
        await one.step("stepBack")
        assert (await two.stopped())["description"] == "replayed: before second"
        assert await two.leave() == 0
        assert (await one.step("next"))["description"] == "before third"
        await one.request("continue", {"threadId": 1})
        assert await one.ended() == 0


async def test_the_end_is_the_launchers(tmp_path: Path) -> None:
    write(tmp_path, a=TEXT)
    async with home(tmp_path) as at, introduced(at) as one, introduced(at) as two:
        await one.launch("a.pipeline.yaml", before=[STOP])
        await one.stopped()
        await two.attach("latest")
        await two.stopped()
        assert (await two.refused("terminate"))[0] == IDS["notYours"]
        assert (await two.refused("disconnect", {"terminateDebuggee": True}))[0] == IDS["notYours"]
        await one.request("terminate")
        for client in (one, two):
            assert await client.ended() == 130


async def test_a_client_that_vanishes_freezes_nothing(tmp_path: Path) -> None:
    write(tmp_path, a=TEXT)
    async with home(tmp_path) as at:
        async with introduced(at) as client:
            await client.launch("a.pipeline.yaml", before=[STOP])
            await client.stopped()
            live = alone(at)
            await client.vanish()
        await until_over(at)
        assert live.task.result().outcome == "completed"
    assert (tmp_path / "calls").read_text() == "called\n" * 3


async def test_of_two_clients_one_may_vanish(tmp_path: Path) -> None:
    """The run stays where it is for the other, without the breakpoints of who is gone."""
    write(tmp_path, a=TEXT)
    async with home(tmp_path) as at, introduced(at) as two:
        async with introduced(at) as one:
            third = ("setFunctionBreakpoints", {"breakpoints": [{"name": "second"}, {"name": "third"}]})
            await one.launch("a.pipeline.yaml", before=[third])
            await one.stopped()
            await two.attach("latest")
            await two.stopped()
            await one.vanish()
        assert len(await two.stack()) == 2
        await two.request("terminate")  # whose it was is gone
        assert await two.ended() == 130


async def test_leaving_ends_what_one_has_launched_unless_one_says_otherwise(tmp_path: Path) -> None:
    write(tmp_path, a=TEXT)
    async with home(tmp_path) as at:
        for arguments, outcome in (({}, "cancelled"), ({"terminateDebuggee": False}, "completed")):
            async with introduced(at) as client:
                await client.launch("a.pipeline.yaml", before=[STOP])
                await client.stopped()
                live = alone(at)
                assert await client.leave(**arguments) == 0
            await until_over(at)
            assert live.task.result().outcome == outcome


async def test_a_run_of_somebody_elses_goes_on_when_its_debuggers_leave(tmp_path: Path) -> None:
    text = TEXT.replace(
        '"echo called >> calls; echo hi"', '"until [ -e go ]; do sleep 0.02; done; echo called >> calls"'
    )
    path = write(tmp_path, a=text)
    async with home(tmp_path) as at:
        live = at.debugging._runs.start(catalog.load(path), {}, Options(cwd=tmp_path))
        async with introduced(at) as client:
            await client.attach("latest", before=[STOP])
            assert (await client.request("threads"))["threads"] == [{"id": 1, "name": "main"}]
            (tmp_path / "go").touch()
            assert (await client.stopped())["hitBreakpointIds"] == [1]
            assert await client.leave() == 0
        await until_over(at)
        assert live.task.result().outcome == "completed"


async def test_a_question_is_put_with_the_words_to_answer_it(tmp_path: Path) -> None:
    write(tmp_path, a=ASKING)
    async with home(tmp_path) as at, introduced(at) as client:
        await client.launch("a.pipeline.yaml")
        told = await client.event("output")
        run = alone(at).run_id
        assert told["category"] == "important"
        assert told["output"] == (
            "the run waits for an answer at approve (role:lead): Send it?\n"
            f"  pointsman answer {run} approve '{{\"approved\": true}}'\n"
        )
        assert told["line"] == 7
        async with introduced(at) as late:
            await late.attach(run)
            assert (await late.event("output"))["output"] == told["output"]
            assert await late.leave() == 0
        alone(at).session.answer("approve", {"approved": True}, "somebody")
        assert await client.ended() == 0


async def test_an_answer_that_was_brought_along(tmp_path: Path) -> None:
    write(tmp_path, a=ASKING)
    async with home(tmp_path) as at, introduced(at) as client:
        await client.launch("a.pipeline.yaml", answers={"approve": {"approved": True}})
        assert await client.ended() == 0


async def test_a_question_nobody_here_waits_for_is_put_aside(tmp_path: Path) -> None:
    write(tmp_path, a=ASKING)
    async with home(tmp_path) as at:
        async with introduced(at) as client:
            await client.launch("a.pipeline.yaml")
            await client.event("output")
            assert await client.leave(terminateDebuggee=False) == 0
        await until_over(at)
        async with introduced(at) as client:
            await client.attach("latest:waiting")
            assert (await client.stopped())["text"] == "end of recording"
            assert [frame["name"] for frame in await client.stack()][:2] == ["ask", "approve"]


async def test_a_run_that_is_taken_away_ends_in_words(tmp_path: Path) -> None:
    write(tmp_path, a=TEXT)
    async with home(tmp_path) as at, introduced(at) as client:
        await client.launch("a.pipeline.yaml", before=[STOP])
        await client.stopped()
        run = alone(at).run_id
        await at.debugging._runs.close()
        await client.event("terminated")
        assert client.outputs("important") == f"{run} is not run here any more; go on with: pointsman resume {run}\n"
        assert not client.events("exited")
