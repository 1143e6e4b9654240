"""The pool: bounded, fair, used again, renewed, and gone with its host."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from engine.executors.ports import AGENTS, Recorder, gone, spec, until, workers
from pointsman.executors import Outcome, WorkerPool


async def test_a_hundred_calls_through_two_workers() -> None:
    async with workers(size=2) as pool:
        values = await asyncio.gather(
            *(pool.run_python("simple:add", spec(left=number), Recorder()) for number in range(100))
        )
        assert [outcome.value for outcome in values] == list(range(1, 101))
        assert len(pool.pids) == 2


async def test_who_waits_first_is_served_first(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    async with workers(size=1) as pool:
        calls = [
            asyncio.create_task(pool.run_python("simple:note", spec(path=str(notes), text=str(number)), Recorder()))
            for number in range(20)
        ]
        await asyncio.gather(*calls)
    assert notes.read_text().split() == [str(number) for number in range(20)]


async def test_a_ctrl_c_on_the_terminal_does_not_reach_workers() -> None:
    async with workers(size=1) as pool:
        pid = (await pool.run_python("simple:where", spec(), Recorder())).value["pid"]
        assert os.getsid(pid) == os.getpgid(pid) == pid


async def test_a_spare_worker_waits() -> None:
    async with workers(size=3, warm=1) as pool:
        await pool.run_python("simple:noop", spec(), Recorder())
        await until(lambda: len(pool.pids) == 2)
        pool.prewarm()
        assert len(pool.pids) == 2


async def test_a_waiting_call_can_be_cancelled(tmp_path: Path) -> None:
    go = tmp_path / "go"
    async with workers(size=1) as pool:
        port = Recorder()
        first = asyncio.create_task(pool.run_python("simple:wait_for", spec(path=str(go)), port))
        await until(lambda: port.where)
        second = asyncio.create_task(pool.run_python("simple:noop", spec(), Recorder()))
        await asyncio.sleep(0)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        go.write_text("went")
        assert (await first).value == "went"


async def test_a_call_from_inside_runs_in_the_same_worker() -> None:
    async with workers(size=1) as pool:
        outer = spec(effect_id="outer")
        inner_port = Recorder()

        async def answer(what: str, name: str, args: Any) -> Outcome:
            if name == "inner":
                deeper = Recorder(answer)
                value = await pool.run_python("asking:tool", spec(effect_id="middle", name="leaf"), deeper, "outer")
                await pool.run_python("simple:talk", spec(), inner_port, "outer")
                return value
            return await pool.run_python("simple:where", spec(), Recorder(), inside="middle")

        port = Recorder(answer)
        outcome = await pool.run_python("asking:nested", outer, port)
        assert outcome.value["pid"] == pool.pids[0]
        assert len(pool.pids) == 1
        assert port.text("stdout") == "before\nafter\n"


async def test_output_goes_to_the_innermost_call() -> None:
    async with workers(size=1) as pool:
        inner_port = Recorder()

        async def answer(what: str, name: str, args: Any) -> Outcome:
            return await pool.run_python("simple:talk", spec(), inner_port, "outer")

        port = Recorder(answer)
        await pool.run_python("asking:nested", spec(effect_id="outer"), port)
        assert port.text("stdout") == "before\nafter\n"
        assert inner_port.text("stdout") == "one\nthree\nfour\nfive"


async def test_a_call_inside_that_can_not_be_stopped_costs_the_worker_afterwards() -> None:
    async with workers(size=1, warm=0) as pool:

        async def answer(what: str, name: str, args: Any) -> Outcome:
            inner = await pool.run_python("bad:sleep", spec(timeout_s=0.05), Recorder(), "outer")
            assert inner.error is not None
            return Outcome(inner.error.code)

        outcome = await pool.run_python("asking:nested", spec(effect_id="outer"), Recorder(answer))
        assert outcome.value == "timeout"
        assert (await pool.run_python("simple:noop", spec(), Recorder())).error is None


async def test_closing_ends_what_runs() -> None:
    pool = WorkerPool(sys.executable, dict(os.environ), [AGENTS], AGENTS, size=1)
    port = Recorder()
    running = asyncio.create_task(pool.run_python("bad:sleep", spec(), port))
    waiting = asyncio.create_task(pool.run_python("simple:noop", spec(), Recorder()))
    await until(lambda: port.where)
    pid = pool.pids[0]
    await pool.close()
    for task in (running, waiting):
        error = (await task).error
        assert error is not None
        assert (error.klass, error.code) == ("lost", "worker_lost")
    await gone(pid)


HOST = """
import asyncio, os, sys
from pathlib import Path
from engine.executors.ports import Recorder, spec
from pointsman.executors import WorkerPool

class Telling(Recorder):
    def output(self, stream, text):
        print(pool.pids[0], text, flush=True)

async def main():
    global pool
    pool = WorkerPool(sys.executable, dict(os.environ), [Path(sys.argv[1])], Path(sys.argv[1]), size=1, warm=0)
    await pool.run_python(sys.argv[2], spec(None), Telling())

asyncio.run(main())
"""


@pytest.mark.parametrize("target", ["bad:children", "bad:hog"])
async def test_a_killed_host_takes_its_workers_and_their_children_along(target: str) -> None:
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        [sys.executable, "-c", HOST, str(AGENTS), target], stdout=subprocess.PIPE, text=True, env=env
    ) as host:
        assert host.stdout is not None
        worker, said = host.stdout.readline().split()
        host.send_signal(signal.SIGKILL)
        host.wait()
        await gone(int(worker))
        if said.isdigit():
            await gone(int(said))
