"""The walker: single values of every shape, and their units."""

import pytest

from pointsman.language import schema
from pointsman.language.collecting import ABSENT, Reading
from pointsman.language.measures import PATTERNS, measure
from pointsman.language.model import Code, Fields, Fixed, Items, Json, Name, Text
from pointsman.language.reading import Item, read, valid_name
from pointsman.language.schema import Shape
from pointsman.language.source import Source
from pointsman.language.syntax import parse
from pointsman.language.tree import Mapping


def value_of(text: str, shape: Shape) -> tuple[Json, list[str]]:
    """The value of `x: <text>` in this shape, and the codes of what is wrong."""
    source = Source.of("x.yaml", f"x: {text}\n")
    tree = parse(source)
    root = tree.documents[0].root
    assert isinstance(root, Mapping)
    reading = Reading(source)
    value = read(reading, root.entries[0].value, shape, "`x`", root.flow)
    return value, [one.code for one in reading.diagnostics]


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("30s", "duration", 30 * 10**9),
        ("500ms", "duration", 5 * 10**8),
        ("1h30m", "duration", 5400 * 10**9),
        ("1.5s", "duration", 15 * 10**8),
        ("2d", "duration", 172_800 * 10**9),
        ("0s", "duration", 0),
        ("30", "duration", None),
        ("30 s", "duration", None),
        ("s", "duration", None),
        ("-1s", "duration", None),
        ("99999999999d", "duration", None),
        ("1" * 100 + "s", "duration", None),
        ("256MiB", "size", 256 << 20),
        ("1.5KiB", "size", 1536),
        ("10 MB", "size", 10**7),
        ("10", "size", None),
        ("2.50 usd", "money", 2.5),
        ("3USD", "money", 3.0),
        ("3 eur", "money", None),
    ],
)
def test_measures(text: str, unit: str, value: float | None) -> None:
    assert measure(text, unit) == value


def test_the_patterns_of_the_json_schema_are_those_of_the_reader() -> None:
    import re

    for unit, texts in {
        "duration": ["30s", "1h30m", "1.5s", "30", "s", "30 s"],
        "size": ["256MiB", "10 MB", "10", "MiB"],
        "money": ["2.50 usd", "3USD", "3 eur"],
    }.items():
        for text in texts:
            assert (measure(text, unit) is not None) is bool(re.search(PATTERNS[unit], text)), text


@pytest.mark.parametrize(
    ("text", "shape", "value"),
    [
        ("some text", schema.Text(), "some text"),
        ("'12'", schema.Text(), "12"),
        ("yes", schema.Text(), "yes"),
        ("12", schema.Integer(), 12),
        ("0x10", schema.Integer(), 16),
        ("2", schema.Number(1), 2.0),
        ("true", schema.Boolean(), True),
        ("all", schema.Choice(("all",)), "all"),
        ("30s", schema.Measure("duration"), 30 * 10**9),
        ("{a: [1, null]}", schema.Anything(), {"a": [1, None]}),
        ("{type: string}", schema.Schema(), {"type": "string"}),
        ("true", schema.Schema(), True),
        ("[1, 2]", schema.Many(schema.Integer()), (1, 2)),
        ("[]", schema.Many(schema.Integer()), ()),
        ("{a: 1, b: [x]}", schema.Rendered(), Fixed({"a": 1, "b": ["x"]})),
        ("", schema.Rendered(), Fixed(None)),
        ("a $${{ b }} c", schema.Rendered("text"), Fixed("a ${{ b }} c")),
    ],
)
def test_values(text: str, shape: Shape, value: Json) -> None:
    assert value_of(text, shape) == (value, [])


