"""The digest chain: every event sealed to the one before it, and the pass that finds the first one that was changed.

A digest is the sha256 of the digest before, the event's columns and its payload as stored. The first link is seeded
by the run's id, definition hash and semantics, so these can not be swapped unseen either. The chain shows accidents
and edits; it is no signature: who can rewrite the whole file can compute it anew.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import NamedTuple, TypeVar

import msgspec

from pointsman.errors import JournalError
from pointsman.journal.codec import BLOB_BYTES, KIND_OF, blob_hashes, decode, encode, join, split
from pointsman.journal.store import Damage, Definition, RunRow
from pointsman.kernel.events import VERSIONS, Event, PolicyStamp, Record, RunEnded, RunStarted

E = TypeVar("E", bound=Event)


class Head(NamedTuple):
    """Where a chain ends: the last event's `seq` and digest; 0 and the seed in an empty run."""

    seq: int
    digest: bytes


class Sealed(NamedTuple):
    """An event as it is stored."""

    seq: int
    branch: str
    kind: str
    v: int
    at_ns: int
    payload: bytes
    digest: bytes


class Row(NamedTuple):
    """An event as it is read back to be checked: text as bytes, for it may be no UTF-8 any more."""

    seq: int
    branch: bytes
    kind: bytes
    v: int
    at_ns: int
    payload: bytes
    digest: bytes


def seed(run_id: str, definition: str, semantics: int) -> bytes:
    """The link before the first event."""
    return sha256(f"pointsman run {len(run_id)}:{run_id}{len(definition)}:{definition}{semantics}".encode()).digest()


def link(before: bytes, seq: int, branch: bytes, kind: bytes, v: int, at_ns: int, payload: bytes) -> bytes:
    """The digest of one event. The lengths keep two texts apart, whatever is in them.

    Numbers are written as Python shows them (`%a`): an edited column may hold no whole number, and is no other one.
    """
    head = b"%a:%a:%a:%d:%d:" % (seq, v, at_ns, len(branch), len(kind))
    return sha256(b"".join((before, head, branch, kind, payload))).digest()


def seal(head: Head, records: Sequence[Record]) -> tuple[Head, list[Sealed], dict[str, bytes]]:
    """Encode and chain events: the new head, the rows, and the blobs by hash.

    Raises JournalError `journal_order` for a seq that is not the next one, Misuse `not_json`.
    """
    seq, digest = head
    rows = []
    blobs: dict[str, bytes] = {}
    for record in records:
        seq += 1
        if record.seq != seq:
            raise JournalError(
                "journal_order", f"The next event of this run is {seq}, not {record.seq}", "Read the run again."
            )
        name, at_ns, event = record.branch, record.at_ns, record.event
        kind, kind_bytes, v = _COLUMNS[type(event)]
        payload = encode(event)
        if len(payload) > BLOB_BYTES:
            payload, found = split(payload)
            blobs |= found
        # `link` written out, for numbers that are whole for sure: every event of every run comes by here.
        branch = name.encode()
        start = f"{seq}:{v}:{at_ns}:{len(branch)}:{len(kind_bytes)}:".encode()
        digest = sha256(b"".join((digest, start, branch, kind_bytes, payload))).digest()
        rows.append(Sealed(seq, name, kind, v, at_ns, payload, digest))
    return Head(seq, digest), rows, blobs


_COLUMNS = {cls: (kind, kind.encode(), VERSIONS.get(kind, 1)) for cls, kind in KIND_OF.items()}
"""By class of event: its kind, the same as bytes, and the version written now."""


def check(
    run: RunRow,
    rows: Iterable[Row],
    noted: Head | None,
    blob: Callable[[str], bytes | None],
    definition: Callable[[str], Definition | None],
) -> Damage | None:
    """The first thing that is not what was written. `noted` is the head as the run's row last noted it.

    One pass over the events, then the run's row, then the texts it was started with.
    """
    seen = Head(0, seed(run.id, run.definition, run.semantics))
    started: RunStarted | None = None
    stamps: set[str] = set()
    last: Row | None = None
    for row in rows:
        if damage := _check_event(run, seen, row, blob):
            return damage
        seen = Head(row.seq, row.digest)
        if row.seq == 1 and row.kind == b"run.started":
            started = _decode(row, blob, RunStarted)
        elif row.kind == b"decided":
            stamps.update(_stamps(row, blob))
        if noted is not None and noted.seq == row.seq and noted.digest != row.digest:
            return Damage(row.seq, row.kind.decode(), _says(row, "is not the one the run's row has noted"))
        last = row
    if noted is not None and seen.seq < noted.seq:
        what = f"Event {seen.seq + 1} is missing: the run had {noted.seq} events and ends after {seen.seq}"
        return Damage(seen.seq + 1, "", what)
    return _check_run(run, started, last, blob) or _check_texts(run, started, stamps, definition)


