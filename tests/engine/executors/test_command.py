"""Programs as agents: what they print, how they end, and that they end."""

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from engine.executors.ports import Recorder, alive, gone, spec, until
from pointsman.executors import CommandAgent, process
from pointsman.executors.guard import Guard
from pointsman.kernel.events import ErrorInfo


def command(*argv: str, **options: Any) -> CommandAgent:
    return CommandAgent(argv, cwd=options.pop("cwd", Path.cwd()), env=options.pop("env", os.environ), **options)


def shell(script: str, **options: Any) -> CommandAgent:
    return command("sh", "-c", script, **options)


async def failure(agent: CommandAgent, timeout_s: float | None = 20.0, port: Recorder | None = None) -> ErrorInfo:
    outcome = await agent.run(spec(timeout_s), port or Recorder())
    assert outcome.error is not None
    return outcome.error


@pytest.mark.parametrize(
    ("script", "parse", "value"),
    [
        ("echo '{\"a\": [1, 2.5, null]}'", "json", {"a": [1, 2.5, None]}),
        ("printf 'one\\r\\n\\nthree'", "lines", ["one", "", "three"]),
        ("printf ''", "lines", []),
        ("printf ' as it is\\n'", "text", " as it is\n"),
        ("printf 'a\\377b'", "text", "a\ufffdb"),
    ],
)
async def test_results(script: str, parse: Any, value: Any) -> None:
    port = Recorder()
    assert (await shell(script, parse=parse).run(spec(), port)).value == value
    assert port.where == ["command sh"]


async def test_words_are_not_read_as_code() -> None:
    words = ["$HOME", "a b", "; rm -rf /", "*", "ü", ""]
    argv = [sys.executable, "-c", "import json, sys; print(json.dumps(sys.argv[1:]))", *words]
    assert (await command(*argv, parse="json").run(spec(), Recorder())).value == words


async def test_environment_folder_and_stdin_are_as_given(tmp_path: Path) -> None:
    agent = shell("cat; echo; pwd; echo $ONLY", cwd=tmp_path, env={"ONLY": "this"}, stdin="in ä", parse="lines")
    assert (await agent.run(spec(), Recorder())).value == ["in ä", str(tmp_path), "this"]
    assert (await shell("cat").run(spec(), Recorder())).value == ""


async def test_more_stdin_than_a_pipe_holds_and_never_read() -> None:
    agent = shell("head -c 3", stdin="x" * 1_000_000)
    assert (await agent.run(spec(), Recorder())).value == "xxx"


async def test_exit_codes() -> None:
    error = await failure(shell("echo one >&2; echo two >&2; exit 3"))
    assert (error.klass, error.code) == ("agent", "command_failed")
    assert error.message == "sh ended with exit code 3:\none\ntwo"
    assert (await shell("echo 1; exit 3", ok_exit=frozenset({0, 3})).run(spec(), Recorder())).value == "1\n"
    assert (await failure(shell("kill -SEGV $$"))).message == "sh was ended by SIGSEGV"
    assert (await failure(shell("exit 0", ok_exit=frozenset({1})))).message == "sh ended with exit code 0"


async def test_stderr_is_output_and_only_its_end_is_in_the_message() -> None:
    port = Recorder()
    error = await failure(shell("for i in 1 2 3 4 5 6 7; do echo line $i >&2; done; echo result; exit 1"), port=port)
    assert port.text("stderr").count("line") == 7
    assert port.text("stdout") == ""
    assert error.message.splitlines()[1:] == [f"line {number}" for number in range(3, 8)]


@pytest.mark.parametrize(
    ("argv", "options", "said"),
    [
        (["no-such-program"], {}, "no-such-program can not be started: there is no such program"),
        (["/etc/passwd"], {}, "it is not executable"),
        (["ls"], {"cwd": Path("/nowhere")}, "its folder /nowhere does not exist"),
        (["ls", "\0"], {}, "embedded null byte"),
        (["true", "x" * 3_000_000], {}, "Argument list too long"),
        ([], {}, "names no program"),
    ],
)
async def test_programs_that_do_not_start(argv: list[str], options: dict[str, Any], said: str) -> None:
    error = await failure(command(*argv, **options))
    assert (error.klass, error.code) == ("agent", "command_missing")
    assert said in error.message


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("printf '{\"a\":\\n  1,,}'", "at line 2, column 5"),
        ("true", "it printed nothing"),
        ("echo '[NaN]'", "NaN is no JSON"),
        ("printf '\"\\377\"'", "byte 1 is no UTF-8"),
        (f"{sys.executable} -c 'print(\"[\" * 100000)'", "it nests too deep"),
        (f'{sys.executable} -c \'print("[" * 500 + "]" * 500)\'', "nests deeper than 200 levels"),
    ],
)
async def test_output_that_is_no_json(script: str, said: str) -> None:
    error = await failure(shell(script, parse="json"))
    assert (error.klass, error.code) == ("contract", "command_output_not_json")
    assert said in error.message


