"""What is in scope where: the names an expression may start with at a place, with their members, types and meaning.

Which names are known where is the checks' table (`checks.sites`); what the fixed records hold is the kernel's
(`kernel.envelope`), and a test compares it with a run's.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice

from pointsman.language import model
from pointsman.language.annotations import Class, annotated, read_classes
from pointsman.language.checks.context import Context
from pointsman.language.checks.sites import EVERYWHERE, POLICY
from pointsman.language.checks.targets import function_of, import_roots, parts, seek
from pointsman.language.datatypes import (
    ANY,
    INT,
    LIST,
    MAP,
    NULL,
    STRING,
    Basic,
    ListOf,
    MapOf,
    Member,
    Record,
    Type,
    from_schema,
    from_value,
    member,
    one_of,
    record,
)
from pointsman.language.inference import type_of
from pointsman.language.python_facts import Function
from pointsman.language.records import answer_record, error_record, fixed_names
from pointsman.language.spots import Path, Spot, Visible, every, spot_at, spot_of_branch, visible
from pointsman.language.stages import stage_names

BESIDE: dict[str, frozenset[str]] = {
    "ask": frozenset({"args"}),
    "set": frozenset({"args"}),
    "idempotency_key": frozenset({"args"}),
    "routes": frozenset({"args", "result"}),
    "on_error": frozenset({"args", "error"}),
}
"""What is known under a key of a stage beside what is known everywhere."""

# So many stages are looked at for the arguments that they give an agent.
_LOOKED = 100


@dataclass(frozen=True)
class Around:
    """A document and the files around it. Made for one question: what was found out is kept in it."""

    context: Context
    of: model.Pipeline | model.Policy
    kept: dict[tuple[str, int], Type] = field(default_factory=dict)
    given: dict[str, tuple[Type, str]] = field(default_factory=dict)

    def function(self, target: model.Target | None) -> Function | None:
        """The Python function behind a target, when its signature is certain."""
        if not isinstance(target, model.PythonTarget):
            return None
        return function_of(self.context, target, import_roots(self.context.source, self.context.workspace))

    def agent(self, name: str) -> model.Agent | None:
        """The agent of that name: the pipeline's own, or the workspace's."""
        own = self.of.agents if isinstance(self.of, model.Pipeline) else ()
        return next((one for one in chain(own, self.context.workspace.agents) if one.name == name), None)

    def tool(self, name: str) -> model.Tool | None:
        """The tool of that name: the pipeline's own, or the workspace's."""
        own = self.of.tools if isinstance(self.of, model.Pipeline) else ()
        return next((one for one in chain(own, self.context.workspace.tools) if one.name == name), None)


def names(around: Around, path: Path, offset: int = 0) -> dict[str, Member]:
    """The names an expression at a path may start with, in the order to show them. `offset` is a byte of the place."""
    if isinstance(around.of, model.Policy):
        return _policy_names(around, around.of, offset)
    spot = spot_at(around.of, path)
    known = set(EVERYWHERE)
    if path[:1] == ("stages",):
        known |= BESIDE.get(str(spot.rest[0]), frozenset()) if spot.rest else set()
    elif path[:1] == ("state",):
        known |= {"old", "new"}
    elif path[:1] in (("agents",), ("tools",)):
        known.add("args")
    every = _roots(around, around.of, spot)
    return {name: every[name] for name in every if name in known}


def result_of(around: Around, stage: model.Stage) -> tuple[Type, str]:
    """What a stage gives, and where that is known from in a few words."""
    if stage.result is not None:
        origin = f"the contract of stage {stage.name}"
        promised = from_schema(stage.result, origin=origin)
        given = _own_words(around, stage)
        if isinstance(promised, Record) and promised.open and isinstance(given, Record):
            # A contract that is open lets through what else the agent gives.
            promised = Record({**given.members, **promised.members}, True)
        return promised, origin
    if stage.ask:
        return answer_record(stage.ask, stage.name), f"the answer to {stage.name} ({stage.ask.what})"
    if stage.fork:
        return _joined(around, stage, stage.fork), f"the branches of {stage.name}"
    if stage.agent:
        return _agent_result(around, stage.agent.name)
    return NULL, f"stage {stage.name} ({stage.kind}) gives nothing"


def kind_of(stage: model.Stage) -> str:
    """A stage's kind in a word or two: `agent classify`, `ask confirmation`, `fork`, `set`, `gate`."""
    if stage.agent:
        return f"agent {stage.agent.name}"
    return f"ask {stage.ask.what}" if stage.ask else stage.kind


