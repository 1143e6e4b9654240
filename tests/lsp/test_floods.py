"""What one client sends, however much of it, costs that client: neither memory without end, nor others their time."""

import asyncio
import time
from typing import cast

import pytest

from lsp.client import DEADLINE_S, framed, notification, request
from lsp.edge import connected, introduced
from pointsman_lsp.connection import MOST_UNREAD, MOST_WAITING

URI = "file:///nowhere/a.pipeline.yaml"
TEXT = "language: 1\npipeline: a\nstages:\n  one: {agent: nobody}\n"
FOLDS = {"textDocument": {"uri": URI}}
PASSES = 1_000
"""Turns of the loop in which somebody who goes on would have gone on."""


@pytest.mark.parametrize("method", ["no/such", "textDocument/foldingRange"])
async def test_a_client_that_does_not_read_is_not_read_from(method: str) -> None:
    async with introduced() as client:
        await client.settle()
        wire = cast(asyncio.Transport, client.writer.transport)
        wire.pause_reading()
        once = framed(request("flood", method, FOLDS))
        sent, still = 0, 0
        async with asyncio.timeout(DEADLINE_S):
            while still < PASSES:
                before = wire.get_write_buffer_size()
                if before < MOST_UNREAD:
                    # A little at a time: what is not sent waits in our own buffer.
                    client.send_raw(b"".join(framed(request(sent + n, method, FOLDS)) for n in range(100)))
                    sent += 100
                await asyncio.sleep(0)
                still = still + 1 if wire.get_write_buffer_size() >= max(before, MOST_UNREAD) else 0
        assert len(once) * sent < 20 * MOST_UNREAD
        wire.resume_reading()
        assert await client.response(sent - 1)
        answered = [one["id"] for one in client.received if isinstance(one.get("id"), int)]
        assert answered == list(range(sent))


async def test_what_comes_in_one_piece_is_cut_where_it_takes_long() -> None:
    longest, over = 0.0, False

    async def look() -> None:
        nonlocal longest
        while not over:
            before = time.thread_time()  # what other processes take of the clock does not count
            await asyncio.sleep(0)
            longest = max(longest, time.thread_time() - before)

    async with introduced() as client:
        await client.settle()
        wire = cast(asyncio.Transport, client.writer.transport)
        flood = b"".join(framed(request(number, "no/such")) for number in range(10_000))
        wire.pause_reading()
        looking = asyncio.create_task(look())
        client.send_raw(flood)
        async with asyncio.timeout(DEADLINE_S):
            while wire.get_write_buffer_size():
                await asyncio.sleep(0)
        over = True
        await looking
        wire.resume_reading()
        assert await client.response(9_999)
    assert longest < 0.01


async def test_more_words_than_may_wait_all_count() -> None:
    """Before the session is there, and while others are answered."""
    opened = {"uri": URI, "languageId": "yaml", "version": 1, "text": TEXT}
    async with connected() as client:
        client.send(
            request("first", "initialize", {"capabilities": {}}),
            notification("textDocument/didOpen", {"textDocument": opened}),
            *(request(number, "textDocument/foldingRange", FOLDS) for number in range(3 * MOST_WAITING)),
        )
        assert (await client.response(3 * MOST_WAITING - 1))["result"]
        answered = [one["id"] for one in client.received if isinstance(one.get("id"), int)]
        assert answered == list(range(3 * MOST_WAITING))
