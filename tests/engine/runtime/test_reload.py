"""Hot reload: what fails in it is a line in the log, and the next saved file is taken up all the same."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from pointsman.runtime.definitions import DefinitionChange, Definitions
from pointsman.runtime.reload import Reload

DEADLINE_S = 20
GOOD = "pipeline: {name}\nlanguage: 1\nagents: {{a: {{scripted: [1]}}}}\nstages: {{one: {{agent: a, next: end}}}}\n"

Changed = Callable[[Collection[Path]], None]


class Stumbling(Definitions):
    """Real definitions that stumble over some names, as over a fault of ours."""

    def know(self, path: Path) -> list[DefinitionChange]:
        self._check([path])
        return super().know(path)

    def saved(self, paths: Iterable[Path]) -> list[DefinitionChange]:
        paths = list(paths)
        self._check(paths)
        return super().saved(paths)

    def _check(self, paths: Iterable[Path]) -> None:
        if any("stumbles" in path.name for path in paths):
            raise ValueError("stumbled")


class Desk:
    """One workspace that is kept; what is told, by whoever watches the disk and to whoever watches definitions."""

    def __init__(self, root: Path, definitions: Definitions) -> None:
        self.root, self.definitions = root, definitions
        self.lines: list[str] = []
        self.told: list[DefinitionChange] = []
        self.changed: Changed
        definitions.watch(self.told.append)

    def listen(self, root: Path, changed: Changed) -> Callable[[], None]:
        self.changed = changed
        return lambda: None

    def write(self, name: str, text: str = GOOD) -> Path:
        path = self.root / f"{name}.pipeline.yaml"
        path.write_text(text.format(name=name), "utf-8")
        return path

    async def until(self, holds: Callable[[], object]) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while not holds():
                await asyncio.sleep(0.01)  # what is looked at tells nobody

    def is_told(self, path: Path) -> bool:
        return path in [change.path for change in self.told]


@asynccontextmanager
async def kept(root: Path, definitions: Definitions) -> AsyncIterator[Desk]:
    (root / "pointsman.toml").touch()
    desk = Desk(root, definitions)
    reload = Reload(root, definitions, desk.listen, desk.lines.append)
    reload.start()
    try:
        yield desk
    finally:
        await reload.close()


async def test_a_fault_over_one_file_keeps_no_other_from_being_taken_up(tmp_path: Path) -> None:
    async with kept(tmp_path, Stumbling()) as desk:
        one, bad = desk.write("one"), desk.write("stumbles")
        desk.changed([bad, one])
        await desk.until(lambda: desk.is_told(one))
        await desk.until(lambda: len(desk.lines) == 2)
        assert desk.lines[-1] == f"{bad} can not be taken up: ValueError: stumbled"
        two = desk.write("two")
        desk.changed([two])
        await desk.until(lambda: desk.is_told(two))


async def test_a_fault_over_one_file_keeps_no_other_from_being_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pointsman.runtime.reload.KNOW_AFTER_S", 0.01)
    definitions = Stumbling()
    async with kept(tmp_path, definitions) as desk:
        files = [desk.write(name) for name in ("a", "stumbles", "z")]
        await desk.until(lambda: {files[0], files[2]} <= definitions.known_files())
        assert desk.lines == [f"{files[1]} can not be taken up: ValueError: stumbled"]


async def test_who_can_not_be_told_keeps_nobody_from_being_told(tmp_path: Path) -> None:
    async with kept(tmp_path, Definitions()) as desk:

        def fails(change: DefinitionChange) -> None:
            raise ValueError("gone")

        desk.definitions.watch(fails)
        for name in ("one", "two"):
            path = desk.write(name)
            desk.changed([path])
            await desk.until(partial(desk.is_told, path))
        await desk.until(lambda: len(desk.lines) == 2)
        assert "one.pipeline.yaml could not be told of: ValueError: gone" in desk.lines[0]


async def test_when_the_watch_begins_anew_all_that_is_known_is_looked_at(tmp_path: Path) -> None:
    async with kept(tmp_path, Definitions()) as desk:
        path = desk.write("one")
        desk.definitions.know(path)
        desk.told.clear()
        desk.write("one", GOOD.replace("agent: a", "agent: b"))
        desk.changed([tmp_path])
        await desk.until(lambda: [change.state for change in desk.told if change.path == path] == ["broken"])
        assert not desk.lines
