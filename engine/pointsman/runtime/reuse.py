"""Going on where another run stood: what has not changed since is taken from its journal, the rest is done anew.

Laws:
- A result is re-used for the same call only: same place, same arguments, same agent, code, prompt and tools.
- What comes after something done anew is done anew too, on its branch and below and above it: a side effect may have
  changed what the same arguments mean.
- Nothing that failed is re-used, and nothing a person has edited.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from pointsman.errors import JournalError, Misuse
from pointsman.executors.call import CallSpec, Executor, Outcome, Port
from pointsman.journal.replay import program_of
from pointsman.journal.store import Store
from pointsman.kernel import events as ev
from pointsman.kernel import machine
from pointsman.kernel.coordination import block_of, stage_id
from pointsman.kernel.effects import Invoke
from pointsman.kernel.events import Json
from pointsman.kernel.instructions import Program
from pointsman.kernel.state import State
from pointsman.language.diagnostics import did_you_mean
from pointsman.runtime.makings import Makings, Why, changes, makings_of

FEW = 3
"""Changed stages that a sentence names."""


@dataclass(slots=True)
class Kept:
    """What a stage's visit came to: asked with `args` and `request`, answered with `value`."""

    stage: str
    args: Json
    request: Json
    value: Json = None
    by: str = ""
    answered: bool = False
    spoiled: bool = False
    """A person has edited it, or it is the answer of an attempt that failed."""
    unfit: bool = False
    """Its contract refused the value."""


@dataclass
class Reuse:
    """What one run may take of another. `same` are the stages, by id, whose work is made of the same texts; `refitted`
    those whose contract is another now, so that a value it refused may fit."""

    run: str
    start_at: str
    note: str
    kept: Mapping[str, Kept]
    same: frozenset[str]
    refitted: frozenset[str]
    _anew: set[str] = field(default_factory=set)
    _taken: dict[tuple[str, int], Kept | None] = field(default_factory=dict)

    @property
    def rerun(self) -> ev.Rerun:
        """What the new run's first event says of it."""
        return ev.Rerun(self.run, self.start_at)

    def call(self, effect: Invoke, state: State) -> Kept | None:
        """The result of this very call, or None: then it is done anew, and everything after it."""
        where = effect.id, effect.attempt
        if where not in self._taken:
            self._taken[where] = self._take(
                effect.id, effect.branch, effect.args, effect.request, state, effect.attempt
            )
        return self._taken[where]

    def answer(self, asked: ev.Asked, branch: str, state: State) -> Kept | None:
        """The answer a person gave to this very question, or None."""
        at = state.branches[branch]
        return self._take(asked.effect, branch, at.args, at.request, state)

    def covers(self, state: State, branch: str) -> bool:
        """Whether what a branch does next will be taken of the older run: a debugger lets it pass."""
        at = state.branches.get(branch)
        if at is None or self._begun(state, branch):
            return False
        code = state.program.at(at.block, at.stage)
        if code.id not in self.same or self._starts(code.id):
            return False
        if at.part == "enter":
            coming = machine.advance(state, branch)
            entered = (coming.effect, coming.args, coming.request) if isinstance(coming, ev.StageEntered) else None
        else:
            entered = at.effect, at.args, at.request
        return code.kind not in ("agent", "ask") or entered is None or self._fits(*entered, code.id, at.attempt)

    def saw(self, records: Iterable[ev.Record]) -> None:
        """Learn what has happened: the stage to start at was come to, and be it only to be skipped."""
        for record in records:
            if isinstance(record.event, ev.StageEntered | ev.StageSkipped) and self.start_at:
                block = block_of(record.branch)
                if self._starts(f"{block}.{record.event.stage}".lstrip(".")) or self._starts(block):
                    self._anew.add(record.branch)

    def went_on(self, records: Iterable[ev.Record]) -> None:
        """Learn from a run's own past what it has done anew already: it goes on after its host has died."""
        asked: dict[str, str] = {}
        for record in records:
            match record.event:
                case ev.Asked(effect=effect):
                    asked[effect] = record.branch
                case ev.Answered(effect=effect, reused=run) if run:
                    asked.pop(effect, None)
                case ev.AttemptStarted() | ev.AttemptResult(reused=""):
                    self._anew.add(record.branch)
        self._anew.update(asked.values())

    def _take(self, effect: str, branch: str, args: Json, request: Json, state: State, attempt: int = 1) -> Kept | None:
        at = state.branches[branch]
        name = state.program.at(at.block, at.stage).id
        if not self._begun(state, branch) and self._fits(effect, args, request, name, attempt):
            return self.kept[effect]
        self._anew.add(branch)
        return None

    def _fits(self, effect: str, args: Json, request: Json, name: str, attempt: int) -> bool:
        """Whether the older run has an answer to this very call, and it may be taken."""
        found = self.kept.get(effect)
        return (
            found is not None
            and attempt == 1
            and name in self.same
            and found.answered
            and not found.spoiled
            and (not found.unfit or name in self.refitted)
            and _equal(found.args, args)
            and _equal(found.request, request)
        )

    def _begun(self, state: State, branch: str) -> bool:
        """Whether something before this place was done anew, or the stage to start at was reached."""
        if any(related(branch, other) for other in self._anew):
            return True
        if not self.start_at:
            return False
        lines = [at for at in state.branches.values() if related(branch, at.id)]
        return any(self._starts(state.program.at(at.block, name).id) for at in lines for name in at.visits)

    def _starts(self, name: str) -> bool:
        """Whether a stage, by its path of names, is the one to start at."""
        return bool(self.start_at) and self.start_at in (name, name.rpartition(".")[2])


