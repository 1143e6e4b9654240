"""Forks and joins: opening branches, settling them by the join's rule, merging in declared order."""

from __future__ import annotations

from typing import Any

from pointsman.kernel.effects import Cancel
from pointsman.kernel.envelope import Scope
from pointsman.kernel.events import BranchEnded, Forked, Merged, StageFailed
from pointsman.kernel.instructions import Condition, Instruction, Program
from pointsman.kernel.state import Branch, Joined, State, replace
from pointsman.language.expressions import as_json

Json = Any


def fork(at: Branch, code: Instruction) -> Forked:
    """Open all branches; ids carry the visit, so that a second round is never mistaken for the first."""
    assert code.stage.fork is not None
    visit = at.visits[code.name]
    prefix = f"{at.id}/{code.name}" + (f"#{visit}" if visit > 1 else "")
    return Forked(code.name, {branch.name: f"{prefix}.{branch.name}" for branch in code.stage.fork.branches})


def block_of(branch: str) -> str:
    """The block a branch runs, as its program names it: `main/checks#2.risk` runs `checks.risk`."""
    parts = branch.split("/")[1:]
    names = []
    for part in parts:
        stage, _, name = part.rpartition(".")
        names += [stage.partition("#")[0], name]
    return ".".join(names)


def stage_id(program: Program, branch: str, stage: str) -> str:
    """The path of names of a stage that a branch is at; of one that the program does not have, where it would be."""
    block = block_of(branch)
    code = program.blocks[block].stages.get(stage) if block in program.blocks else None
    return code.id if code else f"{block}.{stage}".lstrip(".")


def child_branches(state: State, parent: Branch, event: Forked) -> list[Branch]:
    """The branches as they start: they see the parent's outputs and state, and write only their own."""
    code = state.program.at(parent.block, event.stage)
    blocks = {name: state.program.blocks[f"{code.id}.{name}"] for name in event.branches}
    return [
        Branch(
            branch_id, parent.id, name, blocks[name].id, blocks[name].entry, outputs=parent.outputs, state=parent.state
        )
        for name, branch_id in event.branches.items()
    ]


def joined(state: State, child: Branch, event: BranchEnded) -> Branch:
    """The parent with one more branch settled; it merges when all are, or at once when one fails and `fail_fast`."""
    parent = state.branches[child.parent]
    ended = Joined(event.outcome, event.output, event.error, child.writes)
    parent = replace(parent, joined={**parent.joined, child.name: ended})
    rule = _join(state.program.at(parent.block, parent.stage))
    spoiled = event.outcome == "failed" and child.name not in rule.optional
    if len(parent.joined) == len(parent.children) or (spoiled and rule.fail_fast):
        return replace(parent, part="merge")
    return parent


def merge(state: State, at: Branch, code: Instruction) -> Merged | StageFailed:
    """The join's result: outputs by branch name, without those that were skipped or failed though optional.

    Raises EvaluationError when a merge expression can not be evaluated.
    """
    rule = _join(code)
    for name in at.children:
        ended = at.joined.get(name)
        if ended and ended.error and name not in rule.optional:
            error = replace(ended.error, message=f"branch {name}: {ended.error.message}")
            return StageFailed(code.name, error)
    result = {name: at.joined[name].output for name in at.children if at.joined[name].outcome == "completed"}
    writes = [write for name in at.children for write in at.joined[name].writes]
    return Merged(code.name, result, merge_expressions(state, at, writes))


def merge_expressions(state: State, at: Branch, writes: list[tuple[str, Json]]) -> dict[str, Json]:
    """The final values of the written keys whose merge is an expression over `old` and `new`."""
    values: dict[str, Json] = {}
    for key, new in writes:
        how = state.program.state_merge[key]
        if isinstance(how, Condition):
            old = values.get(key, at.state.get(key))
            values[key] = as_json(how.test(Scope(state, at, {"old": old, "new": new})))
    return values


def apply_write(
    program: Program, view: dict[str, Json], key: str, new: Json, merged: dict[str, Json]
) -> dict[str, Json]:
    """The state view after one write; a fold, so an expression's value comes from the event."""
    how = program.state_merge.get(key, "replace")
    old = view.get(key)
    match how:
        case Condition():
            value = merged.get(key)
        case "append":
            value = [*(old if isinstance(old, list) else [] if old is None else [old]), new]
        case "merge" if isinstance(old, dict) and isinstance(new, dict):
            value = {**old, **new}
        case _:
            value = new
    return {**view, key: value}


def cancel_below(state: State, branch: str) -> tuple[State, tuple[Cancel, ...]]:
    """The state without the branches under this one, and without what they waited for."""
    prefix = branch + "/"
    gone = {name for name in state.branches if name.startswith(prefix)}
    if not gone:
        return state, ()
    dropped = [name for name, effect in state.pending.items() if getattr(effect, "branch", "") in gone]
    state = replace(
        state,
        branches={name: at for name, at in state.branches.items() if name not in gone},
        ready=tuple(name for name in state.ready if name not in gone),
        pending={name: effect for name, effect in state.pending.items() if name not in dropped},
    )
    return state, tuple(Cancel(name) for name in dropped)


def _join(code: Instruction) -> Any:
    assert code.stage.fork is not None
    return code.stage.fork.join
