"""Tables of what was measured: all samples, whose turn it is, and percentiles beside the budget and the peers."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

OURS = "pointsman"

T = TypeVar("T")


@dataclass(slots=True)
class Cells:
    """All samples of one table: by the name of who was measured, in the order of its first sample."""

    title: str
    lines: int = 0
    unit: str = "ms"
    samples: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, value: float) -> None:
        """One more sample."""
        self.samples.setdefault(name, []).append(value)


def turn(everybody: Sequence[T], round_: int) -> Sequence[T]:
    """Everybody, from the other end in every other round: nobody always comes after the same one."""
    return everybody if round_ % 2 else everybody[::-1]


def show(tables: Iterable[Cells], budgets: Mapping[tuple[str, int], float]) -> None:
    """Print each table as it comes: ours first, with the budget of its title (up to `, beside`) and its lines.

    A ratio is a peer's median by that of ours, which is the row named `pointsman`, else the first that begins so.
    """
    for cells in tables:
        about = f"{cells.title}, {cells.lines:,} lines" if cells.lines else cells.title
        count = len(next(iter(cells.samples.values())))
        heads = "".join(f"{head:>9}" for head in ("p50", "p95", "p99", "min", "ratio", "budget"))
        print(f"\n{f'{about} ({cells.unit}, n={count})':64}{heads}")
        names = sorted(cells.samples, key=lambda name: not name.startswith(OURS))
        ours = OURS if OURS in cells.samples else names[0]
        budget = budgets.get((cells.title.split(", beside")[0], cells.lines))
        for name in names:
            values = cells.samples[name]
            row = [f"{at(values, part):,.2f}" for part in (50, 95, 99)] + [f"{min(values):,.2f}"]
            row.append("" if name == ours else f"{at(values, 50) / at(cells.samples[ours], 50):.2f}x")
            if budget and name.startswith(OURS):
                row.append(f"{budget:g} " + ("ok" if at(values, 95) <= budget else "OVER"))
            print(f"  {name:62}" + "".join(f"{cell:>9}" for cell in row), flush=True)


def at(values: Sequence[float], percent: float) -> float:
    """The value at a percentile: the nearest of those that were measured."""
    ordered = sorted(values)
    return ordered[max(0, int(-(-len(ordered) * percent // 100)) - 1)]


def say(text: str) -> None:
    """Tell the person who waits what is going on."""
    print(text, file=sys.stderr, flush=True)
