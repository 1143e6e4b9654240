"""The server process: one per workspace, host of every editor's connection and of the runs they start.

It ends when nobody has needed it for a while. `reception` is how it listens.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import json
import os
import signal
import sys
import time
from collections.abc import Set
from contextlib import suppress
from typing import TYPE_CHECKING

from pointsman import __version__
from pointsman_server.clients import Client
from pointsman_server.log import log
from pointsman_server.memory import collect_when_grown
from pointsman_server.reception import Reception
from pointsman_server.rendezvous import DOOR, HOLD, LOG, START, NoServer, door, make_home

if TYPE_CHECKING:
    from pointsman_server.rooms import Rooms

IDLE_S = 600.0
"""Without a client and without a run for so long, the server ends; `POINTSMAN_IDLE_S` says otherwise."""

LOOK_S = 5.0
"""How often the server looks after its door: whoever removes it by mistake must not lock everybody out."""

SWITCH_S = 0.0005
"""How long a busy thread may keep the interpreter's lock: with Python's 5 ms a keystroke waits 160 ms at the worst."""

LOG_LIMIT = 1 << 20
"""Bytes of log kept from before; one older log stays beside it."""


class Server:
    """The process's one object: who is connected, what runs, and when to end."""

    def __init__(self, root: str, folder: str, hold: int, idle_s: float) -> None:
        self.root = root
        self.folder = folder
        self._hold = hold
        self.log = os.path.join(self.folder, LOG)
        self.idle_s = idle_s
        self.started_at_ns = time.time_ns()
        self._reception = Reception(
            root,
            {"lsp": self._serve_lsp, "dap": self._serve_dap, "control": self._serve_control},
            log=self.log,
            note=log,
            makes_room=self._makes_room,
            left=self._is_quiet,
        )
        self._quiet_since = time.monotonic()
        self._stopping = asyncio.Event()
        self._farewell = ""
        self._rooms: Rooms | None = None

    @property
    def clients(self) -> Set[Client]:
        """Who is connected."""
        return self._reception.clients

    @property
    def endpoint(self) -> str:
        """Where it listens."""
        return self._reception.endpoint

    @property
    def rooms(self) -> Rooms:
        """What LSP, DAP and control share, made when the first of them comes: a bare start imports none of it."""
        if self._rooms is None:
            from pointsman_server.rooms import Rooms

            self._rooms = Rooms(self.root, self.endpoint)
        return self._rooms

    @property
    def busy(self) -> bool:
        """Whether anybody needs this process: a client that stays, or a live run."""
        return any(client.role != "control" for client in self.clients) or bool(self._rooms and self._rooms.live)

    def stop(self, why: str) -> None:
        """End in good order: clients are told why, runs are given back."""
        self._farewell = why
        self._stopping.set()

    async def run(self, ready: int) -> None:
        """Listen until told to stop or nobody has needed us for `idle_s`."""
        await self._reception.open()
        self._write_door()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self.stop, "it was told to end")
        loop.add_signal_handler(signal.SIGINT, self.stop, "it was told to end")
        log(f"listening on {self.endpoint} for {self.root}, version {__version__}, process {os.getpid()}")
        os.write(ready, b"ready\n")
        os.close(ready)
        collecting = loop.create_task(collect_when_grown())
        await self._until_the_end()
        collecting.cancel()
        await self._reception.close(f"the server of {self.root} has ended: {self._farewell}")
        if self._rooms:
            await self._rooms.close()
        log(f"ended: {self._farewell}")

    async def _until_the_end(self) -> None:
        while not self._stopping.is_set():
            left = self.idle_s if self.busy else self._quiet_since + self.idle_s - time.monotonic()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), min(max(left, 0.05), LOOK_S))
            if self.busy:
                self._quiet_since = time.monotonic()
            elif not self._holds():
                self.stop(f"{self.folder} is another's now")
            elif time.monotonic() >= self._quiet_since + self.idle_s and self._leave():
                self.stop(f"nobody has needed it for {self.idle_s:g} s")
            if not self._stopping.is_set() and self._holds() and not self._has_door():
                self._write_door()
        self._take_door_away()

    def _holds(self) -> bool:
        """Whether the file we hold is still the one that others look at: our folder may have been removed."""
        try:
            return os.path.samestat(os.fstat(self._hold), os.stat(os.path.join(self.folder, HOLD)))
        except OSError:
            return False

    def _has_door(self) -> bool:
        return self._reception.is_ours(door(self.folder))

    def _take_door_away(self) -> None:
        if self._has_door():
            with suppress(OSError):
                os.unlink(os.path.join(self.folder, DOOR))

    def _leave(self) -> bool:
        """Take the door away while nobody is starting a server; whoever comes later finds none and starts one."""
        if self.clients:
            return False
        try:
            lock = os.open(os.path.join(self.folder, START), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            return True  # the folder is gone, and nobody can come
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._take_door_away()
        except OSError:
            return False
        finally:
            os.close(lock)
        return True

    def _write_door(self) -> None:
        path = os.path.join(self.folder, DOOR)
        with open(os.open(path + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(self._reception.door(self.started_at_ns), file)
        os.replace(path + ".new", path)

    def _makes_room(self, version: str) -> bool:
        if self.busy or not self._leave():
            return False
        self.stop(f"it makes room for version {version}")
        return True

    def _is_quiet(self) -> None:
        self._quiet_since = time.monotonic()

    async def _serve_lsp(self, client: Client, reader: asyncio.StreamReader) -> int:
        return await self.rooms.serve_lsp(reader, client)

    async def _serve_dap(self, client: Client, reader: asyncio.StreamReader) -> int:
        return await self.rooms.serve_dap(reader, client)

    async def _serve_control(self, client: Client, reader: asyncio.StreamReader) -> int:
        from pointsman_server.control import serve

        return await serve(self, client, reader)


def main() -> int:
    """Be the server of `--root`, unless there is one."""
    parser = argparse.ArgumentParser(prog="pointsman_server.daemon")
    parser.add_argument("--root", required=True)
    parser.add_argument("--ready", type=int, required=True, help="descriptor to write to once we listen")
    options = parser.parse_args()
    sys.setswitchinterval(SWITCH_S)
    try:
        folder = make_home(options.root)
    except NoServer as error:
        log(str(error))
        return 1
    hold = os.open(os.path.join(folder, HOLD), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(hold, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        log("there is a server for this workspace already")
        return 1
    _trim_log(os.path.join(folder, LOG))
    asyncio.run(Server(options.root, folder, hold, _idle_s()).run(options.ready))
    return 0


def _idle_s() -> float:
    said = os.environ.get("POINTSMAN_IDLE_S", "")
    try:
        wanted = float(said or IDLE_S)
    except ValueError:
        wanted = -1.0
    if wanted >= 0:
        return wanted
    log(f"POINTSMAN_IDLE_S is {said!r}, which is no number of seconds; it is {IDLE_S:g}")
    return IDLE_S


def _trim_log(path: str) -> None:
    """Our stderr is this file already: a large one is kept beside it, and goes on empty."""
    with suppress(OSError):
        if os.path.getsize(path) > LOG_LIMIT:
            with open(path, "rb") as old, open(path + ".1", "wb") as kept:
                old.seek(-LOG_LIMIT, os.SEEK_END)
                kept.write(old.read())
            os.truncate(path, 0)


if __name__ == "__main__":
    sys.exit(main())
