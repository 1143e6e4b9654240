"""Agents in a worker: what they get, what they may do, what comes back; in every Python that is here."""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from engine.executors.ports import AGENTS, Recorder, pythons, spec, workers
from pointsman.executors import Outcome, PythonAgent
from pointsman.kernel.events import ErrorInfo


@pytest.mark.parametrize("python", pythons(), ids=lambda path: Path(path).parts[-3])
async def test_every_python_runs_agents(python: str) -> None:
    async with workers(python, size=1) as pool:
        port = Recorder()
        where = await PythonAgent(pool, "simple:where").run(spec(stage="triage"), port)
        assert where.value["thread"] == "triage#1"
        assert port.where == [f"worker {where.value['pid']}"]
        assert where.value["pid"] != os.getpid()
        assert (await pool.run_python("simple:slow_add", spec(left=1, right=2), port)).value == 3
        assert (await pool.run_python("simple:wrapped", spec(left=1, right=2), port)).value == 3
        assert (await pool.run_python("asking:tool", spec(), port)).value == ["tool", "search", {"q": 1}]
        assert (await pool.run_python("asking:tool_async", spec(), port)).value == ["tool", "search", {"q": 1}]
        assert (await pool.run_python("simple:Method.run", spec(value="ab"), port)).value == "abab"
        raised = (await pool.run_python("bad:raises_from", spec(), port)).error
        assert raised is not None
        assert raised.message == "RuntimeError: outer"
        assert raised.traceback.count("bad.py") == 3
        assert "executors" not in raised.traceback.replace(str(AGENTS), "")
        for how in ("connection", "timeout", "asyncio", "flaky"):
            for target in ("bad:fails", "bad:fails_async"):
                error = (await pool.run_python(target, spec(how=how), port)).error
                assert error is not None
                assert (error.klass, error.code) == ("transient", "agent_raised")
        assert (await pool.run_python("simple:rich", spec(), port)).value["long"] == 2**70
        assert (await pool.run_python("simple:where", spec(), port)).value["pid"] == where.value["pid"]


async def test_results_become_json() -> None:
    async with workers(size=1) as pool:
        outcome = await pool.run_python("simple:rich", spec(), Recorder())
    assert outcome == Outcome(
        {
            "point": {"x": 1.5, "tags": ["a"]},
            "model": {"mode": "json", "inner": {"x": 2.0, "tags": ["a"]}},
            "colour": "red",
            "pair": [1, None],
            "long": 2**70,
            "ä": "ö",
        }
    )


async def test_each_call_has_a_fresh_thread() -> None:
    async with workers(size=1) as pool:
        threads = [(await pool.run_python("simple:thread", spec(), Recorder())).value for _ in range(5)]
    assert len(set(threads)) == 5


async def test_output_of_every_kind_arrives_before_the_result(capfd: pytest.CaptureFixture[str]) -> None:
    async with workers(size=1) as pool:
        port = Recorder()
        assert (await pool.run_python("simple:talk", spec(), port)).error is None
        assert port.text("stdout") == "one\nthree\nfour\nfive"
        assert port.text("stderr") == "two\n"
    assert capfd.readouterr().out == ""


async def test_output_is_bounded_and_comes_in_few_pieces() -> None:
    async with workers(size=1) as pool:
        port = Recorder()
        assert (await pool.run_python("simple:flood", spec(), port)).error is None
    assert 1024 * 1024 < len(port.text("stdout")) < 1024 * 1024 + 100
    assert port.text("stdout").endswith("[output over 1,048,576 characters is left out]\n")
    assert len(port.printed) < 200


async def test_a_defaced_worker_serves_the_next_agent() -> None:
    async with workers(size=1) as pool:
        pid = (await pool.run_python("simple:where", spec(), Recorder())).value["pid"]
        assert (await pool.run_python("simple:deface", spec(), Recorder())).error is None
        port = Recorder()
        looked = await pool.run_python("simple:look", spec(), port)
        assert looked.value["cwd"] == str(AGENTS)
        assert looked.value["environ"] == "yes"  # documented: modules set variables when they are imported
        assert port.text("stdout") == "still heard\n"
        assert (await pool.run_python("simple:where", spec(), Recorder())).value["pid"] == pid


