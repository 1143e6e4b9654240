"""What a name means at its place: the blocks of a document, and the way from a root like `outputs` to a definition.

Asked at one place, it looks at that place's blocks and no further; only the arguments and outputs of agents, which any
stage may use, make it look at all stages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Literal, TypeAlias

from pointsman.language.expressions import (
    Ident,
    Index,
    Parsed,
    Segment,
    Select,
    is_template,
    parse,
    parse_template,
    references,
)
from pointsman.language.scalars import segments
from pointsman.language.source import Source, Span
from pointsman.language.tree import Entry, Mapping, Node, Scalar, entries, resolve

Kind = Literal["stage", "branch", "agent", "tool", "state", "input", "field", "argument", "reason", "list", "anchor"]

# Longer texts are prompts, and not kept in memory.
_KEPT = 4_000
# An output may be made of another output; nobody goes through more hands than this, and two may name each other.
_HANDS = 8
_CLOSED = ("outputs", "visits", "state")


@dataclass(frozen=True, slots=True)
class Definition:
    """Something this text defines: `span` is its name without quotes, `full` its whole entry."""

    kind: Kind
    name: str
    span: Span
    full: Span


@dataclass(frozen=True, slots=True)
class Foreign:
    """Something defined in another file. A `function` is named `module:function`, a file by its path as written."""

    kind: Literal["agent", "tool", "list", "module", "function", "prompt", "replies", "policy"]
    name: str


Target: TypeAlias = Definition | Foreign
Targets: TypeAlias = tuple[Target, ...]
# A field of something: the definitions it may mean, and what its own fields are.
Member: TypeAlias = "Callable[[str], tuple[Targets, Member | None]]"


def get(node: Node | None, key: str) -> Entry | None:
    """The entry of a mapping, own or merged; None when it is no mapping or has no such key."""
    node = None if node is None else resolve(node)
    if not isinstance(node, Mapping):
        return None
    merges = False
    for entry in node.entries:
        if entry.key.text == key:
            return entry
        merges = merges or entry.key.text == "<<"
    return next((entry for entry in entries(node) if entry.key.text == key), None) if merges else None


def may_hold(data: bytes, entry: Entry, word: str) -> bool:
    """Whether an entry may have this word in it, by its bytes: so few are taken apart. Aliases and escapes may."""
    start, end = entry.key.span.start, max(entry.key.span.end, entry.value.span.end)
    return any(data.find(sign, start, end) >= 0 for sign in (word.encode(), b"*", b"\\"))


def text_of(node: Node | None) -> str | None:
    """The text of a scalar, None of everything else."""
    node = None if node is None else resolve(node)
    return node.text if isinstance(node, Scalar) else None


def part(source: Source, scalar: Scalar, start: int, end: int) -> Span | None:
    """Where a part of a scalar's text stands in the source, without quotes; None when a TOML text does not say."""
    raw, content = source.data[scalar.span.start : scalar.span.end], scalar.text.encode()
    quotes = 1 if raw[:1] in (b'"', b"'") and raw[1:-1] == content else 0
    if quotes or raw == content:
        first = scalar.span.start + quotes
        return Span(first + len(scalar.text[:start].encode()), first + len(scalar.text[:end].encode()))
    if source.path.endswith(".toml"):
        return None
    return segments(source, scalar).span(start, end)


@dataclass(frozen=True, eq=False)
class Block:
    """A mapping of stages, and the block around it. A branch that is one stage is a block of that stage."""

    node: Node | None
    outer: Block | None = None
    only: Entry | None = None

    @cached_property
    def stages(self) -> dict[str, Entry]:
        """The entries of the stages by name."""
        if self.only:
            return {self.only.key.text: self.only}
        node = None if self.node is None else resolve(self.node)
        return {entry.key.text: entry for entry in entries(node)} if isinstance(node, Mapping) else {}

    def around(self) -> Iterator[Block]:
        """This block and those around it, innermost first."""
        block: Block | None = self
        while block:
            yield block
            block = block.outer

    def inner(self, stage: Node) -> Iterator[Block]:
        """The blocks that the branches of a stage of this block are."""
        fork = get(stage, "fork")
        branches = resolve(fork.value) if fork else None
        for branch in entries(branches) if isinstance(branches, Mapping) else ():
            yield self.of_branch(branch)

    def of_branch(self, branch: Entry) -> Block:
        """The block that a branch of one of these stages is."""
        stages = get(branch.value, "stages")
        return Block(stages.value, self) if stages else Block(None, self, branch)

    def all(self, data: bytes) -> Iterator[Block]:
        """This block and all inside of it; what aliases repeat comes once, for they can repeat it a billion times."""
        waiting, seen = [self], set[Span]()
        for block in waiting:
            at = block.only.span if block.only else resolve(block.node).span if block.node else Span(0, 0)
            if at not in seen:
                seen.add(at)
                yield block
                forks = [stage for stage in block.stages.values() if may_hold(data, stage, "fork")]
                waiting += [inner for stage in forks for inner in block.inner(stage.value)]


