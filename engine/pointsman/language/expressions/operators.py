"""What the operators do with values: CEL's arithmetic, order and membership, on plain Python values.

The one extension: int and double promote in arithmetic, so `cost * 2` works for a cost of 0.5.
"""

from collections.abc import Callable, Mapping
from math import copysign, inf, isnan, nan
from operator import ge, gt, le, lt
from typing import Any, TypeGuard

from pointsman.language.expressions.times import add_times, subtract_times
from pointsman.language.expressions.values import (
    INT_MAX,
    INT_MIN,
    KEY_TYPES,
    LONG_TEXT,
    NUMBERS,
    UINT_MAX,
    Duration,
    EvaluationError,
    Meter,
    Timestamp,
    UInt,
    equals,
    find,
    no_overload,
    normal,
    ordered,
)

Operator = Callable[[object, object, Meter], object]


def add(left: object, right: object, meter: Meter) -> object:
    """Numbers, times, and the joining of two strings, bytes or lists."""
    if _is_number(left) and _is_number(right):
        return _result("+", left, right, left + right)
    if isinstance(left, str) and isinstance(right, str):
        meter.text(len(left) + len(right))
        return left + right
    if isinstance(left, bytes) and isinstance(right, bytes):
        meter.text(len(left) + len(right))
        return left + right
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        meter.charge(len(left) + len(right))
        return [*left, *right]
    if isinstance(left, Timestamp | Duration) and isinstance(right, Timestamp | Duration):
        return add_times(left, right)
    return _again(add, "+", left, right, meter)


def subtract(left: object, right: object, meter: Meter) -> object:
    """Numbers and times."""
    if _is_number(left) and _is_number(right):
        return _result("-", left, right, left - right)
    if isinstance(left, Timestamp | Duration) and isinstance(right, Timestamp | Duration):
        return subtract_times(left, right)
    return _again(subtract, "-", left, right, meter)


def multiply(left: object, right: object, meter: Meter) -> object:
    """Numbers."""
    if _is_number(left) and _is_number(right):
        return _result("*", left, right, left * right)
    return _again(multiply, "*", left, right, meter)


def divide(left: object, right: object, meter: Meter) -> object:
    """Integers cut towards zero; doubles as IEEE 754 has it, where 1.0 / 0.0 is infinite."""
    if not _is_number(left) or not _is_number(right):
        return _again(divide, "/", left, right, meter)
    if isinstance(left, float) or isinstance(right, float):
        if right:
            return _result("/", left, right, left / right)
        endless = copysign(inf, left) * copysign(1.0, right) if left and not isnan(left) else nan
        return _result("/", left, right, endless)
    if right == 0:
        raise EvaluationError("division_by_zero", "division by zero")
    quotient = abs(left) // abs(right)
    return _result("/", left, right, quotient if (left < 0) is (right < 0) else -quotient)


def modulo(left: object, right: object, meter: Meter) -> object:
    """Integers alone; the sign is that of the left one."""
    if not isinstance(left, int) or not isinstance(right, int) or not _is_number(left) or not _is_number(right):
        return _again(modulo, "%", left, right, meter)
    if right == 0:
        raise EvaluationError("division_by_zero", "the remainder of a division by zero")
    if left == INT_MIN and right == -1:  # the division overflows, and CEL says so
        raise EvaluationError("overflow", "the result does not fit in 64 bits")
    rest = abs(left) % abs(right)
    return _result("%", left, right, -rest if left < 0 else rest)


def negate(value: object) -> object:
    """The number with the other sign."""
    value = normal(value)
    if isinstance(value, float):
        return -value
    if isinstance(value, int) and type(value) is int:
        return _result("-", value, value, -value)
    raise no_overload("-", value)


def equal(left: object, right: object, meter: Meter) -> object:
    return equals(left, right, meter)


def unequal(left: object, right: object, meter: Meter) -> object:
    return not equals(left, right, meter)


def member(left: object, right: object, meter: Meter) -> object:
    """Whether an item is in a list, or a key in a map."""
    if isinstance(right, list | tuple):
        meter.charge(len(right))
        if type(left) is str and len(left) < LONG_TEXT:
            return any(item == left for item in right)
        return any(equals(left, item, meter) for item in right)
    if isinstance(right, Mapping):
        key = normal(left)
        if type(key) not in KEY_TYPES and type(key) is not float:
            raise no_overload("in", left, right)
        return find(right, key).present
    if isinstance(right, str) and isinstance(left, str):
        raise EvaluationError("no_such_overload", "`in` looks into lists and maps; for text write text.contains(part)")
    raise no_overload("in", left, right)


def _compare(symbol: str, compare: Callable[[Any, Any], object]) -> Operator:
    def operator(left: object, right: object, meter: Meter) -> object:
        if ordered(left, right):
            meter.compared(left)
            return compare(left, right)
        return _again(operator, symbol, left, right, meter)

    return operator


def _again(operator: Operator, symbol: str, left: object, right: object, meter: Meter) -> object:
    """A second try with values from outside (enums) as what they stand for; else these types do not go together."""
    one, other = normal(left), normal(right)
    if type(one) is type(left) and type(other) is type(right):
        if type(left) in NUMBERS and type(right) in NUMBERS:
            raise EvaluationError("overflow", "a number of the data does not fit in 64 bits")
        raise no_overload(symbol, left, right)
    return operator(one, other, meter)


def _is_number(value: object) -> TypeGuard[int | float]:
    """A number and no more than 64 bits: data may hold larger ones, which compare but do not calculate."""
    if isinstance(value, float):
        return type(value) is float
    return isinstance(value, int) and type(value) in NUMBERS and INT_MIN <= value <= UINT_MAX


def _result(symbol: str, left: int | float, right: int | float, result: int | float) -> object:
    """The result in the type of its operands, if it fits."""
    a, b = type(left), type(right)
    if a is not b:
        if a is UInt or b is UInt:
            raise no_overload(symbol, left, right)
        return result
    if a is float:
        return result
    low, high = (INT_MIN, INT_MAX) if a is int else (0, UINT_MAX)
    if not low <= result <= high:
        raise EvaluationError("overflow", "the result does not fit in 64 bits")
    return result if a is int else UInt(result)


OPERATORS: dict[str, Operator] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "%": modulo,
    "==": equal,
    "!=": unequal,
    "<": _compare("<", lt),
    "<=": _compare("<=", le),
    ">": _compare(">", gt),
    ">=": _compare(">=", ge),
    "in": member,
}
