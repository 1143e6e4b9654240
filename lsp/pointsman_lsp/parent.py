"""The process a client names as its own: when that one ends, nobody is left to serve, whatever its pipes say."""

import asyncio
import os

LOOK_S = 2.0
"""How often to look where the system can not tell."""


async def wait_gone(process_id: int) -> None:
    """Wait until a process has ended; for ever if it can not be seen from here, in another container for one."""
    if process_id <= 0 or not _is_there(process_id):
        await asyncio.Event().wait()
    try:
        ended = os.pidfd_open(process_id)
    except (AttributeError, OSError):
        while _is_there(process_id):
            await asyncio.sleep(LOOK_S)
        return
    loop = asyncio.get_running_loop()
    gone = asyncio.Event()
    loop.add_reader(ended, gone.set)
    try:
        await gone.wait()
    finally:
        loop.remove_reader(ended)
        os.close(ended)


def _is_there(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True
