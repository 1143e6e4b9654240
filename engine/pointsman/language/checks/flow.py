"""Ways through a block: stages no way leads to, stages no way leads out of, routes that are never taken."""

from collections.abc import Iterator

from pointsman.language import model
from pointsman.language.checks.context import Context, Findings, blocks
from pointsman.language.checks.names import ENDS, targets
from pointsman.language.diagnostics import Diagnostic, Related, Severity
from pointsman.language.expressions import Expr, Literal, unparse
from pointsman.language.expressions.nodes import Binary, Unary

Ways = dict[str, set[str]]


def unreachable_stage(context: Context) -> Findings:
    """A stage that no way from the entry leads to."""
    for block, ways in _sound_blocks(context):
        reached = _reached(ways, block.stages[0].name)
        for stage in block.stages:
            if stage.name not in reached:
                message = f"no way leads to {stage.name}: no route, `next` or `on_error` names it, nor the stage above"
                yield Diagnostic("unreachable_stage", stage.name_span, message, Severity.WARNING)


def no_path_to_end(context: Context) -> Findings:
    """A stage the run can enter and from which no way leads to an end: only a limit stops it."""
    for block, ways in _sound_blocks(context):
        back: Ways = {}
        for name, onward in ways.items():
            for target in onward:
                back.setdefault(target, set()).add(name)
        good = _reached(back, *ENDS)
        reached = _reached(ways, block.stages[0].name)
        caught = [stage for stage in block.stages if stage.name in reached and stage.name not in good]
        # One finding for each trap: its first stage as written, with the others beside it.
        while caught:
            first = caught[0]
            trap = _reached(back, *_reached(ways, first.name))
            others = [stage for stage in caught[1:] if stage.name in trap]
            related = tuple(Related(stage.name_span, "and from here") for stage in others[:5])
            message = f"from {first.name} no way leads to an end; only a limit would stop the run"
            yield Diagnostic("no_path_to_end", first.name_span, message, Severity.WARNING, related=related)
            caught = [stage for stage in caught[1:] if stage.name not in trap]


def dead_route(context: Context) -> Findings:
    """A route below one that always matches."""
    for stage in _stages(context):
        for routes in (stage.routes, stage.on_error):
            for index, route in enumerate(routes or ()):
                if _always(route):
                    for dead in (routes or ())[index + 1 :]:
                        message = "this route is never taken: one above it always matches"
                        related = (Related(route.span, "always matches"),)
                        yield Diagnostic("dead_route", dead.span, message, Severity.WARNING, related=related)
                    break


def missing_catch_all(context: Context) -> Findings:
    """Routes with conditions only, and no `next`: when none matches, the stage fails with `no_route`."""
    for stage in _stages(context):
        if not stage.routes or stage.next or stage.on_error or not context.sound(stage.span):
            continue
        if any(route.when is None or _is(route.when.tree, True) for route in stage.routes):
            continue
        if _exhaustive([route.when.tree for route in stage.routes if route.when], stage.result):
            continue
        message = f"when no route of {stage.name} matches, the stage fails; add a route without `when`, or `next`"
        yield Diagnostic("missing_catch_all", stage.routes[-1].span, message, Severity.WARNING)


def _stages(context: Context) -> Iterator[model.Stage]:
    for draft in context.pipelines:
        for block, _ in blocks(draft):
            yield from block.stages


def _sound_blocks(context: Context) -> Iterator[tuple[model.Block, Ways]]:
    """The blocks whose ways are all known; one misspelt target would make its stage look lost."""
    for draft in context.pipelines:
        for block, _ in blocks(draft):
            if not block.stages or not context.sound(block.span):
                continue
            ways = {
                stage.name: _onward(stage, below)
                for stage, below in zip(block.stages, [*(one.name for one in block.stages[1:]), "end"], strict=True)
            }
            if all(target in ways or target in ENDS for onward in ways.values() for target in onward):
                yield block, ways


def _onward(stage: model.Stage, below: str) -> set[str]:
    """Where the run may go from a stage, whatever its conditions say."""
    onward = {target.name for target in targets(stage)}
    if stage.next is None and (stage.routes is None or stage.when is not None):
        onward.add(below)
    if stage.routes and stage.next is None and not any(_always(route) for route in stage.routes):
        # When no route matches, the stage fails: `missing_catch_all` speaks of that.
        onward.add("fail")
    return onward


def _reached(ways: Ways, *starts: str) -> set[str]:
    found, waiting = set(starts), [*starts]
    while waiting:
        new = ways.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found


def _always(route: model.Route) -> bool:
    return route.max is None and (route.when is None or _is(route.when.tree, True))


def _is(tree: Expr, value: bool) -> bool:
    return isinstance(tree, Literal) and tree.value is value


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
