"""The state machine: what an event does to a run, and what a run does next.

Rule 1. Nothing here asks the time, draws a number, waits, or touches the world: time, ids, chance come as events.
Rule 2. `step` folds: it evaluates no expression and decides nothing, so a journal folds even under other semantics.
Rule 3. `advance` decides: it computes the one derived event that a moving branch makes next. Driver and replay both
        call it; that the two agree is what `replay` proves.
Rule 4. An answer to an effect nobody waits for changes nothing (`awaits` says so beforehand).

    observed event ─┐
                    ├─> step ─> state, effects ──> the outside ──> observed event ...
    derived event ──┘            │
          └────── advance <──────┘ while a branch is ready
"""

from pointsman.kernel import deriving, editing, folding
from pointsman.kernel.effects import AnyEffect
from pointsman.kernel.events import (
    DERIVED,
    Answered,
    Asked,
    AttemptResult,
    AttemptStarted,
    CallRequested,
    Decided,
    Edited,
    Event,
    Record,
    RunStarted,
    TimerFired,
)
from pointsman.kernel.instructions import Program
from pointsman.kernel.state import State

Effects = tuple[AnyEffect, ...]


def initial(program: Program, run_id: str) -> State:
    """A run before its first event."""
    nothing = RunStarted(program.name, "", "", None, 0)
    return State(program, run_id, nothing, branches={}, ready=())


def step(state: State, record: Record) -> tuple[State, Effects]:
    """Fold one event. Total: an event that does not fit (an edited journal) leaves the state as it is."""
    if state.ended:
        return state, ()
    if isinstance(record.event, Asked):  # the one fold that needs the time: a question expires, also over a restart
        return folding.asked(state, record.branch, record.event, record.at_ns)
    if isinstance(record.event, Edited):
        return editing.edited(state, record.branch, record.event)
    return folding.FOLDS[type(record.event)](state, record.branch, record.event)


def advance(state: State, branch: str) -> Event:
    """The derived event that a ready branch makes next."""
    return deriving.derive(state, state.branches[branch])


def is_derived(event: Event) -> bool:
    """Whether replay recomputes it."""
    return isinstance(event, DERIVED)


def awaits(state: State, event: Event) -> bool:
    """Whether somebody waits for this answer; stale and late ones are dropped by the driver, which says so."""
    if state.ended:
        return False
    if isinstance(event, AttemptResult | AttemptStarted):
        return getattr(state.pending.get(event.effect), "attempt", None) == event.attempt
    if isinstance(event, CallRequested | Decided | Answered):
        return event.effect in state.pending
    if isinstance(event, TimerFired):
        return event.effect in state.pending or event.effect == folding.WALL
    return True  # an edit too: whether it fits the fold sees, for only the record says in which branch


def branch_of(state: State, effect: str) -> str:
    """The branch an effect belongs to; the root for those that belong to the run."""
    found = state.pending.get(effect)
    return getattr(found, "branch", "main")
