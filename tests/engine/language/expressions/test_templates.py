"""Templates: where a hole ends, what it becomes, and what is said about one that is broken."""

import pytest

from pointsman.language.expressions import (
    Duration,
    EvaluationError,
    Timestamp,
    compile_template,
    is_template,
    needs_quotes,
    parse_template,
    render,
)

SCOPE = {
    "s": "text",
    "n": None,
    "i": 3,
    "d": 1.5,
    "flag": True,
    "xs": [1, "é", None],
    "m": {"k": {"v": 1}},
    "b": b"ab",
    "t": Timestamp(0),
    "span": Duration(90 * 10**9),
    "handle": object(),
}

RENDERED: dict[str, object] = {
    "": "",
    "plain $ { } }} text": "plain $ { } }} text",
    "${{ xs }}": SCOPE["xs"],
    "${{i}}": 3,
    "${{ flag }}": True,
    "${{ n }}": None,
    "${{ 1u }}": 1,
    "${{ t }}": "1970-01-01T00:00:00Z",
    "${{ {'a': [span, type(1)]} }}": {"a": ["90s", "int"]},
    "${{ m.?nope }}": None,
    "${{ m.?k.v }}": 1,
    " ${{ i }}": " 3",
    "${{ i }}\n": "3\n",
    "a ${{ s }} b ${{ i }}${{ d }} ${{ flag }}": "a text b 31.5 true",
    "[${{ n }}]": "[]",
    "<${{ xs }}>": '<[1, "é", null]>',
    "<${{ m }}>": '<{"k": {"v": 1}}>',
    "<${{ b }} ${{ t }} ${{ span }}>": "<YWI= 1970-01-01T00:00:00Z 90s>",
    "<${{ [t, b] }}>": '<["1970-01-01T00:00:00Z", "YWI="]>',
    # a hole ends where CEL says
    "${{ '}}' }}": "}}",
    "${{ \"}}\" + '}}' }}!": "}}}}!",
    "${{ {'a': {'b': 1}} }}": {"a": {"b": 1}},
    "${{ {'a': {'b': 1}}}}": {"a": {"b": 1}},
    "${{ {'a': {'b': 1}}['a']['b'] }}": 1,
    "${{ r'\\' }}": "\\",
    "${{ '''a\n}}\n''' }}": "a\n}}\n",
    "${{ i // }} a comment\n }}": 3,
    "${{\n  i +\n  1\n}}": 4,
    # the characters themselves
    "$${{ x }}": "${{ x }}",
    "$$${{ x }}": "$${{ x }}",
    "a $${{ ${{ i }} }}": "a ${{ 3 }}",
    "$${{": "${{",
    "${{ i }}$${{ i }}": "3${{ i }}",
}


@pytest.mark.parametrize("text", RENDERED)
def test_rendered(text: str) -> None:
    template = parse_template(text)
    assert template.problems == ()
    value = render(template, SCOPE)
    assert (value, type(value)) == (RENDERED[text], type(RENDERED[text]))


def test_a_value_alone_is_the_value_itself() -> None:
    assert render(parse_template("${{ m.k }}"), SCOPE) is SCOPE["m"]["k"]  # type: ignore[index] # a dict


BROKEN = [
    ("a ${{ i", [(2, 5)], ["a ", " i"]),
    ("${{ i\n}}", [], [" i\n"]),
    ("a ${{ i\nb ${{ i }}", [(2, 5)], ["a ", " i", "\nb ", " i "]),
    ("a ${{ i ${{ i }}", [(2, 5)], ["a ", " i ", " i "]),
    ("a ${{", [(2, 5)], ["a ", ""]),
    ("${{ }}", [(3, 4)], [" "]),
    ("${{ 'a }} b ${{ i }}", [(4, 7)], [" 'a ", " b ", " i "]),
    ("${{ {'a': 1 }} b", [(4, 5)], [" {'a': 1 ", " b"]),
    ("é ${{ s. }} ${{ s + }}", [(7, 8), (18, 19)], ["é ", " s. ", " ", " s + "]),
]


@pytest.mark.parametrize(("text", "places", "parts"), BROKEN)
def test_broken(text: str, places: list[tuple[int, int]], parts: list[str]) -> None:
    template = parse_template(text)
    assert [(problem.start, problem.end) for problem in template.problems] == places
    assert [part if isinstance(part, str) else part.expr.text for part in template.parts] == parts
    if places:
        with pytest.raises(EvaluationError) as caught:
            render(template, SCOPE)
        assert (caught.value.code, caught.value.start) == ("invalid_expression", places[0][0])


def test_errors_count_from_the_start_of_the_template() -> None:
    text = "price: ${{ m.nope }}"
    run = compile_template(parse_template(text))
    for _ in range(2):
        with pytest.raises(EvaluationError) as caught:
            run(SCOPE)
        assert text[caught.value.start : caught.value.end] == "nope"


def test_what_has_no_text_is_refused_in_text_alone() -> None:
    assert render(parse_template("${{ handle }}"), SCOPE) is SCOPE["handle"]
    with pytest.raises(EvaluationError, match="opaque can not stand in a text"):
        render(parse_template("key ${{ handle }}"), SCOPE)
    with pytest.raises(EvaluationError, match="map can not stand in a text"):
        render(parse_template("key ${{ {'a': handle} }}"), SCOPE)


def test_a_text_too_large_is_refused() -> None:
    with pytest.raises(EvaluationError) as caught:
        render(parse_template("${{ s }}${{ s }}"), {"s": "a" * 9 * 1024 * 1024})
    assert caught.value.code == "cost_exceeded"


@pytest.mark.parametrize(
    ("text", "holes"),
    [("${{", True), ("a", False), ("$${{ x", False), ("$${{ ${{", True), ("$ {{", False), ("", False)],
)
def test_is_template(text: str, holes: bool) -> None:
    assert is_template(text) is holes
    assert bool(parse_template(text).holes) is holes


@pytest.mark.parametrize(
    ("raw", "needs"),
    [
        ("!x.ok", True),
        ('"a" in xs', True),
        ("a ? b : c", True),
        ("{'a': 1}.a == 1", True),
        ("[1, 2].exists(x, x == y)", True),
        ("'a' + b", True),
        ("a == 1 # why", False),
        ("two words", False),
        ("- item", True),  # CEL's minus; that YAML reads a list is for the caller to see
        ("a &&", False),
        ("", False),
    ],
)
def test_needs_quotes(raw: str, needs: bool) -> None:
    assert needs_quotes(raw) is needs
