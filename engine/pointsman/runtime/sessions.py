"""Live runs: starting, resuming, answering, cancelling; every surface comes through here.

A session is a run with a host: it holds the lease, a lock file that proves its life, the journal's writer, and the
driver. Leaving `async with` gives all of it back; a run that has not ended can then be resumed by anybody.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from pointsman.errors import JournalError, Misuse, PointsmanError, RunUnavailable
from pointsman.journal import HostLock, InlineWriter, MemoryStore, Store, Writer, thread_writer
from pointsman.journal.replay import Past, past, scripts_of
from pointsman.journal.store import Definition, Lease, RunRow
from pointsman.kernel import editing, machine
from pointsman.kernel.effects import AnyEffect, Ask
from pointsman.kernel.events import SEMANTICS, Answered, Asked, Json, Record, RunCancelled, RunHosted, RunStarted
from pointsman.kernel.state import State
from pointsman.language.diagnostics import did_you_mean
from pointsman.language.source import Source
from pointsman.runtime.agents import Agents
from pointsman.runtime.around import Gate, Hold, HoldWatcher, Watcher
from pointsman.runtime.catalog import Loaded, roots_of
from pointsman.runtime.clock import Clock, SystemClock
from pointsman.runtime.driver import Driver
from pointsman.runtime.journals import open_journal
from pointsman.runtime.makings import makings_of
from pointsman.runtime.policies import PolicyBook
from pointsman.runtime.questions import check_answer, question_at
from pointsman.runtime.redacting import redactor_for
from pointsman.runtime.reuse import Reuse, plan
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
    env: Mapping[str, str] = field(default_factory=lambda: os.environ)
    """The environment of whoever asked for the run: its workers have it, and `env()` reads it."""
    writer: Writer | None = None
    """One that many sessions share, and that stays open; without it each has its own."""
    endpoint: str = ""
    """Where this host listens, for the lease."""
    reuse: Reuse | None = None
    """What is taken from an earlier run instead of being done anew."""
    note: str = ""
    """What a person should know of how the run was started."""
    door: bytes = b""
    """How to be let in there, for this user alone: what the file says that proves this host's life."""


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
        self._reuse: Reuse | None = None
        self._given: dict[str, Ask] = {}
        self._first: tuple[AnyEffect, ...] = ()

    @property
    def seq(self) -> int:
        """The last event there is."""
        return self._driver.seq

    @property
    def past(self) -> list[Record]:
        """Everything that had happened before this host began to drive."""
        return list(self.store.records(self.run_id, until=self._driver.seq))

    @contextmanager
    def given_back_on_error(self) -> Iterator[None]:
        """Lease, lock and store are nobody's any more when the session can not be made."""
        try:
            yield
        except BaseException:
            self._held.close()
            raise

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
        if not state.ended:  # the end is written with its own event, in one commit
            self.store.set_status(self.run_id, self._lease.fence, "waiting")
        return state

    async def warm(self) -> None:
        """Have the workers ready before the first stage asks for one."""
        await self._agents.warm()

    def answer(self, stage: str, value: Json, by: str = "") -> None:
        """Answer the question at a stage (or of an effect's id); it is journaled in the next turn.

        Raises RunUnavailable for no such question, several, or one that has expired or been answered, Misuse for an
        unfit answer.
        """
        now_ns = self._options.clock.now_ns()
        ask = question_at(self.questions(), stage)
        if self.is_answered(ask):
            raise RunUnavailable(
                "answered_already", f"the question at {ask.stage} has been answered already", "The first answer holds"
            )
        check_answer(ask, value, now_ns - self._driver.stood_ns(ask))
        if ask.about == "stage":
            signed = {"by": by, "at": now_ns / 1e9}
            value = {"answer": value, **signed} if ask.what == "review" else {**value, **signed}
        self._give(ask, Answered(ask.id, value, by))

    def _give(self, ask: Ask, answer: Answered) -> None:
        self._given[ask.id] = ask
        self._driver.post(answer, ask.branch)

    def is_answered(self, ask: Ask) -> bool:
        """Whether an answer to this very question is on its way; those to questions that are gone are forgotten."""
        pending = self.state.pending
        self._given = {effect: given for effect, given in self._given.items() if pending.get(effect) is given}
        return ask.id in self._given

    async def edit(self, branch: str, path: Sequence[str | int], value: Json, by: str) -> None:
        """Change what a branch sees, while the run is held; returns when it is journaled.

        `path` leads there by names and indexes, from `args`, `result`, `outputs` or `state`. Raises RunUnavailable
        when the run is not held, Misuse with the rule that the edit would break.
        """
        if self._driver.hold is None:
            raise RunUnavailable("not_held", f"run {self.run_id} is going on", "Stop it first")
        try:
            event = editing.edit(self.state, branch, path, value, by)
        except editing.Unfit as rule:
            raise Misuse("edit_unfit", str(rule)) from None
        if not await self._driver.posted(event, branch):
            raise RunUnavailable("run_ended", f"run {self.run_id} has ended meanwhile", "There is nothing to edit")

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Tell one more what happens from now on; returns what ends that."""
        return self._driver.watch(watcher)

    @property
    def hold(self) -> Hold | None:
        """Since when and where a debugger holds the run, None when none does."""
        return self._driver.hold

    def watch_holds(self, watcher: HoldWatcher) -> Callable[[], None]:
        """Tell that the run is held (now too, if it is) and that it goes on; returns what ends that."""
        return self._driver.watch_holds(watcher)

    def expires_at_ns(self, ask: Ask) -> int:
        """When a question expires, by the time of the run, that stands still while it is held; 0 is never."""
        return ask.expires_at_ns + self._driver.stood_ns(ask) if ask.expires_at_ns else 0

    def set_gate(self, gate: Gate | None) -> None:
        """Let a debugger hold the run from now on, or nobody."""
        self._driver.set_gate(gate)

    def release(self) -> None:
        """Let the run go on from where its gate held it."""
        self._driver.release()

    def redactor(self) -> Redactor:
        """What hides the run's secrets from whoever looks at it."""
        return redactor_for(self.place, self.store, self.run_id)

    def only_people_wait(self) -> bool:
        """Whether nothing goes on until a person answers."""
        return self._driver.only_people_wait()

    async def people_wait(self) -> None:
        """Until only people are waited for."""
        await self._driver.people_wait.wait()

    def park(self) -> None:
        """Let `run` return as soon as only people are waited for."""
        self._driver.park()

    def cancel(self, by: str) -> None:
        """Ask for the run's end, while `run` drives."""
        self._driver.post(RunCancelled(by), "main")

    def _answer_prepared(self, records: Sequence[Record], state: State) -> None:
        """Give an answer that is known as soon as it is asked for; else it is left to a person.

        A question in doubt is never answered beforehand.
        """
        if self._reuse:
            self._reuse.saw(records)
        for record in records:
            ask = record.event
            if not isinstance(ask, Asked) or ask.about != "stage" or ask.effect not in state.pending:
                continue
            if self._reuse and (known := self._reuse.answer(ask, record.branch, state)):
                self._give(
                    question_at(self.questions(), ask.effect),
                    Answered(ask.effect, known.value, known.by, self._reuse.run),
                )
            elif ask.stage in self._options.answers:
                with suppress(PointsmanError):  # unfit, too late, or the run has ended in the same turn
                    self.answer(ask.effect, self._options.answers[ask.stage], "prepared")

    def _attach(self, state: State, seq: int, loaded: _Hosted, first: tuple[AnyEffect, ...], wall_used_ns: int) -> None:
        options = self._options
        keep = self.store.add_definitions
        policies = None
        if loaded.policies:
            policies = PolicyBook(self.place, loaded.policies, lambda text: keep([text]), loaded.policy_texts)
        agents = Agents(
            state.program,
            interpreter=interpreter(self.place, options.env),
            roots=loaded.roots,
            cwd=loaded.cwd,
            env=options.env,
            scripts=loaded.scripts,
            policies=policies,
            in_process=options.agents,
            reuse=loaded.reuse,
            code=loaded.code,
        )
        self._agents = agents
        self._reuse = loaded.reuse
        self._stack.push_async_callback(agents.close)
        writer = options.writer
        if writer is None:
            writer = InlineWriter(self.store) if options.inline else thread_writer(self.store)
            self._stack.callback(writer.close)
        self._driver = Driver(
            state,
            seq,
            self._lease.fence,
            writer=writer,
            outside=agents,
            clock=options.clock,
            watchers=(self._answer_prepared, *options.watchers),
            wall_used_ns=wall_used_ns,
        )
        self._first = first


