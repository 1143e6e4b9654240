"""Frames: in whatever pieces they arrive, and what is none."""

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.executors import frames


def wire(**frame: object) -> bytes:
    body = json.dumps(frame).encode()
    return struct.pack(">I", len(body)) + body


SENT = [
    (
        wire(kind="hello", python="3.11.7", pid=7, protocol=1),
        frames.Hello("3.11.7", 7, 1),
    ),
    (wire(kind="result", id=1, value={"a": [1, None, "ä"]}), frames.Result(1, {"a": [1, None, "ä"]})),
    (wire(kind="request", id=1, call_id=2, what="tool", name="t", args={}), frames.Request(1, 2, "tool", "t", {})),
    (wire(kind="progress", id=1, message="m", fraction=None), frames.Progress(1, "m")),
    (
        wire(kind="error", id=1, code="c", message="m", traceback="t", **{"class": "agent"}),
        frames.Error(1, "agent", "c", "m", "t"),
    ),
]


@given(st.lists(st.integers(1, 40)))
def test_frames_arrive_in_any_pieces(sizes: list[int]) -> None:
    data = b"".join(sent for sent, _ in SENT)
    decoder, seen = frames.Decoder(), []
    for size in [*sizes, len(data)]:
        seen += decoder.feed(data[:size])
        data = data[size:]
    assert seen == [frame for _, frame in SENT]


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xff\xff\xff",
        b"\x00\x00\x00\x01{",
        wire(kind="nothing"),
        wire(kind="result", id="one", value=1),
        wire(kind="error", id=1),
        struct.pack(">I", 200_000) + b"[" * 200_000,
        wire(kind="result", id=1, value="?").replace(b"?", b"\xff"),
    ],
)
def test_what_is_no_frame_is_an_error(data: bytes) -> None:
    with pytest.raises(frames.FrameError):
        frames.Decoder().feed(data)


def test_what_is_too_long_is_not_sent() -> None:
    with pytest.raises(frames.FrameError, match="67,108,916 bytes are more than a frame's 67,108,864"):
        frames.encode(frames.Reply(1, "x" * frames.MAX_FRAME))


def test_the_shim_speaks_the_same_version() -> None:
    from pointsman.executors import shim

    assert shim.PROTOCOL == frames.PROTOCOL
