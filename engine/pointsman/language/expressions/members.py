"""The closures that reach into values: `.field`, `[index]`, their optional forms, and `has`."""

from collections.abc import Mapping

from pointsman.language.expressions.nodes import Has, Index, Select
from pointsman.language.expressions.values import (
    KEY_TYPES,
    NONE,
    Closure,
    EvaluationError,
    Meter,
    Optional,
    Scope,
    UInt,
    find,
    no_overload,
    normal,
)


def select(node: Select, operand: Closure) -> Closure:
    """`x.field` and `x.?field`; on an optional both give an optional."""
    field, start, end = node.field, node.field_start, node.field_end

    def run(scope: Scope, meter: Meter) -> object:
        value = operand(scope, meter)
        if type(value) is dict:
            try:
                return value[field]
            except KeyError:
                raise _no_such_key(field, start, end) from None
        if isinstance(value, Optional):
            return _in_optional(value, field, start, end)
        found = _field(value, field, start, end)
        if not found.present:
            raise _no_such_key(field, start, end)
        return found.value

    def optional(scope: Scope, meter: Meter) -> object:
        value = operand(scope, meter)
        if isinstance(value, Optional):
            return _in_optional(value, field, start, end)
        return _field(value, field, start, end)

    return optional if node.optional else run


def has(node: Has, operand: Closure) -> Closure:
    """Whether the field is there, with any value; what it is asked of must be there itself."""
    field, start, end = node.select.field, node.select.field_start, node.select.field_end

    def run(scope: Scope, meter: Meter) -> object:
        value = operand(scope, meter)
        if isinstance(value, Optional):
            return _in_optional(value, field, start, end).present
        return _field(value, field, start, end).present

    return run


def index(node: Index, operand: Closure, key: Closure) -> Closure:
    """`x[i]` and `x[?i]` of lists and maps; on an optional both give an optional."""
    start, end, optional = node.index.start, node.index.end, node.optional

    def run(scope: Scope, meter: Meter) -> object:
        value, at = operand(scope, meter), key(scope, meter)
        if type(value) is dict and type(at) is str and not optional:
            try:
                return value[at]
            except KeyError:
                raise _no_such_key(at, start, end) from None
        if isinstance(value, Optional):
            return _at(value.value, at, start, end) if value.present else NONE
        found = _at(value, at, start, end)
        if optional:
            return found
        if found.present:
            return found.value
        if isinstance(value, Mapping):
            raise _no_such_key(at, start, end)
        raise EvaluationError("index_out_of_range", f"the index {at} is outside of the list", start, end)

    return run


def _no_such_key(key: object, start: int, end: int) -> EvaluationError:
    return EvaluationError(
        "no_such_key", f"there is no `{key}`" if isinstance(key, str) else f"there is no key {key}", start, end
    )


def _field(value: object, field: str, start: int, end: int) -> Optional:
    if isinstance(value, Mapping):
        return find(value, field)
    raise no_overload(f"`.{field}`", value).at(start, end)


def _in_optional(value: Optional, field: str, start: int, end: int) -> Optional:
    return _field(value.value, field, start, end) if value.present else NONE


def _at(value: object, key: object, start: int, end: int) -> Optional:
    key = normal(key)
    if type(key) is float and key.is_integer():  # JSON has one kind of number
        key = int(key)
    if isinstance(value, Mapping) and (type(key) in KEY_TYPES or type(key) is float):
        return find(value, key)
    if isinstance(value, list | tuple) and type(key) in (int, UInt):
        place = int(key)  # type: ignore[call-overload] # an int or UInt, as asked above
        return Optional(True, value[place]) if 0 <= place < len(value) else NONE
    raise no_overload("[ ]", value, key).at(start, end)
