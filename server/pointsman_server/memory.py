"""What this process holds in memory, and when Python's collector of cycles looks through it.

A look at everything, texts and trees by the million, takes longer than any keystroke may. So new objects are looked at
as always, old ones only when there is something to win.
"""

import asyncio
import gc
import resource
import sys

YOUNG, MIDDLE = 1_000, 10
"""New objects between two looks at them, and such looks between two at the middle-aged: 10 ms at most, measured while a
text of 10,000 lines is opened. With ten times as many it was 90."""

GROWN = 64 << 20
"""Bytes by which memory grows between two looks at everything."""

LOOK_S = 5.0


async def collect_when_grown() -> None:
    """Keep the collector away from old objects until memory has grown; runs for as long as the process does."""
    gc.set_threshold(YOUNG, MIDDLE, 1 << 30)
    seen = memory_bytes()
    while True:
        await asyncio.sleep(LOOK_S)
        if memory_bytes() > seen + GROWN:
            gc.collect()
            seen = memory_bytes()


def memory_bytes() -> int:
    """Bytes this process holds now; the most it ever held where the kernel does not say."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * resource.getpagesize()
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
