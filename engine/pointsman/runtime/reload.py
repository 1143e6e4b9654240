"""Hot reload: the disk is watched, and what is saved becomes what is live. The way of a saved file ends here.

Belongs to one event loop. Reading is done on a thread, one batch of saved files after the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from functools import partial
from pathlib import Path
from typing import TypeVar

from pointsman.folders import OURS
from pointsman.runtime.definitions import DefinitionChange, Definitions
from pointsman.runtime.watch import Note, untold
from pointsman.runtime.workspace import pipelines_below

KNOW_AFTER_S = 1.0
"""After the first client has come, how long before pipelines nobody has asked for are learnt: it has been served."""
REST_S = 0.02
"""Between two of them: learning must not be felt by whoever types."""

NAMED = 3
"""Files that are named where many can not be taken up."""

Found = TypeVar("Found")
Listen = Callable[[Path, Callable[[Collection[Path]], None]], Callable[[], None]]


class Reload:
    """Keeps the definitions of one workspace as they are on disk, from `start` to `close`."""

    def __init__(self, root: Path, definitions: Definitions, listen: Listen, note: Note = untold) -> None:
        """`note` is told what goes wrong here: nothing that does keeps the next saved file from being taken up."""
        self._root = root
        self._definitions = definitions
        self._listen = listen
        self._note = note
        self._saved: dict[Path, None] = {}
        self._all = False
        self._news = asyncio.Event()
        self._leave: Callable[[], None] | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin, unless it has begun."""
        if self._leave is None:
            self._leave = self._listen(self._root, self._changed)
            loop = asyncio.get_running_loop()
            self._tasks = [loop.create_task(self._take_up()), loop.create_task(self._know())]

    async def close(self) -> None:
        """Watch no more."""
        if self._leave is not None:
            self._leave()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _changed(self, paths: Collection[Path]) -> None:
        # The folder itself: a watch has begun, or begun anew, and nobody knows what it has missed.
        self._all = self._all or self._root in paths
        self._saved.update((path, None) for path in paths if path != self._root and OURS not in path.parts)
        if self._saved or self._all:
            self._news.set()

    async def _take_up(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            saved, self._saved = set(self._saved), {}
            everything, self._all = self._all, False
            if everything:
                saved |= await self._tried("what is known", self._definitions.known_files) or set()
            if await self._taken(saved) is None:  # one file may not keep the others from being taken up
                for path in saved if len(saved) > 1 else ():
                    await self._taken([path])

    async def _taken(self, saved: Collection[Path]) -> list[DefinitionChange] | None:
        """What saved files have come to, told; None where reading them has failed."""
        named = ", ".join(sorted(map(str, saved))[:NAMED])
        changes = await self._tried(named, lambda: self._definitions.saved(saved))
        self._tell(changes or ())
        return changes

    def _tell(self, changes: Iterable[DefinitionChange]) -> None:
        for change in changes:
            try:
                self._definitions.tell([change])
            except Exception as error:
                self._note(f"{change.path} could not be told of: {type(error).__name__}: {error}")

    async def _know(self) -> None:
        """Learn what there is, so that there is a last good version of it when somebody breaks it."""
        await asyncio.sleep(KNOW_AFTER_S)
        paths: list[Path] = []
        await self._tried(f"{self._root}", lambda: paths.extend(pipelines_below(self._root)))
        for path in paths:
            self._tell(await self._tried(f"{path}", partial(self._definitions.know, path)) or ())
            await asyncio.sleep(REST_S)

    async def _tried(self, what: str, reading: Callable[[], Found]) -> Found | None:
        """Something that reads, on a thread; where it fails the log has a line, and it goes on."""
        try:
            return await asyncio.to_thread(reading)
        except Exception as error:
            self._note(f"{what} can not be taken up: {type(error).__name__}: {error}")
            return None
