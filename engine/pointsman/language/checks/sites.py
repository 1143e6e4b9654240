"""Every place of a file where an expression stands, with the names that are in scope there (LANGUAGE section 1)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pointsman.language import model
from pointsman.language.checks.context import Context, blocks, stages, workers
from pointsman.language.expressions import Reference, references
from pointsman.language.pipeline import Draft
from pointsman.language.scalars import SegmentMap

EVERYWHERE = frozenset({"input", "outputs", "state", "envelope", "run", "budget", "visits", "branch"})
POLICY = EVERYWHERE | {"args", "tool", "model", "principal", "tenant", "workspace", "agent", "stage", "pipeline"}

Stages = dict[str, list[model.Stage]]
"""Stages by name; of one name the innermost comes first."""


@dataclass(frozen=True, slots=True)
class Site:
    """One expression. `offset` is where its text starts in the value that `map` is of.

    `stages` are those whose outputs it may name, None when they are not known here; `stage` is the one it belongs to.
    """

    references: tuple[Reference, ...]
    map: SegmentMap
    offset: int
    roots: frozenset[str]
    stages: Stages | None = None
    stage: model.Stage | None = None


def by_name(of: Iterable[model.Stage]) -> Stages:
    """Stages by name, in the order given."""
    found: Stages = {}
    for stage in of:
        found.setdefault(stage.name, []).append(stage)
    return found


def pipeline_sites(draft: Draft) -> Iterator[Site]:
    """The expressions of a pipeline, those of its agents last."""
    pipeline = draft.pipeline
    for block, outer in blocks(draft):
        seen = by_name((*block.stages, *outer))
        for stage in block.stages:
            yield from _stage_sites(stage, seen)
        # The end of a branch; the pipeline's own output is below.
        yield from _value_sites(block.output, EVERYWHERE, seen, None)
    yield from _value_sites(pipeline.output, EVERYWHERE, by_name(pipeline.root.stages), None)
    for key in pipeline.state:
        if isinstance(key.merge, model.Code):
            yield _code_site(key.merge, EVERYWHERE | {"old", "new"}, None, None)
    everyone = by_name(stages(draft))
    for one in workers(pipeline):
        if isinstance(one.target, model.CommandTarget):
            # Which stage runs it is settled elsewhere, so every stage of the file may be meant.
            for value in (one.target.argv, one.target.stdin):
                yield from _value_sites(value, EVERYWHERE | {"args"}, everyone, None)


def policy_sites(context: Context) -> Iterator[Site]:
    """The conditions of policies: of which pipeline they speak is not known, so outputs and state are not judged."""
    for draft in context.policies:
        for rule in draft.policy.rules:
            roots = POLICY | {"result"} if "output.accept" in rule.at or not rule.at else POLICY
            for code in (rule.when, rule.unless):
                if code:
                    yield _code_site(code, roots, None, None)


def _stage_sites(stage: model.Stage, seen: Stages) -> Iterator[Site]:
    def code(one: model.Code | None, *more: str) -> Iterator[Site]:
        if one:
            yield _code_site(one, EVERYWHERE | set(more), seen, stage)

    def value(one: model.Value | None, *more: str) -> Iterator[Site]:
        yield from _value_sites(one, EVERYWHERE | set(more), seen, stage)

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


def _code_site(code: model.Code, roots: frozenset[str], seen: Stages | None, stage: model.Stage | None) -> Site:
    return Site(references(code.tree), code.map, 0, roots, seen, stage)


def _value_sites(
    value: model.Value | None, roots: frozenset[str], seen: Stages | None, stage: model.Stage | None
) -> Iterator[Site]:
    waiting = [value]
    while waiting:
        match waiting.pop():
            case model.Text(template=template, map=where):
                for hole in template.holes:
                    yield Site(references(hole.expr), where, hole.offset, roots, seen, stage)
            case model.Items(items):
                waiting += items
            case model.Fields(fields):
                waiting += [inner for _, inner in fields]
            case _:
                pass
