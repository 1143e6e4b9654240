"""Save and go on, over the real command line, server and debug adapter: what is saved is used, what is known kept."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from dap.client import ABLE
from e2e.cli import pointsman, workspace
from e2e.dap_sessions import FILES, Patient, adapter, line_of
from e2e.servers import server_of, until

Json = Any
COUNTED = FILES | {
    "desk.py": FILES["desk.py"].replace(
        "    if not text:", '    open("calls", "a").write("classify ")\n    if not text:'
    )
}
RUN = ("run", "desk.pipeline.yaml", "--set", "ticket=I want my money back")


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    return workspace(tmp_path, COUNTED)


def edit(root: Path, name: str, old: str, new: str) -> None:
    text = (root / name).read_text("utf-8")
    assert old in text
    (root / name).write_text(text.replace(old, new), "utf-8")


def calls(root: Path) -> int:
    path = root / "calls"
    return len(path.read_text("utf-8").split()) if path.exists() else 0


def test_a_failed_run_goes_on_where_it_failed(desk: Path) -> None:
    edit(desk, "replies.yaml", "It takes five days.", "We promise it in five days.")
    failed = pointsman(*RUN, cwd=desk)
    assert failed.code == 4, failed.out
    edit(desk, "replies.yaml", "We promise it in five", "It takes five")
    again = pointsman("rerun", "latest:denied", cwd=desk)
    assert again.code == 0, again.err
    assert "note: goes on from reply: replies.yaml has changed" in again.err
    assert "triage" in again.out
    assert "re-used" in again.out
    assert "It takes five days." in again.out
    assert calls(desk) == 1
    shown = pointsman("show", "latest", "--json", cwd=desk).json
    (result,) = [one for one in shown["events"] if one["kind"] == "attempt.result" and "reused" in one["payload"]]
    assert result["payload"]["reused"] == pointsman("runs", "--json", cwd=desk).json[1]["id"]
    assert pointsman("replay", "latest", cwd=desk).code == 0


def test_from_a_stage_on(desk: Path) -> None:
    pointsman(*RUN, cwd=desk)
    again = pointsman("rerun", "latest", "--from", "triage", "--json", cwd=desk)
    assert again.json["outcome"] == "completed"
    assert calls(desk) == 2
    wrong = pointsman("rerun", "latest", "--from", "triaje", cwd=desk)
    assert wrong.code == 2
    assert 'there is no stage triaje; did you mean "triage"?' in wrong.err
    assert pointsman("rerun", "nothing", cwd=desk).code == 1


def test_with_a_server_the_same(desk: Path) -> None:
    with server_of(desk):
        first = pointsman(*RUN, "--detach", cwd=desk).out.strip()
        until(desk, lambda said: not said["runs"])
        edit(desk, "draft.md", "Answer", "Please answer")
        again = pointsman("rerun", first, cwd=desk)
        assert "note: goes on from reply: draft.md has changed" in again.err
        assert again.code == 0
        detached = pointsman("rerun", first, "--detach", cwd=desk)
        assert "note: goes on from reply" in detached.err
        assert detached.out.strip() != first
        assert calls(desk) == 1


def test_a_broken_file_keeps_its_last_good_version(desk: Path) -> None:
    """In the server; without one there is nothing that could be kept, and the file is refused as ever."""
    with server_of(desk):
        assert pointsman(*RUN, "--detach", cwd=desk).code == 0
        edit(desk, "desk.pipeline.yaml", "agent: draft", "agent: drafft")
        _logged(desk, "desk.pipeline.yaml is broken (line 28: there is no agent drafft")
        run = pointsman(*RUN, cwd=desk)
        assert run.code == 0, run.err
        assert "note: desk.pipeline.yaml is broken (line 28" in run.err
        assert "so its last good version of" in run.err
        assert pointsman("check", "desk.pipeline.yaml", cwd=desk).code == 1
        edit(desk, "desk.pipeline.yaml", "agent: drafft", "agent: draft")
        _logged(desk, "desk.pipeline.yaml is live, version 2")
        assert "note" not in pointsman(*RUN, cwd=desk).err
        edit(desk, "desk.pipeline.yaml", "agent: draft", "agent: drafft")
        assert pointsman("stop", "--force", cwd=desk).code == 0
    refused = pointsman(*RUN, cwd=desk)
    assert refused.code == 2
    assert "error[unknown_agent]" in refused.err


def _logged(root: Path, words: str) -> None:
    until(root, lambda said: words in Path(said["log"]).read_text("utf-8"))


async def test_a_stopped_run_says_what_a_save_would_change(desk: Path) -> None:
    reply = line_of("reply:")
    with server_of(desk):
        async with adapter(desk, Patient) as client:
            await client.request("initialize", ABLE)
            lines = {"source": {"path": str(desk / "desk.pipeline.yaml")}, "breakpoints": [{"line": reply}]}
            await client.launch("desk.pipeline.yaml", input={"ticket": "money"}, before=[("setBreakpoints", lines)])
            await client.stopped()
            session = await client.request("pointsman/session", {})
            assert session == {"run": session["run"], "live": True, "pipeline": "desk"}
            edit(desk, "desk.py", "sorting", "sorting now")
            await _said(client, "desk.py was saved; finished stages that it changes: triage; not affected: ")
            assert "this run keeps what it was started with" in client.outputs("important")
            edit(desk, "desk.pipeline.yaml", "language: 1", "language: 1\n# more")
            while not any(one["breakpoint"].get("line") == reply + 1 for one in client.events("breakpoint")):
                await client.until("breakpoint")
            edit(desk, "desk.pipeline.yaml", "stages:", "stages: [")
            await _said(client, "desk.pipeline.yaml is broken (line ")
            edit(desk, "care.policy.yaml", "effect: flag", "effect: deny")
            await _said(client, "care.policy.yaml was saved: the next decision uses it")
            await client.request("continue", {"threadId": 1})
            await client.ended()
            assert "denied" in client.outputs("console")
        assert calls(desk) == 1


async def test_a_debugger_goes_on_at_the_first_change(desk: Path) -> None:
    """Breakpoints do not stop at what is taken of the older run; the first stop is at what is done anew."""
    with server_of(desk):
        pointsman(*RUN, cwd=desk)
        edit(desk, "draft.md", "Answer", "Please answer")
        async with adapter(desk, Patient) as client:
            await client.request("initialize", ABLE)
            lines = [{"line": line_of("triage:")}, {"line": line_of("reply:")}]
            set_lines = {"source": {"path": str(desk / "desk.pipeline.yaml")}, "breakpoints": lines}
            await client.launch("", rerun="latest", before=[("setBreakpoints", set_lines)])
            stop = await client.stopped()
            assert stop["description"] == "before reply"
            assert "goes on from reply: draft.md has changed" in client.outputs("important")
            await client.request("continue", {"threadId": 1})
            await client.ended()
        async with adapter(desk, Patient) as client:
            await client.request("initialize", ABLE)
            await client.launch("desk.pipeline.yaml", input={"ticket": "money"}, stopAt="reply")
            assert (await client.stopped())["description"] == "before reply"
            await client.request("continue", {"threadId": 1})
            await client.ended()
        assert calls(desk) == 2


async def test_refused_starts(desk: Path) -> None:
    with server_of(desk):
        pointsman(*RUN, cwd=desk)
        for arguments, words in (
            ({"rerun": "nothing"}, "There is no run"),
            ({"rerun": "latest", "from": "triaje"}, "did you mean"),
            ({"program": "desk.pipeline.yaml", "input": {"ticket": "x"}, "stopAt": "triaje"}, "did you mean"),
        ):
            async with adapter(desk, Patient) as client:
                await client.request("initialize", ABLE)
                _, said = await client.refused("launch", arguments)
                assert words in said, said


async def _said(client: Patient, words: str) -> None:
    async with asyncio.timeout(30):
        while words not in client.outputs("important"):
            await client.until("output")


async def test_a_breakpoint_stops_where_arguments_are_others(desk: Path) -> None:
    """The stage itself has not changed, but what it is given: so it is done anew, and stopped at."""
    edit(
        desk,
        "desk.pipeline.yaml",
        '{ticket: "${{ input.ticket }}"}',
        '{ticket: "${{ input.ticket }} ${{ state.notes }}"}',
    )
    with server_of(desk):
        pointsman(*RUN, cwd=desk)
        edit(desk, "desk.pipeline.yaml", "no fraud", "no fraud at all")
        async with adapter(desk, Patient) as client:
            await client.request("initialize", ABLE)
            lines = {"source": {"path": str(desk / "desk.pipeline.yaml")}, "breakpoints": [{"line": line_of("reply:")}]}
            await client.launch("", rerun="latest", before=[("setBreakpoints", lines)])
            assert (await client.stopped())["description"] == "before reply"
            await client.request("continue", {"threadId": 1})
            await client.ended()
        assert calls(desk) == 1
