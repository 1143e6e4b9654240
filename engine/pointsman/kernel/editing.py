"""Changing what a branch sees, while its run is held: which changes a run allows, and what one does to the state.

Law: an edit gets around no rule. A value keeps its contract, a call's policies see its changed arguments, an agent's
policies its changed result, and what a person has answered stays as it was answered.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pointsman.kernel import folding
from pointsman.kernel.effects import Decide
from pointsman.kernel.envelope import Scope
from pointsman.kernel.events import Edited
from pointsman.kernel.instructions import Instruction, Located
from pointsman.kernel.routing import located_error
from pointsman.kernel.state import ROOT, Branch, State, replace

Json = Any
Path = Sequence[str | int]

ROOTS = ("args", "result", "outputs", "state")
"""What can be edited, as expressions name it."""


class Unfit(Exception):
    """An edit that may not be; its text is the sentence of the rule that forbids it."""


def edit(state: State, branch: str, path: Path, value: Json, by: str) -> Edited:
    """The event of an edit. Raises Unfit."""
    at = state.branches.get(branch)
    if at is None or state.ended or state.cancelled or state.limit:
        raise Unfit("there is nothing to edit any more: the branch is over")
    code = state.program.at(at.block, at.stage) if at.stage in state.program.blocks[at.block].stages else None
    root, *below = path
    match root:
        case "args":
            return _args(state, at, code, path, value, by)
        case "result":
            _judge_result(at, code, _with(at.result, below, value))
        case "outputs":
            _judge_output(state, at, below, value)
        case "state":
            _judge_state(state, at, below, value)
        case _:
            raise Unfit(f"{root} is what it is: only {', '.join(ROOTS)} can be edited")
    return Edited(at.stage, tuple(path), value, by)


def edited(state: State, branch: str, event: Edited) -> folding.Result:
    """Fold an edit. Total: one that fits nowhere (an edited journal, a branch that has moved on) changes nothing."""
    at = state.branches.get(branch)
    if at is None or not event.path:
        return state, ()
    root, *below = event.path
    try:
        match root:
            case "args" if may_edit_args(at):
                return _with_args(state, at, _with(at.args, below, event.value), event)
            case "result" if may_edit_result(at):
                return _with_result(state, at, _with(at.result, below, event.value))
            case "outputs" if below:
                return _seen(state, replace(at, outputs=_with(at.outputs, below, event.value)))
            case "state" if below and isinstance(below[0], str):
                seen = _with(at.state, below, event.value)
                written = (*at.writes, (below[0], seen[below[0]]))
                return _seen(state, replace(at, state=seen, writes=written))
    except Unfit:
        pass
    return state, ()


def may_edit_args(at: Branch) -> bool:
    """Whether the branch's agent is still to get its arguments."""
    return at.part in ("deciding", "running") and not at.started


def may_edit_result(at: Branch) -> bool:
    """Whether there is a result whose way on is still to come."""
    return at.part in ("settle", "checking", "route") and at.error is None


# --- the rules ------------------------------------------------------------------------------------------------------


def _args(state: State, at: Branch, code: Instruction | None, path: Path, value: Json, by: str) -> Edited:
    """The edit with what else is made of the arguments: a command's words, a prompt, a key of the user's own."""
    if code is None or code.kind != "agent":
        raise Unfit("the stage has no agent, so there are no arguments to edit")
    if not may_edit_args(at):
        when = {
            "enter": "the arguments are made when the stage is entered: step in, and edit them before its agent runs",
            "backoff": "the next attempt is still to come: edit its arguments when it is about to run",
        }
        raise Unfit(when.get(at.part, f"the agent of {at.stage} has its arguments already"))
    args = _with(at.args, path[1:], value)
    if not isinstance(args, dict):
        raise Unfit("the arguments are a mapping of names to values")
    scope = Scope(state, at, {"args": args})
    try:
        request = code.request(scope) if code.request else None
        key = str(code.key(scope)) if code.key else ""
    except Located as error:
        raise Unfit(f"with these arguments: {located_error(state.program, error, code.id).message}") from None
    return Edited(at.stage, tuple(path), value, by, request, key)


