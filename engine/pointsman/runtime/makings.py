"""What the stages of a pipeline are made of: their own lines, agents, tools, code, prompts; and what of it has changed.

Two versions of a pipeline are compared stage by stage. What does not change a stage's work (a comment, a route, where
it stands in the file) is no change of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from pointsman.journal.store import Store
from pointsman.kernel.events import RunStarted
from pointsman.kernel.instructions import Instruction, Program
from pointsman.language import model
from pointsman.language.imports import closure
from pointsman.language.modules import import_roots, parts
from pointsman.language.scalars import SegmentMap
from pointsman.language.source import Source, Span
from pointsman.language.workspace import read_workspace

SCRIPTED = "scripted:"


@dataclass(frozen=True)
class Makings:
    """The texts a run is made of. Paths are as seen from the pipeline's folder; `hashes` has scripts and prompts by
    path, `code` the agents' modules."""

    program: Program
    hashes: Mapping[str, str]
    code: Mapping[str, bytes]
    roots: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Why:
    """What is another now about a stage, in words: its work (then its result can not be re-used), its contract, and
    the ways on. All empty: nothing."""

    work: tuple[str, ...] = ()
    contract: bool = False
    ways: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """All of it, for a person."""
        more = (("its contract has changed",) if self.contract else ()) + (
            ("its routes have changed",) if self.ways else ()
        )
        return self.work + more


def makings_of(store: Store, started: RunStarted, program: Program) -> Makings:
    """What a recorded run was made of, from the texts it pinned."""
    code = {pin.path: store.definition(pin.hash).text for pin in started.pins if pin.kind == "code"}
    hashes = {pin.path: pin.hash for pin in started.pins if pin.kind in ("prompt", "script")}
    settings = model.Workspace()
    for pin in started.pins:
        if pin.kind == "workspace":
            settings, _ = read_workspace(Source(pin.path, store.definition(pin.hash).text))
    return Makings(program, hashes, code, import_roots(started.path, settings))


def changes(then: Makings, now: Makings) -> dict[str, Why]:
    """For each stage there is now, by id, what about it is another than it was; one that is new has work to do."""
    before = {code.id: code for code in codes(then.program)}
    return {code.id: _compare(before.get(code.id), code, then, now) for code in codes(now.program)}


def codes(program: Program) -> Iterable[Instruction]:
    """All instructions of a program."""
    return (code for block in program.blocks.values() for code in block.stages.values())


def files_of(code: Instruction, made: Makings) -> dict[str, str]:
    """The files that a stage's work depends on besides the pipeline, with their digests."""
    found: dict[str, str] = {}
    for target in _targets(code, made.program):
        match target:
            case model.PythonTarget(name):
                split = parts(name)
                texts = closure([split[0]], made.roots, made.code.get) if split else {}
                found |= {path: Source(path, data).digest for path, data in texts.items()}
            case model.LlmTarget(model=asked, prompt=prompt):
                named = [asked.removeprefix(SCRIPTED)] if asked.startswith(SCRIPTED) else []
                named += [prompt.name] if prompt else []
                found |= {path: made.hashes.get(path, "") for path in named}
    return found


def same_shape(one: Any, other: Any) -> bool:
    """Whether two parts of a model say the same, wherever they stand."""
    return bool(_shape(one) == _shape(other))


def _compare(old: Instruction | None, new: Instruction, then: Makings, now: Makings) -> Why:
    if old is None or old.kind != new.kind:
        return Why(("it is new" if old is None else f"it was another kind of stage ({old.kind})",))
    work: list[str] = []
    if old.agent_name != new.agent_name:
        work.append(f"its agent is {new.agent_name}, it was {old.agent_name}")
    elif not same_shape(old.agent, new.agent):
        work.append(f"agent {new.agent_name} has changed")
    elif not same_shape(_tools(old, then.program), _tools(new, now.program)):
        work.append(f"a tool of agent {new.agent_name} has changed")
    before, after = files_of(old, then), files_of(new, now)
    work += [f"{path} has changed" for path in sorted({**before, **after}) if before.get(path) != after.get(path)]
    if _text(old, then) == (text := _text(new, now)) and b"*" not in text:  # an alias stands for a text elsewhere
        return Why(tuple(work), ways=old.below != new.below)
    for key, ours, theirs in (
        ("with", old.stage.args, new.stage.args),
        ("ask", old.stage.ask, new.stage.ask),
        ("set", old.stage.set, new.stage.set),
        ("fork", _branches(old), _branches(new)),
    ):
        if not same_shape(ours, theirs):
            work.append(f"its `{key}` has changed")
    ways = not same_shape(_ways(old), _ways(new))
    return Why(tuple(work), not same_shape(old.stage.result, new.stage.result), ways)


def _text(code: Instruction, made: Makings) -> bytes:
    """A stage as it is written."""
    span = code.stage.span
    return made.program.source.data[span.start : span.end]


def _ways(code: Instruction) -> Any:
    return code.stage.when, code.stage.routes, code.stage.next, code.stage.on_error, code.below


def _branches(code: Instruction) -> Any:
    fork = code.stage.fork
    return None if fork is None else ([branch.name for branch in fork.branches], fork.join)


def _targets(code: Instruction, program: Program) -> list[model.Target | None]:
    targets = [code.agent.target] if code.agent else []
    return [*targets, *(tool.target for tool in _tools(code, program))]


def _tools(code: Instruction, program: Program) -> list[model.Tool]:
    named = code.agent.tools if code.agent else ()
    return [program.tools[name.name] for name in named if name.name in program.tools]


def _shape(value: Any) -> Any:
    match value:
        case Span() | SegmentMap():
            return None
        case model.Code():
            return "code", value.text
        case model.Text():
            return "text", value.template.text
        case tuple() | list():
            return [_shape(one) for one in value]
        case dict():
            return {key: _shape(one) for key, one in value.items()}
        case bool() | int() | float() | str() | None:
            return type(value).__name__, value
        case frozenset():
            return sorted(map(str, value))
        case _ if is_dataclass(value):
            return type(value).__name__, [_shape(getattr(value, one.name)) for one in fields(value)]
        case _:
            return value
