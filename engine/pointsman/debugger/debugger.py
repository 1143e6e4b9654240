"""The debugger of one run, live or recorded: what all its clients have set, where it stands, and how it goes on.

A live run is held at its gate; what lies before that is the timeline, and going back moves the view there while the run
itself stays where it is. Going forward from the past comes through the timeline to where the run is held, and lets it
go from there. A recorded run has a timeline and no gate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from pointsman.debugger.breakpoints import Breakpoint, Hits, holds, may_stand, scope_at
from pointsman.debugger.faults import FAULTS, FAULTY, fault_at
from pointsman.debugger.moments import Applied, Key, Moment, again, before_asking, before_moving
from pointsman.debugger.stepping import Plan, Way
from pointsman.debugger.timeline import Timeline
from pointsman.kernel.effects import AnyEffect
from pointsman.kernel.events import Record
from pointsman.kernel.state import ROOT, State

Reason = Literal["entry", "step", "breakpoint", "exception", "pause", "end"]


@dataclass(frozen=True, slots=True)
class Stop:
    """Where the run is seen to stand. `past`: it has been there before, and is only looked at.

    `number` grows with each stop, so that what was handed out at an earlier one can be told apart.
    """

    number: int
    reason: Reason
    moment: Moment
    state: State
    past: bool
    hits: tuple[int, ...] = ()
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Logged:
    """What a log point says."""

    text: str
    breakpoint: Breakpoint
    moment: Moment


@dataclass(frozen=True, slots=True)
class Renewed:
    """A stop with another state: somebody has edited what a branch sees. `moved`: it stands before another part now,
    for policies are asked anew about what they had allowed.
    """

    stop: Stop
    moved: bool


Told = Stop | Logged | Renewed | None
"""What clients are told: a stop, a line of a log point, an edit, or (None) that the run goes on."""


class Listener(Protocol):
    """A client of the debugger."""

    def __call__(self, told: Told, /) -> None: ...


class Debugger:
    """Belongs to the loop of its run. `release` is called when a held run may go on; a recorded one has none."""

    def __init__(self, timeline: Timeline, release: Callable[[], None] | None) -> None:
        self.timeline = timeline
        self.stop: Stop | None = None
        self._release = release
        self._plan = Plan("on")
        self._held: Stop | None = None
        self._passed: set[Key] = set()
        self._view: int | None = None
        self._trail: list[Key] = []
        self._hits = Hits()
        self.passes: Callable[[State, str], bool] | None = None
        """Told of a branch: whether what it does next is known already, and is let pass whatever is set."""
        self._applied = Applied()
        self._number = 0
        self._due: list[Told] = []
        self._listeners: list[Listener] = []
        self._breakpoints: dict[object, tuple[Breakpoint, ...]] = {}
        self._faults: dict[object, dict[str, tuple[str, ...]]] = {}

    # --- clients ----------------------------------------------------------------------------------------------------

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Be told of stops; returns what ends that, and takes away what the client has set."""
        self._listeners.append(listener)

        def leave() -> None:
            self._listeners.remove(listener)
            self._breakpoints.pop(listener, None)
            self._faults.pop(listener, None)
            if not self._listeners and self._held is not None:
                self.go("on")  # nobody is there to let it go on

        return leave

    def set_breakpoints(self, client: object, breakpoints: Iterable[Breakpoint]) -> None:
        """All breakpoints of a client, in place of those it had."""
        self._breakpoints[client] = tuple(breakpoints)

    def set_faults(
        self, client: object, faults: Iterable[str], conditions: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        """The faults a client wants to stop at, by their ids; one with conditions, when one of those holds."""
        self._faults[client] = {fault: tuple((conditions or {}).get(fault, ())) for fault in faults}

    # --- the gate ---------------------------------------------------------------------------------------------------

    def saw(self, record: Record) -> None:
        """The live run's next event, as it happens."""
        self._applied.saw(record)

    def holds(self, state: State, seq: int, coming: str | AnyEffect) -> bool:
        """Whether the live run is to wait before a branch (its id) moves, or before an effect goes out."""
        if self._held is not None:
            return True
        moving = isinstance(coming, str)
        moment = before_moving(state, coming, seq) if moving else before_asking(state, coming, seq)  # type: ignore[arg-type]  # told apart by `moving`
        if moment is None:
            return False
        if moment.key in self._passed:
            self._passed.remove(moment.key)
            return False
        moment = self._applied.at(moment)
        if self.passes is not None and self.passes(state, moment.branch):
            return False
        stop = self._judge(moment, state, self._plan, past=False)
        if stop is None:
            return False
        self._held = stop
        self._due.append(stop)
        return True

    def settled(self) -> None:
        """What has happened is durable: now clients are told."""
        due, self._due = self._due, []
        for told in due:
            self._tell(told)

    def edited(self) -> None:
        """What a branch of the held run sees has been changed: it stands where it stood, in its new state."""
        if self._held is None:
            return
        state = self.timeline.state
        moment = again(self._held.moment, state, len(self.timeline.records))
        self._number += 1
        moved = moment.key != self._held.moment.key
        self._held = replace(self._held, number=self._number, moment=moment, state=state)
        if self.stop is not None and not self.stop.past:
            self._tell(Renewed(self._held, moved))

    # --- verbs ------------------------------------------------------------------------------------------------------

    def go(self, way: Way, start: Moment | None = None) -> None:
        """Go forward from where the view is. In the past, to the first wanted moment; else the live run goes on.

        `start` is where another branch stands than the one that stopped, when that one is to be stepped.
        """
        plan = Plan(way, start or (self.stop.moment if self.stop else None))
        if self.stop is not None and way in ("over", "in", "out"):
            self._trail.append(self.stop.moment.key)
        else:
            self._trail.clear()
        if self._view is not None and self._forward(plan, start):
            return
        self._view = None
        if self._release is None:
            self._tell(self._end())
            return
        if self._held is not None and self.stop is not None and self.stop.past:
            # The past is used up: the view arrives where the run is held. What is set now counts, not what stopped it.
            arrived = self._judge(self._held.moment, self.timeline.state, plan, past=False)
            if arrived is None and way != "on":
                arrived = self._stop("step", self._held.moment, self.timeline.state, past=False)
            if arrived is not None:
                self._held = arrived
                self._due.append(arrived)
                self.settled()
                return
        if self._held is not None:
            # It is asked about again, though perhaps after another branch that is stopped at first.
            self._passed.add(self._held.moment.key)
        if start is not None:
            self._passed.add(start.key)
        self._plan, self._held, self.stop = plan, None, None
        self._tell(None)
        self._release()

    def open(self, *, at_start: bool) -> None:
        """Show a recorded run: from its start, else where it is worth looking at first, its last fault or its end."""
        if at_start:
            self._show(0, "entry")
            return
        for index in range(len(self.timeline.moments) - 1, -1, -1):
            moment = self.timeline.moments[index]
            if moment.part not in FAULTY - {"ask"}:
                continue
            state = self.timeline.state_at(moment.seq)
            fault = fault_at(moment, state)
            if fault:
                self._view = index
                self._tell(replace(self._stop("exception", moment, state, past=True), fault=fault))
                return
        self._tell(self._end())

    def pause(self) -> None:
        """Stop at the next moment; an agent that runs is not interrupted."""
        self._plan = Plan("pause")

    def back(self, *, far: bool) -> None:
        """To where the last step was made from; without one, one stage or part back. Or to the last breakpoint before.

        At the recording's start it says so.
        """
        if self.stop is None:
            return
        here = self._index()
        moment = self.stop.moment
        if far:
            self._trail.clear()
        elif self._trail:
            key = self._trail.pop()
            found = self.timeline.earlier(here, lambda earlier: earlier.key == key)
            if found is not None:
                self._show(found, "step")
                return

        if self.stop.reason == "end":
            here -= 1  # the last moment is what was shown

        found = self._last_hit(here) if far else self.timeline.earlier(here, Plan("over", moment).wants)
        if not self.timeline.moments:  # the first thing of all is still to come
            self._tell(self._stop("entry", moment, self.stop.state, self.stop.past))
        elif found is None:
            self._show(0, "entry")
        else:
            self._show(found, "breakpoint" if far else "step")

    # --- inside -----------------------------------------------------------------------------------------------------

    def _forward(self, plan: Plan, start: Moment | None) -> bool:
        assert self._view is not None
        for index in range(self._view + 1, len(self.timeline.moments)):
            moment = self.timeline.moments[index]
            if start is not None and moment.key == start.key:
                start = None  # where the branch stands already
                continue
            if not self._may_stop(moment, plan):
                continue
            stop = self._judge(moment, self.timeline.state_at(moment.seq), plan, past=True)
            self.settled()
            if stop is not None:
                self._view = index
                self._tell(stop)
                return True
        return False

    def _judge(self, moment: Moment, state: State, plan: Plan, *, past: bool) -> Stop | None:
        """The stop that a moment is, if it is one: a fault first, then breakpoints, then the step asked for."""
        fault = fault_at(moment, state)
        if fault and self._is_wanted(fault, moment, state):
            return replace(self._stop("exception", moment, state, past), fault=fault)
        hits = self._hits.of((one for each in self._breakpoints.values() for one in each), moment, state)
        self._due += [Logged(hit.said, hit.breakpoint, moment) for hit in hits if hit.said is not None]
        stopping = tuple(hit.breakpoint.id for hit in hits if hit.said is None)
        if stopping:
            return replace(self._stop("breakpoint", moment, state, past), hits=stopping)
        if plan.wants(moment):
            return self._stop("pause" if plan.way == "pause" else "step", moment, state, past)
        return None

    def _may_stop(self, moment: Moment, plan: Plan) -> bool:
        """Told without the state there, which of a long past would cost more than all the rest."""
        every = (one for each in self._breakpoints.values() for one in each)
        return moment.part in FAULTY or plan.wants(moment) or any(may_stand(one, moment) for one in every)

    def _is_wanted(self, fault: str, moment: Moment, state: State) -> bool:
        asked = [wanted[fault] for wanted in self._faults.values() if fault in wanted]
        if not asked or not all(asked):
            return bool(asked)
        scope = scope_at(state, moment)
        return any(holds(condition, scope) for conditions in asked for condition in conditions)

    def _index(self) -> int:
        return self._view if self._view is not None else len(self.timeline.moments)

    def _goals(self) -> list[Breakpoint]:
        """The breakpoints one can go back to: none that counts its hits."""
        return [one for each in self._breakpoints.values() for one in each if not one.log and not one.hit]

    def _last_hit(self, than: int) -> int | None:
        """The last moment before the `than`th at which a breakpoint stands."""
        goals = self._goals()

        def may(moment: Moment) -> bool:
            return any(may_stand(one, moment) for one in goals)

        def wanted(moment: Moment, state: State) -> bool:
            return bool(Hits().of(goals, moment, state))

        return self.timeline.latest(than, may, wanted) if goals else None

    def _hits_at(self, moment: Moment) -> tuple[int, ...]:
        """The breakpoints that stand at a past moment."""
        hits = Hits().of(self._goals(), moment, self.timeline.state_at(moment.seq))
        return tuple(hit.breakpoint.id for hit in hits)

    def _show(self, index: int, reason: Reason) -> None:
        self._view = index
        moment = self._moment(index)
        stop = self._stop(reason, moment, self.timeline.state_at(moment.seq), past=True)
        self._tell(replace(stop, hits=self._hits_at(moment)) if reason == "breakpoint" else stop)

    def _moment(self, index: int) -> Moment:
        """A moment of the past; of a run that ended before it came to one, where it stood."""
        if self.timeline.moments:
            return self.timeline.moments[index]
        coming = before_moving(self.timeline.state, ROOT, len(self.timeline.records))
        assert coming is not None  # nothing but its start is recorded
        return coming

    def _end(self) -> Stop:
        self._view = len(self.timeline.moments)  # behind the last moment, which is still what there is to see
        last = self._moment(self._view - 1)
        return self._stop("end", last, self.timeline.state_at(last.seq), past=True)

    def _stop(self, reason: Reason, moment: Moment, state: State, past: bool) -> Stop:
        self._number += 1
        return Stop(self._number, reason, moment, state, past)

    def _tell(self, told: Told) -> None:
        if isinstance(told, Renewed):
            self.stop = told.stop
        elif not isinstance(told, Logged):
            self.stop = told
        for listener in tuple(self._listeners):
            listener(told)


DEFAULT_FAULTS = frozenset(fault.id for fault in FAULTS if fault.default)
