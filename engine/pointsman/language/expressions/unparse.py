"""Writes a tree as text again: one line, the same meaning, for trees whose source is not at hand."""

from json import dumps

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
)
from pointsman.language.expressions.values import UInt

_STRENGTH = {"||": 1, "&&": 2, "in": 3, "+": 4, "-": 4, "*": 5, "/": 5, "%": 5}  # comparisons are 3


def unparse(node: Expr) -> str:
    """The text of a tree; holes are written as `…`."""
    return _write(node, 0)


def _write(node: Expr, around: int) -> str:
    """`around` is the strength of the operator the text stands in; a weaker one needs brackets."""
    match node:
        case Literal():
            return _constant(node.value)
        case Ident():
            return "." + node.name if node.absolute else node.name
        case Select():
            name = node.field if node.field.isidentifier() and node.field.isascii() else f"`{node.field}`"
            return f"{_write(node.operand, 7)}.{'?' if node.optional else ''}{name}"
        case Index():
            return f"{_write(node.operand, 7)}[{'?' if node.optional else ''}{_write(node.index, 0)}]"
        case Call():
            target = "" if node.target is None else _write(node.target, 7) + "."
            return f"{target}{node.function}({', '.join(_write(arg, 0) for arg in node.args)})"
        case Macro():
            parts = (node.var, node.var2, node.condition, node.body)
            written = ", ".join(_write(part, 0) for part in parts if part is not None)
            return f"{_write(node.target, 7)}.{node.kind}({written})"
        case Has():
            return f"has({_write(node.select, 0)})"
        case Unary():
            return _bracketed(node.op + _write(node.operand, 6), 6, around)
        case Binary():
            strength = _STRENGTH.get(node.op, 3)
            text = f"{_write(node.left, strength)} {node.op} {_write(node.right, strength + 1)}"
            return _bracketed(text, strength, around)
        case Ternary():
            text = f"{_write(node.condition, 1)} ? {_write(node.then, 1)} : {_write(node.otherwise, 0)}"
            return _bracketed(text, 0, around)
        case ListLit():
            return "[" + ", ".join(("?" if item.optional else "") + _write(item.value, 0) for item in node.items) + "]"
        case MapLit():
            entries = (
                f"{'?' if entry.optional else ''}{_write(entry.key, 0)}: {_write(entry.value, 0)}"
                for entry in node.entries
            )
            return "{" + ", ".join(entries) + "}"
        case Error():
            return " ".join(["…", *(_write(part, 0) for part in node.parts)])


def _bracketed(text: str, strength: int, around: int) -> str:
    return f"({text})" if strength < around else text


def _constant(value: object) -> str:
    match value:
        case str():
            return dumps(value, ensure_ascii=False)
        case bytes():
            return 'b"' + "".join(f"\\x{byte:02x}" for byte in value) + '"'
        case UInt():
            return f"{int(value)}u"
        case None | bool():
            return "null" if value is None else str(value).lower()
    return repr(value)