@dataclass(frozen=True)
class _Hosted:
    policies: tuple[tuple[Path, str], ...]
    roots: tuple[Path, ...]
    cwd: Path
    scripts: dict[str, bytes]
    reuse: Reuse | None = None
    code: Mapping[Path, bytes] = field(default_factory=dict)
    policy_texts: Mapping[Path, bytes] = field(default_factory=dict)


def start(loaded: Loaded, value: Json, options: Options | None = None, store: Store | None = None) -> Session:
    """A new run, durable with its definitions before anything of it happens. Raises Misuse for an unfit input.

    A `store` that is given stays open at the end; without one the workspace's journal is opened and closed.
    """
    options = options or Options()
    value = fit_input(loaded, value)
    check_options(loaded, options)
    place, clock = loaded.place, options.clock
    owned = store is None
    store = store or open_journal(place, options.durability, create=True)
    run_id, now = clock.run_id(), clock.now_ns()
    cwd = options.cwd or Path.cwd()
    event = RunStarted(
        pipeline=loaded.program.name,
        path=loaded.shown,
        definition=loaded.definition.hash,
        input=value,
        started_at_ns=now,
        cwd=str(cwd),
        env={name: options.env[name] for name in place.settings.env if name in options.env},
        pins=loaded.pins,
        principal=dict(options.principal),
        policies=tuple(shown for _, shown in loaded.policy_files),
        rerun=options.reuse.rerun if options.reuse else None,
        note=options.note,
    )
    first = Record(1, "main", now, event)
    row = RunRow(run_id, loaded.program.name, loaded.definition.hash, loaded.shown, SEMANTICS, now)
    session = _hosted(place, store, run_id, options, lambda: store.create_run(row, _unique(loaded), [first]), owned)
    with session.given_back_on_error():
        state, effects = machine.step(machine.initial(loaded.program, run_id), first)
        hosted = _Hosted(
            loaded.policy_files,
            roots_of(loaded),
            cwd,
            loaded.scripts,
            options.reuse,
            loaded.code,
            loaded.policy_texts,
        )
        session._attach(state, 1, hosted, effects, 0)
    return session


