"""A run imports the code it was started with: files may be moved away, and saves be mixed up by Python's cache."""

import os
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pointsman.kernel.state import State
from pointsman.runtime.definitions import Definitions
from pointsman.runtime.desk import Desk
from pointsman.runtime.registry import Registry
from pointsman.runtime.sessions import Options

PIPELINE = """\
pipeline: late
language: 1
agents:
  wait: {command: [sh, -c, "until [ -e go ]; do sleep 0.02; done"]}
  late: {python: "agents.late:run"}
stages:
  first: {agent: wait}
  second: {agent: late}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pointsman.toml").write_text(f'python = "{sys.executable}"\n', "utf-8")
    (tmp_path / "late.pipeline.yaml").write_text(PIPELINE, "utf-8")
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "late.py").write_text(
        "from agents.kept import WHO\n\n\ndef run():\n    return WHO\n", "utf-8"
    )
    (tmp_path / "agents" / "kept.py").write_text("WHO = 'old'\n", "utf-8")
    return tmp_path


@pytest.fixture
async def runs() -> AsyncIterator[Registry]:
    registry = Registry()
    yield registry
    await registry.close()


async def begun(runs: Registry, folder: Path) -> str:
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": ""}  # workers keep what they compile
    options = Options(cwd=folder, env=env)
    started = await Desk(runs, Definitions()).start(folder / "late.pipeline.yaml", None, {}, options)
    return started.run


async def ended(runs: Registry, folder: Path, run: str) -> State:
    (folder / "go").touch()
    return await runs.live[run].task


@pytest.mark.parametrize("what", ["agents/late.py", "agents/kept.py", "agents"])
async def test_a_module_that_is_moved_away_while_the_run_goes_on(what: str, folder: Path, runs: Registry) -> None:
    run = await begun(runs, folder)
    (folder / what).rename(folder / "moved")
    state = await ended(runs, folder, run)
    assert (state.outcome, state.error) == ("completed", None)
    assert state.branches["main"].outputs["second"] == "old"


async def test_two_saves_of_one_size_within_a_second(folder: Path, runs: Registry) -> None:
    kept = folder / "agents" / "kept.py"
    second = (time.time_ns() // 10**9 - 10) * 10**9
    os.utime(kept, ns=(second, second + 1))
    state = await ended(runs, folder, await begun(runs, folder))
    assert state.branches["main"].outputs["second"] == "old"
    (cached,) = kept.parent.glob("__pycache__/kept.*.pyc")
    os.utime(cached, ns=(second, second + 2))
    kept.write_text("WHO = 'new'\n", "utf-8")
    os.utime(kept, ns=(second, second + 3))
    state = await ended(runs, folder, await begun(runs, folder))
    assert state.branches["main"].outputs["second"] == "new"
