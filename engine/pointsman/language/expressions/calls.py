"""What a call means: a function of the table, a macro, `has`, or nothing we know."""

from pointsman.language.diagnostics import did_you_mean, nearest
from pointsman.language.expressions import patterns
from pointsman.language.expressions.lexer import Token
from pointsman.language.expressions.nodes import Call, Error, Expr, Has, Ident, Literal, Macro, Select
from pointsman.language.expressions.problems import Problems
from pointsman.language.expressions.signatures import FUNCTIONS, MACROS, Signature

# Macros whose first two arguments are names.
_TWO_NAMES = frozenset({"transformList", "transformMap"})
# With three arguments these take two names; `map` takes a condition instead.
_MAYBE_TWO_NAMES = frozenset({"all", "exists", "exists_one", "existsOne"})
_NAMES = (*FUNCTIONS, *MACROS, "has")


def call(
    problems: Problems, name: Token, target: Expr | None, args: tuple[Expr, ...], start: int, end: int, closed: bool
) -> Expr:
    """The node of a call. Only a `closed` call is told that arguments are missing: an open one is being typed."""
    closed = closed and not any(isinstance(arg, Error) and not arg.parts for arg in args)
    if target is None and name.text == "has":
        return _has(problems, name, args, start, end, closed)
    if target is not None and name.text in MACROS:
        return _macro(problems, name, target, args, start, end, closed)
    function, function_start = name.text, name.start
    if isinstance(target, Ident) and f"{target.name}.{function}" in FUNCTIONS:
        function, function_start, target = f"{target.name}.{function}", target.start, None
    _check(problems, function, function_start, name.end, target, len(args), closed)
    if function == "matches" and args and isinstance(args[-1], Literal) and isinstance(args[-1].value, str):
        pattern = args[-1]
        flaw = patterns.flaw(args[-1].value)
        if flaw:
            problems.add(pattern.start, pattern.end, f"not a pattern RE2 takes: {flaw}", "expression_regex")
    return Call(start, end, function, target, args, function_start, name.end)


def _check(problems: Problems, name: str, start: int, end: int, target: Expr | None, count: int, closed: bool) -> None:
    known = FUNCTIONS.get(name)
    if known is None:
        near = None
        if name in MACROS:
            message = f"`{name}` is written behind a dot: {MACROS[name].signatures[0]}"
        else:
            near = nearest(name, _NAMES)
            message = f"there is no function `{name}`{did_you_mean(name, _NAMES)}"
        problems.add(
            start,
            end,
            message,
            "expression_unknown_function",
            near if near and (target is None or "." not in near) else "",
        )
        return
    counts = known.global_counts if target is None else known.member_counts
    if closed and count not in counts:
        problems.add(start, end, f"`{name}` is written {_forms(known)}", "expression_arguments")


def _forms(known: Signature) -> str:
    return " or ".join(f"`{form}`" for form in known.signatures)


def _has(problems: Problems, name: Token, args: tuple[Expr, ...], start: int, end: int, closed: bool) -> Expr:
    if len(args) == 1 and isinstance(args[0], Select):
        return Has(start, end, args[0])
    if closed:
        problems.add(name.start, name.end, "`has` asks for a field: has(outputs.name)", "expression_arguments")
    return Error(start, end, args)


def _macro(
    problems: Problems, name: Token, target: Expr, args: tuple[Expr, ...], start: int, end: int, closed: bool
) -> Expr:
    kind = name.text
    names = 2 if kind in _TWO_NAMES or (kind in _MAYBE_TWO_NAMES and len(args) == 3) else 1
    variables = [arg for arg in args[:names] if isinstance(arg, Ident) and not arg.absolute]
    if closed and (len(args) not in MACROS[kind].member_counts or len(variables) < names):
        problems.add(
            name.start, name.end, f"`{kind}` is written `{MACROS[kind].signatures[0]}`", "expression_arguments"
        )
        return Error(start, end, (target, *args))
    if len(variables) < names or len(args) - names > 2:
        return Error(start, end, (target, *args))
    rest = args[names:]
    body = rest[-1] if rest else Error(end, end)
    condition = rest[0] if len(rest) == 2 else None
    second = variables[1] if names == 2 else None
    if second is not None and second.name == variables[0].name:
        problems.add(second.start, second.end, f"both variables are called `{second.name}`")
    return Macro(start, end, kind, target, variables[0], body, condition, second, name.start, name.end)
