"""The debug adapter of one client: given its streams, it serves it to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from pointsman_dap.connection import Connection
from pointsman_dap.relaying import pass_on
from pointsman_dap.starting import Host

__all__ = ["Host", "serve"]

CHUNK = 16 * 1024
"""Bytes taken in at once: the smallest requests in as much take about a millisecond."""
MOST_WAITING = 200
"""Requests that may wait for their turn; a client that asks faster than it reads is not read from meanwhile."""
MOST_UNREAD = 64 * 1024 * 1024
"""Bytes that a client may leave unread: then it is taken for gone, and the run goes on without it."""
MOST_ROUNDS = 100
"""Turns of the loop given to a client that never stops to write, before it gets an answer."""
LAST_WORDS_S = 1.0
"""How long the end of the server waits for a client to read why."""


async def serve(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    host: Host,
    handed: Mapping[str, Any] | None = None,
) -> int:
    """Serve one client and return its exit code: 0 after `disconnect`, 1 when it just went away.

    Never raises for what a client does. What it has launched goes on when it vanishes, and waits for nobody. Who
    cancels this ends the server: the client is told so first. The streams are the caller's to close. `handed` is for a
    client that another process has served before (`Connection`).
    """
    news, room = asyncio.Event(), asyncio.Event()
    ended = resting = False

    def write(data: bytes) -> None:
        writer.write(data)
        if writer.transport.get_write_buffer_size() > MOST_UNREAD:
            writer.transport.abort()

    connection = Connection(host, write, news.set, handed)

    async def read() -> None:
        nonlocal ended
        try:
            while data := await reader.read(CHUNK):
                connection.receive(data)
                if resting and connection.waiting == 1 and connection.ready:
                    connection.turn()  # at once: who makes a single step waits for each turn of the loop
                news.set()
                await connection.taken()
                while connection.waiting > MOST_WAITING:
                    room.clear()
                    await room.wait()
        except OSError:
            pass  # as good as the end of input
        finally:
            ended = True
            connection.hang_up()
            news.set()

    async def take_in() -> None:
        """Let everything that has arrived be received: where requests queue up, some may be cancelled already."""
        for _ in range(MOST_ROUNDS):
            before = connection.arrived
            for _ in range(3):
                await asyncio.sleep(0)
            if connection.arrived == before:
                return

    reading = asyncio.create_task(read())
    try:
        while not connection.left:
            await writer.drain()
            if connection.elsewhere is not None:
                await pass_on(connection, host, writer)
                continue
            if connection.waiting > 1:
                await take_in()
            if connection.ready:
                connection.turn()
                room.set()
            elif ended and not connection.waiting:
                break
            else:
                news.clear()
                resting = True
                await news.wait()
                resting = False
    except OSError:
        pass  # the client is gone, and nobody is left to answer
    except asyncio.CancelledError:
        connection.stop()
        await _flush(writer)
        raise
    finally:
        reading.cancel()
        left = connection.left
        connection.lose()
    return 0 if left else 1


async def _flush(writer: asyncio.StreamWriter) -> None:
    """Until everything is written, or nobody reads it."""
    writer.transport.set_write_buffer_limits(0)
    with suppress(OSError, TimeoutError):
        await asyncio.wait_for(writer.drain(), LAST_WORDS_S)
