"""Hot reload: the disk is watched, and what is saved becomes what is live. The way of a saved file ends here.

Belongs to one event loop. Reading is done on a thread, one batch of saved files after the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from pathlib import Path

from pointsman.folders import OURS
from pointsman.runtime.definitions import Definitions, pipelines_below

KNOW_AFTER_S = 1.0
"""After the first client has come, how long before pipelines nobody has asked for are learnt: it has been served."""
REST_S = 0.02
"""Between two of them: learning must not be felt by whoever types."""

Listen = Callable[[Path, Callable[[Collection[Path]], None]], Callable[[], None]]


class Reload:
    """Keeps the definitions of one workspace as they are on disk, from `start` to `close`."""

    def __init__(self, root: Path, definitions: Definitions, listen: Listen) -> None:
        self._root = root
        self._definitions = definitions
        self._listen = listen
        self._saved: dict[Path, None] = {}
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
        self._saved.update((path, None) for path in paths if OURS not in path.parts)
        if self._saved:
            self._news.set()

    async def _take_up(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            saved, self._saved = list(self._saved), {}
            changes = await asyncio.to_thread(self._definitions.saved, saved)
            self._definitions.tell(changes)

    async def _know(self) -> None:
        """Learn what there is, so that there is a last good version of it when somebody breaks it."""
        await asyncio.sleep(KNOW_AFTER_S)
        paths = await asyncio.to_thread(lambda: list(pipelines_below(self._root)))
        for path in paths:
            await asyncio.to_thread(self._definitions.know, path)
            await asyncio.sleep(REST_S)
