"""The closures of macros: `exists`, `all`, `map` and their kin, each paid for by the length of what it goes through."""

from collections.abc import Callable, Mapping

from pointsman.language.expressions.nodes import Call, Expr, Ident, Macro, walk
from pointsman.language.expressions.values import (
    NONE,
    Closure,
    EvaluationError,
    Meter,
    Optional,
    Scope,
    no_overload,
)

_Inner = dict[str, object]
_Enter = Callable[[Scope], _Inner]


def macro(node: Macro, target: Closure, condition: Closure | None, body: Closure) -> Closure:
    """A macro, its parts compiled. Going on to the next item costs a step for every few nodes to evaluate for it."""
    enter = _scope_maker(node)
    match node.kind:
        case "exists" | "all":
            return _search(node, target, body, enter)
        case "exists_one" | "existsOne":
            return _count(node, target, body, enter)
        case "filter":
            return _transform(node, target, body, None, enter)
        case "map" | "transformList" | "transformMap":
            return _transform(node, target, condition, body, enter)
    return _opt_map(node, target, body, enter)


def _scope_maker(node: Macro) -> _Enter:
    """Makes the inner scope of only those names the body reads: a scope may be large, or lazy."""
    variables = {node.var.name} | ({node.var2.name} if node.var2 else set())
    names: set[str] = set()
    hidden: set[str] = set()
    for part in (node.condition, node.body):
        for inner in walk(part) if part is not None else ():
            if isinstance(inner, Ident):
                if inner.absolute:
                    hidden.add(inner.name)
                names.add(inner.name)
            elif isinstance(inner, Call) and inner.function in ("env", "secret"):
                names.add(inner.function)
    outer = tuple(sorted(names - variables))
    roots = tuple((name, "." + name) for name in sorted(hidden))

    def enter(scope: Scope) -> _Inner:
        inner = {name: scope[name] for name in outer if name in scope}
        for name, root in roots:
            if root in scope:
                inner[root] = scope[root]
            elif name in scope:
                inner[root] = scope[name]
        return inner

    return enter


def _search(node: Macro, target: Closure, body: Closure, enter: _Enter) -> Closure:
    """`exists` stops at the first true, `all` at the first false; an error counts only if none of these comes."""
    decisive = node.kind == "exists"
    var, var2 = node.var.name, node.var2.name if node.var2 else None
    place = (node.body.start, node.body.end)
    weight = _weight(node)

    def run(scope: Scope, meter: Meter) -> object:
        items = _items(node, target(scope, meter), meter, weight)
        inner, failure = enter(scope), None
        for item in items:
            if var2 is None:
                inner[var] = item
            else:
                inner[var], inner[var2] = item  # type: ignore[misc] # a pair: `_items` makes them for two names
            try:
                value = body(inner, meter)
            except EvaluationError as error:
                if error.code == "cost_exceeded":
                    raise
                failure = failure or error
                continue
            if value is decisive:
                return decisive
            if value is not True and value is not False:
                failure = failure or no_overload(node.kind, value).at(*place)
        if failure is not None:
            raise failure
        return not decisive

    return run


def _count(node: Macro, target: Closure, body: Closure, enter: _Enter) -> Closure:
    """`exists_one`: here every error counts."""
    var, var2 = node.var.name, node.var2.name if node.var2 else None
    weight = _weight(node)

    def run(scope: Scope, meter: Meter) -> object:
        items = _items(node, target(scope, meter), meter, weight)
        inner, passed = enter(scope), 0
        for item in items:
            if var2 is None:
                inner[var] = item
            else:
                inner[var], inner[var2] = item  # type: ignore[misc] # as in _search
            passed += _truth(node.body, node.kind, body(inner, meter))
        return passed == 1

    return run


def _transform(node: Macro, target: Closure, condition: Closure | None, body: Closure | None, enter: _Enter) -> Closure:
    """`filter` (without a body) gives the items that pass, `map` values for them, `transformMap` at their keys."""
    var, var2 = node.var.name, node.var2.name if node.var2 else None
    place = node.body if node.condition is None else node.condition
    keyed = node.kind == "transformMap"
    weight = _weight(node)

    def run(scope: Scope, meter: Meter) -> object:
        items = _items(node, target(scope, meter), meter, weight)
        inner = enter(scope)
        made: list[object] = []
        keys: list[object] = []
        for item in items:
            if var2 is None:
                inner[var] = item
            else:
                inner[var], inner[var2] = item  # type: ignore[misc] # as in _search
            if condition is None or _truth(place, node.kind, condition(inner, meter)):
                made.append(item if body is None else body(inner, meter))
                keys.append(inner[var])
        return dict(zip(keys, made, strict=True)) if keyed else made

    return run


def _opt_map(node: Macro, target: Closure, body: Closure, enter: _Enter) -> Closure:
    """`optMap` and `optFlatMap`: the body sees the value, if there is one."""
    var, flat = node.var.name, node.kind == "optFlatMap"

    def run(scope: Scope, meter: Meter) -> object:
        optional = target(scope, meter)
        if not isinstance(optional, Optional):
            raise no_overload(node.kind, optional).at(node.kind_start, node.kind_end)
        if not optional.present:
            return NONE
        value = body({**enter(scope), var: optional.value}, meter)
        if not flat:
            return Optional(True, value)
        if not isinstance(value, Optional):
            raise no_overload(node.kind, value).at(node.body.start, node.body.end)
        return value

    return run


def _weight(node: Macro) -> int:
    return 1 + sum(1 for part in (node.condition, node.body) if part is not None for _ in walk(part)) // 4


def _items(node: Macro, value: object, meter: Meter, weight: int) -> list[object]:
    """The items of a list or the keys of a map; pairs of index or key and item when the macro has two variables."""
    pairs = node.var2 is not None
    if isinstance(value, list | tuple):
        meter.charge(weight * len(value) + 1)
        return list(enumerate(value)) if pairs else value  # type: ignore[return-value] # a tuple goes like a list
    if isinstance(value, Mapping):
        meter.charge(weight * len(value) + 1)
        return list(value.items()) if pairs else list(value)
    raise no_overload(node.kind, value).at(node.kind_start, node.kind_end)


def _truth(place: Expr, kind: str, value: object) -> bool:
    if value is True or value is False:
        return value
    raise no_overload(kind, value).at(place.start, place.end)
