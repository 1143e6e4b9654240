"""The wall budget: time that runs while the run works, and stands still while only people are waited for."""

from pointsman.runtime.clock import Clock


class WallClock:
    """How much of the wall budget is left; it can be paused."""

    def __init__(self, clock: Clock, allowed_ns: int | None, used_ns: int) -> None:
        self._clock = clock
        self._allowed_ns = allowed_ns
        self._used_ns = used_ns
        self._since_ns: int | None = clock.now_ns() if allowed_ns is not None else None

    def left_s(self) -> float | None:
        """Seconds, at least 0; None without a budget."""
        if self._allowed_ns is None:
            return None
        running = self._clock.now_ns() - self._since_ns if self._since_ns is not None else 0
        return max(0.0, (self._allowed_ns - self._used_ns - running) / 1e9)

    def pause(self) -> None:
        if self._since_ns is not None:
            self._used_ns += self._clock.now_ns() - self._since_ns
            self._since_ns = None

    def go_on(self) -> None:
        if self._allowed_ns is not None and self._since_ns is None:
            self._since_ns = self._clock.now_ns()
