"""The tree of an expression: every node knows where it stands, in code points of the expression's text.

A tree always exists. Where the text is missing or broken stands an `Error`, which keeps what could be read as its
children, so an editor finds `state` in `state.` and a checker still sees every name.
"""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant; the value is None, bool, int, `UInt`, float, str or bytes."""

    start: int
    end: int
    value: object


@dataclass(frozen=True, slots=True)
class Ident:
    """A name. `absolute` is `.name`: the root of that name, whatever a macro calls its variable."""

    start: int
    end: int
    name: str
    absolute: bool = False


@dataclass(frozen=True, slots=True)
class Select:
    """`operand.field`, or `operand.?field` when optional. A field not typed yet is "" with an empty span."""

    start: int
    end: int
    operand: "Expr"
    field: str
    field_start: int
    field_end: int
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Index:
    """`operand[index]`, or `operand[?index]` when optional."""

    start: int
    end: int
    operand: "Expr"
    index: "Expr"
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """`function(args)` or `target.function(args)`; `optional.of(1)` has its full name and no target."""

    start: int
    end: int
    function: str
    target: "Expr | None"
    args: "tuple[Expr, ...]"
    function_start: int
    function_end: int


@dataclass(frozen=True, slots=True)
class Unary:
    """`!operand` or `-operand`."""

    start: int
    end: int
    op: str
    operand: "Expr"


@dataclass(frozen=True, slots=True)
class Binary:
    """`left op right`, op one of `|| && == != < <= > >= in + - * / %`. Chains of `||` and `&&` are balanced."""

    start: int
    end: int
    op: str
    left: "Expr"
    right: "Expr"


@dataclass(frozen=True, slots=True)
class Ternary:
    """`condition ? then : otherwise`."""

    start: int
    end: int
    condition: "Expr"
    then: "Expr"
    otherwise: "Expr"


@dataclass(frozen=True, slots=True)
class ListItem:
    """One item of a list; an optional one, `?x`, is left out when it has no value."""

    value: "Expr"
    optional: bool


@dataclass(frozen=True, slots=True)
class ListLit:
    """`[a, ?b]`."""

    start: int
    end: int
    items: tuple[ListItem, ...]


@dataclass(frozen=True, slots=True)
class MapEntry:
    """One entry of a map; an optional one, `?k: x`, is left out when it has no value."""

    key: "Expr"
    value: "Expr"
    optional: bool


@dataclass(frozen=True, slots=True)
class MapLit:
    """`{k: v}`."""

    start: int
    end: int
    entries: tuple[MapEntry, ...]


@dataclass(frozen=True, slots=True)
class Macro:
    """`target.kind(var, body)`: the name `var`, and `var2` in two-variable forms, is bound in `condition` and `body`.

    Kinds: all exists exists_one existsOne filter map transformList transformMap optMap optFlatMap.
    `condition` is the second of three arguments of `map` (and its kin): only elements that pass are mapped.
    """

    start: int
    end: int
    kind: str
    target: "Expr"
    var: Ident
    body: "Expr"
    condition: "Expr | None"
    var2: Ident | None
    kind_start: int
    kind_end: int


@dataclass(frozen=True, slots=True)
class Has:
    """`has(operand.field)`: whether the field is there."""

    start: int
    end: int
    select: Select


@dataclass(frozen=True, slots=True)
class Error:
    """A hole: what should stand here is missing or can not be read. `parts` is what could be read around it."""

    start: int
    end: int
    parts: "tuple[Expr, ...]" = ()


Expr = Literal | Ident | Select | Index | Call | Unary | Binary | Ternary | ListLit | MapLit | Macro | Has | Error


def children(expr: Expr) -> tuple[Expr, ...]:
    """The nodes directly below, in the order they stand in the text."""
    match expr:
        case Literal() | Ident():
            return ()
        case Select(operand=operand) | Unary(operand=operand):
            return (operand,)
        case Index():
            return (expr.operand, expr.index)
        case Call():
            return expr.args if expr.target is None else (expr.target, *expr.args)
        case Binary():
            return (expr.left, expr.right)
        case Ternary():
            return (expr.condition, expr.then, expr.otherwise)
        case ListLit():
            return tuple(item.value for item in expr.items)
        case MapLit():
            return tuple(part for entry in expr.entries for part in (entry.key, entry.value))
        case Macro():
            inner = (expr.target, expr.var, expr.var2, expr.condition, expr.body)
            return tuple(part for part in inner if part is not None)
        case Has():
            return (expr.select,)
        case Error():
            return expr.parts


def walk(expr: Expr) -> Iterator[Expr]:
    """This node and all below it, a node before its children, as they stand in the text."""
    stack = [expr]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(children(node)))


def depth(expr: Expr) -> int:
    """How many nodes the longest way down has; counted without recursion, because that is what it protects."""
    deepest, stack = 0, [(expr, 1)]
    while stack:
        node, level = stack.pop()
        deepest = max(deepest, level)
        stack.extend((child, level + 1) for child in children(node))
    return deepest
