"""The stack at a stop: part, stage, the block around it, and for a branch of a fork the stages it was forked from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pointsman.debugger.debugger import Stop
from pointsman.debugger.moments import Moment, Part, instruction_of
from pointsman.debugger.sites import part_span
from pointsman.debugger.weighing import Weighed, coming
from pointsman.kernel.instructions import Instruction, Program
from pointsman.kernel.state import ROOT, Branch, State
from pointsman.language.source import Span

Hint = Literal["normal", "subtle"]


@dataclass(frozen=True, slots=True)
class BranchView:
    """A branch as a person picks one: `at` says where it stands."""

    id: str
    name: str
    at: str


@dataclass(frozen=True, slots=True)
class Frame:
    """A line of the stack. `span` is what a person looks at; `stage` is an instruction's id, empty outside of one.

    `branch` is the one whose scope the frame has: below a fork that is its parent. `subtle`: what merely surrounds.
    """

    name: str
    span: Span | None
    branch: str
    stage: str = ""
    part: str = ""
    hint: Hint = "normal"


_WAITS: dict[str, Part] = {
    "deciding": "policy before",
    "running": "agent",
    "backoff": "agent",
    "checking": "policy after",
    "asking": "ask",
    "doubt": "ask",
    "joining": "fork",
    "enter": "enter",
    "merge": "merge",
    "route": "route",
    "failed": "failed",
    "end": "end",
}


def branches(stop: Stop) -> tuple[BranchView, ...]:
    """The branches that live at a stop: main, then those of its forks in declared order, each with its own below it."""
    state = stop.state

    def below(at: Branch) -> Iterator[BranchView]:
        moment = moment_of(stop, at.id)
        yield BranchView(at.id, at.id.removeprefix(f"{ROOT}/"), f"{moment.stage}: {moment.part}")
        for child in at.children.values():
            if child in state.branches:
                yield from below(state.branches[child])

    return tuple(below(state.branches[ROOT])) if ROOT in state.branches else ()


def frames(stop: Stop, branch: str) -> tuple[Frame, ...]:
    """The stack of a branch, innermost first; empty for a branch that does not live."""
    state = stop.state
    at = state.branches.get(branch)
    if at is None:
        return ()
    found = [*_inside(state, moment_of(stop, branch))]
    while True:
        block = state.program.blocks[at.block]
        if at.id == ROOT:
            start = state.program.pipeline.span.start
            return (*found, Frame(state.program.name, Span(start, start), at.id, hint="subtle"))
        parent = state.branches[at.parent]
        fork = instruction_of(state, parent)
        if not block.single and fork.stage.fork:  # a branch of one stage is that stage
            span = next(one.span for one in fork.stage.fork.branches if one.name == at.name)
            found.append(Frame(f"branch {at.name}", Span(span.start, span.start), at.id, hint="subtle"))
        found.append(Frame(_stage(parent, fork), fork.stage.name_span, parent.id, fork.id))
        at = parent


def moment_of(stop: Stop, branch: str) -> Moment:
    """Where a branch stands at a stop: the moment of the one that stopped, and what comes closest for the others."""
    if branch == stop.moment.branch:
        return stop.moment
    at = stop.state.branches[branch]
    code = instruction_of(stop.state, at)
    part: Part
    if at.part == "begin":
        part = code.kind if code.kind in ("ask", "fork", "set") else "enter"
    elif at.part == "settle":
        part = "agent" if at.error or (code.kind == "agent" and stop.state.program.guarded) else "route"
    else:
        part = _WAITS[at.part]
    visit = at.visits.get(code.name, 0) + (part == "enter")
    return Moment(stop.moment.seq, branch, code.id, part, visit)


def stage_of(state: State, moment: Moment) -> Instruction:
    """The stage of a moment; where a limit ended the run, the one that came to it."""
    if moment.part == "end" and state.limit is not None and moment.branch == ROOT:
        found = _by_id(state.program, state.limit.stage)
        if found is not None:
            return found
    return instruction_of(state, state.branches[moment.branch])


def _inside(state: State, moment: Moment) -> Iterator[Frame]:
    """The part and the stage of a branch's own block."""
    at = state.branches[moment.branch]
    code = stage_of(state, moment)
    if moment.part == "end":
        yield Frame(f"end after {code.name}", code.stage.name_span, at.id, code.id, "end")
        return
    if moment.part != "enter":
        yield Frame(*_part(state, at, code, moment), at.id, code.id, moment.part)
    yield Frame(_stage(at, code), code.stage.name_span, at.id, code.id, "enter" if moment.part == "enter" else "")


def _part(state: State, at: Branch, code: Instruction, moment: Moment) -> tuple[str, Span]:
    """What a part is called, and its place: of a decision about the way on that is the route it will take."""
    span = part_span(code.stage, moment.part)
    match moment.part:
        case "route" | "failed" as part:
            way = coming(state, moment)
            said = f"{part} ({at.error.klass}/{at.error.code})" if part == "failed" and at.error else part
            return (f"{said} → {way.to}" if way and way.to else said), _route_span(code, way) or span
        case "agent":
            return f"agent {code.agent_name}", span
        case "tool call" | "model call" as part:
            name = getattr(state.pending.get(moment.effect), "name", "")
            return f"{part} {name}".rstrip(), span
        case part:
            return part, span


def _route_span(code: Instruction, way: Weighed | None) -> Span | None:
    edges = code.on_error if way and way.why == "on_error" else code.routes
    if way is None or way.route is None or not edges:
        return None
    return edges[way.route].span


def _stage(at: Branch, code: Instruction) -> str:
    visit = at.visits.get(code.name, 0) + (at.part == "enter")
    return code.name if visit <= 1 else f"{code.name} (visit {visit})"


def _by_id(program: Program, stage: str) -> Instruction | None:
    every = (code for block in program.blocks.values() for code in block.stages.values())
    return next((code for code in every if code.id == stage), None)
