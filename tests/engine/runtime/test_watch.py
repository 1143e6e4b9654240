"""The disk, watched: every kind of change is one word about a path."""

import asyncio
import os
from collections.abc import Callable, Collection
from pathlib import Path

import pytest

from pointsman.runtime.watch import MOST, Watch, Watches

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
            await asyncio.sleep(0.02)  # when the kernel begins to watch, and that it does not, is told to nobody
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
            await asyncio.sleep(0.01)  # a word that is set, and no event
    await watch.close()


async def test_nobody_listens_nothing_is_watched(tmp_path: Path) -> None:
    await Watch(tmp_path).close()


async def told_of(watch: Watches, root: Path, path: Path) -> Callable[[], None]:
    """Listen to a folder until it tells of a file that is written again and again; returns what ends the listening."""
    seen: set[Path] = set()
    leave = watch.listen(root, seen.update)
    async with asyncio.timeout(DEADLINE_S):
        while path not in seen:
            path.write_text("x", "utf-8")
            await asyncio.sleep(0.02)  # when the kernel begins to watch, and that it does not, is told to nobody
    return leave


async def test_each_folder_is_watched_once_and_until_the_last_listener_leaves(tmp_path: Path) -> None:
    watches, one, two = Watches(), tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    leaves = [await told_of(watches, root, root / "file") for root in (one, two, two)]
    assert watches.roots == (one, two)
    leaves[1]()
    assert watches.roots == (one, two)
    leaves[2]()
    assert list(watches.roots) == [one]
    again = await told_of(watches, two, two / "file")
    again()
    await watches.close()
    crowd = Watches()
    for number in range(MOST + 2):
        crowd.listen(tmp_path / str(number), lambda paths: None)
    assert len(crowd.roots) == MOST
    await crowd.close()


@pytest.mark.parametrize("mark", [".pointsman", None])
async def test_below_a_folder_that_is_no_project_nothing_is_watched_until_it_is_one(
    tmp_path: Path, mark: str | None
) -> None:
    if mark:
        (tmp_path / mark).mkdir()
    deep = tmp_path / "deep"
    deep.mkdir()
    watches, seen = Watches(), set[Path]()
    watches.listen(tmp_path, seen.update)
    await told_of(watches, tmp_path, tmp_path / "direct")
    (deep / "unseen").write_text("x", "utf-8")
    await told_of(watches, tmp_path, tmp_path / "later")
    assert deep / "unseen" not in seen
    (tmp_path / "pointsman.toml").touch()
    await told_of(watches, tmp_path, deep / "seen")
    await watches.close()
