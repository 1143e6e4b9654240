"""A run lived again from its journal: no agent, no tool, no model, no policy and no file of today is touched.

`replay` recomputes every derived event from the observed ones and compares; the first that differs is named. What the
run was is taken from the texts it pinned, so yesterday's run is seen in yesterday's lines.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec

from pointsman.errors import JournalError
from pointsman.journal.codec import KIND_OF
from pointsman.journal.store import RunRow, Store
from pointsman.kernel import machine
from pointsman.kernel.effects import AnyEffect
from pointsman.kernel.events import SEMANTICS, Asked, Json, Record, RunHosted, RunStarted
from pointsman.kernel.instructions import Program, compile_program
from pointsman.kernel.state import State
from pointsman.language.analysis import Files, analyse
from pointsman.language.model import Workspace
from pointsman.language.source import Source
from pointsman.language.workspace import read_workspace


@dataclass(frozen=True)
class Past:
    """A run as recorded: the state after `seq` events and the effects nobody has answered (that is crash recovery)."""

    row: RunRow
    state: State
    seq: int
    active_ns: int

    @property
    def unanswered(self) -> tuple[AnyEffect, ...]:
        """Pending effects, in the order they were asked for."""
        return tuple(self.state.pending.values())  # type: ignore[arg-type]  # pending holds nothing but effects


@dataclass(frozen=True)
class Replay:
    """What replay found. `seq` 0 with a `problem` is about the run's row; `folded_only` is why nothing was compared."""

    row: RunRow
    state: State | None
    events: int
    compared: int
    seq: int = 0
    kind: str = ""
    problem: str = ""
    folded_only: str = ""

    @property
    def agrees(self) -> bool:
        """Whether the journal is what the machine makes of what was observed."""
        return not self.problem


def past(store: Store, run_id: str, until: int | None = None) -> Past:
    """Fold a run's events up to `until` (default: all)."""
    row = store.run(run_id)
    state: State | None = None
    seq = active = 0
    earlier: Record | None = None
    for record in store.records(row.id, until=until):
        if state is None:
            state = machine.initial(program_of(store, _started(record)), row.id)
        if earlier is not None and not isinstance(earlier.event, Asked) and not isinstance(record.event, RunHosted):
            active += max(0, record.at_ns - earlier.at_ns)
        state, _ = machine.step(state, record)
        seq, earlier = record.seq, record
    if state is None:
        raise JournalError("run_empty", f"run {row.id} has no events", "It can only be started anew")
    return Past(row, state, seq, active)


def replay(store: Store, run_id: str, hide: Callable[[Json], Json] = lambda value: value) -> Replay:
    """Check the journal's integrity, then recompute. Never raises for what is wrong with the run: it says so.

    `hide` takes from values what must not be shown, before they are cut for a line.
    """
    row = store.run(run_id)
    damage = store.verify(row.id)
    if damage:
        if damage.definition:  # the event that pins the text is the one that is no longer true
            return Replay(row, None, row.events, 0, 1, "run.started", damage.what)
        return Replay(row, None, row.events, 0, damage.seq, damage.kind, damage.what)
    records = list(store.records(row.id))
    if not records:
        return Replay(row, None, 0, 0, 0, "", "the run has no events")
    state = machine.initial(program_of(store, _started(records[0])), row.id)
    if row.semantics != SEMANTICS:
        for record in records:
            state, _ = machine.step(state, record)
        why = f"recorded under semantics {row.semantics}, this is {SEMANTICS}"
        return Replay(row, state, len(records), 0, folded_only=why)
    compared = 0
    for record in records:
        if machine.is_derived(record.event):
            problem = _differs(state, record, hide)
            if problem:
                kind = KIND_OF[type(record.event)]
                return Replay(row, state, len(records), compared, record.seq, kind, problem)
            compared += 1
        state, _ = machine.step(state, record)
    return Replay(row, state, len(records), compared)


def states(store: Store, run_id: str) -> Iterator[tuple[Record, State]]:
    """Each event with the state after it."""
    row = store.run(run_id)
    state: State | None = None
    for record in store.records(row.id):
        if state is None:
            state = machine.initial(program_of(store, _started(record)), row.id)
        state, _ = machine.step(state, record)
        yield record, state


def program_of(store: Store, started: RunStarted) -> Program:
    """The program a run was started with, compiled from its pinned texts."""
    texts = {(pin.kind, pin.path): store.definition(pin.hash).text for pin in started.pins if pin.kind != "policy"}
    source = Source(started.path, store.definition(started.definition).text)
    workspace = Workspace()
    for (kind, path), text in texts.items():
        if kind == "workspace":
            workspace, _ = read_workspace(Source(path, text))
    found = analyse(source, Files({}), workspace).pipelines
    pipeline = next((each for each in found if each.name == started.pipeline), None)
    if pipeline is None:
        raise JournalError(
            "definition_unreadable",
            f"the pinned text of {started.path} has no pipeline {started.pipeline} that this version can read",
            "Use the version that recorded the run",
        )
    prompts = {path: text.decode("utf-8", "replace") for (kind, path), text in texts.items() if kind == "prompt"}
    return compile_program(source, pipeline, prompts=prompts, workspace=workspace, guarded=bool(started.policies))


def scripts_of(store: Store, started: RunStarted) -> dict[str, bytes]:
    """The pinned replies of scripted models, by path as written."""
    return {pin.path: store.definition(pin.hash).text for pin in started.pins if pin.kind == "script"}


def _started(record: Record) -> RunStarted:
    if not isinstance(record.event, RunStarted):
        raise JournalError("run_headless", "the run's first event is not run.started", "Restore the journal")
    return record.event


def _differs(state: State, record: Record, hide: Callable[[Json], Json]) -> str:
    """Why a derived event is not what the machine makes at this place, or nothing."""
    if record.branch not in state.ready:
        return f"branch {record.branch} does not move here"
    expected = machine.advance(state, record.branch)
    if expected == record.event and type(expected) is type(record.event):
        return ""
    want, have = msgspec.to_builtins(expected), msgspec.to_builtins(record.event)
    if want["kind"] != have["kind"]:
        return f"recorded {have['kind']}, recomputed {want['kind']}"
    fields = [name for name in {**want, **have} if want.get(name) != have.get(name)]
    if not fields:
        return ""
    name = fields[0]
    return f"{name}: recorded {_short(hide(have.get(name)))}, recomputed {_short(hide(want.get(name)))}"


def _short(value: object) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 120 else text[:117] + "..."
