"""The lenses of a pipeline file, as text: where each stands, its words, and what a click on it does."""

from __future__ import annotations

from typing import Any

import pytest

from lsp.documents import document
from pointsman.runtime.progress import StageOutcome
from pointsman_lsp.features.lenses import LastRun, Seen, lenses, run_title, stage_title

S = 1_000_000_000
NOW = 1_000_000 * S

TEXT = """\
# a comment above
language: 1
pipeline: a
agents: {work: {python: 'm:f'}}
stages:
  one: {agent: work}
  two:
    fork:
      one: {agent: work}
      more:
        stages:
          one: {agent: work}
          deep: {agent: work}
  one: {agent: work}
---
pipeline: b
stages: {one: {agent: work}}
---
stages: {one: {agent: work}}
"""


def outcome(status: str = "done", took_ns: int = 1_200_000_000, note: str = "→ two", **more: Any) -> StageOutcome:
    said = {"run": "r1", "live": False, "visits": 1, "started_at_ns": 0, **more}
    return StageOutcome(status=status, took_ns=took_ns, note=note, **said)


def shown(seen: dict[str, Seen], text: str = TEXT, name: str = "a.pipeline.yaml") -> list[str]:
    of = document(text, {}, name)
    found = []
    for one in lenses(of, lambda pipeline: seen.get(pipeline, Seen()), NOW):
        line, _ = of.source.position(one.span.start)
        names = [part for part in (one.pipeline, one.stage, one.run) if part]
        found.append(f"{line} <{of.source.text(one.span)}> {one.title} [{one.does} {' '.join(names)}]")
    return found


RUN = ["3 <pipeline> Run [run a]", "3 <pipeline> Debug [debug a]"]
SECOND = ["16 <pipeline> Run [run b]", "16 <pipeline> Debug [debug b]"]


def test_a_pipeline_that_was_never_run_can_be_run_and_debugged() -> None:
    assert shown({}) == [*RUN, *SECOND]


def test_stages_that_a_run_came_to_say_how_it_went_by_their_ids() -> None:
    stages = {
        "one": outcome(),
        "two.one": outcome("failed", note="no file"),
        "two.more.deep": outcome("running", live=True, run="r2", note="40% reading"),
        "gone": outcome(),
    }
    assert shown({"a": Seen(stages=stages)}) == [
        *RUN,
        "6 <one> ✓ 1.2 s → two [show a one r1]",
        "6 <one> Debug to here [debug a one]",
        "6 <one> Run from here [rerun a one r1]",
        "9 <one> ✗ 1.2 s no file [show a one r1]",
        "9 <one> Debug to here [debug a one]",
        "9 <one> Run from here [rerun a one r1]",
        "13 <deep> running: 40% reading [show a deep r2]",
        "13 <deep> Debug to here [debug a deep]",
        *SECOND,
    ]


def test_the_stage_at_which_a_debugger_holds_the_run_is_held() -> None:
    last = LastRun("r2", True, "held", NOW, S)
    stages = {"one": outcome("running", live=True, run="r2", note=""), "two": outcome("running", live=True, note="")}
    told = [line for line in shown({"a": Seen(last, stages)}) if "[show a " in line]
    assert told == [
        "3 <pipeline> held by a debugger [show a r2]",
        "6 <one> held [show a one r2]",
        "7 <two> running [show a two r1]",
    ]


def test_the_last_run_is_told_at_the_pipeline() -> None:
    last = LastRun("r7", False, "completed", NOW - 200 * S, 12 * S, 0.034)
    assert shown({"b": Seen(last)})[-1] == "16 <pipeline> ✓ completed 3 min ago in 12.0 s, 0.03 usd [show b r7]"


def test_files_without_a_pipeline_have_none() -> None:
    assert shown({}, "policy: p\nlanguage: 1\nversion: 1\n", "a.policy.yaml") == []
    assert shown({}, "", "a.pipeline.yaml") == []
    assert shown({}, "env = []\n", "pointsman.toml") == []
    assert shown({}, "pipeline: a\nstages:\n  on") == ["1 <pipeline> Run [run a]", "1 <pipeline> Debug [debug a]"]


@pytest.mark.parametrize(
    ("of", "title"),
    [
        (outcome(), "✓ 1.2 s → two"),
        (outcome(took_ns=125 * S, visits=3), "✓ 2 min 5 s, visit 3 → two"),
        (outcome("failed", note="it broke\nin two lines"), "✗ 1.2 s it broke in two lines"),
        (outcome("failed", note="x" * 100), f"✗ 1.2 s {'x' * 31}…"),
        (outcome("asking", note="Refund?"), "asking: Refund?"),
        (outcome("running", note=""), "running"),
        (outcome("running", note="", visits=2), "running, visit 2"),
        (outcome("skipped", note=""), "skipped"),
        (outcome("cancelled", note="40%"), "cancelled"),
    ],
)
def test_how_a_stage_went_in_words(of: StageOutcome, title: str) -> None:
    assert stage_title(of) == title


@pytest.mark.parametrize(
    ("of", "title"),
    [
        (LastRun("r", False, "completed", NOW - 90_000 * S, S, 0.0), "✓ completed 1 day ago in 1.0 s"),
        (LastRun("r", False, "failed", NOW - 5 * S, 2 * S, 0.001), "✗ failed 5 s ago in 2.0 s, under 0.01 usd"),
        (LastRun("r", False, "denied", NOW, S), "✗ denied just now in 1.0 s"),
        (LastRun("r", False, "limit", NOW, S), "✗ stopped at a limit just now in 1.0 s"),
        (LastRun("r", False, "cancelled", NOW, S), "cancelled just now in 1.0 s"),
        (LastRun("r", False, "interrupted", NOW - 60 * S, S), "interrupted 1 min ago"),
        (LastRun("r", False, "waiting", NOW - 60 * S, S), "waiting for an answer 1 min ago"),
        (LastRun("r", True, "running", NOW, S), "running"),
        (LastRun("r", True, "asking", NOW, S, 1.5), "asking, 1.50 usd"),
        (LastRun("r", True, "held", NOW, S), "held by a debugger"),
    ],
)
def test_how_a_run_went_in_words(of: LastRun, title: str) -> None:
    assert run_title(of, NOW) == title
