"""What expressions mean: places of errors, our extension and helpers, data from outside, and what they cost."""

from collections.abc import Iterator, Mapping
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Any

import pytest

from pointsman.language.expressions import (
    FUNCTIONS,
    Duration,
    EvaluationError,
    Optional,
    Timestamp,
    UInt,
    compile_expression,
    evaluate,
    parse,
)
from pointsman.language.expressions.functions import IMPLEMENTATIONS


class Color(StrEnum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


class Lazy(Mapping[str, object]):
    """A scope that counts what is read from it."""

    def __init__(self, values: dict[str, object]) -> None:
        self.values_ = values
        self.read: list[str] = []

    def __getitem__(self, key: str) -> object:
        self.read.append(key)
        return self.values_[key]

    def __iter__(self) -> Iterator[str]:
        raise AssertionError("nobody goes through the scope")

    def __len__(self) -> int:
        return len(self.values_)

    def __contains__(self, key: object) -> bool:
        return key in self.values_


SCOPE: dict[str, Any] = {
    "input": {"amount": 250, "cost": 0.5, "tags": ["a", "b"], "when": Timestamp(0), "took": Duration(1_500_000_000)},
    "outputs": {"diff": {"py": ["a.py"]}},
    "huge": 1 << 70,
    "color": Color.RED,
    "level": Level.HIGH,
    "pair": ("a", 1),
    "frozen": MappingProxyType({"x": 1}),
    "env": {"HOME": "/root"},
}

VALUES = {
    # int and double promote: the one extension
    "input.cost * 2": 1.0,
    "1 + 0.5": 1.5,
    "10 / 4.0": 2.5,
    "10 / 4": 2,
    "-7 / 2": -3,
    "-7 % 2": -1,
    "1.0 / 0.0 > 1": True,
    # a bool is no number
    "true == 1": False,
    "[true] == [1]": False,
    "true in [1]": False,
    "1 in {true: 1}": False,
    "{true: 'yes'}[true]": "yes",
    # numbers are equal by value
    "1 == 1.0 && 1u == 1 && [1] == [1.0]": True,
    "huge > 1": True,
    "huge == huge": True,
    # an error counts only if it could change the answer
    "input.nope == 1 || true": True,
    "1 / 0 > 1 && false": False,
    "[1, 0].exists(x, 1 / x == 1)": True,
    # what has not run is not there
    "has(outputs.lint)": False,
    "has(outputs.diff.py) && size(outputs.diff.py) == 1": True,
    "outputs.?lint.findings.orValue([])": [],
    "outputs.?diff.py.orValue([])": ["a.py"],
    "outputs.?lint.hasValue() ? 1 : 2": 2,
    # data from outside
    "color == 'red' && color.startsWith('r') && color + '!' == 'red!'": True,
    "level == 3 && level + 1 == 4 && level > 2.5": True,
    "pair == ['a', 1] && pair[1] == 1 && 'a' in pair && size(pair) == 2": True,
    "frozen.x == 1 && has(frozen.x) && frozen == {'x': 1} && 'x' in frozen": True,
    "type(color) == string && type(level) == int && type(pair) == list && type(frozen) == map": True,
    "input.when < timestamp('2026-01-01T00:00:00Z') && input.took + duration('1s') == duration('2500ms')": True,
    "string(input.took) + string(input.when)": "1.5s1970-01-01T00:00:00Z",
    "env('HOME')": "/root",
    "['HOME'].map(name, env(name))": ["/root"],
    # variables hide roots, and `.name` is the root again
    "[1, 2].map(input, input + 1)": [2, 3],
    "[1].map(input, .input.amount + input)": [251],
    "[1].map(input, [2].map(x, .input.amount + input + x))": [[253]],
    "string(1.0) + string(0.1) + string(1e300)": "10.11e+300",
}

ERRORS = {
    "nope": ("unknown_name", "nope"),
    "input.nope.more": ("no_such_key", "nope"),
    "input['nope']": ("no_such_key", "'nope'"),
    "has(outputs.lint.x)": ("no_such_key", "lint"),
    "input.amount.x": ("no_such_overload", "x"),
    "input.tags[5]": ("index_out_of_range", "5"),
    "input.tags[-1]": ("index_out_of_range", "-1"),
    "1 + true": ("no_such_overload", "1 + true"),
    "(1 + 1u) == 2": ("no_such_overload", "1 + 1u"),
    "1 < 'a'": ("no_such_overload", "1 < 'a'"),
    "input.amount && true": ("no_such_overload", "input.amount"),
    "true && input.amount": ("no_such_overload", "input.amount"),
    "!input.amount": ("no_such_overload", "!input.amount"),
    "input.amount ? 1 : 2": ("no_such_overload", "input.amount"),
    "true && input.nope > 1": ("no_such_key", "nope"),
    "9223372036854775807 + 1": ("overflow", "9223372036854775807 + 1"),
    "huge + 1": ("overflow", "huge + 1"),
    "2u - 3u": ("overflow", "2u - 3u"),
    "1 / 0": ("division_by_zero", "1 / 0"),
    "1 % 0": ("division_by_zero", "1 % 0"),
    "int('x')": ("invalid_argument", "int('x')"),
    "'a' in 'abc'": ("no_such_overload", "'a' in 'abc'"),
    "{'a': 1, 'a': 2}": ("duplicate_key", "'a'"),
    "optional.none().value()": ("no_value", "optional.none().value()"),
    "'abc'.matches(input.tags[0] + '(')": ("invalid_argument", "'abc'.matches(input.tags[0] + '(')"),
    "input.tags.map(x, x > 1)": ("no_such_overload", "x > 1"),
    "input.tags.filter(x, x)": ("no_such_overload", "x"),
    "input.amount.map(x, x)": ("no_such_overload", "map"),
    "env('NOPE')": ("no_such_key", "env('NOPE')"),
    "secret('NOPE')": ("unknown_function", "secret('NOPE')"),
    "1 +": ("invalid_expression", "+"),
}


@pytest.mark.parametrize("text", VALUES)
def test_values(text: str) -> None:
    value = evaluate(text, SCOPE)
    assert (value, type(value)) == (VALUES[text], type(VALUES[text]))


@pytest.mark.parametrize("text", ERRORS)
def test_an_error_has_a_code_and_its_place(text: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        evaluate(text, SCOPE)
    code, part = ERRORS[text]
    assert caught.value.code == code
    assert text[caught.value.start : caught.value.end] == part
    if text.count(part) > 1:  # the right one of several
        assert caught.value.start in (text.rfind(part), text.find(part))


def test_every_function_of_the_table_does_something() -> None:
    compiled_apart = {"or", "orValue", "env", "secret"}
    assert FUNCTIONS.keys() - compiled_apart == IMPLEMENTATIONS.keys()


def test_a_macro_reads_only_what_it_needs() -> None:
    scope = Lazy({"xs": [1, 2], "limit": 1, "large": {}})
    assert evaluate("xs.exists(x, x > limit)", scope) is True
    assert scope.read == ["xs", "limit"]


def test_internal_values() -> None:
    assert type(evaluate("1u + 1u", {})) is UInt
    assert isinstance(evaluate("optional.of(1)", {}), Optional)


HOSTS = {
    "https://Example.com/a?b=c@d#e": "example.com",
    "https://user:pass@example.com:8443": "example.com",
    "http://[::1]:80/": "::1",
    "https://example.com./": "example.com",
    "ftp://127.0.0.1": "127.0.0.1",
    "https://api.example.com?x=//evil.com": "api.example.com",
}
NO_HOSTS = [
    *(
        "",
        "example.com",
        "//example.com",
        "https:/example.com",
        "https://",
        "file:///etc",
        "https://a@b@c/",
        "http://a%2eb/",
    ),
    *(
        "https://good.com\\@evil.com",
        "https://good.com\\.evil.com",
        " https://a.com",
        "https://a.com\n",
        "http://2130706433/",
    ),
    *(
        "http://127.1/",
        "http://0x7f.0.0.1/",
        "http://0177.0.0.1/",
        "http://münchen.de/",
        "http://a b/",
        "http://a:x@",
        "http://.../",
    ),
]


@pytest.mark.parametrize("url", HOSTS)
def test_host(url: str) -> None:
    assert evaluate("host(url)", {"url": url}) == HOSTS[url]


@pytest.mark.parametrize("url", NO_HOSTS)
def test_a_host_to_quarrel_about_is_an_error(url: str) -> None:
    with pytest.raises(EvaluationError, match="no absolute URL"):
        evaluate("host(url)", {"url": url})


@pytest.mark.parametrize(
    ("text", "pattern", "fits"),
    [
        ("support_triage", "support_*", True),
        ("supporttriage", "support_*", False),
        ("api.example.com", "*.example.com", True),
        ("example.com", "*.example.com", False),
        ("abc", "a?c", True),
        ("ac", "a?c", False),
        ("a*c", "a*c", True),
        ("", "*", True),
        ("", "", True),
        ("ABC", "abc", False),
        ("a/b.c", "a*c", True),
        ("mississippi", "m*iss*pi", True),
        ("[x]", "[x]", True),
    ],
)
def test_glob(text: str, pattern: str, fits: bool) -> None:
    assert evaluate("glob(text, pattern)", {"text": text, "pattern": pattern}) is fits


EXPENSIVE = [
    "xs.map(a, xs.map(b, xs.map(c, a)))",
    "xs.exists(a, xs.exists(b, xs.exists(c, false))) || true",
    "false || xs.all(a, xs.all(b, xs.all(c, true)))",
    "xs.exists(a, xs == ys && false)",
    "xs.exists(a, xs.exists(b, a + b in ys && false))",
    "long.replace('', long).size() > 0",
    "[long, long, long].join(long) == ''",
    "xs.map(x, long + long).size() > 0",
    "xs.exists(x, xs.exists(y, long.matches('^a*b')))",
    "glob(long, '*a*a*a*a*b')",
    "xs.exists(x, xs.exists(y, long == also))",
    "xs.exists(x, xs.exists(y, long > also))",
    "xs.exists(x, xs.exists(y, [long] == [also]))",
    "xs.exists(x, xs.exists(y, long in [also]))",
    f"xs.exists(x, xs.exists(y, {' + '.join(['x'] * 150)} < 0))",
]


@pytest.mark.parametrize("text", EXPENSIVE)
def test_nothing_runs_for_ever(text: str) -> None:
    scope = {"xs": list(range(1000)), "ys": [*range(999), -1], "long": "a" * 5_000_000, "also": "a" * 4_999_999 + "b"}
    with pytest.raises(EvaluationError) as caught:
        evaluate(text, scope)
    assert caught.value.code == "cost_exceeded"


def test_the_limit_is_per_evaluation_and_a_parameter() -> None:
    program = compile_expression(parse("xs.all(x, x > 0)"), max_steps=100)
    for _ in range(3):
        assert program({"xs": [1] * 90}) is True
    with pytest.raises(EvaluationError):
        program({"xs": [1] * 200})


def test_data_nested_without_end() -> None:
    one: list[object] = []
    one.append(one)
    other: list[object] = []
    other.append(other)
    with pytest.raises(EvaluationError) as caught:
        evaluate("one == other", {"one": one, "other": other})
    assert caught.value.code == "cost_exceeded"
