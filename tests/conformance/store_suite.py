"""What every journal does, whatever keeps it: one suite for all stores; a new store passes it unchanged.

A store's tests subclass `StoreSuite` and give the fixtures `store` and `living`, the latter a context manager that
keeps a host alive.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from hashlib import sha256

import pytest
from msgspec import structs

from pointsman.errors import Fenced, JournalError, Misuse, RunUnavailable
from pointsman.journal import Definition, Lease, RunRow, Store
from pointsman.journal.codec import BLOB_BYTES
from pointsman.kernel.events import (
    SEMANTICS,
    AttemptResult,
    AttemptStarted,
    Candidate,
    Decided,
    Event,
    Operand,
    Pin,
    PolicyStamp,
    Progressed,
    Record,
    RunEnded,
    RunStarted,
    StageEntered,
    StageRouted,
)

Living = Callable[[str], AbstractContextManager[object]]

HOST = Lease("host-1", 41, 1, "unix:/run/1", 5)


def text(data: bytes, kind: str = "pipeline", path: str = "small.pipeline.yaml") -> Definition:
    return Definition(sha256(data).hexdigest(), kind, path, data)


PIPELINE = text(b"pipeline: small\n")
PROMPT = text(b"Be brief.\n", "prompt", "brief.md")


def row(run_id: str = "run-1", created: int = 1, lease: Lease | None = HOST) -> RunRow:
    return RunRow(run_id, "small", PIPELINE.hash, PIPELINE.path, SEMANTICS, created, lease=lease)


def first(definition: Definition = PIPELINE) -> Record:
    event = RunStarted(
        "small",
        definition.path,
        definition.hash,
        {"n": 1},
        1,
        pins=(Pin("prompt", PROMPT.path, PROMPT.hash),),
    )
    return Record(1, "main", 10, event)


def records(start: int, *events: Event, branch: str = "main") -> list[Record]:
    return [Record(start + i, branch, 10 * (start + i), event) for i, event in enumerate(events)]


def stage(start: int, value: object = 1) -> list[Record]:
    """What one stage journals: four events."""
    effect = f"main:classify#{start}"
    operands = (Operand("score", 0.8), Operand("limit", error="no such name"))
    return records(
        start,
        StageEntered("classify", start, effect, args={"text": "hällo \u0000 \U0001f682"}, key="k"),
        AttemptStarted(effect, 1, "worker-1"),
        AttemptResult(effect, 1, value),
        StageRouted(
            "classify", "end", "route", route=0, candidates=(Candidate("end", "score > limit", True, operands),)
        ),
    )


def create(store: Store, run_id: str = "run-1", created: int = 1, lease: Lease | None = HOST) -> None:
    store.create_run(row(run_id, created, lease), [PIPELINE, PROMPT], [first()])


def read(store: Store, run_id: str = "run-1") -> list[Record]:
    return list(store.records(run_id))


class StoreSuite:
    """The tests; `store` is empty at the start of each."""

    @pytest.fixture
    def store(self) -> Store:
        raise NotImplementedError

    @pytest.fixture
    def living(self) -> Living:
        raise NotImplementedError

    # --- runs and events ----------------------------------------------------------------------------------------------

    def test_a_run_is_read_back_as_it_was_written(self, store: Store, living: Living) -> None:
        create(store)
        store.append("run-1", 1, stage(2))
        store.append("run-1", 1, stage(6, {"deep": [1, 2.5, None, True, "x"]}))
        assert read(store) == [first(), *stage(2), *stage(6, {"deep": [1, 2.5, None, True, "x"]})]
        with living("host-1"):
            assert store.run("run-1") == structs.replace(row(), events=9)
        assert store.definition(PIPELINE.hash) == PIPELINE
        assert store.verify("run-1") is None

    def test_reading_a_part(self, store: Store) -> None:
        create(store)
        store.append("run-1", 1, stage(2))
        seqs = [record.seq for record in store.records("run-1", after=1, until=4)]
        assert seqs == [2, 3, 4]
        assert [record.seq for record in store.records("run-1", after=3)] == [4, 5]
        assert list(store.records("run-1", until=0)) == []
        assert list(store.records("run-1", after=9)) == []

    def test_a_long_run_is_read_in_pages_and_may_grow_meanwhile(self, store: Store) -> None:
        create(store)
        for at in range(300):
            store.append("run-1", 1, stage(2 + 4 * at))
        reading = store.records("run-1")
        assert next(reading).seq == 1
        store.append("run-1", 1, stage(1202))
        assert [record.seq for record in reading] == list(range(2, 1206))

    def test_a_run_is_created_once(self, store: Store) -> None:
        create(store)
        with pytest.raises(JournalError) as caught:
            store.create_run(row(), [text(b"other")], [first()])
        assert caught.value.code == "run_exists"
        assert read(store) == [first()]
        with pytest.raises(JournalError):
            store.definition(text(b"other").hash)

    def test_a_run_that_can_not_begin_leaves_nothing(self, store: Store) -> None:
        with pytest.raises(JournalError):
            store.create_run(row(), [PIPELINE], stage(2))
        assert store.runs() == []
        with pytest.raises(RunUnavailable):
            store.records("run-1")

    @pytest.mark.parametrize("start", [1, 3, 9])
    def test_events_come_in_order_without_a_gap(self, store: Store, start: int) -> None:
        create(store)
        with pytest.raises(JournalError) as caught:
            store.append("run-1", 1, stage(start))
        assert caught.value.code == "journal_order"
        with pytest.raises(JournalError):
            store.append("run-1", 1, [*stage(2), *stage(2)])
        assert read(store) == [first()]
        store.append("run-1", 1, stage(2))
        assert store.verify("run-1") is None

    def test_nothing_is_a_commit_too(self, store: Store) -> None:
        create(store)
        store.append("run-1", 1, [])
        assert read(store) == [first()]

    def test_what_is_not_json_is_refused_whole(self, store: Store) -> None:
        create(store)
        bad = records(2, Progressed("e"), AttemptResult("e", 1, object()))
        with pytest.raises(Misuse) as caught:
            store.append("run-1", 1, bad)
        assert caught.value.code == "not_json"
        with pytest.raises(Misuse):
            store.append("run-1", 1, records(2, AttemptResult("e", 1, "\ud800")))
        assert read(store) == [first()]
        store.append("run-1", 1, stage(2))

    def test_the_last_event_ends_the_row_in_the_same_commit(self, store: Store) -> None:
        create(store)
        store.append("run-1", 1, [*stage(2), *records(6, RunEnded("failed"))])
        ended = store.run("run-1")
        assert (ended.status, ended.outcome, ended.ended_at_ns, ended.events) == ("ended", "failed", 60, 6)

    # --- fences and leases --------------------------------------------------------------------------------------------

    def test_a_fenced_writer_writes_nothing(self, store: Store) -> None:
        create(store)
        for fence in (0, 2):
            with pytest.raises(Fenced):
                store.append("run-1", fence, stage(2))
            with pytest.raises(Fenced):
                store.set_status("run-1", fence, "ended", "completed", 5)
            with pytest.raises(Fenced):
                store.release_lease("run-1", fence)
        assert read(store) == [first()]
        assert store.run("run-1").outcome == ""

    def test_who_has_let_go_writes_nothing(self, store: Store) -> None:
        create(store)
        store.release_lease("run-1", 1)
        store.release_lease("run-1", 1)
        with pytest.raises(Fenced):
            store.append("run-1", 1, stage(2))
        assert store.take_lease("run-1", "host-2", 42, 7, "unix:/run/2") == Lease("host-2", 42, 2, "unix:/run/2", 7)
        with pytest.raises(Fenced):
            store.append("run-1", 1, stage(2))
        store.append("run-1", 2, stage(2))
        assert store.verify("run-1") is None

    def test_a_run_nobody_knows_is_not_written(self, store: Store) -> None:
        with pytest.raises(JournalError) as caught:
            store.append("run-1", 1, stage(2))
        assert caught.value.code == "run_unknown"

    def test_a_run_has_one_living_host(self, store: Store, living: Living) -> None:
        create(store)
        with living("host-1"), pytest.raises(RunUnavailable) as caught:
            store.take_lease("run-1", "host-2", 42, 7)
        assert caught.value.code == "run_is_hosted"
        assert "host-1" in caught.value.message
        assert "unix:/run/1" in caught.value.message

    def test_a_run_without_a_lease_can_be_written_until_one_is_taken(self, store: Store) -> None:
        create(store, lease=None)
        store.append("run-1", 0, stage(2))
        assert store.take_lease("run-1", "host-1", 41, 5).fence == 1
        with pytest.raises(Fenced):
            store.append("run-1", 0, stage(6))

    def test_what_has_ended_takes_no_host(self, store: Store) -> None:
        create(store)
        store.set_status("run-1", 1, "ended", "completed", 9)
        store.release_lease("run-1", 1)
        with pytest.raises(RunUnavailable) as caught:
            store.take_lease("run-1", "host-2", 42, 7)
        assert caught.value.code == "run_ended"
        with pytest.raises(RunUnavailable):
            store.take_lease("run-2", "host-2", 42, 7)

    def test_how_a_run_stands(self, store: Store, living: Living) -> None:
        create(store)
        with living("host-1"):
            assert store.run("run-1").status == "running"
            store.set_status("run-1", 1, "waiting")
            store.release_lease("run-1", 1)
            assert store.run("run-1").status == "waiting"
        with living("host-2"):
            store.take_lease("run-1", "host-2", 42, 7)
            assert store.run("run-1").status == "running"
            store.release_lease("run-1", 2)
        assert [each.status for each in store.runs()] == ["interrupted"]
        with pytest.raises(Misuse):
            store.set_status("run-1", 2, "asleep")

    # --- several at once ----------------------------------------------------------------------------------------------

    def test_what_one_run_did_wrong_does_not_harm_the_others(self, store: Store) -> None:
        for run_id in ("a", "b", "c", "d", "e"):
            create(store, run_id)
        outcomes = store.append_many(
            [
                ("a", 1, stage(2)),
                ("b", 7, stage(2)),
                ("a", 1, stage(6)),
                ("c", 1, stage(3)),
                ("d", 1, records(2, Progressed("e"), AttemptResult("e", 1, object()))),
                ("unknown", 1, stage(2)),
                ("e", 1, records(2, RunEnded("completed"))),
            ]
        )
        kinds = [type(outcome) for outcome in outcomes]
        assert kinds == [type(None), Fenced, type(None), JournalError, Misuse, JournalError, type(None)]
        assert [len(read(store, run_id)) for run_id in "abcde"] == [9, 1, 1, 1, 2]
        assert all(store.verify(run_id) is None for run_id in "abcde")
        assert store.run("e").outcome == "completed"
        store.append_many([("b", 1, stage(2)), ("c", 1, stage(2))])
        assert [len(read(store, run_id)) for run_id in "bc"] == [5, 5]

    def test_several_of_one_run_with_a_bad_one_between(self, store: Store) -> None:
        create(store)
        outcomes = store.append_many([("run-1", 1, stage(2)), ("run-1", 2, stage(6)), ("run-1", 1, stage(6))])
        assert [type(outcome) for outcome in outcomes] == [type(None), Fenced, type(None)]
        assert [record.seq for record in read(store)] == list(range(1, 10))
        assert store.verify("run-1") is None

    def test_one_alone_and_none(self, store: Store) -> None:
        create(store)
        assert store.append_many([]) == []
        assert store.append_many([("run-1", 1, stage(2))]) == [None]
        assert [type(outcome) for outcome in store.append_many([("run-1", 2, stage(6))])] == [Fenced]

    # --- finding runs -------------------------------------------------------------------------------------------------

    def test_runs_are_listed_newest_first(self, store: Store) -> None:
        for run_id, created in (("b", 5), ("c", 9), ("a", 5)):
            create(store, run_id, created)
        assert [each.id for each in store.runs()] == ["c", "a", "b"]
        assert [each.id for each in store.runs(limit=1)] == ["c"]

    def test_a_run_by_id_prefix_and_latest(self, store: Store, living: Living) -> None:
        for at, run_id in enumerate(("20260101-ab12", "20260101-ab", "20260102-cd34", "20260103-ef56")):
            create(store, run_id, at, lease=None)
        store.append("20260101-ab12", 0, records(2, RunEnded("failed")))
        store.append("20260102-cd34", 0, records(2, RunEnded("completed")))
        assert store.run("20260101-ab").id == "20260101-ab"
        assert store.run("20260102").id == "20260102-cd34"
        assert store.run("latest").id == "20260103-ef56"
        assert store.run("latest:failed").id == "20260101-ab12"
        assert store.run("latest:ended").id == "20260102-cd34"
        assert store.run("latest:interrupted").id == "20260103-ef56"
        with pytest.raises(RunUnavailable) as caught:
            store.run("20260101")
        assert caught.value.code == "run_ambiguous"
        assert "20260101-ab12" in caught.value.message

    def test_a_run_that_is_not_there(self, store: Store) -> None:
        with pytest.raises(RunUnavailable) as caught:
            store.run("latest")
        assert caught.value.code == "run_unknown"
        create(store, "20260101-ab12")
        for selector in ("20260101-ab21", "", "%", "latest:denied"):
            with pytest.raises(RunUnavailable) as caught:
                store.run(selector)
            assert caught.value.code == "run_unknown"
            assert "20260101-ab12" in caught.value.hint
        with pytest.raises(RunUnavailable):
            store.records("2026")

    # --- definitions and big values -----------------------------------------------------------------------------------

    def test_a_text_is_kept_once(self, store: Store) -> None:
        store.add_definitions([PROMPT])
        store.add_definitions([structs.replace(PROMPT, path="elsewhere.md"), text(bytes(range(256)), "code", "x.py")])
        assert store.definition(PROMPT.hash) == PROMPT
        assert store.definition(text(bytes(range(256))).hash).text == bytes(range(256))
        with pytest.raises(JournalError) as caught:
            store.definition("0" * 64)
        assert caught.value.code == "definition_missing"

    @pytest.mark.parametrize(
        "value",
        ["x" * (BLOB_BYTES - 2), "x" * (BLOB_BYTES - 1), ["ä" * 40_000, {"$blobs": {"value": "y" * 70_000}}]],
        ids=["just fits", "just too big", "nested"],
    )
    def test_big_values_come_back(self, store: Store, value: object) -> None:
        create(store)
        events = [*stage(2, value), *stage(6, value), *records(10, AttemptResult("$blobs", 1, {"$blobs": {}}))]
        store.append("run-1", 1, events)
        assert read(store) == [first(), *events]
        assert store.verify("run-1") is None

    def test_a_text_that_is_missing_or_another_is_named(self, store: Store) -> None:
        store.create_run(row(), [PIPELINE], [first()])
        damage = store.verify("run-1")
        assert damage is not None
        assert (damage.seq, damage.kind, damage.definition) == (0, "prompt", PROMPT.hash)
        assert "brief.md" in damage.what
        store.add_definitions([structs.replace(PROMPT, text=b"Be long.\n")])
        damage = store.verify("run-1")
        assert damage is not None
        assert (damage.seq, damage.kind, damage.definition) == (0, "prompt", PROMPT.hash)
        assert "not the text" in damage.what

    def test_the_policy_a_decision_names_is_checked_when_it_is_kept(self, store: Store) -> None:
        policy = text(b"policy: calm\n", "policy", "calm.policy.yaml")
        create(store)
        stamp = PolicyStamp("calm", 1, policy.hash)
        store.append("run-1", 1, records(2, Decided("e", "allow", policies=(stamp,))))
        assert store.verify("run-1") is None
        store.add_definitions([structs.replace(policy, text=b"policy: wild\n")])
        damage = store.verify("run-1")
        assert damage is not None
        assert (damage.kind, damage.definition) == ("policy", policy.hash)

    def test_the_row_says_what_the_run_was_started_with(self, store: Store) -> None:
        other = structs.replace(row(), pipeline="large")
        store.create_run(other, [PIPELINE, PROMPT], [first()])
        damage = store.verify("run-1")
        assert damage is not None
        assert (damage.seq, damage.kind) == (0, "run")
        with pytest.raises(RunUnavailable):
            store.verify("run-2")
