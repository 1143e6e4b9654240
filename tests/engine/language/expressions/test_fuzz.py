"""Whatever the text: parsing never raises, and evaluating raises EvaluationError alone."""

from collections.abc import Callable
from functools import partial

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pointsman.language.expressions import (
    EvaluationError,
    compile_expression,
    needs_quotes,
    operands,
    parse,
    parse_template,
    references,
    render,
    unparse,
    walk,
)

SCOPE: dict[str, object] = {
    "a": {"b": [1, 2.5, "x", None, True, {"c": {}}], "big": 1 << 80, "huge": 10**400, "inf": float("inf")},
    "s": "text \ud800",
    "n": None,
    "o": object(),
}
WORDS = """
    a s n o a.b a.big a.huge a.inf x 1 2u 0 1.5 't' \"\"\" r' b'x' true null
    ( ) [ ] { } . .? ? : , + - * / % ! && || == < in
    size( .map(x, .exists(x, .all(x, has( int( string( timestamp( ${{ }} .matches( .optMap(x, optional.of( duration(
    .split( .substring( .join( glob( host( \\ # env( .orValue( .getHours( double( uint( bytes( bool( type( é 😀 ' ` $
"""
PIECES = [*WORDS.split(), " ", "\n"]
TEXTS = st.text(max_size=60) | st.lists(st.sampled_from(PIECES), max_size=25).map("".join)
QUIET = settings(max_examples=1500, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@given(TEXTS)
@QUIET
def test_any_expression(text: str) -> None:
    parsed = parse(text)
    assert all(0 <= problem.start <= problem.end <= len(text) for problem in parsed.problems)
    assert [problem.start for problem in parsed.problems] == sorted(problem.start for problem in parsed.problems)
    for node in walk(parsed.tree):
        assert 0 <= node.start <= node.end <= len(text)
    unparse(parsed.tree)
    assert needs_quotes(text) in (True, False)
    for reference in references(parsed):
        assert text[reference.start : reference.end].startswith((reference.path[0], "."))
        for segment in reference.segments:
            assert segment.name in text[segment.start : segment.end] or "\\" in text
    operands(parsed, SCOPE)
    for run in (compile_expression(parsed), compile_expression(parsed.tree)):
        start, end = place_of_error(partial(run, SCOPE))
        assert -1 <= start <= end <= len(text)


@given(st.lists(TEXTS, max_size=4).map("${{".join) | TEXTS)
@QUIET
def test_any_template(text: str) -> None:
    template = parse_template(text)
    assert all(0 <= problem.start <= problem.end <= len(text) for problem in template.problems)
    assert [text[hole.start : hole.offset] for hole in template.holes] == ["${{"] * len(template.holes)
    for hole in template.holes:
        assert text[hole.offset :].startswith(hole.expr.text)
    start, end = place_of_error(lambda: render(template, SCOPE))
    assert -1 <= start <= end <= len(text)


def place_of_error(run: Callable[[], object]) -> tuple[int, int]:
    """Where it failed; any other exception fails the test."""
    try:
        run()
    except EvaluationError as error:
        return error.start, error.end
    return -1, -1
