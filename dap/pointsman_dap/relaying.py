"""A client whose run is hosted by another process: it is passed on to that one's adapter, and taken back at its end.

Laws: the other adapter gets the client's bytes from the first on, and knows what was answered already; the client gets
whole messages, so that we can always say the last word.
"""

from __future__ import annotations

from asyncio import StreamWriter
from contextlib import suppress

import msgspec

from pointsman.wire import Frames, Unreadable, frame
from pointsman_dap.connection import Connection
from pointsman_dap.protocol import Request
from pointsman_dap.starting import Host

CHUNK = 64 * 1024


class _Glance(msgspec.Struct):
    """As much of a message as we look at."""

    seq: int
    type: str = ""
    event: str = ""
    request_seq: int = 0


class Abroad:
    """What is known of a client while another process serves it. `waiting` is what it was not answered yet."""

    def __init__(self, there: StreamWriter) -> None:
        self.waiting: list[Request] = []
        self.said = 0
        """The number of the last message it has got."""
        self.told_the_end = False
        self.left = False
        self._there = there
        self._frames = Frames()

    def forward(self, data: bytes) -> None:
        """What the client says, to the other process."""
        if not self._there.is_closing():
            self._there.write(data)

    async def drain(self) -> None:
        """Until the other process has read most of it."""
        with suppress(OSError):
            await self._there.drain()

    def hang_up(self) -> None:
        """The client is gone."""
        if not self._there.is_closing():
            self._there.write_eof()

    def heard(self, data: bytes) -> bytes:
        """What the other process says, to the client: the messages that these bytes complete."""
        whole = bytearray()
        for body in self._frames.feed(data):
            if isinstance(body, Unreadable):
                continue
            seen = msgspec.json.decode(body, type=_Glance)
            self.said = seen.seq
            self.told_the_end |= seen.event == "terminated"
            if seen.type == "response":
                self._answered(seen.request_seq)
            whole += frame(body)
        return bytes(whole)

    def _answered(self, seq: int) -> None:
        for request in self.waiting:
            if request.seq == seq:
                self.waiting.remove(request)
                self.left |= request.command == "disconnect"
                return


async def pass_on(connection: Connection, host: Host, writer: StreamWriter) -> None:
    """Let another process serve a client, up to the end of one of them; where that can not be, it stays with us."""
    there, handed = connection.elsewhere, connection.handed()
    assert there is not None
    found = None if handed is None else await host.reach(there.place.root, there.lease.host, handed)
    if found is None:
        connection.stay()
        return
    reader, theirs = found
    abroad = Abroad(theirs)
    connection.depart(abroad)
    try:
        while data := await reader.read(CHUNK):
            said, goodbye, _ = data.partition(b"\0")
            writer.write(abroad.heard(said))
            await writer.drain()
            if goodbye:
                break
    except ConnectionError:
        pass  # as good as the end of input
    finally:
        theirs.close()
    run = there.run_id
    connection.come_back(f"process {there.lease.pid}, which ran {run}, has ended; go on with: pointsman resume {run}\n")
