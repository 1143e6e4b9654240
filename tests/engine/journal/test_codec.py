"""Events to bytes and back: every kind with any values, old versions, newer ones, and what can not be read."""

import types
import typing
from hashlib import sha256
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.errors import JournalError
from pointsman.journal import codec
from pointsman.kernel import events as ev

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


def values(wanted: Any) -> st.SearchStrategy[Any]:
    """Values of a field's type; a type we do not know fails, so a new field can not go untested."""
    if wanted is Any:
        return JSON
    simple = {str: st.text(), bool: st.booleans(), int: st.integers(-(2**63), 2**63 - 1), type(None): st.none()}
    if wanted in simple:
        return simple[wanted]
    if wanted is float:
        return st.floats(allow_nan=False, allow_infinity=False)
    origin, args = typing.get_origin(wanted), typing.get_args(wanted)
    if origin is tuple:
        return st.lists(values(args[0]), max_size=3).map(tuple)
    if origin is dict:
        return st.dictionaries(st.text(), values(args[1]), max_size=3)
    if origin in (types.UnionType, typing.Union):
        return st.one_of([values(each) for each in args])
    assert issubclass(wanted, msgspec.Struct), wanted
    hints = typing.get_type_hints(wanted)
    return st.builds(wanted, **{name: values(hints[name]) for name in wanted.__struct_fields__})


@pytest.mark.parametrize("kind", codec.KINDS)
def test_every_kind_comes_back_as_it_was(kind: str) -> None:
    @given(values(codec.KINDS[kind]))
    def check(event: ev.Event) -> None:
        payload = codec.encode(event)
        back = codec.decode(kind, ev.VERSIONS.get(kind, 1), payload)
        assert repr(back) == repr(event)  # == takes 1 for 1.0 and for True
        assert codec.encode(back) == payload

    check()


def test_a_payload_is_one_json_object_that_begins_with_its_kind() -> None:
    payload = codec.encode(ev.Progressed("e", "half", 0.5))
    assert payload == b'{"kind":"progress","effect":"e","message":"half","fraction":0.5}'


def test_every_old_version_has_its_steps() -> None:
    for kind, version in ev.VERSIONS.items():
        assert all((kind, step) in codec.UPCASTERS for step in range(1, version)), kind


def test_an_old_shape_is_read_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ev.VERSIONS, "run.cancelled", 3)
    monkeypatch.setitem(codec.UPCASTERS, ("run.cancelled", 1), lambda old: {"kind": old["kind"], "who": old["whom"]})
    monkeypatch.setitem(codec.UPCASTERS, ("run.cancelled", 2), lambda old: {"kind": old["kind"], "by": old["who"]})
    wanted = ev.RunCancelled("ada")
    assert codec.decode("run.cancelled", 1, b'{"kind":"run.cancelled","whom":"ada"}') == wanted
    assert codec.decode("run.cancelled", 2, b'{"kind":"run.cancelled","who":"ada"}') == wanted
    assert codec.decode("run.cancelled", 3, b'{"kind":"run.cancelled","by":"ada"}') == wanted


@pytest.mark.parametrize(("kind", "version"), [("run.cancelled", 2), ("run.paused", 1)])
def test_what_a_newer_program_wrote_is_refused(kind: str, version: int) -> None:
    with pytest.raises(JournalError) as caught:
        codec.decode(kind, version, b"{}")
    assert caught.value.code == "journal_newer"
    assert "Upgrade pointsman" in caught.value.hint


@pytest.mark.parametrize(
    ("version", "payload"),
    [
        (1, b""),
        (1, b"{"),
        (1, b"[]"),
        (1, b'{"kind":"run.cancelled"}'),
        (1, b'{"kind":"run.cancelled","by":7}'),
        (1, b'{"kind":"run.ended","outcome":"completed"}'),
        (1, b'{"kind":"run.cancelled","by":"\xff"}'),
        (0, b'{"kind":"run.cancelled","by":"ada"}'),
        ("x", b'{"kind":"run.cancelled","by":"ada"}'),
    ],
)
def test_what_can_not_be_read_is_damage(version: Any, payload: bytes) -> None:
    with pytest.raises(JournalError) as caught:
        codec.decode("run.cancelled", version, payload)
    assert caught.value.code == "journal_damaged"


def test_big_fields_move_out_and_come_back() -> None:
    big = ["x" * codec.BLOB_BYTES]
    payload = codec.encode(ev.AttemptResult("e", 1, big, usage=ev.Usage(1, 2, 0.5)))
    stored, blobs = codec.split(payload)
    ((digest, data),) = blobs.items()
    assert (digest, msgspec.json.decode(data)) == (sha256(data).hexdigest(), big)
    kept = msgspec.json.decode(stored)
    assert kept["$blobs"] == {"value": digest}
    assert (kept["effect"], "value" in kept) == ("e", False)
    whole = codec.decode("attempt.result", 1, payload)
    assert codec.decode("attempt.result", 1, codec.join(stored, blobs.get)) == whole
    with pytest.raises(JournalError):
        codec.join(stored, lambda digest: None)
    with pytest.raises(JournalError):
        codec.blob_hashes(b'{"$blobs":7}')


@pytest.mark.parametrize(("size", "moves"), [(codec.BLOB_BYTES, False), (codec.BLOB_BYTES + 1, True)])
def test_where_big_begins(size: int, moves: bool) -> None:
    payload = codec.encode(ev.AttemptResult("e", 1, "x" * (size - 2)))
    assert bool(codec.split(payload)[1]) is moves


def test_many_small_fields_stay_where_they_are() -> None:
    payload = codec.encode(ev.StateSet("s", {}, {}))
    big = codec.encode(ev.RunStarted("p" * 50_000, "q" * 50_000, "", None, 1))
    assert codec.split(payload) == (payload, {})
    assert codec.split(big) == (big, {})
