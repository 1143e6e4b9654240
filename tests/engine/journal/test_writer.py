"""The two writers: at once, or gathered on a thread; order, fairness, and each error to who asked for it."""

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from conformance.store_suite import create, read, records, stage
from pointsman.errors import Fenced, JournalError, Misuse
from pointsman.journal import (
    Batch,
    InlineWriter,
    MemoryStore,
    SqliteStore,
    Store,
    ThreadWriter,
    open_store,
    thread_writer,
)
from pointsman.kernel.events import RunEnded


class Held(MemoryStore):
    """A journal whose commits wait to be let go, and are counted."""

    def __init__(self) -> None:
        super().__init__()
        self.commits: list[list[str]] = []
        self.committing = threading.Event()
        self.go = threading.Event()
        self.closed = False

    def append_many(self, batches: Sequence[Batch]) -> list[Exception | None]:
        self.committing.set()
        assert self.go.wait(10)
        self.commits.append([run_id for run_id, _, _ in batches])
        return super().append_many(batches)

    def close(self) -> None:
        self.closed = True


def held(*runs: str) -> tuple[Held, ThreadWriter]:
    store = Held()
    for run_id in runs:
        create(store, run_id)
    return store, ThreadWriter(lambda: store)


async def begun(store: Held) -> None:
    """Wait until a commit is under way."""
    assert await asyncio.to_thread(store.committing.wait, 10)


async def put(writer: ThreadWriter, *batches: Batch) -> list[asyncio.Task[None]]:
    """Queue appends, in order."""
    tasks = [asyncio.create_task(writer.append(*batch)) for batch in batches]
    await asyncio.sleep(0)
    return tasks


def test_inline_commits_at_once() -> None:
    store = MemoryStore()
    create(store)
    writer = InlineWriter(store)
    writer.append("run-1", 1, stage(2))
    assert len(read(store)) == 5
    with pytest.raises(Fenced):
        writer.append("run-1", 2, stage(6))
    writer.close()


async def test_what_gathers_while_one_commit_runs_is_the_next() -> None:
    store, writer = held("a", "b", "c")
    tasks = await put(writer, ("a", 1, stage(2)))
    await begun(store)
    tasks += await put(writer, ("b", 1, stage(2)), ("c", 1, stage(2)), ("b", 1, stage(6)))
    store.go.set()
    await asyncio.gather(*tasks)
    writer.close()
    assert store.commits == [["a"], ["b", "c", "b"]]
    assert [len(read(store, run_id)) for run_id in "abc"] == [5, 9, 5]


async def test_a_busy_run_does_not_keep_another_waiting() -> None:
    store, writer = held("busy", "quiet")
    busy = await put(writer, *[("busy", 1, stage(2 + 4 * i)) for i in range(100)])
    await begun(store)
    quiet = await put(writer, ("quiet", 1, stage(2)))
    store.go.set()
    await asyncio.gather(*quiet, *busy)
    writer.close()
    assert "quiet" in store.commits[0] + store.commits[1]


async def test_each_error_goes_to_who_asked() -> None:
    store, writer = held("a", "b")
    tasks = await put(writer, ("a", 1, stage(2)), ("b", 9, stage(2)), ("a", 1, stage(6)), ("b", 1, stage(2)))
    store.go.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    writer.close()
    assert [type(outcome) for outcome in outcomes] == [type(None), Fenced, type(None), type(None)]


