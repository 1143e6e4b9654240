"""Names of stages, branches, agents and tools: those that nothing has, and those that nobody uses."""

from collections.abc import Iterable, Iterator

from pointsman.language import model
from pointsman.language.checks.context import Context, Findings, agents_of, blocks, section_of, stages, tools_of
from pointsman.language.diagnostics import Diagnostic, Fix, Severity, did_you_mean, nearest
from pointsman.language.pipeline import Draft
from pointsman.language.reading import Found
from pointsman.language.source import Span

ENDS = ("end", "fail")


def unknown_stage(context: Context) -> Findings:
    """A target that is no stage of the same block, nor `end` or `fail`."""
    for draft in context.pipelines:
        everywhere = {stage.name for stage in stages(draft)}
        for block, _ in blocks(draft):
            here = [stage.name for stage in block.stages]
            for stage in block.stages:
                for target in targets(stage):
                    if target.name in here or target.name in ENDS:
                        continue
                    if target.name in everywhere:
                        message = f"the stage {target.name} is in another block; a target is in the same one"
                    else:
                        message = f"there is no stage {target.name}{did_you_mean(target.name, (*here, *ENDS))}"
                    yield _unknown("unknown_stage", target, message, (*here, *ENDS))


def unknown_branch(context: Context) -> Findings:
    """A name in `join.optional` that no branch of the fork has."""
    for draft in context.pipelines:
        for stage in stages(draft):
            found = section_of(draft, stage)
            join: Found | None = found.get("join") if found and stage.fork else None
            if join is None or stage.fork is None:
                continue
            known = [branch.name for branch in stage.fork.branches]
            for name in join.get("optional", ()):
                if name.name not in known:
                    message = f"the fork has no branch {name.name}{did_you_mean(name.name, known)}"
                    yield _unknown("unknown_branch", name, message, known)


def unknown_agent(context: Context) -> Findings:
    """A stage whose agent neither this pipeline nor the workspace has."""
    for draft in context.pipelines:
        known = agents_of(context, draft)
        if "agents" in draft.found.entries and draft.found.get("agents") is None:
            continue
        for stage in stages(draft):
            if stage.agent and stage.agent.name not in known:
                message = f"there is no agent {stage.agent.name}{did_you_mean(stage.agent.name, known)}"
                yield _unknown("unknown_agent", stage.agent, message, known)


def unknown_tool(context: Context) -> Findings:
    """A tool in an agent's allow-list that is nowhere defined."""
    for draft in context.pipelines:
        known = tools_of(context, draft)
        if "tools" in draft.found.entries and draft.found.get("tools") is None:
            continue
        for agent in draft.pipeline.agents:
            for tool in agent.tools:
                if tool.name not in known:
                    message = f"there is no tool {tool.name}{did_you_mean(tool.name, known)}"
                    yield _unknown("unknown_tool", tool, message, known)


def unused_agent(context: Context) -> Findings:
    """An agent that no stage names."""
    for draft in context.pipelines:
        if not context.sound(draft.found.span):
            continue
        used = {stage.agent.name for stage in stages(draft) if stage.agent}
        # A misspelt name may be meant for any of those nobody seems to use.
        if not used <= agents_of(context, draft).keys():
            continue
        for name, span in _defined(draft, "agents"):
            if name not in used:
                yield Diagnostic("unused_agent", span, f"no stage uses the agent {name}", Severity.WARNING)


def unused_tool(context: Context) -> Findings:
    """A tool in no agent's allow-list: nobody may call it."""
    for draft in context.pipelines:
        if not context.sound(draft.found.span):
            continue
        used = {tool.name for agent in agents_of(context, draft).values() for tool in agent.tools}
        if not used <= tools_of(context, draft).keys():
            continue
        for name, span in _defined(draft, "tools"):
            if name not in used:
                yield Diagnostic("unused_tool", span, f"no agent has {name} among its `tools`", Severity.WARNING)


def targets(stage: model.Stage) -> Iterator[model.Name]:
    """Every place a stage may go to by name."""
    for route in (*(stage.routes or ()), *(stage.on_error or ())):
        yield route.to
        if route.on_max:
            yield route.on_max
    if stage.next:
        yield stage.next


def _defined(draft: Draft, key: str) -> Iterator[tuple[str, Span]]:
    for item in draft.found.get(key, ()):
        yield item.name.name, item.name.span


def _unknown(code: str, name: model.Name, message: str, known: Iterable[str]) -> Diagnostic:
    near = nearest(name.name, known)
    return Diagnostic(code, name.span, message, fix=Fix(f"Change to {near}", name.span, near) if near else None)