async def test_stdin_is_empty() -> None:
    async with workers(size=1) as pool:
        assert (await pool.run_python("simple:read_stdin", spec(), Recorder())).value == ["", ""]


async def test_users_modules_may_have_the_names_of_library_modules(tmp_path: Path) -> None:
    shadows = AGENTS / "shadows"
    elsewhere = {"PYTHONPATH": str(shadows)}
    for options in ({"roots": [shadows]}, {"roots": [shadows, AGENTS]}, {"roots": [AGENTS], "env": elsewhere}):
        async with workers(size=1, **options) as pool:
            if shadows in options["roots"]:
                assert (await pool.run_python("queue:handle", spec(), Recorder())).value == "mine"
            assert (await pool.run_python("calling:handle", spec(), Recorder())).value == "mine"
            if AGENTS in options["roots"]:
                assert (await pool.run_python("simple:slow_add", spec(left=1, right=1), Recorder())).value == 2
                raised = (await pool.run_python("bad:raises", spec(), Recorder())).error
                assert raised is not None
                assert "deeper" in raised.traceback


async def test_roots_come_before_pythonpath_and_both_are_kept(tmp_path: Path) -> None:
    async with workers(size=1, env={"PYTHONPATH": str(tmp_path)}) as pool:
        value = (await pool.run_python("simple:path", spec(), Recorder())).value
    assert value == [str(tmp_path), [str(AGENTS), str(tmp_path)]]


async def test_a_module_written_after_the_worker_started_is_found(tmp_path: Path) -> None:
    async with workers(size=1, roots=[tmp_path, AGENTS]) as pool:
        assert (await pool.run_python("fresh:f", spec(), Recorder())).error is not None
        (tmp_path / "fresh.py").write_text("def f():\n    return 1\n")
        assert (await pool.run_python("fresh:f", spec(), Recorder())).value == 1


async def test_ctx_tells_about_the_attempt() -> None:
    async with workers(size=1) as pool:
        port = Recorder()
        told = await pool.run_python("asking:about", spec(timeout_s=5.0), port)
        assert told.value == ["stage", 1, "key", True, False]
        assert port.log == [("half", 0.5), ("unknown", None)]
        assert (await pool.run_python("asking:own_ctx", spec(), port)).value == "given"
        assert (await pool.run_python("asking:own_ctx", spec(ctx="written"), port)).value == "written"


async def test_agents_ask_models_and_many_tools_at_once() -> None:
    async with workers(size=1) as pool:
        port = Recorder()
        hello = {"messages": [{"role": "user", "content": "hello"}], "tools": []}
        assert (await pool.run_python("asking:llm", spec(), port)).value == ["llm", "small", hello]
        many = await pool.run_python("asking:many", spec(count=20), port)
        assert many.value == [["tool", "search", {"q": number}] for number in range(20)]


async def test_a_refused_tool_is_an_exception_the_agent_may_handle() -> None:
    async def refuse(what: str, name: str, args: Any) -> Outcome:
        return Outcome(error=ErrorInfo("policy", "denied", "not on a Sunday"))

    async with workers(size=1) as pool:
        handled = await pool.run_python("asking:handles", spec(), Recorder(refuse))
        assert handled.value == ["search", "policy", "denied", "not on a Sunday"]
        for target in ("asking:tool", "asking:tool_async"):
            error = (await pool.run_python(target, spec(), Recorder(refuse))).error
            assert error is not None
            assert (error.klass, error.code) == ("policy", "denied")
            assert error.message == "ToolError: search: not on a Sunday"


async def test_a_request_nobody_waits_for_is_cancelled() -> None:
    cancelled = asyncio.Event()

    async def never(what: str, name: str, args: Any) -> Outcome:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        raise AssertionError

    async with workers(size=1) as pool:
        port = Recorder(never)
        assert (await pool.run_python("asking:leaves_early", spec(), port)).value is False
        if port.log:  # the answer may overtake the task that would have asked
            await cancelled.wait()


async def test_what_is_no_json_is_not_asked() -> None:
    async with workers(size=1) as pool:
        error = (await pool.run_python("asking:strange", spec(), Recorder())).error
    assert error is not None
    assert error.message == "TypeError: the call.q is of type set, which JSON does not have"
