"""Why a run stopped at a fault, and why it goes where it goes: pages for a person, redacted before anything is cut."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from pointsman.debugger.debugger import Stop
from pointsman.debugger.frames import moment_of, stage_of
from pointsman.debugger.history import decided
from pointsman.debugger.moments import Moment
from pointsman.debugger.nodes import OPEN, hidden, preview
from pointsman.debugger.places import operand
from pointsman.debugger.timeline import Timeline
from pointsman.debugger.weighing import Weighed, came_by, coming, summary, verdict, weighed
from pointsman.kernel.effects import Ask
from pointsman.kernel.events import (
    AttemptResult,
    AttemptRetried,
    CallAdmitted,
    CallRequested,
    ErrorInfo,
    LimitReached,
    StageEntered,
    StageRouted,
)
from pointsman.kernel.instructions import Instruction
from pointsman.kernel.state import Branch, State, replace
from pointsman.security.redaction import Redactor

LONG = 2000
"""Characters of a value on a page."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a run stopped: `id` is class and code, `sentence` says it at once, `page` all there is to know, in lines."""

    id: str
    sentence: str
    page: str


def cause(stop: Stop, timeline: Timeline, redactor: Redactor = OPEN) -> Cause:
    """The cause page of a fault; at a stop that is none, what the stop is."""
    state, moment = stop.state, stop.moment
    at = state.branches[moment.branch]
    code = stage_of(state, moment)
    if moment.part == "end" and state.limit is not None:
        limit = state.limit
        said = f"limit/{limit.limit}", f"limit {limit.limit}: {limit.allowed:g} allowed, it came to {limit.used:g}"
        lines = _limit(limit, timeline, moment)
    elif at.error is not None:
        said = f"{at.error.klass}/{at.error.code}", at.error.message
        lines = _error(state, at, code, moment, timeline, redactor)
    elif moment.part == "ask":
        said = "interrupt/asked", f"a person is asked at {code.name}"
        lines = _question(state, at, code)
    else:
        said = f"stop/{stop.reason}", f"{moment.part} of {code.name}"
        lines = iter(())
    where = f"at {code.id}" + (f", visit {moment.visit}" if moment.visit > 1 else "")
    page = "\n".join([said[1], "", f"{where} ({state.program.where(code.stage.name_span)})", *lines])
    return Cause(*map(redactor.text, (*said, page)))


def why(stop: Stop, branch: str, timeline: Timeline | None = None, redactor: Redactor = OPEN) -> str:
    """The routing decision a branch stands before, or with a timeline the one that brought it here, as text."""
    if branch not in stop.state.branches:
        return f"there is no branch {branch}"
    moment = moment_of(stop, branch)
    way = weighed(stop.state, moment, timeline)
    if way is None and timeline is not None:
        way = came_by(stop.state, moment, timeline)
    if way is None:
        return f"{branch} has not been routed yet"
    return redactor.text(
        "\n".join([f"{way.stage.rpartition('.')[2]} {summary(way)}", *_candidates(way, moment, redactor)])
    )


def _error(
    state: State, at: Branch, code: Instruction, moment: Moment, timeline: Timeline, redactor: Redactor
) -> Iterator[str]:
    error = at.error
    assert error is not None
    if code.kind == "agent":
        yield f"agent {code.agent_name}, attempt {error.attempt or at.attempt} of {code.retry.attempts}"
    retried = [one.event for one in timeline.changes(moment) if isinstance(one.event, AttemptRetried)]
    for each in retried:
        yield f"attempt {each.attempt - 1} failed with {_named(each.error)}; again after {each.delay_ns / 1e9:g} s"
    match error.klass:
        case "policy":
            yield from _denial(timeline, moment)
        case "contract" if at.result is not None:
            yield "the result was: " + preview(at.result, ("outputs", code.name), redactor, LONG)
    way = coming(state, moment) if moment.part == "failed" else None
    if way is not None:
        yield ""
        yield f"next: {summary(way)}"
        yield from _candidates(way, moment, redactor)
    if error.klass == "route":
        yield ""
        yield "none of these matched:"
        yield from _unmatched(state, at, moment, redactor)
    if error.traceback:
        yield ""
        yield error.traceback.rstrip()


