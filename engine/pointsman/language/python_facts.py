"""What an agent's Python says about its functions, read with `ast` alone: nothing is imported, nothing is run.

Only what is certain is said. A name that is re-exported, made at run time, decorated or defined twice exists, but its
parameters are unknown; a module that may have more names than can be seen is open.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

ParameterKind = Literal["positional", "any", "keyword", "rest", "keywords"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """`positional` can not be given by name, `rest` is `*x`, `keywords` is `**x`; texts are as written."""

    name: str
    kind: ParameterKind
    required: bool
    default: str = ""
    annotation: str = ""


@dataclass(frozen=True, slots=True)
class Function:
    """A function as its text has it. `line` counts from 1."""

    name: str
    line: int
    parameters: tuple[Parameter, ...]
    returns: str = ""
    is_async: bool = False
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Module:
    """The names of a module at its top level; a name without a known function has None. `open`: there may be more."""

    names: dict[str, Function | None]
    open: bool = False


@lru_cache(maxsize=256)
def read_module(data: bytes) -> Module | None:
    """The facts of a module's text, or None when Python could not read it."""
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    names: dict[str, Function | None] = {}
    is_open = False
    for statement in _statements(tree.body):
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                known = not statement.decorator_list and statement.name not in names
                names[statement.name] = _function(statement) if known else None
                is_open = is_open or statement.name == "__getattr__"
            case ast.ImportFrom() if any(alias.name == "*" for alias in statement.names):
                is_open = True
            case _:
                # Whatever else binds a name leaves its parameters unknown, also when a function had it before.
                names.update(dict.fromkeys(_bound(statement)))
    calls = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    return Module(names, is_open or bool(calls & {"globals", "exec", "setattr", "vars"}))


def _statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that run when the module is imported, those inside of `if`, `try`, `with` and loops too."""
    for statement in body:
        yield statement
        match statement:
            case ast.If() | ast.For() | ast.While():
                yield from _statements([*statement.body, *statement.orelse])
            case ast.With():
                yield from _statements(statement.body)
            case ast.Try() | ast.TryStar():
                handled = [inner for handler in statement.handlers for inner in handler.body]
                yield from _statements([*statement.body, *handled, *statement.orelse, *statement.finalbody])
            case ast.Match():
                yield from _statements([inner for case in statement.cases for inner in case.body])
            case _:
                pass


def _bound(statement: ast.stmt) -> Iterator[str]:
    match statement:
        case ast.ClassDef(name=name):
            yield name
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            yield from (alias.asname or alias.name.partition(".")[0] for alias in names)
        case ast.If() | ast.While() | ast.Try() | ast.TryStar() | ast.Match():
            yield from _assigned(getattr(statement, "test", None))
        case ast.For(target=target):
            yield from _assigned(target)
        case ast.With(items=items):
            for item in items:
                yield from _assigned(item)
        case _:
            # A type alias (`type X = int`) and all assignments: whatever is stored to.
            yield from _assigned(statement)


def _assigned(node: ast.AST | None) -> Iterator[str]:
    if node is not None:
        yield from (one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store))


def _function(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Function:
    return Function(
        name=node.name,
        line=node.lineno,
        parameters=tuple(_parameters(node.args)),
        returns=ast.unparse(node.returns) if node.returns else "",
        is_async=isinstance(node, ast.AsyncFunctionDef),
        doc=ast.get_docstring(node) or "",
    )


def _parameters(args: ast.arguments) -> Iterator[Parameter]:
    plain = [*args.posonlyargs, *args.args]
    missing = len(plain) - len(args.defaults)
    defaults: list[ast.expr | None] = [*([None] * missing), *args.defaults]
    for index, (arg, default) in enumerate(zip(plain, defaults, strict=True)):
        yield _parameter(arg, "positional" if index < len(args.posonlyargs) else "any", default)
    if args.vararg:
        yield _parameter(args.vararg, "rest", None, False)
    for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        yield _parameter(arg, "keyword", default)
    if args.kwarg:
        yield _parameter(args.kwarg, "keywords", None, False)


def _parameter(arg: ast.arg, kind: ParameterKind, default: ast.expr | None, needed: bool = True) -> Parameter:
    return Parameter(
        arg.arg,
        kind,
        needed and default is None,
        ast.unparse(default) if default else "",
        ast.unparse(arg.annotation) if arg.annotation else "",
    )
