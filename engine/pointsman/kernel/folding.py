"""What each event does to the state: one function per kind. No decision is made here (rule 2 of `machine.py`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pointsman.kernel.coordination import apply_write, cancel_below, child_branches, joined
from pointsman.kernel.effects import Ask, Call, Cancel, Decide, Effect, Invoke, Reply, Sleep
from pointsman.kernel.events import (
    Answered,
    Asked,
    AttemptResult,
    AttemptRetried,
    AttemptStarted,
    BranchEnded,
    CallAdmitted,
    CallRefused,
    CallRequested,
    Decided,
    ErrorInfo,
    Event,
    Forked,
    LimitReached,
    Merged,
    OutputWritten,
    Progressed,
    ResultChecked,
    RunCancelled,
    RunEnded,
    RunHosted,
    RunStarted,
    StageEntered,
    StageFailed,
    StageRouted,
    StageSkipped,
    StateSet,
    TimerFired,
    Usage,
)
from pointsman.kernel.interrupts import answered_doubt, doubts
from pointsman.kernel.routing import edge_id
from pointsman.kernel.state import MOVING, ROOT, Branch, CallState, State, Used, replace

Json = Any
Result = tuple[State, tuple[Any, ...]]
WALL = "budget.wall"


def put(state: State, branch: Branch, *effects: Effect, drop: str = "", **changes: Any) -> Result:
    """The state with this branch in it, ready or not as its part says; effects that want an answer become pending."""
    moving = branch.part in MOVING or (bool(branch.calls) and _has_requests(branch))
    ready = state.ready
    if ready:  # most often it is this branch alone, or none
        ready = () if ready == (branch.id,) else tuple([name for name in ready if name != branch.id])
    if effects or drop:
        pending = state.pending.copy()
        pending.pop(drop, None)
        for effect in effects:
            if not isinstance(effect, Reply | Cancel):
                pending[effect.id] = effect
        changes["pending"] = pending
    branches = state.branches.copy()
    branches[branch.id] = branch
    return replace(state, branches=branches, ready=(*ready, branch.id) if moving else ready, **changes), effects


def run_started(state: State, branch: str, event: RunStarted) -> Result:
    program = state.program
    entry = program.blocks[""].entry
    root = Branch(ROOT, "", ROOT, "", entry, state=dict(program.state_default))
    return put(replace(state, started=event), root)


def run_hosted(state: State, branch: str, event: RunHosted) -> Result:
    """Another host took over: what was in flight is lost, and asked for again as the next attempt."""
    pending: dict[str, Effect] = {}
    for effect in state.pending.values():
        if isinstance(effect, Call):
            continue  # its agent runs again, and asks again
        if not isinstance(effect, Invoke):
            pending[effect.id] = effect
            continue
        at = state.branches[effect.branch]
        if at.started and doubts(state, at):
            state, _ = put(state, replace(at, part="doubt"))
            continue
        again = reissued(at) if at.started else replace(at, calls=remembered(at))
        pending[effect.id] = invoke(state, again)
        state, _ = put(state, again)
    return replace(state, pending=pending), tuple(pending.values())


def run_cancelled(state: State, branch: str, event: RunCancelled) -> Result:
    return unwind(replace(state, cancelled=True))


def limit_reached(state: State, branch: str, event: LimitReached) -> Result:
    return unwind(replace(state, limit=event))


def unwind(state: State) -> Result:
    """Nothing is waited for any more; the root is at its end."""
    effects = tuple(Cancel(name) for name in state.pending)
    root = replace(state.branches[ROOT], part="end")
    return replace(state, branches={ROOT: root}, ready=(ROOT,), pending={}), effects


def run_ended(state: State, branch: str, event: RunEnded) -> Result:
    ended = replace(state, ready=(), pending={}, outcome=event.outcome, output=event.output, error=event.error)
    return ended, tuple(Cancel(name) for name in state.pending)


def stage_entered(state: State, branch: str, event: StageEntered) -> Result:
    old = state.branches[branch]
    code = state.program.at(old.block, event.stage)
    at = Branch(
        id=old.id,
        parent=old.parent,
        name=old.name,
        block=old.block,
        stage=event.stage,
        part="running",
        outputs=old.outputs,
        local=old.local,
        state=old.state,
        writes=old.writes,
        visits={**old.visits, event.stage: event.visit},
        effect=event.effect,
        args=event.args,
        request=event.request,
        key=event.key,
    )
    if code.kind == "agent":
        if state.program.guarded:
            ask = Decide(event.effect + "/before", branch, event.stage, "agent.invoke", code.agent_name, event.args)
            return put(state, replace(at, part="deciding"), ask)
        return put(state, at, invoke(state, at))
    return put(state, replace(at, part="route" if code.kind == "gate" else "begin"))


def stage_skipped(state: State, branch: str, event: StageSkipped) -> Result:
    return put(state, going(state.branches[branch], event.to))


def attempt_started(state: State, branch: str, event: AttemptStarted) -> Result:
    effect = state.pending.get(event.effect)
    if isinstance(effect, Invoke):
        return put(state, replace(state.branches[effect.branch], started=True))
    if isinstance(effect, Call):
        at = state.branches[effect.branch]
        return put(state, _with_call(at, replace(at.calls[effect.id], status="started")))
    return state, ()


def attempt_result(state: State, branch: str, event: AttemptResult) -> Result:
    effect = state.pending.get(event.effect)
    used = charged(state.used, event.usage)
    if isinstance(effect, Call):
        at = state.branches[effect.branch]
        done = replace(at.calls[effect.id], status="done", value=event.value, error=event.error)
        reply = Reply(effect.id, effect.parent, event.value, event.error)
        return put(state, _with_call(at, done), reply, drop=effect.id, used=used)
    if isinstance(effect, Invoke):
        at = replace(state.branches[effect.branch], part="settle", result=event.value, error=event.error)
        return put(state, at, drop=effect.id, used=used)
    return state, ()


def attempt_retried(state: State, branch: str, event: AttemptRetried) -> Result:
    at = state.branches[branch]
    lost = event.error.klass == "lost"
    at = replace(
        at,
        part="backoff" if event.delay_ns else "running",
        attempt=event.attempt,
        started=False,
        error=None,
        losses=at.losses + lost,
        failures=at.failures + (not lost),
        # a lost attempt goes on where it was: what its calls answered is known; a failed one starts from nothing
        calls=remembered(at) if lost else {},
    )
    if event.delay_ns:
        return put(state, at, Sleep(f"{event.effect}/retry{event.attempt}", branch, event.delay_ns))
    return put(state, at, invoke(state, at))


def call_requested(state: State, branch: str, event: CallRequested) -> Result:
    at = state.branches[branch]
    known = at.calls.get(event.call)
    if (
        known
        and known.status == "done"
        and (known.what, known.name, known.args)
        == (
            event.what,
            event.name,
            event.args,
        )
    ):
        return state, (Reply(event.call, event.effect, known.value, known.error),)
    return put(state, _with_call(at, CallState(event.call, event.what, event.name, event.args, "requested")))


def call_admitted(state: State, branch: str, event: CallAdmitted) -> Result:
    at = state.branches[branch]
    call = at.calls[event.call]
    key = f"{at.key}/{event.call.rsplit('/', 1)[-1]}"
    effect = Call(event.call, branch, event.effect, call.what, call.name, call.args, at.attempt, key)
    llm = call.what == "llm"
    used = replace(state.used, llm_calls=state.used.llm_calls + llm, tool_calls=state.used.tool_calls + (not llm))
    return put(state, _with_call(at, replace(call, status="admitted")), effect, used=used)


def call_refused(state: State, branch: str, event: CallRefused) -> Result:
    at = state.branches[branch]
    done = replace(at.calls[event.call], status="done", error=event.error)
    return put(state, _with_call(at, done), Reply(event.call, event.effect, None, event.error))


def decided(state: State, branch: str, event: Decided) -> Result:
    effect = state.pending.get(event.effect)
    if not isinstance(effect, Decide):
        return state, ()
    at = state.branches[effect.branch]
    if event.verdict == "deny":
        code = event.reasons[0] if event.reasons else "denied"
        error = ErrorInfo(
            "policy", code, f"denied by policy at {effect.point}: {' '.join(event.sentences) or code}", at.stage
        )
        return put(state, replace(at, part="settle", result=None, error=error), drop=effect.id)
    if effect.point == "output.accept":
        return put(state, replace(at, part="route"), drop=effect.id)
    at = replace(at, part="running")
    return put(state, at, invoke(state, at), drop=effect.id)


def result_checked(state: State, branch: str, event: ResultChecked) -> Result:
    at = state.branches[branch]
    agent = state.program.at(at.block, at.stage).agent_name
    ask = Decide(f"{event.effect}/after", branch, at.stage, "output.accept", agent, at.args, at.result)
    return put(state, replace(at, part="checking"), ask)


def asked(state: State, branch: str, event: Asked, at_ns: int) -> Result:
    ask = Ask(
        event.effect,
        branch,
        event.stage,
        event.what,
        event.question,
        event.assignee,
        at_ns + event.expires_ns if event.expires_ns else 0,
        event.answer,
        event.about,
    )
    return put(state, replace(state.branches[branch], part="asking"), ask)


def answered(state: State, branch: str, event: Answered) -> Result:
    effect = state.pending.get(event.effect)
    if not isinstance(effect, Ask):
        return state, ()
    at = state.branches[effect.branch]
    if effect.about == "stage":
        return put(state, replace(at, part="settle", result=event.value), drop=effect.id)
    at = answered_doubt(at, effect, event.value)
    if at.part == "settle" or doubts(state, at):
        at = at if at.part == "settle" else replace(at, part="doubt")
        return put(state, at, drop=effect.id)
    at = reissued(at)
    return put(state, at, invoke(state, at), drop=effect.id)


def timer_fired(state: State, branch: str, event: TimerFired) -> Result:
    if event.effect == WALL:
        return replace(state, used=replace(state.used, wall=True), ready=(ROOT, *state.ready)), ()
    effect = state.pending.get(event.effect)
    if isinstance(effect, Sleep):
        at = replace(state.branches[effect.branch], part="running")
        return put(state, at, invoke(state, at), drop=effect.id)
    if isinstance(effect, Ask):
        error = ErrorInfo("interrupt", "expired", f"nobody answered in time: {effect.question}", effect.stage)
        return put(state, replace(state.branches[effect.branch], part="settle", error=error), drop=effect.id)
    return state, ()


def state_set(state: State, branch: str, event: StateSet) -> Result:
    at = state.branches[branch]
    view = at.state
    for key, value in event.writes.items():
        view = apply_write(state.program, view, key, value, event.merged)
    return put(state, replace(at, part="route", state=view, writes=(*at.writes, *event.writes.items())))


def stage_failed(state: State, branch: str, event: StageFailed) -> Result:
    at = replace(state.branches[branch], part="failed", error=event.error, children={}, joined={})
    state, effects = cancel_below(state, branch)
    state, _ = put(state, at)
    return state, effects


def forked(state: State, branch: str, event: Forked) -> Result:
    at = replace(state.branches[branch], part="joining", children=event.branches, joined={})
    state, _ = put(state, at)
    for child in child_branches(state, at, event):
        state, _ = put(state, child)
    return state, ()


def branch_ended(state: State, branch: str, event: BranchEnded) -> Result:
    child = state.branches[branch]
    parent = joined(state, child, event)
    branches = {name: at for name, at in state.branches.items() if name != branch}
    ready = tuple(name for name in state.ready if name != branch)
    return put(replace(state, branches=branches, ready=ready), parent)


def merged(state: State, branch: str, event: Merged) -> Result:
    at = state.branches[branch]
    writes = tuple(write for name in at.children for write in at.joined[name].writes)
    view = at.state
    for key, value in writes:
        view = apply_write(state.program, view, key, value, event.merged)
    at = replace(
        at, part="route", result=event.result, state=view, writes=(*at.writes, *writes), children={}, joined={}
    )
    return put(state, at)


def stage_routed(state: State, branch: str, event: StageRouted) -> Result:
    at = state.branches[branch]
    code = state.program.at(at.block, event.stage)
    hop = event.to not in ("end", "fail")
    used = state.used
    if hop:
        used = replace(used, hops=used.hops + 1, iterations=used.iterations + event.back)
    changes: dict[str, Any] = {"used": used}
    if event.why == "route" and event.route is not None and code.routes and code.routes[event.route].max is not None:
        name = edge_id(at, code, event.route)
        changes["edges"] = {**state.edges, name: state.edges.get(name, 0) + 1}
    if event.why != "on_error" and code.kind in ("agent", "ask", "fork"):
        local = at.local if event.stage in at.local else (*at.local, event.stage)
        at = replace(at, outputs={**at.outputs, event.stage: at.result}, local=local)
    return put(state, going(at, event.to), **changes)


def no_change(state: State, branch: str, event: Event) -> Result:
    return state, ()


def going(at: Branch, to: str) -> Branch:
    """The branch on its way to a stage, the end of its block, or `fail`."""
    if to == "end":
        return replace(at, part="end", error=None)
    if to == "fail":
        error = at.error or ErrorInfo("route", "failed_by_route", f"stage {at.stage} routes to fail", at.stage)
        return replace(at, part="end", error=error)
    return replace(at, part="enter", stage=to, error=None)


def invoke(state: State, at: Branch) -> Invoke:
    """The effect that runs this branch's agent, in its current attempt."""
    code = state.program.at(at.block, at.stage)
    return Invoke(
        at.effect,
        at.id,
        at.stage,
        code.agent_name,
        at.args,
        at.attempt,
        at.key,
        code.timeout_ns,
        at.visits[at.stage],
        at.request,
    )


