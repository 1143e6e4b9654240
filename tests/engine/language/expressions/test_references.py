"""What an expression reads, where, and what it makes sure of first; and the operands behind an answer."""

import pytest

from pointsman.language.expressions import EvaluationError, operands, parse, references

# Each reference as its path; `?` behind a name that may be missing here without an error.
PATHS = {
    "outputs.diff.py": "outputs.diff.py",
    'outputs["diff"].py': "outputs.diff.py",
    "outputs.list[i].name": "outputs.list i",
    "f.x.size() > g.y": "f.x g.y",
    "xs.exists(x, x.a == y.b)": "xs y.b",
    "xs.exists(x, .x.a == 1)": "xs x.a",
    "xs.map(x, ys.filter(y, x == y && z))": "xs ys z",
    "xs.transformList(i, v, i + v + w)": "xs w",
    "type(x) == string": "x",
    "{'a': b.c}.a": "b.c",
    "state.": "state",
    "a && state. ": "a state",
    "outputs.": "outputs",
    # guards
    "has(a.b.c)": "a.b.c?",
    "has(a.b) && a.b.c == 1": "a.b? a.b?.c",
    "has(a.b) && has(a.b.c) && a.b.c": "a.b? a.b?.c? a.b?.c?",
    "a.b == 1 && has(a.b)": "a.b a.b?",
    "!has(a.b) || a.b": "a.b? a.b?",
    "has(a.b) || a.b": "a.b? a.b",
    "has(a.b) ? a.b : a.b": "a.b? a.b? a.b",
    "!has(a.b) ? a.b : a.b": "a.b? a.b a.b?",
    "(has(a.b) || x) && a.b": "a.b? x a.b",
    "has(a.b) && xs.all(x, a.b == x)": "a.b? xs a.b?",
    "a.?b.c.orValue(1)": "a.b?.c?",
    "a[?'b'].hasValue()": "a.b?",
    "a.?b.hasValue() && a.b == 1": "a.b? a.b?",
    "'b' in a && a.b == 1": "a a.b?",
}


@pytest.mark.parametrize("text", PATHS)
def test_references(text: str) -> None:
    found = references(parse(text))
    shown = [".".join(one.name + "?" * one.guarded for one in reference.segments) for reference in found]
    assert " ".join(shown) == PATHS[text]
    for reference in found:
        assert reference.path == tuple(segment.name for segment in reference.segments)
        assert reference.guarded is any(segment.guarded for segment in reference.segments)
        assert all(text[one.start : one.end].strip("'\"") == one.name for one in reference.segments)


def test_a_reference_ends_where_its_chain_does() -> None:
    text = 'size(outputs["diff"].py) > 0 && a.?b.c'
    found = references(parse(text))
    assert [(text[one.start : one.end], one.optional) for one in found] == [
        ('outputs["diff"].py', False),
        ("a.?b.c", True),
    ]


def test_operands_are_the_leaves_with_their_values() -> None:
    scope = {"score": 0.7, "xs": [1, 2], "limit": {"max": 1}, "a": 1}
    text = "score > 0.8 && (size(xs) >= limit.max || has(limit.min)) && xs.all(x, x < a) && limit.min + a in [a, 2]"
    shown = [
        (one.text, one.error.code if one.error else one.value, text[one.start : one.end] == one.text)
        for one in operands(parse(text), scope)
    ]
    assert shown == [
        ("score", 0.7, True),
        ("size(xs)", 2, True),
        ("limit.max", 1, True),
        ("has(limit.min)", False, True),
        ("xs.all(x, x < a)", False, True),
        ("limit.min", "no_such_key", True),
        ("a", 1, True),
    ]


def test_operands_of_a_bare_tree_are_written_anew() -> None:
    found = operands(parse("size( xs )>limit . max").tree, {"xs": [1]})
    assert [one.text for one in found] == ["size(xs)", "limit.max"]
    assert isinstance(found[1].error, EvaluationError)
