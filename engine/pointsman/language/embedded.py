"""Expressions, templates and JSON values in a tree, read into the model.

YAML and CEL collide in a few signs (LANGUAGE section 1): where YAML reads something else than what was written, and
what was written is complete CEL, one diagnostic at the value says so and takes the place of all that follow from it.
"""

from functools import lru_cache
from re import compile as regex

from pointsman.language import model
from pointsman.language.collecting import ABSENT, DEEPEST, Absent, Reading
from pointsman.language.diagnostics import Diagnostic, Fix, Severity
from pointsman.language.expressions import Parsed, Problem, is_template, needs_quotes, parse, parse_template
from pointsman.language.scalars import SegmentMap, segments
from pointsman.language.source import Source, Span
from pointsman.language.tree import AliasBudget, Mapping, Missing, Node, Scalar, Sequence, entries, plain, resolve
from pointsman.language.writing import written

# A keystroke in a stage leaves its other expressions as they are; a tree counts from the start of its own text.
_parsed = lru_cache(maxsize=1_000)(parse)
_parsed_template = lru_cache(maxsize=1_000)(parse_template)

_WRAPPED = regex(r"\s*\$\{\{(.*)\}\}\s*\Z", 16)
_LINE_END = regex(rb"[\r\n]|\Z")
# An expression that YAML reads as it stands, between brackets too; and what it would not read so there.
_PLAIN = regex(r"[A-Za-z0-9_(](?:[^,\[\]{}:#\r\n]|:(?=\S))*\Z")
_FLOW_SIGNS = regex(r"[,\[\]{}\r\n]")
# How far behind a value its true end is looked for; no condition on one line is longer.
_LOOK = 400
# Values that one key may hold, aliases expanded.
_LARGEST = 100_000


def expression(reading: Reading, node: Node, flow: bool) -> model.Code | Absent:
    """A bare CEL expression. `flow`: it stands between braces or brackets."""
    node = resolve(node)
    match node:
        case Scalar(broken=True) | Scalar(tag=str()):
            trapped = _whole_value(reading, node, flow)
            return expression_needs_quotes(reading, trapped, flow) if trapped else ABSENT
        case Scalar(style="plain", text=""):
            return reading.report("wrong_type", node.span, "there is no expression here")
        case Scalar():
            return _code(reading, node, flow)
        case Missing():
            return reading.report("wrong_type", node.span, "there is no expression here")
        case _:
            return reading.report(
                "wrong_type", node.span, "expected an expression, in quotes if it starts with a bracket"
            )


def rendered(reading: Reading, node: Node, of: str = "any") -> model.Value | Absent:
    """A JSON value whose strings may be templates; `of` narrows its outer form."""
    found = resolve(node)
    match of, found:
        case "mapping", Mapping():
            pass
        case "list", Sequence():
            pass
        case "text", Scalar(value=str()):
            pass
        case (("mapping" | "list" | "text"), Scalar(broken=True)):
            return ABSENT
        case "mapping", _:
            return reading.report("wrong_type", node.span, f"expected a mapping, found {shown(found)}")
        case "list", _:
            return reading.report("wrong_type", node.span, f"expected a list, found {shown(found)}")
        case "text", _:
            return reading.report("wrong_type", node.span, f"expected text, found {shown(found)}", fix=quote_fix(found))
        case _:
            pass
    return _value(reading, found, 0)


def json(reading: Reading, node: Node) -> model.Json | Absent:
    """A JSON value as it is written."""
    try:
        value = plain(node, min(_LARGEST, max(reading.left, 0)))
    except AliasBudget:
        reading.left = -1
        reading.spend(node.span)
        return ABSENT
    # What aliases make is paid for; what is written was counted when the text was measured.
    reading.left -= _size(value)
    return value


def _size(value: model.Json) -> int:
    match value:
        case dict():
            return 1 + sum(map(_size, value.values()))
        case list():
            return 1 + sum(map(_size, value))
        case _:
            return 1


