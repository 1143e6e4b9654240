"""Google's CEL judges ours: random expressions give the same value, or both an error.

Left out on purpose: arithmetic of int with double (our documented extension), the text of a double (implementations
differ), and the order of a map's keys (Google's has none).
"""

import math
from typing import Any

from cel_expr_python import cel  # type: ignore[import-untyped] # it ships no py.typed
from cel_expr_python.ext import ext_optional, ext_strings  # type: ignore[import-untyped] # as above
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pointsman.language.expressions import EvaluationError, evaluate, parse, unparse

SCOPE: dict[str, object] = {
    "i": 7,
    "big": 9223372036854775807,
    "d": 2.5,
    "s": "abc",
    "yes": True,
    "xs": [1, 2, "a", None],
    "m": {"a": 1, "b": {"c": None}},
    "n": None,
}
JUDGE = cel.NewEnv(
    variables=dict.fromkeys(SCOPE, cel.Type.DYN), extensions=[ext_optional.ExtOptional(), ext_strings.ExtStrings()]
)

Text = st.SearchStrategy[str]

EXACT = ["0", "1", "-3", "i", "big", "9223372036854775807", "-9223372036854775808", "2u", "0u", "m.a", "xs[1]"]
DOUBLES = ["0.0", "-1.5", "2.0", "d", "1e308", "double('nan')"]
OTHERS = [
    *("null", "true", "false", "yes", "n", "s", "''", "'a'", "'é\\U0001f600'", "b'a'", "xs", "m", "[]", "{}", "m.b.c"),
    *("m.zz", "m.?a", "m.?zz", "m.b", "xs[9]", "xs[?2]", "[1, 'a']", "{'a': 1}", "{1: 2, 'b': [true]}", "m['a']"),
    *("int(d)", "int(s)", "int('-12')", "int(2u)", "s.reverse()"),
    *("has(m.a)", "has(m.zz)", "has(m.zz.y)", "timestamp('2026-01-31T12:30:00Z')", "duration('90m')", "type(i)"),
]
COMPARISONS = ["==", "!=", "<", "<=", ">", ">=", "in"]
ARITHMETIC = ["+", "-", "*", "/", "%"]
MEMBERS = [".size()", ".a", ".b.c", ".?a", "[?0]", ".hasValue()", ".orValue(1)"]
MEMBERS += [".contains('a')", ".startsWith(s)", ".matches('[a-b]+$')", ".value()", ".trim()", ".split('b')"]
MEMBERS += [".indexOf('b')", ".substring(1)", ".charAt(1)", ".replace('b', '-')", ".upperAscii()", ".join('-')"]
CALLS = ["size", "uint", "bool", "bytes", "type", "dyn", "optional.of", "optional.ofNonZeroValue", "!", "-"]
# Over a map only what does not show its order; `x` is bound inside.
MACROS = ["exists", "all", "exists_one", "filter", "map"]


def combined(inner: Text, arithmetic: bool) -> Text:
    operators = COMPARISONS + ["&&", "||"] + (ARITHMETIC if arithmetic else [])
    return st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(operators), inner),
        st.builds("({} ? {} : {})".format, inner, inner, inner),
        st.builds("({}){}".format, inner, st.sampled_from(MEMBERS)),
        st.builds("{}({})".format, st.sampled_from(CALLS), inner),
        # Not of an optional: Google's keeps the error of such an index inside, where only value() finds it.
        st.builds("[{}]{}".format, inner, st.sampled_from(["[0]", "['a']", "[1.0]", "[true]", "[1]"])),
        st.builds("{{'a': {}}}{}".format, inner, st.sampled_from(["['a']", "[0]", "[null]", "[1.5]", "[true]"])),
        st.builds("[{}, {}].{}(x, {})".format, inner, inner, st.sampled_from(MACROS), with_variable(inner)),
        st.builds("xs.{}(x, {})".format, st.sampled_from(MACROS), with_variable(inner)),
        st.builds("[{}, {}]".format, inner, inner),
        st.builds("{{'a': {}, 1: {}}}".format, inner, inner),
    )


def with_variable(inner: Text) -> Text:
    return st.one_of(inner, st.builds("(x {} {})".format, st.sampled_from(COMPARISONS), inner))


def expressions() -> Text:
    exact = st.recursive(st.sampled_from(EXACT + OTHERS), lambda inner: combined(inner, arithmetic=True), max_leaves=8)
    doubles = st.recursive(
        st.sampled_from(DOUBLES),
        lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*", "/"]), inner),
        max_leaves=4,
    )
    mixed = st.recursive(doubles | exact, lambda inner: combined(inner, arithmetic=False), max_leaves=6)
    return exact | mixed


@given(expressions())
@settings(max_examples=1500, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_same_value_or_both_an_error(text: str) -> None:
    assert ours(text) == judged(text)


@given(expressions())
@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_a_tree_written_anew_means_the_same(text: str) -> None:
    tree = parse(text).tree
    again = parse(unparse(tree))
    assert again.problems == ()
    assert unparse(again.tree) == unparse(tree)
    assert ours(again.text) == ours(text)


def ours(text: str) -> object:
    parsed = parse(text)
    assert parsed.problems == ()
    try:
        return shown(evaluate(parsed, SCOPE))
    except EvaluationError:
        return "error"


def judged(text: str) -> object:
    try:
        value = JUDGE.compile(text, disable_check=True).eval(data=SCOPE)
    except RuntimeError:  # what it can see without data, like a key written twice
        return "error"
    return shown(value)


def shown(value: Any) -> object:
    """A value with its types, in a form both sides share."""
    if isinstance(value, cel.Value):
        kind = str(value.type())
        try:
            value = value.value()
        except TypeError:  # an optional, which has no form in Python and passes for an error
            return "opaque"
        if kind == "ERROR":
            return "error"
        if kind.startswith(("TYPE", "TIMESTAMP", "DURATION")):
            return "opaque"
    if isinstance(value, float):
        return ("double", "nan") if math.isnan(value) else ("double", value)
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int):
        return ("int", int(value))
    if isinstance(value, bytes | bytearray):
        return ("bytes", bytes(value))
    if isinstance(value, list):
        return [shown(item) for item in value]
    if isinstance(value, dict):
        return {str(key): shown(item) for key, item in value.items()}
    return "opaque"
