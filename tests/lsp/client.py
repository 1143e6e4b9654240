"""A small raw client of any language server: frames by hand, answers by deadline, and bytes as broken as one likes.

    async with started([sys.executable, "-m", "pointsman_lsp"]) as client:
        await client.initialize()
        answer = await client.request("textDocument/hover", ...)

A request gives back the whole response, so that errors can be looked at; nothing is interpreted. The server ends with
the block.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Any

Json = Any

DEADLINE_S = 20.0
"""How long to wait for anything, before it counts as never coming."""


class Client:
    """One connection to a server. Every message it ever sent is in `received`, in order."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.received: list[Json] = []
        self.texts: dict[str, int] = {}
        self._ids = 0
        self._new = asyncio.Condition()
        self._over: str | None = None
        self._listening = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        try:
            while True:
                length = 0
                while (line := await self.reader.readuntil(b"\r\n")) != b"\r\n":
                    name, _, value = line.partition(b":")
                    if name.lower() == b"content-length":
                        length = int(value)
                message = json.loads(await self.reader.readexactly(length))
                async with self._new:
                    self.received.append(message)
                    self._new.notify_all()
        except (asyncio.IncompleteReadError, OSError):
            async with self._new:
                self._over = "the server has ended the connection"
                self._new.notify_all()

    def send_raw(self, data: bytes) -> None:
        """Write bytes as they are."""
        self.writer.write(data)

    def send(self, *messages: Json) -> None:
        """Write messages, all of them at once."""
        self.send_raw(b"".join(framed(message) for message in messages))

    def notify(self, method: str, params: Json = None) -> None:
        """Send a notification."""
        self.send(notification(method, params))

    def ask(self, method: str, params: Json = None, id: int | str | None = None) -> int | str:
        """Send a request and do not wait; the answer is its id."""
        if id is None:
            self._ids += 1
            id = f"client-{self._ids}"  # not what a test would choose
        self.send(request(id, method, params))
        return id

    async def request(self, method: str, params: Json = None, id: int | str | None = None) -> Json:
        """Send a request and wait for the whole response."""
        return await self.response(self.ask(method, params, id))

    async def response(self, id: int | str | None, after: int = 0) -> Json:
        """Wait for the response to a request; `id` None is an error that answers nothing known."""
        return await self.wait(lambda one: "method" not in one and "id" in one and _same(one["id"], id), after)

    async def wait_notification(self, method: str, matching: Callable[[Json], bool] = bool, after: int = 0) -> Json:
        """Wait for a notification whose params match; those before the `after`th message do not count."""
        found = await self.wait(
            lambda one: one.get("method") == method and "id" not in one and matching(one["params"]), after
        )
        return found["params"]

    async def wait(self, matching: Callable[[Json], bool], after: int = 0) -> Json:
        """Wait for a message, come or yet to come. Raises AssertionError when it does not come in time."""
        seen = after
        try:
            async with asyncio.timeout(DEADLINE_S), self._new:
                while True:
                    while seen < len(self.received):
                        seen += 1
                        if matching(self.received[seen - 1]):
                            return self.received[seen - 1]
                    assert self._over is None, f"{self._over}; it had sent {self.received[after:]}"
                    await self._new.wait()
        except TimeoutError:
            raise AssertionError(f"not in {DEADLINE_S} s; what came was {self.received[after:]}") from None

    async def wait_end(self) -> None:
        """Wait until the server ends the connection."""
        async with asyncio.timeout(DEADLINE_S):
            await self._listening

    async def initialize(self, capabilities: Json = None, **params: Json) -> Json:
        """Introduce ourselves; the answer is the result."""
        said = {"processId": None, "rootUri": None, "capabilities": capabilities or {}, **params}
        answer = await self.request("initialize", said)
        self.notify("initialized", {})
        return answer["result"]

    def open(self, uri: str, text: str, language: str = "yaml", version: int = 1) -> None:
        """Open a document."""
        self.texts[uri] = version
        item = {"uri": uri, "languageId": language, "version": version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})

    def change(self, uri: str, *changes: Json, version: int | None = None) -> int:
        """Edit an open document; a string is its whole new text. The answer is its version."""
        self.texts[uri] = self.texts.get(uri, 0) + 1 if version is None else version
        edits = [{"text": one} if isinstance(one, str) else one for one in changes]
        document = {"uri": uri, "version": self.texts[uri]}
        self.notify("textDocument/didChange", {"textDocument": document, "contentChanges": edits})
        return self.texts[uri]

    def close(self, uri: str) -> None:
        """Close a document."""
        self.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    async def diagnostics(self, uri: str, version: int | None = None, after: int = 0) -> list[Json]:
        """Wait for what is wrong with a document, at a version if one is given."""
        found = await self.wait_notification(
            "textDocument/publishDiagnostics",
            lambda said: said["uri"] == uri and version in (None, said.get("version")),
            after,
        )
        diagnostics: list[Json] = found["diagnostics"]
        return diagnostics

    async def at(self, method: str, uri: str, line: int, character: int, **more: Json) -> Json:
        """Ask about a place in a document; the answer is the whole response."""
        place = {"textDocument": {"uri": uri}, "position": {"line": line, "character": character}}
        return await self.request(method, {**place, **more})

    async def close_connection(self) -> None:
        """Hang up."""
        self.writer.close()
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)


class Process(Client):
    """A server as a process of its own, over its standard input and output."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout
        assert process.stdin
        super().__init__(process.stdout, process.stdin)
        self.process = process

    async def wait_exit(self) -> int:
        """Wait until the process has ended; the answer is its exit code."""
        async with asyncio.timeout(DEADLINE_S):
            return await self.process.wait()


@asynccontextmanager
async def started(
    argv: Sequence[str],
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    errors: IO[bytes] | None = None,
) -> AsyncIterator[Process]:
    """Start a server, and end it with the block if it has not ended itself. `errors` takes its standard error."""
    process = await asyncio.create_subprocess_exec(
        *argv,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=errors,
        cwd=cwd,
        env=env,
        limit=1 << 27,
    )
    client = Process(process)
    try:
        yield client
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await client.close_connection()


def framed(message: Json) -> bytes:
    """A message as it goes over the wire."""
    body = json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def request(id: int | str, method: str, params: Json = None) -> Json:
    """A request; without params when there are none."""
    return {"jsonrpc": "2.0", "id": id, "method": method} | ({} if params is None else {"params": params})


def notification(method: str, params: Json = None) -> Json:
    """A notification; without params when there are none."""
    return {"jsonrpc": "2.0", "method": method} | ({} if params is None else {"params": params})


def _same(one: Json, other: Json) -> bool:
    return type(one) is type(other) and one == other
