"""Agents in this very process: for library use and the test kit; the server refuses them.

Laws:
- Arguments and results are copied on their way in and out, so an agent never holds a piece of a run.
- Bound, given `ctx` and blamed exactly as in a worker: `calling` does both.
- A plain function without `ctx` runs here and now. One with `ctx` may wait for its run and gets a thread of its own;
  neither can be stopped from outside, an `async def` can.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from inspect import isawaitable
from typing import Any

from pointsman.executors.call import CallSpec, Outcome, Port, failed, timed_out, within
from pointsman.executors.calling import Agent, AsyncContext, Context, checked, failure_of, plain
from pointsman.kernel.events import Json

_SCALARS = frozenset({str, int, float, bool, type(None)})


class InProcessAgent:
    """An agent that is a Python callable of this process."""

    def __init__(self, fn: Callable[..., Any], name: str = "") -> None:
        self._agent = Agent(fn, name or getattr(fn, "__qualname__", type(fn).__qualname__))
        self._direct = not self._agent.awaits and not self._agent.takes_ctx

    def run_now(self, spec: CallSpec, port: Port) -> Outcome | Awaitable[Outcome]:
        """The outcome of a plain function, an awaitable for what can wait. The caller has journaled the start."""
        if not self._direct:
            return self._wait(spec, port)
        try:
            args = {name: value if type(value) in _SCALARS else plain(value) for name, value in spec.args.items()}
            value = self._agent.fn(**self._agent.arguments(args, _no_context))
        except (Exception, SystemExit) as error:
            return _blame(spec, error)
        if type(value) in _SCALARS and type(value) not in (float, str):
            return Outcome(value)
        if isawaitable(value):
            return self._bounded(spec, value)
        return _checked(spec, value)

    async def run(self, spec: CallSpec, port: Port) -> Outcome:
        """As any executor."""
        await port.started("in process")
        made = self.run_now(spec, port)
        return made if isinstance(made, Outcome) else await made

    async def close(self) -> None:
        """It holds nothing."""

    async def _wait(self, spec: CallSpec, port: Port) -> Outcome:
        link = _Link(port)
        said = (link, spec.stage, spec.attempt, spec.key, spec.timeout_s)
        kind = AsyncContext if self._agent.awaits else Context
        try:
            args = self._agent.arguments(plain(spec.args), lambda: kind(*said))
            if self._agent.is_async:
                return await self._bounded(spec, self._agent.fn(**args))
            if self._agent.awaits:
                return await self._bounded(spec, _awaited(self._agent.fn(**args)))
            return await self._bounded(spec, _on_thread(f"{spec.stage}#{spec.attempt}", self._agent.fn, args))
        except (Exception, SystemExit) as error:
            return _blame(spec, error)
        finally:
            link.close()

    async def _bounded(self, spec: CallSpec, work: Awaitable[Any]) -> Outcome:
        task = asyncio.current_task()
        scope = None
        try:
            async with within(spec) as scope:
                value = await work
        except asyncio.CancelledError as error:
            if task is not None and task.cancelling():
                raise
            return _blame(spec, error)
        except (Exception, SystemExit) as error:
            return timed_out(spec) if scope is not None and scope.expired() else _blame(spec, error)
        return _checked(spec, value)


class _Link:
    """A context's way to its run, usable on any thread."""

    def __init__(self, port: Port) -> None:
        self.cancelled = False
        self._port = port
        self._loop = asyncio.get_running_loop()
        self._tasks: dict[asyncio.Task[None], Callable[[Any, dict[str, str] | None], None]] = {}

    def request(self, what: str, name: str, args: Json, done: Callable[[Any, dict[str, str] | None], None]) -> None:
        def start() -> None:
            if self.cancelled:
                done(None, _STOPPED)
                return
            task = self._loop.create_task(self._ask(what, name, args, done))
            self._tasks[task] = done
            task.add_done_callback(lambda task: self._tasks.pop(task, None))

        self._loop.call_soon_threadsafe(start)

    def progress(self, message: str, fraction: float | None) -> None:
        self._loop.call_soon_threadsafe(self._port.progress, message, fraction)

    def close(self) -> None:
        """The attempt is over; a thread that still waits is let go."""
        self.cancelled = True
        for task, done in tuple(self._tasks.items()):
            task.cancel()
            done(None, _STOPPED)

    async def _ask(self, what: str, name: str, args: Json, done: Callable[[Any, dict[str, str] | None], None]) -> None:
        try:
            outcome = await self._port.request(what, name, args)
        except Exception as error:  # a fault of the host: the agent must not wait for ever
            done(
                None, {"class": "internal", "code": "request_failed", "message": f"the host could not answer: {error}"}
            )
            raise
        failure = outcome.error
        done(
            outcome.value,
            None if failure is None else {"class": failure.klass, "code": failure.code, "message": failure.message},
        )


_STOPPED = {"class": "cancelled", "code": "cancelled", "message": "the attempt is being stopped"}


async def _awaited(value: Any) -> Any:
    return await value if isawaitable(value) else value


async def _on_thread(name: str, fn: Callable[..., Any], args: dict[str, Any]) -> Any:
    """Call on a fresh thread. When nobody waits any more, its end goes unheard."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[tuple[Any, BaseException | None]] = loop.create_future()

    def settle(value: Any, error: BaseException | None) -> None:
        if not ended.done():
            ended.set_result((value, error))

    def live() -> None:
        value, failure = None, None
        try:
            value = fn(**args)
        except BaseException as error:  # on a thread of its own nothing else hears of it
            failure = error
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(settle, value, failure)

    threading.Thread(target=live, name=name, daemon=True).start()
    value, failure = await ended
    if failure is not None:
        raise failure
    return await _awaited(value)


def _no_context() -> None:
    """Never called: a function that takes `ctx` is not run directly."""


def _checked(spec: CallSpec, value: Any) -> Outcome:
    try:
        return Outcome(checked(value))
    except Exception as error:  # `model_dump` and properties of a result are the agent's code too
        return _blame(spec, error)


def _blame(spec: CallSpec, error: BaseException) -> Outcome:
    failure = failure_of(error)
    return failed(spec, failure.klass, failure.code, failure.message, failure.trace)
