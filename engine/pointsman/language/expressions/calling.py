"""The closures of function calls: values in, the function of the table, a place for its error."""

from collections.abc import Mapping

from pointsman.language.expressions.functions import IMPLEMENTATIONS
from pointsman.language.expressions.nodes import Call
from pointsman.language.expressions.signatures import FUNCTIONS
from pointsman.language.expressions.values import (
    Closure,
    EvaluationError,
    Meter,
    Optional,
    Scope,
    find,
    no_overload,
)


def call(node: Call, values: list[Closure]) -> Closure:
    """A call; `values` are its target, if it has one, and its arguments."""
    name, start, end = node.function, node.start, node.end
    if name in ("or", "orValue") and len(values) == 2:
        return _or(node, *values)
    if name in ("env", "secret") and len(values) == 1:
        return _from_scope(node, values[0])
    function = IMPLEMENTATIONS.get(name)
    known = FUNCTIONS.get(name)
    counts = known and (known.global_counts if node.target is None else known.member_counts)
    if function is None or not counts or len(node.args) not in counts:
        code = "unknown_function" if function is None else "no_such_overload"
        return broken(node.function_start, node.function_end, f"`{name}` can not be called like this", code)
    implementation = function

    def run(scope: Scope, meter: Meter) -> object:
        arguments = [value(scope, meter) for value in values]
        meter.charge(1)
        try:
            return implementation(meter, *arguments)
        except EvaluationError as error:
            error.at(start, end)
            raise

    return run


def broken(start: int, end: int, message: str, code: str = "invalid_expression") -> Closure:
    """What can not be evaluated: its error comes when it is asked for, so the rest of a condition still counts."""

    def run(scope: Scope, meter: Meter) -> object:
        raise EvaluationError(code, message, start, end)

    return run


def _or(node: Call, target: Closure, other: Closure) -> Closure:
    """`x.or(y)` and `x.orValue(y)`: the argument is evaluated only when it is needed."""
    unwrap = node.function == "orValue"

    def run(scope: Scope, meter: Meter) -> object:
        optional = target(scope, meter)
        if not isinstance(optional, Optional):
            raise no_overload(node.function, optional).at(node.start, node.end)
        if optional.present:
            return optional.value if unwrap else optional
        value = other(scope, meter)
        if not unwrap and not isinstance(value, Optional):
            raise no_overload(node.function, optional, value).at(node.start, node.end)
        return value

    return run


def _from_scope(node: Call, name: Closure) -> Closure:
    """`env("NAME")` and `secret("NAME")` read the scope's mapping of the function's name."""
    function, start, end = node.function, node.start, node.end

    def run(scope: Scope, meter: Meter) -> object:
        key = name(scope, meter)
        values = scope.get(function)
        if not isinstance(values, Mapping):
            raise EvaluationError("unknown_function", f"`{function}` can not be used here", start, end)
        if not isinstance(key, str):
            raise no_overload(function, key).at(start, end)
        found = find(values, key)
        if not found.present:
            raise EvaluationError("no_such_key", f"there is no `{key}` in `{function}`", start, end)
        return found.value

    return run
