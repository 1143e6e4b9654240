"""The segment map in every scalar style, and what plain scalars mean."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.language.scalars import SegmentMap, resolve_plain, segments
from pointsman.language.source import Source
from pointsman.language.syntax import Mapping, Scalar, parse


@pytest.mark.parametrize(
    ("text", "value", "word", "source"),
    [
        ("k: one two", "one two", "two", "two"),
        ("k: one\n  two", "one two", "two", "two"),
        ("k: one  \n\n\n   two", "one\n\ntwo", "two", "two"),
        ("k: 'it''s two'", "it's two", "two", "two"),
        ("k: 'it''s'", "it's", "'", "''"),
        ('k: "a\\u0041 \\n two"', "aA \n two", "two", "two"),
        ('k: "a\\u0041 two"', "aA two", "A", "\\u0041"),
        ('k: "a \\\n   two"', "a two", "two", "two"),
        ('k: "\\ud83d\\ude00 two"', "😀 two", "😀", "\\ud83d\\ude00"),
        ("k: 😀 two", "😀 two", "two", "two"),
        ("k: |\n  one\n   two\n", "one\n two\n", "two", "two"),
        ("k: |2\n   one\n  two\n", " one\ntwo\n", "two", "two"),
        ("k: >-\n  one\n  two\n\n  three\n", "one two\nthree", "three", "three"),
        ("k: |\r\n  one\r\n  two\r\n", "one\ntwo\n", "two", "two"),
        ("k: |+\n  one\n\n", "one\n\n", "one", "one"),
        ("\ufeffk: 'two'", "two", "two", "two"),
        ("k: !!str 'two'", "two", "two", "two"),
    ],
)
def test_a_word_is_found_in_the_source(text: str, value: str, word: str, source: str) -> None:
    scalar, mapped, data = only(text)
    assert scalar.text == value
    at = value.index(word)
    span = mapped.span(at, at + len(word))
    assert data[span.start : span.end].decode() == source


def test_an_end_never_swallows_a_fold() -> None:
    _, mapped, data = only("k: one   \n\n     two")
    span = mapped.span(0, 3)
    assert data[span.start : span.end] == b"one"
    _, mapped, data = only('k: "one \\\n     two"')
    assert data[mapped.span(0, 4).start : mapped.span(0, 4).end] == b"one "
    _, mapped, data = only("k: |\n    one\n    two\n")
    assert data[mapped.span(0, 4).start : mapped.span(0, 4).end] == b"one\n"


def test_source_that_became_nothing_means_what_follows() -> None:
    text = "k: |\n    one\n    two\n"
    _, mapped, _ = only(text)
    assert mapped.to_value(text.index("    two")) == 4
    assert mapped.to_value(0) == 0
    assert mapped.to_value(10_000) == 8


def test_an_empty_value_has_a_place() -> None:
    _, mapped, _ = only("k: ''")
    assert (mapped.to_source(0), mapped.span(0, 0).end, mapped.to_value(9)) == (4, 4, 0)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("k: |\n  a\n  b\n\n\n", "|\n  a\n  b"),
        ("k: |+\n  a\n\n\nl: 1\n", "|+\n  a\n\n"),
        ("k: >-  # why\n  a\n", ">-  # why\n  a"),
        ("k: |-\nl: 1\n", "|-"),
        ("k: |  \n\n\nl: 1\n", "|"),
        ("k: &x !!str word  # c\n", "word"),
        ("k: one\n   two  # c\n", "one\n   two"),
        ('k: "one"\n', '"one"'),
    ],
)
def test_spans_cover_exactly_the_scalar(text: str, span: str) -> None:
    scalar, _, data = only(text)
    assert data[scalar.span.start : scalar.span.end].decode() == span


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"), ("on", "on"), ("12:30:45", "12:30:45"), ("2024-01-01", "2024-01-01"), ("30s", "30s"),
        ("~", None), ("", None), ("Null", None), ("True", True), ("tRue", "tRue"),
        ("0123", 123), ("0o17", 15), ("0xFf", 255), ("0b1", "0b1"), ("-0x1", "-0x1"), ("1_000", "1_000"), ("٣", "٣"),
        ("9" * 5000, "9" * 5000),
        ("1e3", 1000.0), ("-.5", -0.5), ("1.", 1.0), (".", "."), ("+", "+"), ("-.INF", float("-inf")),
    ],
)  # fmt: skip
def test_the_core_schema(text: str, value: object) -> None:
    found = resolve_plain(text)
    assert (found, type(found)) == (value, type(value))


LINES = st.lists(st.text(st.sampled_from("ab é😀'\"\\:#"), max_size=8), min_size=1, max_size=6)


@settings(max_examples=150, deadline=None)
@given(LINES, st.sampled_from(["|", ">", "|-", ">+", "|2", "'", '"', ""]), st.sampled_from(["\n", "\r\n"]))
def test_value_to_source_to_value(lines: list[str], style: str, newline: str) -> None:
    if style in ("'", '"'):
        escaped = [
            line.replace("'", "''") if style == "'" else line.replace("\\", "\\\\").replace('"', '\\"')
            for line in lines
        ]
        text = "k: " + style + (newline + "    ").join(escaped) + style + newline
    else:
        text = "k: " + style + newline + "".join("  " + line + newline for line in lines)
    tree = parse(Source.of("x", text))
    if tree.diagnostics:
        return
    root = tree.documents[0].root
    assert isinstance(root, Mapping)
    scalar = root.entries[0].value
    if not isinstance(scalar, Scalar):
        return
    mapped = segments(tree.source, scalar)
    assert "".join(run.text for run in mapped.runs) == scalar.text
    for offset in range(len(scalar.text) + 1):
        assert mapped.to_value(mapped.to_source(offset)) == offset
    places = [mapped.to_source(offset) for offset in range(len(scalar.text) + 1)]
    assert places == sorted(places)


def only(text: str) -> tuple[Scalar, SegmentMap, bytes]:
    source = Source.of("x", text)
    tree = parse(source)
    assert not tree.diagnostics
    root = tree.documents[0].root
    assert isinstance(root, Mapping)
    scalar = root.entries[0].value
    assert isinstance(scalar, Scalar)
    return scalar, segments(source, scalar), source.data