def resume(place: Place, run: str, options: Options | None = None, store: Store | None = None) -> Session:
    """Take over a run that has no living host. Raises RunUnavailable when it has one, or has ended.

    A `store` that is given stays open at the end.
    """
    options = options or Options()
    owned = store is None
    store = store or open_journal(place, options.durability)
    try:
        row = _resumable(store, run)
    except BaseException:
        if owned:
            store.close()
        raise
    session = _hosted(place, store, row.id, options, lambda: None, owned)
    with session.given_back_on_error():
        _take_up(session, place, store, row, options)
    return session


def _resumable(store: Store, run: str) -> RunRow:
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
    return row


def _take_up(session: Session, place: Place, store: Store, row: RunRow, options: Options) -> None:
    """Fold what was recorded, journal that there is a new host, and be ready to ask again for what is unanswered."""
    lived = past(store, row.id)
    state, seq = lived.state, lived.seq
    started = state.started
    first: tuple[AnyEffect, ...] = ()
    if not state.ended:
        lease = session._lease
        changed = changed_code(place, started)
        record = Record(seq + 1, "main", options.clock.now_ns(), RunHosted(lease.host, lease.fence, changed))
        store.append(row.id, lease.fence, [record])
        state, first = machine.step(state, record)
        seq += 1
    pipeline = place.root / started.path
    cwd = Path(started.cwd) if Path(started.cwd).is_dir() else place.root
    hosted = _Hosted(
        tuple((place.root / shown, shown) for shown in started.policies),
        import_roots(place, pipeline),
        cwd,
        scripts_of(store, started),
        _reuse_again(store, lived),
    )
    session._attach(state, seq, hosted, first, lived.active_ns)


