"""Where two texts differ, in whole lines: what lies before and behind is the same, letter for letter."""

from typing import NamedTuple


class Window(NamedTuple):
    """The lines of the newer text from `start` to `end` are all that is new; what is behind `end` stood `by` bytes
    further up in the older one."""

    start: int
    end: int
    by: int

    @classmethod
    def of(cls, old: bytes, new: bytes) -> "Window":
        """The smallest window of whole lines; empty when the texts are the same."""
        by = len(new) - len(old)
        if old == new:
            return cls(len(new), len(new), 0)
        start = _same(old, new)
        # The two ends must not overlap in either text.
        most = min(len(old), len(new)) - start
        end = len(new) - _same_behind(old, new, most)
        # A line counts as new up to its end, as what stands before its rest may be.
        found = new.find(b"\n", end)
        return cls(new.rfind(b"\n", 0, start) + 1, len(new) if found < 0 else found + 1, by)


def _same(old: bytes, new: bytes) -> int:
    """How many bytes are the same from the start on."""
    low, high = 0, min(len(old), len(new))
    if old[:high] == new[:high]:
        return high
    # Halving compares at the speed of memory; a loop over bytes does not.
    while high - low > 1:
        middle = (low + high) // 2
        if old[low:middle] == new[low:middle]:
            low = middle
        else:
            high = middle
    return low


def _same_behind(old: bytes, new: bytes, most: int) -> int:
    """How many bytes are the same at the end, at most `most`."""
    low, high = 0, most
    if old[len(old) - high :] == new[len(new) - high :]:
        return high
    while high - low > 1:
        middle = (low + high) // 2
        if old[len(old) - middle : len(old) - low] == new[len(new) - middle : len(new) - low]:
            low = middle
        else:
            high = middle
    return low
