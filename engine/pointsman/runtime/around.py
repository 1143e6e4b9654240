"""What a driver has around it: who answers its effects, who may hold it, and who is told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pointsman.kernel.effects import AnyEffect, Call, Decide, Invoke
from pointsman.kernel.events import Decided, Record
from pointsman.kernel.state import State

if TYPE_CHECKING:
    # A view of a recorded run asks what a hold is, and imports no executor.
    from pointsman.executors.call import CallSpec, Executor, Outcome, Port


class Outside(Protocol):
    """Who answers effects: agents, tools, models and policies."""

    def agent(self, effect: Invoke, state: State) -> Executor: ...

    def call(self, effect: Call, state: State) -> Callable[[CallSpec, Port], Awaitable[Outcome]]: ...

    def decide(self, effect: Decide, state: State) -> Decided: ...


class Gate(Protocol):
    """Who may hold the run: a debugger. It is asked before a branch moves or an effect goes out, sees each event as it
    is folded, and hears when a turn is over: what it has seen is durable then."""

    def saw(self, record: Record) -> None: ...

    def holds(self, state: State, seq: int, coming: str | AnyEffect) -> bool: ...

    def settled(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Hold:
    """That the gate holds a run: since when (Unix nanoseconds), and at which stage."""

    since_ns: int
    stage: str


HoldWatcher = Callable[[Hold | None], None]
"""Told that the run is held, and with None that it goes on; none of it is an event of the run."""


class Watcher(Protocol):
    """Who is told what happened, after it is durable; it can change nothing."""

    def __call__(self, records: Sequence[Record], state: State) -> None: ...
