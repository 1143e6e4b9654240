"""Types of what an agent's Python returns, from its annotations and the classes beside it: read, never imported.

Only plain data is typed. What a name means is certain for builtins, for `typing`, and for classes written in the same
module whose fields are data: `TypedDict`, dataclasses, and models with annotated fields.
"""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial

from pointsman.language.datatypes import (
    ANY,
    BOOL,
    DOUBLE,
    INT,
    LIST,
    MAP,
    NULL,
    STRING,
    Basic,
    ListOf,
    MapOf,
    Member,
    Record,
    Type,
    one_of,
)

_PLAIN: dict[str, Type] = {
    "str": STRING,
    "int": INT,
    "float": DOUBLE,
    "bool": BOOL,
    "None": NULL,
    "dict": MAP,
    "Dict": MAP,
    "Mapping": MAP,
    "list": LIST,
    "List": LIST,
    "Sequence": LIST,
    "tuple": LIST,
    "Tuple": LIST,
}
_LISTS = frozenset({"list", "List", "Sequence"})
_MAPS = frozenset({"dict", "Dict", "Mapping"})
_THROUGH = frozenset({"Annotated", "Required", "NotRequired", "ReadOnly", "Final"})
_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Class:
    """A class whose instances become maps: its fields with their annotations as written, and which may be missing."""

    name: str
    fields: Mapping[str, str]
    optional: frozenset[str] = frozenset()


@lru_cache(maxsize=256)
def read_classes(data: bytes) -> Mapping[str, Class]:
    """The data classes at the top of a module's text, by name; none of a text that Python can not read."""
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    found: dict[str, Class] = {}
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            # Of two classes with one name nothing is certain.
            made = None if node.name in found else _class(node, found)
            found.pop(node.name, None)
            if made:
                found[node.name] = made
    return found


def annotated(text: str, classes: Mapping[str, Class], origin: str = "") -> Type:
    """The type that an annotation means as JSON; `any` for all that is not certain."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ANY
    return _type(tree, classes, origin, 0)


def _type(node: ast.expr, classes: Mapping[str, Class], origin: str, depth: int) -> Type:
    def inner(one: ast.expr) -> Type:
        return _type(one, classes, origin, depth + 1)

    if depth > _DEEPEST:
        return ANY
    match node:
        case ast.Constant(value=None):
            return NULL
        case ast.Constant(value=str() as text):
            return annotated(text, classes, origin)
        case ast.Name(id=name) if name in classes:
            return _record(classes[name], classes, origin)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return _PLAIN.get(name, ANY)
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            return one_of((inner(left), inner(right)))
        case ast.Subscript(value=ast.Name(id=name) | ast.Attribute(attr=name), slice=index):
            return _generic(name, index.elts if isinstance(index, ast.Tuple) else [index], inner)
        case _:
            return ANY


def _generic(name: str, of: list[ast.expr], inner: Callable[[ast.expr], Type]) -> Type:
    if name in _LISTS and of:
        return ListOf(inner(of[0]))
    if name in ("tuple", "Tuple"):
        every = [one for one in of if not (isinstance(one, ast.Constant) and one.value is ...)]
        return ListOf(one_of(map(inner, every))) if every else LIST
    if name in _MAPS:
        return MapOf(inner(of[1])) if len(of) == 2 else MAP
    if name == "Optional" and of:
        return one_of((inner(of[0]), NULL))
    if name == "Union":
        return one_of(map(inner, of))
    if name in _THROUGH and of:
        return inner(of[0])
    if name == "Literal":
        values = tuple(one.value for one in of if isinstance(one, ast.Constant))
        if len(values) == len(of) and all(isinstance(one, str) for one in values):
            return Basic("string", values)
    return ANY


def _record(of: Class, classes: Mapping[str, Class], origin: str) -> Record:
    return Record(
        {
            name: Member(
                name,
                partial(annotated, text, classes, origin),
                "",
                f"{of.name}, {origin}" if origin else of.name,
                name not in of.optional,
            )
            for name, text in of.fields.items()
        }
    )


def _class(node: ast.ClassDef, known: Mapping[str, Class]) -> Class | None:
    bases = [_last_name(base) for base in node.bases]
    typed = "TypedDict" in bases
    data = any(_last_name(one.func if isinstance(one, ast.Call) else one) == "dataclass" for one in node.decorator_list)
    parents = [known[base] for base in bases if base in known]
    if not (typed or data or "BaseModel" in bases or parents):
        return None
    open_ended = any(one.arg == "total" and _is(one.value, False) for one in node.keywords)
    fields: dict[str, str] = {}
    optional: set[str] = set()
    for parent in parents:
        fields.update(parent.fields)
        optional |= parent.optional
    for line in node.body:
        match line:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
                text = ast.unparse(annotation)
                kept = _head(annotation)
                if kept in ("ClassVar", "InitVar") or name.startswith("_"):
                    continue
                fields[name] = text
                may_miss = kept == "NotRequired" or (open_ended and kept != "Required")
                optional = optional | {name} if may_miss else optional - {name}
            case _:
                pass
    return Class(node.name, fields, frozenset(optional))


def _head(annotation: ast.expr) -> str:
    return _last_name(annotation.value if isinstance(annotation, ast.Subscript) else annotation)


def _last_name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _is(node: ast.expr, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value is value
