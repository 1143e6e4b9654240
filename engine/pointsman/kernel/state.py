"""A run at one moment: its branches, what they wait for, and what is used up. Frozen; `machine.step` makes the next.

Part is where a branch stands inside its stage. In the parts of `MOVING` the next thing is the machine's to derive; in
the others the branch waits for the outside (an answer to a pending effect) or for its own branches.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Literal

import msgspec
from msgspec import Struct, field

from pointsman.kernel.effects import Effect
from pointsman.kernel.events import ErrorInfo, LimitReached, RunStarted
from pointsman.kernel.instructions import Program

Json = Any
ROOT = "main"

Part = Literal[
    "enter",  # stands before the stage
    "begin",  # entered; an ask, fork or set is next
    "deciding",  # waits for the policies before the agent
    "running",  # waits for the agent
    "backoff",  # waits for the next attempt's time
    "settle",  # the attempt is answered
    "checking",  # waits for the policies after the agent
    "asking",  # waits for a person
    "doubt",  # a destructive effect was in flight when its process died: a question is next
    "joining",  # waits for its branches
    "merge",  # its branches are done
    "route",  # the result stands; the way on is next
    "failed",  # the stage has failed; `on_error` is next
    "end",  # the block is done
]
MOVING = frozenset({"enter", "begin", "settle", "doubt", "merge", "route", "failed", "end"})


class CallState(Struct, frozen=True):
    """A request made from inside an attempt. `status`: requested, admitted, started, done."""

    id: str
    what: str
    name: str
    args: Json
    status: str
    value: Json = None
    error: ErrorInfo | None = None


class Joined(Struct, frozen=True):
    """How a branch of a fork ended, kept until the merge."""

    outcome: str
    output: Json
    error: ErrorInfo | None
    writes: tuple[tuple[str, Json], ...]


class Branch(Struct, frozen=True):
    """One line of execution. `outputs` and `state` are what its expressions see; `writes` is what it wrote itself."""

    id: str
    parent: str
    name: str
    block: str
    stage: str
    part: Part = "enter"
    outputs: dict[str, Json] = field(default_factory=dict)
    local: tuple[str, ...] = ()
    state: dict[str, Json] = field(default_factory=dict)
    writes: tuple[tuple[str, Json], ...] = ()
    visits: dict[str, int] = field(default_factory=dict)
    effect: str = ""
    args: Json = None
    request: Json = None
    key: str = ""
    attempt: int = 1
    started: bool = False
    failures: int = 0
    losses: int = 0
    calls: dict[str, CallState] = field(default_factory=dict)
    result: Json = None
    error: ErrorInfo | None = None
    children: dict[str, str] = field(default_factory=dict)
    joined: dict[str, Joined] = field(default_factory=dict)


class Used(Struct, frozen=True):
    """What has been used up, against the limits and the budget."""

    iterations: int = 0
    hops: int = 0
    llm_calls: int = 0
    tool_calls: int = 0
    tokens: int = 0
    cost: float = 0.0
    wall: bool = False


class State(Struct, frozen=True):
    """Everything a run is. `ready` are the branches that can move, in the order they became so; `outcome` ends it."""

    program: Program
    run_id: str
    started: RunStarted
    branches: dict[str, Branch]
    ready: tuple[str, ...]
    pending: dict[str, Effect] = field(default_factory=dict)
    used: Used = Used()
    edges: dict[str, int] = field(default_factory=dict)
    limit: LimitReached | None = None
    cancelled: bool = False
    outcome: str = ""
    output: Json = None
    error: ErrorInfo | None = None

    @property
    def ended(self) -> bool:
        """Whether the last event has happened."""
        return self.outcome != ""


replace = msgspec.structs.replace


def digest(state: State) -> str:
    """A name for how a run ended: equal for equal outcome, output, state and results, in whatever order they came."""
    root = state.branches.get(ROOT)
    seen = {
        "outcome": state.outcome,
        "output": state.output,
        "error": None if state.error is None else {"class": state.error.klass, "code": state.error.code},
        "outputs": root.outputs if root else {},
        "state": root.state if root else {},
        "visits": root.visits if root else {},
    }
    return sha256(msgspec.json.encode(seen, order="deterministic")).hexdigest()
