"""Clocks that stand still while a debugger holds a run: what waits in them waits that much longer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable


class Standing:
    """How long a run has been held, by one measure of time. `now` gives nanoseconds, `sleep` waits so many of them."""

    def __init__(self, now: Callable[[], int], sleep: Callable[[int], Awaitable[object]]) -> None:
        self._now = now
        self._sleep = sleep
        self._stood_ns = 0
        self._since_ns: int | None = None
        self._going = asyncio.Event()
        self._going.set()

    @property
    def stood_ns(self) -> int:
        """The time that has passed while the run was held, up to now."""
        return self._stood_ns + (0 if self._since_ns is None else self._now() - self._since_ns)

    def stand(self) -> None:
        """The run is held."""
        if self._since_ns is None:
            self._since_ns = self._now()
            self._going.clear()

    def go_on(self) -> None:
        """It is held no more."""
        if self._since_ns is not None:
            self._stood_ns = self.stood_ns
            self._since_ns = None
            self._going.set()

    async def live(self, duration_ns: int) -> None:
        """Wait until the run has lived through that much: what it is held meanwhile is waited for, and added."""
        while True:
            stood_ns = self.stood_ns
            await self._sleep(duration_ns)
            duration_ns = min(duration_ns, self.stood_ns - stood_ns)
            await self._going.wait()
            if duration_ns <= 0:
                return
