"""What one attempt prints, on its way to the run: decoded, gathered into few pieces, and bounded."""

import asyncio
import codecs
from collections.abc import Callable

LIMIT = 1024 * 1024
"""Characters of one attempt that reach its run; the journal keeps every one of them."""

_WAIT_S = 0.02
"""How long to gather: short for an eye, long for a program that prints line by line."""

_PIECE = 32 * 1024


class Output:
    """Feed it bytes; `emit(stream, text)` gets the text. `flush` when the attempt ends."""

    def __init__(self, emit: Callable[[str, str], None], limit: int = LIMIT) -> None:
        self._emit = emit
        self._left = limit
        self._limit = limit
        self._parts: list[tuple[str, list[str]]] = []
        self._gathered = 0
        self._timer: asyncio.TimerHandle | None = None
        make = codecs.getincrementaldecoder("utf-8")
        self._decoders = {"stdout": make("replace"), "stderr": make("replace")}

    def feed(self, stream: str, data: bytes) -> None:
        """Take what was read from a pipe."""
        if self._left <= 0:
            return
        text = self._decoders[stream].decode(data)
        if len(text) >= self._left:
            text = f"{text[: self._left]}\n[output over {self._limit:,} characters is left out]\n"
            self._left = 0
        else:
            self._left -= len(text)
        if self._parts and self._parts[-1][0] == stream:
            self._parts[-1][1].append(text)
        else:
            self._parts.append((stream, [text]))
        self._gathered += len(text)
        if self._gathered >= _PIECE:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_WAIT_S, self.flush)

    def flush(self) -> None:
        """Send on what has gathered."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        parts, self._parts, self._gathered = self._parts, [], 0
        for stream, texts in parts:
            text = "".join(texts)
            if text:
                self._emit(stream, text)
