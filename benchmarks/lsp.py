"""What an editor waits for: our language server beside yaml-language-server, tombi, ty and a bare pygls.

    make bench-lsp                       all, some minutes; the first time it installs the peers into .bench/
    python benchmarks/lsp.py --only editing --lines 500

All servers live at once and take turns, in an order that is turned round each time, so that the noise of the machine
falls on all alike. Each has a file of its own language, of the same length; yaml-language-server reads the pipeline we
read, by our JSON Schema, without the 200 ms it waits after a keystroke. Times are what the client sees by the clock on
the wall, ours through the bridge: from the first byte out to the last byte in. A ratio is a peer's median by ours.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import busy
import servers
from editor import Editor
from tables import OURS, Cells, say, show, turn
from wire import Wire

ROUNDS = {500: 60, 1_000: 60, 5_000: 30, 10_000: 30, 20_000: 12}
"""How often each deed is measured, by the length of the file."""

OURS_ALONE = (1_000, 10_000)
"""Lengths at which only our budgets are looked at."""

WARM_UP = 6
"""Rounds that do not count: just-in-time compilers and caches get their chance."""

STARTS = 12
FILES = 50
FILE_LINES = 300

BUDGETS = {
    ("initialize answered, server running", 0): 50.0,
    ("initialize answered, cold", 0): 600.0,
    **{
        (deed, lines): budget
        for deed in ("keystroke to diagnostics", "completion", "hover")
        for lines, budget in ((1_000, 2.0), (10_000, 8.0))
    },
    (f"memory with {FILES} files of {FILE_LINES} lines open", 0): 70.0,
}
"""Milliseconds at the 95th percentile, and megabytes, by what is measured and the length of the file."""


def starting(folder: Path) -> Iterator[Cells]:
    """Start everybody from nothing, again and again; ours also with its server running already."""
    cold = Cells("initialize answered, cold")
    running = Cells("initialize answered, server running")
    first = Cells("from nothing to the first diagnostics of 500 lines")
    memory = Cells("memory after initialize", unit="MB")
    ours, bare = servers.ours(), servers.bare_pygls()
    everybody = [ours, *servers.peers(), bare]
    for round_ in range(STARTS + 1):
        counts = round_ > 0  # the first fills the disk's cache
        for server in turn(everybody, round_):
            say(f"start {round_} of {STARTS}: {server.name}")
            with _started(server, folder) as (wire, _, took):
                wire.quiet(0.3)
                if counts:
                    cold.add(server.name, took * 1000)
                    memory.add(server.name, _rss(server.pid(wire)))
            if server is bare:
                continue
            with _started(server, folder) as (wire, capabilities, _):
                Editor(wire, capabilities, server.text(500)).open()
                if counts:
                    first.add(server.name, (wire.heard - wire.spawned) * 1000)
                if server is ours:
                    wire.quiet(0.3)
                    with _started(server, folder, last=False) as (_, _, took):
                        if counts:
                            running.add(server.name, took * 1000)
    running.samples |= {name: values for name, values in cold.samples.items() if name not in running.samples}
    yield from (cold, running, first, memory)


def editing(folder: Path, lines: int) -> Iterator[Cells]:
    """Everybody has a file of so many lines open, and takes turns at each deed."""
    contenders = [servers.ours()] if lines in OURS_ALONE else [servers.ours(), *servers.peers()]
    with ExitStack() as ends:
        editors = {server.name: ends.enter_context(_opened(server, folder, lines)) for server in contenders}
        yield from _measured(editors, lines)


def beside_runs(folder: Path, lines: int, runs: int) -> Iterator[Cells]:
    """Ours in two workspaces, one quiet, and one whose server has so many runs going on all the while."""
    ours = servers.ours()
    loud = servers.workspace(folder.with_name(f"loud-{lines}"))
    with ExitStack() as ends:
        editors = {
            OURS: ends.enter_context(_opened(ours, folder, lines)),
            f"{OURS}, {runs} runs active": ends.enter_context(_opened(ours, loud, lines)),
        }
        started = busy.start(loud, runs)
        for cells in _measured(editors, lines):
            cells.title += f", beside {runs} runs"
            yield cells
        say(f"{busy.still_running(loud, started)} of {runs} runs were still going at the end")


def many_files(folder: Path) -> Iterator[Cells]:
    """Memory with many files open."""
    cells = Cells(f"memory with {FILES} files of {FILE_LINES} lines open", unit="MB")
    for server in [servers.ours(), *servers.peers()]:
        say(f"{FILES} files: {server.name}")
        with _started(server, folder) as (wire, capabilities, _):
            editor = Editor(wire, capabilities, server.text(FILE_LINES))
            for _ in range(FILES):
                editor.open()
            wire.quiet(0.5)
            cells.add(server.name, _rss(server.pid(wire)))
    yield cells


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("starting", "editing", "runs", "memory"), action="append")
    parser.add_argument("--lines", type=int, choices=tuple(ROUNDS), action="append")
    parser.add_argument("--runs", type=int, default=50, help="how many are active in the last part (50)")
    options = parser.parse_args()
    parts = options.only or ["starting", "editing", "memory", "runs"]
    lengths = options.lines or list(ROUNDS)
    print(f"Python {platform.python_version()}, {servers.versions()}")
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, {load:.1f} of them busy when this began: above 0.5 only the minima say much")
    gc.disable()  # the client's own; it is collected between rounds
    with tempfile.TemporaryDirectory() as name:
        folder = servers.workspace(Path(name).resolve() / "quiet")
        if "starting" in parts:
            show(starting(folder), BUDGETS)
        if "editing" in parts:
            for lines in lengths:
                show(editing(folder, lines), BUDGETS)
        if "memory" in parts:
            show(many_files(folder), BUDGETS)
        if "runs" in parts:
            for lines in OURS_ALONE:
                if lines in lengths:
                    show(beside_runs(folder, lines, options.runs), BUDGETS)


@contextmanager
def _opened(server: servers.Server, folder: Path, lines: int) -> Iterator[Editor]:
    with _started(server, folder) as (wire, capabilities, _):
        wire.quiet(0.3)
        editor = Editor(wire, capabilities, server.text(lines))
        editor.open()
        yield editor


@contextmanager
def _started(server: servers.Server, folder: Path, last: bool = True) -> Iterator[tuple[Wire, dict[str, Any], float]]:
    """A server that has answered `initialize`, what it can do, and the seconds it took; ended, all of it if `last`."""
    wire = server.start(folder)
    try:
        capabilities, took = wire.initialize()
        yield wire, capabilities, took
    finally:
        wire.close()
        if server.bridged and last:
            servers.stop(folder)


def _measured(editors: dict[str, Editor], lines: int) -> Iterator[Cells]:
    deeds = {name: editor.deeds for name, editor in editors.items()}
    for title in next(iter(deeds.values())):
        cells = Cells(title, lines)
        opening = title == "open to diagnostics"
        rounds = max(8, ROUNDS[lines] // 4) if opening else ROUNDS[lines]
        warm_up = 2 if opening else WARM_UP
        say(f"{lines} lines: {title}")
        for round_ in range(warm_up + rounds):
            gc.collect()
            for name in turn(list(deeds), round_):
                took = deeds[name][title]()
                if round_ >= warm_up:
                    cells.add(name, took * 1000)
        yield cells


def _rss(pid: int) -> float:
    """Megabytes of memory a process has resident."""
    for line in Path(f"/proc/{pid}/status").read_text("utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1000
    raise ValueError(f"process {pid} has no memory")


if __name__ == "__main__":
    main()