def _check_event(run: RunRow, seen: Head, row: Row, blob: Callable[[str], bytes | None]) -> Damage | None:
    kind = row.kind.decode(errors="replace")
    if row.seq != seen.seq + 1:
        if row.seq <= seen.seq:
            return Damage(row.seq, kind, _says(row, "stands before the first event"))
        return Damage(seen.seq + 1, "", f"Event {seen.seq + 1} is missing: the next one there is {row.seq} ({kind})")
    if link(seen.digest, *row[:-1]) != row.digest:
        if row.seq == 1 and (damage := _swapped(run, row, blob)):
            return damage
        return Damage(row.seq, kind, _says(row, "was changed, moved or put in: it does not match its digest"))
    for name, wanted in blob_hashes(row.payload).items():
        data = blob(wanted)
        if data is None:
            return Damage(row.seq, kind, _says(row, f"has lost the value of {name!r} (blob {wanted[:12]})"))
        if sha256(data).hexdigest() != wanted:
            return Damage(row.seq, kind, _says(row, f"has a changed value of {name!r} (blob {wanted[:12]})"))
    return None


def _swapped(run: RunRow, row: Row, blob: Callable[[str], bytes | None]) -> Damage | None:
    """Is it the run's row that was changed, and not the first event?"""
    started = _decode(row, blob, RunStarted)
    if started is None or started.definition == run.definition:
        return None
    if link(seed(run.id, started.definition, run.semantics), *row[:-1]) != row.digest:
        return None
    what = f"The run's row names the definition {run.definition[:12]}, the run was started with"
    return Damage(0, "run", f"{what} {started.definition[:12]}", run.definition)


def _check_run(
    run: RunRow, started: RunStarted | None, last: Row | None, blob: Callable[[str], bytes | None]
) -> Damage | None:
    for name in ("pipeline", "path", "definition"):
        if started is not None and getattr(started, name) != getattr(run, name):
            was, now = getattr(started, name), getattr(run, name)
            return Damage(0, "run", f"The run's row says {name} {now!r}, the run was started with {was!r}")
    if last is not None and last.kind == b"run.ended" and run.outcome:
        ended = _decode(last, blob, RunEnded)
        if ended is not None and ended.outcome != run.outcome:
            return Damage(0, "run", f"The run's row says {run.outcome!r}, the run has ended {ended.outcome!r}")
    return None


def _check_texts(
    run: RunRow, started: RunStarted | None, stamps: set[str], definition: Callable[[str], Definition | None]
) -> Damage | None:
    if started is None:
        return None
    pins = {started.definition: ("pipeline", started.path)}
    pins |= {pin.hash: (pin.kind, pin.path) for pin in started.pins}
    # A policy's text is kept at its first decision; what a stamp names is checked, and not missed.
    pins |= {stamp: ("policy", "") for stamp in sorted(stamps) if stamp not in pins}
    for wanted, (kind, path) in pins.items():
        found = definition(wanted)
        name = f"The {kind} {path or wanted[:12]}"
        if found is None:
            if wanted in stamps:
                continue
            return Damage(0, kind, f"{name}, which the run was started with, is missing ({wanted[:12]})", wanted)
        if sha256(found.text).hexdigest() != wanted:
            return Damage(0, kind, f"{name} is not the text the run was started with ({wanted[:12]})", wanted)
    return None


def _says(row: Row, what: str) -> str:
    return f"Event {row.seq} ({row.kind.decode(errors='replace')}) {what}"


class _Stamps(msgspec.Struct):
    policies: tuple[PolicyStamp, ...] = ()


_read_stamps = msgspec.json.Decoder(_Stamps).decode


def _stamps(row: Row, blob: Callable[[str], bytes | None]) -> list[str]:
    try:
        return [stamp.hash for stamp in _read_stamps(join(row.payload, blob)).policies]
    except msgspec.MsgspecError:
        return []


def _decode(row: Row, blob: Callable[[str], bytes | None], wanted: type[E]) -> E | None:
    """The event of a row, when it can be read and is of this kind."""
    try:
        event = decode(row.kind.decode(), row.v, join(row.payload, blob))
    except (JournalError, UnicodeDecodeError, TypeError):
        return None
    return event if isinstance(event, wanted) else None
