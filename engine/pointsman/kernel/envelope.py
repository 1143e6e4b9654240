"""What travels through a run, one schema: `{id, run, input, outputs, state, metadata, history, budget, position}`.

Also the scope of an expression: the names of LANGUAGE section 1, for one branch at one moment.
"""

from collections.abc import Callable
from typing import Any

from pointsman.kernel.state import Branch, State

Json = Any

RARE = frozenset({"envelope", "run", "budget", "visits", "branch", "env"})
"""Roots that few expressions use; the scope makes them only when asked."""


class Scope(dict[str, Json]):
    """A scope that makes the rare records when an expression first names them."""

    __slots__ = ("_at", "_state")

    def __init__(self, state: State, branch: Branch, extra: dict[str, Json] | None = None) -> None:
        super().__init__(input=state.started.input, outputs=branch.outputs, state=branch.state)
        if extra:
            self.update(extra)
        self._state, self._at = state, branch

    def __missing__(self, name: str) -> Json:
        if name not in RARE:
            raise KeyError(name)
        value = self[name] = _RECORDS[name](self._state, self._at)
        return value

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or name in RARE

    def get(self, name: str, default: Json = None) -> Json:
        """As for any mapping; the rare records count as present."""
        return self[name] if name in self else default  # noqa: SIM401 -- `get` is what is defined here


def envelope(state: State, branch: Branch | None, history: list[Json] | None = None) -> dict[str, Json]:
    """The envelope at a branch (None: the run has ended). `history` is computed from the journal by who shows it."""
    return {
        "id": f"{state.run_id}:{branch.id if branch else 'end'}",
        "run": run_record(state),
        "input": state.started.input,
        "outputs": branch.outputs if branch else {},
        "state": branch.state if branch else {},
        "metadata": {"pipeline": state.started.pipeline, "principal": state.started.principal},
        "history": history or [],
        "budget": budget_record(state),
        "position": {"branch": branch.id, "stage": branch.stage, "part": branch.part} if branch else None,
    }


def run_record(state: State) -> dict[str, Json]:
    """`run`: `{id, pipeline, started_at}`; the time is Unix seconds as a double."""
    return {
        "id": state.run_id,
        "pipeline": state.started.pipeline,
        "started_at": state.started.started_at_ns / 1e9,
    }


def budget_record(state: State) -> dict[str, Json]:
    """`budget`: for tokens, cost and each limit `{used, allowed, left}`; the last two are null without a bound."""
    used, limits, budget = state.used, state.program.limits, state.program.budget
    bounds: dict[str, tuple[float, float | None]] = {
        "tokens": (used.tokens, budget.tokens),
        "cost": (used.cost, budget.cost),
        "iterations": (used.iterations, limits.iterations),
        "llm_calls": (used.llm_calls, limits.llm_calls),
        "tool_calls": (used.tool_calls, limits.tool_calls),
        "hops": (used.hops, limits.hops),
    }
    return {
        name: {"used": spent, "allowed": allowed, "left": None if allowed is None else allowed - spent}
        for name, (spent, allowed) in bounds.items()
    }


def _branch_record(state: State, branch: Branch) -> dict[str, Json]:
    return {"id": branch.id, "name": branch.name}


_RECORDS: dict[str, Callable[[State, Branch], Json]] = {
    "envelope": envelope,
    "run": lambda state, branch: run_record(state),
    "budget": lambda state, branch: budget_record(state),
    "visits": lambda state, branch: branch.visits,
    "branch": _branch_record,
    "env": lambda state, branch: state.started.env,  # `env("NAME")`: allow-listed, captured when the run started
}
