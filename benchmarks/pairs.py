"""What the debugger costs a run that has none: this engine beside the last one whose driver knew of no debugger.

Both run the same loop of 1,000 stages in memory, one right after the other, first the one and then the other; what is
looked at is the difference within a pair, in the time of a core, so that what else the machine does falls out. The old
engine is measured against itself too: so large a difference is nothing but noise.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers import CACHE, ROOT
from tables import at, say

BEFORE = "f2c56a55bb46d7b399d145716d4a2703c090151b"
"""The commit before the one that gave the driver its gate."""

ALLOWED_PERCENT = 2.0
WARM_UP = 3
PROCESSES = 6
"""Pairs of processes: where memory happens to lie makes one process a per cent faster than another for all its life."""

Pair = tuple[float, float]


def without_debugger(pairs: int) -> None:
    """Measure and print."""
    old = _engine_before()
    if old is None:
        say(f"this history does not reach back to {BEFORE[:7]}: what the gate costs is not measured")
        return
    now = ROOT / "engine"
    print(f"\na run with no debugger, loop of 1,000 stages in memory ({PROCESSES} times {pairs} pairs)")
    for name, one, other in (("before the gate, twice", old, old), ("now, by before the gate", old, now)):
        say(f"{PROCESSES} times {pairs} pairs: {name}")
        found = [_pairs(one, other, pairs) for _ in range(PROCESSES)]
        _print(name, found, judged=other is now)


def _print(name: str, found: list[list[Pair]], *, judged: bool) -> None:
    """The median of all differences, how far it lies apart in the processes and in single pairs, and that of the
    fastest runs of either."""
    pairs = [pair for part in found for pair in part]
    every = [_percent(pair) for pair in pairs]
    each = sorted(at([_percent(pair) for pair in part], 50) for part in found)
    fastest = _percent((min(first for first, _ in pairs), min(second for _, second in pairs)))
    middle = at(every, 50)
    verdict = f"  budget {ALLOWED_PERCENT:g} % {'ok' if middle <= ALLOWED_PERCENT else 'OVER'}" if judged else ""
    print(
        f"  {name:26} median {middle:+.2f} %, of processes {each[0]:+.2f} to {each[-1]:+.2f}, "
        f"half of all pairs {at(every, 25):+.1f} to {at(every, 75):+.1f}; fastest runs {fastest:+.2f} %{verdict}",
        flush=True,
    )


def _percent(pair: Pair) -> float:
    return 100 * (pair[1] / pair[0] - 1)


def _pairs(one: Path, other: Path, count: int) -> list[Pair]:
    with _loop(one) as first, _loop(other) as second:
        found = []
        for index in range(WARM_UP + count):
            if index % 2:
                pair = (_once(first), _once(second))
            else:
                later = _once(second)
                pair = (_once(first), later)
            if index >= WARM_UP:
                found.append(pair)
    return found


@contextmanager
def _loop(engine: Path) -> Iterator[subprocess.Popen[str]]:
    env = {**os.environ, "PYTHONPATH": str(engine), "PYTHONHASHSEED": "0"}
    script = Path(__file__).with_name("looping.py")
    process = subprocess.Popen(
        [sys.executable, str(script)], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    try:
        yield process
        process.stdin.close()
        process.wait(20)
    finally:
        process.kill()
        process.wait()


def _once(process: subprocess.Popen[str]) -> float:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    return float(process.stdout.readline())


def _engine_before() -> Path | None:
    """The old engine's folder, unpacked first if need be; None without a history that has it."""
    home = CACHE / f"engine-{BEFORE[:7]}"
    if not (home / "engine" / "pointsman" / "testing.py").exists():
        packed = subprocess.run(["git", "archive", BEFORE, "engine"], cwd=ROOT, capture_output=True, check=False)
        if packed.returncode:
            return None
        with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as tar:
            tar.extractall(home, filter="data")
    return home / "engine"