@pytest.mark.parametrize(
    ("text", "shape", "code"),
    [
        ("12", schema.Text(), "wrong_type"),
        ("", schema.Text(), "wrong_type"),
        ("[a]", schema.Reference("agent"), "wrong_type"),
        ("''", schema.Reference("agent"), "wrong_type"),
        ("true", schema.Integer(), "wrong_type"),
        ("1.5", schema.Integer(), "wrong_type"),
        ("-1", schema.Integer(), "invalid_value"),
        ("9223372036854775808", schema.Integer(), "invalid_value"),
        (".inf", schema.Number(), "invalid_value"),
        (".nan", schema.Number(), "invalid_value"),
        ("'true'", schema.Boolean(), "wrong_type"),
        ("al", schema.Choice(("all",)), "invalid_value"),
        ("first", schema.Choice(("all",), ("first",)), "not_in_this_version"),
        ("0s", schema.Measure("duration", 1), "invalid_value"),
        ("{a: 1}", schema.Measure("duration"), "wrong_type"),
        ("a", schema.Many(schema.Text()), "wrong_type"),
        ("[]", schema.Many(schema.Text(), 1), "missing_key"),
        ("{}", schema.Named(schema.Text(), "reason", 1), "missing_key"),
        ("text", schema.Rendered("mapping"), "wrong_type"),
        ("text", schema.Rendered("list"), "wrong_type"),
        ("12", schema.Rendered("text"), "wrong_type"),
        ("text", schema.Schema(), "wrong_type"),
        ("{type: strng}", schema.Schema(), "bad_schema"),
        ("", schema.Expression(), "wrong_type"),
        ("[a, b]", schema.Expression(), "wrong_type"),
        ("text", schema.Of("limits"), "wrong_type"),
        ("{a: 1}", schema.Either((schema.Reference("target"), schema.Many(schema.Text()))), "wrong_type"),
    ],
)
def test_what_does_not_fit_is_absent_and_said_once(text: str, shape: Shape, code: str) -> None:
    assert value_of(text, shape) == (ABSENT, [code])


def test_an_item_that_can_not_be_read_is_left_out() -> None:
    assert value_of("[1, x, 3]", schema.Many(schema.Integer())) == ((1, 3), ["wrong_type"])


def test_what_the_parser_has_refused_is_absent_in_silence() -> None:
    for shape in (schema.Text(), schema.Integer(), schema.Many(schema.Text()), schema.Rendered("mapping")):
        assert value_of("!tag x", shape) == (ABSENT, [])
        assert value_of("*nothing", shape) == (ABSENT, [])


def test_references_keep_their_place() -> None:
    value, _ = value_of("work", schema.Reference("agent"))
    assert isinstance(value, Name)
    assert (value.name, value.span.start, value.span.end) == ("work", 3, 7)


def test_expressions_are_scalars_of_any_kind() -> None:
    for text in ("true", "1 > 0", "'a == \"b\"'", "1"):
        value, codes = value_of(text, schema.Expression())
        assert isinstance(value, Code)
        assert codes == []


def test_templates_make_values_of_every_form() -> None:
    value, codes = value_of('{a: ["${{ b }}", 1], c: 2}', schema.Rendered())
    assert codes == []
    assert isinstance(value, Fields)
    (_, items), (_, two) = value.fields
    assert isinstance(items, Items)
    assert isinstance(items.items[0], Text)
    assert items.items[1] == Fixed(1)
    assert two == Fixed(2)


def test_a_choice_beside_an_expression_is_a_word_only_when_it_is_one() -> None:
    merge = schema.Either((schema.Choice(("replace", "append")), schema.Expression()))
    assert value_of("append", merge) == ("append", [])
    value, codes = value_of("old + new", merge)
    assert isinstance(value, Code)
    assert codes == []


def test_names_keep_what_could_not_be_read() -> None:
    value, codes = value_of("{a: 1, b: x}", schema.Named(schema.Integer(), "thing"))
    assert codes == ["wrong_type"]
    assert all(isinstance(item, Item) for item in value)
    assert [(item.name.name, item.value) for item in value] == [("a", 1), ("b", None)]


def test_names() -> None:
    assert all(valid_name(name) for name in ("a", "_x", "A1", "endless"))
    assert not any(
        valid_name(name) for name in ("", "1a", "a-b", "a b", "end", "fail", "true", "null", "in", "é", "a\n")
    )
