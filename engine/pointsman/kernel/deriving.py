"""What a moving branch makes next, one function per part: all decisions of a run are made here (`machine`, rule 3)."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from pointsman.kernel import budgets, coordination, interrupts, routing
from pointsman.kernel.envelope import Scope
from pointsman.kernel.events import (
    AttemptRetried,
    BranchEnded,
    CallAdmitted,
    CallRefused,
    ErrorInfo,
    Event,
    LimitReached,
    ResultChecked,
    RunEnded,
    StageEntered,
    StageFailed,
    StageRouted,
    StageSkipped,
    StateSet,
)
from pointsman.kernel.instructions import Instruction, Located
from pointsman.kernel.state import ROOT, Branch, CallState, State, replace
from pointsman.language.expressions import EvaluationError

Json = Any
MAX_LOSSES = 3
"""Times an attempt whose process was killed is tried again: a crash is bad luck, three are the agent's doing."""


def derive(state: State, at: Branch) -> Event:
    """The next derived event of a ready branch."""
    if at.id == ROOT and (state.limit or state.cancelled):
        return end(state, at)
    code = state.program.at(at.block, at.stage)
    event = budgets.spent(state) or _next(state, at, code)
    return replace(event, stage=code.id) if isinstance(event, LimitReached) else event


def _next(state: State, at: Branch, code: Instruction) -> Event:
    match at.part:
        case "enter":
            return enter(state, at, code)
        case "settle":
            return settle(state, at, code)
        case "route":
            return route(state, at, code)
        case "running":
            return admit(state, at, code)
        case "begin":
            return begin(state, at, code)
        case "merge":
            return merge(state, at, code)
        case "failed":
            return failed(state, at, code)
        case "doubt":
            return interrupts.doubt(state, at)
        case "end":
            return end(state, at)
        case part:
            raise AssertionError(f"a branch that is {part} does not move")


def enter(state: State, at: Branch, code: Instruction) -> Event:
    """Weigh `when`, then resolve everything the stage needs."""
    visit = at.visits.get(code.name, 0) + 1
    if code.max_visits is not None and visit > code.max_visits:
        return LimitReached("max_visits", code.max_visits, visit)
    scope = Scope(state, at)
    try:
        if code.when:
            try:
                runs, seen = routing.decide(state.program, code.when, scope)
            except EvaluationError as error:
                return StageFailed(code.name, routing.expression_error(state.program, code.when.code, error, code.id))
            if not runs:
                return StageSkipped(code.name, code.next or code.below, seen)
        args = code.args(scope)
        effect = f"{at.id}:{code.name}#{visit}"
        scope["args"] = args
        request = code.request(scope) if code.request else None
        key = str(code.key(scope)) if code.key else idempotency_key(state.run_id, effect)
    except Located as error:
        return StageFailed(code.name, routing.located_error(state.program, error, code.id))
    return StageEntered(code.name, visit, effect, args, request, key)


def begin(state: State, at: Branch, code: Instruction) -> Event:
    """An ask, a fork or a set, once entered."""
    if code.kind == "ask":
        return interrupts.question(at, code)
    if code.kind == "fork":
        return coordination.fork(at, code)
    scope = Scope(state, at, {"args": at.args})
    try:
        writes = {key: render(scope) for key, render in code.writes}
        merged = coordination.merge_expressions(state, at, list(writes.items()))
    except Located as error:
        return StageFailed(code.name, routing.located_error(state.program, error, code.id))
    except EvaluationError as error:
        return StageFailed(code.name, ErrorInfo("expression", error.code, error.message, code.id))
    for key, value in writes.items():
        contract = state.program.state_contract.get(key)
        how = state.program.state_merge.get(key)
        complaint = contract.complaint(merged.get(key, [value] if how == "append" else value)) if contract else None
        if complaint:
            return StageFailed(code.name, ErrorInfo("contract", "state_contract", f"state.{key}: {complaint}", code.id))
    return StateSet(code.name, writes, merged)


def admit(state: State, at: Branch, code: Instruction) -> Event:
    """The oldest request of a running agent: within its allow-list and the limits, or not."""
    call = next(call for call in at.calls.values() if call.status == "requested")
    refusal = _refusal(state, code, call)
    if refusal:
        return CallRefused(at.effect, call.id, refusal)
    return budgets.call_allowed(state, call) or CallAdmitted(at.effect, call.id)


