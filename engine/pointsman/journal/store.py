"""What a journal is, whatever keeps it: the row types and the protocol of every store.

Laws:

- A run's events are its history: they are only ever appended, in order, without a gap.
- Who writes holds the lease and names its fence; a writer with another fence writes nothing.
- Each call that writes is one commit: all of it is there afterwards, or none of it.

`tests/conformance/store_suite.py` is this protocol as tests; a new store passes it unchanged.
"""

from collections.abc import Iterator, Sequence
from typing import Literal, Protocol

from msgspec import Struct

from pointsman.kernel.events import Record

Durability = Literal["normal", "full"]
"""What a power loss takes: `normal` the last moments, `full` nothing. A crash of the process takes nothing."""


class Lease(Struct, frozen=True):
    """Who runs a run: `fence` grows by one with each new holder, `endpoint` is where the host listens."""

    host: str
    pid: int
    fence: int
    endpoint: str = ""
    at_ns: int = 0


class RunRow(Struct, frozen=True):
    """A run as a list shows it. `definition` is the hash of the pipeline's text, `semantics` the version of `step`.

    `status`: running, waiting, ended, interrupted; `outcome` is empty while the run has not ended. `events` is the
    `seq` of the last one. Times are Unix nanoseconds.
    """

    id: str
    pipeline: str
    definition: str
    path: str
    semantics: int
    created_at_ns: int
    outcome: str = ""
    status: str = "running"
    ended_at_ns: int = 0
    lease: Lease | None = None
    events: int = 0


class Definition(Struct, frozen=True):
    """A text a run was started with; `hash` is the sha256 of `text` in hex, `kind` as in `kernel.events.Pin`."""

    hash: str
    kind: str
    path: str
    text: bytes


class Damage(Struct, frozen=True):
    """The first thing in a run that is not what was written. `seq` is 0 when it is not an event."""

    seq: int
    kind: str
    what: str
    definition: str = ""


Batch = tuple[str, int, Sequence[Record]]
"""Run id, fence and records of one append."""

STATUSES = ("running", "waiting", "ended", "interrupted")


class Store(Protocol):
    """A journal. One store belongs to one thread; any number of stores may be open on one file."""

    def create_run(self, row: RunRow, definitions: Sequence[Definition], events: Sequence[Record]) -> None:
        """Write a new run, its definitions and its first events in one commit.

        Raises JournalError `run_exists`.
        """
        ...

    def append(self, run_id: str, fence: int, records: Sequence[Record]) -> None:
        """Write the next events of a run in one commit; a `run.ended` ends the run's row in the same commit.

        Raises Fenced, or JournalError: `run_unknown`, `journal_order` (a gap, or an event that is there already),
        `journal_locked`, `journal_full`, `journal_damaged`.
        """
        ...

    def append_many(self, batches: Sequence[Batch]) -> list[Exception | None]:
        """Write several appends in one commit, in order; what one of them did wrong does not harm the others."""
        ...

    def set_status(self, run_id: str, fence: int, status: str, outcome: str = "", ended_at_ns: int = 0) -> None:
        """Say how the run stands; under the lease, so before it is released. Raises Fenced."""
        ...

    def take_lease(self, run_id: str, host: str, pid: int, at_ns: int, endpoint: str = "") -> Lease:
        """Become the host of a run that has none alive; the run is running from then on.

        Raises RunUnavailable: `run_is_hosted` while the holder lives, `run_ended`, `run_unknown`.
        """
        ...

    def release_lease(self, run_id: str, fence: int) -> None:
        """Stop being the host; the fence can write no more. Doing it twice is fine. Raises Fenced."""
        ...

    def add_definitions(self, definitions: Sequence[Definition]) -> None:
        """Keep texts; one that is there already stays as it is."""
        ...

    def run(self, run_id: str) -> RunRow:
        """The run of an id, a unique prefix of one, `latest`, or `latest:<outcome or status>`.

        Raises RunUnavailable: `run_unknown`, `run_ambiguous`.
        """
        ...

    def runs(self, limit: int = 50) -> list[RunRow]:
        """The runs, newest first."""
        ...

    def records(self, run_id: str, after: int = 0, until: int | None = None) -> Iterator[Record]:
        """The events with `after` < seq <= `until`, in order, read in pages: a slow reader holds nothing open.

        Raises RunUnavailable `run_unknown` at the call; while reading JournalError: `journal_newer`,
        `journal_damaged`.
        """
        ...

    def verify(self, run_id: str) -> Damage | None:
        """The first event, blob or pinned definition that is not what was written; None when all is well."""
        ...

    def definition(self, hash: str) -> Definition:
        """The text of a hash. Raises JournalError `definition_missing`."""
        ...

    def close(self) -> None:
        """Give everything back; what was appended is committed already."""
        ...
