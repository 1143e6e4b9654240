"""Every way to change a journal behind our back, and the event it is seen at."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import pytest

from conformance.store_suite import PIPELINE, PROMPT, create, first, records, row, stage
from pointsman.errors import JournalError
from pointsman.journal import Damage, Definition, SqliteStore
from pointsman.journal.codec import BLOB_BYTES
from pointsman.kernel.events import AttemptResult, RunEnded

OTHER = "0" * 64


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A run of ten events: its start, two stages (one with a big value) and its end."""
    path = tmp_path / "journal.db"
    store = SqliteStore(path)
    create(store)
    store.append("run-1", 1, stage(2))
    store.append("run-1", 1, stage(6, "x" * BLOB_BYTES))
    store.append("run-1", 1, records(10, RunEnded("completed")))
    store.close()
    return path


@pytest.fixture
def tamper(path: Path) -> Iterator[sqlite3.Connection]:
    con = sqlite3.connect(path, isolation_level=None)
    yield con
    con.close()


def verified(path: Path) -> Damage | None:
    store = SqliteStore(path)
    try:
        return store.verify("run-1")
    finally:
        store.close()


def test_nothing_was_changed(path: Path) -> None:
    assert verified(path) is None


COLUMNS = {
    "branch": "'other'",
    "kind": "'run.cancelled'",
    "v": "2",
    "at_ns": "at_ns + 1",
    "payload": 'replace(payload, \'"stage":"classify"\', \'"stage":"classifx"\')',
    "digest": "zeroblob(32)",
}


@pytest.mark.parametrize("seq", [2, 6, 9])
@pytest.mark.parametrize("column", COLUMNS)
def test_a_changed_column_is_named_with_its_event(
    path: Path, tamper: sqlite3.Connection, column: str, seq: int
) -> None:
    tamper.execute(f"UPDATE events SET {column} = {COLUMNS[column]} WHERE seq = ?", (seq,))
    damage = verified(path)
    assert damage is not None
    kind = {2: "stage.entered", 6: "stage.entered", 9: "stage.routed"}[seq]
    assert (damage.seq, damage.kind) == (seq, "run.cancelled" if column == "kind" else kind)
    assert f"Event {seq} " in damage.what


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("v", "'one'"),
        ("v", "1.5"),
        ("at_ns", "'never'"),
        ("branch", "x'ff'"),
        ("kind", "CAST(x'ff' AS TEXT)"),
        ("payload", "CAST(x'ff' AS TEXT)"),
        ("payload", "''"),
        ("payload", "'{\"$blobs\":7}'"),
        ("digest", "'text'"),
        ("digest", "7"),
    ],
)
def test_a_column_of_another_type_is_no_more_than_damage(
    path: Path, tamper: sqlite3.Connection, column: str, value: str
) -> None:
    tamper.execute(f"UPDATE events SET {column} = {value} WHERE seq = 3")
    damage = verified(path)
    assert damage is not None
    assert damage.seq == 3


def test_a_broken_text_is_damage_to_a_reader_too(path: Path, tamper: sqlite3.Connection) -> None:
    tamper.execute("UPDATE events SET branch = CAST(x'ff' AS TEXT) WHERE seq = 3")
    store = SqliteStore(path)
    with pytest.raises(JournalError) as caught:
        list(store.records("run-1"))
    store.close()
    assert caught.value.code == "journal_damaged"


@pytest.mark.parametrize(
    ("statements", "seq"),
    [
        (["DELETE FROM events WHERE seq = 4"], 4),
        (["DELETE FROM events WHERE seq = 1"], 1),
        (["DELETE FROM events WHERE seq = 10"], 10),
        (["DELETE FROM events WHERE seq > 5"], 6),
        (["DELETE FROM events"], 1),
        (["DELETE FROM events WHERE seq = 4", "UPDATE events SET seq = seq - 1 WHERE seq > 4"], 4),
        (["UPDATE events SET seq = -seq WHERE seq IN (3, 4)", "UPDATE events SET seq = 7 + seq WHERE seq < 0"], 3),
        (["UPDATE events SET seq = -seq WHERE seq > 3", "UPDATE events SET seq = 1 - seq WHERE seq < 0"], 4),
        (["INSERT INTO events SELECT run, 11, branch, kind, v, at_ns, payload, digest FROM events WHERE seq = 9"], 11),
        (["INSERT INTO events SELECT run, 0, branch, kind, v, at_ns, payload, digest FROM events WHERE seq = 9"], 0),
    ],
    ids=["gap", "head", "tail", "half", "all", "closed gap", "swapped", "room made", "added", "put before"],
)
def test_events_that_are_gone_moved_or_put_in(
    path: Path, tamper: sqlite3.Connection, statements: list[str], seq: int
) -> None:
    for statement in statements:
        tamper.execute(statement)
    damage = verified(path)
    assert damage is not None
    assert damage.seq == seq


