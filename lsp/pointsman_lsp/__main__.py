"""The language server on this process's standard input and output, for one client: `python -m pointsman_lsp`."""

import asyncio
import sys

from pointsman_lsp import garbage
from pointsman_lsp.server import serve


async def main() -> int:
    """Serve whoever started this process; the exit code is what LSP says it is."""
    garbage.seldom()
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, sys.stdout)
    writer = asyncio.StreamWriter(transport, protocol, reader, loop)
    code = await serve(reader, writer)
    transport.close()
    return code


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
