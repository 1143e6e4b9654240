"""Listening on the loopback: who knows the token is welcomed, served and told goodbye; nobody else hears a word.

The workspace's server receives so, and a command that hosts its own run. `rendezvous` is the other side of the hello.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import socket
import traceback
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

from pointsman import __version__
from pointsman_server.clients import Client
from pointsman_server.rendezvous import HELLO_LIMIT, LOOPBACK, PROTOCOL

HELLO_S = 5.0
"""How long a stranger may keep a connection without a hello."""

Serve = Callable[[Client, asyncio.StreamReader], Awaitable[int]]
"""Serves one client to its end; the exit code its bridge ends with."""


def nobody_goes(version: str) -> bool:
    """Whoever hosts makes no room for a newer version."""
    return False


class Reception:
    """One listening socket, its token, and who is connected. Belongs to one event loop."""

    def __init__(
        self,
        root: str,
        serve: Mapping[str, Serve],
        *,
        log: str = "",
        note: Callable[[str], None] = lambda text: None,
        makes_room: Callable[[str], bool] = nobody_goes,
        left: Callable[[], None] = lambda: None,
    ) -> None:
        self.clients: set[Client] = set()
        self.endpoint = ""
        self._root = root
        self._serve = serve
        self._log = log
        self._note = note
        self._makes_room = makes_room
        self._left = left
        self._token = secrets.token_urlsafe(32)
        self._farewell = ""
        self._tasks: set[asyncio.Task[None]] = set()
        self._listening: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen. Raises OSError."""
        self._listening = await asyncio.start_server(self._connected, LOOPBACK, 0, limit=HELLO_LIMIT)
        self.endpoint = f"{LOOPBACK}:{self._listening.sockets[0].getsockname()[1]}"

    def door(self, started_at_ns: int) -> dict[str, Any]:
        """How to be let in: what a door says to this user alone."""
        return {
            "endpoint": self.endpoint,
            "token": self._token,
            "pid": os.getpid(),
            "version": __version__,
            "root": self._root,
            "started_at_ns": started_at_ns,
        }

    def is_ours(self, said: Mapping[str, Any] | None) -> bool:
        """Whether a door leads here."""
        return said is not None and said.get("token") == self._token

    async def close(self, why: str) -> None:
        """Let nobody in any more; who is here is told why, and goes."""
        self._farewell = why
        if self._listening is not None:
            self._listening.close()
        await asyncio.sleep(0)  # what has happened just now is told before the goodbye
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

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
            farewell["exit"] = await self._serve[client.role](client, reader)
        except asyncio.CancelledError:
            farewell["say"] = self._farewell
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client is gone
        except Exception as error:
            self._note(f"a {client.role if client else 'new'} connection failed:\n{traceback.format_exc()}")
            see = f"see {self._log}" if self._log else f"{type(error).__name__}: {error}"
            farewell["say"] = f"this connection failed in process {os.getpid()}; {see}"
        finally:
            if client is not None:
                self.clients.discard(client)
                self._left()
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
        if hello.get("pointsman") != PROTOCOL or role not in self._serve:
            _say(writer, {"ok": False, "code": "unknown_role", "message": f"this server does not serve {role}"})
            return None
        answer = {"ok": True, "version": __version__, "pid": os.getpid(), "root": self._root}
        answer["log"] = self._log
        if role != "control" and _newer(version, __version__) and self._makes_room(version):
            _say(writer, {"ok": False, "code": "makes_room"})
            return None
        if version != __version__:
            answer["warning"] = (
                f"this is version {version}; the server of {self._root} is version {__version__}, and others need it. "
                "When they are done: pointsman stop"
            )
        _say(writer, answer)
        env = {str(name): str(value) for name, value in dict(hello.get("env") or {}).items()}
        handed = dict(hello.get("handed") or {})
        pid, cwd = int(hello.get("pid", 0)), str(hello.get("cwd", ""))
        return Client(role, version, pid, cwd, env, writer, handed=handed)


def _say(writer: asyncio.StreamWriter, words: dict[str, Any]) -> None:
    writer.write(json.dumps(words).encode() + b"\n")


def _newer(theirs: str, ours: str) -> bool:
    def parts(version: str) -> list[int]:
        return [int(part) for part in version.split(".") if part.isdigit()]

    return parts(theirs) > parts(ours)
