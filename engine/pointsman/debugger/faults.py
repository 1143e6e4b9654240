"""Faults a person may want to stop at: what each is called, whether it is on from the start, how it is recognised."""

from __future__ import annotations

from dataclasses import dataclass

from pointsman.debugger.moments import Moment
from pointsman.kernel.state import State


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind of fault; `id` is what clients say, `label` what people read."""

    id: str
    label: str
    default: bool


FAULTS: tuple[Fault, ...] = (
    Fault("agent_error", "An agent failed", True),
    Fault("policy_denied", "A policy denied", True),
    Fault("limit", "A limit or budget was reached", True),
    Fault("timeout", "An attempt timed out", True),
    Fault("contract", "A result broke its contract", True),
    Fault("no_route", "No route matched", True),
    Fault("expression", "An expression could not be evaluated", True),
    Fault("interrupt", "A person is asked", False),
)
FAULTY = frozenset({"failed", "end", "ask"})
"""The parts of a stage at which there can be a fault."""

_OF_CLASS = {
    "policy": "policy_denied",
    "limit": "limit",
    "timeout": "timeout",
    "contract": "contract",
    "route": "no_route",
    "expression": "expression",
}


def fault_at(moment: Moment, state: State) -> str:
    """The fault that a moment is, by its id; empty when it is none."""
    at = state.branches.get(moment.branch)
    match moment.part:
        case "failed" if at is not None and at.error is not None:
            return _OF_CLASS.get(at.error.klass, "agent_error")
        case "end" if state.limit is not None:
            return "limit"
        case "ask":
            return "interrupt"
        case _:
            return ""
