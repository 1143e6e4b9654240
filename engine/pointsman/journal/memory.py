"""A journal in memory: for tests, for library use without a file, and as the peer SQLite is measured against.

Events are kept encoded and chained as on disk, so what it saves is the disk and nothing else. Whoever holds a lease
is alive as long as this object is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from msgspec import structs

from pointsman.errors import Fenced, JournalError
from pointsman.journal import select
from pointsman.journal.codec import decode, join
from pointsman.journal.integrity import Head, Row, Sealed, check, seal, seed
from pointsman.journal.store import Batch, Damage, Definition, Lease, RunRow
from pointsman.kernel.events import Record, RunEnded


@dataclass(slots=True)
class _Run:
    row: RunRow
    fence: int
    head: Head
    events: list[Sealed] = field(default_factory=list)
    noted: Head | None = None


class MemoryStore:
    """A `Store` that lives as long as its object."""

    def __init__(self) -> None:
        self._runs: dict[str, _Run] = {}
        self._definitions: dict[str, Definition] = {}
        self._blobs: dict[str, bytes] = {}

    def create_run(self, row: RunRow, definitions: Sequence[Definition], events: Sequence[Record]) -> None:
        if row.id in self._runs:
            raise JournalError("run_exists", f"There is a run {row.id} already")
        select.check_status(row.status)
        run = _Run(row, row.lease.fence if row.lease else 0, Head(0, seed(row.id, row.definition, row.semantics)))
        self._add(run, events)
        self.add_definitions(definitions)
        self._runs[row.id] = run

    def append(self, run_id: str, fence: int, records: Sequence[Record]) -> None:
        self._add(self._held(run_id, fence), records)

    def append_many(self, batches: Sequence[Batch]) -> list[Exception | None]:
        outcomes: list[Exception | None] = []
        for run_id, fence, records in batches:
            try:
                self.append(run_id, fence, records)
                outcomes.append(None)
            except Exception as error:  # handed to whoever appended
                outcomes.append(error)
        return outcomes

    def set_status(self, run_id: str, fence: int, status: str, outcome: str = "", ended_at_ns: int = 0) -> None:
        select.check_status(status)
        run = self._held(run_id, fence)
        run.row = structs.replace(run.row, status=status, outcome=outcome, ended_at_ns=ended_at_ns)
        run.noted = run.head

    def take_lease(self, run_id: str, host: str, pid: int, at_ns: int, endpoint: str = "") -> Lease:
        run = self._run(run_id)
        if run.row.status == "ended":
            raise select.ended(run_id, run.row.outcome)
        if run.row.lease is not None:
            raise select.hosted(run_id, run.row.lease)
        run.fence += 1
        lease = Lease(host, pid, run.fence, endpoint, at_ns)
        run.row = structs.replace(run.row, status="running", lease=lease)
        return lease

    def release_lease(self, run_id: str, fence: int) -> None:
        run = self._runs.get(run_id)
        if run is None or run.fence != fence:
            raise _fenced(run_id, fence, run)
        run.row = structs.replace(run.row, lease=None)
        run.noted = run.head

    def add_definitions(self, definitions: Sequence[Definition]) -> None:
        for definition in definitions:
            self._definitions.setdefault(definition.hash, definition)

    def run(self, run_id: str) -> RunRow:
        wanted = select.wanted_by(run_id)
        if wanted is not None:
            for row in self.runs(len(self._runs)):
                if select.is_wanted(row, wanted):
                    return row
        elif run_id in self._runs:
            return _row(self._runs[run_id])
        elif run_id and (found := [known for known in self._runs if known.startswith(run_id)]):
            return _row(self._runs[select.pick(run_id, found)])
        raise select.unknown(run_id, [row.id for row in self.runs(1000)])

    def runs(self, limit: int = 50) -> list[RunRow]:
        newest = sorted(reversed(self._runs.values()), key=lambda run: run.row.created_at_ns, reverse=True)
        return [_row(run) for run in newest[:limit]]

    def records(self, run_id: str, after: int = 0, until: int | None = None) -> Iterator[Record]:
        return self._read(self._run(run_id).events, max(after, 0), until)

    def verify(self, run_id: str) -> Damage | None:
        run = self._run(run_id)
        rows = (Row(e.seq, e.branch.encode(), e.kind.encode(), *e[3:]) for e in run.events)
        return check(run.row, rows, run.noted, self._blobs.get, self._definitions.get)

    def definition(self, hash: str) -> Definition:
        try:
            return self._definitions[hash]
        except KeyError:
            raise JournalError("definition_missing", f"The journal has no text {hash[:12]}") from None

    def close(self) -> None:
        """Nothing to give back: what it holds goes with it."""

    def _add(self, run: _Run, records: Sequence[Record]) -> None:
        head, rows, blobs = seal(run.head, records)
        run.events.extend(rows)
        run.head = head
        self._blobs.update(blobs)
        if records and isinstance(last := records[-1].event, RunEnded):
            run.row = structs.replace(run.row, status="ended", outcome=last.outcome, ended_at_ns=records[-1].at_ns)
            run.noted = head

    def _read(self, events: list[Sealed], at: int, until: int | None) -> Iterator[Record]:
        while at < len(events) and (until is None or at < until):
            e = events[at]
            yield Record(e.seq, e.branch, e.at_ns, decode(e.kind, e.v, join(e.payload, self._blobs.get)))
            at += 1

    def _run(self, run_id: str) -> _Run:
        run = self._runs.get(run_id)
        if run is None:
            raise select.unknown(run_id, [row.id for row in self.runs(1000)])
        return run

    def _held(self, run_id: str, fence: int) -> _Run:
        run = self._runs.get(run_id)
        if run is None or run.fence != fence or (fence and run.row.lease is None):
            raise _fenced(run_id, fence, run)
        return run


def _row(run: _Run) -> RunRow:
    row = structs.replace(run.row, events=run.head.seq)
    return select.as_it_stands(row, row.lease is not None)


def _fenced(run_id: str, fence: int, run: _Run | None) -> JournalError:
    if run is None:
        return JournalError("run_unknown", f"There is no run {run_id!r} to write to")
    return Fenced("fenced", f"Run {run_id} is no longer ours to write: we hold fence {fence}, it is at {run.fence}")
