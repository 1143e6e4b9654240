"""How things look in text: diagnostics, durations, values; with colour on terminals only."""

import json
import sys
from datetime import datetime
from typing import Any

from pointsman.errors import RefusedDefinition
from pointsman.language.diagnostics import Diagnostic
from pointsman.language.source import Source
from pointsman.runtime.words import printable

COLOURS = {"error": "\x1b[1;31m", "warning": "\x1b[1;33m", "hint": "\x1b[1;36m"}
RESET = "\x1b[0m"
WIDEST = 160
"""Columns of a source line that are quoted; a longer one is cut around the finding."""


def diagnostic_text(source: Source, found: Diagnostic, colour: bool = False) -> str:
    """A finding as a person reads it: place, code, sentence, the line with the range marked, and the fix."""
    line, column = source.position(found.span.start)
    last, end = source.position(found.span.end)
    paint, reset = (COLOURS[found.severity], RESET) if colour else ("", "")
    said = f"{source.path}:{line}:{column}: {paint}{found.severity}[{found.code}]{reset} {found.message}"
    text = printable(source.line_text(line - 1))
    cut = max(0, column - 1 - WIDEST // 2)
    width = max(1, (end if last == line else len(text) + 1) - column)
    quoted = text[cut : cut + WIDEST]
    marks = " " * (column - 1 - cut) + paint + "^" * max(1, min(width, WIDEST - (column - 1 - cut))) + reset
    lines = [said, f"{line:>5} │ {quoted}", f"      │ {marks}"]
    for related in found.related:
        where, at = source.position(related.span.start)
        lines.append(f"      = {related.message} ({source.path}:{where}:{at})")
    if found.fix:
        lines.append(f"      = fix: {found.fix.title}")
    return "\n".join(lines)


def diagnostic_json(source: Source, found: Diagnostic) -> dict[str, Any]:
    """A finding as a program reads it; lines and columns from 1, columns in code points, the end exclusive."""
    line, column = source.position(found.span.start)
    end_line, end_column = source.position(found.span.end)
    said: dict[str, Any] = {
        "path": source.path,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
        "severity": str(found.severity),
        "code": found.code,
        "message": found.message,
    }
    if found.fix:
        said["fix"] = {"title": found.fix.title, "text": found.fix.text}
    return said


def diagnostic_github(source: Source, found: Diagnostic) -> str:
    """A finding as a GitHub annotation."""
    line, column = source.position(found.span.start)
    end_line, end_column = source.position(found.span.end)
    level = {"error": "error", "warning": "warning", "hint": "notice"}[found.severity]
    path, message = _escaped(source.path, True), _escaped(f"{found.message} [{found.code}]")
    place = f"file={path},line={line},endLine={end_line},col={column},endColumn={end_column}"
    return f"::{level} {place},title={_escaped(found.code, True)}::{message}"


def print_refused(error: RefusedDefinition) -> None:
    """Why a definition is not run: the findings `check` prints, on standard error."""
    out = sys.stderr
    from pathlib import Path

    data = Path(error.path).read_bytes() if Path(error.path).is_file() else b""
    source = Source(error.path, data)
    for found in error.diagnostics:
        if isinstance(found, Diagnostic) and found.severity == "error":
            out.write(diagnostic_text(source, found, out.isatty()) + "\n")
    out.write(f"pointsman: {error}\n")


def clock_time(at_ns: int) -> str:
    """A time of today as a person reads it off a clock; with its date when that is another day."""
    at = datetime.fromtimestamp(at_ns / 1e9)
    return at.strftime("%H:%M:%S" if at.date() == datetime.now().date() else "%Y-%m-%d %H:%M:%S")


def plural(count: int, noun: str) -> str:
    """`1 error`, `2 errors`."""
    return f"{count} {noun}" + ("" if count == 1 else "s")


def duration(ns: int) -> str:
    """A duration in the unit a person would choose."""
    seconds = ns / 1e9
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def pretty(value: Any) -> str:
    """A value over several lines, as JSON; text as it is."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, indent=2)


def _escaped(text: str, property_: bool = False) -> str:
    for char, code in (("%", "%25"), ("\r", "%0D"), ("\n", "%0A")):
        text = text.replace(char, code)
    if property_:
        text = text.replace(":", "%3A").replace(",", "%2C")
    return text
