"""Which values of the scope an expression reads, where, and whether it minds that they are missing.

Also the operands of a condition: the values its answer came from, for people who ask why a route was taken.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pointsman.language.expressions.evaluation import Compiled, compile_expression
from pointsman.language.expressions.nodes import (
    Binary,
    Call,
    Error,
    Expr,
    Has,
    Ident,
    Index,
    Literal,
    Macro,
    Select,
    Ternary,
    Unary,
    children,
)
from pointsman.language.expressions.parser import Parsed
from pointsman.language.expressions.unparse import unparse
from pointsman.language.expressions.values import TYPE_NAMES, EvaluationError, Scope

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """One name of a path and where it stands; of `x["y"]` that is the literal with its quotes.

    `guarded`: it may be missing without an error here, or something before made sure that it is there.
    """

    name: str
    start: int
    end: int
    guarded: bool


@dataclass(frozen=True, slots=True)
class Reference:
    """The longest chain of members from a root name: `outputs.diff["py"]` is `("outputs", "diff", "py")`.

    `guarded`: any segment is; `optional`: any is reached by `.?` or `[?]`.
    """

    path: Path
    start: int
    end: int
    guarded: bool
    optional: bool
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Operand:
    """A part of a condition with its source text; `error` tells why it has no value."""

    text: str
    value: object
    error: EvaluationError | None
    start: int
    end: int


def references(tree: Expr | Parsed) -> tuple[Reference, ...]:
    """All references of a tree in the order of the text. Variables of macros and names of types are none."""
    root = tree.tree if isinstance(tree, Parsed) else tree
    return tuple(_references(root, frozenset(), frozenset()))


def operands(tree: Expr | Parsed, scope: Scope) -> tuple[Operand, ...]:
    """The references, calls and macros a condition is made of, each with its value in this scope; never raises.

    The texts are those of the source for a `Parsed`, written anew for a bare tree. Each text comes once.
    """
    return compile_operands(tree)(scope)


def compile_operands(tree: Expr | Parsed) -> Callable[[Scope], tuple[Operand, ...]]:
    """The same as a function of the scope, to keep and call often."""
    root = tree.tree if isinstance(tree, Parsed) else tree
    leaves: dict[str, tuple[Expr, Compiled]] = {}
    for leaf in _leaves(root):
        text = tree.text[leaf.start : leaf.end] if isinstance(tree, Parsed) else unparse(leaf)
        if text not in leaves:
            leaves[text] = leaf, compile_expression(leaf)
    return lambda scope: tuple(_operand(text, leaf, value, scope) for text, (leaf, value) in leaves.items())


def _operand(text: str, leaf: Expr, value: Compiled, scope: Scope) -> Operand:
    try:
        return Operand(text, value(scope), None, leaf.start, leaf.end)
    except EvaluationError as error:
        return Operand(text, None, error, leaf.start, leaf.end)


def _leaves(node: Expr) -> Iterator[Expr]:
    match node:
        case Ident() | Select() | Index() | Call() | Macro() | Has():
            yield node
        case Literal() | Error():
            return
        case _:
            for child in children(node):
                yield from _leaves(child)


def _references(node: Expr, bound: frozenset[str], known: frozenset[Path]) -> Iterator[Reference]:
    """`bound` are the variables of macros around; `known` the paths that are there if this node is evaluated at all."""
    match node:
        case Ident() | Select() | Index():
            yield from _chain(node, bound, known, asked=False)
        case Has():
            yield from _chain(node.select, bound, known, asked=True)
        case Binary(op="&&"):
            yield from _references(node.left, bound, known)
            yield from _references(node.right, bound, known | _sure(node.left, True))
        case Binary(op="||"):
            yield from _references(node.left, bound, known)
            yield from _references(node.right, bound, known | _sure(node.left, False))
        case Ternary():
            yield from _references(node.condition, bound, known)
            yield from _references(node.then, bound, known | _sure(node.condition, True))
            yield from _references(node.otherwise, bound, known | _sure(node.condition, False))
        case Macro():
            yield from _references(node.target, bound, known)
            inner = bound | {node.var.name} | ({node.var2.name} if node.var2 else frozenset())
            for part in (node.condition, node.body):
                if part is not None:
                    yield from _references(part, inner, known)
        case _:
            for child in children(node):
                yield from _references(child, bound, known)


def _chain(
    node: Ident | Select | Index, bound: frozenset[str], known: frozenset[Path], asked: bool
) -> Iterator[Reference]:
    """The reference this chain is, and those in its brackets; `asked` when `has` asks for its last field."""
    links: list[Select | Index] = []
    base: Expr = node
    while isinstance(base, Select | Index):
        links.append(base)
        base = base.operand
    links.reverse()
    if isinstance(base, Ident) and (base.absolute or base.name not in bound):
        if links or base.name not in TYPE_NAMES:
            yield _reference(base, links, known, asked)
    elif not isinstance(base, Ident):
        yield from _references(base, bound, known)
    for link in links:
        if isinstance(link, Index):
            yield from _references(link.index, bound, known)


def _reference(base: Ident, links: list[Select | Index], known: frozenset[Path], asked: bool) -> Reference:
    path: Path = (base.name,)
    segments = [Segment(base.name, base.end - len(base.name), base.end, False)]
    end, soft = base.end, False
    for number, link in enumerate(links):
        part = _segment(link)
        if part is None:
            break
        name, start, stop = part
        path = (*path, name)
        soft = soft or link.optional
        last_asked = asked and number == len(links) - 1
        segments.append(
            Segment(name, start, stop, soft or last_asked or any(path == one[: len(path)] for one in known))
        )
        end = link.end
    guarded = any(segment.guarded for segment in segments)
    return Reference(path, base.start, end, guarded, soft, tuple(segments))


def _segment(link: Select | Index) -> tuple[str, int, int] | None:
    """Name and place of a link when both are written down; an index that is computed ends the chain."""
    if isinstance(link, Select):
        return (link.field, link.field_start, link.field_end) if link.field else None
    if isinstance(link.index, Literal) and isinstance(link.index.value, str):
        return link.index.value, link.index.start, link.index.end
    return None


def _sure(node: Expr, truth: bool) -> frozenset[Path]:
    """The paths that are certainly there when the condition came out as `truth`."""
    match node:
        case Unary(op="!"):
            return _sure(node.operand, not truth)
        case Binary(op="&&" | "||") if (node.op == "&&") is truth:
            return _sure(node.left, truth) | _sure(node.right, truth)
        case Has() if truth:
            return _whole_path(node.select)
        case Call(function="hasValue", target=Select() | Index() as target) if truth:
            return _whole_path(target)
        case Binary(op="in", left=Literal(value=str() as key)) if truth and isinstance(
            node.right, Ident | Select | Index
        ):
            return frozenset((*path, key) for path in _whole_path(node.right))
    return frozenset()


def _whole_path(node: Ident | Select | Index) -> frozenset[Path]:
    names: list[str] = []
    base: Expr = node
    while isinstance(base, Select | Index):
        part = _segment(base)
        if part is None:
            return frozenset()
        names.append(part[0])
        base = base.operand
    return frozenset({(base.name, *reversed(names))}) if isinstance(base, Ident) else frozenset()
