"""What a pipeline takes: examples that fit their schema, and the names of what is missing."""

from __future__ import annotations

from typing import Any

import pytest

from lsp.documents import document
from pointsman.kernel.contracts import contract
from pointsman_lsp.features import Refused
from pointsman_lsp.features.input_shape import example, missing, pick

TICKET = {"type": "object", "required": ["ticket"], "properties": {"ticket": {"type": "string"}}}
EXAMPLES: list[tuple[Any, Any]] = [
    (None, {}),
    (True, {}),
    ({}, {}),
    (TICKET, {"ticket": ""}),
    ({"properties": {"a": {"default": [1]}, "b": {"type": "string"}}}, {"a": [1]}),
    ({"required": ["a", "b"], "properties": {"a": {"enum": ["x", "y"]}}}, {"a": "x", "b": None}),
    ({"type": "string", "minLength": 3}, "xxx"),
    ({"type": "string", "format": "date"}, "2025-01-31"),
    ({"type": "integer"}, 0),
    ({"type": "integer", "minimum": 3}, 3),
    ({"type": "integer", "exclusiveMinimum": 3}, 4),
    ({"type": "number", "maximum": -2}, -2),
    ({"type": "number", "minimum": -5, "maximum": 5}, 0),
    ({"type": "integer", "minimum": "x"}, 0),
    ({"type": "boolean"}, False),
    ({"type": "null"}, None),
    ({"type": ["null", "string"]}, None),
    ({"type": "array", "items": {"type": "integer"}}, []),
    ({"type": "array", "items": {"type": "integer"}, "minItems": 2}, [0, 0]),
    ({"const": 5}, 5),
    ({"examples": [{"a": 1}], "type": "object"}, {"a": 1}),
    ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, 0),
    ({"allOf": [TICKET, {"required": ["n"], "properties": {"n": {"type": "integer"}}}]}, {"ticket": "", "n": 0}),
    ({"$ref": "#/$defs/t~1t", "$defs": {"t/t": TICKET}}, {"ticket": ""}),
]


@pytest.mark.parametrize(("schema", "expected"), EXAMPLES)
def test_an_example_is_made_of_defaults_and_types(schema: Any, expected: Any) -> None:
    assert example(schema) == expected


@pytest.mark.parametrize("schema", [schema for schema, _ in EXAMPLES if schema and "x" not in str(schema)])
def test_an_example_fits_its_schema(schema: Any) -> None:
    held = contract(schema)
    assert held
    assert held.complaint(example(schema)) is None


def test_a_schema_that_refers_to_itself_or_elsewhere_ends() -> None:
    itself = {"type": "object", "required": ["more"], "properties": {"more": {"$ref": "#"}}}
    assert "more" in example(itself)
    assert example({"$ref": "https://example.com/x"}) is None
    assert example({"$ref": "#/nowhere/at/all"}) is None


def test_what_is_missing_is_named() -> None:
    schema = {"required": ["a", "b", "c"], "properties": {"b": {"default": 1}}}
    assert missing(schema, {}) == ("a", "c")
    assert missing(schema, {"a": 1, "c": None}) == ()
    assert missing(schema, 5) == ("a", "c")
    assert missing(None, {}) == ()
    assert missing(True, {}) == ()


def test_a_pipeline_is_picked_by_its_name_or_as_the_only_one() -> None:
    one = document("pipeline: one\nstages: {a: {agent: x}}\n")
    both = document("pipeline: one\nstages: {a: {agent: x}}\n---\npipeline: two\n")
    assert pick(one, None).name == pick(one, "one").name == "one"
    assert pick(both, "two").name == "two"
    for of, name, said in (
        (both, None, "holds one, two; say which"),
        (both, "tow", 'no pipeline tow; did you mean "two"'),
        (document("policy: p\n", {}, "a.policy.yaml"), None, "no pipeline"),
    ):
        with pytest.raises(Refused, match=said):
            pick(of, name)
