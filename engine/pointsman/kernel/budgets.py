"""Limits and budgets: a limit N allows exactly N, and what would be N+1 ends the run with that limit's name."""

from pointsman.kernel.events import LimitReached, StageRouted
from pointsman.kernel.state import CallState, State


def spent(state: State) -> LimitReached | None:
    """The budget that is overdrawn: tokens and cost are known only after a call, the wall clock is told."""
    used, budget = state.used, state.program.budget
    if used.wall:
        return LimitReached("wall", (budget.wall_ns or 0) / 1e9, (budget.wall_ns or 0) / 1e9)
    if budget.tokens is not None and used.tokens > budget.tokens:
        return LimitReached("tokens", budget.tokens, used.tokens)
    if budget.cost is not None and used.cost > budget.cost:
        return LimitReached("cost", budget.cost, used.cost)
    return None


def route_allowed(state: State, event: StageRouted) -> LimitReached | None:
    """Going to a stage is a hop; going back to a visited one is an iteration too."""
    if event.to in ("end", "fail"):
        return None
    used, limits = state.used, state.program.limits
    if used.hops >= limits.hops:
        return LimitReached("hops", limits.hops, used.hops + 1)
    if event.back and used.iterations >= limits.iterations:
        return LimitReached("iterations", limits.iterations, used.iterations + 1)
    return None


def call_allowed(state: State, call: CallState) -> LimitReached | None:
    """Calls of models and tools are counted when they go out, over all agents of the run."""
    used, limits, budget = state.used, state.program.limits, state.program.budget
    if call.what == "llm":
        if used.llm_calls >= limits.llm_calls:
            return LimitReached("llm_calls", limits.llm_calls, used.llm_calls + 1)
        # what a call will cost is not known before it; with nothing left it does not go out at all
        if budget.tokens is not None and used.tokens >= budget.tokens:
            return LimitReached("tokens", budget.tokens, used.tokens)
        if budget.cost is not None and used.cost >= budget.cost:
            return LimitReached("cost", budget.cost, used.cost)
    if call.what == "tool" and used.tool_calls >= limits.tool_calls:
        return LimitReached("tool_calls", limits.tool_calls, used.tool_calls + 1)
    return None
