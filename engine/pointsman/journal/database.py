"""A journal's SQLite file: opened, made, and its errors told in our words.

Laws: the file belongs to one user (0600, in a folder of 0700 that no repository takes in); another program's file is
never written to; a file of a newer version is left alone.
"""

import os
import sqlite3
import threading
import time
from pathlib import Path

from pointsman.errors import JournalError
from pointsman.journal.checkpoint import LOG_PAGES
from pointsman.journal.store import Durability

SCHEMA_VERSION = 1
APPLICATION_ID = 0x504E544D  # "PNTM": `file journal.db` shows it
BUSY_MS = 5000
"""How long a write waits for another process's: a hundred times the longest commit seen, less than a person would."""

# `events` keeps its rowid: with 1,000 runs written in turns a commit of four took 17 us, WITHOUT ROWID 22, for there
# every run's tail is a page somewhere in the middle of one tree, here all of them are the end of it.
_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE definitions (
    hash TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    path TEXT NOT NULL,
    text BLOB NOT NULL
);
CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    pipeline TEXT NOT NULL,
    definition TEXT NOT NULL,
    path TEXT NOT NULL,
    semantics INTEGER NOT NULL,
    created_at_ns INTEGER NOT NULL,
    status TEXT NOT NULL,
    outcome TEXT NOT NULL,
    ended_at_ns INTEGER NOT NULL,
    fence INTEGER NOT NULL,
    host TEXT,
    pid INTEGER NOT NULL,
    endpoint TEXT NOT NULL,
    leased_at_ns INTEGER NOT NULL,
    head_seq INTEGER NOT NULL,
    head BLOB NOT NULL
);
CREATE INDEX runs_by_age ON runs (created_at_ns);
CREATE TABLE events (
    run TEXT NOT NULL,
    seq INTEGER NOT NULL,
    branch TEXT NOT NULL,
    kind TEXT NOT NULL,
    v INTEGER NOT NULL,
    at_ns INTEGER NOT NULL,
    payload TEXT NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (run, seq)
);
CREATE TABLE blobs (sha256 TEXT PRIMARY KEY, data TEXT NOT NULL);
"""

# A quota or a file size limit is no "disk full" to SQLite but a write that failed.
_NO_ROOM = (
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR_WRITE,
    sqlite3.SQLITE_IOERR_FSYNC,
    sqlite3.SQLITE_IOERR_TRUNCATE,
    sqlite3.SQLITE_IOERR_SHMSIZE,
)

# Closing any file descriptor of a file drops all of a process's locks on it (POSIX): while one thread makes the file,
# no other may be opening it.
_opening = threading.Lock()


def connect(path: Path, durability: Durability, busy_ms: int = BUSY_MS) -> sqlite3.Connection:
    """Open the journal at `path`, making it when it is missing. Raises JournalError."""
    con = None
    try:
        with _opening:
            _create(path)
            con = sqlite3.connect(path, timeout=busy_ms / 1000, isolation_level=None)
            _prepare(con, path, durability, busy_ms)
            return con
    except (sqlite3.Error, OSError, JournalError) as error:
        if con is not None:
            con.close()
        raise explained(error, path) from error


def explained(error: sqlite3.Error | OSError | JournalError, path: Path) -> JournalError:
    """What SQLite or the system said, as a JournalError with what to do."""
    if isinstance(error, JournalError):
        return error
    if isinstance(error, PermissionError):
        return _read_only(path)
    # Extended codes keep the plain one in their low byte.
    code: int | None = getattr(error, "sqlite_errorcode", None)
    match code if code is None else code & 0xFF:
        case None if isinstance(error, sqlite3.OperationalError):
            return _damaged(path, str(error))  # Python's own: a text that is not UTF-8
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return JournalError(
                "journal_locked",
                f"Another process has kept {path} locked",
                f"See who holds it: lsof {path}",
            )
        case sqlite3.SQLITE_FULL | sqlite3.SQLITE_IOERR if code in _NO_ROOM:
            return JournalError(
                "journal_full",
                f"{path} can not grow ({error}); nothing already written is lost",
                "Make room on its disk, then resume the run.",
            )
        case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT:
            return _damaged(path, str(error))
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return _read_only(path)
        case sqlite3.SQLITE_TOOBIG:
            return JournalError("journal_too_big", "One value is over SQLite's limit of 1 GB", "Keep it in a file.")
        case _:
            return JournalError("journal_failed", f"{path}: {error}")


def _create(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))  # SQLite gives -wal and -shm the same mode
    except FileExistsError:
        return


def _prepare(con: sqlite3.Connection, path: Path, durability: Durability, busy_ms: int) -> None:
    (application,) = con.execute("PRAGMA application_id").fetchone()
    if application != APPLICATION_ID:
        if con.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] and not _is_ours(con):
            raise _damaged(path, "it is a database of another program")
        _make_tables(con, busy_ms)
    (version,) = con.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
    if int(version) > SCHEMA_VERSION:
        raise JournalError(
            "journal_newer",
            f"{path} has schema version {version}; this program knows {SCHEMA_VERSION}",
            "Upgrade pointsman, or read it with the version that wrote it.",
        )
    con.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES[durability]}")
    con.execute(f"PRAGMA synchronous = {'FULL' if durability == 'full' else 'NORMAL'}")


def _make_tables(con: sqlite3.Connection, busy_ms: int) -> None:
    # Changing to WAL does not wait for a lock by itself, and two processes may well make one file together.
    deadline = time.monotonic() + busy_ms / 1000
    while True:
        try:
            con.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.002)
    con.execute("BEGIN IMMEDIATE")
    if not _is_ours(con):
        for statement in _SCHEMA.split(";"):
            con.execute(statement)
        con.execute("INSERT INTO meta VALUES ('schema', ?)", (str(SCHEMA_VERSION),))
        con.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    con.execute("COMMIT")


def _is_ours(con: sqlite3.Connection) -> bool:
    return bool(con.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID)


def _damaged(path: Path, why: str) -> JournalError:
    return JournalError(
        "journal_damaged",
        f"{path} can not be read as a journal: {why}",
        f"Move it aside (mv {path} {path}.bad) to begin a new one; `sqlite3 {path}.bad .recover` may save its runs.",
    )


def _read_only(path: Path) -> JournalError:
    return JournalError(
        "journal_read_only",
        f"{path} and its folder can not be written by this user",
        "Give the folder back to yourself, or copy it to where you may write.",
    )
