"""What an agent's Python says about its functions, read with `ast` alone: nothing is imported, nothing is run.

Only what is certain is said. A name that is re-exported, made at run time, decorated or defined twice exists, but its
parameters are unknown; a module that may have more names than can be seen is open.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from re import compile as regex
from typing import Literal

from pointsman.language.source import Source, Span

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


@lru_cache(maxsize=256)
def place_of(data: bytes, name: str) -> tuple[Span, Span] | None:
    """Where a module's text defines a name (`Class.method` goes inside): the name, and the whole statement.

    Of several statements that bind it the last one counts, as in Python; None when none does or Python can not read it.
    """
    try:
        body: list[ast.stmt] = ast.parse(data).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    source, found = Source("", data), None
    for part in name.split("."):
        bound = [(one, at) for one in _statements(body) for at in [_binding(one, part)] if at is not None]
        if not bound:
            return None
        statement, at = bound[-1]
        found = _spans(source, statement, at, part)
        body = statement.body if isinstance(statement, ast.ClassDef) else []
    return found


def _binding(statement: ast.stmt, name: str) -> ast.stmt | ast.alias | ast.Name | None:
    """The node that binds a name: the statement itself, an import, or a target of an assignment."""
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return statement if statement.name == name else None
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            return next((one for one in names if (one.asname or one.name.partition(".")[0]) == name), None)
        case _ if name in _bound(statement):
            stored = (one for one in ast.walk(statement) if isinstance(one, ast.Name) and one.id == name)
            return next((one for one in stored if isinstance(one.ctx, ast.Store)), None)
        case _:
            return None


def _spans(source: Source, statement: ast.stmt, at: ast.stmt | ast.alias | ast.Name, name: str) -> tuple[Span, Span]:
    """The spans of a name and of its statement; columns of `ast` are bytes already."""

    def offset(line: int, column: int) -> int:
        mark = 3 if line == 1 and source.data.startswith(b"\xef\xbb\xbf") else 0
        return min(source.line_starts[min(line, len(source.line_starts)) - 1] + column + mark, len(source.data))

    start, end = offset(at.lineno, at.col_offset), offset(at.end_lineno or at.lineno, at.end_col_offset or 0)
    if at is statement:
        head = regex(rb"(?:async[ \t]+)?(?:def|class)[ \t\\\r\n]+").match(source.data, start)
        start = head.end() if head else start
        end = start + len(name.encode())
    decorators = getattr(statement, "decorator_list", ())
    first = min((one.lineno for one in decorators), default=statement.lineno)
    whole = Span(
        offset(first, 0 if decorators else statement.col_offset),
        offset(statement.end_lineno or first, statement.end_col_offset or 0),
    )
    return Span(start, end), whole


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
