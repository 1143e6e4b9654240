"""The laws of the house, as tests: sizes, docstrings, layers broken on purpose, one version, no I/O in pure rooms."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

import pointsman

ROOT = Path(__file__).parents[2]
PACKAGES = [
    ROOT / "engine" / "pointsman",
    ROOT / "lsp" / "pointsman_lsp",
    ROOT / "dap" / "pointsman_dap",
    ROOT / "server" / "pointsman_server",
]
MODULES = sorted(path for package in PACKAGES for path in package.rglob("*.py"))
PURE = ["language", "kernel", "policy", "security"]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_says_what_it_is_for_and_is_no_longer_than_500_lines(path: Path) -> None:
    text = path.read_text("utf-8")
    assert ast.get_docstring(ast.parse(text)), "a module opens with one sentence saying what it is for"
    assert len(text.splitlines()) <= 500


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_an_exception_to_a_rule_says_why(path: Path) -> None:
    for line in path.read_text("utf-8").splitlines():
        found = re.search(r"# (type: ignore\[[\w, -]+\]|type: ignore|noqa)(.*)", line)
        if found:
            assert re.search(r"#\s*\w", found[2]) or "noqa:" in line, f"why? {line.strip()}"


def test_pure_rooms_open_nothing() -> None:
    """Imports are held by the contracts; builtins are not imports."""
    for room in PURE:
        for path in (ROOT / "engine" / "pointsman" / room).rglob("*.py"):
            calls = [node.func for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
            used = {call.id for call in calls if isinstance(call, ast.Name)}
            assert not used & {"open", "print", "input", "exec", "eval", "hash"}, path


def test_the_engine_knows_no_surface() -> None:
    for path in (ROOT / "engine").rglob("*.py"):
        assert not re.search(r"pointsman_(server|lsp|dap)", path.read_text("utf-8")), path


def test_stdout_is_written_by_the_command_line_alone() -> None:
    for path in MODULES:
        # The shim owns a worker's own output; `python -m pointsman_lsp` is nothing but a wire on standard output.
        if "pointsman_server" not in path.parts and path.name not in ("shim.py", "__main__.py"):
            assert "sys.stdout" not in path.read_text("utf-8"), path


BREACHES = {
    "the kernel asks the time": ("engine/pointsman/kernel/machine.py", "import time"),
    "the kernel imports the runtime": ("engine/pointsman/kernel/state.py", "import pointsman.runtime.clock"),
    "the language does I/O": ("engine/pointsman/language/source.py", "import os"),
    "a policy reads a file": ("engine/pointsman/policy/evaluate.py", "import pathlib"),
    "replay imports an executor": ("engine/pointsman/journal/replay.py", "import pointsman.executors"),
    "the engine imports the server": ("engine/pointsman/runtime/catalog.py", "import pointsman_server.cli"),
    "the debug adapter imports the language server": ("dap/pointsman_dap/server.py", "import pointsman_lsp.server"),
    "the debugger imports the runtime": ("engine/pointsman/debugger/stepping.py", "import pointsman.runtime.clock"),
    "a new package outside the layers": ("engine/pointsman/attic/__init__.py", '"""New."""'),
}


@pytest.mark.parametrize("breach", BREACHES)
def test_each_layer_contract_bites(breach: str, tmp_path: Path) -> None:
    file, line = BREACHES[breach]
    for folder in ("engine", "lsp", "dap", "server"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    target = tmp_path / file
    target.parent.mkdir(exist_ok=True)
    target.write_text((target.read_text("utf-8") if target.exists() else "") + f"\n{line}\n", "utf-8")
    code = (
        "import sys; sys.path[:0] = ['engine', 'lsp', 'dap', 'server']; from importlinter.cli import lint_imports; "
        "sys.exit(lint_imports(cache_dir=None))"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "BROKEN" in ran.stdout or "not listed" in ran.stdout or "attic" in ran.stdout


def test_one_version() -> None:
    assert "version" not in tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert version("pointsman") == pointsman.__version__
    assert re.search(rf"^## {re.escape(pointsman.__version__)}", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)


def test_no_test_is_skipped() -> None:
    for path in (ROOT / "tests").rglob("test_*.py"):
        text = path.read_text("utf-8")
        assert "pytest." + "skip" not in text, path
        assert "mark." + "skip" not in text, path
        assert "x" + "fail" not in text, path


def test_links_of_the_docs_lead_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    for page in pages:
        for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
            if "://" not in link and not link.startswith("mailto:"):
                assert (page.parent / link).exists(), f"{page.relative_to(ROOT)} links to {link}"
