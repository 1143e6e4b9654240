"""What keeps a saved file from being taken up: the first error of a pipeline, a policy or a module, and where it is."""

from __future__ import annotations

import ast
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from pointsman.errors import PointsmanError, RefusedDefinition
from pointsman.language.diagnostics import Diagnostic, Severity
from pointsman.language.source import Source, Span
from pointsman.runtime.workspace import analyse_file, find_place, interpreter, read_text

ASKED_S = 5.0
"""How long a Python may take to say whether it can read a text."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """One error in a file. Lines and columns count from 0, columns in bytes of UTF-8."""

    file: Path
    message: str
    line: int = 0
    column: int = 0
    end_line: int = 0
    end_column: int = 0

    def words(self, kept_ns: int) -> str:
        """What a person is told; `kept_ns` is when the version was good that runs instead, 0 where there is none."""
        said = f"{self.file.name} is broken (line {self.line + 1}: {self.message})"
        if not kept_ns:
            return said
        when = time.strftime("%H:%M:%S", time.localtime(kept_ns / 1e9))
        return f"{said}, so its last good version of {when} runs"


def of_refusal(error: PointsmanError, path: Path) -> Flaw:
    """The flaw behind a refused pipeline: in its file, or in the settings."""
    found = error.diagnostics if isinstance(error, RefusedDefinition) else ()
    file = Path(error.path) if isinstance(error, RefusedDefinition) else path
    file = file if file.is_absolute() else path
    errors = [one for one in found if isinstance(one, Diagnostic) and one.severity is Severity.ERROR]
    return _at(file, errors[0]) if errors else Flaw(file, str(error.message))


def of_policy(path: Path) -> Flaw | None:
    """The first error of a policy file as it is on disk, None when it is good."""
    try:
        errors = analyse_file(find_place(path), path).errors
    except PointsmanError as error:
        return of_refusal(error, path)
    return _at(path, errors[0]) if errors else None


def of_module(path: Path, data: bytes) -> Flaw | None:
    """Why a module can not be read by Python; the workers' own is asked before ours is believed."""
    try:
        ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        if _reads(interpreter(find_place(path)), data):
            return None
        source = Source(str(path), data)
        line = min(max(1, getattr(error, "lineno", None) or 1), len(source.line_starts)) - 1
        start = source.line_starts[line]
        said = f"Python can not read it: {getattr(error, 'msg', None) or error}"
        return _at(path, Diagnostic("module", Span(start, start + len(source.line_text(line).encode())), said), source)
    return None


def _reads(python: str, data: bytes) -> bool:
    """Whether another Python can read a text; one that can not be started can not."""
    command = [python, "-I", "-c", "import ast, sys; ast.parse(sys.stdin.buffer.read())"]
    try:
        return subprocess.run(command, input=data, capture_output=True, timeout=ASKED_S).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _at(file: Path, found: Diagnostic, source: Source | None = None) -> Flaw:
    source = source or Source(str(file), read_text(file) or b"")
    start, end = (min(at, len(source.data)) for at in (found.span.start, found.span.end))
    line, end_line = source.line_at(start), source.line_at(end)
    column, end_column = start - source.line_starts[line], end - source.line_starts[end_line]
    return Flaw(file, found.message, line, column, end_line, end_column)