def reissued(at: Branch) -> Branch:
    """The branch as its next attempt begins after a crash: the same key, and what its calls had answered."""
    return replace(at, part="running", attempt=at.attempt + 1, started=False, error=None, calls=remembered(at))


def remembered(at: Branch) -> dict[str, CallState]:
    """The calls that are answered; the others will be asked again."""
    return {name: call for name, call in at.calls.items() if call.status == "done"}


def charged(used: Used, usage: Usage | None) -> Used:
    if usage is None:
        return used
    return replace(used, tokens=used.tokens + usage.tokens_in + usage.tokens_out, cost=used.cost + usage.cost)


def _has_requests(at: Branch) -> bool:
    return any(call.status == "requested" for call in at.calls.values())


def _with_call(at: Branch, call: CallState) -> Branch:
    return replace(at, calls={**at.calls, call.id: call})


FOLDS: dict[type[Event], Callable[[State, str, Any], Result]] = {
    RunStarted: run_started,
    RunHosted: run_hosted,
    RunCancelled: run_cancelled,
    AttemptStarted: attempt_started,
    AttemptResult: attempt_result,
    CallRequested: call_requested,
    Progressed: no_change,
    OutputWritten: no_change,
    Decided: decided,
    Answered: answered,
    TimerFired: timer_fired,
    StageEntered: stage_entered,
    StageSkipped: stage_skipped,
    AttemptRetried: attempt_retried,
    CallAdmitted: call_admitted,
    CallRefused: call_refused,
    ResultChecked: result_checked,
    StateSet: state_set,
    StageFailed: stage_failed,
    Forked: forked,
    Merged: merged,
    StageRouted: stage_routed,
    BranchEnded: branch_ended,
    LimitReached: limit_reached,
    RunEnded: run_ended,
}
