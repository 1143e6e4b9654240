"""Texts that are cut for a line, with a secret across the cut: no part of it may be left to be read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from e2e.cli import pointsman, workspace
from e2e.servers import server_of
from lsp.test_runs_wire import editor
from pointsman.journal import MemoryStore
from pointsman.journal.replay import replay
from pointsman.journal.store import RunRow
from pointsman.kernel.events import SEMANTICS, RunStarted, StageRouted
from pointsman.runtime.journals import open_journal
from pointsman.runtime.redacting import redactor_for
from pointsman.runtime.workspace import find_place

SECRET = "CANARY" + "".join(f"x{number}y" for number in range(100, 140))
"""Long enough to lie across any cut; each part of it is like no other."""
KINDS = {"path": '{path: "outputs.say.key"}', "pattern": '{pattern: "CANARY[a-z0-9]+"}'}
FIRST = "x100y"

PIPELINE = """
pipeline: cuts
language: 1
input: {type: object, properties: {pad: {type: string}}}
agents: {say: {python: "w:say"}, boom: {python: "w:boom"}}
policies: [hide.policy.yaml]
stages:
  say:
    agent: say
    with: {pad: "${{ input.pad }}"}
    routes: [{when: result.line != "", to: boom}, {to: end}]
  boom: {agent: boom, with: {line: "${{ outputs.say.line }}"}}
"""
AGENTS = f"""
SECRET = {SECRET!r}


def say(pad):
    return {{"line": pad + SECRET, "key": SECRET}}


def boom(line):
    raise ValueError(line)
"""


@pytest.fixture(params=[*KINDS])
def cuts(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A workspace with one way of hiding the secret."""
    policy = f"policy: hide\nlanguage: 1\nversion: 1\nredact: [{KINDS[request.param]}]\n"
    files = {"cuts.pipeline.yaml": PIPELINE, "w.py": AGENTS, "hide.policy.yaml": policy}
    folder = workspace(tmp_path / "w", files)
    with server_of(folder):
        yield folder


def clean(said: str) -> str:
    """What is shown, once it is sure that nothing of the secret is."""
    assert "CANARY" not in said, said
    assert FIRST not in said, said
    return said


@pytest.mark.parametrize("pad", [12, 60, 180])
async def test_no_line_shows_a_part_of_a_secret(cuts: Path, pad: int) -> None:
    ran = pointsman("run", "cuts.pipeline.yaml", "--set", f"pad={'p' * pad}", cwd=cuts)
    assert ran.code == 1, ran.err
    clean(ran.out + ran.err)
    whole = pointsman("show", "latest", "--json", cwd=cuts)
    clean(whole.out)
    kinds = [one["kind"] for one in whole.json["events"]]
    shown = clean(pointsman("show", "latest", cwd=cuts).out)
    assert "•" in shown
    for kind in ("attempt.result", "stage.routed"):
        clean(pointsman("show", "latest", "--at", str(kinds.index(kind) + 1), cwd=cuts).out)
    async with editor(cuts) as client:
        (run,) = (await client.asked("pointsman/runs"))["runs"]
        clean(str(run))
        events = (await client.asked("pointsman/events", run=run["run"]))["events"]
        assert [one["kind"] for one in events] == kinds
        clean(str(events))


def test_what_a_replay_finds_is_redacted_before_it_is_cut(cuts: Path) -> None:
    pointsman("run", "cuts.pipeline.yaml", "--set", f"pad={'p' * 8}", cwd=cuts)
    place = find_place(cuts)
    store, forged = open_journal(place), MemoryStore()
    try:
        row = store.run("latest")
        records = [
            replace(record, event=replace(record.event, candidates=()))
            if isinstance(record.event, StageRouted)
            else record
            for record in store.records(row.id)
        ]
        started = records[0].event
        assert isinstance(started, RunStarted)
        texts = [store.definition(one) for one in (started.definition, *(pin.hash for pin in started.pins))]
        forged.create_run(
            RunRow(row.id, row.pipeline, row.definition, row.path, SEMANTICS, row.created_at_ns), texts, records
        )
        open_found = replay(forged, row.id)
        assert "CANARY" in open_found.problem
        found = replay(forged, row.id, redactor_for(place, store, row.id).value)
    finally:
        store.close()
    assert not found.agrees
    assert "•••" in clean(found.problem)
