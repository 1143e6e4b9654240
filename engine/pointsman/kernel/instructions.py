"""A pipeline compiled: one instruction per stage, with its expressions as closures and the parts to stop at.

A program is frozen and made only from texts that a run pins, so the same texts give the same program. An instruction's
`id` is its path of names (`checks.risk.score`); `parts` lists its places to stop, in order, each with the span that a
breakpoint binds to.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pointsman.kernel.contracts import Contract, contract
from pointsman.language import model
from pointsman.language.expressions import (
    EvaluationError,
    Expr,
    Operand,
    Parsed,
    compile_expression,
    compile_operands,
    compile_template,
    parse_template,
)
from pointsman.language.source import Source, Span

Json = Any
Scope = Mapping[str, Json]
Render = Callable[[Scope], Json]

PartName = Literal["enter", "policy before", "agent", "ask", "fork", "merge", "set", "policy after", "route"]


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled expression that keeps its text and place."""

    text: str
    tree: Expr
    test: Callable[[Scope], Json]
    look: Callable[[Scope], tuple[Operand, ...]]
    code: model.Code


@dataclass(frozen=True, slots=True)
class Edge:
    """A compiled route; `to` is a stage name of the same block, `end` or `fail`."""

    to: str
    when: Condition | None
    label: str
    max: int | None
    on_max: str | None
    span: Span


@dataclass(frozen=True, slots=True)
class Part:
    """A place to stop inside a stage."""

    name: PartName
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Instruction:
    """One stage, ready to run. `index` is its place in its block, `below` the stage written under it, or `end`."""

    id: str
    name: str
    index: int
    block: str
    kind: model.StageKind
    span: Span
    parts: tuple[Part, ...]
    below: str
    stage: model.Stage
    agent: model.Agent | None
    agent_name: str
    args: Render
    request: Render | None
    when: Condition | None
    routes: tuple[Edge, ...] | None
    next: str | None
    on_error: tuple[Edge, ...] | None
    contract: Contract | None
    key: Render | None
    writes: tuple[tuple[str, Render], ...]
    timeout_ns: int
    retry: model.Retry
    max_visits: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Instructions by local name; `branches` of its forks are blocks of their own, found by id in the program."""

    id: str
    entry: str
    stages: dict[str, Instruction]
    output: Render | None
    single: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """What a pipeline compiles to. `blocks[""]` is the root; a branch's block has the id `<fork id>.<branch>`."""

    name: str
    source: Source
    pipeline: model.Pipeline
    blocks: dict[str, Block]
    agents: dict[str, model.Agent]
    tools: dict[str, model.Tool]
    output: Render | None
    input: Contract | None
    state_default: dict[str, Json]
    state_merge: dict[str, str | Condition]
    state_contract: dict[str, Contract]
    limits: model.Limits
    budget: model.Budget
    guarded: bool
    prompts: dict[str, Render] = field(default_factory=dict)

    def at(self, block: str, stage: str) -> Instruction:
        """The instruction of a stage in a block."""
        return self.blocks[block].stages[stage]

    def where(self, span: Span) -> str:
        """`path:line:column` of a span's start."""
        line, column = self.source.position(span.start)
        return f"{self.source.path}:{line}:{column}"


def compile_program(
    source: Source,
    pipeline: model.Pipeline,
    *,
    prompts: Mapping[str, str] | None = None,
    workspace: model.Workspace | None = None,
    guarded: bool = False,
) -> Program:
    """Compile a pipeline that has no errors. `prompts` maps the prompt files' paths to their text.

    `guarded` says that policies watch this run, so each agent call is put before them.
    """
    workspace = workspace or model.Workspace()
    agents = {agent.name: agent for agent in (*workspace.agents, *pipeline.agents)}
    tools = {tool.name: tool for tool in (*workspace.tools, *pipeline.tools)}
    blocks: dict[str, Block] = {}
    texts = {path: compile_text(text) for path, text in (prompts or {}).items()}
    _block("", pipeline.root, False, agents, texts, guarded, blocks)
    return Program(
        name=pipeline.name,
        source=source,
        pipeline=pipeline,
        blocks=blocks,
        agents=agents,
        tools=tools,
        output=None if pipeline.output is None else compile_value(pipeline.output),
        input=contract(pipeline.input),
        state_default={key.name: key.default for key in pipeline.state},
        state_merge={
            key.name: key.merge if isinstance(key.merge, str) else condition(key.merge) for key in pipeline.state
        },
        state_contract={key.name: made for key in pipeline.state if (made := contract(key.schema))},
        limits=pipeline.limits,
        budget=pipeline.budget,
        guarded=guarded,
        prompts=texts,
    )


def condition(code: model.Code) -> Condition:
    """Compile one expression."""
    parsed = Parsed(code.text, code.tree, ())
    return Condition(code.text, code.tree, compile_expression(code.tree), compile_operands(parsed), code)


def compile_text(text: str) -> Render:
    """Compile a whole text (a prompt file) as a template."""
    return _located(compile_template(parse_template(text)), None)


class Located(Exception):
    """An evaluation error inside `text`, or inside a prompt file where that is None."""

    def __init__(self, error: EvaluationError, text: model.Text | None) -> None:
        super().__init__(error.message)
        self.error = error
        self.text = text


