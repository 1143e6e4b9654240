"""The suite of all stores, on each of ours; and the two of them side by side."""

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.store_suite import HOST, Living, StoreSuite, create, records, stage
from pointsman.errors import PointsmanError
from pointsman.journal import HostLock, MemoryStore, SqliteStore, Store, open_store
from pointsman.kernel.events import RunEnded


class TestMemory(StoreSuite):
    @pytest.fixture
    def store(self) -> Store:
        return MemoryStore()

    @pytest.fixture
    def living(self) -> Living:
        return lambda host: nullcontext()


class TestSqlite(StoreSuite):
    @pytest.fixture(params=["normal", "full"])
    def store(self, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Store]:
        store = open_store(tmp_path, request.param)
        yield store
        store.close()

    @pytest.fixture
    def living(self, tmp_path: Path) -> Living:
        return lambda host: HostLock(tmp_path, host)


RUNS = st.sampled_from(["a", "b"])
FENCES = st.sampled_from([1, 1, 1, 2])
STEPS = st.one_of(
    st.tuples(st.just("append"), RUNS, FENCES, st.sampled_from([0, 0, 0, 1, -1])),
    st.tuples(st.just("many"), st.lists(st.tuples(RUNS, FENCES, st.sampled_from([0, 0, 1])), max_size=4)),
    st.tuples(st.just("end"), RUNS, FENCES),
    st.tuples(st.just("release"), RUNS, FENCES),
    st.tuples(st.just("take"), RUNS),
    st.tuples(st.just("status"), RUNS, FENCES, st.sampled_from(["waiting", "running"])),
)


def act(store: Store, steps: list[tuple]) -> list[object]:  # type: ignore[type-arg]  # steps of several shapes
    """What each step gave or refused, and what the store shows at the end."""
    seen: list[object] = []
    last = {"a": 1, "b": 1}
    for step in steps:
        try:
            match step:
                case "append", run, fence, off:
                    store.append(run, fence, stage(last[run] + 1 + off))
                    last[run] += 4
                case "many", batches:
                    given_ = [(run, fence, stage(last[run] + 1 + off)) for run, fence, off in batches]
                    outcomes = store.append_many(given_)
                    for (run, _, _), outcome in zip(given_, outcomes, strict=True):
                        last[run] += 0 if outcome else 4
                    seen.append([getattr(outcome, "code", None) for outcome in outcomes])
                case "end", run, fence:
                    store.append(run, fence, records(last[run] + 1, RunEnded("completed")))
                    last[run] += 1
                case "release", run, fence:
                    store.release_lease(run, fence)
                case "take", run:
                    seen.append(store.take_lease(run, "host-1", 1, 1))
                case "status", run, fence, status:
                    store.set_status(run, fence, status)
        except PointsmanError as error:
            seen.append((type(error), str(error)))
    return [*seen, store.runs(), [list(store.records(run)) for run in "ab"], [store.verify(run) for run in "ab"]]


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, max_size=12))
def test_both_stores_do_the_same(tmp_path_factory: pytest.TempPathFactory, steps: list[tuple]) -> None:  # type: ignore[type-arg]  # as above
    root = tmp_path_factory.mktemp("peer")
    memory, sqlite = MemoryStore(), open_store(root)
    try:
        with HostLock(root, HOST.host):
            for store in (memory, sqlite):
                for run in "ab":
                    create(store, run)
            assert act(memory, steps) == act(sqlite, steps)
    finally:
        sqlite.close()


def test_a_store_knows_how_it_was_opened(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "journal.db", "full")
    assert (store.path, store.durability) == (tmp_path / "journal.db", "full")
    store.close()
