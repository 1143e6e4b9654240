"""Every code has a producer, a page and a fixture of one name, and none of the three stands alone."""

import ast
import re
from pathlib import Path

import pytest

from pointsman.language.checks import CHECKS
from pointsman.language.suppressions import FIRM

ROOT = Path(__file__).parents[2]
LANGUAGE = ROOT / "engine" / "pointsman" / "language"
PAGES = ROOT / "docs" / "reference" / "diagnostics"
FIXTURES = ROOT / "tests" / "data" / "diagnostics"

# Calls that make a finding, with the place of the code among their arguments. The parts of the parsers that make one
# from a code given to them are found by the codes they are given.
MAKERS = {"Diagnostic": 0, "report": 0, "Problem": 2, "_unknown": 0}
PARSER_CODE = re.compile(r"(?:yaml|expression)_[a-z_]+")


def produced() -> dict[str, set[str]]:
    """Codes and the functions that make them, as the text of the language has them."""
    found: dict[str, set[str]] = {}
    for path in LANGUAGE.rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                at = MAKERS.get(name)
                code = node.args[at] if at is not None and len(node.args) > at else None
                if isinstance(code, ast.Constant) and isinstance(code.value, str):
                    inside = {one.name for one in functions if one.lineno <= node.lineno <= (one.end_lineno or 0)}
                    found.setdefault(code.value, set()).update(inside)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and PARSER_CODE.fullmatch(node.value):
                found.setdefault(node.value, set())
    return found


CODES = sorted(produced())


def pages() -> set[str]:
    return {path.stem for path in PAGES.glob("*.md")} - {"index"}


def fixtures() -> set[str]:
    return {path.name.partition(".")[0] for path in FIXTURES.iterdir()}


def test_every_code_has_a_page_and_every_page_a_code() -> None:
    assert pages() == set(CODES)


def test_every_code_has_a_fixture_and_every_fixture_a_code() -> None:
    assert fixtures() == set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_a_code_is_made_by_a_function_of_its_name(code: str) -> None:
    """Those of the two parsers are made where the text is read; all others by one function each."""
    if not PARSER_CODE.fullmatch(code):
        functions = {
            node.name
            for path in LANGUAGE.rglob("*.py")
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.FunctionDef)
        }
        assert code in functions or code in ("duplicate_key", "unknown_alias")


def test_every_check_is_named_like_its_code() -> None:
    assert {check.__name__ for check in CHECKS} <= set(CODES)


def test_what_can_not_be_suppressed_exists() -> None:
    assert set(CODES) >= FIRM


@pytest.mark.parametrize("code", CODES)
def test_a_page_says_what_why_and_how(code: str) -> None:
    text = (PAGES / f"{code}.md").read_text("utf-8")
    assert text.startswith(f"# `{code}`\n")
    for heading in ("## Why", "## Wrong", "## Right"):
        assert heading in text, heading


def test_the_index_names_every_code_once() -> None:
    named = re.findall(r"\[`([a-z_]+)`\]\(([a-z_]+)\.md\)", (PAGES / "index.md").read_text("utf-8"))
    assert all(code == page for code, page in named)
    assert sorted(code for code, _ in named) == CODES
