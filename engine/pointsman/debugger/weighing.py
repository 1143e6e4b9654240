"""Routing decisions, the coming one and those that were made: each candidate, its condition, what it was decided by."""

from __future__ import annotations

from dataclasses import dataclass

from pointsman.debugger.breakpoints import scope_at
from pointsman.debugger.moments import Moment, instruction_of
from pointsman.debugger.timeline import Timeline
from pointsman.kernel import machine
from pointsman.kernel.envelope import Scope
from pointsman.kernel.events import Candidate, LimitReached, Operand, StageFailed, StageRouted, StageSkipped
from pointsman.kernel.instructions import Condition, Edge
from pointsman.kernel.routing import decide
from pointsman.kernel.state import State
from pointsman.language.expressions import EvaluationError, as_json


@dataclass(frozen=True, slots=True)
class Weighed:
    """How the way on from a stage was decided, or will be. `to` is empty where there is no way on, and `note` says why.

    `why` is that of `StageRouted`, `skipped` where the stage's `when` was false, `failed`, or `limit`. `now`: it is
    what comes next, so its operands can be evaluated again.
    """

    stage: str
    to: str
    why: str
    route: int | None = None
    label: str = ""
    note: str = ""
    candidates: tuple[Candidate, ...] = ()
    now: bool = False


def weighed(state: State, moment: Moment, timeline: Timeline | None) -> Weighed | None:
    """The decision that a moment is; elsewhere the last one this branch made at this stage; None when there is none."""
    if moment.part in ("route", "failed"):
        return coming(state, moment)
    return None if timeline is None else _last(timeline, moment, moment.stage)


def came_by(state: State, moment: Moment, timeline: Timeline) -> Weighed | None:
    """The decision that brought a branch to where it is; None at its beginning."""
    return _last(timeline, moment, "")


def coming(state: State, moment: Moment) -> Weighed | None:
    """The decision at hand, made purely: nothing happens by looking."""
    at = state.branches[moment.branch]
    code = instruction_of(state, at)
    event = machine.advance(state, moment.branch)
    if isinstance(event, StageRouted):
        return _of(moment.stage, event, now=True)
    edges = code.on_error if moment.part == "failed" else code.routes
    scope = scope_at(state, moment)
    candidates = _candidates(state, edges or (), scope) if isinstance(scope, Scope) else ()
    match event:
        case StageFailed(error=error):
            if error.klass not in ("route", "expression"):
                candidates = ()  # it came to no weighing
            return Weighed(moment.stage, "", "failed", note=error.message, candidates=candidates, now=True)
        case LimitReached(limit=limit, allowed=allowed):
            note = f"limit {limit} ends the run here: {allowed:g} allowed"
            return Weighed(moment.stage, "", "limit", note=note, candidates=candidates, now=True)
        case _:
            whose = "the run" if moment.branch == "main" else f"branch {at.name}"
            note = f"nothing handles the error, so {whose} ends with it"
            return Weighed(moment.stage, "", "failed", note=note, candidates=candidates, now=True)


def verdict(weighed: Weighed, index: int) -> str:
    """What became of a candidate, in a word or two."""
    one = weighed.candidates[index]
    if index == weighed.route and weighed.why in ("route", "on_error"):
        return "taken" if weighed.to == one.to else f"taken as often as its max allows, so {weighed.to}"
    match one.value:
        case True if weighed.why == "limit":
            return "matches"
        case True if weighed.why == "failed" and one.to == "fail":
            return "taken"
        case True:
            return "matches, but was taken as often as its max allows"
        case False:
            return "does not match"
        case _:
            return "can not be evaluated" if any(seen.error for seen in one.operands) else "not weighed"


def summary(weighed: Weighed) -> str:
    """The decision in one line."""
    match weighed.why:
        case "failed" | "limit":
            return weighed.note
        case "below":
            return f"→ {weighed.to} (the stage below)" if weighed.to != "end" else "→ end (the last stage)"
        case "next" | "skipped" as why:
            return f"→ {weighed.to} ({why})"
        case why:
            name = f"route {(weighed.route or 0) + 1} of {len(weighed.candidates)}"
            label = f", {weighed.label}" if weighed.label else ""
            return f"→ {weighed.to} ({'on_error, ' if why == 'on_error' else ''}{name}{label})"


def _last(timeline: Timeline, moment: Moment, stage: str) -> Weighed | None:
    """The last decision of a branch before a moment, at the stage of this id, or at any."""
    name = stage.rpartition(".")[2]
    for index in range(min(moment.seq, len(timeline.records)) - 1, -1, -1):
        record = timeline.records[index]
        if record.branch != moment.branch:
            continue
        match record.event:
            case StageRouted(stage=left) as event if not stage or left == name:
                return _of(left, event, now=False)
            case StageSkipped(stage=left, to=to, operands=seen) if not stage or left == name:
                return Weighed(left, to, "skipped", candidates=(Candidate(to, "", False, seen),))
    return None


def _of(stage: str, event: StageRouted, *, now: bool) -> Weighed:
    return Weighed(stage, event.to, event.why, event.route, event.label, "", event.candidates, now)


def _candidates(state: State, edges: tuple[Edge, ...], scope: Scope) -> tuple[Candidate, ...]:
    """The routes as far as they are weighed when none is taken."""
    found: list[Candidate] = []
    for edge in edges:
        if edge.when is None:
            found.append(Candidate(edge.to, "", True))
            continue
        try:
            matches, seen = decide(state.program, edge.when, scope)
        except EvaluationError as error:
            found.append(Candidate(edge.to, edge.when.text, None, _broken(edge.when, scope, error)))
            break
        found.append(Candidate(edge.to, edge.when.text, matches, seen))
    found += [Candidate(edge.to, edge.when.text if edge.when else "") for edge in edges[len(found) :]]
    return tuple(found)


def _broken(condition: Condition, scope: Scope, error: EvaluationError) -> tuple[Operand, ...]:
    """What a condition looked at before it failed, and the failure itself as one more where no operand has it."""
    seen: list[Operand] = []
    for each in condition.look(scope):
        try:
            failure = each.error.message if each.error else ""
            seen.append(Operand(each.text, None if each.error else as_json(each.value), failure))
        except EvaluationError as unfit:
            seen.append(Operand(each.text, None, unfit.message))
    if not any(each.error for each in seen):
        seen.append(Operand(condition.text, None, error.message))
    return tuple(seen)
