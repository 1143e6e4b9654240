"""Names of stages, branches, agents and tools: those that nothing has, and those that nobody uses."""

from collections.abc import Iterable

from pointsman.language import model
from pointsman.language.checks.context import Environment, Findings, Whole
from pointsman.language.contents import Unit
from pointsman.language.diagnostics import Diagnostic, Fix, Severity, did_you_mean, nearest
from pointsman.language.facts import everyone, targets
from pointsman.language.reading import Found
from pointsman.language.writing import written

ENDS = ("end", "fail")


def unknown_stage(unit: Unit, env: Environment) -> Findings:
    """A target that is no stage of the same block, nor `end` or `fail`."""
    for step in unit.content.steps:
        for target in targets(step.stage):
            if target.name in ENDS:
                continue
            if env.stage(target.name) is not None if step.own is None else target.name in step.own:
                continue
            here = env.stage_names() if step.own is None else step.own
            if env.anywhere(target.name):
                message = f"the stage {target.name} is in another block; a target is in the same one"
            else:
                message = f"there is no stage {target.name}{did_you_mean(target.name, (*here, *ENDS))}"
            yield _unknown("unknown_stage", target, message, (*here, *ENDS))


def unknown_branch(unit: Unit, env: Environment) -> Findings:
    """A name in `join.optional` that no branch of the fork has."""
    for step in unit.content.steps:
        join: Found | None = step.found.get("join") if step.found and step.stage.fork else None
        if join is None or step.stage.fork is None:
            continue
        known = [branch.name for branch in step.stage.fork.branches]
        for name in join.get("optional", ()):
            if name.name not in known:
                message = f"the fork has no branch {name.name}{did_you_mean(name.name, known)}"
                yield _unknown("unknown_branch", name, message, known)


def unknown_agent(unit: Unit, env: Environment) -> Findings:
    """A stage whose agent neither this pipeline nor the workspace has."""
    for step in unit.content.steps:
        agent = step.stage.agent
        if agent and not env.has_agent(agent.name):
            known = env.agent_names()
            message = f"there is no agent {agent.name}{did_you_mean(agent.name, known)}"
            yield _unknown("unknown_agent", agent, message, known)


def unknown_tool(unit: Unit, env: Environment) -> Findings:
    """A tool in an agent's allow-list that is nowhere defined."""
    for agent in unit.content.agents:
        for tool in agent.tools:
            if not env.has_tool(tool.name):
                known = env.tool_names()
                message = f"there is no tool {tool.name}{did_you_mean(tool.name, known)}"
                yield _unknown("unknown_tool", tool, message, known)


def unused_agent(whole: Whole) -> Findings:
    """An agent that no stage names."""
    facts = whole.env.facts
    used = {stage.agent for stage in everyone(facts.stages) if stage.agent is not None}
    known = {agent.name for agent in facts.workspace.agents} | {agent.name for agent in facts.agents}
    # A misspelt name may be meant for any of those nobody seems to use.
    if not whole.sound(whole.sheet.found.span) or not used <= known:
        return
    for name, span in whole.names_of("agents"):
        if name not in used:
            yield Diagnostic("unused_agent", span, f"no stage uses the agent {name}", Severity.WARNING)


def unused_tool(whole: Whole) -> Findings:
    """A tool in no agent's allow-list: nobody may call it."""
    facts = whole.env.facts
    allowed = {agent.name: tuple(tool.name for tool in agent.tools) for agent in facts.workspace.agents}
    allowed |= {agent.name: agent.tools for agent in facts.agents}
    used = {tool for tools in allowed.values() for tool in tools}
    known = {*(tool.name for tool in facts.workspace.tools), *facts.tools}
    if not whole.sound(whole.sheet.found.span) or not used <= known:
        return
    for name, span in whole.names_of("tools"):
        if name not in used:
            yield Diagnostic("unused_tool", span, f"no agent has {name} among its `tools`", Severity.WARNING)


def _unknown(code: str, name: model.Name, message: str, known: Iterable[str]) -> Diagnostic:
    near = nearest(name.name, known)
    return Diagnostic(
        code, name.span, message, fix=Fix(f"Change to {near}", name.span, written(near)) if near else None
    )
