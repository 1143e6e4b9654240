"""The command line with a death in it: `python killed_at.py WHO WHEN SEQ ARGS...`.

As soon as the event SEQ is durable (WHEN is after) or just before (before), WHO dies: `host` is this process by
SIGKILL, `terminal` this process by SIGHUP, `worker` every worker process there is by SIGKILL.
"""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from pointsman.journal import writer
from pointsman.kernel.events import Record
from pointsman_server.cli import main

who, when, seq = sys.argv[1], sys.argv[2], int(sys.argv[3])
append = writer.ThreadWriter.append
done = False


def children() -> list[int]:
    """The processes we started that are workers."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            line = (entry / "cmdline").read_bytes()
        except (OSError, IndexError):
            continue
        if parent == os.getpid() and b"shim" in line:
            found.append(int(entry.name))
    return found


def die() -> None:
    """Kill whom we were told to, once."""
    global done
    done = True
    if who == "worker":
        for pid in children():
            os.kill(pid, signal.SIGKILL)
    else:
        os.kill(os.getpid(), signal.SIGKILL if who == "host" else signal.SIGHUP)


async def append_and_die(self: writer.ThreadWriter, run_id: str, fence: int, records: Sequence[Record]) -> None:
    """The writer's append, with the death beside it."""
    here = not done and any(record.seq >= seq for record in records)
    if here and when == "before":
        die()
    await append(self, run_id, fence, records)
    if here and when == "after":
        die()


writer.ThreadWriter.append = append_and_die  # type: ignore[method-assign]  # that is what this program is for
sys.exit(main(sys.argv[4:]))
