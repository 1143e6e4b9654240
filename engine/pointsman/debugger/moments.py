"""Moments: the places in a run's life where it can stop, each right before something happens.

A live run comes to one when a branch is about to move or an effect is about to go out; a recorded one right before the
event that says so. Both give the same moments in the same order for each branch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from pointsman.kernel.effects import AnyEffect, Call, Decide, Invoke
from pointsman.kernel.events import AttemptStarted, Decided, Record
from pointsman.kernel.instructions import Instruction
from pointsman.kernel.machine import is_derived
from pointsman.kernel.state import Branch, State

Part = Literal[
    "enter",
    "policy before",
    "agent",
    "tool call",
    "model call",
    "ask",
    "fork",
    "set",
    "policy after",
    "merge",
    "route",
    "failed",
    "end",
]

Key = tuple[str, str, Part, int, str]


@dataclass(frozen=True, slots=True)
class Moment:
    """`branch` is about to do `part` of `stage` (an instruction's id), after event `seq`.

    At the `end` of a block `stage` is the last one it was at. `effect` is what is about to go out, if that is it.
    `rules` are those that policies have applied since the branch's moment before, each as `policy/rule`.
    """

    seq: int
    branch: str
    stage: str
    part: Part
    visit: int
    effect: str = ""
    rules: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        """What it is told apart by from the other moments at hand; a next attempt has the same."""
        return self.branch, self.stage, self.part, self.visit, self.effect


def before_moving(state: State, branch: str, seq: int) -> Moment | None:
    """What a ready branch is about to do; None for a step that is nobody's to stop at."""
    at = state.branches[branch]
    code = instruction_of(state, at)
    part = _part(state, at, code)
    visit = at.visits.get(code.name, 0) + (part == "enter")
    return None if part is None else Moment(seq, branch, code.id, part, visit)


def before_asking(state: State, effect: AnyEffect, seq: int) -> Moment | None:
    """What an effect that is about to go out is to its stage; None for those that are nobody's to stop at."""
    match effect:
        case Decide(point=point):
            part: Part = "policy after" if point == "output.accept" else "policy before"
        case Invoke():
            part = "agent"
        case Call(what=what):
            part = "model call" if what == "llm" else "tool call"
        case _:
            return None
    at = state.branches.get(effect.branch)
    if at is None:
        return None
    code = instruction_of(state, at)
    return Moment(seq, at.id, code.id, part, at.visits.get(code.name, 1), effect.id)


def before_event(state: State, record: Record) -> Moment | None:
    """The moment that a recorded event ended, given the state before it."""
    event = record.event
    if is_derived(event):
        return before_moving(state, record.branch, record.seq - 1) if record.branch in state.branches else None
    if isinstance(event, Decided | AttemptStarted):
        effect = state.pending.get(event.effect)
        return None if effect is None else before_asking(state, effect, record.seq - 1)  # type: ignore[arg-type]  # pending holds nothing but effects
    return None


def again(moment: Moment, state: State, seq: int) -> Moment:
    """A moment once more, after an edit: what policies had allowed already they are then asked about anew."""
    asked = state.pending.get(moment.effect)
    for effect in state.pending.values():
        if asked is None and isinstance(effect, Decide) and effect.branch == moment.branch:
            asked = effect
    coming = before_moving(state, moment.branch, seq) if asked is None else before_asking(state, asked, seq)  # type: ignore[arg-type]  # pending holds nothing but effects
    return replace(coming or moment, seq=seq, rules=moment.rules)


class Applied:
    """The rules that policies have applied since each branch's last moment, so that the next one can carry them."""

    def __init__(self) -> None:
        self._rules: dict[str, tuple[str, ...]] = {}

    def saw(self, record: Record) -> None:
        """Take an event in."""
        if isinstance(record.event, Decided) and record.event.rules:
            self._rules[record.branch] = (*self._rules.get(record.branch, ()), *record.event.rules)

    def at(self, moment: Moment) -> Moment:
        """The moment with the rules that led to it; they are told once."""
        rules = self._rules.pop(moment.branch, ())
        return replace(moment, rules=rules) if rules else moment


def instruction_of(state: State, at: Branch) -> Instruction:
    """The stage a branch is at; at a block's end the one it came from, or the block's last."""
    stages = state.program.blocks[at.block].stages
    return stages.get(at.stage) or next(reversed(stages.values()))


def _part(state: State, at: Branch, code: Instruction) -> Part | None:
    match at.part:
        case "enter" | "merge" | "route" | "failed" | "end":
            return at.part
        case "begin":
            return code.kind if code.kind in ("ask", "fork", "set") else None
        case "doubt":
            return "ask"
        case "settle" if at.error is None and not (code.kind == "agent" and state.program.guarded):
            return "route"  # nothing stands between the result and the way on
        case _:
            return None  # an attempt that is judged, a request that is admitted: part of what surrounds them
