"""The workspace's server in tests: started as users start it, and always ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from e2e.cli import environment, pointsman
from pointsman_server.rendezvous import wait_gone

DEADLINE_S = 30


@contextmanager
def server_of(root: Path) -> Iterator[None]:
    """Whatever server comes up in this workspace is gone afterwards, however the test ends."""
    try:
        yield
    finally:
        said = door(root)
        if said:
            with suppress(ProcessLookupError):
                os.kill(said["pid"], signal.SIGKILL)
        assert wait_gone(str(root / ".pointsman"), DEADLINE_S)


def door(root: Path) -> dict[str, Any]:
    """What `server.json` says; empty when there is none."""
    try:
        said: dict[str, Any] = json.loads((root / ".pointsman" / "server.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return said


def status(root: Path) -> Any:
    """What `pointsman status` says, None without a server."""
    return pointsman("status", "--json", cwd=root).json


def until(root: Path, holds: Callable[[Any], bool]) -> Any:
    """The server's status once something holds of it."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        said = status(root)
        if said is not None and holds(said):
            return said
        assert time.monotonic() < deadline, said


@contextmanager
def started(*args: str, cwd: Path, env: dict[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    """A command that goes on in the background, killed at the end if it still does."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pointsman_server", *args],
        cwd=cwd,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment() | (env or {}),
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
