"""What the rest of a text may know of a stage or an agent: small, without any place, and equal as long as nothing that
others depend on has changed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pointsman.language import model
from pointsman.language.expressions import Literal


@dataclass(frozen=True, slots=True)
class StageFacts:
    """A stage as others see it. `contract`: it says what its result is; `given` are its arguments' names, None when
    they are not certain; `inside` has the stages of its branches, branch by branch.

    `onward` are the names it may go on to whatever its conditions say (`fail` when no route may match); `falls` when
    also to the stage below.
    """

    name: str
    contract: bool
    asks: str | None
    branches: tuple[str, ...] | None
    agent: str | None
    given: frozenset[str] | None
    onward: frozenset[str]
    falls: bool
    inside: "tuple[tuple[StageFacts, ...], ...]" = ()


@dataclass(frozen=True, slots=True)
class AgentFacts:
    """An agent as others see it: what it runs if that is Python, and the tools it may call."""

    name: str
    python: str | None
    tools: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InputFacts:
    """What the schema of the input says about its fields: `closed` to all others, `open` when it may bring more."""

    fields: tuple[str, ...]
    required: frozenset[str]
    closed: bool
    open: bool


def stage_facts(stage: model.Stage) -> StageFacts:
    """The facts of a stage and of those inside."""
    branches = stage.fork.branches if stage.fork else ()
    onward = {target.name for target in targets(stage)}
    if stage.routes and stage.next is None and not any(always(route) for route in stage.routes):
        # When no route matches, the stage fails: `missing_catch_all` speaks of that.
        onward.add("fail")
    return StageFacts(
        name=stage.name,
        contract=bool(stage.result),
        asks=stage.ask.what if stage.ask else None,
        branches=tuple(branch.name for branch in branches) if stage.fork else None,
        agent=stage.agent.name if stage.agent else None,
        given=_given(stage),
        onward=frozenset(onward),
        falls=stage.next is None and (stage.routes is None or stage.when is not None),
        inside=tuple(tuple(map(stage_facts, branch.block.stages)) for branch in branches),
    )


def agent_facts(agent: model.Agent) -> AgentFacts:
    """The facts of an agent. Where its target is written is of no account."""
    python = agent.target.target if isinstance(agent.target, model.PythonTarget) else None
    return AgentFacts(agent.name, python, tuple(tool.name for tool in agent.tools))


def input_facts(schema: model.Json) -> InputFacts | None:
    """The facts of an input's schema; None when it says nothing about fields."""
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(schema, dict) or not isinstance(properties, dict):
        return None
    required = schema.get("required", ())
    return InputFacts(
        fields=tuple(str(name) for name in properties),
        required=frozenset(one for one in required if isinstance(one, str)),
        closed=schema.get("additionalProperties") is False,
        open=not set(schema).isdisjoint({"$ref", "allOf", "anyOf", "oneOf", "if", "patternProperties"}),
    )


def everyone(of: Iterable[StageFacts]) -> Iterator[StageFacts]:
    """Stages with all that are inside of them."""
    for one in of:
        yield one
        for block in one.inside:
            yield from everyone(block)


def targets(stage: model.Stage) -> Iterator[model.Name]:
    """Every place a stage may go to by name."""
    for route in (*(stage.routes or ()), *(stage.on_error or ())):
        yield route.to
        if route.on_max:
            yield route.on_max
    if stage.next:
        yield stage.next


def always(route: model.Route) -> bool:
    """Whether a route is taken whenever it is reached."""
    return route.max is None and (route.when is None or is_literally(route.when, True))


def is_literally(code: model.Code, value: bool) -> bool:
    """Whether an expression is just `true` or `false`."""
    return isinstance(code.tree, Literal) and code.tree.value is value


def _given(stage: model.Stage) -> frozenset[str] | None:
    match stage.args:
        case model.Fields(fields):
            return frozenset(name for name, _ in fields)
        case model.Fixed(dict() as values):
            return frozenset(values)
        case _:
            return None
