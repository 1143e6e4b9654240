"""The files the language servers are measured on: a pipeline, and TOML and Python of the same length for peers.

Each knows where a person types, asks and hovers in the middle of it: places are (line, UTF-16 column), from 0.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import corpus

Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Text:
    """A file, and what is done in it.

    `typed` is put in at `at` and taken out again: with it there is a finding more than without. `half` is a line that
    somebody has begun, put in before line `half_line`; asked at its end, a server that helps offers `wanted`.
    """

    name: str
    language: str
    text: str
    at: Place
    typed: str
    hover: Place
    half_line: int
    half: str
    wanted: str


def pipeline(lines: int) -> Text:
    """The pipeline: a stage's name inside an expression gets one character too many, and a stage gets one more key."""
    text = corpus.pipeline(lines)
    middle = text.index(" after ${{ outputs.stage_", len(text) // 2)
    line = text[:middle].count("\n")
    return Text(
        name=corpus.PATH,
        language="pipeline",
        text=text,
        at=_place(text, text.index(" }}", middle)),
        typed="x",
        hover=(line - 1, 5),  # on `with`
        half_line=line - 2,
        half="    ti",
        wanted="timeout",
    )


_TOML_HEAD = """\
#:schema ./corpus.schema.json
title = "corpus"

"""

_TOML_TABLE = """\
[stages.stage_{n}]
description = "Step {n} reads the ticket once more."
agent = "reader"
limits = 3
limit = 4
when = 'result.score > {n} && result.intent == "refund"'
timeout = "30s"
retry = {{ attempts = 3, backoff = "1s" }}
tags = ["money", "step_{n}", "urgent"]
# Somebody has to look at what step {n} made of it.
routes = [
  {{ when = "result.score >= 7", to = "stage_1", label = "refund" }},
  {{ to = "stage_{n}" }},
]

"""


def toml(lines: int) -> Text:
    """A settings file with a schema: a key gets one character more and is there twice, a table gets a key."""
    text = _filled(_TOML_HEAD, lambda n: _TOML_TABLE.format(n=n), lines)
    middle = text.index("limit = 4", len(text) // 2)
    line = text[:middle].count("\n")
    return Text(
        name="corpus.toml",
        language="toml",
        text=text,
        at=(line, len("limit")),
        typed="s",
        hover=(line + 2, 2),  # on `timeout`
        half_line=line + 1,
        half="idem",
        wanted="idempotency_key",
    )


_PYTHON_HEAD = '''\
"""The agents' code."""


def step_0(ticket: str, before: dict[str, int], limit: int = 3) -> dict[str, int]:
    return before


'''

_PYTHON_FUNCTION = '''\
def step_{n}(ticket: str, before: dict[str, int], limit: int = 3) -> dict[str, int]:
    """Step {n} reads the ticket once more."""
    score = before.get("score", {n})
    words = [word.strip() for word in ticket.split() if len(word) > limit]
    if score > {n} and "refund" in words:
        return step_{p}(ticket, before, limit=score)
    # Somebody has to look at what step {p} made of it.
    for word in words:
        score = score + len(word)
    notes = {{"score": score, "items": len(words)}}
    return notes


'''


def python(lines: int) -> Text:
    """A module: a name gets one character too many, and a function one more line."""
    text = _filled(_PYTHON_HEAD, lambda n: _PYTHON_FUNCTION.format(n=n, p=n - 1), lines)
    middle = text.index("    return notes", len(text) // 2)
    line = text[:middle].count("\n")
    return Text(
        name="corpus.py",
        language="python",
        text=text,
        at=(line, len("    return notes")),
        typed="x",
        hover=(line - 2, 9),  # on `score`
        half_line=line,
        half="    ticket.sp",
        wanted="split",
    )


def furnish(folder: Path, schema: Path) -> None:
    """Put what the texts refer to into a folder: the agents' code, prompts, and the schema of the TOML file."""
    for name, content in corpus.FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    stage = json.loads(schema.read_text("utf-8"))["$defs"]["stage"]["properties"]
    described = {key: {"title": key, "description": field.get("description", key)} for key, field in stage.items()}
    table = {"type": "object", "properties": described, "additionalProperties": True}
    of_toml = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {
            "title": {"type": "string"},
            "stages": {"type": "object", "additionalProperties": table},
        },
    }
    (folder / "corpus.schema.json").write_text(json.dumps(of_toml), "utf-8")


def _filled(head: str, item: Callable[[int], str], lines: int) -> str:
    made = [head]
    left = lines - head.count("\n")
    number = 1
    while left >= (one := item(number)).count("\n"):
        made.append(one)
        left -= one.count("\n")
        number += 1
    made.append("# A line that says nothing.\n" * left)
    return "".join(made)


def _place(text: str, offset: int) -> Place:
    line = text[:offset].count("\n")
    return line, offset - (text.rfind("\n", 0, offset) + 1)
