"""Events to JSON bytes and back: encoding, old shapes made new, and big values moved out of the way.

A payload is the event's JSON as msgspec writes it. It repeats the kind as its first key: leaving it out would cost a
second encoding, and with it `jq` needs no other column. Fields that have their default are left out.
"""

import re
from collections.abc import Callable
from hashlib import sha256

import msgspec

from pointsman.errors import JournalError, Misuse
from pointsman.kernel.events import VERSIONS, AnyEvent, Event, Json

BLOB_BYTES = 64 * 1024
"""A top-level field whose JSON is longer than this lives in `blobs`."""

Upcaster = Callable[[dict[str, Json]], dict[str, Json]]
UPCASTERS: dict[tuple[str, int], Upcaster] = {}
"""By kind and version: makes a payload of that version one of the next. Every entry in `VERSIONS` has all its steps."""

KINDS: dict[str, type[Event]] = {cls.__struct_config__.tag: cls for cls in AnyEvent.__args__}
"""Every event there is, by kind."""

KIND_OF: dict[type[Event], str] = {cls: kind for kind, cls in KINDS.items()}

encode_json = msgspec.json.Encoder().encode
_DECODERS = {kind: msgspec.json.Decoder(cls) for kind, cls in KINDS.items()}
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])

# Written first, so that one look at the head of a payload tells; an encoded event always begins with its kind.
_BLOBS_KEY = "$blobs"
_BLOBS_HEAD = b'{"$blobs":'
_SHA256 = re.compile(r"[0-9a-f]{64}")


def encode(event: Event) -> bytes:
    """The event as JSON. Raises Misuse `not_json` for a value JSON has no words for."""
    try:
        return encode_json(event)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise Misuse("not_json", f"a {KIND_OF[type(event)]} event holds a value that is not JSON: {error}") from error


def decode(kind: str, version: int, payload: bytes) -> Event:
    """The event of a payload whose blobs are back in it. Raises JournalError `journal_newer` or `journal_damaged`."""
    current = VERSIONS.get(kind, 1)
    if kind not in KINDS or (isinstance(version, int) and version > current):
        raise JournalError(
            "journal_newer",
            f"The journal holds a {kind!r} event of version {version}, which this program does not know",
            "Upgrade pointsman, or read this run with the version that wrote it.",
        )
    try:
        if version == current:
            return _DECODERS[kind].decode(payload)
        fields = msgspec.json.decode(payload, type=dict[str, Json])
        for step in range(version, current):
            fields = UPCASTERS[kind, step](fields)
        return msgspec.convert(fields, KINDS[kind])
    # An edited row may hold a version that never was, or is no number.
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, KeyError, TypeError) as error:
        raise JournalError(
            "journal_damaged",
            f"The journal holds a {kind!r} event that can not be read: {error}",
            "See which one: pointsman replay RUN",
        ) from error


def split(payload: bytes) -> tuple[bytes, dict[str, bytes]]:
    """Move the fields over `BLOB_BYTES` out: the payload with their hashes in `$blobs`, and the blobs by hash."""
    fields = _FIELDS.decode(payload)
    big = {name: bytes(raw) for name, raw in fields.items() if len(memoryview(raw)) > BLOB_BYTES}
    if not big:
        return payload, {}
    hashes = {name: sha256(data).hexdigest() for name, data in big.items()}
    kept = {name: raw for name, raw in fields.items() if name not in big}
    return encode_json({_BLOBS_KEY: hashes, **kept}), {hashes[name]: data for name, data in big.items()}


def blob_hashes(payload: bytes) -> dict[str, str]:
    """The fields of a stored payload that live in `blobs`, with their hashes. Raises JournalError `journal_damaged`."""
    if not payload.startswith(_BLOBS_HEAD):
        return {}
    try:
        return msgspec.json.decode(_FIELDS.decode(payload)[_BLOBS_KEY], type=dict[str, str])
    except msgspec.MsgspecError as error:
        raise JournalError("journal_damaged", f"The list of blobs of an event can not be read: {error}") from error


def join(payload: bytes, blob: Callable[[str], bytes | None]) -> bytes:
    """The payload as it was before `split`. Raises JournalError `journal_damaged` when a blob is gone."""
    hashes = blob_hashes(payload)
    if not hashes:
        return payload
    fields = _FIELDS.decode(payload)
    del fields[_BLOBS_KEY]
    for name, digest in hashes.items():
        data = blob(digest)
        if data is None:
            raise JournalError(
                "journal_damaged", f"The value of {name!r} (blob {digest[:12]}) is gone", "Restore the journal."
            )
        fields[name] = msgspec.Raw(data)
    return encode_json(fields)
