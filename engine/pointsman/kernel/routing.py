"""Where a branch goes next, and why: every candidate with its condition, its operands, chosen or not."""

from typing import Any

from pointsman.kernel.envelope import Scope
from pointsman.kernel.events import Candidate, ErrorInfo, Operand, StageFailed, StageRouted
from pointsman.kernel.instructions import Condition, Edge, Instruction, Located, Program
from pointsman.kernel.state import Branch, State
from pointsman.language import model
from pointsman.language.expressions import EvaluationError, as_json

Json = Any
MAX_OPERAND = 2000
MAX_ITEMS = 50
"""Characters and items an operand may have in the journal: it explains a decision, it is no copy of the data."""


def leave(state: State, branch: Branch, code: Instruction) -> StageRouted | StageFailed:
    """The way on from a stage that has its result: first match wins, then `next`, then the stage below."""
    if code.routes is None:
        return _go(state, branch, code, code.next or code.below, "next" if code.next else "below")
    outputs = {**branch.outputs, code.name: branch.result}  # a stage's routes see its own output too
    scope = Scope(state, branch, {"args": branch.args, "result": branch.result, "outputs": outputs})
    taken = weigh(state, branch, code, code.routes, scope, "route")
    if taken is not None:
        return taken
    if code.next:
        return _go(state, branch, code, code.next, "next")
    return StageFailed(code.name, ErrorInfo("route", "no_route", "no route matches, and there is no `next`", code.id))


def recover(state: State, branch: Branch, code: Instruction) -> StageRouted | None:
    """The way on from a failed stage, or None when nothing of its `on_error` matches."""
    if not code.on_error or branch.error is None:
        return None
    scope = Scope(state, branch, {"args": branch.args, "error": error_record(branch.error)})
    taken = weigh(state, branch, code, code.on_error, scope, "on_error")
    return taken if isinstance(taken, StageRouted) and taken.to != "fail" else None


def weigh(
    state: State, branch: Branch, code: Instruction, edges: tuple[Edge, ...], scope: Scope, why: str
) -> StageRouted | StageFailed | None:
    """Try routes in order; a condition that can not be evaluated fails the stage, never counts as false."""
    candidates: list[Candidate] = []
    for index, edge in enumerate(edges):
        if edge.when is None:
            matches: bool = True
            seen: tuple[Operand, ...] = ()
        else:
            try:
                matches, seen = decide(state.program, edge.when, scope)
            except EvaluationError as error:
                return StageFailed(code.name, expression_error(state.program, edge.when.code, error, code.id))
        candidates.append(Candidate(edge.to, edge.when.text if edge.when else "", matches, seen))
        if not matches:
            continue
        to = edge.to
        if edge.max is not None and state.edges.get(edge_id(branch, code, index), 0) >= edge.max:
            if edge.on_max is None:
                continue
            to = edge.on_max
        candidates += [Candidate(later.to, later.when.text if later.when else "") for later in edges[index + 1 :]]
        return _go(state, branch, code, to, why, index, edge.label, tuple(candidates))
    return None


def decide(program: Program, test: Condition, scope: Scope) -> tuple[bool, tuple[Operand, ...]]:
    """A condition's value and the values it looked at. Raises EvaluationError; anything but a boolean is one."""
    value = test.test(scope)
    if not isinstance(value, bool):
        raise EvaluationError(
            "not_a_condition", f"a condition must be true or false, this is {value!r:.60}", 0, len(test.text)
        )
    return value, tuple(_operand(seen.text, seen.value, seen.error) for seen in test.look(scope))


def edge_id(branch: Branch, code: Instruction, index: int) -> str:
    """The name an edge is counted by: per branch, so that two rounds of a fork do not share a count."""
    return f"{branch.id}:{code.name}:{index}"


def expression_error(program: Program, code: model.Code | model.Text, error: EvaluationError, stage: str) -> ErrorInfo:
    """An evaluation error with the place of its sub-expression in the file."""
    place = program.where(code.map.span(error.start, error.end))
    return ErrorInfo("expression", error.code, f"{error.message} (at {place})", stage)


def located_error(program: Program, error: Located, stage: str) -> ErrorInfo:
    """The same for an error inside a template; a prompt file is not in the pipeline's text and has no place there."""
    if error.text is None:
        return ErrorInfo("expression", error.error.code, f"{error.error.message} (in a prompt)", stage)
    return expression_error(program, error.text, error.error, stage)


def error_record(error: ErrorInfo) -> dict[str, Json]:
    """`error` as expressions see it."""
    return {
        "class": error.klass,
        "code": error.code,
        "message": error.message,
        "stage": error.stage,
        "attempt": error.attempt,
    }


def _go(
    state: State,
    branch: Branch,
    code: Instruction,
    to: str,
    why: str,
    index: int | None = None,
    label: str = "",
    candidates: tuple[Candidate, ...] = (),
) -> StageRouted:
    counted = index is not None and why == "route" and code.routes is not None and code.routes[index].max is not None
    back = to in branch.visits and not counted and state.program.at(code.block, to).index <= code.index
    return StageRouted(code.name, to, why, index, label, back, candidates)


def _operand(text: str, value: Json, error: object) -> Operand:
    if error is not None:
        return Operand(text, None, str(error))
    if isinstance(value, str):
        return Operand(text, value if len(value) <= MAX_OPERAND else value[:MAX_OPERAND] + "…")
    if isinstance(value, list | dict) and (len(value) > MAX_ITEMS or len(str(value)) > MAX_OPERAND):
        return Operand(text, f"{'list' if isinstance(value, list) else 'map'} of {len(value)}")
    try:
        return Operand(text, as_json(value))
    except EvaluationError as unfit:
        return Operand(text, None, unfit.message)
