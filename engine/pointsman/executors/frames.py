"""The worker protocol on the host's side: frames as data, and their coding. No I/O.

A frame is a big-endian u32 length and that many bytes of JSON in UTF-8; `docs/reference/worker-protocol.md` has
them all.
"""

from struct import Struct as Layout

import msgspec
from msgspec import Struct, field

from pointsman.kernel.events import Json

PROTOCOL = 1
MAX_FRAME = 64 * 1024 * 1024
"""Longest frame in bytes; a longer one is damage, never data."""

_LENGTH = Layout(">I")


class FrameError(Exception):
    """The other side sent no frame, or one is too long to send."""


class Frame(Struct, frozen=True, tag_field="kind"):
    """Base; the tag travels as `kind`."""


class Setup(Frame, frozen=True, tag="setup"):
    """Host to worker, first and once: where modules and files are. `pythonpath` is the user's own variable; `pinned`
    are the modules the run was started with, by path, each byte a character: imported whatever the files say now.
    """

    protocol: int
    roots: list[str]
    cwd: str
    pythonpath: str
    max_result: int
    pinned: dict[str, str] = field(default_factory=dict)


class Call(Frame, frozen=True, tag="call"):
    """Host to worker: run `target` with `args`. `id` counts calls of this worker; `deadline_s` is what it may take."""

    id: int
    effect_id: str
    stage: str
    attempt: int
    key: str
    target: str
    args: dict[str, Json]
    deadline_s: float | None


class Cancel(Frame, frozen=True, tag="cancel"):
    """Host to worker: stop call `id`."""

    id: int


class Reply(Frame, frozen=True, tag="reply"):
    """Host to worker: the answer to a request."""

    call_id: int
    value: Json = None
    error: dict[str, str] | None = None


class Hello(Frame, frozen=True, tag="hello"):
    """Worker to host, first and once."""

    python: str
    pid: int
    protocol: int


class Request(Frame, frozen=True, tag="request"):
    """Worker to host: call `id` wants a tool or a model. `call_id` counts requests of this worker."""

    id: int
    call_id: int
    what: str
    name: str
    args: Json


class Progress(Frame, frozen=True, tag="progress"):
    """Worker to host: how far call `id` says it is."""

    id: int
    message: str
    fraction: float | None = None


class Result(Frame, frozen=True, tag="result"):
    """Worker to host: call `id` returned."""

    id: int
    value: Json


class Error(Frame, frozen=True, tag="error", rename={"klass": "class"}):
    """Worker to host: call `id` failed."""

    id: int
    klass: str
    code: str
    message: str
    traceback: str = ""


ToHost = Hello | Request | Progress | Result | Error

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[ToHost] = msgspec.json.Decoder(ToHost)


def encode(frame: Frame) -> bytes:
    """The bytes of a frame; raises `FrameError` when it is too long."""
    body = _encoder.encode(frame)
    if len(body) > MAX_FRAME:
        raise FrameError(f"{len(body):,} bytes are more than a frame's {MAX_FRAME:,}")
    return _LENGTH.pack(len(body)) + body


class Decoder:
    """Bytes in, frames out, in whatever pieces they arrive."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[ToHost]:
        """The frames completed by `data`; raises `FrameError` for what is none."""
        buffer = self._buffer
        buffer += data
        frames: list[ToHost] = []
        start = 0
        while len(buffer) - start >= 4:
            (length,) = _LENGTH.unpack_from(buffer, start)
            if length > MAX_FRAME:
                raise FrameError(f"a frame of {length:,} bytes")
            if len(buffer) - start - 4 < length:
                break
            with memoryview(buffer) as view:
                try:
                    frames.append(_decoder.decode(view[start + 4 : start + 4 + length]))
                except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
                    raise FrameError(str(error)) from None
            start += 4 + length
        if start:
            del buffer[:start]
        return frames
