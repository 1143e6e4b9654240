"""The one way out to a client: every answer and event leaves here, and every text in it through the run's redaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pointsman.security.redaction import Redactor
from pointsman_dap.errors import Refused
from pointsman_dap.protocol import Body, Protocol, Request

TEXTS = frozenset(
    {
        "content",
        "description",
        "details",
        "evaluateName",
        "exceptionId",
        "fullTypeName",
        "message",
        "name",
        "output",
        "result",
        "sentence",
        "stackTrace",
        "text",
        "typeName",
        "value",
    }
)
"""Members that carry what people and agents wrote; all others are the protocol's own words, and paths."""

CHUNK = 64 * 1024
"""Characters of one output event: a single huge one stops a client for seconds."""


class Voice:
    """Writes to one client."""

    def __init__(self, protocol: Protocol, write: Callable[[bytes], None]) -> None:
        self._protocol = protocol
        self._write = write
        self.hide = Redactor()
        self.muted = False
        """Whether what is said now has been said to this client already, by the process that served it before."""

    def answer(self, request: Request, body: Body | None = None) -> None:
        """Answer a request that was met."""
        if self.muted:
            request.answered = True
            return
        self._write(self._protocol.answer(request, self._told(body)))

    def refuse(self, request: Request, why: Refused) -> None:
        """Answer one that was not."""
        if self.muted:
            request.answered = True
            return
        hidden = Refused(why.code, self.hide.text(why.sentence), why.show)
        self._write(self._protocol.refuse(request, hidden))

    def event(self, name: str, body: Body | None = None) -> None:
        """Tell something."""
        if self.muted:
            return
        self._write(self._protocol.event(name, self._told(body)))

    def output(self, category: str, text: str, place: Body | None = None) -> None:
        """Tell a text, in pieces that clients can lay out; `place` is where it comes from."""
        if self.muted:
            return
        hidden = self.hide.text(text)  # before it is cut: half of a secret matches no pattern
        for start in range(0, len(hidden), CHUNK):
            piece = hidden[start : start + CHUNK]
            self._write(self._protocol.event("output", {"category": category, "output": piece, **(place or {})}))

    def _told(self, body: Body | None) -> Body | None:
        return self._hidden(body) if self.hide.changes_texts else body

    def _hidden(self, value: Any) -> Any:
        match value:
            case dict():
                return {
                    key: self.hide.text(inner) if key in TEXTS and isinstance(inner, str) else self._hidden(inner)
                    for key, inner in value.items()
                }
            case list():
                return [self._hidden(inner) for inner in value]
            case _:
                return value
