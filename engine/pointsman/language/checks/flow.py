"""Ways through a block: stages no way leads to, stages no way leads out of, routes that are never taken."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from pointsman.language import model
from pointsman.language.checks.context import Environment, Findings, Whole
from pointsman.language.checks.names import ENDS
from pointsman.language.contents import Unit
from pointsman.language.diagnostics import Diagnostic, Related, Severity
from pointsman.language.expressions import Expr, Literal, unparse
from pointsman.language.expressions.nodes import Binary, Unary
from pointsman.language.facts import StageFacts, always, is_literally
from pointsman.language.source import Span

Ways = dict[str, set[str]]


@dataclass(frozen=True, slots=True)
class Paths:
    """A block whose ways are all known: where each stage may go, in written order, and where their names stand."""

    ways: Ways
    spans: Callable[[], dict[str, Span]]


def unreachable_stage(paths: Paths) -> Findings:
    """A stage that no way from the entry leads to."""
    reached = _reached(paths.ways, next(iter(paths.ways)))
    unreached = [name for name in paths.ways if name not in reached]
    spans = paths.spans() if unreached else {}
    for name in unreached:
        message = f"no way leads to {name}: no route, `next` or `on_error` names it, nor the stage above"
        yield Diagnostic("unreachable_stage", spans[name], message, Severity.WARNING)


def no_path_to_end(paths: Paths) -> Findings:
    """A stage the run can enter and from which no way leads to an end: only a limit stops it."""
    back: Ways = {}
    for name, onward in paths.ways.items():
        for target in onward:
            back.setdefault(target, set()).add(name)
    good = _reached(back, *ENDS)
    reached = _reached(paths.ways, next(iter(paths.ways)))
    caught = [name for name in paths.ways if name in reached and name not in good]
    spans = paths.spans() if caught else {}
    # One finding for each trap: its first stage as written, with the others beside it.
    while caught:
        first = caught[0]
        trap = _reached(back, *_reached(paths.ways, first))
        related = tuple(
            Related(spans[name], "and from here") for name in [one for one in caught[1:] if one in trap][:5]
        )
        message = f"from {first} no way leads to an end; only a limit would stop the run"
        yield Diagnostic("no_path_to_end", spans[first], message, Severity.WARNING, related=related)
        caught = [name for name in caught[1:] if name not in trap]


def dead_route(unit: Unit, env: Environment) -> Findings:
    """A route below one that always matches."""
    for step in unit.content.steps:
        for routes in (step.stage.routes, step.stage.on_error):
            for index, route in enumerate(routes or ()):
                if always(route):
                    for dead in (routes or ())[index + 1 :]:
                        message = "this route is never taken: one above it always matches"
                        related = (Related(route.span, "always matches"),)
                        yield Diagnostic("dead_route", dead.span, message, Severity.WARNING, related=related)
                    break


def missing_catch_all(unit: Unit, env: Environment) -> Findings:
    """Routes with conditions only, and no `next`: when none matches, the stage fails with `no_route`."""
    for step in unit.content.steps:
        stage = step.stage
        if not stage.routes or stage.next or stage.on_error or not unit.sound(stage.span):
            continue
        if any(route.when is None or is_literally(route.when, True) for route in stage.routes):
            continue
        if _exhaustive([route.when.tree for route in stage.routes if route.when], stage.result):
            continue
        message = f"when no route of {stage.name} matches, the stage fails; add a route without `when`, or `next`"
        yield Diagnostic("missing_catch_all", stage.routes[-1].span, message, Severity.WARNING)


def inner_paths(unit: Unit) -> Iterator[Paths]:
    """The blocks inside of a piece whose ways are all known."""
    for inner in unit.content.inner:
        ways = _ways(inner.facts)
        if ways and unit.sound(inner.block.span):
            spans = {stage.name: stage.name_span for stage in inner.block.stages}
            yield Paths(ways, lambda spans=spans: spans)  # type: ignore[misc]  # mypy infers no type for the default


def outer_paths(whole: Whole) -> Paths | None:
    """The pipeline's own block, if its ways are all known."""
    ways = _ways(whole.env.facts.stages)
    return Paths(ways, whole.stage_spans) if ways and whole.sound(whole.sheet.found.at("stages")) else None


def _ways(stages: Iterable[StageFacts]) -> Ways | None:
    """Where each stage may go; None when one misspelt target would make its stage look lost."""
    stages = list(stages)
    below = [*(one.name for one in stages[1:]), "end"]
    ways = (
        {
            one.name: {*one.onward, after} if one.falls else set(one.onward)
            for one, after in zip(stages, below, strict=True)
        }
        if stages
        else {}
    )
    return ways if all(target in ways or target in ENDS for onward in ways.values() for target in onward) else None


def _reached(ways: Ways, *starts: str) -> set[str]:
    found, waiting = set(starts), [*starts]
    while waiting:
        new = ways.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found


def _exhaustive(conditions: list[Expr], result: model.Json) -> bool:
    """Whether one of the conditions always holds: a condition and its opposite, or every value of an enum."""
    texts = {unparse(tree) for tree in conditions}
    if any(isinstance(tree, Unary) and tree.op == "!" and unparse(tree.operand) in texts for tree in conditions):
        return True
    opposite = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
    for tree in conditions:
        if isinstance(tree, Binary) and tree.op in opposite:
            other = Binary(tree.start, tree.end, opposite[tree.op], tree.left, tree.right)
            if unparse(other) in texts:
                return True
    return _whole_enum(conditions, result)


def _whole_enum(conditions: list[Expr], result: model.Json) -> bool:
    properties = result.get("properties") if isinstance(result, dict) else None
    if not isinstance(properties, dict):
        return False
    compared: dict[str, set[str]] = {}
    for tree in conditions:
        if isinstance(tree, Binary) and tree.op == "==" and isinstance(tree.right, Literal):
            compared.setdefault(unparse(tree.left), set()).add(repr(tree.right.value))
    for name, schema in properties.items():
        values = schema.get("enum") if isinstance(schema, dict) else None
        if isinstance(values, list) and {repr(value) for value in values} <= compared.get(f"result.{name}", set()):
            return True
    return False
