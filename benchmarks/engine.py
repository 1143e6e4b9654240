"""What a stage costs: the same Python function as a chain of 10, a fan-out of 100 and a loop of 1,000, beside peers.

    make bench                       all, about two minutes
    python benchmarks/engine.py --rounds 3 --shape chain

Every contender runs once in each round, in turn, so that the noise of the machine falls on all alike; a cell is the
median over the rounds, in microseconds a stage, and the ratio to Pointsman in the same durability.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import platform
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import peers

from pointsman.journal import MemoryStore, open_store
from pointsman.runtime import catalog, sessions

STAGES = {"chain": 10, "fan": 100, "loop": 1000}
REPEATS = {"chain": 20, "fan": 2, "loop": 1}
"""Runs timed together, so that a cell is some milliseconds at least."""

AGENT = '''def bump(n):
    """The function every contender runs."""
    return {"n": n + 1}
'''

HEAD = """pipeline: bench
language: 1
agents: {bump: {python: "work:bump"}}
limits: {iterations: 2000, hops: 2000}
"""


def bump(n: int) -> dict[str, int]:
    """The function every contender runs."""
    return {"n": n + 1}


def pipeline(shape: str) -> str:
    """The pipeline of a shape."""
    if shape == "chain":
        lines = ['  s0: {agent: bump, with: {n: "${{ input.n }}"}}']
        lines += [f'  s{i}: {{agent: bump, with: {{n: "${{{{ outputs.s{i - 1}.n }}}}"}}}}' for i in range(1, 10)]
        return HEAD + 'output: {n: "${{ outputs.s9.n }}"}\nstages:\n' + "\n".join(lines) + "\n"
    if shape == "fan":
        branches = "\n".join(f'      b{i}: {{agent: bump, with: {{n: "${{{{ input.n }}}}"}}}}' for i in range(100))
        return HEAD + "stages:\n  all:\n    fork:\n" + branches + "\n"
    return (
        HEAD
        + """output: {n: "${{ outputs.one.n }}"}
stages:
  one:
    agent: bump
    with: {n: "${{ outputs.?one.n.orValue(0) }}"}
    routes: [{when: result.n < 1000, to: one}, {to: end}]
"""
    )


class Ours:
    """Pointsman, with the function in this process or in a worker, in memory or durable."""

    def __init__(self, folder: Path, shape: str, durability: str, in_process: bool) -> None:
        self._folder = folder / f"{shape}-{durability}-{in_process}"
        self._folder.mkdir()
        (self._folder / "pointsman.toml").write_text(f'python = "{sys.executable}"\n')
        (self._folder / "work.py").write_text(AGENT)
        path = self._folder / "bench.pipeline.yaml"
        path.write_text(pipeline(shape))
        self._loaded = catalog.load(path)
        agents: dict[str, Callable[..., Any]] = {"bump": bump} if in_process else {}
        self._options = sessions.Options(agents=agents, inline=True)
        self._memory = durability == "memory"
        self._durability = durability

    def run(self, times: int) -> float:
        """Seconds for so many runs."""
        return asyncio.run(self._run(times))

    async def _run(self, times: int) -> float:
        store = MemoryStore() if self._memory else open_store(self._folder, self._durability)  # type: ignore[arg-type]  # one of two
        try:
            took = 0.0
            for _ in range(times):
                session = sessions.start(self._loaded, {"n": 0}, self._options, store)
                async with session:
                    if not self._options.agents:
                        await session.warm()
                    begun = time.perf_counter()
                    state = await session.run()
                    took += time.perf_counter() - begun
                assert state.outcome == "completed", state.error
            return took
        finally:
            store.close()


def contenders(folder: Path, shape: str) -> dict[str, Callable[[int], float]]:
    """Every contender of a shape, by name."""
    found: dict[str, Callable[[int], float]] = {}
    for durability in ("memory", "normal", "full"):
        for in_process in (True, False):
            where = "in process" if in_process else "worker"
            found[f"pointsman {durability}, {where}"] = Ours(folder, shape, durability, in_process).run
    found |= peers.langgraph(shape, bump, folder)
    found |= peers.burr(shape, bump)
    return found


def measure(shape: str, rounds: int, folder: Path) -> dict[str, float]:
    """Median microseconds a stage, by contender."""
    cells: dict[str, list[float]] = {}
    runners = contenders(folder, shape)
    for round_ in range(rounds + 1):  # the first is the warm-up
        for name, run in runners.items():
            times = REPEATS[shape]
            gc.collect()
            took = run(times)
            if round_:
                cells.setdefault(name, []).append(took / times / STAGES[shape] * 1e6)
    return {name: statistics.median(values) for name, values in cells.items()}


def baseline(name: str) -> str:
    """The Pointsman cell a contender is compared with: the same durability, in process."""
    if "FULL" in name or "full" in name:
        return "pointsman full, in process"
    return "pointsman normal, in process" if "normal" in name else "pointsman memory, in process"


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--shape", choices=tuple(STAGES), action="append")
    options = parser.parse_args()
    shapes = options.shape or list(STAGES)
    with tempfile.TemporaryDirectory() as name:
        table = {shape: measure(shape, options.rounds, Path(name)) for shape in shapes}
    names = list(dict.fromkeys(name for cells in table.values() for name in cells))
    print(
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, LangGraph {version('langgraph')}, "
        f"Burr {version('apache-burr')}; median of {options.rounds} rounds, us a stage (ratio to ours alike)\n"
    )
    print(f"{'':36}" + "".join(f"{f'{shape} of {STAGES[shape]}':>22}" for shape in shapes))
    for name in names:
        row = [_cell(table[shape], name) for shape in shapes]
        print(f"{name:36}" + "".join(f"{cell:>22}" for cell in row))


def _cell(cells: dict[str, float], name: str) -> str:
    if name not in cells:
        return "-"
    return f"{cells[name]:,.1f} ({cells[name] / cells[baseline(name)]:.2f}x)"


if __name__ == "__main__":
    main()
