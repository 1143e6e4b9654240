"""One file open in one language server, and what a person does in it: each deed gives the seconds it took.

Answers are looked at: a server that answers quickly and says nothing has not answered.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from texts import Place, Text
from wire import Wire


class Editor:
    """A file of a length, edited in place; every deed first waits until the server has nothing more to say."""

    def __init__(self, wire: Wire, capabilities: dict[str, Any], text: Text) -> None:
        self._wire = wire
        self._text = text
        self._uri = ""
        sync = capabilities["textDocumentSync"]
        self._incremental = (sync["change"] if isinstance(sync, dict) else sync) == 2
        self._lines: list[str] = []
        self._version = 0
        self._opened = 0
        self._typed = False

    @property
    def deeds(self) -> dict[str, Callable[[], float]]:
        """What is measured, by its name, in an order in which the text stays the same for all."""
        return {
            "open to diagnostics": self.reopen,
            "keystroke to diagnostics": self.keystroke,
            "completion": self.completion,
            "keystroke and completion": self.keystroke_and_completion,
            "hover": self.hover,
        }

    def open(self) -> float:
        """Open the file under a name not seen before, so that nobody remembers it: until its first diagnostics."""
        self._opened += 1
        name = self._text.name.replace("corpus", f"corpus{self._opened}")
        self._uri = (self._wire.folder / name).as_uri()
        self._lines = self._text.text.split("\n")
        self._version += 1
        self._typed = False
        document = {
            "uri": self._uri,
            "languageId": self._text.language,
            "version": self._version,
            "text": self._text.text,
        }
        begun = self._wire.notify("textDocument/didOpen", {"textDocument": document})
        return self._wire.diagnostics(self._uri, self._version, begun)[1]

    def close(self) -> None:
        """Close the file."""
        self._wire.notify("textDocument/didClose", {"textDocument": {"uri": self._uri}})
        self._wire.quiet(0.02)

    def reopen(self) -> float:
        """Close the file and open one like it: until its diagnostics."""
        self.close()
        return self.open()

    def keystroke(self) -> float:
        """Type a character that makes a finding, or take it out again: until the diagnostics of that text."""
        self._wire.quiet()
        begun = self._toggle()
        return self._wire.diagnostics(self._uri, self._version, begun)[1]

    def completion(self) -> float:
        """Ask at the end of a line that is half there, and was analysed so."""
        self._begin_line()
        self._wire.quiet(0.02)
        took = self._complete(len(self._text.half))
        self._end_line()
        return took

    def keystroke_and_completion(self) -> float:
        """Type one more character of that line and ask at once: until the list is there."""
        self._begin_line(short=1)
        self._wire.quiet(0.02)
        at = (self._text.half_line, len(self._text.half) - 1)
        begun = self._replace(at, at, self._text.half[-1])
        took = self._complete(len(self._text.half), begun)
        self._end_line()
        return took

    def hover(self) -> float:
        """Ask what stands at a place."""
        self._wire.quiet()
        result, took = self._wire.request("textDocument/hover", self._at(self._text.hover))
        assert (result or {}).get("contents"), f"{self._wire.name} says nothing at {self._text.hover}"
        return took

    def _toggle(self) -> float:
        (line, column), typed = self._text.at, self._text.typed
        self._typed = not self._typed
        if self._typed:
            return self._replace((line, column), (line, column), typed)
        return self._replace((line, column), (line, column + len(typed)), "")

    def _begin_line(self, short: int = 0) -> None:
        half = self._text.half[: len(self._text.half) - short]
        begun = self._replace((self._text.half_line, 0), (self._text.half_line, 0), half + "\n")
        self._wire.diagnostics(self._uri, self._version, begun)

    def _end_line(self) -> None:
        self._wire.quiet(0.02)
        begun = self._replace((self._text.half_line, 0), (self._text.half_line + 1, 0), "")
        self._wire.diagnostics(self._uri, self._version, begun)

    def _complete(self, column: int, begun: float | None = None) -> float:
        result, took = self._wire.request("textDocument/completion", self._at((self._text.half_line, column)), begun)
        items = result["items"] if isinstance(result, dict) else result or []
        found = [item["label"] for item in items]
        assert self._text.wanted in found, f"{self._wire.name} does not offer {self._text.wanted}: {found[:20]}"
        return took

    def _at(self, place: Place) -> dict[str, Any]:
        return {"textDocument": {"uri": self._uri}, "position": {"line": place[0], "character": place[1]}}

    def _replace(self, start: Place, end: Place, text: str) -> float:
        """One change, as the server wants to be told of it; returns when its first byte went out."""
        first, last = self._lines[start[0]][: start[1]], self._lines[end[0]][end[1] :]
        self._lines[start[0] : end[0] + 1] = (first + text + last).split("\n")
        self._version += 1
        change: dict[str, Any]
        if self._incremental:
            places = [{"line": line, "character": column} for line, column in (start, end)]
            change = {"range": {"start": places[0], "end": places[1]}, "text": text}
        else:
            change = {"text": "\n".join(self._lines)}
        document = {"uri": self._uri, "version": self._version}
        return self._wire.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
