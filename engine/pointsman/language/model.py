"""What a pipeline, a policy and a workspace file say, as frozen values; every part keeps the span it was read from.

Read by `pipeline.py`, `policy.py` and `workspace.py` from a tree and the schema table; compiled by the kernel. A model
exists for broken text too: what could not be read is absent, and the diagnostics say so.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pointsman.language.expressions import Expr, Template
from pointsman.language.scalars import SegmentMap
from pointsman.language.source import Span

Json = Any


@dataclass(frozen=True, slots=True)
class Code:
    """An expression where it stands; `map` takes offsets in `text` to bytes of the file."""

    text: str
    tree: Expr
    span: Span
    map: SegmentMap


@dataclass(frozen=True, slots=True)
class Text:
    """A string with at least one `${{ }}` in it."""

    template: Template
    span: Span
    map: SegmentMap


@dataclass(frozen=True, slots=True)
class Fixed:
    """A JSON value without any template in it."""

    value: Json


@dataclass(frozen=True, slots=True)
class Items:
    """A list with a template somewhere in it; an item that is exactly one hole and yields a list is spliced."""

    items: tuple["Value", ...]


@dataclass(frozen=True, slots=True)
class Fields:
    """A mapping with a template somewhere in it."""

    fields: tuple[tuple[str, "Value"], ...]


Value = Fixed | Text | Items | Fields
"""A JSON value whose strings may be templates."""

EMPTY = Fixed({})


@dataclass(frozen=True, slots=True)
class Name:
    """A reference by name, and where it is written."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Route:
    """One way on. `when` None is a catch-all; `max` bounds how often this edge is taken, then `on_max` is."""

    to: Name
    span: Span
    when: Code | None = None
    label: str = ""
    max: int | None = None
    on_max: Name | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """How often and how patiently; `on` holds the error classes worth another attempt."""

    attempts: int = 1
    backoff_ns: int = 1_000_000_000
    factor: float = 2.0
    max_ns: int = 60_000_000_000
    on: frozenset[str] = frozenset({"transient", "timeout"})


Risk = Literal["read_only", "write", "destructive"]


@dataclass(frozen=True, slots=True)
class PythonTarget:
    """`module:function` in the user's interpreter."""

    target: str
    span: Span


@dataclass(frozen=True, slots=True)
class CommandTarget:
    """A program: `argv` renders to a list of strings; `parse` is json, lines or text."""

    argv: Value
    span: Span
    parse: str = "text"
    ok_exit: frozenset[int] = frozenset({0})
    stdin: Value | None = None
    wall_ns: int = 0
    memory: int = 0


@dataclass(frozen=True, slots=True)
class ScriptedTarget:
    """The n-th visit gets the n-th result; for demonstrations and tests."""

    results: tuple[Json, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class LlmTarget:
    """A model (`scripted:FILE` in this version) with a prompt file and the tools it may call."""

    model: str
    model_span: Span
    prompt: Name | None
    span: Span
    tools: tuple[Name, ...] = ()


Target = PythonTarget | CommandTarget | ScriptedTarget | LlmTarget


@dataclass(frozen=True, slots=True)
class Agent:
    """Something that does work. `risk` destructive makes a crash in its middle a question instead of a second try."""

    name: str
    span: Span
    target: Target | None
    risk: Risk = "write"
    tools: tuple[Name, ...] = ()


@dataclass(frozen=True, slots=True)
class Tool:
    """Something an agent may ask for from inside."""

    name: str
    span: Span
    target: Target | None
    risk: Risk = "write"


@dataclass(frozen=True, slots=True)
class Ask:
    """A question to a person. `what`: confirmation, clarification, review; `answer` is a review's schema."""

    what: str
    question: Value
    span: Span
    assignee: Value = field(default=Fixed(""))
    expires_ns: int = 0
    answer: Json = None


@dataclass(frozen=True, slots=True)
class Join:
    """When a fork is done: all branches (in this version); `optional` ones may fail."""

    wait: str = "all"
    optional: frozenset[str] = frozenset()
    fail_fast: bool = False


@dataclass(frozen=True, slots=True)
class Branch:
    """One line of a fork: a block. A branch that is a single stage is a block of that stage, `single` is true."""

    name: str
    span: Span
    block: "Block"
    single: bool = False


@dataclass(frozen=True, slots=True)
class Fork:
    """Branches in declared order, and how they join."""

    branches: tuple[Branch, ...]
    join: Join
    span: Span


StageKind = Literal["agent", "ask", "fork", "set", "gate"]


@dataclass(frozen=True, slots=True)
class Stage:
    """A named step. `routes` and `on_error` are None when not written; `timeout_ns` and `retry` include defaults."""

    name: str
    span: Span
    name_span: Span
    kind: StageKind
    agent: Name | None = None
    args: Value = EMPTY
    ask: Ask | None = None
    fork: Fork | None = None
    set: tuple[tuple[Name, Value], ...] = ()
    result: Json = None
    when: Code | None = None
    routes: tuple[Route, ...] | None = None
    next: Name | None = None
    on_error: tuple[Route, ...] | None = None
    timeout_ns: int = 0
    retry: Retry = Retry()
    max_visits: int | None = None
    idempotency_key: Value | None = None
    description: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """Stages in written order, the first is the entry; names are local to it."""

    stages: Sequence[Stage]
    span: Span
    output: Value | None = None


@dataclass(frozen=True, slots=True)
class StateKey:
    """A key of the run's state. `merge`: replace, append, merge, or an expression over `old` and `new`."""

    name: str
    span: Span
    schema: Json
    default: Json = None
    merge: str | Code = "replace"


@dataclass(frozen=True, slots=True)
class Limits:
    """A limit N allows exactly N."""

    iterations: int = 100
    llm_calls: int = 100
    tool_calls: int = 200
    hops: int = 1000
    depth: int = 5


@dataclass(frozen=True, slots=True)
class Budget:
    """None is no bound. `cost` is in US dollars; `wall_ns` stands still while a person is asked."""

    tokens: int | None = None
    cost: float | None = None
    wall_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Pipeline:
    """One document of a `*.pipeline.yaml`."""

    name: str
    span: Span
    root: Block
    description: str = ""
    input: Json = None
    output: Value | None = None
    state: tuple[StateKey, ...] = ()
    agents: tuple[Agent, ...] = ()
    tools: tuple[Tool, ...] = ()
    limits: Limits = Limits()
    budget: Budget = Budget()
    policies: tuple[Name, ...] = ()


PolicyEffect = Literal["deny", "flag", "allow"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `match` maps a fact's name to a glob; it applies when all match, `when` holds and `unless` does not."""

    id: str
    span: Span
    at: tuple[str, ...]
    effect: PolicyEffect
    reason: str
    match: tuple[tuple[str, str], ...] = ()
    when: Code | None = None
    unless: Code | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """One document of a `*.policy.yaml`."""

    name: str
    span: Span
    version: int
    default: Literal["allow", "deny"] = "allow"
    rules: tuple[Rule, ...] = ()
    reasons: tuple[tuple[str, str], ...] = ()
    redact: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Workspace:
    """`pointsman.toml`. Paths are as written, relative to the folder it lies in."""

    python: str | None = None
    env: tuple[str, ...] = ()
    policies: tuple[Name, ...] = ()
    durability: Literal["normal", "full"] = "normal"
    agents: tuple[Agent, ...] = ()
    tools: tuple[Tool, ...] = ()
    lists: tuple[tuple[str, Json], ...] = ()
    roots: tuple[str, ...] = ()
    redact: tuple[tuple[str, str], ...] = ()