def code_problems(reading: Reading, problems: tuple[Problem, ...], at: SegmentMap) -> None:
    """The parser's findings, each at its place in the file."""
    for problem in problems:
        span = at.span(problem.start, problem.end)
        # A sign that is spelt as an escape, or over two lines, is not simply replaced.
        simple = problem.instead and span.end - span.start == problem.end - problem.start
        # Nor does a value without quotes start with `!`: that is a tag.
        bare = span.start == at.to_source(0) and reading.source.data[span.start - 1 : span.start] not in (b'"', b"'")
        simple = simple and not (bare and problem.instead == "!")
        fix = Fix(f"Change to {problem.instead}", span, problem.instead) if simple else None
        reading.report(problem.code, span, problem.message, fix=fix)


def shown(node: Node) -> str:
    """What a node is, for a message."""
    match resolve(node):
        case Scalar(value=None) | Missing():
            return "nothing"
        case Scalar(value=bool() as value):
            return f"the truth value {str(value).lower()}"
        case Scalar(value=int() | float(), text=text):
            return f"the number {text[:40]}"
        case Scalar(text=text):
            return f'the text "{text[:40]}"'
        case Mapping():
            return "a mapping"
        case _:
            return "a list"


def quote_fix(node: Node) -> Fix | None:
    """Quotes around a scalar that YAML reads as a number or a truth value."""
    if isinstance(node, Scalar) and node.style == "plain" and not node.broken and node.value is not None:
        return Fix("Quote it", node.span, f'"{node.text}"')
    return None


def list_fix(source: Source, node: Node) -> Fix | None:
    """Brackets around a scalar that should be a list, where nothing in it means something else there."""
    if not isinstance(node, Scalar) or node.broken or not node.text or node.style in ("literal", "folded"):
        return None
    raw = source.text(node.span)
    fits = node.style != "plain" or not _FLOW_SIGNS.search(raw)
    return Fix("Make it a list", node.span, f"[{raw}]") if fits else None


def expression_needs_quotes(reading: Reading, span: Span, flow: bool) -> model.Code:
    """The one diagnostic for a value that is CEL and no YAML, and the expression that was meant."""
    raw = reading.source.text(span)
    single = "'" + raw.replace("'", "''") + "'"
    rest = _LINE_END.search(reading.source.data, span.end)
    alone = rest is None or not reading.source.data[span.end : rest.start()].strip()
    # On a line of its own a comment behind it would be a part of it.
    if "'" in raw and not flow and alone:
        line = reading.source.line_text(reading.source.line_at(span.start))
        indent = " " * (len(line) - len(line.lstrip(" -")) + 2)
        fix = Fix("Put it on a line of its own", span, f">-\n{indent}{raw}")
    else:
        fix = Fix("Put it in quotes", span, single)
    reading.report(
        "expression_needs_quotes", span, "YAML reads this as something else; put the expression in quotes", fix=fix
    )
    reading.swallowed.append(span)
    scalar = Scalar(span, "plain", raw, raw, broken=True)
    parsed = parse(raw)
    where = segments(reading.source, scalar)
    code_problems(reading, parsed.problems, where)
    return model.Code(raw, parsed.tree, span, where)


def condition_in_template(reading: Reading, scalar: Scalar, where: SegmentMap) -> Parsed | None:
    """A condition that is exactly one `${{ }}`: accepted, with a hint. Offsets stay those of the value."""
    wrapped = _WRAPPED.match(scalar.text)
    if wrapped is None:
        return None
    template = parse_template(scalar.text.strip())
    if len(template.parts) != 1 or not template.holes:
        return None
    inner = wrapped[1]
    start, end = wrapped.span(1)
    # Blanks in place of the braces: then no offset moves.
    text = " " * start + inner + " " * (len(scalar.text) - end)
    span = where.span(start - 3, end + 2)
    bare = reading.source.text(where.span(start, end)).strip()
    # What is read as YAML without its braces may be something else.
    quoted = scalar.style == "plain" and not _PLAIN.match(bare)
    reading.report(
        "condition_in_template",
        span,
        "a condition is an expression already; `${{ }}` around it is not needed",
        Severity.HINT,
        Fix("Remove the braces", span, written(bare, "'") if quoted else bare),
    )
    return parse(text)


