"""Sites: the places in a program's text, and in its policies', that a breakpoint can stand on, each with its range."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pointsman.debugger.moments import Part
from pointsman.kernel.instructions import Edge, Instruction, Program
from pointsman.language import model
from pointsman.language.analysis import Files, analyse
from pointsman.language.source import Source, Span


@dataclass(frozen=True, slots=True)
class Site:
    """A stage, one of its parts, one of its routes, or a rule of a policy.

    `stages` are the ids of all instructions it stands for (an aliased stage has several). `route` is the index of a
    route, of `on_error` where `handler`. `span` is what a person sees as the place, `whole` all that belongs to it.
    """

    what: str
    span: Span
    whole: Span
    stages: tuple[str, ...] = ()
    part: Part = "enter"
    route: int | None = None
    handler: bool = False
    rule: str = ""


def sites_of(program: Program) -> tuple[Site, ...]:
    """Every site of a pipeline, in the order of the text."""
    by_place: dict[Span, list[Instruction]] = {}
    for block in program.blocks.values():
        for code in block.stages.values():
            by_place.setdefault(code.stage.name_span, []).append(code)
    found = [site for codes in by_place.values() for site in _of_stage(codes)]
    return tuple(sorted(found, key=lambda site: (site.span.start, site.whole.end)))


def rule_sites(source: Source) -> tuple[Site, ...]:
    """Every rule of a policy file."""
    policies = analyse(source, Files({})).policies
    rules = [(policy, rule) for policy in policies for rule in policy.rules]
    return tuple(
        Site(f"rule {rule.id}", rule.span, rule.span, rule=f"{policy.name}/{rule.id}") for policy, rule in rules
    )


def site_at(sites: Iterable[Site], source: Source, line: int, offset: int | None = None) -> Site | None:
    """The site that a line (from 0) or a place on it means: what starts there, else what it lies in, else what is next.

    None where nothing follows, as below the last stage, and above the first.
    """
    sites = tuple(sites)
    first, last = _line(source, line)
    if offset is not None:
        exact = [site for site in sites if site.span.start <= offset <= site.span.end]
        if exact:
            return min(exact, key=lambda site: site.span.end - site.span.start)
    starting = [site for site in sites if first <= site.span.start < last and site.part == "enter"]
    if starting:
        return starting[0]
    around = [site for site in sites if site.whole.start <= first < site.whole.end and site.part == "enter"]
    if around:
        return min(around, key=lambda site: site.whole.end - site.whole.start)
    before = any(site.whole.start < first for site in sites)
    return next((site for site in sites if site.span.start >= first), None) if before else None


def part_span(stage: model.Stage, part: Part) -> Span:
    """What a person looks at while a stage is at a part: where a breakpoint on it stands, or the stage's name."""
    agent = stage.agent.span if stage.agent else stage.name_span
    if part in ("policy before", "policy after", "tool call", "model call"):
        return agent
    known = "fork" if part == "merge" else part
    return next((span for name, span in _parts(stage) if name == known), stage.name_span)


def _of_stage(codes: list[Instruction]) -> Iterator[Site]:
    code, stages = codes[0], tuple(code.id for code in codes)
    stage = code.stage
    yield Site(f"stage {stage.name}", stage.name_span, stage.span, stages)
    for part, span in _parts(stage):
        yield Site(f"{part} of {stage.name}", span, span, stages, part)
    for handler, edges in ((False, code.routes), (True, code.on_error)):
        for index, edge in enumerate(edges or ()):
            yield Site(_route(stage, edge), edge.span, edge.span, stages, "enter", index, handler)


def _parts(stage: model.Stage) -> Iterator[tuple[Part, Span]]:
    if stage.agent:
        yield "agent", stage.agent.span
    if stage.ask:
        yield "ask", stage.ask.span
    if stage.fork:
        yield "fork", Span(stage.fork.span.start, stage.fork.span.start)
    for name, _ in stage.set:
        yield "set", name.span
    if stage.next:
        yield "route", stage.next.span


def _route(stage: model.Stage, edge: Edge) -> str:
    return f"route {stage.name} → {edge.to}" + (f" ({edge.label})" if edge.label else "")


def _line(source: Source, line: int) -> tuple[int, int]:
    starts = source.line_starts
    if line >= len(starts):
        return len(source.data), len(source.data)
    return starts[line], starts[line + 1] if line + 1 < len(starts) else len(source.data) + 1
