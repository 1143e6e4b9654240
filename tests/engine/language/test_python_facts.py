"""What is read from Python without running it, and what is left open."""

import pytest

from pointsman.language.python_facts import Function, Module, Parameter, read_module


def module(text: str) -> Module:
    found = read_module(text.encode())
    assert found is not None
    return found


def function(text: str, name: str = "f") -> Function:
    found = module(text).names[name]
    assert found is not None
    return found


def test_parameters_of_every_kind() -> None:
    found = function('def f(a, /, b: int, c="x", *rest, d, e: str = "y", **more) -> dict[str, int]:\n    "Does it."\n')
    assert found.parameters == (
        Parameter("a", "positional", True),
        Parameter("b", "any", True, annotation="int"),
        Parameter("c", "any", False, "'x'"),
        Parameter("rest", "rest", False),
        Parameter("d", "keyword", True),
        Parameter("e", "keyword", False, "'y'", "str"),
        Parameter("more", "keywords", False),
    )
    assert (found.returns, found.doc, found.line, found.is_async) == ("dict[str, int]", "Does it.", 1, False)


def test_async_functions() -> None:
    assert function("async def f(ctx): ...").is_async


@pytest.mark.parametrize(
    "text",
    [
        "from other import f",
        "import f",
        "f = make()",
        "class f: ...",
        "@wrapped\ndef f(a): ...",
        "def f(a): ...\ndef f(b): ...",
        "try:\n    def f(a): ...\nexcept ImportError:\n    f = None\n",
        "def f(a): ...\nf = wrapped(f)",
        "if x:\n    def f(a): ...\nelse:\n    def f(b): ...\n",
        "with x as f: ...",
        "for f in x: ...",
        "(f := 1)",
        "f: int = 1",
        "a, (b, *f) = x",
        "if (f := 1): ...",
        "match x:\n    case 1:\n        f = 2\n",
    ],
)
def test_a_name_whose_parameters_are_not_certain_exists_without_them(text: str) -> None:
    found = module(text)
    assert found.names["f"] is None
    assert not found.open


@pytest.mark.parametrize(
    "text",
    [
        "from other import *",
        "def __getattr__(name): ...",
        "globals()['f'] = 1",
        "exec('f = 1')",
        "import sys\nsetattr(sys.modules[__name__], 'f', 1)",
    ],
)
def test_a_module_that_may_have_more_names_is_open(text: str) -> None:
    assert module(text).open


def test_names_inside_of_functions_and_classes_are_not_the_modules() -> None:
    assert set(module("def f():\n    x = 1\nclass C:\n    def g(self): ...\n").names) == {"f", "C"}


@pytest.mark.parametrize("data", [b"def f(:", b"\xff\xfe", b"a\0b", b"# coding: nonsense\n", b"(" * 5000])
def test_what_python_can_not_read_has_no_facts(data: bytes) -> None:
    assert read_module(data) is None