def _denial(timeline: Timeline, moment: Moment) -> Iterator[str]:
    for each in decided(timeline, moment):
        if each.verdict != "deny":
            continue
        yield f"denied {'after' if each.effect.endswith('/after') else 'before'} the agent"
        yield from (f"  rule {rule}" for rule in each.rules)
        yield from (f"  {sentence}" for sentence in each.sentences)
        for one in each.policies:
            yield f"  policy {one.policy} version {one.version}" + (f": {one.error}" if one.error else "")


def _limit(limit: LimitReached, timeline: Timeline, moment: Moment) -> Iterator[str]:
    yield f"used {limit.used:g}, allowed {limit.allowed:g}"
    spent = spent_by(limit.limit, timeline, moment.seq)
    if spent:
        yield ""
        yield "used by:"
        width = max(len(stage) for stage in spent)
        yield from (f"  {stage:<{width}}  {amount:g}" for stage, amount in spent.items())


def spent_by(limit: str, timeline: Timeline, until: int) -> dict[str, float]:
    """Who has used up a limit so far, by stage, the greatest first: in its own unit, for `wall` in seconds."""
    owners: dict[str, tuple[str, int]] = {}
    asked: dict[str, str] = {}
    found: dict[str, float] = defaultdict(float)
    for record in timeline.records[:until]:
        stage = _owner(record.branch, getattr(record.event, "stage", ""))
        match record.event:
            case StageEntered(effect=effect):
                owners[effect] = stage, record.at_ns
                found[stage] += limit == "max_visits"
            case StageRouted(back=back, to=to) if to not in ("end", "fail"):
                found[stage] += back if limit == "iterations" else limit == "hops"
            case CallRequested(call=call, what=what):
                asked[call] = "llm_calls" if what == "llm" else "tool_calls"
            case CallAdmitted(effect=effect, call=call) if effect in owners:
                owners[call] = owners[effect]
                found[owners[effect][0]] += asked.get(call) == limit
            case AttemptResult(effect=effect, usage=usage) if effect in owners:
                owner, since = owners[effect]
                if limit == "wall":
                    found[owner] += 0 if effect in asked else (record.at_ns - since) / 1e9
                    owners[effect] = owner, record.at_ns  # the next attempt begins here
                elif usage is not None:
                    found[owner] += {"tokens": usage.tokens_in + usage.tokens_out, "cost": usage.cost}.get(limit, 0)
            case _:
                pass
    return dict(sorted(((stage, amount) for stage, amount in found.items() if amount), key=lambda one: -one[1]))


def _question(state: State, at: Branch, code: Instruction) -> Iterator[str]:
    asks = [effect for effect in state.pending.values() if isinstance(effect, Ask) and effect.branch == at.id]
    request = at.request if isinstance(at.request, dict) else {}
    yield f"question: {asks[0].question if asks else request.get('question', '')}"
    assignee = asks[0].assignee if asks else request.get("assignee", "")
    if assignee:
        yield f"for {assignee}"
    if code.stage.ask and code.stage.ask.expires_ns:
        yield f"expires {code.stage.ask.expires_ns / 1e9:g} s after it is asked"


def _candidates(way: Weighed, moment: Moment, redactor: Redactor) -> Iterator[str]:
    for index, one in enumerate(way.candidates):
        test = f" when {one.when}" if one.when else ""
        yield f"  {index + 1}: → {one.to}{test}: {verdict(way, index)}"
        for seen in one.operands:
            yield f"       {seen.text} = {hidden(operand(seen, moment, now=way.now), redactor).shown}"


def _unmatched(state: State, at: Branch, moment: Moment, redactor: Redactor) -> Iterator[str]:
    """The routes of a stage that failed because none of them matched: its result still stands, so they do too."""
    before = state.branches | {at.id: _again(at)}
    standing = replace(state, branches=before)
    way = coming(standing, Moment(moment.seq, at.id, moment.stage, "route", moment.visit))
    if way is not None:
        yield from _candidates(way, moment, redactor)


def _again(at: Branch) -> Branch:
    return replace(at, part="route", error=None)


def _owner(branch: str, stage: str) -> str:
    return stage if branch == "main" else f"{branch.partition('/')[2]}.{stage}"


def _named(error: ErrorInfo) -> str:
    return f"{error.klass}/{error.code}: {error.message}"
