"""What one piece of a text says, in the piece's own coordinates and in the form in which checks ask for it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pointsman.language import model
from pointsman.language.collecting import Reading
from pointsman.language.diagnostics import Diagnostic
from pointsman.language.facts import StageFacts, stage_facts
from pointsman.language.reading import Found, Item
from pointsman.language.source import Source, Span

Stages = dict[str, list[StageFacts]]
"""Stages by name; of one name the innermost comes first."""


@dataclass(frozen=True, slots=True)
class Step:
    """A stage, at whatever depth. `found` are its keys as written, None when it could not be read.

    `own` are the names of its block and `seen` the stages of the blocks around it, both as far as they lie inside of
    the piece; `own` is None for a stage of the pipeline's own block, which other pieces make up with this one.
    """

    stage: model.Stage
    found: Found | None
    own: tuple[str, ...] | None
    seen: Stages


@dataclass(frozen=True, slots=True)
class Inner:
    """A block of a branch, with the stages an expression at its end may name."""

    block: model.Block
    facts: tuple[StageFacts, ...]
    seen: Stages


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """What a piece holds; most hold one thing of one sort. `items` are the `stages` as they were found."""

    items: tuple[Item, ...] = ()
    stages: tuple[model.Stage, ...] = ()
    facts: tuple[StageFacts, ...] = ()
    steps: tuple[Step, ...] = ()
    inner: tuple[Inner, ...] = ()
    agents: tuple[model.Agent, ...] = ()
    tools: tuple[model.Tool, ...] = ()
    state: tuple[tuple[model.StateKey, Found | None], ...] = ()
    output: model.Value | None = None
    policies: tuple[model.Name, ...] = ()
    rules: tuple[tuple[model.Rule, Found], ...] = ()

    @property
    def workers(self) -> tuple[model.Agent | model.Tool, ...]:
        """Everything with a target: agents, then tools."""
        return (*self.agents, *self.tools)


Contents = Callable[[Reading, dict[str, Any]], Content]
"""Makes the content of a piece from the values read in it."""


@dataclass(slots=True, eq=False)
class Unit:
    """One piece of a text, read. All places in it count from the start of `source`: the piece alone, or, where what it
    says depends on other pieces, the `whole` text.

    `damaged` are the places of errors found before the checks: what hangs on them is not judged. `count` is how many
    items it has, those that could not be read too, `spent` the work its reading took; `verdict` and `kept`
    are what others remember with it.
    """

    source: Source
    values: dict[str, Any]
    content: Content
    count: int = 0
    diagnostics: tuple[Diagnostic, ...] = ()
    swallowed: tuple[Span, ...] = ()
    spent: int = 0
    damaged: tuple[Span, ...] = ()
    whole: bool = False
    verdict: Any = None
    kept: dict[Any, Any] = field(default_factory=dict)

    def sound(self, span: Span) -> bool:
        """Whether nothing inside of a range was refused; a guess about the rest would be noise."""
        return not any(span.start <= one.start <= span.end for one in self.damaged)


class Placed(NamedTuple):
    """A unit and where it stands."""

    unit: Unit
    by: int


def stage_content(items: tuple[Item, ...], stages: tuple[model.Stage, ...], sections: dict[Span, Found]) -> Content:
    """The content of a piece that holds stages of the pipeline's own block; `sections` by the span of their names."""
    facts = tuple(map(stage_facts, stages))
    steps = [Step(stage, sections.get(stage.name_span), None, {}) for stage in stages]
    inner: list[Inner] = []
    waiting: list[tuple[model.Stage, StageFacts, tuple[StageFacts, ...]]]
    waiting = [(stage, own, ()) for stage, own in zip(stages, facts, strict=True) if stage.fork]
    for outer, of, around in waiting:
        for branch, own in zip(outer.fork.branches if outer.fork else (), of.inside, strict=True):
            within = (*own, *around)
            seen = by_name(within)
            inner.append(Inner(branch.block, own, seen))
            names = tuple(one.name for one in own)
            for stage, one in zip(branch.block.stages, own, strict=True):
                steps.append(Step(stage, sections.get(stage.name_span), names, seen))
                if stage.fork:
                    waiting.append((stage, one, within))
    return Content(items, stages, facts, tuple(steps), tuple(inner))


def by_name(of: Iterable[StageFacts]) -> Stages:
    """Stages by name, in the order given."""
    found: Stages = {}
    for one in of:
        found.setdefault(one.name, []).append(one)
    return found