def _reuse_again(store: Store, lived: Past) -> Reuse | None:
    """What a run that goes on where another stood may still take of it."""
    rerun = lived.state.started.rerun
    if rerun is None:
        return None
    try:
        reuse = plan(store, rerun.run, makings_of(store, lived.state.started, lived.state.program), rerun.start_at)
    except PointsmanError:  # the other run is gone: nothing is lost but its results
        return None
    reuse.went_on(store.records(lived.row.id))
    return reuse


def changed_code(place: Place, started: RunStarted) -> tuple[str, ...]:
    """The agents' files that are not what they were when the run started; relative to the pipeline's folder."""
    base = (place.root / started.path).parent
    return tuple(pin.path for pin in started.pins if pin.kind == "code" and _digest(base / pin.path) != pin.hash)


def _digest(path: Path) -> str:
    try:
        return Source(str(path), path.read_bytes()).digest
    except OSError:
        return ""


def check_options(loaded: Loaded, options: Options) -> None:
    """Raises Misuse for an answer to a stage that asks nothing, or an agent the pipeline does not know."""
    blocks = loaded.program.blocks.values()
    asking = sorted({code.name for block in blocks for code in block.stages.values() if code.kind == "ask"})
    for name in options.answers:
        if name not in asking:
            raise Misuse("answer_unknown", f"no stage {name} asks{did_you_mean(name, asking)}", f"These do: {asking}")
    for name in options.agents:
        if name not in loaded.program.agents:
            raise Misuse("agent_unknown", f"there is no agent {name}{did_you_mean(name, loaded.program.agents)}")


def fit_input(loaded: Loaded, value: Json) -> Json:
    """The input with the schema's defaults for properties that are not given. Raises Misuse when it does not fit."""
    try:
        msgspec.json.encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise Misuse("input_not_json", f"the input is no JSON: {error}") from None
    contract = loaded.program.input
    if contract is None:
        return value
    if isinstance(value, dict) and isinstance(contract.schema, dict):
        properties = contract.schema.get("properties", {})
        rules = {name: rule for name, rule in properties.items() if isinstance(rule, dict)}
        value = {name: rule["default"] for name, rule in rules.items() if "default" in rule} | value
    problem = contract.complaint(value)
    if problem:
        raise Misuse("input_unfit", f"the input does not fit {loaded.shown}: {problem}", "See its `input` schema")
    return value


def _hosted(
    place: Place, store: Store, run_id: str, options: Options, create: Callable[[], None], owned: bool = True
) -> Session:
    """Become the host: a lock file that proves our life first (a journal on disk), then the lease."""
    host = f"host-{os.getpid()}-{options.clock.run_id().rsplit('-', 1)[-1]}"
    lock = HostLock(place.root, host, options.door) if not isinstance(store, MemoryStore) else nullcontext()
    with ExitStack() as undo:
        if owned:
            undo.callback(store.close)
        undo.enter_context(lock)
        create()
        lease = store.take_lease(run_id, host, os.getpid(), options.clock.now_ns(), options.endpoint)
        undo.callback(store.release_lease, run_id, lease.fence)
        return Session(place, store, run_id, lease, options, undo.pop_all())


def _unique(loaded: Loaded) -> list[Definition]:
    return list({text.hash: text for text in (loaded.definition, *loaded.texts)}.values())


__all__ = ["Options", "Session", "Watcher", "resume", "start"]
