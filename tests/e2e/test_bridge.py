"""Editors and their server through the real bridge: many at once, one leaving, one crashing, all of it dying."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from e2e.cli import environment, pointsman, workspace
from e2e.servers import DEADLINE_S, door, server_of, status, until
from e2e.test_server import ASKS, WAITS, newer
from lsp.client import Process, started

BRIDGE = [sys.executable, "-m", "pointsman_server", "lsp"]
BROKEN = WAITS.replace("agent: wait", "agent: wiat")


@pytest.fixture
def root(tmp_path: Path) -> Any:
    """A workspace whose server, if one comes up, is ended."""
    folder = workspace(tmp_path / "w", {"waits.pipeline.yaml": WAITS, "asks.pipeline.yaml": ASKS})
    with server_of(folder):
        yield folder


@asynccontextmanager
async def editor(root: Path, env: dict[str, str] | None = None) -> AsyncIterator[Process]:
    """An editor that has said which workspace it speaks of, from a folder that is another."""
    with open(root.parent / "errors", "ab") as errors:
        async with started(BRIDGE, root.parent, environment() | (env or {}), errors) as client:
            await client.initialize(rootUri=root.as_uri())
            yield client


def said(root: Path) -> str:
    """What bridges have said to people."""
    return (root.parent / "errors").read_text("utf-8")


async def codes(client: Process, path: Path, text: str) -> list[str]:
    """The diagnostics of a text, once they are there."""
    client.open(path.as_uri(), text)
    return [one["code"] for one in await client.diagnostics(path.as_uri(), 1)]


async def test_editors_share_a_server_and_one_that_leaves_or_crashes_is_missed_by_nobody(root: Path) -> None:
    path = root / "waits.pipeline.yaml"
    async with AsyncExitStack() as stack:
        one, two, three = [await stack.enter_async_context(editor(root)) for _ in range(3)]
        pid = door(root)["pid"]
        # Each sees its own text of the same file.
        assert await codes(one, path, BROKEN) == ["unknown_agent"]
        assert await codes(two, path, WAITS) == []
        assert await codes(three, path, BROKEN) == ["unknown_agent"]
        assert [client["for"] for client in status(root)["clients"]] == ["lsp"] * 3
        await one.request("shutdown")
        one.notify("exit")
        assert await one.wait_exit() == 0
        three.process.kill()
        await three.wait_exit()
        until(root, lambda said: len(said["clients"]) == 1)
        two.change(path.as_uri(), BROKEN)
        assert [one["code"] for one in await two.diagnostics(path.as_uri(), 2)] == ["unknown_agent"]
        async with editor(root) as four:
            assert await codes(four, path, WAITS) == []
        assert door(root)["pid"] == pid


async def test_what_other_editors_say_to_a_server_is_taken(root: Path) -> None:
    async with started([*BRIDGE, "--stdio"], root, environment()) as client:
        await client.initialize()
        assert status(root)["clients"][0]["for"] == "lsp"


async def test_an_editor_that_leaves_without_shutdown_is_told_so(root: Path) -> None:
    async with editor(root) as client:
        client.notify("exit")
        assert await client.wait_exit() == 1
    async with editor(root) as client:
        client.writer.close()  # its end of input, and no goodbye
        assert await client.wait_exit() == 1
    assert status(root)["clients"] == []


async def test_when_the_server_is_killed_every_bridge_ends_and_says_what_to_do(root: Path) -> None:
    async with editor(root) as one, editor(root) as two:
        os.kill(door(root)["pid"], signal.SIGKILL)
        assert (await one.wait_exit(), await two.wait_exit()) == (1, 1)
    assert said(root).count("has ended without a word") == 2
    assert "server.log" in said(root)
    async with editor(root) as again:  # what an editor does next
        assert await codes(again, root / "waits.pipeline.yaml", BROKEN) == ["unknown_agent"]


async def test_when_the_server_is_stopped_every_bridge_ends_and_says_so(root: Path) -> None:
    async with editor(root) as client:
        assert pointsman("stop", cwd=root).code == 0
        assert await client.wait_exit() == 1
    assert "has ended: pointsman stop" in said(root)


async def test_a_busy_old_server_is_kept_with_a_warning(root: Path, tmp_path: Path) -> None:
    async with editor(root):
        pid = door(root)["pid"]
        async with editor(root, newer(tmp_path / "newer")) as client:
            assert await codes(client, root / "waits.pipeline.yaml", BROKEN) == ["unknown_agent"]
        assert door(root)["pid"] == pid
    assert "this is version 9.9.9" in said(root)


async def test_the_workspace_is_the_one_of_the_first_folder_or_of_the_own_folder(root: Path) -> None:
    (root / "deep").mkdir()
    async with started(BRIDGE, root / "deep", environment()) as client:
        await client.initialize()
        assert status(root)["clients"][0]["for"] == "lsp"
    async with started(BRIDGE, root.parent, environment()) as client:
        folders = [{"uri": (root / "deep").as_uri(), "name": "deep"}, {"uri": root.parent.as_uri(), "name": "w"}]
        await client.initialize(workspaceFolders=folders, rootUri=root.parent.as_uri())
        assert status(root)["clients"][0]["for"] == "lsp"
    async with started([*BRIDGE, "--root", str(root / "deep")], root.parent, environment()) as client:
        await client.initialize(rootUri=root.parent.as_uri())
        assert status(root)["clients"][0]["for"] == "lsp"
    assert not (root.parent / ".pointsman").exists()


@pytest.mark.parametrize("first", [b"", b"no frame at all", b"Content-Length: 40\r\n\r\n{"])
def test_a_client_that_never_says_anything_whole(root: Path, first: bytes) -> None:
    ran = subprocess.run(
        BRIDGE, cwd=root, input=first, capture_output=True, timeout=DEADLINE_S, env=environment(), check=False
    )
    assert ran.returncode == 1
    assert b"Traceback" not in ran.stderr
    assert bool(door(root)) == bool(first)  # a client that never came starts no server


async def test_a_folder_that_may_not_be_written_is_served_from_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = workspace(tmp_path / "w", {"waits.pipeline.yaml": WAITS})
    elsewhere = tmp_path / "run"
    elsewhere.mkdir(0o700)
    (root / ".pointsman").write_text("in the way", "utf-8")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(elsewhere))
    try:
        async with editor(root, {"XDG_RUNTIME_DIR": str(elsewhere)}) as client:
            assert await codes(client, root / "waits.pipeline.yaml", BROKEN) == ["unknown_agent"]
            assert status(root)["root"] == str(root)
    finally:
        assert pointsman("stop", "--force", cwd=root).code == 0


async def test_hover_says_how_a_stage_goes_in_a_run_that_lives_in_the_server(root: Path) -> None:
    path = root / "waits.pipeline.yaml"
    line = WAITS.splitlines().index("  first: {agent: wait, next: end}")
    async with editor(root) as client:
        client.open(path.as_uri(), WAITS)

        async def hover() -> str:
            answer = await client.at("textDocument/hover", path.as_uri(), line, 3)
            value: str = answer["result"]["contents"]["value"]
            return value

        assert "run" not in (await hover()).lower().replace("runs", "")
        run = pointsman("run", "waits.pipeline.yaml", "--detach", cwd=root).out.strip()
        until(root, lambda said: said["runs"] and said["runs"][0]["stages"])
        assert run in await hover()
        assert "running" in await hover()
        (root / "go").touch()
        until(root, lambda said: not said["runs"])
        assert "done" in await hover()
        (root / "go").unlink()


async def test_a_file_that_an_analysis_read_changes_on_disk(root: Path) -> None:
    (root / "agents.py").write_text("def find():\n    return 1\n", "utf-8")
    text = 'pipeline: p\nlanguage: 1\nagents: {a: {python: "agents:find"}}\nstages:\n  a: {agent: a, next: end}\n'
    path = root / "a.pipeline.yaml"
    path.write_text(text, "utf-8")
    async with editor(root) as client:
        assert await codes(client, path, text) == []
        seen = len(client.received)
        (root / "agents.py").write_text("def found():\n    return 1\n", "utf-8")
        found = await client.diagnostics(path.as_uri(), 1, after=seen)
        assert [one["code"] for one in found] == ["unknown_callable"]
        seen = len(client.received)
        (root / "agents.py").write_text("def find():\n    return 1\n", "utf-8")
        assert await client.diagnostics(path.as_uri(), 1, after=seen) == []
