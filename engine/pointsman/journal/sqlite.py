"""The journal in a SQLite file: one workspace's runs in `.pointsman/journal.db`.

Laws:

- One store is one connection and belongs to one thread; other threads and processes open their own.
- Reading never blocks writing (WAL), and pages: no read lasts longer than one page of events.
- A commit is one transaction that looks at the fence first; nothing of it stays when any of it fails.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from msgspec import structs

from pointsman.errors import Fenced, JournalError
from pointsman.folders import OURS, make_ours
from pointsman.journal import select
from pointsman.journal.checkpoint import Checkpointer
from pointsman.journal.codec import decode, join
from pointsman.journal.database import BUSY_MS, connect, explained
from pointsman.journal.hosts import is_alive_in
from pointsman.journal.integrity import Head, Row, check, seal, seed
from pointsman.journal.store import Batch, Damage, Definition, Durability, Lease, RunRow
from pointsman.kernel.events import Record, RunEnded

T = TypeVar("T")

PAGE = 500
"""Events read at once: about 2 ms, so a checkpoint never waits long for a reader to let go."""

_RUN = """SELECT id, pipeline, definition, path, semantics, created_at_ns, outcome, status, ended_at_ns,
    host, pid, fence, endpoint, leased_at_ns, (SELECT max(seq) FROM events WHERE run = runs.id) FROM runs """
_EVENT = "SELECT seq, branch, kind, v, at_ns, CAST(payload AS BLOB) FROM events WHERE run = ? AND seq > ? "
_HELD = "SELECT 1 FROM runs WHERE id = ? AND fence = ? AND (fence = 0 OR host IS NOT NULL)"


def open_store(root: Path, durability: Durability = "normal") -> "SqliteStore":
    """The journal of the workspace at `root`, made when it is missing. Raises JournalError."""
    path = root / OURS / "journal.db"
    try:
        make_ours(str(root))
    except OSError as error:
        raise explained(error, path) from error
    return SqliteStore(path, durability)


class SqliteStore:
    """A `Store` in a file. Hosts' locks lie in `hosts/` beside it; `busy_ms` bounds the wait for other writers."""

    def __init__(self, path: Path, durability: Durability = "normal", *, busy_ms: int = BUSY_MS) -> None:
        self.path = path
        self.durability = durability
        self._hosts = path.parent / "hosts"
        self._con = connect(path, durability, busy_ms)
        self._cursor = self._con.cursor()
        self._checkpointer = Checkpointer(path, durability)
        # Where the chains of the runs we write end. What another connection wrote shows as a seq that is not the
        # next one, and the head is read again; a stale digest can not get by, for its seq would be stale too.
        self._heads: dict[str, Head] = {}

    def create_run(self, row: RunRow, definitions: Sequence[Definition], events: Sequence[Record]) -> None:
        select.check_status(row.status)
        lease = row.lease
        head = Head(0, seed(row.id, row.definition, row.semantics))

        def write() -> Head:
            if self._con.execute("SELECT 1 FROM runs WHERE id = ?", (row.id,)).fetchone():
                raise JournalError("run_exists", f"There is a run {row.id} already")
            self._add_definitions(definitions)
            self._con.execute(
                f"INSERT INTO runs VALUES ({', '.join('?' * 16)})",
                (row.id, row.pipeline, row.definition, row.path, row.semantics, row.created_at_ns)
                + (row.status, row.outcome, row.ended_at_ns)
                + ((lease.fence, lease.host, lease.pid, lease.endpoint, lease.at_ns) if lease else (0, None, 0, "", 0))
                + head,
            )
            return self._add(row.id, head, events)

        self._heads[row.id] = self._commit(write)

    def append(self, run_id: str, fence: int, records: Sequence[Record]) -> None:
        # `_commit` written out: this is the path every part of every run waits for.
        execute = self._cursor.execute
        try:
            execute("BEGIN IMMEDIATE")
            if execute(_HELD, (run_id, fence)).fetchone() is None:
                raise self._fenced(run_id, fence)
            head = self._heads.get(run_id)
            if head is None or (records and records[0].seq != head.seq + 1):
                head = self._head(run_id)
            head = self._add(run_id, head, records)
            execute("COMMIT")
        except sqlite3.Error as error:
            raise self._undone(error) from error
        except BaseException:
            self._roll_back()
            raise
        self._checkpointer.committed()
        self._heads[run_id] = head

    def append_many(self, batches: Sequence[Batch]) -> list[Exception | None]:
        if len(batches) == 1:
            try:
                self.append(*batches[0])
            except Exception as error:  # handed to whoever appended
                return [error]
            return [None]
        outcomes: list[Exception | None] = []
        heads: dict[str, Head] = {}
        execute = self._cursor.execute
        try:
            execute("BEGIN IMMEDIATE")
            for run_id, fence, records in batches:
                execute("SAVEPOINT batch")
                try:
                    self._check_held(run_id, fence)
                    head = heads.get(run_id) or self._heads.get(run_id)
                    if head is None or (records and records[0].seq != head.seq + 1):
                        head = self._head(run_id)
                    heads[run_id] = self._add(run_id, head, records)
                    outcomes.append(None)
                except Exception as error:
                    if not self._con.in_transaction:
                        raise  # SQLite gave up the whole transaction: the disk, not the batch
                    execute("ROLLBACK TO batch")
                    outcomes.append(explained(error, self.path) if isinstance(error, sqlite3.Error) else error)
                execute("RELEASE batch")
            execute("COMMIT")
        except sqlite3.Error as error:
            undone = self._undone(error)
            known = outcomes + [None] * (len(batches) - len(outcomes))
            return [outcome or undone for outcome in known]
        except BaseException:
            self._roll_back()
            raise
        self._checkpointer.committed()
        self._heads |= heads
        return outcomes

    def set_status(self, run_id: str, fence: int, status: str, outcome: str = "", ended_at_ns: int = 0) -> None:
        select.check_status(status)

        def write() -> None:
            self._check_held(run_id, fence)
            self._set_status(run_id, status, outcome, ended_at_ns, self._head(run_id))

        self._commit(write)

    def take_lease(self, run_id: str, host: str, pid: int, at_ns: int, endpoint: str = "") -> Lease:
        def write() -> Lease:
            row, fence = self._row(run_id)
            if row.status == "ended":
                raise select.ended(run_id, row.outcome)
            if row.lease is not None and is_alive_in(self._hosts, row.lease.host):
                raise select.hosted(run_id, row.lease)
            self._con.execute(
                "UPDATE runs SET status = 'running', fence = ?, host = ?, pid = ?, endpoint = ?, leased_at_ns = ?"
                " WHERE id = ?",
                (fence + 1, host, pid, endpoint, at_ns, run_id),
            )
            return Lease(host, pid, fence + 1, endpoint, at_ns)

        return self._commit(write)

    def release_lease(self, run_id: str, fence: int) -> None:
        def write() -> None:
            done = self._con.execute(
                "UPDATE runs SET host = NULL, pid = 0, endpoint = '' WHERE id = ? AND fence = ?", (run_id, fence)
            )
            if done.rowcount == 0:
                raise self._fenced(run_id, fence)
            self._con.execute("UPDATE runs SET head_seq = ?, head = ? WHERE id = ?", (*self._head(run_id), run_id))

        self._commit(write)
        self._heads.pop(run_id, None)

    def add_definitions(self, definitions: Sequence[Definition]) -> None:
        self._commit(lambda: self._add_definitions(definitions))

    def run(self, run_id: str) -> RunRow:
        wanted = select.wanted_by(run_id)
        if wanted is not None:
            at = 0
            while rows := self._rows("ORDER BY created_at_ns DESC, rowid DESC LIMIT ? OFFSET ?", (PAGE, at)):
                for row, _ in rows:
                    if select.is_wanted(row, wanted):
                        return row
                at += PAGE
        elif found := self._rows("WHERE id = ?", (run_id,)):
            return found[0][0]
        elif run_id and (found := self._rows("WHERE substr(id, 1, ?) = ? LIMIT 9", (len(run_id), run_id))):
            select.pick(run_id, [row.id for row, _ in found])
            return found[0][0]
        raise self._unknown(run_id)

    def runs(self, limit: int = 50) -> list[RunRow]:
        return [row for row, _ in self._rows("ORDER BY created_at_ns DESC, rowid DESC LIMIT ?", (limit,))]

    def records(self, run_id: str, after: int = 0, until: int | None = None) -> Iterator[Record]:
        self._row(run_id)
        return self._read(run_id, after, until)

    def verify(self, run_id: str) -> Damage | None:
        (row, _), (noted,) = self._row(run_id), self._all("SELECT head_seq, head FROM runs WHERE id = ?", (run_id,))
        # Straight from the cursor: a reader in a WAL file sees one moment and stands in nobody's way.
        events = self._con.execute(
            "SELECT seq, CAST(branch AS BLOB), CAST(kind AS BLOB), v, at_ns, CAST(payload AS BLOB), digest"
            " FROM events WHERE run = ? ORDER BY seq",
            (run_id,),
        )
        try:
            return check(row, map(Row._make, events), Head(*noted) if noted[0] else None, self._blob, self._definition)
        except sqlite3.Error as error:
            raise explained(error, self.path) from error
        finally:
            events.close()

    def definition(self, hash: str) -> Definition:
        found = self._definition(hash)
        if found is None:
            raise JournalError("definition_missing", f"The journal has no text {hash[:12]}")
        return found

    def close(self) -> None:
        self._checkpointer.close()
        self._con.close()

    # --- inside a transaction -----------------------------------------------------------------------------------------

    def _add(self, run_id: str, head: Head, records: Sequence[Record]) -> Head:
        head, rows, blobs = seal(head, records)
        # The payload goes in as bytes and is stored as text: encoding it twice would cost more than the cast.
        self._cursor.executemany(
            "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, CAST(? AS TEXT), ?)",
            [(run_id, *row) for row in rows],
        )
        if blobs:
            self._con.executemany("INSERT OR IGNORE INTO blobs VALUES (?, CAST(? AS TEXT))", list(blobs.items()))
        if records and isinstance(last := records[-1].event, RunEnded):
            self._set_status(run_id, "ended", last.outcome, records[-1].at_ns, head)
        return head

    def _set_status(self, run_id: str, status: str, outcome: str, ended_at_ns: int, head: Head) -> None:
        self._con.execute(
            "UPDATE runs SET status = ?, outcome = ?, ended_at_ns = ?, head_seq = ?, head = ? WHERE id = ?",
            (status, outcome, ended_at_ns, *head, run_id),
        )

    def _add_definitions(self, definitions: Sequence[Definition]) -> None:
        self._con.executemany(
            "INSERT OR IGNORE INTO definitions VALUES (?, ?, ?, ?)",
            [(one.hash, one.kind, one.path, one.text) for one in definitions],
        )

    def _check_held(self, run_id: str, fence: int) -> None:
        if self._cursor.execute(_HELD, (run_id, fence)).fetchone() is None:
            raise self._fenced(run_id, fence)

    def _fenced(self, run_id: str, fence: int) -> JournalError:
        found = self._con.execute("SELECT fence FROM runs WHERE id = ?", (run_id,)).fetchone()
        if found is None:
            return JournalError("run_unknown", f"There is no run {run_id!r} to write to")
        return Fenced("fenced", f"Run {run_id} is no longer ours to write: we hold fence {fence}, it is at {found[0]}")

    def _head(self, run_id: str) -> Head:
        found = self._con.execute(
            "SELECT seq, digest FROM events WHERE run = ? ORDER BY seq DESC LIMIT 1", (run_id,)
        ).fetchone()
        if found is None:
            row, _ = self._row(run_id)
            return Head(0, seed(row.id, row.definition, row.semantics))
        return Head(*found)

    def _commit(self, write: Callable[[], T]) -> T:
        try:
            self._con.execute("BEGIN IMMEDIATE")
            value = write()
            self._con.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._undone(error) from error
        except BaseException:
            self._roll_back()
            raise
        return value

    def _undone(self, error: sqlite3.Error) -> JournalError:
        self._roll_back()
        return explained(error, self.path)

    def _roll_back(self) -> None:
        # After a full disk SQLite may have rolled back by itself, or be unable to say so; the next one begins anew.
        if self._con.in_transaction:
            with suppress(sqlite3.Error):
                self._con.execute("ROLLBACK")

    # --- reading ------------------------------------------------------------------------------------------------------

    def _all(self, statement: str, values: Sequence[Any]) -> list[Any]:
        try:
            return self._con.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise explained(error, self.path) from error

    def _rows(self, where: str, values: Sequence[Any]) -> list[tuple[RunRow, int]]:
        """Runs and their fences."""
        return [(self._as_row(found), found[11]) for found in self._all(_RUN + where, values)]

    def _row(self, run_id: str) -> tuple[RunRow, int]:
        found = self._rows("WHERE id = ?", (run_id,))
        if not found:
            raise self._unknown(run_id)
        return found[0]

    def _as_row(self, found: Sequence[Any]) -> RunRow:
        columns, (host, pid, fence, endpoint, at_ns, events) = found[:9], found[9:]
        lease = None if host is None else Lease(host, pid, fence, endpoint, at_ns)
        row = structs.replace(RunRow(*columns), lease=lease, events=events or 0)
        if row.status != "running":
            return row
        return select.as_it_stands(row, lease is not None and is_alive_in(self._hosts, lease.host))

    def _unknown(self, run_id: str) -> Exception:
        ids = self._all("SELECT id FROM runs ORDER BY created_at_ns DESC, rowid DESC LIMIT 1000", ())
        return select.unknown(run_id, [found[0] for found in ids])

    def _read(self, run_id: str, after: int, until: int | None) -> Iterator[Record]:
        last = 2**63 - 1 if until is None else until
        while page := self._all(_EVENT + "AND seq <= ? ORDER BY seq LIMIT ?", (run_id, after, last, PAGE)):
            for seq, branch, kind, v, at_ns, payload in page:
                yield Record(seq, branch, at_ns, decode(kind, v, join(payload, self._blob)))
            after = page[-1][0]

    def _blob(self, sha256: str) -> bytes | None:
        found = self._all("SELECT CAST(data AS BLOB) FROM blobs WHERE sha256 = ?", (sha256,))
        return found[0][0] if found else None

    def _definition(self, hash: str) -> Definition | None:
        found = self._all("SELECT hash, kind, path, CAST(text AS BLOB) FROM definitions WHERE hash = ?", (hash,))
        return Definition(*found[0]) if found else None
