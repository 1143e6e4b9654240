"""The only source of time, ids and chance: the real one, and one that a test moves.

A run's times enter its journal through here; deterministic mode is this clock with a seed.
"""

import asyncio
import random
import secrets
import time
from datetime import UTC, datetime
from typing import Protocol

_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


class Clock(Protocol):
    """Time in nanoseconds since 1970; `sleep` waits that long by this clock."""

    def now_ns(self) -> int: ...

    def run_id(self) -> str: ...

    async def sleep(self, duration_ns: int) -> None: ...


class SystemClock:
    """The machine's time; run ids sort by it: `20261121-071432-k3f9w2`."""

    def now_ns(self) -> int:
        """Unix time in nanoseconds."""
        return time.time_ns()

    def run_id(self) -> str:
        """A new id: the second it was made, and 30 bits of chance."""
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        return f"{stamp}-{''.join(secrets.choice(_ALPHABET) for _ in range(6))}"

    async def sleep(self, duration_ns: int) -> None:
        """Wait in real time."""
        await asyncio.sleep(duration_ns / 1e9)


class FixedClock:
    """A clock for deterministic mode: each look at it is one microsecond later, and a sleep takes no time at all."""

    def __init__(self, seed: str = "0", start_ns: int = 1_767_225_600_000_000_000) -> None:
        self._now_ns = start_ns
        self._chance = random.Random(seed)

    def now_ns(self) -> int:
        """The next microsecond."""
        self._now_ns += 1000
        return self._now_ns

    def run_id(self) -> str:
        """A seeded id."""
        return "run-" + "".join(self._chance.choice(_ALPHABET) for _ in range(8))

    async def sleep(self, duration_ns: int) -> None:
        """Move on at once."""
        self._now_ns += duration_ns
        await asyncio.sleep(0)
