"""Single values: text, names, numbers, words, measures; and the three ways in which one can be wrong."""

from re import fullmatch
from typing import Any

from pointsman.language import embedded, schema
from pointsman.language.collecting import ABSENT, Absent, Reading
from pointsman.language.diagnostics import Fix, nearest
from pointsman.language.embedded import shown
from pointsman.language.measures import EXPECTED, measure, nearest_measure
from pointsman.language.model import Name
from pointsman.language.scalars import resolve_plain
from pointsman.language.schema import Shape
from pointsman.language.source import Span
from pointsman.language.tree import Missing, Node, Scalar, resolve
from pointsman.language.writing import quote_of, written

_REFERENCES = {
    "stage": "the name of a stage",
    "target": "a stage, end or fail",
    "agent": "the name of an agent",
    "tool": "the name of a tool",
    "branch": "the name of a branch",
    "prompt": "the path of a prompt file",
    "policy": "the path of a policy file",
}

_TRUTH = {"true": ("true", "yes", "on", "y"), "false": ("false", "no", "off", "n")}


def scalar(reading: Reading, node: Node, shape: Shape, what: str) -> Any:
    """The value of a leaf, or ABSENT. `what` names the value in messages."""
    if isinstance(node, Scalar) and node.broken:
        return ABSENT
    value = node.value if isinstance(node, Scalar) else None
    match shape:
        case schema.Text(like=like, says=says):
            if not isinstance(value, str):
                return wrong_type(reading, node, what, says, embedded.quote_fix(node))
            return value if not like or fullmatch(like, value) else invalid_value(reading, node, what, says)
        case schema.Reference(to=to):
            if not isinstance(value, str) or not value:
                # No quotes make a number the name of a stage.
                fix = embedded.quote_fix(node) if to in ("prompt", "policy") else None
                return wrong_type(reading, node, what, _REFERENCES[to], fix)
            return Name(value, node.span)
        case schema.Boolean():
            fix = _said_otherwise(node, {word: right for right, words in _TRUTH.items() for word in words})
            return value if isinstance(value, bool) else wrong_type(reading, node, what, "true or false", fix)
        case schema.Integer(minimum=least):
            if not isinstance(value, int) or isinstance(value, bool):
                return wrong_type(reading, node, what, "a whole number", _unquoted(node, int))
            # Beyond 64 bits nothing is counted here, and journals hold no larger number.
            fits = least <= value < 1 << 63
            return value if fits else invalid_value(reading, node, what, _bounds(value, least))
        case schema.Number(minimum=floor):
            if not isinstance(value, int | float) or isinstance(value, bool):
                return wrong_type(reading, node, what, "a number", _unquoted(node, (int, float)))
            fits = floor <= value < float("inf")
            return float(value) if fits else invalid_value(reading, node, what, _bounds(value, floor))
        case schema.Choice():
            return _choice(reading, node, shape, what, value)
        case schema.Measure(unit=unit, least=smallest):
            return _measure(reading, node, unit, smallest, what)
        case _:
            raise AssertionError(f"{shape} is no shape of a scalar")


def _bounds(value: float, least: float) -> str:
    return f"{least} or more" if not value >= least else "a smaller number"


def _choice(reading: Reading, node: Node, shape: schema.Choice, what: str, value: Any) -> Any:
    if isinstance(value, str) and value in shape.words:
        return value
    if isinstance(value, str) and value in shape.later:
        return not_in_this_version(reading, node.span, f"{what}: {value}")
    words = list(shape.words)
    expected = words[0] if len(words) == 1 else ", ".join(words[:-1]) + f" or {words[-1]}"
    if not isinstance(value, str):
        return wrong_type(reading, node, what, expected)
    near = nearest(value, words)
    fix = None
    if near and isinstance(node, Scalar):
        fix = Fix(f"Change to {near}", node.span, written(near, quote_of(node)))
    return invalid_value(reading, node, what, expected, fix)


def _measure(reading: Reading, node: Node, unit: str, least: int, what: str) -> Any:
    expected = EXPECTED[unit]
    if not isinstance(node, Scalar) or node.value is None:
        return wrong_type(reading, node, what, expected)
    value = measure(node.text.strip(), unit)
    if value is None:
        meant = nearest_measure(node.text, unit)
        fix = Fix(f"Change to {meant}", node.span, written(meant, quote_of(node))) if meant else None
        return invalid_value(reading, node, what, expected, fix)
    if value < least:
        return invalid_value(reading, node, what, f"{expected}, and more than nothing")
    return value


def _said_otherwise(node: Node, known: dict[str, str]) -> Fix | None:
    """Another word for a truth value, as the one that YAML knows."""
    right = known.get(node.text.lower()) if isinstance(node, Scalar) and isinstance(node.value, str) else None
    return Fix(f"Change to {right}", node.span, right) if right else None


def _unquoted(node: Node, kind: type | tuple[type, ...]) -> Fix | None:
    """A number that stands in quotes, without them."""
    if isinstance(node, Scalar) and node.style in ("single", "double") and isinstance(resolve_plain(node.text), kind):
        return Fix("Remove the quotes", node.span, node.text)
    return None


def wrong_type(reading: Reading, node: Node, what: str, expected: str, fix: Fix | None = None) -> Absent:
    """A value of another form than the table wants."""
    found = resolve(node)
    if isinstance(found, Missing) or (isinstance(found, Scalar) and found.value is None):
        return reading.report("wrong_type", node.span, f"{what} has no value; expected {expected}", fix=fix)
    return reading.report("wrong_type", node.span, f"{what} is {shown(found)}; expected {expected}", fix=fix)


def invalid_value(reading: Reading, node: Node, what: str, expected: str, fix: Fix | None = None) -> Absent:
    """A value of the right form that is none of those allowed."""
    return reading.report("invalid_value", node.span, f"{what} is {shown(node)}; expected {expected}", fix=fix)


def not_in_this_version(reading: Reading, span: Span, what: str) -> Absent:
    """Something this version knows of and can not do."""
    return reading.report("not_in_this_version", span, f"{what} is not in this version yet")
