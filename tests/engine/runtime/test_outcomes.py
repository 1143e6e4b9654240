"""Last outcomes: of live runs, of those in the journal, redacted, and read once."""

import asyncio
import sys
from pathlib import Path

import pytest

from pointsman.runtime import catalog, outcomes
from pointsman.runtime.outcomes import Outcomes
from pointsman.runtime.registry import Registry
from pointsman.runtime.sessions import Options

TEXT = """
pipeline: p
language: 1
agents:
  wait: {command: [sh, -c, "until [ -e go ]; do sleep 0.02; done; echo sk-secret7"]}
  sure: {command: [sh, -c, "[ -e fine ]"]}
stages:
  first: {agent: wait}
  second:
    agent: sure
    routes: [{when: result == "", to: end, label: "fine sk-secret7"}]
"""


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    (tmp_path / "pointsman.toml").write_text(f'python = "{sys.executable}"\nredact = [{{pattern = "sk-[a-z0-9]+"}}]\n')
    path = tmp_path / "a.pipeline.yaml"
    path.write_text(TEXT, "utf-8")
    return path


async def test_live_then_past(pipeline: Path, tmp_path: Path) -> None:
    runs = Registry()
    known = Outcomes(runs)
    assert known.of(pipeline, "p", "first") is None
    await known.freshen(pipeline)
    assert known.of(pipeline, "p", "first") is None
    live = runs.start(catalog.load(pipeline), {}, Options(cwd=tmp_path))
    moved = asyncio.Event()
    live.session.watch(lambda records, state: moved.set())
    async with asyncio.timeout(20):
        while known.of(pipeline, "p", "first") is None:
            moved.clear()
            await moved.wait()
    first = known.of(pipeline, "p", "first")
    assert first is not None
    assert (first.run, first.live, first.status, first.visits) == (live.run_id, True, "running", 1)
    assert known.of(pipeline, "other", "first") is None
    assert known.of(pipeline.with_name("b.pipeline.yaml"), "p", "first") is None
    (tmp_path / "go").touch()
    state = await live.task
    assert state.outcome == "failed"
    assert known.of(pipeline, "p", "first") is None  # it is live no more, and nobody has read the journal
    await known.freshen(pipeline)
    found = {name: known.of(pipeline, "p", name) for name in ("first", "second", "third")}
    assert [(one.live, one.status) if one else None for one in found.values()] == [
        (False, "done"),
        (False, "failed"),
        None,
    ]
    (tmp_path / "fine").touch()
    again = await runs.start(catalog.load(pipeline), {}, Options(cwd=tmp_path)).task
    assert again.outcome == "completed"
    await known.freshen(pipeline)
    second = known.of(pipeline, "p", "second")
    assert second is not None
    assert (second.run, second.status) == (again.run_id, "done")
    assert second.note.startswith("→ fine ")
    assert "secret7" not in second.note
    await runs.close()


async def test_what_has_not_moved_is_not_read_again(
    pipeline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "go").touch()
    runs = Registry()
    for _ in range(2):
        await runs.start(catalog.load(pipeline), {}, Options(cwd=tmp_path)).task
    read: list[str] = []
    real = outcomes._outcomes

    def counted(*args: object) -> object:
        read.append(args[2].id)  # type: ignore[attr-defined]  # the third is a run's row
        return real(*args)  # type: ignore[arg-type]  # handed through

    monkeypatch.setattr(outcomes, "_outcomes", counted)
    known = Outcomes(runs)
    await known.freshen(pipeline)
    await known.freshen(pipeline)
    assert len(read) == 2
    await runs.start(catalog.load(pipeline), {}, Options(cwd=tmp_path)).task
    await known.freshen(pipeline)
    assert len(read) == 3
    await runs.close()
