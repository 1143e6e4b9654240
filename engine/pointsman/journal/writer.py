"""Who commits for the loop: at once on this thread, or on a thread of its own that commits what has gathered.

Group commit: whatever is queued while one commit runs goes into the next one, so a hundred runs at once cost one
flush of the disk and not a hundred. First come, first written; no run can be starved.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Any, Protocol, TypeVar

from pointsman.errors import Misuse
from pointsman.journal.sqlite import SqliteStore
from pointsman.journal.store import Batch, Store
from pointsman.kernel.events import Record

T = TypeVar("T")


class Writer(Protocol):
    """What commits a session's events."""

    def append(self, run_id: str, fence: int, records: Sequence[Record]) -> Awaitable[None] | None:
        """Committed when it is awaited, or already when there is nothing to await.

        Raises what `Store.append` raises.
        """
        ...

    def close(self) -> None:
        """Commit what is queued, and end."""
        ...


class InlineWriter:
    """Commits on the calling thread, in the store it is given and does not own: one run, no hop between threads."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def append(self, run_id: str, fence: int, records: Sequence[Record]) -> None:
        """Committed when it returns: there is nothing to wait for."""
        self._store.append(run_id, fence, records)

    def close(self) -> None:
        """Nothing is queued here."""


class _Append:
    __slots__ = ("batch", "future", "loop")

    def __init__(self, batch: Batch, loop: asyncio.AbstractEventLoop) -> None:
        self.batch = batch
        self.loop = loop
        self.future: asyncio.Future[None] = loop.create_future()


class _Job:
    __slots__ = ("future", "loop", "run")

    def __init__(self, run: Callable[[Store], Any], loop: asyncio.AbstractEventLoop) -> None:
        self.run = run
        self.loop = loop
        self.future: asyncio.Future[Any] = loop.create_future()


_Settled = tuple[_Append | _Job, Any, BaseException | None]


class ThreadWriter:
    """Owns a thread and the store that `open` makes on it. Raises what `open` raises.

    A waiter that is cancelled takes nothing back: what was queued is committed.
    """

    def __init__(self, open: Callable[[], Store]) -> None:
        self._queue: SimpleQueue[_Append | _Job | None] = SimpleQueue()
        self._lock = threading.Lock()  # nothing may be queued behind the end
        self._closed = False
        self._failure: BaseException | None = None
        opened = threading.Event()
        self._thread = threading.Thread(target=self._work, args=(open, opened), name="pointsman-journal", daemon=True)
        self._thread.start()
        opened.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure

    async def append(self, run_id: str, fence: int, records: Sequence[Record]) -> None:
        """Resolves when these events are committed."""
        item = _Append((run_id, fence, records), asyncio.get_running_loop())
        self._put(item)
        await item.future

    async def call(self, job: Callable[[Store], T]) -> T:
        """Run `job` with the writer's store, after all that was queued before it; its value."""
        item = _Job(job, asyncio.get_running_loop())
        self._put(item)
        value: T = await item.future
        return value

    def close(self) -> None:
        """Commit what is queued and end the thread; blocks as long as that takes. Closing twice is fine."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def _put(self, item: _Append | _Job) -> None:
        with self._lock:
            if self._closed:
                raise Misuse("writer_closed", "The journal's writer is closed")
            self._queue.put(item)

    def _work(self, open: Callable[[], Store], opened: threading.Event) -> None:
        try:
            store = open()
        except BaseException as error:
            self._failure = error
            return
        finally:
            opened.set()
        try:
            while (items := self._gather()) is not None:
                _settle_all(_write(store, items))
        finally:
            store.close()

    def _gather(self) -> list[_Append | _Job] | None:
        """All that is queued now, waiting for the first; None at the end."""
        item = self._queue.get()
        items = []
        try:
            while item is not None:
                items.append(item)
                item = self._queue.get_nowait()
        except Empty:
            return items
        if items:
            self._queue.put(None)  # first what came before the end, then the end
            return items
        return None


def thread_writer(store: Store) -> Writer:
    """A writer that keeps the loop free, for the journal `store` reads; a journal in memory needs no thread."""
    if isinstance(store, SqliteStore):
        return ThreadWriter(lambda: SqliteStore(store.path, store.durability))
    return InlineWriter(store)


def _write(store: Store, items: Sequence[_Append | _Job]) -> list[_Settled]:
    """Appends that stand together are one commit; a job stands alone."""
    settled: list[_Settled] = []
    group: list[_Append] = []

    def commit() -> None:
        if group:
            try:
                outcomes = store.append_many([item.batch for item in group])
            except Exception as error:  # the thread outlives whatever one group ran into
                outcomes = [error] * len(group)
            settled.extend((item, None, outcome) for item, outcome in zip(group, outcomes, strict=True))
            group.clear()

    for item in items:
        if isinstance(item, _Append):
            group.append(item)
            continue
        commit()
        try:
            settled.append((item, item.run(store), None))
        except Exception as error:
            settled.append((item, None, error))
    commit()
    return settled


def _settle_all(settled: Sequence[_Settled]) -> None:
    """Wake each loop once, however many of its waiters were answered."""
    loops: dict[asyncio.AbstractEventLoop, list[_Settled]] = {}
    for one in settled:
        loops.setdefault(one[0].loop, []).append(one)
    for loop, ones in loops.items():
        try:
            loop.call_soon_threadsafe(_settle, ones)
        except RuntimeError:  # that loop is closed: nobody waits there any more
            continue


def _settle(ones: Sequence[_Settled]) -> None:
    for item, value, error in ones:
        if item.future.done():
            continue
        if error is not None:
            item.future.set_exception(error)
        else:
            item.future.set_result(value)
