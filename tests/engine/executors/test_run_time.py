"""An attempt's timeout is in the time of its run: while that stands still, nobody is too late; then it is as ever."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.executors.ports import Recorder, spec, workers
from pointsman.executors import CommandAgent, InProcessAgent, LlmAgent, Outcome, PythonAgent, ScriptedAgent
from pointsman.executors.call import Executor

Asks = Callable[[str, str, Any], Awaitable[Outcome]]


async def _asking(ctx: Any) -> Any:
    return await ctx.tool("wait")


async def _executor(kind: str, held: AsyncExitStack, folder: Path) -> Executor:
    match kind:
        case "worker":
            return PythonAgent(await held.enter_async_context(workers()), "asking:tool")
        case "command":
            return CommandAgent(["sh", "-c", "until [ -e go ]; do sleep 0.01; done; echo hi"], cwd=folder, env={})
        case "in process":
            return InProcessAgent(_asking)
        case _:
            return LlmAgent("scripted:x", "hello")


@pytest.mark.parametrize("kind", ["worker", "command", "in process", "llm"])
@pytest.mark.parametrize("stands", [True, False])
async def test_timeouts_stand_still_with_the_run(tmp_path: Path, kind: str, stands: bool) -> None:
    passed, asked, ends = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def sleep(seconds: float) -> None:
        assert seconds == 0.01
        await passed.wait()

    async def answer(what: str, name: str, args: Any) -> Outcome:
        asked.set()
        await ends.wait()
        return Outcome({"text": "hi"})

    async with AsyncExitStack() as held:
        agent = await _executor(kind, held, tmp_path)
        task = asyncio.create_task(agent.run(replace(spec(timeout_s=0.01), sleep=sleep), Recorder(answer)))
        if kind != "command":
            async with asyncio.timeout(20):
                await asked.wait()
        begun = asyncio.get_running_loop().time()
        while asyncio.get_running_loop().time() < begun + 0.05:  # time itself is what must pass
            await asyncio.sleep(0.01)
        assert not task.done()
        if stands:
            ends.set()
            (tmp_path / "go").touch()
        else:
            passed.set()
        outcome = await task
        assert (outcome.error.klass if outcome.error else "") == ("" if stands else "timeout")


async def test_a_script_that_takes_too_long() -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    made = await ScriptedAgent([{"delay": 60, "value": 1}]).run(replace(spec(timeout_s=5), sleep=sleep), Recorder())
    assert made.error is not None
    assert (made.error.klass, waited) == ("timeout", [5])
