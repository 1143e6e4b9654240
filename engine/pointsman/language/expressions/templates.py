"""Text with holes: `${{ expr }}` inside of any string, `$${{` for the three characters themselves.

A hole ends at the `}}` that closes it as CEL reads it, so strings and maps inside may hold `}}`. One that never closes
ends where the next one starts, or with its line, and is a problem; the rest of the text is read on.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from json import dumps
from math import inf

from pointsman.language.expressions.evaluation import MAX_STEPS, compile_expression
from pointsman.language.expressions.lexer import scan
from pointsman.language.expressions.nodes import Ident, Index, Select
from pointsman.language.expressions.parser import Parsed, parse
from pointsman.language.expressions.problems import Problem
from pointsman.language.expressions.times import format_duration, format_timestamp
from pointsman.language.expressions.values import (
    CelType,
    Duration,
    EvaluationError,
    Meter,
    Optional,
    Scope,
    Timestamp,
    UInt,
    type_name,
)

OPEN = "${{"


@dataclass(frozen=True, slots=True)
class Hole:
    """`start` and `end` are those of `${{ ... }}` in the template's text; `expr` counts from `offset` on."""

    expr: Parsed
    start: int
    end: int

    @property
    def offset(self) -> int:
        """Where the text of the expression starts in the template: add it to an offset of `expr`."""
        return self.start + len(OPEN)


@dataclass(frozen=True, slots=True)
class Template:
    """A text as its parts; `problems` are all there are, with offsets of the template's text."""

    text: str
    parts: tuple[str | Hole, ...]
    problems: tuple[Problem, ...]

    @property
    def holes(self) -> tuple[Hole, ...]:
        return tuple(part for part in self.parts if isinstance(part, Hole))


def is_template(text: str) -> bool:
    """Whether the text has a hole (closed or not), so that parsing it would change anything but `$${{`."""
    at = text.find(OPEN)
    while at > 0 and text[at - 1] == "$":
        at = text.find(OPEN, at + 1)
    return at >= 0


def parse_template(text: str) -> Template:
    """The template of a text, whatever the text; never raises."""
    parts: list[str | Hole] = []
    problems: list[Problem] = []
    words = ""
    at = 0
    while (start := text.find(OPEN, at)) >= 0:
        if start > at and text[start - 1] == "$":
            words += text[at : start - 1] + OPEN
            at = start + len(OPEN)
            continue
        words += text[at:start]
        inner = start + len(OPEN)
        stop, closed = _closing(text, inner)
        expr = parse(text[inner:stop])
        at = stop + 2 if closed else stop
        if words:
            parts.append(words)
            words = ""
        parts.append(Hole(expr, start, at))
        if not closed:
            problems.append(Problem(start, inner, "expression_syntax", "`${{` is never closed by `}}`"))
        problems.extend(
            Problem(one.start + inner, one.end + inner, one.code, one.message, one.instead)
            for one in expr.problems
            if closed or expr.text.strip()
        )
    words += text[at:]
    if words:
        parts.append(words)
    return Template(text, tuple(parts), tuple(problems))


def compile_template(template: Template, max_steps: int = MAX_STEPS) -> Callable[[Scope], object]:
    """The template as a function of its scope, to keep and call often; it raises EvaluationError and nothing else.

    Exactly one hole and nothing else keeps its value's type (the value itself: it may be shared with the scope).
    Otherwise the parts are joined: strings as they are, null as nothing, all else as JSON with `json.dumps`' spacing
    and every character unescaped. What JSON has no form for is written as CEL has it in JSON: bytes in base64, times
    as text. The offsets of errors are those of the template's text.
    """
    if template.problems:
        return _refused(template.problems[0])
    parts = [part if isinstance(part, str) else _compiled(part, max_steps) for part in template.parts]
    if len(parts) == 1 and not isinstance(parts[0], str):
        return parts[0]

    def run(scope: Scope) -> object:
        texts = [part if isinstance(part, str) else as_text(part(scope)) for part in parts]
        if sum(map(len, texts)) > Meter.MAX_TEXT:
            raise EvaluationError("cost_exceeded", "the text would be larger than 16 MiB", 0, len(template.text))
        return "".join(texts)

    return run


def render(template: Template, scope: Scope) -> object:
    """The value of a template, compiled for this once; see `compile_template`."""
    return compile_template(template)(scope)


def as_text(value: object) -> str:
    """A value as it stands inside of a text."""
    value = _plain(value)
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, bytes):
        return b64encode(value).decode()
    try:
        return dumps(value, ensure_ascii=False, default=_json)
    except (TypeError, ValueError):
        message = f"a value of type {type_name(value)} can not stand in a text"
        raise EvaluationError("no_such_overload", message) from None


def _refused(problem: Problem) -> Callable[[Scope], object]:
    def run(scope: Scope) -> object:
        raise EvaluationError("invalid_expression", problem.message, problem.start, problem.end)

    return run


def _compiled(hole: Hole, max_steps: int) -> Callable[[Scope], object]:
    """The value of a hole, as plain data; errors moved to the offsets of the template."""
    value_of = compile_expression(hole.expr, max_steps)
    # What is read from the scope is plain already, and may be large; only what was made here is walked.
    computed = not isinstance(hole.expr.tree, Ident | Select | Index)

    def run(scope: Scope) -> object:
        try:
            return _plain(value_of(scope), computed)
        except EvaluationError as error:
            if error.start >= 0:
                error.start, error.end = error.start + hole.offset, error.end + hole.offset
            raise
        except RecursionError:
            raise EvaluationError("cost_exceeded", "the data is nested too deeply", hole.start, hole.end) from None

    return run


def _plain(value: object, deep: bool = False) -> object:
    """What leaves an expression: times and types as text, an optional as its value or null, the rest as it is."""
    match value:
        case Timestamp():
            return format_timestamp(value)
        case Duration():
            return format_duration(value)
        case CelType():
            return value.name
        case UInt():
            return int(value)
        case Optional():
            return _plain(value.value, deep) if value.present else None
        case bytes():
            return b64encode(value).decode()
        case float() if value != value or value in (inf, -inf):
            raise EvaluationError("not_json", f"{value} is no JSON value")
        case list() if deep:
            return [_plain(item, deep) for item in value]
        case dict() if deep:
            return {key if isinstance(key, str) else as_text(key): _plain(item, deep) for key, item in value.items()}
    return value


def as_json(value: object) -> object:
    """A computed value as JSON has it; raises EvaluationError(not_json) for NaN and the infinities."""
    return _plain(value, deep=True)


def _json(value: object) -> object:
    if isinstance(value, bytes):
        return b64encode(value).decode()
    if isinstance(value, Mapping):
        return dict(value)
    converted = _plain(value)
    if converted is value:
        raise TypeError
    return converted


def _closing(text: str, inner: int) -> tuple[int, bool]:
    """Where the expression that starts at `inner` ends, and whether `}}` stands there."""
    level = 0
    for kind, start, _ in scan(text, inner):
        if kind == "{":
            level += 1
        elif kind == "}" and level:
            level -= 1
        elif kind == "}":
            if text.startswith("}}", start):
                return start, True
            break
        elif kind == "open" or (kind == "bad" and text.startswith(OPEN, start)):
            break
    # It does not end as CEL would have it: a broken string or map. On its line, a `}}` is meant to close it.
    line_end = min((at for at in (text.find("\n", inner), text.find(OPEN, inner)) if at >= 0), default=len(text))
    stop = text.find("}}", inner, line_end)
    return (stop, True) if stop >= 0 else (line_end, False)
