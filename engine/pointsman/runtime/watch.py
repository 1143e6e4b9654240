"""The disk under a workspace, watched while anybody listens: for notices alone, whoever needs a text reads it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from importlib import import_module
from pathlib import Path

from pointsman.folders import MARKS

Changed = Callable[[Collection[Path]], None]

GATHER_MS = 30
"""How long changes are gathered after the first one: a save of many files is one notice."""


class Watch:
    """Tells of paths that have changed: made, written, moved or gone, in one word. Belongs to one event loop."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._listeners: list[Changed] = []
        self._task: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()
        self.problem = ""
        """Why the disk is not watched, empty while all is well."""

    def listen(self, changed: Changed) -> Callable[[], None]:
        """Be told from now on; returns what ends that."""
        self._listeners.append(changed)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._watch())
        return lambda: self._listeners.remove(changed)

    async def close(self) -> None:
        """Watch no more."""
        self._stop.set()
        if self._task is not None:
            await self._task

    async def _watch(self) -> None:
        # Imported late and on a thread: it takes longer than answering an editor's first question.
        awatch = (await asyncio.to_thread(import_module, "watchfiles")).awatch
        # A folder without a mark may be anything, also a home folder: what lies below it is not ours to watch.
        deep = any((self._root / mark).exists() for mark in MARKS)
        if not self._root.is_dir():
            self.problem = f"{self._root} is no folder"
            return
        try:
            changes = awatch(
                self._root,
                debounce=GATHER_MS,
                step=10,
                stop_event=self._stop,
                recursive=deep,
                ignore_permission_denied=True,
            )
            nothing: set[tuple[object, str]] = set()
            first = asyncio.ensure_future(anext(changes, nothing))
            await asyncio.sleep(0)  # the watch begins in its first step
            self._tell({self._root})  # whatever has changed since they began to listen
            self._tell({Path(path) for _, path in await first})
            async for batch in changes:
                self._tell({Path(path) for _, path in batch})
        except (OSError, RuntimeError) as error:
            self.problem = str(error)  # out of watches, say: features read through, so nothing they say is wrong

    def _tell(self, paths: Collection[Path]) -> None:
        for changed in tuple(self._listeners) if paths else ():
            changed(paths)