def _located(render: Render, text: model.Text | None) -> Render:
    def located(scope: Scope) -> Json:
        try:
            return render(scope)
        except EvaluationError as error:
            raise Located(error, text) from error

    return located


def compile_value(value: model.Value) -> Render:
    """Compile a JSON value with templates in it; a list item that is one hole and yields a list is spliced."""
    match value:
        case model.Fixed(fixed):
            return lambda scope: fixed
        case model.Text():
            return _located(compile_template(value.template), value)
        case model.Fields(fields):
            pairs = [(key, compile_value(inner)) for key, inner in fields]
            return lambda scope: {key: render(scope) for key, render in pairs}
        case model.Items(items):
            renders = [(compile_value(item), _is_hole(item)) for item in items]
            return lambda scope: _spliced(renders, scope)


def _spliced(renders: list[tuple[Render, bool]], scope: Scope) -> list[Json]:
    result: list[Json] = []
    for render, hole in renders:
        value = render(scope)
        if hole and isinstance(value, list):
            result.extend(value)
        else:
            result.append(value)
    return result


def _is_hole(value: model.Value) -> bool:
    return isinstance(value, model.Text) and len(value.template.parts) == 1


def _block(
    block_id: str,
    block: model.Block,
    single: bool,
    agents: dict[str, model.Agent],
    prompts: dict[str, Render],
    guarded: bool,
    blocks: dict[str, Block],
) -> None:
    stages: dict[str, Instruction] = {}
    for index, stage in enumerate(block.stages):
        below = block.stages[index + 1].name if index + 1 < len(block.stages) else "end"
        stage_id = f"{block_id}.{stage.name}" if block_id and not single else block_id or stage.name
        stages[stage.name] = _instruction(stage_id, block_id, index, stage, below, agents, prompts, guarded)
        if stage.fork:
            for branch in stage.fork.branches:
                _block(f"{stage_id}.{branch.name}", branch.block, branch.single, agents, prompts, guarded, blocks)
    output = None if block.output is None else compile_value(block.output)
    blocks[block_id] = Block(block_id, block.stages[0].name, stages, output, single)


def _instruction(
    stage_id: str,
    block_id: str,
    index: int,
    stage: model.Stage,
    below: str,
    agents: dict[str, model.Agent],
    prompts: dict[str, Render],
    guarded: bool,
) -> Instruction:
    agent = agents[stage.agent.name] if stage.agent else None
    return Instruction(
        id=stage_id,
        name=stage.name,
        index=index,
        block=block_id,
        kind=stage.kind,
        span=stage.span,
        parts=tuple(_parts(stage, guarded)),
        below=below,
        stage=stage,
        agent=agent,
        agent_name=agent.name if agent else "",
        args=compile_value(stage.args),
        request=_request(stage, agent, prompts),
        when=condition(stage.when) if stage.when else None,
        routes=_edges(stage.routes),
        next=stage.next.name if stage.next else None,
        on_error=_edges(stage.on_error),
        contract=contract(stage.result),
        key=compile_value(stage.idempotency_key) if stage.idempotency_key else None,
        writes=tuple((key.name, compile_value(value)) for key, value in stage.set),
        timeout_ns=stage.timeout_ns,
        retry=stage.retry,
        max_visits=stage.max_visits,
    )


def _request(stage: model.Stage, agent: model.Agent | None, prompts: dict[str, Render]) -> Render | None:
    """What must be rendered besides the arguments, by kind; it sees `args` too."""
    if stage.ask:
        question, assignee = compile_value(stage.ask.question), compile_value(stage.ask.assignee)
        return lambda scope: {"question": question(scope), "assignee": assignee(scope)}
    match agent.target if agent else None:
        case model.CommandTarget(argv=argv, stdin=stdin):
            words, text = compile_value(argv), compile_value(stdin) if stdin else None
            return lambda scope: {"argv": words(scope), "stdin": text(scope) if text else None}
        case model.LlmTarget(prompt=prompt) if prompt:
            render = prompts.get(prompt.name) or compile_text("")
            wanted = {} if stage.result is None else {"result": stage.result}
            return lambda scope: {"prompt": render(scope), **wanted}
        case _:
            return None


def _edges(routes: tuple[model.Route, ...] | None) -> tuple[Edge, ...] | None:
    if routes is None:
        return None
    return tuple(
        Edge(
            to=route.to.name,
            when=condition(route.when) if route.when else None,
            label=route.label,
            max=route.max,
            on_max=route.on_max.name if route.on_max else None,
            span=route.span,
        )
        for route in routes
    )


def _parts(stage: model.Stage, guarded: bool) -> list[Part]:
    middle: dict[str, list[PartName]] = {
        "agent": ["policy before", "agent", "policy after"] if guarded else ["agent"],
        "ask": ["ask"],
        "fork": ["fork", "merge"],
        "set": ["set"],
        "gate": [],
    }
    names: list[PartName] = ["enter", *middle[stage.kind], "route"]
    return [Part(name, stage.name_span if name == "enter" else stage.span) for name in names]
