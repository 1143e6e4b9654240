"""The event store: every run, event by event, as it happened."""

from pointsman.journal.hosts import HostLock, host_is_alive
from pointsman.journal.memory import MemoryStore
from pointsman.journal.sqlite import SqliteStore, open_store
from pointsman.journal.store import Batch, Damage, Definition, Durability, Lease, RunRow, Store
from pointsman.journal.writer import InlineWriter, ThreadWriter, Writer, thread_writer

__all__ = [
    "Batch",
    "Damage",
    "Definition",
    "Durability",
    "HostLock",
    "InlineWriter",
    "Lease",
    "MemoryStore",
    "RunRow",
    "SqliteStore",
    "Store",
    "ThreadWriter",
    "Writer",
    "host_is_alive",
    "open_store",
    "thread_writer",
]
