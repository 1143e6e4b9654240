"""A run that the command line hosts itself, debugged from another process: stopped, stepped, edited, and lost."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from dap.client import ABLE, DEADLINE_S, Client
from e2e.cli import environment, pointsman, workspace
from e2e.dap_sessions import adapter
from e2e.servers import server_of, status
from e2e.test_people import terminal
from pointsman_dap.errors import IDS

TEXT = """\
pipeline: p
language: 1
state: {n: {type: integer, default: 1}}
output: {n: "${{ state.n }}"}
agents:
  wait: {command: [sh, -c, "touch begun; until [ -e go ]; do sleep 0.02; done"]}
  say: {command: [echo, hi]}
stages:
  first: {agent: wait}
  second: {agent: say}
  approve:
    when: state.n == 40
    ask: {kind: confirmation, question: "Really?"}
  third: {set: {n: "${{ state.n + 1 }}"}}
"""
AT_SECOND = ("setFunctionBreakpoints", {"breakpoints": [{"name": "second"}]})


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    workspace(tmp_path, {"a.pipeline.yaml": TEXT})
    with server_of(tmp_path):
        yield tmp_path


@asynccontextmanager
async def hosted(root: Path, *words: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """`pointsman run` in a process of its own, in its first stage until there is a file `go`."""
    pipe = asyncio.subprocess.PIPE
    argv = [sys.executable, "-m", "pointsman_server", "run", *(words or ("a.pipeline.yaml", "--json"))]
    process = await asyncio.create_subprocess_exec(*argv, cwd=root, env=environment(), stdout=pipe, stderr=pipe)
    try:
        async with asyncio.timeout(DEADLINE_S):
            while not (root / "begun").exists():
                assert process.returncode is None, await process.communicate()
                await asyncio.sleep(0.01)  # another process makes the file, and tells nobody
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@asynccontextmanager
async def debugger(root: Path) -> AsyncIterator[Client]:
    """A client that has introduced itself to `pointsman dap`."""
    async with adapter(root, Client) as client:
        await client.request("initialize", ABLE)
        yield client


async def left_behind(root: Path) -> list[str]:
    """What is in the folder of the hosts once they are gone."""
    return sorted(path.name for path in (root / ".pointsman" / "hosts").iterdir())


async def test_a_run_of_a_terminal_is_stopped_stepped_edited_and_ends(root: Path) -> None:
    async with hosted(root) as host, debugger(root) as client:
        asked = ("setBreakpoints", {"source": {"path": str(root / "a.pipeline.yaml")}, "breakpoints": [{"line": 10}]})
        (told,) = await client.attach("latest", before=[asked])
        assert told["breakpoints"][0]["verified"]
        assert (await client.request("threads"))["threads"] == [{"id": 1, "name": "main"}]
        (root / "go").touch()
        assert (await client.stopped())["hitBreakpointIds"] == [1]
        assert [frame["name"] for frame in await client.stack()] == ["second", "p"]
        state = (await client.scopes())["State"]
        assert (await client.variables(state))["n"]["value"] == "1"
        await client.request("setVariable", {"variablesReference": state, "name": "n", "value": "7"})
        assert (await client.step("next"))["description"] == "before approve"
        assert (await client.step("stepBack"))["description"] == "replayed: before second"
        await client.request("continue", {"threadId": 1})
        assert await client.ended() == 0
        out, _ = await host.communicate()
        assert json.loads(out)["output"] == {"n": 8}
        assert (await client.refused("next", {"threadId": 1}))[0] == IDS["ended"]
        assert await client.leave() == 0
    assert await left_behind(root) == []


async def test_the_debugger_leaves_and_the_run_goes_on(root: Path) -> None:
    async with hosted(root) as host:
        async with debugger(root) as client:
            await client.attach("latest", before=[AT_SECOND])
            (root / "go").touch()
            await client.stopped()
            assert await client.leave() == 0
        out, _ = await host.communicate()
        assert json.loads(out)["outcome"] == "completed"


async def test_a_debugger_that_vanishes_holds_nothing_up(root: Path) -> None:
    async with hosted(root) as host:
        async with debugger(root) as client:
            await client.attach("latest", before=[AT_SECOND])
            (root / "go").touch()
            await client.stopped()
            await client.vanish()
        out, _ = await host.communicate()
        assert json.loads(out)["outcome"] == "completed"


async def test_two_debuggers_see_one_run(root: Path) -> None:
    async with hosted(root), debugger(root) as one, debugger(root) as two:
        await one.attach("latest", before=[AT_SECOND])
        await two.attach("latest")
        (root / "go").touch()
        for client in (one, two):
            assert (await client.stopped())["description"] == "before second"
        await two.request("next", {"threadId": 1})
        for client in (one, two):
            assert (await client.stopped())["description"] == "before approve"
        await one.request("terminate")
        for client in (one, two):
            assert await client.ended() == 130


async def test_a_host_that_is_killed_is_said_to_be_gone(root: Path) -> None:
    async with hosted(root) as host, debugger(root) as client:
        await client.attach("latest", before=[AT_SECOND])
        (root / "go").touch()
        await client.stopped()
        host.send_signal(signal.SIGKILL)
        await client.event("terminated")
        run = pointsman("runs", "--json", cwd=root).json[0]["id"]
        said = f"process {host.pid}, which ran {run}, has ended; go on with: pointsman resume {run}\n"
        assert client.outputs("important") == said
        assert (await client.refused("next", {"threadId": 1}))[0] == IDS["ended"]
        assert await client.leave() == 0
        assert pointsman("resume", run, cwd=root).code == 0
    assert await left_behind(root) == []


async def test_what_was_asked_of_a_host_that_does_not_answer_is_refused_at_its_end(root: Path) -> None:
    async with hosted(root) as host, debugger(root) as client:
        await client.attach("latest", before=[AT_SECOND])
        (root / "go").touch()
        await client.stopped()
        host.send_signal(signal.SIGSTOP)
        asked = client.ask("stackTrace", {"threadId": 1})
        host.send_signal(signal.SIGKILL)
        answer = await client.answer(asked)
        assert answer["body"]["error"]["id"] == IDS["ended"]
        await client.event("terminated")


async def test_when_the_server_ends_the_run_goes_on(root: Path) -> None:
    async with hosted(root) as host, debugger(root) as client:
        await client.attach("latest", before=[AT_SECOND])
        assert pointsman("stop", cwd=root).code == 0
        await client.event("terminated")
        run = pointsman("runs", "--json", cwd=root).json[0]["id"]
        assert client.outputs("important") == f"the server has ended; {run} goes on in process {host.pid}\n"
        (root / "go").touch()
        out, _ = await host.communicate()
        assert json.loads(out)["outcome"] == "completed"


async def test_a_host_that_lets_nobody_in_is_looked_at(root: Path) -> None:
    """One of an older version, and one that is stopped: the journal is there all the same."""
    async with hosted(root) as host:
        with closing(sqlite3.connect(root / ".pointsman" / "journal.db")) as journal, journal:
            journal.execute("UPDATE runs SET endpoint = ''")
        async with debugger(root) as client:
            await client.attach("latest")
            await client.stopped()
            assert f"is run by process {host.pid}" in client.outputs("important")
            assert await client.leave() == 0


async def test_a_host_that_does_not_answer_is_looked_at(root: Path) -> None:
    async with hosted(root) as host:
        host.send_signal(signal.SIGSTOP)
        async with debugger(root) as client:
            await client.attach("latest")
            await client.stopped()
            assert f"is run by process {host.pid}" in client.outputs("important")
            assert await client.leave() == 0


async def test_whoever_knows_no_token_is_sent_away(root: Path) -> None:
    async with hosted(root):
        (lock,) = (root / ".pointsman" / "hosts").iterdir()
        assert lock.stat().st_mode & 0o777 == 0o600
        port = int(json.loads(lock.read_text())["endpoint"].rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b'{"pointsman": 1, "token": "guessed", "for": "dap", "version": "0.1.0"}\n')
        assert await reader.read() == b""
        writer.close()


async def test_a_run_of_another_terminal_is_answered(root: Path) -> None:
    """It parks nowhere: the process that hosts it takes the answer, and both see its end."""
    text = TEXT.replace("state.n == 40", "true").replace("second: {agent: say}", "second: {agent: wait2}")
    waits = 'wait2: {command: [sh, -c, "touch asked; until [ -e on ]; do sleep 0.02; done"]}'
    ask = "approve: {ask: {kind: confirmation, question: q}}"
    forked = f"stages:\n  both:\n    fork:\n      slow: {{agent: wait2}}\n      {ask}\n"
    head = text.partition("stages:")[0].replace("  say:", f"  {waits}\n  say:")
    (root / "a.pipeline.yaml").write_text(head + forked, "utf-8")
    (root / "begun").touch()
    async with hosted(root) as host:
        async with asyncio.timeout(DEADLINE_S):
            while not (root / "asked").exists():
                await asyncio.sleep(0.01)  # another process makes the file, and tells nobody
        argv = [sys.executable, "-m", "pointsman_server", "answer", "latest", "approve", '{"approved": true}', "--json"]
        pipe = asyncio.subprocess.PIPE
        answering = await asyncio.create_subprocess_exec(*argv, cwd=root, env=environment(), stdout=pipe, stderr=pipe)
        async with asyncio.timeout(DEADLINE_S):
            while "answered" not in _kinds(root):
                assert answering.returncode is None, await answering.communicate()
                await asyncio.sleep(0.01)  # the journal is written by another process
        (root / "on").touch()
        for process in (host, answering):
            out, err = await process.communicate()
            assert (process.returncode, json.loads(out)["outcome"]) == (0, "completed"), err


def _kinds(root: Path) -> list[str]:
    with closing(sqlite3.connect(root / ".pointsman" / "journal.db")) as journal:
        return [kind for (kind,) in journal.execute("SELECT kind FROM events ORDER BY seq")]


def test_a_run_leaves_no_server_behind(root: Path) -> None:
    (root / "go").touch()
    assert pointsman("run", "a.pipeline.yaml", cwd=root).code == 0
    assert pointsman("status", cwd=root).code == 1
    assert sorted(os.listdir(root / ".pointsman")) == [".gitignore", "hosts", "journal.db"]


async def test_that_a_debugger_holds_a_run_is_said_wherever_runs_are_listed(root: Path) -> None:
    async with hosted(root, "a.pipeline.yaml") as host, debugger(root) as client:
        await client.attach("latest", before=[AT_SECOND])
        (root / "go").touch()
        await client.stopped()
        assert host.stdout is not None
        run = (await host.stdout.readline()).split()[1].decode()
        assert await host.stdout.readline()  # the first stage is over
        said = (await host.stdout.readline()).decode().strip()
        assert re.fullmatch(r"held by a debugger since \d\d:\d\d:\d\d at second", said)
        assert said in pointsman("runs", cwd=root).out
        (listed,) = pointsman("runs", "--json", cwd=root).json
        assert (listed["status"], listed["held"]["stage"]) == ("running", "second")
        await client.request("continue", {"threadId": 1})
        await client.ended()
        assert (pointsman("runs", "--json", cwd=root).json[0]["held"], run) == (None, listed["id"])


async def test_the_server_says_which_of_its_runs_are_held(root: Path) -> None:
    async with debugger(root) as client:
        await client.launch(
            "a.pipeline.yaml", before=[("setFunctionBreakpoints", {"breakpoints": [{"name": "first"}]})]
        )
        await client.stopped()
        (run,) = status(root)["runs"]
        assert (run["status"], run["held"]["stage"]) == ("held", "first")
        assert re.search(r"held by a debugger since \d\d:\d\d:\d\d at first", pointsman("status", cwd=root).out)
        assert pointsman("runs", "--json", cwd=root).json[0]["held"] == run["held"]


async def test_a_terminal_shows_that_its_run_is_held_and_takes_it_away(root: Path) -> None:
    (root / "begun").touch()
    with terminal("run", "a.pipeline.yaml", cwd=root) as screen:
        screen.until("first")
        async with debugger(root) as client:
            await client.attach("latest", before=[AT_SECOND])
            (root / "go").touch()
            await client.stopped()
            screen.until("held by a debugger since")
            screen.until("at second")
            await client.request("continue", {"threadId": 1})
            await client.ended()
        screen.until("completed")
        assert "held" not in screen.seen
        assert screen.code() == 0


async def test_a_terminal_shows_that_its_run_in_the_server_is_held(root: Path) -> None:
    async with debugger(root) as client:
        with terminal("run", "a.pipeline.yaml", cwd=root) as screen:
            screen.until("first")
            await client.attach("latest", before=[AT_SECOND])
            (root / "go").touch()
            await client.stopped()
            screen.until("held by a debugger since")
            screen.until("at second")
            await client.request("continue", {"threadId": 1})
            await client.ended()
            screen.until("completed")
            assert screen.code() == 0


async def test_a_question_of_a_held_run_can_be_answered_after_its_time(root: Path) -> None:
    """Its clock stands still, and whoever answers from outside is told so by the host alone."""
    text = f"""\
