"""Nodes: lines that are cut, paths that lead back, pages of long lists, and secrets that stay in."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.debugger.nodes import WIDTH, Node, computed, folder, hidden, node, preview
from pointsman.language.expressions import evaluate
from pointsman.security.redaction import HIDDEN, Redactor

CANARY = "sk-canary123"
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("value", "shown", "kind"),
    [
        (None, "null", "null_type"),
        (True, "true", "bool"),
        (3, "3", "int"),
        (2.5, "2.5", "double"),
        ('a "b"\nc', r'"a \"b\"\nc"', "string"),
        ([], "[]", "list"),
        ([1, [2]], "[1, [2]]", "list"),
        ({"a b": {"c": None}}, "{a b: {c: null}}", "map"),
        ("x" * 500, '"' + "x" * 198 + "…", "string"),
        (list(range(1000)), "[" + ", ".join(map(str, range(64)))[:198] + "…", "list"),
    ],
)
def test_a_value_in_one_line(value: Any, shown: str, kind: str) -> None:
    one = node("x", value, "x")
    assert (one.shown, one.type) == (shown, kind)
    assert len(one.shown) <= WIDTH


@given(JSON)
def test_every_path_leads_to_its_value(value: Any) -> None:
    for one in _all(node("x", value, "x")):
        assert evaluate(one.path, {"x": value}) == one.value
        assert one.unfolds == (one.indexed + one.named > 0) == bool(one.children())
        assert len(one.shown) <= WIDTH
        assert "\n" not in one.shown


class Long(list[int]):
    """A list that counts what is looked at."""

    looked = 0

    def __iter__(self) -> Iterator[int]:
        for item in super().__iter__():
            self.looked += 1
            yield item


def test_a_huge_list_costs_what_is_asked_for() -> None:
    huge = Long(range(100_000))
    one = node("x", huge, "x")
    assert one.shown.startswith("[0, 1, 2, ")
    assert huge.looked < WIDTH
    assert one.indexed == 100_000
    page = one.children(99_998, 50)
    assert [(each.name, each.value, each.path) for each in page] == [
        ("[99998]", 99998, "x[99998]"),
        ("[99999]", 99999, "x[99999]"),
    ]
    assert [each.name for each in one.children(10, 2)] == ["[10]", "[11]"]
    assert one.children(200_000, 5) == []
    assert one.children(-5, 1)[0].name == "[0]"


def test_a_mapping_comes_whole_whatever_page_is_asked_for() -> None:
    assert [each.name for each in node("x", {"a": 1, "b": 2}).children(1, 1)] == ["a", "b"]


def test_what_has_no_path_has_none_below() -> None:
    assert [each.path for each in _all(node("x", {"a": [1]}))] == ["", "", ""]


PATTERN = Redactor([("pattern", "sk-[a-z0-9]+")])


@pytest.mark.parametrize("before", range(170, 215))
def test_a_secret_is_hidden_before_the_line_is_cut(before: int) -> None:
    text = "x" * before + CANARY
    for value in (text, [text], {"a": text}, {text: 1}, [{text: [text]}]):
        assert "sk-" not in hidden(node("n", value, "n"), PATTERN).shown
        assert "sk-" not in preview(value, None, PATTERN)


@given(JSON, st.integers(0, 3))
def test_no_canary_leaves_by_any_way(value: Any, depth: int) -> None:
    for _ in range(depth):
        value = {CANARY: [value, f"so {CANARY}"], "plain": CANARY}
    root = folder(CANARY, f"line {CANARY}", lambda: [node(CANARY, value, f'x["{CANARY}"]', ("outputs", CANARY))])
    for one in _all(hidden(root, PATTERN)):
        for said in (one.name, one.shown, one.path, one.value, one.type):
            assert CANARY not in repr(said)


def test_what_is_hidden_by_path_is_hidden_with_all_below_it() -> None:
    redactor = Redactor([("path", "outputs.*.person")])
    value = {"a": {"person": {"age": 41, "name": "Al"}, "n": 1}, "b": [{"person": 41}]}
    one = hidden(node("Outputs", value, "outputs", ("outputs",)), redactor)
    assert one.shown == f"{{a: {{person: {HIDDEN}, n: 1}}, b: [{{person: 41}}]}}"
    assert one.value == {"a": {"person": HIDDEN, "n": 1}, "b": [{"person": 41}]}
    a = one.children()[0]
    person = a.children()[0]
    assert (person.name, person.shown, person.value, person.type, person.path) == (
        "person",
        HIDDEN,
        HIDDEN,
        "string",
        "",
    )
    assert (person.children(), person.indexed, person.named, person.unfolds) == ((), 0, 0, False)
    assert a.children()[1].value == 1


def test_what_is_made_of_something_hidden_is_hidden() -> None:
    redactor = Redactor([("path", "outputs.a.age")])
    uses = (("outputs", "a", "age"),)
    assert hidden(computed("x", 41 + 1, "outputs.a.age + 1", uses), redactor).shown == HIDDEN
    assert hidden(computed("x", {"n": [1]}, "f", (("outputs", "a"),)), redactor).shown == "{n: [1]}"


def test_a_redactor_says_what_it_hides_by_place() -> None:
    redactor = Redactor([("path", "outputs.*.email"), ("pattern", "x")])
    assert redactor.hides(("outputs", "a", "email"))
    assert redactor.hides(("outputs", "0", "email", "domain"))
    assert not redactor.hides(("outputs", "a"))
    assert not redactor.hides(("state", "a", "email"))
    assert not Redactor().hides(("outputs",))


def _all(one: Node) -> Iterator[Node]:
    yield one
    for child in one.children():
        yield from _all(child)