def value_type(around: Around, value: model.Value, at: dict[str, Member]) -> Type:
    """The type that a value with templates in it renders to; `at` are the names at its place."""
    match value:
        case model.Fixed(value=fixed):
            return from_value(fixed)
        case model.Text(template=template):
            alone = len(template.parts) == 1 and template.holes
            return type_of(template.holes[0].expr.tree, at) if alone else STRING
        case model.Items(items=items):
            return ListOf(one_of(value_type(around, one, at) for one in items)) if items else LIST
        case model.Fields(fields=fields):
            return record(Member(name, partial(value_type, around, one, at)) for name, one in fields)


def _roots(around: Around, pipeline: model.Pipeline, spot: Spot) -> dict[str, Member]:
    stage = spot.stage
    own = f"of stage {stage.name}" if stage else "of the stage"
    data = (
        Member(
            "outputs", partial(_outputs, around, pipeline, spot), "The outputs of the stages that have run, by name."
        ),
        Member("input", partial(_input, pipeline), "The input of the run."),
        Member("state", partial(_state, pipeline), "The values of the run that stages change with set."),
    )
    found = (
        Member("result", partial(_own_result, around, stage), f"The result {own}."),
        Member("error", error_record, f"The failure {own}."),
        Member("args", partial(_args, around, pipeline, spot), f"The arguments {own}, as they were given."),
        *_merged(pipeline, spot),
        *data,
        *fixed_names(data, partial(_visits, spot)),
    )
    return {one.name: one for one in found}


def _own_result(around: Around, stage: model.Stage | None) -> Type:
    return result_of(around, stage)[0] if stage else ANY


def _args(around: Around, pipeline: model.Pipeline, spot: Spot) -> Type:
    """The keys of `with`: of this stage, or of all stages that use this agent."""
    if spot.stage is not None:
        key = ("args", spot.stage.name_span.start)
        if key not in around.kept:
            around.kept[key] = ANY  # for arguments that are made of themselves
            at = _roots(around, pipeline, Spot(spot.blocks, spot.stage, ("with",), spot.passed))
            around.kept[key] = value_type(around, spot.stage.args, {n: at[n] for n in at if n in EVERYWHERE})
        return _with_origin(around.kept[key], f"the arguments of stage {spot.stage.name}")
    if spot.rest[:1] != ("agents",) or len(spot.rest) < 2:
        return MAP
    given: dict[str, Member] = {}
    for one in islice(every(pipeline.root), _LOOKED):
        stage = one.stage
        if stage.agent and stage.agent.name == spot.rest[1]:
            keys = stage.args.value if isinstance(stage.args, model.Fixed) else None
            found = dict(stage.args.fields) if isinstance(stage.args, model.Fields) else keys
            for name in found if isinstance(found, dict) else ():
                given.setdefault(name, member(name, ANY, "", f"the arguments of stage {stage.name}", sure=False))
    return Record(given, True) if given else MAP


def _with_origin(of: Type, origin: str) -> Type:
    if not isinstance(of, Record):
        return of
    return Record({name: Member(name, one.find, one.doc, origin) for name, one in of.members.items()}, of.open)


def _merged(pipeline: model.Pipeline, spot: Spot) -> Iterator[Member]:
    """`old` and `new` of the key whose merge this is."""
    key = next((one for one in pipeline.state if spot.rest[1:2] == (one.name,)), None) if spot.rest else None
    of = from_schema(key.schema) if key else ANY
    yield member("old", of, "The value that the key has now.")
    yield member("new", of if isinstance(of, Basic) else ANY, "The value that is written.")


def _outputs(around: Around, pipeline: model.Pipeline, spot: Spot) -> Type:
    # Which stage runs an agent is settled elsewhere.
    anywhere = spot.rest[:1] in (("agents",), ("tools",))
    found: dict[str, Member] = {}
    for one in every(pipeline.root) if anywhere else visible(spot):
        if one.name not in found:
            find, tell = partial(_result_at, around, one), partial(_told, one)
            found[one.name] = Member(one.name, find, "", f"result of stage {one.name}", False, tell)
    return Record(found, False)


def _told(one: Visible) -> tuple[str, str]:
    return one.stage.description, f"result of stage {one.name} ({'itself' if one.itself else kind_of(one.stage)})"


def _result_at(around: Around, one: Visible) -> Type:
    return result_of(around, one.stage)[0]


def _input(pipeline: model.Pipeline) -> Type:
    return MAP if pipeline.input is None else from_schema(pipeline.input, origin="the input")


def _state(pipeline: model.Pipeline) -> Type:
    return Record(
        {
            key.name: Member(
                key.name,
                partial(from_schema, key.schema),
                _described(key.schema),
                f"state key, merged by {key.merge if isinstance(key.merge, str) else key.merge.text}",
            )
            for key in pipeline.state
        },
        False,
    )


def _visits(spot: Spot) -> Type:
    return record(member(name, INT, "", f"entries of stage {name}", False) for name in stage_names(spot.blocks[0]))