def related(one: str, other: str) -> bool:
    """Whether one of two branches lies in the other, or is it."""
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")


class ReusedAgent:
    """An agent that is not called: its result is known."""

    def __init__(self, value: Json, run: str) -> None:
        self._outcome = Outcome(value, reused=run)

    async def run(self, spec: CallSpec, port: Port) -> Outcome:
        """The result. Nothing has started, so nothing is said to have."""
        return self._outcome

    async def close(self) -> None:
        """There is nothing to give back."""


def reusing(reuse: Reuse | None, effect: Invoke, state: State) -> Executor | None:
    """The executor of a call whose result is known, None for all others."""
    found = reuse.call(effect, state) if reuse else None
    return ReusedAgent(found.value, reuse.run) if found and reuse else None


def plan(store: Store, run: str, now: Makings, start_at: str = "") -> Reuse:
    """What a new run, made of `now`, may take of an older one. Raises RunUnavailable, JournalError, and Misuse for a
    stage there is none of."""
    row = store.run(run)
    records = list(store.records(row.id))
    if not records or not isinstance(records[0].event, ev.RunStarted):
        raise JournalError("run_empty", f"run {row.id} has no events", "It can only be started anew")
    started = records[0].event
    if start_at:
        check_stage(now.program, start_at)
    then = makings_of(store, started, program_of(store, started))
    changed = changes(then, now)
    kept = read_kept(records)
    first = _first(records, then.program, kept, changed, start_at)
    same = frozenset(name for name, why in changed.items() if not why.work)
    refitted = frozenset(name for name, why in changed.items() if why.contract)
    return Reuse(row.id, start_at, first, kept, same, refitted)


def read_kept(records: Iterable[ev.Record]) -> dict[str, Kept]:
    """What each visit of a stage came to, by its effect."""
    kept: dict[str, Kept] = {}
    at: dict[str, Kept] = {}
    for record in records:
        here = at.get(record.branch)
        match record.event:
            case ev.StageEntered() as entered:
                at[record.branch] = kept[entered.effect] = Kept(entered.stage, entered.args, entered.request)
            case ev.AttemptResult(effect=effect, value=value, error=error) if effect in kept:
                kept[effect].answered, kept[effect].value = error is None, value
            case ev.Answered(effect=effect, value=value, by=by) if effect in kept:
                kept[effect].answered, kept[effect].value, kept[effect].by = True, value, by
            case ev.AttemptRetried(effect=effect) if effect in kept:
                kept[effect].answered = False
            case ev.StageFailed(error=error) if here:
                here.unfit = error.klass == "contract"
            case ev.Edited() if here:
                here.spoiled = True
    return kept


def _first(
    records: Iterable[ev.Record], program: Program, kept: Mapping[str, Kept], changed: Mapping[str, Why], start_at: str
) -> str:
    """From where a run goes on, and why, in a sentence."""
    if start_at:
        return f"does {start_at} anew, as asked for, and what comes after it"
    for record in records:
        if isinstance(record.event, ev.StageEntered):
            entered = record.event
            name = stage_id(program, record.branch, entered.stage)
            why = changed.get(name)
            if why is None:
                continue  # it is no more, and what it did matters to nobody
            if why.work:
                return f"goes on from {name}: {', '.join(why.work)}"
            if why.contract and kept[entered.effect].unfit:
                return f"goes on from {name}: its contract has changed"
    later = [f"{name} ({', '.join(why.work)})" for name, why in changed.items() if why.work]
    if later:
        return f"goes on from where it stood; changed since: {', '.join(later[:FEW])}"
    return "goes on from where it stood: nothing it had done has changed"


def check_stage(program: Program, name: str) -> None:
    """Raises Misuse for a name, or path of names, that is no stage's."""
    codes = [code for block in program.blocks.values() for code in block.stages.values()]
    known = sorted({code.id for code in codes} | {code.name for code in codes})
    if name not in known:
        raise Misuse("stage_unknown", f"there is no stage {name}{did_you_mean(name, known)}", f"These are: {known}")


def _equal(one: Json, other: Json) -> bool:
    """Equal as JSON: 1 is not true, and not 1.0."""
    return msgspec.json.encode(one, order="deterministic") == msgspec.json.encode(other, order="deterministic")
