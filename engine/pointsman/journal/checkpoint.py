"""Moving what is committed from the write-ahead log into the database file, beside the writer and not in its way.

Left to SQLite, each 1,000 pages one commit pays for all: 3 ms at p99.9 where a commit takes 25 us. A second connection
on a thread of its own copies at the same time as the writer writes (0.4 ms at p99.9). While commits follow each other
without a gap the log can not begin anew, so the writer itself still does at `LOG_PAGES`.
"""

import sqlite3
import threading
from contextlib import suppress
from pathlib import Path

from pointsman.journal.store import Durability

COMMITS = 500
"""Commits between two checkpoints: about 4 MB of log, what SQLite itself takes for a good measure."""

LOG_PAGES: dict[Durability, int] = {"normal": 8000, "full": 1000}
"""The log's size at which the writer stops to checkpoint.

32 MB: a busy second fills it, a day of agents does not. Where every commit is flushed 4 MB, for to flush a file that
grows takes twice as long as one that is written over (300 us against 175), and there the writer does it alone.
"""


class Checkpointer:
    """Counts commits, and has a thread once there are enough of them: a short process never starts it."""

    def __init__(self, path: Path, durability: Durability) -> None:
        self._path = path
        self._every = COMMITS if durability == "normal" else 0
        self._commits = 0
        self._wanted = threading.Event()
        self._ending = False
        self._thread: threading.Thread | None = None

    def committed(self) -> None:
        """Another commit is done."""
        self._commits += 1
        if self._every and self._commits % self._every == 0:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="pointsman-checkpoint", daemon=True)
                self._thread.start()
            self._wanted.set()

    def close(self) -> None:
        """End the thread, after the checkpoint it may be in."""
        self._ending = True
        self._wanted.set()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        # A checkpoint that can not be done is no loss: the next one does its work too, and a writer sees the error.
        with suppress(sqlite3.Error):
            con = sqlite3.connect(self._path, isolation_level=None)
            try:
                while self._wanted.wait() and not self._ending:
                    self._wanted.clear()
                    con.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            finally:
                con.close()
