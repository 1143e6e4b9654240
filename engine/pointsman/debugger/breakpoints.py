"""Breakpoints: where to stop, under which condition, at which hit, or what to log instead; and faults to stop at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import lru_cache
from re import fullmatch

from pointsman.debugger.moments import Key, Moment, instruction_of
from pointsman.debugger.sites import Site
from pointsman.kernel import machine
from pointsman.kernel.envelope import Scope
from pointsman.kernel.events import AnyEvent, Json, Merged, StageEntered, StageRouted
from pointsman.kernel.routing import error_record
from pointsman.kernel.state import State
from pointsman.language.checks.sites import EVERYWHERE
from pointsman.language.diagnostics import did_you_mean
from pointsman.language.expressions import (
    EvaluationError,
    ListLit,
    Literal,
    MapLit,
    Parsed,
    as_text,
    compile_expression,
    evaluate,
    parse,
    references,
)
from pointsman.language.expressions.evaluation import Compiled

HIT = r"\s*(>=|<=|==|=|>|<|%)?\s*([0-9]{1,18})\s*"
"""A hit count: how it is compared, and the number."""
ROOTS = EVERYWHERE | {"args", "result", "error", "env"}
"""The names an expression may start with at a stop; which of them are there depends on the part."""


@dataclass(frozen=True, slots=True)
class Breakpoint:
    """One breakpoint of one client. It stands on a site, or on what a name means (`stage:rev*`, `agent:writer`).

    `hit` counts: `5`, `>=3`, `%2`. With `log` it never stops: the text, with `{expression}` in it, is told instead.
    """

    id: int
    site: Site | None = None
    name: str = ""
    condition: str = ""
    hit: str = ""
    log: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """A breakpoint that was come to; `said` is what it logs, and then it is no reason to stop."""

    breakpoint: Breakpoint
    said: str | None = None


@dataclass(slots=True)
class Hits:
    """How often each breakpoint was come to in one run, its condition holding: a moment that is come to again, from
    the past, has the number it had."""

    counts: dict[int, dict[tuple[Key, int, int], int]] = field(default_factory=dict)

    def of(self, breakpoints: Iterable[Breakpoint], moment: Moment, state: State) -> list[Hit]:
        """The breakpoints that a moment hits."""
        found: list[Hit] = []
        coming: AnyEvent | None = None
        for one in breakpoints:
            if (
                one.site is not None
                and one.site.route is not None
                and coming is None
                and moment.stage in one.site.stages
                and moment.part in ("route", "failed")
            ):
                coming = machine.advance(state, moment.branch)  # type: ignore[assignment]  # pure: nothing happens by looking
            if not _stands(one, moment, state, coming):
                continue
            args = bool(one.log) or _asks_for_args(one.condition)
            scope = scope_at(state, moment, args=args) if one.condition or one.log else {}
            if one.condition and not holds(one.condition, scope):
                continue
            if one.hit:
                known = self.counts.setdefault(one.id, {})
                if not _counted(one.hit, known.setdefault(_occasion(moment, state), len(known) + 1)):
                    continue
            found.append(Hit(one, render(one.log, scope) if one.log else None))
        return found


def may_stand(one: Breakpoint, moment: Moment) -> bool:
    """Whether a breakpoint can be come to at a moment, as far as that is told without its state."""
    site = one.site
    if site is not None:
        if site.rule:
            return site.rule in moment.rules
        return moment.stage in site.stages and (site.route is not None or moment.part == site.part)
    match one.name.partition(":"):
        case ("agent", ":", _):
            return moment.part == "agent"
        case ("tool", ":", _):
            return moment.part == "tool call"
        case ("policy", ":", _):
            return bool(moment.rules)
        case ("stage", ":", glob) | (glob, "", _):
            return moment.part == "enter" and _is_stage(moment.stage, glob)
        case _:
            return False


def flaw_of(condition: str, hit: str) -> str:
    """What is wrong with a condition or a hit count, empty when nothing is: also that it could never be met."""
    flaw = _flaw_of_condition(parse(condition)) if condition else ""
    if flaw:
        return f"condition: {flaw}"
    found = fullmatch(HIT, hit) if hit else None
    if hit and found is None:
        return f"{hit!r:.100} is no hit count; such as 5, >=3 or %2"
    if found is not None and _is_never(found[1] or "==", int(found[2])):
        return f"{hit!r} is never reached: hits are counted from 1"
    return ""


def scope_at(state: State, moment: Moment, *, args: bool = True) -> Mapping[str, Json]:
    """What expressions see at a moment: before a stage the arguments it will be given, after it what its routes see.

    Without `args` the former are left out: they are evaluated for it.
    """
    at = state.branches.get(moment.branch)
    if at is None:
        return {"input": state.started.input, "outputs": {}, "state": {}}
    extra: dict[str, Json] = {} if moment.part in ("enter", "end") else {"args": at.args}
    match moment.part:
        case "enter" if (
            args and at.part == "enter" and isinstance(entered := machine.advance(state, at.id), StageEntered)
        ):
            extra["args"] = entered.args
        case "merge" if at.part == "merge" and isinstance(merged := machine.advance(state, at.id), Merged):
            extra["result"] = merged.result
        case "policy after":
            extra["result"] = at.result
        case "route":
            extra["result"] = at.result
            code = instruction_of(state, at)
            if code.kind in ("agent", "ask", "fork") or code.routes is not None:
                extra["outputs"] = {**at.outputs, code.name: at.result}
    if at.error is not None:
        extra["error"] = error_record(at.error)
    return Scope(state, at, extra)


def render(text: str, scope: Mapping[str, Json]) -> str:
    """A log message: `{expression}` is its value, `{{` a brace, and what can not be evaluated says why."""
    said, at = [], 0
    while at < len(text):
        if text.startswith(("{{", "}}"), at):
            said.append(text[at])
            at += 2
        elif text[at] == "{" and (end := _closing(text, at)) > 0:
            try:
                said.append(as_text(evaluate(text[at + 1 : end], scope)))
            except EvaluationError as error:
                said.append(f"<{error.message}>")
            at = end + 1
        else:
            said.append(text[at])
            at += 1
    return "".join(said)


def _flaw_of_condition(parsed: Parsed) -> str:
    if parsed.problems:
        return parsed.problems[0].message
    tree = parsed.tree
    if isinstance(tree, ListLit | MapLit) or (isinstance(tree, Literal) and tree.value is not True):
        return f"{parsed.text.strip():.100} is never true"
    for reference in references(parsed):
        root = reference.segments[0]
        if root.name not in ROOTS and not root.guarded:
            return f"there is no {root.name}{did_you_mean(root.name, sorted(ROOTS))}"
    return ""


def _is_never(sign: str, number: int) -> bool:
    return (number == 0 and sign in ("==", "=", "%", "<=", "<")) or (sign == "<" and number == 1)


def _occasion(moment: Moment, state: State) -> tuple[Key, int, int]:
    """A moment apart from all others, live or past: an agent may have several attempts, a stage be skipped twice."""
    at = state.branches.get(moment.branch)
    return moment.key, at.attempt if at else 0, 0 if moment.effect else state.used.hops


def _closing(text: str, start: int) -> int:
    depth = 0
    for at in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return at
    return -1


def _stands(one: Breakpoint, moment: Moment, state: State, coming: AnyEvent | None) -> bool:
    site = one.site
    if site is None:
        return _named(one.name, moment, state)
    if site.rule:
        return site.rule in moment.rules
    if moment.stage not in site.stages:
        return False
    if site.route is not None:
        return (
            isinstance(coming, StageRouted)
            and coming.route == site.route
            and (coming.why == "on_error") == site.handler
            and moment.part == ("failed" if site.handler else "route")
        )
    return moment.part == site.part


def _named(name: str, moment: Moment, state: State) -> bool:
    """`stage:glob` (or a bare glob), `agent:glob`, `tool:glob`, `policy:glob`."""
    kind, colon, glob = name.partition(":")
    if not colon:
        kind, glob = "stage", name
    at = state.branches.get(moment.branch)
    match kind:
        case "stage":
            return moment.part == "enter" and _is_stage(moment.stage, glob)
        case "agent":
            code = state.program.blocks[at.block].stages.get(at.stage) if at else None
            return moment.part == "agent" and code is not None and fnmatchcase(code.agent_name, glob)
        case "tool":
            effect = state.pending.get(moment.effect)
            return moment.part == "tool call" and fnmatchcase(str(getattr(effect, "name", "")), glob)
        case "policy":
            return any(fnmatchcase(rule, glob) or fnmatchcase(rule.partition("/")[0], glob) for rule in moment.rules)
        case _:
            return False


def _is_stage(stage: str, glob: str) -> bool:
    return fnmatchcase(stage, glob) or fnmatchcase(stage.rpartition(".")[2], glob)


def holds(condition: str, scope: Mapping[str, Json]) -> bool:
    """A condition that can not be evaluated here does not hold: a breakpoint never breaks a run."""
    try:
        return _compiled(condition)(scope) is True
    except EvaluationError:
        return False


@lru_cache(maxsize=256)
def _compiled(condition: str) -> Compiled:
    """A condition is weighed again each time a loop comes by, and at each moment on a long way back."""
    return compile_expression(parse(condition))


@lru_cache(maxsize=256)
def _asks_for_args(condition: str) -> bool:
    return any(reference.segments[0].name == "args" for reference in references(parse(condition)))


def _counted(hit: str, count: int) -> bool:
    found = fullmatch(HIT, hit)
    if found is None:
        return True
    sign, number = found[1] or "==", int(found[2])
    match sign:
        case ">=":
            return count >= number
        case "<=":
            return count <= number
        case ">":
            return count > number
        case "<":
            return count < number
        case "%":
            return number > 0 and count % number == 0
        case _:
            return count == number
