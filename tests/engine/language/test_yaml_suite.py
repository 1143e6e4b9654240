"""The yaml-test-suite against `parse`: the same values, or an explicit refusal, and no damage that is not said."""

import json
from pathlib import Path
from typing import Any

import pytest

from pointsman.language.scalars import segments
from pointsman.language.source import Source
from pointsman.language.syntax import (
    Alias,
    Mapping,
    Missing,
    Node,
    Scalar,
    Sequence,
    Tree,
    parse,
    plain,
)

SUITE = Path(__file__).parents[2] / "data" / "yaml-test-suite"
CASES = {str(found.parent.relative_to(SUITE)): found.parent for found in sorted(SUITE.rglob("in.yaml"))}
VALID = {name: case for name, case in CASES.items() if not (case / "error").exists()}
INVALID = {name: case for name, case in CASES.items() if (case / "error").exists()}

# What our profile leaves out, each case by its name: a collection, alias or nothing as key; a custom tag or %TAG.
OUTSIDE = {
    "yaml_complex_key": {
        "26DV", "2JQS", "4FJ6", "6M2F", "6PBE", "9MMW", "CFD4", "DFF7", "E76Z", "FRK4",
        "LX3P", "M2N8/00", "M2N8/01", "M5DY", "NHX8", "NKF9", "Q9WF", "RZP5", "S3PD", "SM9W/01",
        "UKK6/00", "V9D5", "XW4D",
    },
    "yaml_tag": {
        "2XXW", "565N", "6CK3", "6WLZ", "9WXW", "CC74", "CUP7", "J7PZ", "M5C3", "P76L",
        "U3C3", "Z67P", "Z9M4",
    },
}  # fmt: skip
# Invalid texts we take without a word. None is known; a new one must be named here.
ACCEPTED: set[str] = set()


def test_the_suite_is_whole() -> None:
    assert (len(VALID), len(INVALID)) == (233, 68)


def test_invalid_texts_have_a_diagnostic() -> None:
    assert {name for name, case in INVALID.items() if not read(case).diagnostics} == ACCEPTED


def test_refused_texts_are_known_by_name() -> None:
    refused: dict[str, set[str]] = {}
    for name, case in VALID.items():
        for found in read(case).diagnostics:
            refused.setdefault(found.code, set()).add(name)
    assert refused == OUTSIDE


@pytest.mark.parametrize("name", sorted(VALID.keys() - OUTSIDE["yaml_complex_key"] - OUTSIDE["yaml_tag"]))
def test_events_agree(name: str) -> None:
    case = VALID[name]
    tree = read(case)
    expected = [event for event in (case / "test.event").read_text("utf-8").splitlines()[1:-1] if event]
    expected = [event for event in expected if event[:4] not in ("+DOC", "-DOC")]
    found = [event for document in tree.documents for event in events(document.root)]
    if not expected:
        assert found == ["=VAL :"]
        return
    assert found == [without_tag(event) for event in expected]


@pytest.mark.parametrize("name", sorted(name for name in VALID if (VALID[name] / "in.json").exists()))
def test_values_agree(name: str) -> None:
    tree = read(VALID[name])
    if tree.diagnostics:
        assert name in OUTSIDE["yaml_complex_key"] | OUTSIDE["yaml_tag"]
        return
    expected = json_values((VALID[name] / "in.json").read_text("utf-8"))
    found = [plain(document.root) for document in tree.documents]
    assert json.dumps(found, sort_keys=True) == json.dumps(expected, sort_keys=True) or (
        expected == [] and found == [None]
    )


@pytest.mark.parametrize("name", sorted(CASES))
def test_scalars_can_be_rebuilt_from_their_source(name: str) -> None:
    tree = read(CASES[name])
    for scalar in scalars(tree):
        mapped = segments(tree.source, scalar)
        assert "".join(run.text for run in mapped.runs) == scalar.text
        for run in mapped.runs:
            if run.verbatim:
                assert tree.source.data[run.start : run.end].decode() == run.text
        if any(run.start == run.end for run in mapped.runs):
            # Blanks at the end of the text that count as a line: its break has no source to come back from.
            assert name in ("JEF9/02", "L24T/01")
            continue
        for offset in range(len(scalar.text) + 1):
            assert mapped.to_value(mapped.to_source(offset)) == offset


def read(case: Path) -> Tree:
    return parse(Source(case.name, (case / "in.yaml").read_bytes()))


def events(node: Node) -> list[str]:
    anchor = "" if isinstance(node, Alias | Missing) or node.anchor is None else f" &{node.anchor}"
    match node:
        case Scalar():
            sign = {"plain": ":", "single": "'", "double": '"', "literal": "|", "folded": ">"}[node.style]
            text = node.text.translate(
                {92: "\\\\", 0: "\\0", 7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 13: "\\r", 27: "\\e"}
            )
            return [f"=VAL{anchor} {sign}{text}"]
        case Missing():
            return ["=VAL :"]
        case Alias():
            return [f"=ALI *{node.name}"]
        case Mapping():
            inner = [event for entry in node.entries for part in (entry.key, entry.value) for event in events(part)]
            return ["+MAP" + (" {}" if node.flow else "") + anchor, *inner, "-MAP"]
        case Sequence():
            inner = [event for item in node.items for event in events(item)]
            return ["+SEQ" + (" []" if node.flow else "") + anchor, *inner, "-SEQ"]


def without_tag(event: str) -> str:
    """Core tags are resolved, not shown."""
    head, opened, rest = event.partition(" <tag:yaml.org,2002:")
    if opened:
        return head + rest.partition(">")[2]
    return event.replace(" <!>", "", 1)


def scalars(tree: Tree) -> list[Scalar]:
    found: list[Scalar] = []
    waiting: list[Node] = [document.root for document in tree.documents]
    while waiting:
        match waiting.pop():
            case Scalar() as scalar:
                found.append(scalar)
            case Mapping() as mapping:
                waiting += [part for entry in mapping.entries for part in (entry.key, entry.value)]
            case Sequence() as sequence:
                waiting += sequence.items
            case Alias() | Missing():
                pass
    return found


def json_values(text: str) -> list[Any]:
    decoder, values, at = json.JSONDecoder(), [], 0
    text = text.strip()
    while at < len(text):
        value, at = decoder.raw_decode(text, at)
        values.append(value)
        while at < len(text) and text[at].isspace():
            at += 1
    return values
