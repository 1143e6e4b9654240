"""A run's past: every moment it came to, and the state at each, recomputed by folding its events.

Nothing is run again: going back costs a few hundred folds from the nearest state that was kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from pointsman.debugger.moments import Applied, Moment, before_event
from pointsman.kernel import machine
from pointsman.kernel.events import Record, StageEntered
from pointsman.kernel.instructions import Program
from pointsman.kernel.state import State

KEPT_EVERY = 256
"""Events between two states that are kept: folding so many takes about 2 ms, and states share most of their parts."""


class Timeline:
    """The recorded part of one run; it grows while the run lives."""

    def __init__(self, program: Program, run_id: str) -> None:
        self.records: list[Record] = []
        self.moments: list[Moment] = []
        self.state: State = machine.initial(program, run_id)
        """The state after the last record."""
        self._kept: list[State] = [self.state]
        self._near: list[State] = []
        """The states after `_near_from` and the events that follow it: whoever looks at one looks at its neighbours."""
        self._near_from = 0
        self._applied = Applied()

    def add(self, records: Iterable[Record]) -> None:
        """What has happened since. Records come in the order of their `seq`, without a gap; known ones are skipped."""
        for record in records:
            if record.seq <= len(self.records):
                continue
            moment = before_event(self.state, record)
            if moment is not None:
                self.moments.append(self._applied.at(moment))
            self._applied.saw(record)
            self.state, _ = machine.step(self.state, record)
            self.records.append(record)
            if record.seq % KEPT_EVERY == 0:
                self._kept.append(self.state)

    def state_at(self, seq: int) -> State:
        """The state after event `seq`; 0 is before the first, and the last one has no end."""
        seq = min(seq, len(self.records))
        if seq == len(self.records):
            return self.state
        start = seq - seq % KEPT_EVERY
        if not self._near or self._near_from != start:
            self._near, self._near_from = [self._kept[start // KEPT_EVERY]], start
        for record in self.records[start + len(self._near) - 1 : seq]:
            self._near.append(machine.step(self._near[-1], record)[0])
        return self._near[seq - start]

    def earlier(self, than: int, wanted: Callable[[Moment], bool]) -> int | None:
        """The index of the last moment before the `than`th that is wanted."""
        return next((index for index in range(than - 1, -1, -1) if wanted(self.moments[index])), None)

    def latest(self, than: int, may: Callable[[Moment], bool], wanted: Callable[[Moment, State], bool]) -> int | None:
        """The same, where the state decides: it is only asked for moments that `may` be wanted.

        On a long way back each stretch is folded once, forward, and none of its states is kept.
        """
        index = than - 1
        while index >= 0:
            stretch = self.moments[index].seq // KEPT_EVERY
            asked: list[int] = []
            while index >= 0 and self.moments[index].seq // KEPT_EVERY == stretch:
                if may(self.moments[index]):
                    asked.append(index)
                index -= 1
            found, state, seq = None, self._kept[stretch], stretch * KEPT_EVERY
            for each in reversed(asked):
                moment = self.moments[each]
                while seq < moment.seq:
                    state, _ = machine.step(state, self.records[seq])
                    seq += 1
                if wanted(moment, state):
                    found = each
            if found is not None:
                return found
        return None

    def changes(self, moment: Moment) -> Sequence[Record]:
        """The events of a moment's branch since it entered the stage it is at: what this stage has done so far."""
        found: list[Record] = []
        for index in range(min(moment.seq, len(self.records)) - 1, -1, -1):
            record = self.records[index]
            if record.branch == moment.branch:
                found.append(record)
                if isinstance(record.event, StageEntered):
                    break
        return found[::-1]