pipeline: p
language: 1
agents: {{say: {{command: [echo, hi]}}}}
stages:
  both:
    fork:
      approve: {{ask: {{kind: confirmation, question: q, expires: 300ms}}}}
      other: {{stages: {{ {", ".join(f"s{n}: {{agent: say}}" for n in range(6))} }}}}
"""
    (root / "a.pipeline.yaml").write_text(text, "utf-8")
    async with debugger(root) as client:
        await client.launch("a.pipeline.yaml", before=[("setFunctionBreakpoints", {"breakpoints": [{"name": "s5"}]})])
        await client.stopped()
        asked = asyncio.get_running_loop().time()
        while asyncio.get_running_loop().time() < asked + 0.6:  # time itself is what must pass
            await asyncio.sleep(0.05)
        argv = [sys.executable, "-m", "pointsman_server", "answer", "latest", "approve", '{"approved": true}', "--json"]
        pipe = asyncio.subprocess.PIPE
        answering = await asyncio.create_subprocess_exec(*argv, cwd=root, env=environment(), stdout=pipe, stderr=pipe)
        async with asyncio.timeout(DEADLINE_S):
            while "answered" not in _kinds(root):
                assert answering.returncode is None, await answering.communicate()
                await asyncio.sleep(0.01)  # the journal is written by another process
        await client.request("continue", {"threadId": 1})
        assert await client.ended() == 0
        out, err = await answering.communicate()
        assert json.loads(out)["output"]["both"]["approve"]["approved"], err
