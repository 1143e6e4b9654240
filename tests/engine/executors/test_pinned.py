"""Modules as they were pinned: whatever becomes of their files, and whatever Python has cached of them."""

import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from engine.executors.ports import Recorder, pythons, spec, workers

FILES = {
    "agents/late.py": "from agents.kept import WHO\nfrom agents.deep.down import DOWN\nimport top\n\n\n"
    "def run():\n    return [WHO, DOWN, top.TOP]\n",
    "agents/kept.py": "WHO = 'old'\n",
    "agents/deep/__init__.py": "",
    "agents/deep/down.py": "from . import other\nDOWN = other.N\n",
    "agents/deep/other.py": "N = 1\n",
    "top.py": "TOP = 'top'\n",
    "json.py": "def run():\n    return 'ours'\n",
}
SAID = ["old", 1, "top"]
CACHES = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": ""}
"""Whatever this process was started with, its workers keep what they have compiled."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return tmp_path / "project"


async def said(folder: Path, target: str = "agents.late:run", roots: tuple[str, ...] = (".",), **options: Any) -> Any:
    pinned = {folder / name: text.encode() for name, text in FILES.items()}
    at = [Path(os.path.normpath(folder / root)) for root in roots]
    async with workers(roots=at, cwd=folder.parent, pinned=pinned, size=1, env=CACHES, **options) as pool:
        outcome = await pool.run_python(target, spec(), Recorder())
    return outcome.error or outcome.value


def moved_module(folder: Path) -> None:
    (folder / "agents" / "kept.py").rename(folder / "agents" / "moved.py")


def into_a_package(folder: Path) -> None:
    (folder / "agents" / "kept.py").unlink()
    added_package(folder)


def added_package(folder: Path) -> None:
    (folder / "agents" / "kept").mkdir()
    (folder / "agents" / "kept" / "__init__.py").write_text("WHO = 'new'\n", "utf-8")


def moved_package(folder: Path) -> None:
    (folder / "agents" / "deep").rename(folder / "elsewhere")


def moved_namespace(folder: Path) -> None:
    (folder / "agents").rename(folder / "workers")


def everything(folder: Path) -> None:
    shutil.rmtree(folder)


CHANGES = [moved_module, into_a_package, added_package, moved_package, moved_namespace, everything]


@pytest.mark.parametrize("change", CHANGES)
async def test_what_is_moved_away_is_imported_as_it_was(change: Any, folder: Path) -> None:
    change(folder)
    assert await said(folder) == SAID


@pytest.mark.parametrize("python", pythons(), ids=lambda path: Path(path).parts[-3])
async def test_every_python_finds_what_is_gone(python: str, folder: Path) -> None:
    shutil.rmtree(folder)
    assert await said(folder, interpreter=python) == SAID


async def test_a_namespace_of_two_roots_keeps_the_part_that_is_gone(folder: Path) -> None:
    (folder / "more" / "agents").mkdir(parents=True)
    (folder / "more" / "agents" / "kept.py").write_text("WHO = 'another'\n", "utf-8")
    assert await said(folder, roots=(".", "more")) == SAID
    (folder / "agents").rename(folder / "workers")
    assert await said(folder, roots=(".", "more")) == SAID


async def test_a_file_that_comes_first_in_the_path_is_python_s_to_find(folder: Path) -> None:
    (folder / "more").mkdir()
    (folder / "more" / "top.py").write_text("TOP = 'first'\n", "utf-8")
    assert await said(folder, roots=("more", ".")) == ["old", 1, "first"]
    (folder / "top.py").unlink()
    assert await said(folder, roots=("more", ".")) == ["old", 1, "first"]


async def test_an_agent_with_the_name_of_a_library_module_may_go_too(folder: Path) -> None:
    assert await said(folder, "json:run") == "ours"
    (folder / "json.py").unlink()
    assert await said(folder, "json:run") == "ours"


@pytest.mark.parametrize("python", pythons(), ids=lambda path: Path(path).parts[-3])
async def test_a_cache_of_the_save_before_is_not_believed(python: str, folder: Path) -> None:
    """Two saves of one size within a second: Python's cache of the first passes for the second's."""
    kept = folder / "agents" / "kept.py"
    second = time.time_ns() // 10**9 - 10
    kept.write_text("WHO = 'one'\n", "utf-8")
    os.utime(kept, ns=(0, second * 10**9 + 1))
    assert await said(folder, interpreter=python) == SAID  # it is not the pinned text, and nothing is cached of it
    async with workers(python, roots=[folder], cwd=folder, size=1, env=CACHES) as pool:
        assert (await pool.run_python("agents.late:run", spec(), Recorder())).value[0] == "one"
    (cached,) = (folder / "agents" / "__pycache__").glob("kept.*.pyc")
    os.utime(cached, ns=(0, second * 10**9 + 2))
    kept.write_text(FILES["agents/kept.py"], "utf-8")
    os.utime(kept, ns=(0, second * 10**9 + 3))
    assert await said(folder, interpreter=python) == SAID
    first = cached.stat().st_ino, cached.stat().st_mtime_ns
    assert first[1] > kept.stat().st_mtime_ns  # a new one was made, and is good for the next worker
    assert await said(folder, interpreter=python) == SAID
    assert (cached.stat().st_ino, cached.stat().st_mtime_ns) == first