def settle(state: State, at: Branch, code: Instruction) -> Event:
    """An attempt is answered: again, failed, or on to the policies and the routes."""
    if at.error is None:
        complaint = code.contract.complaint(at.result) if code.contract else None
        if complaint:
            error = ErrorInfo("contract", "result_contract", f"the result breaks its contract: {complaint}", code.id)
            return StageFailed(code.name, error)
        if code.kind == "agent" and state.program.guarded:
            return ResultChecked(at.effect)
        return route(state, at, code)
    error = at.error
    if error.klass == "lost" and interrupts.doubts(state, at):
        return interrupts.doubt(state, at)
    if error.klass == "lost" and at.losses < MAX_LOSSES:
        return AttemptRetried(at.effect, at.attempt + 1, 0, error)
    if retryable(code, error) and at.failures + 1 < code.retry.attempts:
        delay = min(code.retry.backoff_ns * code.retry.factor**at.failures, code.retry.max_ns)
        return AttemptRetried(at.effect, at.attempt + 1, int(delay), error)
    named = ErrorInfo(error.klass, error.code, error.message, error.stage or code.id, at.attempt, error.traceback)
    return StageFailed(code.name, named)


def retryable(code: Instruction, error: ErrorInfo) -> bool:
    """Only classes named in `retry.on`; a destructive agent is never tried again unasked, it may have done its work."""
    if code.agent is None or (code.agent.risk == "destructive" and error.klass != "transient"):
        return False
    return error.klass in code.retry.on


def route(state: State, at: Branch, code: Instruction) -> Event:
    """The way on, if the limits allow it."""
    if code.kind == "fork" and code.contract and (complaint := code.contract.complaint(at.result)):
        return StageFailed(
            code.name, ErrorInfo("contract", "result_contract", f"the join breaks its contract: {complaint}", code.id)
        )
    taken = routing.leave(state, at, code)
    if isinstance(taken, StageRouted):
        return budgets.route_allowed(state, taken) or taken
    return taken


def merge(state: State, at: Branch, code: Instruction) -> Event:
    """The join, or its failure."""
    try:
        return coordination.merge(state, at, code)
    except EvaluationError as error:
        return StageFailed(code.name, ErrorInfo("expression", error.code, error.message, code.id))


def failed(state: State, at: Branch, code: Instruction) -> Event:
    """A failed stage goes to `on_error`, or takes its block with it; it never takes its normal routes."""
    taken = routing.recover(state, at, code)
    if taken is None:
        return end(state, at)
    return budgets.route_allowed(state, taken) or taken


def end(state: State, at: Branch) -> Event:
    """The end of a block: of a branch, or of the run."""
    if at.id == ROOT:
        return _run_end(state, at)
    if at.error:
        return BranchEnded("failed", None, at.error)
    block = state.program.blocks[at.block]
    if block.single:
        name = block.entry
        return BranchEnded("completed", at.outputs[name]) if name in at.local else BranchEnded("skipped")
    try:
        output = block.output(Scope(state, at)) if block.output else {name: at.outputs[name] for name in at.local}
    except Located as error:
        return BranchEnded("failed", None, routing.located_error(state.program, error, block.id))
    return BranchEnded("completed", output)


def _run_end(state: State, at: Branch) -> Event:
    if state.cancelled:
        return RunEnded("cancelled")
    if state.limit:
        limit = state.limit
        message = f"limit {limit.limit} at {limit.stage}: {limit.allowed:g} allowed, it came to {limit.used:g}"
        return RunEnded("limit", None, ErrorInfo("limit", limit.limit, message, limit.stage))
    if at.error:
        return RunEnded("denied" if at.error.klass == "policy" else "failed", None, at.error)
    if state.program.output is None:
        return RunEnded("completed", {name: at.outputs[name] for name in at.local})
    try:
        return RunEnded("completed", state.program.output(Scope(state, at)))
    except Located as error:
        return RunEnded("failed", None, routing.located_error(state.program, error, ""))


def idempotency_key(run_id: str, effect: str) -> str:
    """The same for every attempt of one visit, different for every other: 32 hex digits."""
    return sha256(f"{run_id}\n{effect}".encode()).hexdigest()[:32]


def _refusal(state: State, code: Instruction, call: CallState) -> ErrorInfo | None:
    agent = code.agent
    if call.what != "tool" or agent is None:
        return None
    allowed = [tool.name for tool in agent.tools]
    if call.name in allowed and call.name in state.program.tools:
        return None
    hint = f"it may call {', '.join(allowed)}" if allowed else "it has no `tools`"
    return ErrorInfo("agent", "tool_not_allowed", f"agent {agent.name} may not call {call.name}: {hint}", code.id)
