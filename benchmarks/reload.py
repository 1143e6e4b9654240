"""From a saved file to new definitions live, as an editor hears of it; beside watchfiles, which says that it changed.

    make bench-reload

Ours goes through the bridge: the time is from the end of the write to the last byte of `pointsman/definitionChanged`,
with everything read, checked and compared in between. The peer is what `uvicorn --reload` and others watch with, in its
own settings, in a process that does nothing else.
"""

from __future__ import annotations

import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import servers
import wire as wires
from tables import Cells, say, show

ROUNDS = 30
WARM_UP = 3
BUDGET_MS = 200.0
LINES = 1_000

WATCHER = """\
import sys, watchfiles
for changes in watchfiles.watch(sys.argv[1], ignore_permission_denied=True, yield_on_timeout=True, rust_timeout=200):
    print("changed" if changes else "ready", flush=True)
"""


def saving(folder: Path) -> Cells:
    """Save each kind of file in turn."""
    root = servers.workspace(folder / "ours")
    pipeline = servers.ours().text(LINES)
    path = root / "saved.pipeline.yaml"
    path.write_text(pipeline.text, "utf-8")
    cells = Cells("saved to live")
    wires.CAPABILITIES["experimental"] = {"pointsman": {"runs": True, "commands": []}}
    wire = servers.ours().start(root)
    try:
        wire.initialize()
        wire.request("pointsman/runs", {"limit": 1})
        wire.quiet(3.0)  # every pipeline there is has been learnt
        for round_ in range(WARM_UP + ROUNDS):
            took = _saved(wire, path, f"{pipeline.text}\n# {round_}\n")
            if round_ >= WARM_UP:
                cells.add(f"pointsman, a pipeline of {LINES:,} lines", took)
        for round_ in range(WARM_UP + ROUNDS):
            took = _bare(folder, round_)
            if round_ >= WARM_UP:
                cells.add("watchfiles, that some file has changed", took)
    finally:
        wire.close()
        servers.stop(root)
    return cells


def _saved(wire: wires.Wire, path: Path, text: str) -> float:
    path.write_text(text, "utf-8")
    begun = time.perf_counter()

    def ours(message: dict[str, Any]) -> bool:
        return message.get("method") == "pointsman/definitionChanged" and message["params"]["state"] == "live"

    _, at = wire.wait(ours)
    return (at - begun) * 1000


def _bare(folder: Path, round_: int) -> float:
    root = folder / "bare"
    root.mkdir(exist_ok=True)
    process = subprocess.Popen([sys.executable, "-c", WATCHER, str(root)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        _read_until(process.stdout.readline, "ready")
        (root / "file").write_text(str(round_), "utf-8")
        begun = time.perf_counter()
        _read_until(process.stdout.readline, "changed")
        return (time.perf_counter() - begun) * 1000
    finally:
        process.kill()
        process.wait()


def _read_until(line: Callable[[], str], word: str) -> None:
    while (said := line().strip()) != word:
        if not said:
            raise RuntimeError("the watcher has ended")


def main() -> None:
    """Measure and print."""
    say(f"Python {platform.python_version()}, {platform.machine()}")
    with tempfile.TemporaryDirectory() as folder:
        show([saving(Path(folder))], {("saved to live", 0): BUDGET_MS})


if __name__ == "__main__":
    main()
