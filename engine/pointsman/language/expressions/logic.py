"""The closures of operators: CEL's logic, where an error counts only if it could change the answer, and comparisons."""

from collections.abc import Callable
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from pointsman.language.expressions.nodes import Binary, Literal, Ternary, Unary
from pointsman.language.expressions.operators import OPERATORS, negate
from pointsman.language.expressions.values import Closure, EvaluationError, Meter, Scope, UInt, no_overload

# Two values of one of these types compare as Python has it: the way nearly every condition takes.
_PLAIN = frozenset({int, str, float, bool, UInt})
_PYTHON: dict[str, Callable[[Any, Any], bool]] = {"==": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}


def binary(node: Binary, left: Closure, right: Closure) -> Closure:
    """Any operator with two operands."""
    if node.op in ("&&", "||"):
        return _junction(node, left, right)
    if node.op in _PYTHON:
        return _comparison(node, left, right)
    operate, start, end = OPERATORS[node.op], node.start, node.end

    def run(scope: Scope, meter: Meter) -> object:
        one, other = left(scope, meter), right(scope, meter)
        try:
            return operate(one, other, meter)
        except EvaluationError as error:
            error.at(start, end)
            raise

    return run


def unary(node: Unary, operand: Closure) -> Closure:
    """`!x` of a bool, `-x` of a number."""
    start, end = node.start, node.end

    def invert(scope: Scope, meter: Meter) -> object:
        value = operand(scope, meter)
        if value is True:
            return False
        if value is False:
            return True
        raise no_overload("!", value).at(start, end)

    def minus(scope: Scope, meter: Meter) -> object:
        value = operand(scope, meter)
        try:
            return negate(value)
        except EvaluationError as error:
            error.at(start, end)
            raise

    return invert if node.op == "!" else minus


def ternary(node: Ternary, condition: Closure, then: Closure, otherwise: Closure) -> Closure:
    """Only the chosen side is evaluated."""
    start, end = node.condition.start, node.condition.end

    def run(scope: Scope, meter: Meter) -> object:
        chosen = condition(scope, meter)
        if chosen is True:
            return then(scope, meter)
        if chosen is False:
            return otherwise(scope, meter)
        raise no_overload("a condition", chosen).at(start, end)

    return run


def _junction(node: Binary, left: Closure, right: Closure) -> Closure:
    """`&&` and `||`: `decisive` is the value that settles it, from either side and over any error of the other."""
    op, decisive = node.op, node.op == "||"
    left_place, right_place = (node.left.start, node.left.end), (node.right.start, node.right.end)

    def run(scope: Scope, meter: Meter) -> object:
        try:
            value = left(scope, meter)
        except EvaluationError as error:
            failure = error
        else:
            if value is decisive:
                return decisive
            if value is True or value is False:
                value = right(scope, meter)
                if value is True or value is False:
                    return value
                raise no_overload(op, value).at(*right_place)
            failure = no_overload(op, value).at(*left_place)
        if failure.code == "cost_exceeded":
            raise failure
        try:
            value = right(scope, meter)
        except EvaluationError as error:
            raise (error if error.code == "cost_exceeded" else failure) from None
        if value is decisive:
            return decisive
        raise failure

    return run


def _comparison(node: Binary, left: Closure, right: Closure) -> Closure:
    operate, python, start, end = OPERATORS[node.op], _PYTHON[node.op], node.start, node.end

    def run(scope: Scope, meter: Meter) -> object:
        one, other = left(scope, meter), right(scope, meter)
        kind = type(one)
        if kind is type(other) and kind in _PLAIN:
            if kind is str:
                meter.compared(one)
            return python(one, other)
        try:
            return operate(one, other, meter)
        except EvaluationError as error:
            error.at(start, end)
            raise

    if not isinstance(node.right, Literal) or type(node.right.value) not in _PLAIN:
        return run
    constant, constant_kind = node.right.value, type(node.right.value)

    def against_constant(scope: Scope, meter: Meter) -> object:
        one = left(scope, meter)
        if type(one) is constant_kind:
            return python(one, constant)
        try:
            return operate(one, constant, meter)
        except EvaluationError as error:
            error.at(start, end)
            raise

    return against_constant