def drop_explained(reading: Reading, of_parser: tuple[Diagnostic, ...]) -> list[Diagnostic]:
    """The parser's findings without those that a missing pair of quotes explains."""
    if not reading.swallowed:
        return list(of_parser)
    return [one for one in of_parser if not reading.explained(one.span) and not _inside(reading, one.span)]


def _inside(reading: Reading, span: Span) -> bool:
    return any(span.start <= one.start and one.end <= span.end for one in reading.swallowed)


def _code(reading: Reading, scalar: Scalar, flow: bool) -> model.Code:
    where = segments(reading.source, scalar)
    parsed = condition_in_template(reading, scalar, where) or _parsed(scalar.text)
    if scalar.style == "plain" and any(one.code == "expression_syntax" for one in parsed.problems):
        trapped = _whole_value(reading, scalar, flow)
        if trapped:
            return expression_needs_quotes(reading, trapped, flow)
    code_problems(reading, parsed.problems, where)
    return model.Code(parsed.text, parsed.tree, scalar.span, where)


def _whole_value(reading: Reading, scalar: Scalar, flow: bool) -> Span | None:
    """The range that is complete CEL and starts where this scalar does: itself, or up to a sign YAML stumbled over."""
    start = scalar.span.start
    if scalar.broken and scalar.style == "plain" and needs_quotes(scalar.text):
        return scalar.span
    data = reading.source.data
    line_end = _LINE_END.search(data, start)
    stop = min(line_end.start() if line_end else len(data), start + _LOOK)
    ends = [at for at in range(scalar.span.end, stop) if data[at : at + 1] in b",}"] if flow else []
    for end in [*ends, stop]:
        raw = data[start:end].decode("utf-8", "replace").rstrip()
        if end > scalar.span.end and needs_quotes(raw):
            return Span(start, start + len(raw.encode()))
    return None


def _value(reading: Reading, node: Node, depth: int) -> model.Value | Absent:
    node = resolve(node)
    if depth > DEEPEST:
        return reading.report("yaml_too_deep", node.span, "this is nested too deeply to be read")
    if not reading.spend(node.span):
        return ABSENT
    match node:
        case Scalar(broken=True):
            return ABSENT
        case Scalar(value=str(), text=text):
            return _text(reading, node, text)
        case Scalar(value=plain_value):
            return model.Fixed(plain_value)
        case Sequence(items=items):
            parts = [value for item in items if (value := _value(reading, item, depth + 1)) is not ABSENT]
            if all(isinstance(part, model.Fixed) for part in parts):
                return model.Fixed([part.value for part in parts if isinstance(part, model.Fixed)])
            return model.Items(tuple(parts))
        case Mapping():
            fields = [
                (entry.key.text, value)
                for entry in entries(node)
                if (value := _value(reading, entry.value, depth + 1)) is not ABSENT
            ]
            if all(isinstance(value, model.Fixed) for _, value in fields):
                return model.Fixed({key: value.value for key, value in fields if isinstance(value, model.Fixed)})
            return model.Fields(tuple(fields))
        case _:
            return model.Fixed(None)


def _text(reading: Reading, scalar: Scalar, text: str) -> model.Value:
    if not is_template(text):
        return model.Fixed(
            "".join(part for part in parse_template(text).parts if isinstance(part, str)) if "${{" in text else text
        )
    template = _parsed_template(text)
    where = segments(reading.source, scalar)
    code_problems(reading, template.problems, where)
    return model.Text(template, scalar.span, where)
