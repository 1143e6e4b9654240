"""Moments: a live run comes to the same ones as its record, in each branch, and to the same state at each."""

from collections.abc import Callable
from pathlib import Path
from shutil import copytree
from typing import Any

import msgspec
import pytest

from e2e.cli import EXAMPLES, gate_workspace
from engine.debugger.scenes import EVERYTHING, agents, by_branch, live, workspace
from pointsman.debugger.breakpoints import scope_at
from pointsman.debugger.debugger import Stop
from pointsman.debugger.timeline import Timeline
from pointsman.kernel.events import StageRouted
from pointsman.kernel.state import State
from pointsman.language.expressions import evaluate
from pointsman.runtime.clock import FixedClock, SystemClock


def _everything(folder: Path) -> Path:
    return workspace(folder, EVERYTHING)


def _triage(folder: Path) -> Path:
    (folder / "pointsman.toml").write_text("")
    copytree(EXAMPLES / "support_triage", folder / "triage")
    return folder / "triage" / "triage.pipeline.yaml"


def _confirmed(stage: str, approved: bool = True) -> dict[str, Any]:
    return {stage: {"approved": approved}}


RUNS: list[tuple[str, Callable[[Path], Path], dict[str, Any], dict[str, Any], str]] = [
    ("all that can happen, twice", _everything, {"n": 5}, _confirmed("sure"), "completed"),
    ("a person says no", _everything, {"n": 5}, _confirmed("sure", False), "completed"),
    ("a policy denies", _everything, {"n": 13}, {}, "denied"),
    ("an output that can not be evaluated", _everything, {"n": 101}, {}, "failed"),
    ("a model, a tool", _triage, {"ticket": "My password is lost"}, {}, "completed"),
    ("a question, a flag", _triage, {"ticket": "I want a refund"}, _confirmed("approve"), "completed"),
    ("commands, workers, a fork", gate_workspace, {"repository": "."}, _confirmed("approve"), "completed"),
]


@pytest.mark.parametrize(
    ("make", "value", "answers", "outcome"), [run[1:] for run in RUNS], ids=[run[0] for run in RUNS]
)
async def test_a_live_run_comes_to_the_moments_of_its_record(
    tmp_path: Path, make: Callable[[Path], Path], value: Any, answers: Any, outcome: str
) -> None:
    path = make(tmp_path)
    mine, clock = (agents(), FixedClock()) if make is _everything else ({}, SystemClock())
    async with live(path, value, agents=mine, answers=answers, clock=clock) as scene:
        stops = await scene.every("pause")
        assert (await scene.end()).outcome == outcome
        recorded = scene.timeline.moments
        assert by_branch([stop.moment for stop in stops]) == by_branch(recorded)
        assert len(stops) == len(recorded) > 4
        _same_states(stops, scene.timeline)
        _same_routes(scene.timeline)


def _same_states(stops: list[Stop], timeline: Timeline) -> None:
    """What a branch is seen to have at a live stop is what the record has there."""
    for branch in {stop.moment.branch for stop in stops}:
        past = [moment for moment in timeline.moments if moment.branch == branch]
        seen = [stop for stop in stops if stop.moment.branch == branch]
        for stop, moment in zip(seen, past, strict=True):
            assert _seen(stop.state, branch) == _seen(timeline.state_at(moment.seq), branch)


def _same_routes(timeline: Timeline) -> None:
    """Each condition, evaluated in the scope of its moment, is what the machine made of it."""
    for moment in timeline.moments:
        record = timeline.records[moment.seq]  # the event that the moment ended with
        if not isinstance(record.event, StageRouted):
            continue
        scope = scope_at(timeline.state_at(moment.seq), moment)
        for one in record.event.candidates:
            if one.when and one.value is not None:
                assert evaluate(one.when, scope) is one.value


def _seen(state: State, branch: str) -> bytes:
    at = state.branches[branch]
    # That an attempt in process has started is journaled before its gate is asked.
    at = msgspec.structs.replace(at, started=False, calls={}, joined={})
    return msgspec.json.encode(at, order="deterministic")
