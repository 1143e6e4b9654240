"""A document of a `*.pipeline.yaml`, read into the model.

A stage that could not be read keeps its name, so that a route to it is no second finding.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from pointsman.language import model, schema
from pointsman.language.agents import read_agents, read_tools
from pointsman.language.collecting import ABSENT, Absent, Reading
from pointsman.language.contents import Content, Unit, stage_content
from pointsman.language.items import Steps
from pointsman.language.leaves import not_in_this_version
from pointsman.language.moving import moved
from pointsman.language.reading import Found, Item
from pointsman.language.source import Span
from pointsman.language.stages import MovedStages
from pointsman.language.tree import Node
from pointsman.language.units import Sheet, Store, read_sheet

_NONE: Final = Content()


APART = frozenset({"stages", "agents", "tools", "state"})
"""The keys whose values are read entry by entry."""


@dataclass(slots=True)
class _Stages:
    """What reading stages needs from around them, and the sections it leaves behind."""

    reading: Reading
    timeout_ns: int = 0
    retry: model.Retry = model.Retry()
    sections: dict[Span, Found] = field(default_factory=dict)


def read_pipeline(reading: Reading, root: Node, store: Store) -> Steps[Sheet | Absent]:
    """A document of a pipeline, piece by piece; ABSENT when it is no mapping."""
    sheet = yield from read_sheet(reading, root, schema.SECTIONS["pipeline"], APART, pipeline_content, store)
    if sheet is not ABSENT:
        wrong_language_version(reading, sheet.found)
    return sheet


def pipeline_content(reading: Reading, values: dict[str, Any]) -> Content:
    """What a piece of a pipeline holds. Defaults stand in another piece, so its stages are without them."""
    items: tuple[Item, ...] = values.get("stages", ())
    stages = _Stages(reading)
    content = stage_content(items, tuple(_stage(stages, item) for item in items), stages.sections) if items else _NONE
    return replace(
        content,
        agents=read_agents(reading, values.get("agents", ())),
        tools=read_tools(reading, values.get("tools", ())),
        state=tuple((_state(item), item.value) for item in values.get("state", ())),
        output=values.get("output"),
        policies=values.get("policies", ()),
    )


def pipeline_of(sheet: Sheet) -> model.Pipeline:
    """The model of a document, its spans those of the file. A stage is made when somebody looks at it."""
    found = sheet.found
    defaults: Found | None = found.get("defaults")
    timeout_ns = defaults.get("timeout", 0) if defaults else 0
    retry = _retry(defaults.get("retry") if defaults else None, model.Retry())

    def stage(unit: Unit, item: Item) -> model.Stage:
        return _stage(_Stages(Reading(unit.source), timeout_ns, retry), item)

    def all_of(name: str) -> tuple[Any, ...]:
        # A key that could not be read as a whole holds nothing, whatever its pieces say.
        placed = sheet.with_key(name) if name in found.values else ()
        return tuple(moved(part, one.by) for one in placed for part in getattr(one.unit.content, name))

    limits: Found | None = found.get("limits")
    budget: Found | None = found.get("budget")
    in_pieces = MovedStages(sheet.with_key("stages"), stage, (timeout_ns, retry)) if "stages" in found.values else ()
    return model.Pipeline(
        name=found.get("pipeline", ""),
        span=found.span,
        root=model.Block(in_pieces, found.at("stages")),
        description=found.get("description", ""),
        input=found.get("input"),
        output=next((moved(one.unit.content.output, one.by) for one in sheet.heads if one.unit.content.output), None),
        state=tuple(key for key, _ in all_of("state")),
        agents=all_of("agents"),
        tools=all_of("tools"),
        limits=model.Limits(**limits.values) if limits else model.Limits(),
        budget=_budget(budget) if budget else model.Budget(),
        policies=all_of("policies"),
    )


def wrong_language_version(reading: Reading, found: Found) -> None:
    """A file of another version of the language."""
    version = found.get("language")
    if version is not None and version != schema.LANGUAGE:
        message = f"this is language {version}; this version of Pointsman reads language {schema.LANGUAGE}"
        reading.report("wrong_language_version", found.at("language"), message)


def _state(item: Item) -> model.StateKey:
    found: Found | None = item.value
    if found is None:
        return model.StateKey(item.name.name, item.span, None)
    return model.StateKey(
        item.name.name, item.span, found.get("schema"), found.get("default"), found.get("merge", "replace")
    )


def _budget(found: Found) -> model.Budget:
    return model.Budget(found.get("tokens"), found.get("cost"), found.get("wall"))


def _retry(found: Found | None, base: model.Retry) -> model.Retry:
    """`retry` over what holds without it, key by key."""
    if found is None:
        return base
    return model.Retry(
        attempts=found.get("attempts", base.attempts),
        backoff_ns=found.get("backoff", base.backoff_ns),
        factor=found.get("factor", base.factor),
        max_ns=found.get("max", base.max_ns),
        on=frozenset(found.get("on", base.on)),
    )


def _block(stages: _Stages, items: Iterable[Item], span: Span, output: model.Value | None) -> model.Block:
    return model.Block(tuple(_stage(stages, item) for item in items), span, output)


def _stage(stages: _Stages, item: Item) -> model.Stage:
    found: Found | None = item.value
    if found is None:
        return model.Stage(item.name.name, item.span, item.name.span, "gate")
    stages.sections[item.name.span] = found
    kind = _kind(found)
    # Only an agent makes attempts; a default for them must not end a question to a person.
    works = kind == "agent"
    return model.Stage(
        name=item.name.name,
        span=item.span,
        name_span=item.name.span,
        kind=kind,
        agent=found.get("agent") if works else None,
        args=found.get("with", model.EMPTY),
        ask=_ask(found.get("ask")) if kind == "ask" else None,
        fork=_fork(stages, found) if kind == "fork" else None,
        set=tuple((one.name, one.value) for one in found.get("set", ()) if one.value is not None)
        if kind == "set"
        else (),
        result=found.get("result"),
        when=found.get("when"),
        routes=_routes(found.get("routes")),
        next=found.get("next"),
        on_error=_handlers(found.get("on_error")),
        timeout_ns=found.get("timeout", stages.timeout_ns if works else 0),
        retry=_retry(found.get("retry"), stages.retry if works else model.Retry()),
        max_visits=found.get("max_visits"),
        idempotency_key=found.get("idempotency_key"),
        description=found.get("description", ""),
        tags=found.get("tags", ()),
    )


def _kind(found: Found) -> model.StageKind:
    for name in found.entries:
        match name:
            case "agent" | "ask" | "fork" | "set" if found.get(name) is not None:
                return name
            case _:
                pass
    return "gate"


def _ask(found: Found | None) -> model.Ask | None:
    if found is None:
        return None
    empty = model.Fixed("")
    return model.Ask(
        what=found.get("kind", "confirmation"),
        question=found.get("question", empty),
        span=found.span,
        assignee=found.get("assignee", empty),
        expires_ns=found.get("expires", 0),
        answer=found.get("answer"),
    )


def _fork(stages: _Stages, found: Found) -> model.Fork:
    join: Found | None = found.get("join")
    joined = model.Join()
    if join:
        optional = frozenset(name.name for name in join.get("optional", ()))
        joined = model.Join("all", optional, join.get("fail_fast", False))
    branches = tuple(_branch(stages, item) for item in found.get("fork", ()))
    return model.Fork(branches, joined, found.at("fork"))


def _branch(stages: _Stages, item: Item) -> model.Branch:
    found: Found | None = item.value
    name = item.name.name
    if found is None or "stages" not in found.entries:
        # A branch that is one stage: a block of a stage with the branch's name.
        stage = _stage(stages, item)
        return model.Branch(name, item.span, model.Block((stage,), item.span), True)
    for key in found.entries:
        if key not in ("stages", "output") and not found.section.by_name[key].later:
            _beside_stages(stages.reading, found, key)
    block = _block(stages, found.get("stages", ()), found.at("stages"), found.get("output"))
    return model.Branch(name, item.span, block)


def _beside_stages(reading: Reading, found: Found, key: str) -> None:
    """A modifier on a branch with several stages: what it would mean there is not settled, so it is refused."""
    if key not in found.section.kinds:
        not_in_this_version(reading, found.key(key), f"`{key}` on a branch with `stages`")


def _routes(found: Any) -> tuple[model.Route, ...] | None:
    if found is None:
        return None
    return tuple(_route(one) for one in found if one.get("to") is not None)


def _handlers(found: Any) -> tuple[model.Route, ...] | None:
    if isinstance(found, model.Name):
        return (model.Route(found, found.span),)
    return _routes(found)


def _route(found: Found) -> model.Route:
    return model.Route(
        to=found.get("to"),
        span=found.span,
        when=found.get("when"),
        label=found.get("label", ""),
        max=found.get("max"),
        on_max=found.get("on_max"),
    )
