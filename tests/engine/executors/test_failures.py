"""Every way an agent can fail, as the error its run gets."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from engine.executors.ports import Recorder, alive, gone, spec, until, workers
from pointsman.executors import WorkerPool

TABLE: list[tuple[str, dict[str, Any], str, str, str]] = [
    ("bad:raises", {}, "agent", "agent_raised", "ValueError: no such thing"),
    ("bad:recurse", {}, "agent", "agent_raised", "RecursionError: maximum recursion depth exceeded"),
    ("bad:fails", {"how": "connection"}, "transient", "agent_raised", "ConnectionResetError: reset"),
    ("bad:fails", {"how": "unprintable"}, "agent", "agent_raised", "Unprintable: (its message can not be read)"),
    ("bad:fails", {"how": "surrogate"}, "agent", "agent_raised", "ValueError: \\ud800"),
    ("bad:fails", {"how": "interrupt"}, "agent", "agent_raised", "KeyboardInterrupt"),
    ("bad:fails", {"how": "stop"}, "agent", "agent_raised", "StopIteration: 1"),
    ("nowhere:f", {}, "agent", "agent_missing", "there is no module nowhere"),
    ("simpel:echo", {}, "agent", "agent_missing", "did you mean simple?"),
    ("simple:ecko", {}, "agent", "agent_missing", "simple has no ecko; did you mean echo?"),
    ("simple.echo", {}, "agent", "agent_missing", "'simple.echo' is not of the form module:function"),
    ("bad:number", {}, "agent", "agent_missing", "bad:number is of type int and can not be called"),
    ("needs:f", {}, "agent", "agent_import_failed", "No module named 'module_that_is_not_there'"),
    ("broken:f", {}, "agent", "agent_import_failed", "SyntaxError: invalid syntax"),
    ("exits:f", {}, "agent", "agent_import_failed", "SystemExit: at import"),
    ("simple:add", {"left": 1, "rigth": 2}, "agent", "agent_arguments", "did you mean right?"),
    ("simple:add", {}, "agent", "agent_arguments", "missing a required argument: 'left'; it takes left, right"),
    ("bad:strange", {"what": "set"}, "contract", "result_not_json", "the result.items[0].tags is of type set"),
    ("bad:strange", {"what": "nan"}, "contract", "result_not_json", "the result is nan"),
    ("bad:strange", {"what": "inf"}, "contract", "result_not_json", "the result[0] is -inf"),
    ("bad:strange", {"what": "object"}, "contract", "result_not_json", "the result is of type object"),
    ("bad:strange", {"what": "bytes"}, "contract", "result_not_json", "the result is of type bytes"),
    ("bad:strange", {"what": "key"}, "contract", "result_not_json", "the result.a has the key 1"),
    ("bad:strange", {"what": "generator"}, "contract", "result_not_json", "is of type generator"),
    ("bad:strange", {"what": "surrogate"}, "contract", "result_not_json", "half of a surrogate pair"),
    ("bad:strange", {"what": "deep"}, "contract", "result_not_json", "nests deeper than 200 levels"),
    ("bad:strange", {"what": "loop"}, "contract", "result_not_json", "nests deeper than 200 levels"),
    ("bad:strange", {"what": "class"}, "contract", "result_not_json", "the result is of type type"),
    ("simple:sized", {"size": 50_000_000}, "contract", "result_too_large", "50,000,002 bytes of JSON"),
    ("bad:leaves", {"how": "sys"}, "agent", "agent_exited", "the agent called sys.exit(3)"),
]


async def test_failures_that_cost_no_worker() -> None:
    async with workers(size=1, warm=0) as pool:
        pid = (await pool.run_python("simple:where", spec(), Recorder())).value["pid"]
        for target, args, klass, code, message in TABLE:
            outcome = await pool.run_python(target, spec(**args), Recorder())
            error = outcome.error
            assert error is not None, target
            assert (error.klass, error.code, error.stage, error.attempt) == (klass, code, "stage", 1), error
            assert message in error.message, error
            assert len(error.traceback) < 20_000
        assert pool.pids == [pid]


@pytest.mark.parametrize(
    ("how", "klass", "code", "message"),
    [
        ("os", "agent", "agent_exited", "agent ended its process with exit code 4"),
        ("clean", "agent", "agent_exited", "agent ended its process with exit code 0"),
        ("segv", "agent", "agent_crashed", "agent crashed its process with SIGSEGV"),
        ("abort", "agent", "agent_crashed", "agent crashed its process with SIGABRT"),
        ("SIGKILL", "lost", "worker_lost", "was ended by SIGKILL (from outside, or the machine was out of memory)"),
        ("SIGTERM", "lost", "worker_lost", "was ended by SIGTERM"),
        ("SIGINT", "lost", "worker_lost", "was ended by SIGINT"),
    ],
)
async def test_the_end_of_a_worker(how: str, klass: str, code: str, message: str) -> None:
    async with workers(size=1, warm=0) as pool:
        error = (await pool.run_python("bad:leaves", spec(how=how), Recorder())).error
        assert error is not None
        assert (error.klass, error.code) == (klass, code)
        assert message in error.message
        assert (await pool.run_python("simple:echo", spec(value=1), Recorder())).value == 1


async def test_a_crash_tells_where_and_its_last_words_arrive() -> None:
    async with workers(size=1, warm=0) as pool:
        port = Recorder()
        error = (await pool.run_python("bad:last_words", spec(), port)).error
    assert error is not None
    assert "last words" in port.text("stderr")
    assert "bad.py" in error.traceback  # faulthandler's


async def test_a_worker_killed_from_outside_is_lost_and_replaced() -> None:
    async with workers(size=1, warm=0) as pool:
        port = Recorder()
        task = asyncio.create_task(pool.run_python("bad:sleep", spec(), port))
        await until(lambda: port.where)
        os.kill(pool.pids[0], signal.SIGKILL)
        error = (await task).error
        assert error is not None
        assert (error.klass, error.code) == ("lost", "worker_lost")
        assert (await pool.run_python("simple:noop", spec(), Recorder())).error is None


async def test_an_idle_worker_killed_from_outside_is_replaced() -> None:
    async with workers(size=2, warm=0) as pool:
        pid = (await pool.run_python("simple:where", spec(), Recorder())).value["pid"]
        os.kill(pid, signal.SIGKILL)
        await until(lambda: pid not in pool.pids)
        assert (await pool.run_python("simple:noop", spec(), Recorder())).error is None


@pytest.mark.parametrize(("target", "said"), [("bad:shouts", "bytes"), ("bad:cuts", "closed its connection")])
async def test_an_agent_that_breaks_the_wire_ends_its_worker(target: str, said: str) -> None:
    async with workers(size=1, warm=0) as pool:
        error = (await pool.run_python(target, spec(), Recorder())).error
        assert error is not None
        assert (error.klass, error.code) == ("internal", "worker_protocol")
        assert said in error.message


async def test_a_fork_answers_once() -> None:
    async with workers(size=1, warm=0) as pool:
        for _ in range(3):
            assert (await pool.run_python("bad:forks", spec(), Recorder())).value == "from the parent"


@pytest.mark.parametrize("target", ["bad:sleep", "bad:stubborn", "bad:sleep_async", "bad:spin", "asking:tool"])
async def test_timeouts(target: str) -> None:
    async def never(what: str, name: str, args: Any) -> Any:
        await asyncio.Event().wait()

    async with workers(size=1, warm=0) as pool:
        pid = (await pool.run_python("simple:where", spec(), Recorder())).value["pid"]
        error = (await pool.run_python(target, spec(timeout_s=0.05), Recorder(never))).error
        assert error is not None
        assert (error.klass, error.code) == ("timeout", "timeout")
        assert error.message == "agent did not finish within 0.05 s and was stopped"
        if target in ("bad:sleep", "bad:stubborn"):
            assert not alive(pid)  # plain code can not be stopped, its process can
        else:
            assert pool.pids == [pid]  # it listened, and costs nothing
        assert (await pool.run_python("simple:noop", spec(), Recorder())).error is None


async def test_cancelling_stops_the_agent_and_its_children() -> None:
    async with workers(size=1, warm=0) as pool:
        port = Recorder()
        task = asyncio.create_task(pool.run_python("bad:children", spec(), port))
        await until(lambda: port.text("stdout"))
        worker, child = pool.pids[0], int(port.text("stdout"))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not alive(worker)
        await gone(child)


async def test_cancelling_lets_an_async_agent_clean_up(tmp_path: Path) -> None:
    async with workers(size=1, warm=0) as pool:
        pid = (await pool.run_python("simple:where", spec(), Recorder())).value["pid"]
        port = Recorder()
        task = asyncio.create_task(pool.run_python("bad:sleep_async", spec(path=str(tmp_path / "clean")), port))
        await until(lambda: port.where)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert pool.pids == [pid]


@pytest.mark.parametrize(
    ("interpreter", "said"),
    [
        ("/nowhere/python", "No such file"),
        ("/etc/passwd", "Permission denied"),
        ("/bin/true", "it never answered"),
        ("/bin/ls", "cannot access"),
    ],
)
async def test_an_unusable_interpreter(interpreter: str, said: str) -> None:
    async with workers(interpreter) as pool:
        port = Recorder()
        error = (await pool.run_python("simple:noop", spec(), port)).error
    assert error is not None
    assert (error.klass, error.code) == ("internal", "interpreter_unusable")
    assert said in error.message
    assert error.message.endswith("Set `python` in pointsman.toml to a Python 3.9 or newer.")
    assert port.where == []


async def test_an_interpreter_that_is_too_old_or_hangs(tmp_path: Path) -> None:
    old = tmp_path / "python"
    old.write_text("#!/bin/sh\necho 'SyntaxError: future feature annotations is not defined' >&2\nexit 1\n")
    old.chmod(0o755)
    async with workers(str(old)) as pool:
        error = (await pool.run_python("simple:noop", spec(), Recorder())).error
    assert error is not None
    assert "future feature annotations is not defined" in error.message
    old.write_text("#!/bin/sh\nsleep 600\n")
    pool = WorkerPool(str(old), dict(os.environ), [], tmp_path)
    pool.prewarm()
    await until(lambda: pool.pids)
    pid = pool.pids[0]
    await pool.close()
    await gone(pid)


async def test_arguments_beyond_a_frame_are_refused_here() -> None:
    async with workers(size=1, warm=0) as pool:
        error = (await pool.run_python("simple:echo", spec(value="x" * (65 << 20)), Recorder())).error
    assert error is not None
    assert (error.klass, error.code) == ("contract", "arguments_too_large")
