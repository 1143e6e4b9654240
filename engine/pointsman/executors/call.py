"""What goes into an attempt, what comes out of it, and what it may ask of its run while it lasts.

Failures of agents are values here: an executor raises for misuse only, and lets a cancellation through once the agent
has really stopped.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

from pointsman.kernel.events import ErrorInfo, Json, Usage


@dataclass(frozen=True, slots=True)
class CallSpec:
    """One attempt. `key` is the same for every attempt of an effect; `timeout_s` bounds this one, None is no bound.

    `sleep` waits in the time of the run, which may stand still.
    """

    effect_id: str
    attempt: int
    stage: str
    agent: str
    args: dict[str, Json]
    key: str
    timeout_s: float | None = None
    sleep: Callable[[float], Awaitable[object]] = field(default=asyncio.sleep, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt or a request ended: a value, or an error; `reused` is the run whose value it is."""

    value: Json = None
    error: ErrorInfo | None = None
    usage: Usage | None = None
    reused: str = ""


class Port(Protocol):
    """What one attempt may ask of its run."""

    async def started(self, where: str) -> None:
        """Awaited right before the agent's code can run, so that it can be journaled first."""

    async def request(self, what: str, name: str, args: Json) -> Outcome:
        """Answered by the run; `what` is tool or llm."""

    def progress(self, message: str, fraction: float | None) -> None:
        """How far the agent says it is."""

    def output(self, stream: str, text: str) -> None:
        """What the agent printed; `stream` is stdout or stderr."""


class Executor(Protocol):
    """A place where one agent runs."""

    async def run(self, spec: CallSpec, port: Port) -> Outcome:
        """Never raises for what the agent does. Cancelling the task stops the agent for real."""

    async def close(self) -> None:
        """Give back what it holds."""


@asynccontextmanager
async def within(spec: CallSpec) -> AsyncIterator[asyncio.Timeout]:
    """An attempt's timeout around what it does: raises TimeoutError, and then the scope's `expired()` says whose."""
    scope = asyncio.timeout(None)

    async def expire(seconds: float) -> None:
        await spec.sleep(seconds)
        scope.reschedule(asyncio.get_running_loop().time())

    ticking = None if spec.timeout_s is None else asyncio.create_task(expire(spec.timeout_s))
    try:
        async with scope:
            yield scope
    finally:
        if ticking is not None:
            ticking.cancel()


def failed(spec: CallSpec, klass: str, code: str, message: str, traceback: str = "") -> Outcome:
    """The outcome of an attempt that failed."""
    return Outcome(error=ErrorInfo(klass, code, message, spec.stage, spec.attempt, traceback))


def timed_out(spec: CallSpec, limit_s: float | None = None) -> Outcome:
    """The outcome of an attempt that took longer than `limit_s` (default: its own timeout)."""
    limit = spec.timeout_s if limit_s is None else limit_s
    return failed(spec, "timeout", "timeout", f"{spec.agent} did not finish within {limit:g} s and was stopped")
