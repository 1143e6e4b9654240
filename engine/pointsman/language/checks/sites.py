"""Every place of a piece where an expression stands, with the names that are in scope there (LANGUAGE section 1)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pointsman.language import model
from pointsman.language.contents import Content, Stages, Step
from pointsman.language.expressions import Reference, references
from pointsman.language.scalars import SegmentMap

EVERYWHERE = frozenset({"input", "outputs", "state", "envelope", "run", "budget", "visits", "branch"})
POLICY = EVERYWHERE | {"args", "tool", "model", "principal", "tenant", "workspace", "agent", "stage", "pipeline"}

Around = Literal["block", "anywhere", "nowhere", "unknown"]
_NONE: Stages = {}


@dataclass(frozen=True, slots=True)
class Site:
    """One expression. `offset` is where its text starts in the value that `map` is of.

    It may name the outputs of the stages in `seen` and of those `around`: of the pipeline's own block, or of any.
    "nowhere" is where outputs are not judged, "unknown" where no field of anything is, as the pipeline is not known.
    `stage` is the one it belongs to.
    """

    references: tuple[Reference, ...]
    map: SegmentMap
    offset: int
    roots: frozenset[str]
    around: Around
    seen: Stages
    stage: model.Stage | None


def sites(content: Content) -> Iterator[Site]:
    """The expressions of a piece. Which pipeline a policy speaks of is not known, so outputs are not judged there."""
    for step in content.steps:
        yield from _stage_sites(step)
    for inner in content.inner:
        yield from _value_sites(inner.block.output, EVERYWHERE, "block", inner.seen)
    yield from _value_sites(content.output, EVERYWHERE, "block")
    for key, _ in content.state:
        if isinstance(key.merge, model.Code):
            yield _code_site(key.merge, EVERYWHERE | {"old", "new"}, "nowhere")
    for one in content.workers:
        if isinstance(one.target, model.CommandTarget):
            # Which stage runs it is settled elsewhere, so every stage of the file may be meant.
            for value in (one.target.argv, one.target.stdin):
                yield from _value_sites(value, EVERYWHERE | {"args"}, "anywhere")
    for rule, _ in content.rules:
        roots = POLICY | {"result"} if "output.accept" in rule.at or not rule.at else POLICY
        for code in (rule.when, rule.unless):
            if code:
                yield _code_site(code, roots, "unknown")


def _stage_sites(step: Step) -> Iterator[Site]:
    stage = step.stage

    def code(one: model.Code | None, *more: str) -> Iterator[Site]:
        if one:
            yield _code_site(one, EVERYWHERE | set(more), "block", step.seen, stage)

    def value(one: model.Value | None, *more: str) -> Iterator[Site]:
        yield from _value_sites(one, EVERYWHERE | set(more), "block", step.seen, stage)

    yield from code(stage.when)
    yield from value(stage.args)
    if stage.ask:
        yield from value(stage.ask.question, "args")
        yield from value(stage.ask.assignee, "args")
    for _, written in stage.set:
        yield from value(written, "args")
    yield from value(stage.idempotency_key, "args")
    for route in stage.routes or ():
        yield from code(route.when, "args", "result")
    for route in stage.on_error or ():
        yield from code(route.when, "args", "error")


def _code_site(
    code: model.Code,
    roots: frozenset[str],
    around: Around,
    seen: Stages = _NONE,
    stage: model.Stage | None = None,
) -> Site:
    return Site(references(code.tree), code.map, 0, roots, around, seen, stage)


def _value_sites(
    value: model.Value | None,
    roots: frozenset[str],
    around: Around,
    seen: Stages = _NONE,
    stage: model.Stage | None = None,
) -> Iterator[Site]:
    waiting = [value]
    while waiting:
        match waiting.pop():
            case model.Text(template=template, map=where):
                for hole in template.holes:
                    yield Site(references(hole.expr), where, hole.offset, roots, around, seen, stage)
            case model.Items(items):
                waiting += items
            case model.Fields(fields):
                waiting += [inner for _, inner in fields]
            case _:
                pass
