"""Pipelines run from Python: callables as agents, journals kept or not, and the same journal twice."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest

import pointsman
from pointsman.errors import Misuse, RefusedDefinition
from pointsman.runtime.clock import FixedClock
from pointsman.runtime.library import run_pipeline

TEXT = """
pipeline: sums
language: 1
input: {type: object, required: [n], properties: {n: {type: integer}, by: {type: integer, default: 2}}}
output: {sum: "${{ outputs.add }}", asked: "${{ outputs.?sure.approved.orValue(null) }}"}
agents: {add: {python: "anywhere:add"}}
stages:
  add:
    agent: add
    with: {n: "${{ input.n }}", by: "${{ input.by }}"}
    routes: [{when: result > 10, to: sure}, {to: end}]
  sure: {ask: {kind: confirmation, question: Sure?}}
"""


@pytest.fixture
def path(tmp_path: Path) -> str:
    (tmp_path / "pointsman.toml").write_text("")
    (tmp_path / "sums.pipeline.yaml").write_text(TEXT)
    return str(tmp_path / "sums.pipeline.yaml")


def add(n: int, by: int) -> int:
    return n + by


@pytest.mark.parametrize("durability", ["memory", "normal", "full"])
def test_run_gives_the_output_with_defaults_filled_in(path: str, durability: str) -> None:
    result = pointsman.run(path, {"n": 1}, agents={"add": add}, durability=durability)
    assert (result.outcome, result.output) == ("completed", {"sum": 3, "asked": None})
    assert (Path(path).parent / ".pointsman" / "journal.db").exists() == (durability != "memory")


def test_questions_are_answered_beforehand_or_given_back(path: str) -> None:
    parked = pointsman.run(path, {"n": 9}, agents={"add": add})
    assert (parked.outcome, [ask.question for ask in parked.questions]) == ("", ["Sure?"])
    told = pointsman.run(path, {"n": 9}, agents={"add": add}, answers={"sure": {"approved": True}})
    assert told.output == {"sum": 11, "asked": True}


def test_what_can_not_be_meant_is_raised(path: str) -> None:
    with pytest.raises(Misuse, match="input_unfit"):
        pointsman.run(path, {"n": "x"}, agents={"add": add})
    Path(path).write_text(TEXT.replace("agent: add\n", "agent: ad\n"))
    with pytest.raises(RefusedDefinition):
        pointsman.run(path, {"n": 1}, agents={"add": add})


def journal(folder: Path) -> list[Any]:
    """Every byte of the events."""
    connection = sqlite3.connect(folder / ".pointsman" / "journal.db")
    try:
        return connection.execute("SELECT * FROM events ORDER BY run, seq").fetchall()
    finally:
        connection.close()


def test_deterministic_mode_writes_the_same_journal_twice(tmp_path: Path) -> None:
    rows = []
    for name in ("one", "two"):
        folder = tmp_path / name / "same"
        folder.mkdir(parents=True)
        (folder / "pointsman.toml").write_text("")
        (folder / "sums.pipeline.yaml").write_text(TEXT)
        asyncio.run(
            run_pipeline(
                folder / "sums.pipeline.yaml", {"n": 1}, {"add": add}, {}, "normal", FixedClock("seed"), Path("/")
            )
        )
        rows.append(journal(folder))
    assert rows[0] == rows[1]
    assert len(rows[0]) > 4