def _joined(around: Around, stage: model.Stage, fork: model.Fork) -> Type:
    return record(
        Member(
            branch.name,
            partial(_branch_output, around, branch),
            "",
            f"branch {branch.name} of {stage.name}",
            branch.name not in fork.join.optional and not (branch.single and branch.block.stages[0].when),
        )
        for branch in fork.branches
    )


def _branch_output(around: Around, branch: model.Branch) -> Type:
    if branch.single:
        return result_of(around, branch.block.stages[0])[0]
    if branch.block.output is None:
        return record(
            Member(one.name, partial(_own_result, around, one), one.description, f"result of stage {one.name}", False)
            for one in branch.block.stages
        )
    key = ("branch", branch.span.start)
    if key not in around.kept and isinstance(around.of, model.Pipeline):
        around.kept[key] = ANY  # for an output that is made of itself
        spot = spot_of_branch(around.of, branch)
        at = _roots(around, around.of, spot)
        around.kept[key] = value_type(around, branch.block.output, {n: at[n] for n in at if n in EVERYWHERE})
    return around.kept.get(key, ANY)


def _agent_result(around: Around, name: str) -> tuple[Type, str]:
    if name not in around.given:
        around.given[name] = _looked_up(around, name)
    return around.given[name]


def _looked_up(around: Around, name: str) -> tuple[Type, str]:
    agent = around.agent(name)
    match agent.target if agent else None:
        case model.PythonTarget() as target:
            function = around.function(target)
            if function is None or not function.returns:
                return ANY, f"what {target.target} returns"
            origin = f"what {function.name} returns"
            return annotated(function.returns, _classes(around, target), origin), origin
        case model.CommandTarget(parse="lines"):
            return ListOf(STRING), "the lines of the command's output"
        case model.CommandTarget(parse="text"):
            return STRING, "the command's output"
        case model.CommandTarget():
            return ANY, "the command's output, read as JSON"
        case model.ScriptedTarget(results=results):
            return one_of(map(from_value, results)) if results else ANY, f"the script of agent {name}"
        case model.LlmTarget():
            said = member("text", STRING, "What the model said.", f"the answer of agent {name}", False)
            return Record({"text": said}, True), f"the answer of agent {name}"
        case _:
            return ANY, f"what agent {name} gives"


def _own_words(around: Around, stage: model.Stage) -> Type:
    """What the agent of a stage says by itself; a model that has a contract answers by that alone."""
    agent = around.agent(stage.agent.name) if stage.agent else None
    return ANY if agent is None or isinstance(agent.target, model.LlmTarget) else _agent_result(around, agent.name)[0]


def _classes(around: Around, target: model.PythonTarget) -> Mapping[str, Class]:
    """The data classes of the module a target is in."""
    split = parts(target.target)
    context = around.context
    sought = seek(context, split[0], import_roots(context.source, context.workspace)) if split else None
    data = context.files.texts.get(sought.path) if sought and sought.path else None
    return read_classes(data) if data else {}


def _policy_names(around: Around, policy: model.Policy, offset: int) -> dict[str, Member]:
    rule = next((one for one in policy.rules if one.span.start <= offset <= one.span.end), None)
    accepts = rule is None or not rule.at or "output.accept" in rule.at
    known = POLICY | {"result"} if accepts else POLICY
    lists = around.context.workspace.lists
    origin = "the lists of pointsman.toml"
    own = record(Member(name, partial(from_value, value), "", origin) for name, value in lists)
    name = record([member("name", STRING, "The model, as the agent names it.")])
    data = (
        member("input", MAP, "The input of the run."),
        member("outputs", MAP, "The outputs of the stages that have run, by name."),
        member("state", MAP, "The values of the run that stages change with set."),
    )
    found = (
        member("args", MAP, "The arguments of the call, as they were given."),
        member("result", ANY, "The result that is to be accepted; known at output.accept only."),
        member("agent", STRING, "The agent's name."),
        member("stage", STRING, "The stage's name."),
        member("pipeline", STRING, "The pipeline's name."),
        member("model", one_of((name, NULL)), "The model of an agent that is one; null for others."),
        member("tool", NULL, "Null: at the points of this version no tool is called."),
        member("principal", MAP, "Who started the run."),
        member("tenant", ANY, "The tenant of who started the run; null without one."),
        member("workspace", own, "The lists of pointsman.toml, by name."),
        *data,
        *fixed_names(data, partial(MapOf, INT)),
    )
    return {one.name: one for one in found if one.name in known}


def _described(schema: model.Json) -> str:
    found = (schema.get("description") or schema.get("title")) if isinstance(schema, dict) else None
    return found if isinstance(found, str) else ""
