"""Live runs: starting, resuming, answering, cancelling; every surface comes through here.

A session is a run with a host: it holds the lease, a lock file that proves its life, the journal's writer, and the
driver. Leaving `async with` gives all of it back; a run that has not ended can then be resumed by anybody.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pointsman.errors import JournalError, Misuse, RunUnavailable
from pointsman.journal import HostLock, InlineWriter, MemoryStore, Store, thread_writer
from pointsman.journal.replay import past, scripts_of
from pointsman.journal.store import Definition, Lease, RunRow
from pointsman.kernel import machine
from pointsman.kernel.effects import AnyEffect, Ask
from pointsman.kernel.events import SEMANTICS, Answered, Json, Record, RunCancelled, RunHosted, RunStarted
from pointsman.kernel.interrupts import complaint
from pointsman.kernel.state import State
from pointsman.language.diagnostics import did_you_mean
from pointsman.runtime.agents import Agents
from pointsman.runtime.catalog import Loaded, roots_of
from pointsman.runtime.clock import Clock, SystemClock
from pointsman.runtime.driver import Driver, Watcher
from pointsman.runtime.journals import open_journal
from pointsman.runtime.policies import PolicyBook
from pointsman.runtime.redacting import redactor_for
from pointsman.runtime.workspace import Place, import_roots, interpreter
from pointsman.security.redaction import Redactor


@dataclass(frozen=True)
class Options:
    """How a host runs: who starts, what agents are given as callables, who watches, which clock."""

    principal: dict[str, Json] = field(default_factory=dict)
    agents: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    watchers: Sequence[Watcher] = ()
    clock: Clock = field(default_factory=SystemClock)
    answers: Mapping[str, Json] = field(default_factory=dict)
    durability: str | None = None
    cwd: Path | None = None
    inline: bool = False
    """Commit on the loop's own thread: for one run in a program of the user's, where no other client waits."""


class Session:
    """One live run. Made by `start` or `resume`; an async context manager."""

    def __init__(
        self, place: Place, store: Store, run_id: str, lease: Lease, options: Options, held: ExitStack
    ) -> None:
        self.place = place
        self.store = store
        self.run_id = run_id
        self._lease = lease
        self._options = options
        self._stack = AsyncExitStack()
        self._stack.callback(held.close)
        self._held = held
        self._driver: Driver
        self._agents: Agents
        self._first: tuple[AnyEffect, ...] = ()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @property
    def state(self) -> State:
        """The run as it is now."""
        return self._driver.state

    def questions(self) -> list[Ask]:
        """What people are asked right now."""
        return self._driver.questions()

    async def run(self, *, park: bool = True) -> State:
        """Drive to the end, or until only people are waited for."""
        first, self._first = self._first, ()
        state = await self._driver.run(first, park=park)
        while not state.ended and self._answer_prepared():
            state = await self._driver.run(park=park)
        if not state.ended:  # the end is written with its own event, in one commit
            self.store.set_status(self.run_id, self._lease.fence, "waiting")
        return state

    async def warm(self) -> None:
        """Have the workers ready before the first stage asks for one."""
        await self._agents.warm()

    def answer(self, stage: str, value: Json, by: str = "") -> None:
        """Answer the question at a stage. Raises RunUnavailable for no such question, Misuse for an unfit answer."""
        ask = question_at(self.questions(), stage)
        problem = complaint(ask, value)
        if problem:
            raise Misuse("answer_unfit", f"the answer does not fit {ask.what} {stage}: {problem}", answer_hint(ask))
        if ask.about == "stage" and ask.what != "review" and isinstance(value, dict):
            value = {**value, "by": by, "at": self._options.clock.now_ns() / 1e9}
        self._driver.post(Answered(ask.id, value, by), ask.branch)

    def redactor(self) -> Redactor:
        """What hides the run's secrets from whoever looks at it."""
        return redactor_for(self.place, self.store, self.state.started)

    def cancel(self, by: str) -> None:
        """Ask for the run's end."""
        self._driver.post(RunCancelled(by), "main")

    def _answer_prepared(self) -> bool:
        """Give the answers the caller brought along; a question in doubt is never answered beforehand."""
        prepared = [ask for ask in self.questions() if ask.about == "stage" and ask.stage in self._options.answers]
        for ask in prepared:
            self.answer(ask.stage, self._options.answers[ask.stage], "command line")
        return bool(prepared)

    def _attach(self, state: State, seq: int, loaded: _Hosted, first: tuple[AnyEffect, ...], wall_used_ns: int) -> None:
        options = self._options
        keep = self.store.add_definitions
        policies = PolicyBook(self.place, loaded.policies, lambda text: keep([text])) if loaded.policies else None
        agents = Agents(
            state.program,
            interpreter=interpreter(self.place),
            roots=loaded.roots,
            cwd=loaded.cwd,
            scripts=loaded.scripts,
            policies=policies,
            in_process=options.agents,
        )
        self._agents = agents
        self._stack.push_async_callback(agents.close)
        writer = InlineWriter(self.store) if options.inline else thread_writer(self.store)
        self._stack.callback(writer.close)
        self._driver = Driver(
            state,
            seq,
            self._lease.fence,
            writer=writer,
            outside=agents,
            clock=options.clock,
            watchers=options.watchers,
            wall_used_ns=wall_used_ns,
        )
        self._first = first


@dataclass(frozen=True)
class _Hosted:
    policies: tuple[tuple[Path, str], ...]
    roots: tuple[Path, ...]
    cwd: Path
    scripts: dict[str, bytes]


