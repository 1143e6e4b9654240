"""What a check may look at: one file with all that was read from it, and the files around it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pointsman.language import model
from pointsman.language.diagnostics import Diagnostic
from pointsman.language.pipeline import Draft
from pointsman.language.policy import PolicyDraft
from pointsman.language.reading import Found
from pointsman.language.source import Source, Span


@dataclass(frozen=True)
class Files:
    """The texts around a file, by the paths that `wanted` asked for; None was looked for and is not there.

    `top_level`: the modules the user's interpreter can import besides those under the roots; None is not known.
    """

    texts: Mapping[str, bytes | None] = field(default_factory=dict)
    top_level: frozenset[str] | None = None


@dataclass(frozen=True)
class Context:
    """One file. `damaged` are the places of errors found before the checks: what hangs on them is not judged."""

    source: Source
    files: Files
    workspace: model.Workspace
    pipelines: tuple[Draft, ...] = ()
    policies: tuple[PolicyDraft, ...] = ()
    damaged: tuple[Span, ...] = ()

    def sound(self, span: Span) -> bool:
        """Whether nothing inside of a range was refused; a guess about the rest would be noise."""
        return not any(span.start <= one.start <= span.end for one in self.damaged)


Findings = Iterator[Diagnostic]


def blocks(draft: Draft) -> Iterator[tuple[model.Block, tuple[model.Stage, ...]]]:
    """All blocks of a pipeline, outer ones first, each with the stages whose outputs it sees from outside."""
    waiting: list[tuple[model.Block, tuple[model.Stage, ...]]] = [(draft.pipeline.root, ())]
    while waiting:
        block, outer = waiting.pop(0)
        yield block, outer
        for stage in block.stages:
            if stage.fork:
                waiting += [(branch.block, (*outer, *block.stages)) for branch in stage.fork.branches]


def stages(draft: Draft) -> Iterator[model.Stage]:
    """All stages of a pipeline, those of branches too."""
    for block, _ in blocks(draft):
        yield from block.stages


def section_of(draft: Draft, stage: model.Stage) -> Found | None:
    """The keys of a stage as they are written; None when it could not be read."""
    return draft.sections.get(stage.name_span)


def agents_of(context: Context, draft: Draft) -> dict[str, model.Agent]:
    """The agents a pipeline knows: the workspace's and its own, which come first."""
    return {agent.name: agent for agent in (*context.workspace.agents, *draft.pipeline.agents)}


def tools_of(context: Context, draft: Draft) -> dict[str, model.Tool]:
    """The tools a pipeline knows."""
    return {tool.name: tool for tool in (*context.workspace.tools, *draft.pipeline.tools)}


def workers(of: model.Pipeline | model.Workspace) -> tuple[model.Agent | model.Tool, ...]:
    """Everything with a target: agents, then tools."""
    return (*of.agents, *of.tools)
