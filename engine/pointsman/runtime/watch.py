"""The disk under workspaces, watched while anybody listens: for notices alone, whoever needs a text reads it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import aclosing, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

Changed = Callable[[Collection[Path]], None]
Note = Callable[[str], None]
"""Where a line for the log goes."""

GATHER_MS = 30
"""How long changes are gathered after the first one: a save of many files is one notice."""

MOST = 32
"""Folders that one process watches: a system has few watches to give, and they are for all its programs."""

PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
"""How long until a watch that has ended is begun anew: twice as long each time, until it tells of something."""

_CHOSEN = ("pointsman.toml", ".git")
# `.pointsman` is none of them: we make it ourselves, wherever we are started.


def is_watched_below(root: Path) -> bool:
    """Whether a folder is watched with all that lies below it. One that nobody has marked as a project may be anything,
    also a home folder: of it we watch what lies in it directly."""
    return any((root / mark).exists() for mark in _CHOSEN)


def untold(line: str) -> None:
    """Where nobody has a log."""


class Watches:
    """A watch for each folder that somebody listens to, begun with the first of them and ended with the last."""

    def __init__(self, note: Note = untold) -> None:
        """`note` is told when a folder is watched no more, and when it is again."""
        self._note = note
        self._watches: dict[Path, Watch] = {}
        self._ending: set[asyncio.Task[None]] = set()

    def listen(self, root: Path, changed: Changed) -> Callable[[], None]:
        """Be told from now on of what changes in a folder; returns what ends that. Past `MOST` folders: of nothing."""
        watch = self._watches.get(root)
        if watch is None:
            if len(self._watches) >= MOST:
                return lambda: None
            watch = self._watches[root] = Watch(root, self._note)
        leave = watch.listen(changed)

        def left() -> None:
            leave()
            if not watch.listened and self._watches.get(root) is watch:
                del self._watches[root]
                ending = asyncio.get_running_loop().create_task(watch.close())
                self._ending.add(ending)
                ending.add_done_callback(self._ending.discard)

        return left

    @property
    def roots(self) -> tuple[Path, ...]:
        """The folders that are watched now."""
        return tuple(self._watches)

    async def close(self) -> None:
        """Watch no more."""
        await asyncio.gather(*self._ending, *(watch.close() for watch in self._watches.values()))


class Watch:
    """Tells of paths that have changed: made, written, moved or gone, in one word. Belongs to one event loop."""

    def __init__(self, root: Path, note: Note = untold) -> None:
        self._root = root
        self._note = note
        self._listeners: list[Changed] = []
        self._task: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()
        self.pause_s = PAUSE_S
        """How long it pauses when it fails the next time."""
        self.problem = ""
        """Why the disk is not watched, empty while all is well."""

    def listen(self, changed: Changed) -> Callable[[], None]:
        """Be told from now on; returns what ends that."""
        self._listeners.append(changed)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._watch())
        return lambda: self._listeners.remove(changed)

    @property
    def listened(self) -> bool:
        """Whether anybody listens."""
        return bool(self._listeners)

    async def close(self) -> None:
        """Watch no more."""
        self._stop.set()
        if self._task is not None:
            await self._task

    async def _watch(self) -> None:
        """Watch until `close`. What ends the watch before that is a `problem`, and it is begun anew after a pause."""
        while not self._stop.is_set():
            try:
                await self._watch_once()
            except Exception as error:
                # Out of watches, a name that is no text, no folder: features read through, so what they say is right.
                self._fail(error)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), self.pause_s)
                self.pause_s = min(2 * self.pause_s, LONGEST_PAUSE_S)

    async def _watch_once(self) -> None:
        # Imported late and on a thread: it takes longer than answering an editor's first question.
        awatch = (await asyncio.to_thread(import_module, "watchfiles")).awatch
        if not self._root.is_dir():
            raise NotADirectoryError(f"{self._root} is no folder")
        deep = is_watched_below(self._root)
        changes = awatch(
            self._root,
            debounce=GATHER_MS,
            step=10,
            stop_event=self._stop,
            recursive=deep,
            ignore_permission_denied=True,
        )
        async with aclosing(changes):
            await self._follow(changes, deep)

    async def _follow(self, changes: AsyncGenerator[set[tuple[Any, str]], None], deep: bool) -> None:
        """Tell of changes until the watch ends, or the folder has got or lost what makes it a project."""
        nothing: set[tuple[Any, str]] = set()
        first = asyncio.ensure_future(anext(changes, nothing))
        await asyncio.sleep(0)  # the watch begins in its first step, or fails in it
        if not first.done():
            self._begun()
        batch = await first
        while batch:
            self.pause_s = PAUSE_S
            self._tell({Path(path) for _, path in batch})
            if is_watched_below(self._root) != deep:
                break
            batch = await anext(changes, nothing)

    def _begun(self) -> None:
        if self.problem:
            self.problem = ""
            self._note(f"{self._root} is watched again")
        self._tell({self._root})  # whatever has changed since they began to listen, or while nobody watched

    def _fail(self, error: Exception) -> None:
        problem = _words_of(error)
        if problem != self.problem:
            self.problem = problem
            self._note(f"{self._root} is not watched for now: {problem}")

    def _tell(self, paths: Collection[Path]) -> None:
        for changed in tuple(self._listeners) if paths else ():
            try:
                changed(paths)
            except Exception as error:  # the others are told all the same
                self._note(f"what has changed in {self._root} could not be passed on: {_words_of(error)}")


def _words_of(error: BaseException) -> str:
    """What went wrong; of a group (the watch has tasks of its own) what its first member says."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"
