"""Agents in this process: at once where that is possible, and blamed as in a worker."""

import asyncio
import functools
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from engine.executors.ports import AGENTS, Recorder, spec
from engine.executors.test_failures import TABLE
from pointsman.executors import InProcessAgent, Outcome
from pointsman.kernel.events import ErrorInfo


async def run(fn: Callable[..., Any], port: Recorder | None = None, timeout_s: float | None = 5.0, **args: Any) -> Any:
    outcome = await InProcessAgent(fn).run(spec(timeout_s, **args), port or Recorder())
    assert outcome.error is None, outcome.error
    return outcome.value


async def failure(fn: Callable[..., Any], timeout_s: float | None = 5.0, **args: Any) -> ErrorInfo:
    outcome = await InProcessAgent(fn).run(spec(timeout_s, **args), Recorder())
    assert outcome.error is not None
    return outcome.error


def test_a_plain_function_needs_no_loop_and_no_task() -> None:
    made = InProcessAgent(lambda text, times=2: text * times).run_now(spec(text="ab"), Recorder())
    assert made == Outcome("abab")


async def test_async_functions_and_hidden_ones() -> None:
    async def add(left: int, right: int) -> int:
        await asyncio.sleep(0)
        return left + right

    @functools.wraps(add)
    def decorated(*args: Any, **kwargs: Any) -> Any:
        return add(*args, **kwargs)

    class Callable_:
        async def __call__(self, left: int, right: int) -> int:
            return left + right

    for fn in (add, decorated, Callable_(), functools.partial(add, right=2), lambda **args: add(**args)):
        args: dict[str, Any] = {"left": 1} if isinstance(fn, functools.partial) else {"left": 1, "right": 2}
        assert await run(fn, **args) == 3


async def test_ctx_is_the_same_as_in_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(AGENTS))
    asking = __import__("asking")
    port = Recorder()
    assert await run(asking.tool, port) == ["tool", "search", {"q": 1}]
    assert await run(asking.tool_async, port) == ["tool", "search", {"q": 1}]
    assert await run(asking.about, port) == ["stage", 1, "key", True, False]
    await asyncio.sleep(0)
    assert ("half", 0.5) in port.log

    async def refuse(what: str, name: str, args: Any) -> Outcome:
        return Outcome(error=ErrorInfo("policy", "denied", "no"))

    assert await run(asking.handles, Recorder(refuse)) == ["search", "policy", "denied", "no"]
    error = (await InProcessAgent(asking.tool).run(spec(), Recorder(refuse))).error
    assert error is not None
    assert (error.klass, error.code, error.message) == ("policy", "denied", "ToolError: search: no")


@pytest.mark.parametrize(
    ("target", "args", "klass", "code", "message"),
    [
        row
        for row in TABLE
        if row[3] in ("agent_raised", "agent_exited", "result_not_json", "agent_arguments")
        and row[4] != "KeyboardInterrupt"  # in process that is the host's
    ],
)
async def test_failures_are_those_of_a_worker(
    monkeypatch: pytest.MonkeyPatch, target: str, args: dict[str, Any], klass: str, code: str, message: str
) -> None:
    monkeypatch.syspath_prepend(str(AGENTS))
    module, _, name = target.partition(":")
    error = await failure(getattr(__import__(module), name), **args)
    assert (error.klass, error.code) == (klass, code)
    assert message in error.message
    assert "inprocess.py" not in error.traceback


async def test_agents_hold_no_piece_of_a_run() -> None:
    kept: list[Any] = []

    def keep(value: list[int]) -> list[int]:
        value.append(3)
        kept.append(value)
        return value

    given = [1, 2]
    result = await run(keep, value=given)
    kept[0].append(4)
    assert (given, result) == ([1, 2], [1, 2, 3])


async def test_timeouts_and_cancellation() -> None:
    stopped = []

    async def slow() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.append(True)

    error = await failure(slow, timeout_s=0.01)
    assert (error.klass, error.code) == ("timeout", "timeout")
    task = asyncio.create_task(InProcessAgent(slow).run(spec(), Recorder()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert stopped == [True, True]

    async def own() -> None:
        raise asyncio.CancelledError

    assert (await failure(own)).message == "CancelledError"


async def test_a_thread_that_waits_is_let_go() -> None:
    ended = threading.Event()

    async def never(what: str, name: str, args: Any) -> Outcome:
        await asyncio.Event().wait()
        raise AssertionError

    def waits(ctx: Any) -> None:
        try:
            ctx.tool("search")
        finally:
            ended.set()

    outcome = await InProcessAgent(waits).run(spec(0.02), Recorder(never))
    assert outcome.error is not None
    assert outcome.error.klass == "timeout"
    assert await asyncio.to_thread(ended.wait, 5.0)


def test_it_is_cheap() -> None:
    """The kernel's whole stage may cost 10 us; this is a guard against a wrong order of magnitude, no benchmark."""
    agent, call, port = InProcessAgent(lambda text: {"text": text}), spec(text="x"), Recorder()
    best = sys.float_info.max
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(1000):
            agent.run_now(call, port)
        best = min(best, (time.perf_counter() - start) / 1000)
    assert best < 20e-6
