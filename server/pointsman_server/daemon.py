"""The server process: one per workspace, host of every editor's connection and of the runs they start.

It listens on the loopback with a token that only this user can read, and ends when nobody has needed it for a while.
`rendezvous` is the other side of the hello.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import json
import os
import secrets
import signal
import socket
import sys
import time
import traceback
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pointsman import __version__
from pointsman_server.clients import Client
from pointsman_server.memory import collect_when_grown
from pointsman_server.rendezvous import DOOR, HELLO_LIMIT, HOLD, LOG, PROTOCOL, START, NoServer, door, make_home

if TYPE_CHECKING:
    from pointsman_server.rooms import Rooms

IDLE_S = 600.0
"""Without a client and without a run for so long, the server ends; `POINTSMAN_IDLE_S` says otherwise."""

HELLO_S = 5.0
"""How long a stranger may keep a connection without a hello."""

LOOK_S = 5.0
"""How often the server looks after its door: whoever removes it by mistake must not lock everybody out."""

SWITCH_S = 0.0005
"""How long a busy thread may keep the interpreter's lock: with Python's 5 ms a keystroke waits 160 ms at the worst."""

LOG_LIMIT = 1 << 20
"""Bytes of log kept from before; one older log stays beside it."""


Serve = Callable[["Server", Client, asyncio.StreamReader], Awaitable[int]]


class Server:
    """The process's one object: who is connected, what runs, and when to end."""

    def __init__(self, root: str, folder: str, hold: int, idle_s: float) -> None:
        self.root = root
        self.folder = folder
        self._hold = hold
        self.log = os.path.join(self.folder, LOG)
        self.idle_s = idle_s
        self.started_at_ns = time.time_ns()
        self.clients: set[Client] = set()
        self.endpoint = ""
        self._token = secrets.token_urlsafe(32)
        self._quiet_since = time.monotonic()
        self._stopping = asyncio.Event()
        self._farewell = ""
        self._tasks: set[asyncio.Task[None]] = set()
        self._rooms: Rooms | None = None

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
        listening = await asyncio.start_server(self._connected, "127.0.0.1", 0, limit=HELLO_LIMIT)
        self.endpoint = f"127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        self._write_door()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self.stop, "it was told to end")
        loop.add_signal_handler(signal.SIGINT, self.stop, "it was told to end")
        _log(f"listening on {self.endpoint} for {self.root}, version {__version__}, process {os.getpid()}")
        os.write(ready, b"ready\n")
        os.close(ready)
        collecting = loop.create_task(collect_when_grown())
        await self._until_the_end()
        collecting.cancel()
        listening.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._rooms:
            await self._rooms.close()
        _log(f"ended: {self._farewell}")

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
        said = door(self.folder)
        return said is not None and said.get("token") == self._token

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
        said = {
            "endpoint": self.endpoint,
            "token": self._token,
            "pid": os.getpid(),
            "version": __version__,
            "root": self.root,
            "started_at_ns": self.started_at_ns,
        }
        path = os.path.join(self.folder, DOOR)
        with open(os.open(path + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(said, file)
        os.replace(path + ".new", path)

    # --- connections ------------------------------------------------------------------------------------------------

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._connection(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client from hello to farewell. Whatever goes wrong in it ends this connection and no other."""
        sock: socket.socket = writer.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client: Client | None = None
        farewell: dict[str, Any] = {"exit": 1}
        try:
            client = await self._welcome(reader, writer)
            if client is None:
                return
            self.clients.add(client)
            farewell["exit"] = await _SERVE[client.role](self, client, reader)
        except asyncio.CancelledError:
            farewell["say"] = f"the server of {self.root} has ended: {self._farewell}"
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client is gone
        except Exception:
            _log(f"a {client.role if client else 'new'} connection failed:\n{traceback.format_exc()}")
            farewell["say"] = f"this connection failed in the server; see {self.log}"
        finally:
            if client is not None:
                self.clients.discard(client)
                self._quiet_since = time.monotonic()
                if client.role != "control":
                    with suppress(OSError):
                        writer.write(b"\0" + json.dumps(farewell).encode() + b"\n")
            writer.close()
            with suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Client | None:
        """The client behind a valid hello; anybody else is sent away."""
        try:
            hello = json.loads(await asyncio.wait_for(reader.readline(), HELLO_S))
        except (ValueError, TimeoutError, asyncio.LimitOverrunError):
            return None
        token = str(hello.get("token")) if isinstance(hello, dict) else ""
        if not secrets.compare_digest(token.encode("utf-8", "replace"), self._token.encode()):
            return None
        role, version = hello.get("for"), str(hello.get("version"))
        if hello.get("pointsman") != PROTOCOL or role not in _SERVE:
            _say(writer, {"ok": False, "code": "unknown_role", "message": f"this server does not serve {role}"})
            return None
        answer = {"ok": True, "version": __version__, "pid": os.getpid(), "root": self.root}
        answer["log"] = self.log
        if role != "control" and _newer(version, __version__) and not self.busy and self._leave():
            _say(writer, {"ok": False, "code": "makes_room"})
            self.stop(f"it makes room for version {version}")
            return None
        if version != __version__:
            answer["warning"] = (
                f"this is version {version}; the server of {self.root} is version {__version__}, and others need it. "
                "When they are done: pointsman stop"
            )
        _say(writer, answer)
        env = {str(name): str(value) for name, value in dict(hello.get("env") or {}).items()}
        return Client(role, version, int(hello.get("pid", 0)), str(hello.get("cwd", "")), env, writer)


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
        _log(str(error))
        return 1
    hold = os.open(os.path.join(folder, HOLD), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(hold, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        _log("there is a server for this workspace already")
        return 1
    _trim_log(os.path.join(folder, LOG))
    asyncio.run(Server(options.root, folder, hold, _idle_s()).run(options.ready))
    return 0


async def _serve_lsp(server: Server, client: Client, reader: asyncio.StreamReader) -> int:
    return await server.rooms.serve_lsp(reader, client.writer)


async def _serve_control(server: Server, client: Client, reader: asyncio.StreamReader) -> int:
    from pointsman_server.control import serve

    return await serve(server, client, reader)


async def _serve_dap(server: Server, client: Client, reader: asyncio.StreamReader) -> int:
    return await server.rooms.serve_dap(reader, client.writer, client.cwd, client.env)


_SERVE: dict[str, Serve] = {"lsp": _serve_lsp, "dap": _serve_dap, "control": _serve_control}


def _say(writer: asyncio.StreamWriter, words: dict[str, Any]) -> None:
    writer.write(json.dumps(words).encode() + b"\n")


def _idle_s() -> float:
    said = os.environ.get("POINTSMAN_IDLE_S", "")
    try:
        wanted = float(said or IDLE_S)
    except ValueError:
        wanted = -1.0
    if wanted >= 0:
        return wanted
    _log(f"POINTSMAN_IDLE_S is {said!r}, which is no number of seconds; it is {IDLE_S:g}")
    return IDLE_S


def _newer(theirs: str, ours: str) -> bool:
    def parts(version: str) -> list[int]:
        return [int(part) for part in version.split(".") if part.isdigit()]

    return parts(theirs) > parts(ours)


def _log(text: str) -> None:
    stamp = time.strftime("%Y-%m-%d %H:%M:%S")
    sys.stderr.write(f"{stamp} {text}\n")
    sys.stderr.flush()


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
