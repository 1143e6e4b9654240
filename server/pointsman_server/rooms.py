"""What the protocols of one server share: the runs, the disk that is watched, and what is known of past runs."""

from __future__ import annotations

import asyncio

from pointsman.runtime.registry import Registry


class Rooms:
    """Made with the first client that needs any of it."""

    def __init__(self, root: str, endpoint: str) -> None:
        self.root = root
        self.runs = Registry(endpoint)

    async def serve_lsp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
        """Serve one editor; the exit code its bridge ends with."""
        from pointsman_lsp.server import serve

        return await serve(reader, writer)

    async def close(self) -> None:
        """Give everything back."""
        await self.runs.close()
