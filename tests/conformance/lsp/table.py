"""The rows of a run as a table for people, or as JSON for programs."""

from __future__ import annotations

import json
import textwrap
from collections import Counter

from conformance.lsp.kit import Row
from conformance.lsp.probe import Verdict

MARKS = {Verdict.PASS: "ok", Verdict.FAIL: "FAIL", Verdict.OTHERWISE: "otherwise", Verdict.NOT_APPLICABLE: "n/a"}


def line(row: Row) -> str:
    """A row as text: verdict, name, what was expected, what was found, and the section where it is not plain."""
    finding = row.finding
    first = f"{MARKS[finding.verdict]:9}  {row.name:32}  {row.expected:30}  {finding.found}"
    more = [f"specification: {row.section}"] if finding.verdict in (Verdict.FAIL, Verdict.OTHERWISE) else []
    more += [f"note: {note}" for note in finding.notes]
    return "\n".join(
        textwrap.fill(one, 150, subsequent_indent=" " * 13, initial_indent="" if i == 0 else " " * 11)
        for i, one in enumerate([first, *more])
    )


def summary(rows: list[Row]) -> str:
    """How many of each verdict."""
    counted = Counter(row.finding.verdict for row in rows)
    return ", ".join(f"{counted[verdict]} {verdict}" for verdict in Verdict)


def as_json(argv: list[str], profile: str, rows: list[Row]) -> str:
    """The whole run as one JSON object."""
    listed = [
        {
            "probe": row.name,
            "section": row.section,
            "expected": row.expected,
            "found": row.finding.found,
            "verdict": str(row.finding.verdict),
            "notes": list(row.finding.notes),
            "seconds": round(row.seconds, 3),
        }
        for row in rows
    ]
    return json.dumps({"argv": argv, "profile": profile, "rows": listed}, indent=1, ensure_ascii=False)
