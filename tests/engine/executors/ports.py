"""A port that remembers, and what the tests of this folder share."""

import asyncio
import os
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pointsman.executors import CallSpec, Outcome, WorkerPool

AGENTS = Path(__file__).parents[2] / "data" / "agents"

Answer = Callable[[str, str, Any], Awaitable[Outcome]]


class Recorder:
    """Answers each request with what was asked, unless told otherwise."""

    def __init__(self, answer: Answer | None = None) -> None:
        self.log: list[Any] = []
        self.where: list[str] = []
        self.printed: list[tuple[str, str]] = []
        self._answer = answer

    async def started(self, where: str) -> None:
        self.where.append(where)

    async def request(self, what: str, name: str, args: Any) -> Outcome:
        self.log.append((what, name, args))
        return await self._answer(what, name, args) if self._answer else Outcome([what, name, args])

    def progress(self, message: str, fraction: float | None) -> None:
        self.log.append((message, fraction))

    def output(self, stream: str, text: str) -> None:
        self.printed.append((stream, text))

    def text(self, stream: str) -> str:
        return "".join(text for name, text in self.printed if name == stream)


_count = 0


def spec(timeout_s: float | None = 20.0, stage: str = "stage", effect_id: str = "", **args: Any) -> CallSpec:
    global _count
    _count += 1
    return CallSpec(effect_id or f"main:stage#{_count}", 1, stage, "agent", args, "key", timeout_s)


@asynccontextmanager
async def workers(interpreter: str = sys.executable, **options: Any) -> AsyncIterator[WorkerPool]:
    """A pool whose processes are all gone afterwards."""
    roots = options.pop("roots", [AGENTS])
    cwd = options.pop("cwd", AGENTS)
    env = {**os.environ, **options.pop("env", {})}
    pool = WorkerPool(interpreter, env, roots, cwd, **options)
    seen: set[int] = set()
    try:
        yield pool
        seen.update(pool.pids)
    finally:
        await pool.close()
        assert not pool.pids
    for pid in seen:
        await gone(pid)


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    try:
        return not stat.parent.parent.joinpath("self").exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def gone(pid: int, within_s: float = 5.0) -> None:
    await until(lambda: not alive(pid), within_s)


async def until(true: Callable[[], object], within_s: float = 10.0) -> None:
    """Wait for a condition, never for a time."""
    end = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < end, "it never came true"
        await asyncio.sleep(0.002)


def pythons() -> list[str]:
    """Every Python here that can serve, one of each version."""
    found: dict[tuple[int, int], str] = {}
    candidates = [sys.executable, *(shutil.which(f"python3.{minor}") for minor in range(9, 15))]
    candidates += sorted(map(str, Path.home().glob(".pyenv/versions/3.*/bin/python")))
    for candidate in candidates:
        if candidate is not None:
            said = subprocess.run(
                [candidate, "-c", "import sys; print(*sys.version_info[:2])"], capture_output=True, text=True
            ).stdout.split()
            if said and (3, 9) <= (int(said[0]), int(said[1])) <= (3, 14):
                found.setdefault((int(said[0]), int(said[1])), candidate)
    return [found[version] for version in sorted(found)]