def start(loaded: Loaded, value: Json, options: Options | None = None, store: Store | None = None) -> Session:
    """A new run, durable with its definitions before anything of it happens. Raises Misuse for an unfit input.

    A `store` that is given stays open at the end; without one the workspace's journal is opened and closed.
    """
    options = options or Options()
    value = fit_input(loaded, value)
    place, clock = loaded.place, options.clock
    owned = store is None
    store = store or open_journal(place, options.durability)
    run_id, now = clock.run_id(), clock.now_ns()
    cwd = options.cwd or Path.cwd()
    event = RunStarted(
        pipeline=loaded.program.name,
        path=loaded.shown,
        definition=loaded.definition.hash,
        input=value,
        started_at_ns=now,
        cwd=str(cwd),
        env={name: os.environ[name] for name in place.settings.env if name in os.environ},
        pins=loaded.pins,
        principal=dict(options.principal),
        policies=tuple(shown for _, shown in loaded.policy_files),
    )
    first = Record(1, "main", now, event)
    row = RunRow(run_id, loaded.program.name, loaded.definition.hash, loaded.shown, SEMANTICS, now)
    session = _hosted(place, store, run_id, options, lambda: store.create_run(row, _unique(loaded), [first]), owned)
    state, effects = machine.step(machine.initial(loaded.program, run_id), first)
    for watch in options.watchers:
        watch([first], state)
    hosted = _Hosted(loaded.policy_files, roots_of(loaded), cwd, loaded.scripts)
    session._attach(state, 1, hosted, effects, 0)
    return session


def resume(place: Place, run: str, options: Options | None = None) -> Session:
    """Take over a run that has no living host. Raises RunUnavailable when it has one, or has ended."""
    options = options or Options()
    store = open_journal(place, options.durability)
    row = store.run(run)
    if row.outcome:
        raise RunUnavailable("run_ended", f"run {row.id} has ended: {row.outcome}", f"See: pointsman show {row.id}")
    damage = store.verify(row.id)
    if damage:
        raise JournalError("journal_damaged", damage.what, f"See: pointsman replay {row.id}")
    if row.semantics != SEMANTICS:
        raise RunUnavailable(
            "semantics_changed",
            f"run {row.id} was recorded under semantics {row.semantics}, this is {SEMANTICS}",
            "Finish it with the version that started it, or start it anew",
        )
    session = _hosted(place, store, row.id, options, lambda: None)
    try:
        _take_up(session, place, store, row, options)
    except BaseException:
        session._held.close()
        raise
    return session


def _take_up(session: Session, place: Place, store: Store, row: RunRow, options: Options) -> None:
    """Fold what was recorded, journal that there is a new host, and be ready to ask again for what is unanswered."""
    lived = past(store, row.id)
    state, seq = lived.state, lived.seq
    started = state.started
    first: tuple[AnyEffect, ...] = ()
    if not state.ended:
        lease = session._lease
        record = Record(seq + 1, "main", options.clock.now_ns(), RunHosted(lease.host, lease.fence))
        store.append(row.id, lease.fence, [record])
        state, first = machine.step(state, record)
        seq += 1
        for watch in options.watchers:
            watch([record], state)
    pipeline = place.root / started.path
    cwd = Path(started.cwd) if Path(started.cwd).is_dir() else place.root
    hosted = _Hosted(
        tuple((place.root / shown, shown) for shown in started.policies),
        import_roots(place, pipeline),
        cwd,
        scripts_of(store, started),
    )
    session._attach(state, seq, hosted, first, lived.active_ns)


def fit_input(loaded: Loaded, value: Json) -> Json:
    """The input with the schema's defaults for properties that are not given. Raises Misuse when it does not fit."""
    contract = loaded.program.input
    if contract is None:
        return value
    if isinstance(value, dict) and isinstance(contract.schema, dict):
        properties = contract.schema.get("properties", {})
        given = {name: rule["default"] for name, rule in properties.items() if "default" in rule}
        value = given | value
    problem = contract.complaint(value)
    if problem:
        raise Misuse("input_unfit", f"the input does not fit {loaded.shown}: {problem}", "See its `input` schema")
    return value


def question_at(questions: Sequence[Ask], stage: str) -> Ask:
    """The open question at a stage. Raises RunUnavailable with the stages that do ask."""
    for ask in questions:
        if stage in (ask.stage, ask.id):
            return ask
    names = [ask.stage for ask in questions]
    hint = f"It waits at: {', '.join(names)}" if names else "It waits for nobody"
    raise RunUnavailable("no_question", f"nothing is asked at stage {stage}{did_you_mean(stage, names)}", hint)


def answer_hint(ask: Ask) -> str:
    """An answer that would fit, to copy."""
    if ask.about == "in_doubt":
        return 'Such as: {"happened": true}'
    return {
        "confirmation": 'Such as: {"approved": true}',
        "clarification": 'Such as: {"text": "..."}',
    }.get(ask.what, "It takes JSON that fits the review's `answer` schema")


def _hosted(
    place: Place, store: Store, run_id: str, options: Options, create: Callable[[], None], owned: bool = True
) -> Session:
    """Become the host: a lock file that proves our life first (a journal on disk), then the lease."""
    host = f"host-{os.getpid()}-{options.clock.run_id().rsplit('-', 1)[-1]}"
    lock = HostLock(place.root, host) if not isinstance(store, MemoryStore) else nullcontext()
    with ExitStack() as undo:
        if owned:
            undo.callback(store.close)
        undo.enter_context(lock)
        create()
        lease = store.take_lease(run_id, host, os.getpid(), options.clock.now_ns())
        undo.callback(store.release_lease, run_id, lease.fence)
        return Session(place, store, run_id, lease, options, undo.pop_all())


def _unique(loaded: Loaded) -> list[Definition]:
    return list({text.hash: text for text in (loaded.definition, *loaded.texts)}.values())


__all__ = ["Options", "Session", "Watcher", "resume", "start"]
