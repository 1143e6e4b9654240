"""The table of keys, and what is made of it: the reference pages and the JSON Schema."""

import json
from pathlib import Path

import jsonschema_rs
import pytest

from marked import read_marked
from pointsman.language import schema
from pointsman.language.contracts import TYPES
from pointsman.language.json_schema import json_schema
from pointsman.language.model import Json
from pointsman.language.schema.reference import reference_page, sections_of
from pointsman.language.source import Source
from pointsman.language.syntax import parse
from pointsman.language.tree import plain

ROOT = Path(__file__).parents[3]
DATA = ROOT / "tests" / "data"
SCHEMAS = ROOT / "docs" / "reference" / "schemas"
FIELDS = [(section, field) for section in schema.SECTIONS.values() for field in section.fields]
KINDS = ["pipeline", "policy", "workspace"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_reference_page_is_the_table(kind: str) -> None:
    """To write it anew: `reference_page(kind)` of `pointsman.language.schema.reference`."""
    assert (ROOT / "docs" / "reference" / f"{kind}-keys.md").read_text("utf-8") == reference_page(kind)


def test_every_section_can_be_reached() -> None:
    reached = {section.name for kind in KINDS for section in sections_of(kind)}
    assert reached == set(schema.SECTIONS)


@pytest.mark.parametrize(("section", "field"), FIELDS, ids=lambda one: one.name)
def test_a_key_is_documented_in_a_sentence(section: schema.Section, field: schema.Field) -> None:
    assert field.doc[0].isupper() or field.doc[0] == "`"
    assert field.doc.endswith(".")
    assert (field.since == "later") is field.later


def test_kinds_and_conditions_name_keys() -> None:
    for section in schema.SECTIONS.values():
        assert set(section.kinds) <= set(section.by_name)
        assert not section.excused or section.excused in section.by_name
        assert {field.only for field in section.fields if field.only} <= set(section.kinds)


def test_a_key_is_a_literal_an_expression_or_a_template() -> None:
    stage = schema.SECTIONS["stage"].by_name
    modes = {name: stage[name].mode for name in ("agent", "when", "with", "set", "routes")}
    assert modes == {
        "agent": "literal",
        "when": "expression",
        "with": "template",
        "set": "template",
        "routes": "literal",
    }


@pytest.mark.parametrize("kind", KINDS)
def test_the_json_schema_is_one(kind: str) -> None:
    made = json_schema(kind)
    jsonschema_rs.validator_for(made)
    assert set(_types(made)) <= set(TYPES)


@pytest.mark.parametrize("path", sorted((DATA / "clean").glob("*.yaml")), ids=lambda path: path.name)
def test_the_json_schema_takes_what_is_clean(path: Path) -> None:
    fixture = read_marked(path.name, path.read_bytes())
    kind = path.name.split(".")[1]
    value = plain(parse(Source.of(path.name, fixture.text)).documents[0].root)
    assert [error.message for error in jsonschema_rs.validator_for(json_schema(kind)).iter_errors(value)] == []


@pytest.mark.parametrize("code", ["unknown_key", "wrong_type", "invalid_value", "invalid_name", "kind_conflict"])
def test_the_json_schema_refuses_what_the_table_refuses(code: str) -> None:
    path = DATA / "diagnostics" / f"{code}.pipeline.yaml"
    value = plain(parse(Source.of("x", read_marked(path.name, path.read_bytes()).text)).documents[0].root)
    assert not jsonschema_rs.validator_for(json_schema("pipeline")).is_valid(value)


def _types(value: Json) -> list[str]:
    found: list[str] = []
    if isinstance(value, dict):
        kind = value.get("type")
        found += [kind] if isinstance(kind, str) else []
        for inner in value.values():
            found += _types(inner)
    elif isinstance(value, list):
        for inner in value:
            found += _types(inner)
    return found


@pytest.mark.parametrize("kind", ["pipeline", "policy", "workspace"])
def test_the_schema_for_editors_is_that_of_the_table(kind: str) -> None:
    """Write it anew: `python -c "import test_schema; test_schema.write_schemas()"` in this folder."""
    assert json.loads((SCHEMAS / f"{kind}.schema.json").read_text("utf-8")) == json_schema(kind)


def write_schemas() -> None:
    """Write the files that editors without a language server can be pointed to."""
    SCHEMAS.mkdir(exist_ok=True)
    for kind in ("pipeline", "policy", "workspace"):
        (SCHEMAS / f"{kind}.schema.json").write_text(json.dumps(json_schema(kind), indent=2) + "\n", "utf-8")