@dataclass(frozen=True, eq=False)
class Where:
    """A place for expressions. `stage` is the value of the stage it is in; a place in a `worker` belongs to no block:
    every stage may be meant. `hands` counts outputs that were made of others on the way here."""

    source: Source
    root: Node
    block: Block | None = None
    stage: Node | None = None
    worker: str | None = None
    hands: int = 0

    def define(self, kind: Kind, entry: Entry) -> Targets:
        """The definition that an entry is; none when its text does not say where the name stands."""
        span = part(self.source, entry.key, 0, len(entry.key.text))
        return (Definition(kind, entry.key.text, span, entry.span),) if span else ()

    def top(self, key: str) -> Node | None:
        """The value of a key of the document."""
        entry = get(self.root, key)
        return entry.value if entry else None

    @cached_property
    def main(self) -> Block:
        """The outermost block."""
        return Block(self.top("stages"))

    def named(self, section: Literal["agents", "tools"], name: str) -> Targets:
        """An agent or a tool by name, here or elsewhere."""
        kind: Literal["agent", "tool"] = "agent" if section == "agents" else "tool"
        entry = get(self.top(section), name)
        return self.define(kind, entry) if entry else (Foreign(kind, name),)

    def stage_of(self, block: Block, name: str) -> Targets:
        """A stage of this very block."""
        entry = block.stages.get(name)
        return () if entry is None else self.define("branch" if block.only else "stage", entry)

    def path(self, path: tuple[str, ...]) -> tuple[list[Targets], Member | None]:
        """What each name of a chain means, as far as it is known, and the fields of the last one."""
        member = self._root(path[0]) if path else None
        found: list[Targets] = [()]
        for name in path[1:]:
            if member is None:
                return found, None
            targets, member = member(name)
            found.append(targets)
        return found, member

    def _root(self, name: str) -> Member | None:
        match name:
            case "outputs":
                return self._outputs
            case "visits":
                return self._visits
            case "state":
                return self._state
            case "input":
                return self._schema(self.top("input"), "input")
            case "envelope":
                return lambda field: ((), self._root(field) if field in ("outputs", "state", "input") else None)
            case "workspace":
                return lambda field: ((Foreign("list", field),), None)
            case "result" if self.stage and self.block:
                return self._result(self.stage, self.block)
            case "args":
                return self._arguments
            case _:
                return None

    def _outputs(self, name: str) -> tuple[Targets, Member | None]:
        """The innermost stage of that name first; before it has run, an outer one is meant."""
        around = (
            self.main.all(self.source.data) if self.worker is not None else self.block.around() if self.block else ()
        )
        blocks = [block for block in around if name in block.stages]
        targets = tuple(dict.fromkeys(target for block in blocks for target in self.stage_of(block, name)))
        return targets, self._result(blocks[0].stages[name].value, blocks[0]) if blocks else None

    def _visits(self, name: str) -> tuple[Targets, Member | None]:
        """Each block counts for itself."""
        blocks = self.main.all(self.source.data) if self.worker is not None else [self.block] if self.block else []
        return tuple(dict.fromkeys(target for block in blocks for target in self.stage_of(block, name))), None

    def _state(self, name: str) -> tuple[Targets, Member | None]:
        entry = get(self.top("state"), name)
        return (self.define("state", entry), self._schema(entry.value)) if entry else ((), None)

    def _schema(self, node: Node | None, kind: Kind = "field") -> Member:
        """The properties of a JSON Schema."""

        def member(name: str) -> tuple[Targets, Member | None]:
            properties = get(node, "properties")
            entry = get(properties.value, name) if properties else None
            return (self.define(kind, entry), self._schema(entry.value)) if entry else ((), None)

        return member

    def _result(self, stage: Node, block: Block) -> Member:
        """The fields of what a stage gives: its branches, the answer to its question, or its contract."""

        def member(name: str) -> tuple[Targets, Member | None]:
            fork, ask, contract = get(stage, "fork"), get(stage, "ask"), get(stage, "result")
            branch = get(fork.value, name) if fork else None
            if branch:
                return self.define("branch", branch), self._branch(branch, block)
            answer = get(ask.value, "answer") if ask and name == "answer" else None
            if answer:
                return (), self._schema(answer.value)
            return self._schema(contract.value)(name) if contract else ((), None)

        return member

    def _branch(self, branch: Entry, outer: Block) -> Member | None:
        """The fields of what a branch gives: those of its `output`, else its stages."""
        block, output = outer.of_branch(branch), get(branch.value, "output")
        if block.only:
            return self._result(branch.value, block)
        if output:
            inside = replace(self, block=block, stage=None, worker=None, hands=self.hands + 1)
            return inside._written(output.value)

        def member(name: str) -> tuple[Targets, Member | None]:
            entry = block.stages.get(name)
            return (self.stage_of(block, name), self._result(entry.value, block)) if entry else ((), None)

        return member

    def _written(self, node: Node) -> Member | None:
        """The fields of a value as it is written: its keys, or those of the one thing its template names."""
        node = resolve(node)
        if isinstance(node, Scalar) and is_template(node.text) and self.hands < _HANDS:
            template = parse_template(node.text.strip())
            tree = template.holes[0].expr.tree if len(template.parts) == len(template.holes) == 1 else None
            named = references(tree) if isinstance(tree, Ident | Select | Index) else ()
            if tree and len(named) == 1 and (named[0].start, named[0].end) == (tree.start, tree.end):
                return self.path(named[0].path)[1]

        def member(name: str) -> tuple[Targets, Member | None]:
            entry = get(node, name)
            return (self.define("field", entry), self._written(entry.value)) if entry else ((), None)

        return member if isinstance(node, Mapping) else None

    def _arguments(self, name: str) -> tuple[Targets, Member | None]:
        """A key of this stage's `with`; in an agent, of all stages that use it."""
        given = [self.stage] if self.stage else []
        if self.worker:
            data, worker = self.source.data, self.worker
            users = (stage for block in self.main.all(data) for stage in block.stages.values())
            users = (stage for stage in users if may_hold(data, stage, worker))
            given = [stage.value for stage in users if text_of(_value(get(stage.value, "agent"))) == worker]
        found = [entry for stage in given if (entry := get(_value(get(stage, "with")), name))]
        keys = {target: None for entry in sorted(found, key=_place) for target in self.define("argument", entry)}
        return tuple(keys), None