@pytest.mark.parametrize("column", ["id", "definition", "pipeline", "path", "semantics", "outcome"])
def test_the_row_of_the_run(path: Path, tamper: sqlite3.Connection, column: str) -> None:
    value = {"id": "run-1", "semantics": "2"}.get(column, OTHER)
    if column == "id":  # another run's events under this one's name
        tamper.execute("UPDATE events SET run = 'run-0'")
        store = SqliteStore(path)
        create(store, "run-2")
        store.append("run-2", 1, [*stage(2), *stage(6), *records(10, RunEnded("completed"))])
        store.close()
        tamper.execute("UPDATE events SET run = 'run-1' WHERE run = 'run-2'")
    else:
        tamper.execute(f"UPDATE runs SET {column} = ?", (value,))
    damage = verified(path)
    assert damage is not None
    wanted = (1, "run.started") if column in ("id", "semantics") else (0, "run")
    assert (damage.seq, damage.kind) == wanted
    if column == "definition":
        assert damage.definition == OTHER


def test_a_definition_swapped_in_the_event_too_is_seen_there(path: Path, tamper: sqlite3.Connection) -> None:
    tamper.execute("UPDATE runs SET definition = ?", (OTHER,))
    tamper.execute("UPDATE events SET payload = replace(payload, ?, ?) WHERE seq = 1", (PIPELINE.hash, OTHER))
    damage = verified(path)
    assert damage is not None
    assert (damage.seq, damage.kind) == (1, "run.started")


@pytest.mark.parametrize("statement", ["UPDATE blobs SET data = '\"y\"'", "DELETE FROM blobs"])
def test_a_big_value_that_changed_or_went(path: Path, tamper: sqlite3.Connection, statement: str) -> None:
    tamper.execute(statement)
    damage = verified(path)
    assert damage is not None
    assert (damage.seq, damage.kind) == (8, "attempt.result")
    assert "'value'" in damage.what


@pytest.mark.parametrize("statement", ["UPDATE definitions SET text = 'other'", "DELETE FROM definitions"])
@pytest.mark.parametrize("definition", [PIPELINE, PROMPT], ids=["pipeline", "prompt"])
def test_a_text_that_changed_or_went(
    path: Path, tamper: sqlite3.Connection, statement: str, definition: Definition
) -> None:
    tamper.execute(f"{statement} WHERE hash = ?", (definition.hash,))
    damage = verified(path)
    assert damage is not None
    assert (damage.seq, damage.definition) == (0, definition.hash)


def test_a_chain_computed_anew_does_not_fit_the_row(path: Path, tmp_path: Path, tamper: sqlite3.Connection) -> None:
    forged = tmp_path / "forged.db"
    store = SqliteStore(forged)
    create(store)
    store.append("run-1", 1, [*stage(2), *stage(6, "y"), *records(10, RunEnded("completed"))])
    store.close()
    tamper.execute("ATTACH ? AS forged", (str(forged),))
    tamper.execute("DELETE FROM events")
    tamper.execute("INSERT INTO events SELECT * FROM forged.events")
    damage = verified(path)
    assert damage is not None
    assert (damage.seq, damage.kind) == (10, "run.ended")


def test_ten_thousand_events_are_checked_in_a_moment(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "journal.db")
    store.create_run(row(), [PIPELINE, PROMPT], [first()])
    for at in range(25):
        many = [record for i in range(100) for record in stage(2 + 400 * at + 4 * i, {"at": at})]
        store.append("run-1", 1, many)
    best = 1.0
    for _ in range(5):
        begin = perf_counter()
        assert store.verify("run-1") is None
        best = min(best, perf_counter() - begin)
    store.close()
    assert best < 0.3, "the budget is 60 ms on a machine of its own; a test shares it with others"


def test_a_stale_head_never_seals(tmp_path: Path) -> None:
    """Two connections under one fence: what the second wrote is read again, not guessed."""
    one, two = SqliteStore(tmp_path / "journal.db"), SqliteStore(tmp_path / "journal.db")
    create(one)
    two.append("run-1", 1, stage(2))
    one.append("run-1", 1, stage(6))
    with pytest.raises(JournalError):
        two.append("run-1", 1, stage(6))
    two.append("run-1", 1, records(10, AttemptResult("e", 1)))
    assert one.verify("run-1") is None
    one.close()
    two.close()
