"""Places as a client writes them and as we do: paths or URIs, lines and columns from 0 or 1, columns in UTF-16."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pointsman.language.source import Source, Span
from pointsman.uris import file_path
from pointsman_dap.errors import Refused
from pointsman_dap.params import Initialize


@dataclass(frozen=True, slots=True)
class Places:
    """How one client counts and names."""

    first_line: int = 1
    first_column: int = 1
    uris: bool = False

    @classmethod
    def of(cls, client: Initialize) -> Places:
        """As the client said when it came."""
        return cls(int(client.lines_start_at_1), int(client.columns_start_at_1), client.path_format == "uri")

    def range(self, source: Source, span: Span) -> dict[str, int]:
        """A span as `line`, `column`, `endLine`, `endColumn`."""
        line, column = self.position(source, span.start)
        end_line, end_column = self.position(source, span.end)
        return {"line": line, "column": column, "endLine": end_line, "endColumn": end_column}

    def position(self, source: Source, offset: int) -> tuple[int, int]:
        """Line and column of a byte offset."""
        line = source.line_at(offset)
        before = source.data[source.line_starts[line] : offset].decode("utf-8", "replace")
        return line + self.first_line, _units(before) + self.first_column

    def line(self, line: int) -> int:
        """A client's line from 0; one before the first is the first."""
        return max(line - self.first_line, 0)

    def offset(self, source: Source, line: int, column: int | None, *, at_end: bool = False) -> int:
        """The byte offset of a client's line and column; past a line's end, and `at_end` without a column, that end."""
        line = self.line(line)
        if line >= len(source.line_starts):
            return len(source.data)
        if column is None:
            return source.line_starts[line] + (len(source.line_text(line).encode("utf-8")) if at_end else 0)
        units, text = max(column - self.first_column, 0), source.line_text(line)
        wide = text.encode("utf-16-le", "surrogatepass")[: units * 2]
        return source.line_starts[line] + len(wide.decode("utf-16-le", "ignore").encode("utf-8"))

    def path(self, path: str) -> str:
        """A path as the client wants it."""
        return Path(path).as_uri() if self.uris else path


def path_of(named: str) -> str:
    """The path a client means, whichever way it writes it. Raises Refused for what no file can be called."""
    found = file_path(named)
    path = named if found is None else found
    if "\0" in path:
        raise Refused("badArguments", f"the arguments do not fit: no path has a NUL in it, as {path!r:.100} has")
    return path


def key_of(path: str) -> str:
    """The same for every spelling of a file's path: links, dots, and case where that means nothing."""
    return os.path.normcase(os.path.realpath(path))


def _units(text: str) -> int:
    return len(text) + sum(character > "\uffff" for character in text)
