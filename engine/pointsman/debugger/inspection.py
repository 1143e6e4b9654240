"""What a stopped run shows: the scopes of a stage as nodes, and expressions evaluated there.

Nothing is redacted here but by `nodes.hidden`, which whoever lets a node out applies; `learn` tells the redactor first
what stands at its paths at this very moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pointsman.debugger.breakpoints import scope_at
from pointsman.debugger.debugger import Stop
from pointsman.debugger.frames import moment_of, stage_of
from pointsman.debugger.history import changes, decisions, history
from pointsman.debugger.moments import Moment
from pointsman.debugger.nodes import Line, Node, Show, computed, folder, node
from pointsman.debugger.places import operand, place_of, places_in
from pointsman.debugger.timeline import Timeline
from pointsman.debugger.weighing import Weighed, summary, verdict, weighed
from pointsman.errors import Misuse
from pointsman.kernel import machine
from pointsman.kernel.effects import Call
from pointsman.kernel.envelope import budget_record, envelope
from pointsman.kernel.events import BranchEnded, Candidate, Json, RunEnded
from pointsman.kernel.instructions import Instruction
from pointsman.kernel.routing import error_record
from pointsman.kernel.state import Branch, State
from pointsman.language.expressions import (
    EvaluationError,
    Index,
    Parsed,
    Select,
    as_json,
    compile_expression,
    compile_template,
    is_template,
    parse,
    parse_template,
)
from pointsman.language.expressions.nodes import Call as CallNode
from pointsman.language.expressions.nodes import Ident
from pointsman.security.redaction import Redactor

Hint = Literal["arguments", "locals", "returnValue", ""]
STEPS = 200_000
"""What an evaluation may cost, about 40 ms: a hover waits for it, and so does every other client of the server."""


@dataclass(frozen=True, slots=True)
class Group:
    """A scope of a stage. `expensive`: to be fetched when a person opens it. `hint` is for who sorts scopes by kind."""

    name: str
    hint: Hint
    expensive: bool
    root: Node


def scopes(stop: Stop, branch: str, timeline: Timeline) -> tuple[Group, ...]:
    """The scopes of a branch where it stands, those first that a person looks at first; none of one that is over."""
    at = stop.state.branches.get(branch)
    if at is None:
        return ()
    moment = moment_of(stop, branch)
    return tuple(_scopes(stop.state, at, moment, stage_of(stop.state, moment), timeline))


def evaluate(stop: Stop, branch: str, text: str) -> Node:
    """The value of an expression, or of a text with `${{ }}`, where a branch stands; nothing can happen by it.

    Raises Misuse (`expression`) with a sentence that says where, counting characters from 1.
    """
    moment = moment_of(stop, branch) if branch in stop.state.branches else Moment(0, branch, "", "end", 0)
    scope = scope_at(stop.state, moment)
    if is_template(text):
        template = parse_template(text)
        value = _value(compile_template(template, STEPS), scope)
        return computed(text, value, "", tuple(at for hole in template.holes for at in places_in(hole.expr, moment)))
    parsed = parse(text)
    value = _value(compile_expression(parsed, STEPS), scope)
    place = place_of(parsed, moment)
    if place is not None:
        return node(text, value, text.strip(), place)
    return computed(text, value, _whole(parsed), places_in(parsed, moment))


def learn(stop: Stop, redactor: Redactor) -> None:
    """Let a redactor see what stands at its paths at a stop: a result too, that is about to become an output."""
    if not redactor.learns:
        return
    for at in stop.state.branches.values():
        redactor.learn(envelope(stop.state, at))
        if at.part == "enter":
            continue  # what it holds still is the result of the stage before
        joined = {name: each.output for name, each in at.joined.items()}
        for value in (at.result, joined):
            if value:
                redactor.learn({"outputs": {at.stage: value}})


def _scopes(state: State, at: Branch, moment: Moment, code: Instruction, timeline: Timeline) -> Iterator[Group]:
    scope, own = scope_at(state, moment), ("outputs", code.name)
    inside = moment.part not in ("enter", "end")
    call = state.pending.get(moment.effect)
    if isinstance(call, Call):
        yield Group("Call", "", False, _fields("Call", {"what": call.what, "name": call.name, "args": call.args}))
    # A client opens the first scope it is given: one with nothing in it would be all that a person sees.
    if scope.get("args"):
        yield Group("Args", "arguments", False, node("Args", scope["args"], "args"))
    if "result" in scope and code.kind in ("agent", "ask", "fork"):
        yield Group("Result", "returnValue", False, node("Result", scope["result"], "result", own))
    elif moment.part == "failed" and at.result is not None:
        yield Group("Result", "returnValue", False, node("Result", at.result, "", own))
    elif moment.part == "end" and at.part == "end":
        ending = machine.advance(state, at.id)
        if isinstance(ending, RunEnded | BranchEnded) and ending.error is None:
            yield Group("Result", "returnValue", False, computed("Result", ending.output, "", (("output",),)))
    if "error" in scope:
        yield Group("Error", "", False, _error(at))
    if scope["outputs"]:
        yield Group("Outputs", "locals", False, node("Outputs", scope["outputs"], "outputs", ("outputs",)))
    if scope["state"]:
        yield Group("State", "locals", False, node("State", scope["state"], "state", ("state",)))
    way = weighed(state, moment, timeline)
    if way is not None:
        yield Group("Routing", "", False, routing(way, moment))
    if state.program.guarded and inside:
        yield Group("Policy", "", False, folder("Policy", "", lambda: decisions(timeline, moment)))
    yield Group("Changes", "", False, folder("Changes", "", lambda: changes(state, timeline, moment)))
    yield Group("Budget", "", False, budget(state))
    if inside and code.kind in ("agent", "ask"):
        yield Group("Attempt", "", False, _attempt(at, code))
    yield Group("Envelope", "", True, _envelope(state, at, timeline, moment))


def routing(way: Weighed, moment: Moment) -> Node:
    """A decision, with each candidate and its operands below it."""

    def candidates() -> Sequence[Node]:
        return [_candidate(way, index, one, moment) for index, one in enumerate(way.candidates)]

    return folder("Routing", summary(way), candidates)


def budget(state: State) -> Node:
    """What is used up, allowed and left, a line for each bound."""

    def line(name: str, bound: dict[str, Json]) -> Line:
        def said(show: Show) -> str:
            used, allowed, left = (
                show(None if value is None else float(f"{value:g}"), ("budget", name, key)).removesuffix(".0")
                for key, value in bound.items()
            )
            return f"{used}, no bound" if bound["allowed"] is None else f"{used} of {allowed}, {left} left"

        return said

    def parts() -> Sequence[Node]:
        bounds = budget_record(state).items()
        return [node(name, bound, f"budget.{name}", ("budget", name), line=line(name, bound)) for name, bound in bounds]

    return folder("Budget", "", parts)


def _candidate(way: Weighed, index: int, one: Candidate, moment: Moment) -> Node:
    condition = one.when or ("when" if way.why == "skipped" else "always")
    name, line = f"{index + 1}: → {one.to}", f"{verdict(way, index)}: {condition}"
    if not one.operands:
        return node(name, line, line=lambda show: line)
    return folder(name, line, lambda: [operand(seen, moment, now=way.now) for seen in one.operands])


def _attempt(at: Branch, code: Instruction) -> Node:
    calls = [
        {
            "what": call.what,
            "name": call.name,
            "status": call.status,
            "args": call.args,
            "value": call.value,
            **({} if call.error is None else {"error": error_record(call.error)}),
        }
        for call in at.calls.values()
    ]
    said: dict[str, Json] = {"agent": code.agent_name} if code.kind == "agent" else {}
    if at.request:
        said |= {"request": at.request}
    said |= {"attempt": at.attempt, "attempts": code.retry.attempts, "failures": at.failures, "losses": at.losses}
    if code.kind == "ask":
        said = {"question": at.request}
    return _fields("Attempt", said | ({"calls": calls} if calls else {}) | {"effect": at.effect, "key": at.key})


def _error(at: Branch) -> Node:
    assert at.error is not None
    return node("Error", error_record(at.error), "error")


def _envelope(state: State, at: Branch, timeline: Timeline, moment: Moment) -> Node:
    record = envelope(state, at)

    def parts() -> Sequence[Node]:
        found = [node(name, value, f"envelope.{name}", (name,)) for name, value in record.items() if name != "history"]
        return [*found, folder("history", "", lambda: history(timeline, moment.seq))]

    return folder("Envelope", record["id"], parts)


def _fields(name: str, fields: dict[str, Json]) -> Node:
    return folder(name, "", lambda: [node(key, value) for key, value in fields.items()])


def _value(compiled: Callable[[Mapping[str, Json]], object], scope: Mapping[str, Json]) -> Json:
    """The value as JSON; what JSON has no form for, such as no number, as its text."""
    try:
        value = compiled(scope)
    except EvaluationError as error:
        where = f" (at character {error.start + 1})" if error.start >= 0 else ""
        raise Misuse("expression", f"{error.message}{where}") from None
    try:
        return as_json(value)
    except EvaluationError:
        return str(value)


def _whole(tree: Parsed) -> str:
    """An expression's text so that a member can follow it."""
    text = tree.text.strip()
    closed = isinstance(tree.tree, Ident | Select | Index | CallNode)
    return text if closed else f"({text})"