async def test_a_journal_that_breaks_tells_all_who_wait_and_the_thread_goes_on() -> None:
    class Broken(MemoryStore):
        broken = True

        def append_many(self, batches: Sequence[Batch]) -> list[Exception | None]:
            if self.broken:
                raise JournalError("journal_failed", "the disk is gone")
            return super().append_many(batches)

    store = Broken()
    create(store)
    writer = ThreadWriter(lambda: store)
    outcomes = await asyncio.gather(
        writer.append("run-1", 1, stage(2)), writer.append("run-1", 1, stage(6)), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [JournalError, JournalError]
    store.broken = False
    await writer.append("run-1", 1, stage(2))
    writer.close()


async def test_a_job_runs_between_what_was_before_and_after() -> None:
    store, writer = held("a")
    store.go.set()
    before = asyncio.create_task(writer.append("a", 1, stage(2)))
    job = asyncio.create_task(writer.call(lambda store: store.run("a").events))
    after = asyncio.create_task(writer.append("a", 1, stage(6)))
    failing = asyncio.create_task(writer.call(lambda store: store.set_status("a", 9, "ended")))
    await asyncio.gather(before, after)
    assert await job == 5
    with pytest.raises(Fenced):
        await failing
    writer.close()


async def test_closing_commits_what_is_queued() -> None:
    store, writer = held("a")
    tasks = await put(writer, ("a", 1, stage(2)))
    await begun(store)
    tasks += await put(writer, *[("a", 1, stage(2 + 4 * i)) for i in range(1, 20)])
    closing = threading.Thread(target=writer.close)
    closing.start()
    while not writer._closed:  # the end is queued behind them all
        await asyncio.sleep(0)
    store.go.set()
    await asyncio.to_thread(closing.join, 10)
    assert not closing.is_alive()
    writer.close()
    assert len(read(store, "a")) == 81
    assert store.closed
    await asyncio.gather(*tasks)
    with pytest.raises(Misuse) as caught:
        await writer.append("a", 1, stage(82))
    assert caught.value.code == "writer_closed"


async def test_who_stops_waiting_takes_nothing_back() -> None:
    store, writer = held("a")
    tasks = await put(writer, ("a", 1, stage(2)))
    await begun(store)
    tasks += await put(writer, ("a", 1, stage(6)), ("a", 1, stage(10)))
    tasks[0].cancel()
    tasks[1].cancel()
    store.go.set()
    await asyncio.wait_for(tasks[2], 10)
    writer.close()
    assert len(read(store, "a")) == 13


def test_a_loop_that_is_gone_stops_nobody() -> None:
    store, writer = held("a", "b")

    async def leave() -> None:
        await put(writer, ("a", 1, stage(2)))
        await begun(store)

    asyncio.run(leave())
    store.go.set()
    asyncio.run(writer.append("b", 1, stage(2)))
    writer.close()
    assert [len(read(store, run_id)) for run_id in "ab"] == [5, 5]


def test_a_journal_that_does_not_open_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_bytes(b"no database" * 100)
    with pytest.raises(JournalError) as caught:
        ThreadWriter(lambda: SqliteStore(tmp_path / "journal.db"))
    assert caught.value.code == "journal_damaged"


async def test_a_thread_for_a_file_and_none_for_memory(tmp_path: Path) -> None:
    memory: Store = MemoryStore()
    assert isinstance(thread_writer(memory), InlineWriter)
    store = open_store(tmp_path)
    create(store)
    writer = thread_writer(store)
    saving = writer.append("run-1", 1, stage(2))
    assert saving is not None
    await saving
    assert len(read(store)) == 5  # seen by another connection as soon as it is awaited
    writer.close()
    store.close()


async def test_many_runs_at_once(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    runs = [f"run-{at}" for at in range(50)]
    for run_id in runs:
        create(store, run_id)
    writer = thread_writer(store)

    async def live(run_id: str) -> None:
        for at in range(8):
            saving = writer.append(run_id, 1, stage(2 + 4 * at))
            assert saving is not None
            await saving
        saving = writer.append(run_id, 1, records(34, RunEnded("completed")))
        assert saving is not None
        await saving

    await asyncio.gather(*map(live, runs))
    writer.close()
    assert {(each.events, each.outcome) for each in store.runs()} == {(34, "completed")}
    assert all(store.verify(run_id) is None for run_id in runs)
    store.close()
