"""The disk, watched: every kind of change is one word about a path."""

import asyncio
import os
from collections.abc import Collection
from pathlib import Path

from pointsman.runtime.watch import Watch

DEADLINE_S = 20


async def test_a_change_is_told_however_it_is_made(tmp_path: Path) -> None:
    (tmp_path / "pointsman.toml").touch()
    (tmp_path / "deep").mkdir()
    seen: set[Path] = set()
    told = asyncio.Event()

    def changed(paths: Collection[Path]) -> None:
        seen.update(paths)
        told.set()

    async def until(*paths: Path) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while not seen.issuperset(paths):
                told.clear()
                await told.wait()
        seen.clear()

    watch = Watch(tmp_path)
    leave = watch.listen(changed)
    # The watch begins a moment later; a file that is written again and again is seen as soon as it does.
    first = tmp_path / "a.pipeline.yaml"
    async with asyncio.timeout(DEADLINE_S):
        while first not in seen:
            first.write_text("x", "utf-8")
            await asyncio.sleep(0.02)
    seen.clear()
    other = tmp_path / "deep" / "b.py"
    other.write_text("x", "utf-8")
    await until(other)
    (tmp_path / "new").write_text("y", "utf-8")
    os.replace(tmp_path / "new", first)  # as editors save
    await until(first)
    other.unlink()
    await until(other)
    leave()
    other.write_text("x", "utf-8")
    await watch.close()
    assert not watch.problem


async def test_a_folder_that_is_gone_is_a_problem_and_no_crash(tmp_path: Path) -> None:
    watch = Watch(tmp_path / "gone")
    watch.listen(lambda paths: None)
    async with asyncio.timeout(DEADLINE_S):
        while not watch.problem:
            await asyncio.sleep(0.01)
    await watch.close()


async def test_nobody_listens_nothing_is_watched(tmp_path: Path) -> None:
    await Watch(tmp_path).close()
