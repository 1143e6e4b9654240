"""What a person at a debugger waits for: ours beside debugpy, stock and as fast as it can be made.

    make bench-dap                       all, some minutes; the first time it installs debugpy into .bench/
    python benchmarks/dap.py --only stepping

Ours steps over a stage of a pipeline, debugpy over a line of Python: neither is the other's work, but each is the one
step its person makes. The stages do nothing: `set` adds one to a number in the engine itself, a scripted agent is
answered inside the server, and an agent in a worker process is a real one that adds one. All debuggers live at once and
take turns, in an order that is turned round each time. Times are what the client sees by the clock on the wall, ours
through the bridge; a step is from the first byte of `next` to the last byte of `stopped`.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import debuggers
import pairs
import servers
from stepper import Stepper
from tables import Cells, say, show, turn

STEPS = 300
WARM_UP = 20
STARTS = 10
REWINDS = 20

EVENTS = 10_000
COUNTED = 3_333
"""What it takes: three events for each stage that counts, its entry, its write and its route."""

BUDGETS = {
    ("next to stopped", 0): 1.0,
    ("next to stopped, stack, scopes and innermost variables", 0): 3.0,
    (f"back to the start of {EVENTS:,} events", 0): 50.0,
    (f"back to a condition in the middle of {EVENTS:,} events", 0): 50.0,
    (f"one step back at the end of {EVENTS:,} events", 0): 50.0,
    (f"one step back in the middle of {EVENTS:,} events", 0): 50.0,
}
"""Milliseconds at the 95th percentile."""


def stepping(folder: Path) -> Iterator[Cells]:
    """Everybody is stopped in a loop, and takes turns at each deed."""
    deeds: dict[str, Callable[[Stepper], float]] = {
        "next to stopped": Stepper.step,
        "next to stopped, stack, scopes and innermost variables": Stepper.refresh,
        "next to stopped, stack, scopes and all variables": Stepper.refresh_all,
    }
    with ExitStack() as ends:
        steppers = {}
        for debugger in [*debuggers.ours(folder), *debuggers.peers(folder)]:
            steppers[debugger.name], _ = debugger.start(folder)
            ends.callback(steppers[debugger.name].close)
        for title, deed in deeds.items():
            say(title)
            cells = Cells(title)
            for round_ in range(WARM_UP + STEPS):
                gc.collect()
                for name in turn(list(steppers), round_):
                    took = deed(steppers[name])
                    if round_ >= WARM_UP:
                        cells.add(name, took * 1000)
            yield cells


def starting(folder: Path) -> Iterator[Cells]:
    """Start everybody from nothing to a stop at a breakpoint; ours also with its server running already."""
    cold = Cells("from nothing to the first stop")
    running = Cells("from nothing to the first stop, beside a server that runs")
    ours = debuggers.ours(folder)[0]
    everybody = [ours, *debuggers.peers(folder)]
    for round_ in range(STARTS + 1):
        say(f"start {round_} of {STARTS}")
        for debugger in turn(everybody, round_):
            stepper, took = debugger.start(folder)
            stepper.close()
            if round_:  # the first fills the disk's cache
                cold.add(debugger.name, took * 1000)
            if debugger is ours:
                stepper, took = debugger.start(folder)
                stepper.close()
                servers.stop(folder)
                if round_:
                    running.add(debugger.name, took * 1000)
    running.samples |= {name: values for name, values in cold.samples.items() if name not in running.samples}
    yield from (cold, running)


def rewinding(folder: Path) -> Iterator[Cells]:
    """Back and forth in a recorded run."""
    program = debuggers.recorded(folder, COUNTED)
    argv = [str(servers.POINTSMAN), "run", program.name]
    subprocess.run(argv, cwd=folder, capture_output=True, timeout=120, check=True)
    debugger = debuggers.attached(program)
    stepper, _ = debugger.start(folder)
    with closing(sqlite3.connect(folder / ".pointsman" / "journal.db")) as journal:
        (events,) = journal.execute("SELECT count(*) FROM events").fetchone()
    assert events >= EVENTS, f"only {events} events"
    line = program.read_text("utf-8").split("\n").index("stages:") + 2

    def far_back() -> float:
        took = stepper.move("reverseContinue")
        stepper.move("continue")
        return took

    def to_the_middle() -> float:
        stepper.break_at(program, line, f"state.n == {COUNTED // 2}")
        took = stepper.move("reverseContinue")
        stepper.break_at(program, 0)
        stepper.move("continue")
        return took

    def back_at_the_end() -> float:
        took = stepper.move("stepBack")
        stepper.move("continue")
        return took

    def back() -> float:
        return stepper.move("stepBack")

    deeds = {
        f"back to the start of {EVENTS:,} events": far_back,
        f"back to a condition in the middle of {EVENTS:,} events": to_the_middle,
        f"one step back at the end of {EVENTS:,} events": back_at_the_end,
        f"one step back in the middle of {EVENTS:,} events": back,
    }
    try:
        for title, deed in deeds.items():
            say(title)
            cells = Cells(title)
            if deed is back:
                stepper.break_at(program, line, f"state.n == {COUNTED // 2}")
                stepper.move("reverseContinue")
                stepper.break_at(program, 0)
            for round_ in range(REWINDS + 2):
                took = deed()
                if round_ >= 2:
                    cells.add(debugger.name, took * 1000)
            yield cells
    finally:
        stepper.close()


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("stepping", "starting", "rewinding", "pairs"), action="append")
    parser.add_argument("--pairs", type=int, default=60, help="pairs of runs in each pair of processes (60)")
    options = parser.parse_args()
    parts = options.only or ["stepping", "starting", "rewinding", "pairs"]
    print(f"Python {platform.python_version()}, {debuggers.versions()}")
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, {load:.1f} of them busy when this began: above 0.5 only the minima say much")
    gc.disable()  # the client's own; it is collected between rounds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        (folder / "pointsman.toml").write_text(f'python = "{sys.executable}"\n', "utf-8")
        try:
            for part, measure in (("stepping", stepping), ("starting", starting), ("rewinding", rewinding)):
                if part in parts:
                    show(measure(folder), BUDGETS)
                    servers.stop(folder)
        finally:
            servers.stop(folder)
    if "pairs" in parts:
        pairs.without_debugger(options.pairs)
    print(f"\n{os.getloadavg()[0]:.1f} of {os.cpu_count()} cores were busy at the end")


if __name__ == "__main__":
    main()
