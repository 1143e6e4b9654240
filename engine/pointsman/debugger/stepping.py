"""Stepping: which of the coming moments a person meant who said next, step in, step out, or go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pointsman.debugger.moments import Moment

Way = Literal["over", "in", "out", "on", "pause"]

WHOLE = frozenset({"enter", "end"})
"""The parts at which a branch is between stages: what a step over a whole stage stops at."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How to go on from a moment: over it, into it, out of it, on to the next breakpoint, or stop at once.

    Over a stage that a branch is about to enter is the whole stage; over a part inside of one is the part. Into a fork
    is its branches, over it is the join. Where a branch ends, its parent's next moment is meant.
    """

    way: Way
    moment: Moment | None = None

    def wants(self, coming: Moment) -> bool:
        """Whether this is the moment to stop at."""
        if self.way == "pause":
            return True
        if self.way == "on" or self.moment is None:
            return False
        here, there = self.moment.branch, coming.branch
        if here != there and is_inside(here, there):
            return True  # back in the branch that ours was forked from
        inside = self.moment.part not in WHOLE
        match self.way:
            case "in":
                return here == there or is_inside(there, here)
            case "over" if inside:
                return here == there
            case "over":
                return here == there and coming.part in WHOLE
            case _:
                return here == there and inside and coming.part in WHOLE


def is_inside(branch: str, around: str) -> bool:
    """Whether a branch was forked, at whatever depth, from another one."""
    return branch.startswith(f"{around}/")
