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


async def test_a_name_that_is_no_text_ends_no_watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pointsman.runtime.watch.PAUSE_S", 0.05)
    lines: list[str] = []
    watches, seen = Watches(lines.append), list[Path]()
    leave = watches.listen(tmp_path, seen.extend)
    stop = await told_of(watches, tmp_path, tmp_path / "before")
    bad = os.fsencode(tmp_path) + b"/b\xff.pipeline.yaml"
    try:
        with open(bad, "w"):
            pass
    except OSError:  # a file system whose names are text
        return
    async with asyncio.timeout(DEADLINE_S):
        while not lines:
            await asyncio.sleep(0.01)  # a line that is written, and no event
    os.unlink(bad)
    seen.clear()
    later = await told_of(watches, tmp_path, tmp_path / "after")
    async with asyncio.timeout(DEADLINE_S):
        while tmp_path not in seen:  # what has changed meanwhile is to be looked for
            await asyncio.sleep(0.01)  # the watch begins anew by itself, and only tells of what it sees
    assert "is not watched for now" in lines[0]
    assert "b\\xFF.pipeline.yaml" in lines[0]
    assert lines[-1] == f"{tmp_path} is watched again"
    for end in (leave, stop, later):
        end()
    await watches.close()


async def test_a_watch_comes_back_with_its_folder_and_pauses_ever_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pointsman.runtime.watch.PAUSE_S", 0.001)
    root, lines, told = tmp_path / "later", list[str](), asyncio.Event()
    watch = Watch(root, lines.append)
    watch.listen(lambda paths: told.set() if root in paths else None)
    async with asyncio.timeout(DEADLINE_S):
        while watch.pause_s < 0.1:
            await asyncio.sleep(0.01)  # it grows with each time that it fails
    assert watch.problem == f"NotADirectoryError: {root} is no folder"
    assert len(lines) == 1
    root.mkdir()
    async with asyncio.timeout(DEADLINE_S):
        await told.wait()
    assert not watch.problem
    assert lines[1:] == [f"{root} is watched again"]
    await watch.close()


async def test_a_listener_that_fails_keeps_nothing_from_the_others(tmp_path: Path) -> None:
    lines: list[str] = []
    watches = Watches(lines.append)

    def fails(paths: Collection[Path]) -> None:
        raise ValueError("no")

    leave = watches.listen(tmp_path, fails)
    (await told_of(watches, tmp_path, tmp_path / "file"))()
    leave()
    await watches.close()
    assert lines[0] == f"what has changed in {tmp_path} could not be passed on: ValueError: no"