def _judge_result(at: Branch, code: Instruction | None, value: Json) -> None:
    if code is None or code.kind not in ("agent", "ask", "fork"):
        raise Unfit("the stage has no result to edit")
    if code.kind == "ask":
        raise Unfit(_ANSWERED)
    if not may_edit_result(at):
        raise Unfit(f"{at.stage} has no result yet" if at.error is None else f"{at.stage} has failed: it has no result")
    _keeps(code, value, "the result")


def _judge_output(state: State, at: Branch, below: Path, value: Json) -> None:
    if not below or below[0] not in at.outputs:
        raise Unfit(f"no stage {below[0]} has put anything out" if below else "the outputs are edited one by one")
    name = str(below[0])
    code = _who_put_out(state, at, name)
    if code is not None and code.kind == "ask":
        raise Unfit(_ANSWERED)
    changed = _with(at.outputs[name], below[1:], value)
    if code is not None:
        _keeps(code, changed, f"outputs.{name}")


def _judge_state(state: State, at: Branch, below: Path, value: Json) -> None:
    program = state.program
    if not below or below[0] not in program.state_merge:
        raise Unfit(f"the state has no key {below[0]}" if below else "the state is edited key by key")
    key = str(below[0])
    if at.id != ROOT and program.state_merge[key] != "replace":
        raise Unfit(f"state.{key} is merged when the branches join: edit it before the fork or after the join")
    contract = program.state_contract.get(key)
    complaint = contract.complaint(_with(at.state, below, value)[key]) if contract else None
    if complaint:
        raise Unfit(f"state.{key}: {complaint}")


_ANSWERED = "a person's answer is not edited: it says who gave it"


def _keeps(code: Instruction, value: Json, what: str) -> None:
    complaint = code.contract.complaint(value) if code.contract else None
    if complaint:
        raise Unfit(f"{what} breaks its contract: {complaint}")


def _who_put_out(state: State, at: Branch, name: str) -> Instruction | None:
    """The stage an output came from: of the branch's own block, else of the blocks around it."""
    here: Branch | None = at
    while here is not None:
        found = state.program.blocks[here.block].stages.get(name)
        if found is not None:
            return found
        here = state.branches.get(here.parent)
    return None


# --- the change -----------------------------------------------------------------------------------------------------


def _with_args(state: State, at: Branch, args: Json, event: Edited) -> folding.Result:
    at = replace(at, args=args, request=event.request, key=event.key or at.key)
    code = state.program.at(at.block, at.stage)
    if not state.program.guarded:
        return folding.put(state, at, folding.invoke(state, at))
    ask = Decide(f"{at.effect}/before", at.id, at.stage, "agent.invoke", code.agent_name, args)
    return folding.put(state, replace(at, part="deciding"), ask, drop=at.effect)


def _with_result(state: State, at: Branch, result: Json) -> folding.Result:
    code = state.program.at(at.block, at.stage)
    at = replace(at, result=result)
    if code.kind != "agent" or not state.program.guarded:
        return _seen(state, at)
    ask = Decide(f"{at.effect}/after", at.id, at.stage, "output.accept", code.agent_name, at.args, result)
    return folding.put(state, replace(at, part="checking"), ask)


def _seen(state: State, at: Branch) -> folding.Result:
    """The state with a branch that stays where it is, and in its turn."""
    return replace(state, branches={**state.branches, at.id: at}), ()


def _with(value: Json, path: Path, new: Json) -> Json:
    """A copy of a value with another one at a path; a mapping may get a new key, a list keeps its length.

    Raises Unfit when the path leads nowhere.
    """
    if not path:
        return new
    step, *rest = path
    if isinstance(value, dict) and isinstance(step, str) and (step in value or not rest):
        return {**value, step: _with(value.get(step), rest, new)}
    if isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value):
        return [*value[:step], _with(value[step], rest, new), *value[step + 1 :]]
    raise Unfit(f"there is no {step} to edit")
