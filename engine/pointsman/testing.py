"""The public test kit: play a pipeline from text with agents that are functions, on a clock that never waits.

    played = play(TEXT, {"ticket": "..."}, agents={"classify": lambda text: {"intent": "refund"}})
    assert played.route() == ["triage", "approve", "reply"]

Nothing is read or written: no file, no process, no network, no real time.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pointsman.errors import RefusedDefinition
from pointsman.executors import InProcessAgent
from pointsman.executors.call import CallSpec, Executor, Outcome, Port
from pointsman.journal import InlineWriter, MemoryStore
from pointsman.journal.store import Definition, RunRow
from pointsman.kernel import events as ev
from pointsman.kernel import machine
from pointsman.kernel.effects import Ask, Call, Decide, Invoke
from pointsman.kernel.instructions import Program, compile_program
from pointsman.kernel.interrupts import complaint
from pointsman.kernel.state import State, digest
from pointsman.language.analysis import Files, analyse
from pointsman.language.source import Source
from pointsman.runtime.clock import FixedClock
from pointsman.runtime.driver import Driver

Json = Any
Agents = Mapping[str, Callable[..., Any]]
Judge = Callable[[Decide], str | tuple[str, str]]


@dataclass(frozen=True)
class Played:
    """A run as it was played: its end and its journal."""

    state: State
    records: tuple[ev.Record, ...]
    store: MemoryStore
    dropped: int

    @property
    def outcome(self) -> str:
        """completed, failed, limit, denied, cancelled; empty while a person is asked."""
        return self.state.outcome

    @property
    def output(self) -> Json:
        """The pipeline's output."""
        return self.state.output

    @property
    def code(self) -> str:
        """The code of the error that ended it, or nothing."""
        return self.state.error.code if self.state.error else ""

    @property
    def digest(self) -> str:
        """The name of the final state."""
        return digest(self.state)

    def route(self) -> list[str]:
        """The stages in the order they were entered."""
        return [record.event.stage for record in self.records if isinstance(record.event, ev.StageEntered)]

    def of(self, *kinds: type[ev.Event]) -> list[Any]:
        """The events of these kinds."""
        return [record.event for record in self.records if isinstance(record.event, kinds)]


def program(text: str, *, guarded: bool = False) -> Program:
    """Compile a pipeline from text. Raises RefusedDefinition when it has errors."""
    source = Source.of("test.pipeline.yaml", text)
    found = analyse(source, Files({}))
    if found.errors or not found.pipelines:
        raise RefusedDefinition(source.path, found.diagnostics)
    return compile_program(source, found.pipelines[0], guarded=guarded)


def play(
    text: str,
    value: Json = None,
    *,
    agents: Agents | None = None,
    tools: Agents | None = None,
    answers: Mapping[str, Json | Sequence[Json]] | None = None,
    judge: Judge | None = None,
    clock: FixedClock | None = None,
    park: bool = True,
) -> Played:
    """Play a pipeline to its end, or until a question has no answer in `answers`; without `park` such a one expires.

    `judge` stands for the policies: it gets each `Decide` and returns allow, flag or deny, or that with a reason.
    """
    return asyncio.run(
        aplay(text, value, agents=agents, tools=tools, answers=answers, judge=judge, clock=clock, park=park)
    )


async def aplay(
    text: str,
    value: Json = None,
    *,
    agents: Agents | None = None,
    tools: Agents | None = None,
    answers: Mapping[str, Json | Sequence[Json]] | None = None,
    judge: Judge | None = None,
    clock: FixedClock | None = None,
    park: bool = True,
) -> Played:
    """The same, inside a running event loop."""
    made = program(text, guarded=judge is not None)
    clock = clock or FixedClock()
    store, run_id = MemoryStore(), clock.run_id()
    now = clock.now_ns()
    source = made.source
    policies = ("judge",) if judge else ()
    event = ev.RunStarted(made.name, source.path, source.digest, {} if value is None else value, now, policies=policies)
    first = ev.Record(1, "main", now, event)
    definition = Definition(source.digest, "pipeline", source.path, source.data)
    store.create_run(RunRow(run_id, made.name, source.digest, source.path, ev.SEMANTICS, now), [definition], [first])
    lease = store.take_lease(run_id, "test", 0, now)
    state, effects = machine.step(machine.initial(made, run_id), first)
    outside = _Outside(agents or {}, tools or {}, judge)
    driver = Driver(state, 1, lease.fence, writer=InlineWriter(store), outside=outside, clock=clock)
    state = await driver.run(effects, park=park)
    given = {stage: list(each) if isinstance(each, list) else [each] for stage, each in (answers or {}).items()}
    while not state.ended and (asks := [ask for ask in driver.questions() if given.get(ask.stage)]):
        for ask in asks:
            value = given[ask.stage].pop(0)
            assert complaint(ask, value) is None, complaint(ask, value)
            driver.post(ev.Answered(ask.id, value, "test"), ask.branch)
        state = await driver.run()
    return Played(state, tuple(store.records(run_id)), store, driver.dropped)


class _Outside:
    """Functions for agents and tools, a function for the policies."""

    def __init__(self, agents: Agents, tools: Agents, judge: Judge | None) -> None:
        self._agents = {name: InProcessAgent(fn) for name, fn in agents.items()}
        self._tools = {name: InProcessAgent(fn) for name, fn in tools.items()}
        self._judge = judge

    def agent(self, effect: Invoke, state: State) -> Executor:
        return self._agents[effect.agent]

    def call(self, effect: Call, state: State) -> Callable[[CallSpec, Port], Awaitable[Outcome]]:
        return self._tools[effect.name].run

    def decide(self, effect: Decide, state: State) -> ev.Decided:
        verdict = self._judge(effect) if self._judge else "allow"
        name, reason = (verdict, "") if isinstance(verdict, str) else verdict
        return ev.Decided(effect.id, name, (reason,) if reason else ())


__all__ = ["Ask", "Played", "aplay", "play", "program"]