def names_in(text: str, where: Where) -> Iterator[tuple[str, int, int, Targets]]:
    """The names in an expression or a template that mean something, by the code points of its text."""
    for path, places in _chains(text) if len(text) <= _KEPT else _chains.__wrapped__(text):
        for number, targets in enumerate(where.path(path)[0]):
            # A stage or a key of the state that is not there: another one's new name may be just that.
            if targets or (number and path[number - 1] in _CLOSED):
                yield path[number], *places[number], targets


@lru_cache(maxsize=4096)
def _chains(text: str) -> tuple[tuple[tuple[str, ...], tuple[tuple[int, int], ...]], ...]:
    """The chains of names in a text, and where each name stands; the same texts are asked for again and again."""
    holes = parse_template(text).holes if is_template(text) else ()
    parsed = [(hole.expr, hole.offset) for hole in holes] if holes else [(parse(text), 0)]
    found = []
    for expr, offset in parsed:
        for reference in references(expr):
            places = [_bare(expr, segment) for segment in reference.segments]
            found.append((reference.path, tuple((start + offset, end + offset) for start, end in places)))
    return tuple(found)


def _bare(expr: Parsed, segment: Segment) -> tuple[int, int]:
    """A segment without the quotes of `x["name"]`."""
    raw = expr.text[segment.start : segment.end]
    inner = raw.lstrip("rRbB")
    if inner[:1] not in ("'", '"'):
        return segment.start, segment.end
    quotes = 3 if inner[:3] in ("'''", '"""') and len(inner) >= 6 else 1
    return segment.end - len(inner) + quotes, segment.end - quotes


def _place(entry: Entry) -> Span:
    return entry.key.span


def _value(entry: Entry | None) -> Node | None:
    return entry.value if entry else None
