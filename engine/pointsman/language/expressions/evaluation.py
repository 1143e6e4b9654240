"""Compiles a tree once into closures that are evaluated often: values in, one value or one `EvaluationError` out.

A closure takes the scope and the meter. Only what is as long as data is metered (comprehensions, texts, lists), so a
plain comparison costs nothing extra and no expression runs for ever.
"""

from collections.abc import Callable, Mapping

from pointsman.language.expressions import comprehensions, logic, members
from pointsman.language.expressions.calling import broken, call
from pointsman.language.expressions.nodes import (
    Binary,
    Call,
    Error,
    Expr,
    Has,
    Ident,
    Index,
    ListLit,
    Literal,
    Macro,
    MapLit,
    Select,
    Ternary,
    Unary,
    walk,
)
from pointsman.language.expressions.parser import Parsed, parse
from pointsman.language.expressions.values import (
    KEY_TYPES,
    TYPE_NAMES,
    Closure,
    EvaluationError,
    Meter,
    Optional,
    Scope,
    no_overload,
)

MAX_STEPS = 1_000_000

Compiled = Callable[[Mapping[str, object]], object]

# Operators that never cost more than a step; the others may meet data of any length.
_CHEAP = frozenset({"&&", "||", "-", "/", "%"})


def compile_expression(tree: Expr | Parsed, max_steps: int = MAX_STEPS) -> Compiled:
    """The expression as a function of its scope, to keep and call often.

    The function raises `EvaluationError`, nothing else; its offsets are those of the tree. The scope maps names to
    plain values (None, bool, int, float, str, bytes, list, dict or another `Mapping`, and what `values` adds). One
    evaluation may take `max_steps` steps, else it ends with cost_exceeded.
    """
    root = tree.tree if isinstance(tree, Parsed) else tree
    if isinstance(tree, Parsed) and tree.problems:
        problem = tree.problems[0]
        closure = broken(problem.start, problem.end, problem.message)
    else:
        try:
            closure = _compile(root)
        except RecursionError:
            closure = broken(root.start, root.end, "the expression is nested too deeply")

    shared = None if any(map(_metered, walk(root))) else Meter(max_steps)  # never charged, so it may be shared

    def run(scope: Scope) -> object:
        try:
            return closure(scope, shared or Meter(max_steps))
        except RecursionError:
            raise EvaluationError("cost_exceeded", "the data is nested too deeply", root.start, root.end) from None

    return run


def evaluate(expression: str | Expr | Parsed, scope: Scope, max_steps: int = MAX_STEPS) -> object:
    """The value of an expression, compiled for this once; raises EvaluationError, also for text with problems."""
    tree = parse(expression) if isinstance(expression, str) else expression
    return compile_expression(tree, max_steps)(scope)


def _compile(node: Expr) -> Closure:
    match node:
        case Literal(value=value):
            return lambda scope, meter: value
        case Ident():
            return _ident(node)
        case Select():
            return _select(node)
        case Index():
            return members.index(node, _compile(node.operand), _compile(node.index))
        case Binary():
            return logic.binary(node, _compile(node.left), _compile(node.right))
        case Unary():
            return logic.unary(node, _compile(node.operand))
        case Call():
            operands = (node.target, *node.args) if node.target is not None else node.args
            return call(node, [_compile(operand) for operand in operands])
        case Has():
            return members.has(node, _compile(node.select.operand))
        case Ternary():
            return logic.ternary(node, _compile(node.condition), _compile(node.then), _compile(node.otherwise))
        case Macro():
            condition = None if node.condition is None else _compile(node.condition)
            return comprehensions.macro(node, _compile(node.target), condition, _compile(node.body))
        case ListLit():
            return _list(node)
        case MapLit():
            return _map(node)
        case Error():
            return broken(node.start, node.end, "the expression is not complete")


def _ident(node: Ident) -> Closure:
    name, start, end = node.name, node.start, node.end

    def ident(scope: Scope, meter: Meter) -> object:
        try:
            return scope[name]
        except KeyError:
            if name in TYPE_NAMES:
                return TYPE_NAMES[name]
            raise EvaluationError("unknown_name", f"there is no `{name}` here", start, end) from None

    def absolute(scope: Scope, meter: Meter) -> object:
        # A macro that takes the name for its variable leaves the root under this one.
        return scope["." + name] if "." + name in scope else ident(scope, meter)

    return absolute if node.absolute else ident


def _select(node: Select) -> Closure:
    if node.field in ("Timestamp", "Duration") and isinstance(node.operand, Select):
        package = node.operand
        if package.field == "protobuf" and isinstance(package.operand, Ident) and package.operand.name == "google":
            kind = TYPE_NAMES[f"google.protobuf.{node.field}"]
            return lambda scope, meter: kind
    return members.select(node, _compile(node.operand))


def _list(node: ListLit) -> Closure:
    parts = [(_compile(item.value), item.optional, item.value) for item in node.items]
    if not any(item.optional for item in node.items):
        values = [value for value, _, _ in parts]
        return lambda scope, meter: [value(scope, meter) for value in values]

    def run(scope: Scope, meter: Meter) -> object:
        items: list[object] = []
        for value, optional, place in parts:
            item = value(scope, meter)
            if not optional:
                items.append(item)
            elif not isinstance(item, Optional):
                raise no_overload("an optional item", item).at(place.start, place.end)
            elif item.present:
                items.append(item.value)
        return items

    return run


def _map(node: MapLit) -> Closure:
    parts = [(_compile(entry.key), _compile(entry.value), entry) for entry in node.entries]

    def run(scope: Scope, meter: Meter) -> object:
        entries: dict[object, object] = {}
        for key_of, value_of, entry in parts:
            key, value = key_of(scope, meter), value_of(scope, meter)
            if type(key) not in KEY_TYPES:
                raise no_overload("the key of a map", key).at(entry.key.start, entry.key.end)
            if key in entries:
                raise EvaluationError("duplicate_key", "the map has this key twice", entry.key.start, entry.key.end)
            if not entry.optional:
                entries[key] = value
            elif not isinstance(value, Optional):
                raise no_overload("an optional entry", value).at(entry.value.start, entry.value.end)
            elif value.present:
                entries[key] = value.value
        return entries

    return run


def _metered(node: Expr) -> bool:
    match node:
        case Macro() | Call() | Has() | Index():
            return True
        case Binary(op="==" | "!=" | "<" | "<=" | ">" | ">="):
            # Against a constant nothing long is ever compared.
            return not isinstance(node.left, Literal) and not isinstance(node.right, Literal)
        case Binary():
            return node.op not in _CHEAP
    return False
