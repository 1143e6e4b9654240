"""The real edge with a raw client at the other end of a real socket, in one process."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from lsp.client import DEADLINE_S, Client
from pointsman.runtime.definitions import Definitions
from pointsman.runtime.desk import Desk
from pointsman.runtime.registry import Registry
from pointsman_lsp.server import Runs, serve

EVERYTHING = {
    "general": {"positionEncodings": ["utf-16"]},
    "textDocument": {
        "completion": {
            "completionItem": {"snippetSupport": True, "documentationFormat": ["markdown"]},
            "completionItemKind": {"valueSet": list(range(1, 26))},
        },
        "definition": {"linkSupport": True},
        "documentSymbol": {"hierarchicalDocumentSymbolSupport": True},
        "hover": {"contentFormat": ["markdown"]},
        "publishDiagnostics": {"relatedInformation": True, "tagSupport": {"valueSet": [1]}, "versionSupport": True},
        "rename": {"prepareSupport": True},
    },
    "workspace": {
        "didChangeWatchedFiles": {"dynamicRegistration": True},
        "workspaceEdit": {"documentChanges": True},
    },
}


class EdgeClient(Client):
    """A client whose server runs in this process."""

    serving: asyncio.Task[int]
    _marks = 0

    async def settle(self) -> None:
        """Wait until all that was sent is taken in and every document has its diagnostics: theirs come in order."""
        self._marks += 1
        uri = f"untitled:mark-{self._marks}.pipeline.yaml"
        self.open(uri, "nothing: here\n")
        await self.diagnostics(uri)

    def published(self, uri: str) -> list[Any]:
        """All that was said to be wrong with a document so far: version and codes, each time."""
        return [
            (said.get("version"), [one["code"] for one in said["diagnostics"]])
            for message in self.received
            if message.get("method") == "textDocument/publishDiagnostics"
            for said in [message["params"]]
            if said["uri"] == uri
        ]

    async def leave(self) -> int:
        """Say goodbye; the answer is the exit code."""
        await self.request("shutdown")
        self.notify("exit")
        return await self.exit_code()

    async def exit_code(self) -> int:
        """Wait until the server is done with us."""
        async with asyncio.timeout(DEADLINE_S):
            return await self.serving


@asynccontextmanager
async def runs_of(root: Path) -> AsyncIterator[Runs]:
    """The runs of a workspace, live ones in this process; they are given back with the block."""
    registry = Registry()
    desk = Desk(registry, Definitions())
    try:
        yield Runs(lambda: desk, root, root, dict(os.environ), {"id": "tester", "roles": ["developer"]})
    finally:
        await registry.close()


@asynccontextmanager
async def connected(**options: Any) -> AsyncIterator[EdgeClient]:
    """A client that has not yet said a word; both ends are closed with the block."""
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=ours)
    client = EdgeClient(*await asyncio.open_connection(sock=theirs, limit=1 << 27))
    client.serving = asyncio.create_task(serve(reader, writer, **options))
    try:
        yield client
    finally:
        await client.close_connection()
        async with asyncio.timeout(DEADLINE_S):
            await asyncio.gather(client.serving)
        writer.close()


@asynccontextmanager
async def introduced(capabilities: Any = None, *, root: str | None = None, **options: Any) -> AsyncIterator[EdgeClient]:
    """A client that has been initialized."""
    async with connected(**options) as client:
        await client.initialize(EVERYTHING if capabilities is None else capabilities, rootUri=root)
        yield client
