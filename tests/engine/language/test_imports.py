"""What a module's text imports, and the files behind that."""

import pytest

from pointsman.language.imports import closure, imported


@pytest.mark.parametrize(
    ("text", "module", "package", "expected"),
    [
        ("import a.b, c as d", "m", False, {"a.b", "c"}),
        ("from a.b import c, d as e", "m", False, {"a.b", "a.b.c", "a.b.d"}),
        ("from a import (\n    b,  # why :)\n    c,\n)", "m", False, {"a", "a.b", "a.c"}),
        ("from a import b, \\\n    c", "m", False, {"a", "a.b", "a.c"}),
        ("from a import \\\r\n    c", "m", False, {"a", "a.c"}),
        ("try: import a\nexcept ImportError: from b import c", "m", False, {"a", "b", "b.c"}),
        ("if x: import a\nelse: from . import z", "p.m", False, {"a", "p", "p.z"}),
        ("from.x import y", "p.m", False, {"p.x", "p.x.y"}),
        ("from . import x", "p.m", False, {"p", "p.x"}),
        ("from .. import x", "p.q.m", False, {"p", "p.x"}),
        ("from .q import x", "p", True, {"p.q", "p.q.x"}),
        ("  import a", "m", False, {"a"}),
        ("# import a\nx = 1", "m", False, set()),
        ("import a; import b", "m", False, {"a", "b"}),
        ("from ... import x", "m", False, set()),
    ],
)
def test_imported(text: str, module: str, package: bool, expected: set[str]) -> None:
    assert imported(text.encode(), module, package) == expected


FILES = {
    "agents/__init__.py": b"",
    "agents/a.py": b"from . import b\nimport json\nfrom lib.deep import thing",
    "agents/b.py": b"import agents.a",
    "agents/other.py": b"",
    "../lib/deep.py": b"import os.path",
    "lonely.py": b"",
}


def test_closure_follows_the_project_and_nothing_else() -> None:
    found = closure(["agents.a"], ("", ".."), FILES.get)
    assert sorted(found) == ["../lib/deep.py", "agents/__init__.py", "agents/a.py", "agents/b.py"]
    assert found["agents/a.py"] == FILES["agents/a.py"]


def test_closure_of_what_is_not_there() -> None:
    assert closure(["requests", "agents.nothing"], ("",), FILES.get) == {"agents/__init__.py": b""}


def test_closure_ends_somewhere() -> None:
    endless = {f"m{number}.py": f"import m{number + 1}".encode() for number in range(1000)}
    assert len(closure(["m0"], ("",), endless.get, most=50)) == 50
