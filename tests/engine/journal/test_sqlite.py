"""The file: its modes, other processes, a death in mid-append, a full disk, a lock, and files that are no journal."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from conformance.store_suite import create, first, read, records, row, stage
from pointsman.errors import JournalError
from pointsman.journal import SqliteStore, checkpoint, database, open_store
from pointsman.kernel.events import AttemptResult

TESTS = Path(__file__).parents[2]
PRELUDE = f"""
import sys
sys.path.insert(0, {str(TESTS)!r})
from pathlib import Path
from conformance.store_suite import *
from pointsman.journal import *
root = Path(sys.argv[1])
"""


def python(program: str, *args: object, stdin: int | None = None) -> subprocess.Popen[str]:
    """A process of its own with the suite's helpers and `root`, its first argument."""
    line = [sys.executable, "-c", PRELUDE + program, *map(str, args)]
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=stdin, text=True)


def ended(process: subprocess.Popen[str]) -> tuple[str, str]:
    with process:
        return process.communicate(timeout=30)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = open_store(tmp_path)
    yield store
    store.close()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def open_mask() -> Iterator[None]:
    """The most generous umask there is."""
    before = os.umask(0)
    yield
    os.umask(before)


# --- the file ---------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("open_mask")
def test_the_file_is_its_owners(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    create(store)
    folder = tmp_path / ".pointsman"
    assert mode(folder) == 0o700
    assert {path.name: mode(path) for path in folder.glob("journal.db*")} == {
        "journal.db": 0o600,
        "journal.db-wal": 0o600,
        "journal.db-shm": 0o600,
    }
    assert (folder / ".gitignore").read_text() == "*\n"
    store.close()


def test_what_is_there_stays(tmp_path: Path, store: SqliteStore) -> None:
    create(store)
    (tmp_path / ".pointsman" / ".gitignore").write_text("mine\n")
    again = open_store(tmp_path)
    assert read(again) == [first()]
    again.close()
    assert (tmp_path / ".pointsman" / ".gitignore").read_text() == "mine\n"


@pytest.mark.parametrize(("durability", "level", "pages"), [("normal", 1, 8000), ("full", 2, 1000)])
def test_what_sqlite_is_told(tmp_path: Path, durability: str, level: int, pages: int) -> None:
    store = open_store(tmp_path, durability)  # type: ignore[arg-type]  # parametrized text
    wanted = {"synchronous": level, "busy_timeout": 5000, "wal_autocheckpoint": pages}
    assert {name: store._con.execute(f"PRAGMA {name}").fetchone()[0] for name in wanted} == wanted
    assert store._con.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    store.close()


def test_the_payload_is_text_for_sqlite_and_jq(store: SqliteStore) -> None:
    create(store)
    store.append("run-1", 1, stage(2, {"label": "bug"}))
    con = sqlite3.connect(store.path)
    found = con.execute(
        "SELECT typeof(payload), json_extract(payload, '$.value.label'), kind = json_extract(payload, '$.kind')"
        " FROM events WHERE kind = 'attempt.result'"
    ).fetchall()
    con.close()
    assert found == [("text", "bug", 1)]


# --- other processes --------------------------------------------------------------------------------------------------


def test_a_reader_sees_what_another_process_writes(tmp_path: Path, store: SqliteStore) -> None:
    create(store)
    writer = python(
        """
store = open_store(root)
for line in sys.stdin:
    store.append("run-1", 1, stage(int(line)))
    print("done", flush=True)
store.close()
""",
        tmp_path,
        stdin=subprocess.PIPE,
    )
    assert writer.stdin is not None
    assert writer.stdout is not None
    reading = store.records("run-1")
    assert next(reading).seq == 1
    for start in (2, 6, 10):
        writer.stdin.write(f"{start}\n")
        writer.stdin.flush()
        assert writer.stdout.readline() == "done\n"
        assert len(read(store)) == start + 3
    assert [record.seq for record in reading] == list(range(2, 14))
    assert ended(writer) == ("", "")


def test_a_read_that_is_not_finished_stops_no_writer(tmp_path: Path, store: SqliteStore) -> None:
    create(store)
    reader = sqlite3.connect(store.path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM events").fetchone()
    for at in range(20):
        store.append("run-1", 1, stage(2 + 4 * at))
    assert reader.execute("SELECT count(*) FROM events").fetchone() == (1,)
    reader.close()


def test_processes_that_make_one_journal_together(tmp_path: Path) -> None:
    program = """
sys.stdin.read()
store = open_store(root)
create(store, sys.argv[2])
for at in range(20):
    store.append(sys.argv[2], 1, stage(2 + 4 * at))
store.close()
"""
    processes = [python(program, tmp_path, f"run-{at}", stdin=subprocess.PIPE) for at in range(4)]
    assert [ended(process) for process in processes] == [("", "")] * 4
    store = open_store(tmp_path)
    assert {(each.id, each.events) for each in store.runs()} == {(f"run-{at}", 81) for at in range(4)}
    assert all(store.verify(each.id) is None for each in store.runs())
    store.close()


@pytest.mark.parametrize("durability", ["normal", "full"])
def test_a_killed_writer_leaves_whole_commits(tmp_path: Path, durability: str) -> None:
    program = """
store = open_store(root, sys.argv[2])
create(store)
at = 2
while True:
    big = "x" * (70_000 if at % 40 == 2 else 10)
    store.append("run-1", 1, stage(at, big))
    at += 4
    print(at - 1, flush=True)
"""
    for commits in (1, 2, 3, 11, 60, 400):
        root = tmp_path / str(commits)
        root.mkdir()
        with python(program, root, durability) as process:
            assert process.stdout is not None
            said = [process.stdout.readline() for _ in range(commits)][-1]
            process.send_signal(signal.SIGKILL)  # it is anywhere in the appends after that one
            said = process.stdout.read().rpartition("\n")[0].rpartition("\n")[2] or said
        store = open_store(root)
        seqs = [record.seq for record in store.records("run-1")]
        assert seqs == list(range(1, len(seqs) + 1))
        assert len(seqs) % 4 == 1, "a commit is whole or not there"
        assert len(seqs) >= int(said), "what was said to be durable is"
        assert store.verify("run-1") is None
        assert store.run("run-1").status == "interrupted"
        lease = store.take_lease("run-1", "host-2", 42, 7)
        store.append("run-1", lease.fence, stage(len(seqs) + 1))
        assert store.verify("run-1") is None
        store.close()


def test_a_death_inside_the_transaction(tmp_path: Path) -> None:
    program = """
import os, signal
store = open_store(root)
create(store)
store.append("run-1", 1, stage(2))
def die(statement):
    if statement.startswith(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
store._con.set_trace_callback(die)
store.append("run-1", 1, stage(6))
"""
    for at, statement in enumerate(("BEGIN", "SELECT 1", "INSERT", "COMMIT")):
        root = tmp_path / str(at)
        root.mkdir()
        with python(program, root, statement) as process:
            process.communicate(timeout=30)
        assert process.returncode == -signal.SIGKILL, statement
        store = open_store(root)
        assert len(read(store)) == 5
        assert store.verify("run-1") is None
        store.close()


# --- what the world does ----------------------------------------------------------------------------------------------


def test_a_lock_held_too_long_is_said_and_nothing_is_lost(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "journal.db", busy_ms=20)
    create(store)
    holder = sqlite3.connect(tmp_path / "journal.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    writes: list[Callable[[], None]] = [
        lambda: store.append("run-1", 1, stage(2)),
        lambda: store.set_status("run-1", 1, "waiting"),
        lambda: store.add_definitions([]),
    ]
    for write in writes:
        with pytest.raises(JournalError) as caught:
            write()
        assert caught.value.code == "journal_locked"
        assert caught.value.hint
    codes = [getattr(each, "code", "") for each in store.append_many([("run-1", 1, stage(2)), ("run-1", 1, stage(6))])]
    assert codes == ["journal_locked"] * 2
    assert read(store) == [first()], "reading goes on"
    holder.execute("ROLLBACK")
    holder.close()
    store.append("run-1", 1, stage(2))
    assert store.verify("run-1") is None
    store.close()


def test_a_lock_that_is_let_go_is_waited_for(tmp_path: Path, store: SqliteStore) -> None:
    create(store)
    holder = python(
        """
import sqlite3
con = sqlite3.connect(root / ".pointsman" / "journal.db", isolation_level=None)
con.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
con.execute("ROLLBACK")
con.close()
""",
        tmp_path,
        stdin=subprocess.PIPE,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    letting_go = threading.Thread(target=ended, args=(holder,))

    def begins(statement: str) -> None:
        if statement.startswith("BEGIN"):
            letting_go.start()

    store._con.set_trace_callback(begins)
    store.append("run-1", 1, stage(2))
    store._con.set_trace_callback(None)
    letting_go.join()
    assert len(read(store)) == 5


def test_a_full_disk_takes_nothing_that_was_written(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "journal.db")
    create(store)
    (pages,) = store._con.execute("PRAGMA page_count").fetchone()
    store._con.execute(f"PRAGMA max_page_count = {pages + 8}")
    at = 2
    full = None
    while full is None:
        try:
            store.append("run-1", 1, stage(at, "x" * 1000))
            at += 4
        except JournalError as error:
            full = error
    assert full.code == "journal_full"
    assert "nothing already written is lost" in full.message
    outcomes = store.append_many([("run-1", 1, stage(at, "x" * 9000)), ("run-1", 1, stage(at + 4, "x" * 9000))])
    assert getattr(outcomes[0], "code", "") == "journal_full"
    assert len(read(store)) == at - 1
    assert store.verify("run-1") is None
    store._con.execute(f"PRAGMA max_page_count = {pages + 1000}")
    store.append("run-1", 1, stage(at, "x" * 1000))
    assert store.verify("run-1") is None
    store.close()


def test_a_file_that_may_not_grow(tmp_path: Path) -> None:
    program = """
import resource, signal
from pointsman.errors import JournalError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = open_store(root)
create(store)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
at = 2
try:
    while True:
        store.append("run-1", 1, stage(at, "x" * 1000))
        at += 4
except JournalError as error:
    print(error.code, at - 1, len(list(store.records("run-1"))))
store.close()
"""
    out, err = ended(python(program, tmp_path))
    assert err == ""
    code, wanted, found = out.split()
    assert (code, found) == ("journal_full", wanted)
    store = open_store(tmp_path)
    assert len(read(store)) == int(wanted)
    assert store.verify("run-1") is None
    store.close()


def test_a_value_over_sqlites_limit(store: SqliteStore) -> None:
    create(store)
    store._con.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 100_000)
    with pytest.raises(JournalError) as caught:
        store.append("run-1", 1, records(2, AttemptResult("e", 1, "x" * 200_000)))
    assert caught.value.code == "journal_too_big"
    outcomes = store.append_many(
        [("run-1", 1, records(2, AttemptResult("e", 1, "x" * 200_000))), ("run-1", 1, stage(2))]
    )
    assert [getattr(outcome, "code", None) for outcome in outcomes] == ["journal_too_big", None]
    assert len(read(store)) == 5


def test_a_journal_that_may_only_be_read(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    SqliteStore(path).close()
    con = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    with pytest.raises(sqlite3.OperationalError) as caught:
        con.execute("DELETE FROM runs")
    con.close()
    assert database.explained(caught.value, path).code == "journal_read_only"
    assert database.explained(PermissionError(), path).code == "journal_read_only"


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(JournalError) as caught:
        open_store(tmp_path / "gone")
    assert "gone" in caught.value.message


# --- files that are no journal of ours --------------------------------------------------------------------------------


def refused(path: Path) -> JournalError:
    before = path.read_bytes()
    with pytest.raises(JournalError) as caught:
        SqliteStore(path)
    assert path.read_bytes() == before, "and it was left alone"
    return caught.value


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(b"no database at all" * 1000)
    error = refused(path)
    assert error.code == "journal_damaged"
    assert "Move it aside" in error.hint


def test_a_database_of_another_program(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    con = sqlite3.connect(path)
    con.execute("CREATE TABLE theirs (x)")
    con.close()
    error = refused(path)
    assert error.code == "journal_damaged"
    assert "another program" in error.message


def test_a_journal_of_a_newer_program(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    SqliteStore(path).close()
    con = sqlite3.connect(path)
    with con:
        con.execute("UPDATE meta SET value = '2' WHERE key = 'schema'")
    con.close()
    error = refused(path)
    assert error.code == "journal_newer"
    assert "Upgrade pointsman" in error.hint


def test_an_event_of_a_newer_program(store: SqliteStore) -> None:
    create(store)
    store.append("run-1", 1, stage(2))
    store._con.execute("UPDATE events SET v = 99 WHERE seq = 3")
    reading = store.records("run-1")
    assert [next(reading).seq, next(reading).seq] == [1, 2]
    with pytest.raises(JournalError) as caught:
        next(reading)
    assert caught.value.code == "journal_newer"


def test_pages_that_were_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    store = SqliteStore(path)
    create(store)
    for at in range(100):
        store.append("run-1", 1, stage(2 + 4 * at))
    store.close()
    data = path.read_bytes()
    path.write_bytes(data[:20_000] + bytes(len(data) - 20_000))
    codes = []
    for ask in (lambda store: read(store), lambda store: store.verify("run-1"), lambda store: store.run("latest")):
        try:
            store = SqliteStore(path)
            with closing(store):
                ask(store)
        except JournalError as error:
            codes.append(error.code)
    assert codes
    assert set(codes) == {"journal_damaged"}


# --- checkpoints ------------------------------------------------------------------------------------------------------


def test_the_log_moves_into_the_file_beside_the_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "COMMITS", 20)
    store = SqliteStore(tmp_path / "journal.db")
    create(store)
    assert not [each for each in threading.enumerate() if each.name == "pointsman-checkpoint"]
    size = store.path.stat().st_size
    at, patience = 0, 1500  # fewer than fill the log to where the writer does it itself
    while store.path.stat().st_size == size and at < patience:
        store.append("run-1", 1, stage(2 + 4 * at))
        at += 1
    assert at < patience
    store.close()
    assert not [each for each in threading.enumerate() if each.name == "pointsman-checkpoint"]
    assert not (tmp_path / "journal.db-wal").exists()
    again = SqliteStore(tmp_path / "journal.db")
    assert again.verify("run-1") is None
    assert again.run("run-1").events == 1 + 4 * at
    again.close()


def test_a_row_is_as_it_was_given(store: SqliteStore) -> None:
    store.create_run(row("other", 7, None), [], [])
    assert store.run("other").events == 0
    store.append("other", 0, [first()])
    assert store.run("other").events == 1