async def test_too_much_output_ends_the_program() -> None:
    error = await failure(shell("yes", max_stdout=100_000))
    assert (error.klass, error.code) == ("contract", "result_too_large")


@pytest.mark.parametrize(("timeout_s", "options"), [(0.1, {}), (20.0, {"wall_s": 0.1}), (None, {"wall_s": 0.1})])
async def test_a_timeout_ends_the_group(timeout_s: float | None, options: dict[str, Any]) -> None:
    port = Recorder()
    error = await failure(shell("sleep 600 & echo $! >&2; trap '' TERM; wait; wait", **options), timeout_s, port)
    assert (error.klass, error.code) == ("timeout", "timeout")
    assert "within 0.1 s" in error.message
    await gone(int(port.text("stderr")))


async def test_cancelling_ends_the_group() -> None:
    port = Recorder()
    task = asyncio.create_task(shell("sleep 600 & echo $! >&2; wait").run(spec(), port))
    await until(lambda: port.text("stderr"))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await gone(int(port.text("stderr")))


async def test_what_a_program_leaves_behind_is_ended_with_it() -> None:
    outcome = await shell("sleep 600 & echo $!").run(spec(), Recorder())
    await gone(int(outcome.value))


async def test_memory_is_limited_where_that_can_be_done_from_outside() -> None:
    big = "import sys; sys.stdin.read(); bytearray(600 << 20)"
    outcome = await command(sys.executable, "-c", big, memory_bytes=300 << 20).run(spec(), Recorder())
    assert outcome.error is None if sys.platform != "linux" else "MemoryError" in str(outcome.error)


async def test_many_programs_at_once() -> None:
    outcomes = await asyncio.gather(*(shell(f"echo {n}", parse="json").run(spec(), Recorder()) for n in range(50)))
    assert [outcome.value for outcome in outcomes] == list(range(50))


HOST = """
import asyncio, os, signal, sys
from pathlib import Path
from engine.executors.ports import Recorder, spec
from pointsman.executors import CommandAgent, process

if sys.argv[2] == "at the start":  # dies when the program runs and the host has not yet said which one it is
    process.GUARD.started = lambda key, pid: os.kill(os.getpid(), signal.SIGKILL)
agent = CommandAgent(["sh", "-c", sys.argv[1]], cwd=Path.cwd(), env=os.environ)
asyncio.run(agent.run(spec(), Recorder()))
"""


PATIENT = "echo $$ >> pids; while test ! -e go; do sleep 0.01; done; echo 0 >> pids"


def host(folder: Path, script: str, dies: str = "") -> subprocess.Popen[bytes]:
    paths = os.pathsep.join(path for path in sys.path if path)
    return subprocess.Popen(
        [sys.executable, "-c", HOST, script, dies], cwd=folder, env={**os.environ, "PYTHONPATH": paths}
    )


def pids(file: Path) -> list[int]:
    return [int(word) for word in file.read_text().split()] if file.exists() else []


async def test_a_killed_host_takes_the_whole_group_with_it(tmp_path: Path) -> None:
    file = tmp_path / "pids"
    with host(tmp_path, f"sh -c '{PATIENT}' & {PATIENT}") as killed:
        await until(lambda: len(pids(file)) == 2)
        killed.kill()
    for pid in pids(file):
        await gone(pid)
    (tmp_path / "go").touch()
    assert len(pids(file)) == 2
    assert 0 not in pids(file)


async def test_a_host_killed_while_it_starts_a_program(tmp_path: Path) -> None:
    file = tmp_path / "pids"
    with host(tmp_path, PATIENT, "at the start") as killed:
        assert killed.wait(20) == -signal.SIGKILL
    with suppress(AssertionError):
        await until(lambda: pids(file), 0.3)  # it may have been ended before it could say anything
    for pid in pids(file):
        await gone(pid)
    (tmp_path / "go").touch()
    assert 0 not in pids(file)


async def test_a_guard_that_was_ended_is_replaced_and_knows_what_runs(tmp_path: Path) -> None:
    guard = Guard()
    ours, theirs = os.pipe()
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as program:
        guard.started(guard.expect(theirs), program.pid)
        first = guard._process
        assert first is not None
        first.kill()
        first.wait()
        guard.ended(guard.expect(theirs))
        assert guard._process is not first
        assert alive(program.pid)
        guard.close()
        guard.close()  # a second time does nothing
        assert program.wait(20) == -signal.SIGKILL
    for descriptor in (ours, theirs):
        os.close(descriptor)


async def test_a_program_is_not_started_without_its_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "GUARD", Guard())
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    error = await failure(shell("true"))
    assert (error.klass, error.code) == ("agent", "command_missing")
    assert "sh can not be started: the guard that would end it with this process does not start" in error.message
