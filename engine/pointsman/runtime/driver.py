"""The loop of one run: events in, journal, state, effects out.

One turn takes everything that has arrived, moves every branch that can move, and commits all of it at once; only then
does anything of it take effect. What needs no outside (a policy's decision) is answered inside the turn.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from inspect import iscoroutine
from typing import Any

from pointsman.executors.call import CallSpec, Outcome
from pointsman.executors.inprocess import InProcessAgent
from pointsman.journal import Writer
from pointsman.kernel import folding, machine
from pointsman.kernel.effects import AnyEffect, Ask, Call, Cancel, Decide, Invoke, Reply, Sleep
from pointsman.kernel.events import (
    AttemptResult,
    AttemptStarted,
    CallRequested,
    ErrorInfo,
    Event,
    Json,
    OutputWritten,
    Progressed,
    Record,
    TimerFired,
)
from pointsman.kernel.interrupts import is_expired
from pointsman.kernel.state import State
from pointsman.runtime.around import Gate, Hold, HoldWatcher, Outside, Watcher
from pointsman.runtime.clock import Clock
from pointsman.runtime.standing import Standing
from pointsman.runtime.wall import WallClock

SLICE = 64
"""Turns without waiting before other tasks get the loop: a turn takes tens of microseconds, a slice at most 1 ms."""


class Driver:
    """Runs one run until it ends or only people are waited for. Belongs to one event loop."""

    def __init__(
        self,
        state: State,
        seq: int,
        fence: int,
        *,
        writer: Writer,
        outside: Outside,
        clock: Clock,
        watchers: Sequence[Watcher] = (),
        wall_used_ns: int = 0,
    ) -> None:
        self.state = state
        self.seq = seq
        self._fence = fence
        self._writer = writer
        self._outside = outside
        self._clock = clock
        self._watchers = list(watchers)
        self._inbox: deque[tuple[Event, str | None, asyncio.Future[bool] | None]] = deque()
        self._wake = asyncio.Event()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._replies: dict[str, asyncio.Future[Outcome]] = {}
        self._wall = WallClock(clock, state.program.budget.wall_ns, wall_used_ns)
        self._park = True
        self._gate: Gate | None = None
        self._decisions: deque[Decide] = deque()
        self._kept: list[AnyEffect] = []
        self._hold: Hold | None = None
        self._told: Hold | None = None
        self._hold_watchers: list[HoldWatcher] = []
        self._timers = Standing(clock.now_ns, clock.sleep)
        self._attempts = Standing(time.monotonic_ns, lambda duration_ns: asyncio.sleep(duration_ns / 1e9))
        self._asked: dict[str, int] = {}
        self.dropped = 0
        self.people_wait = asyncio.Event()
        """Set while only people are waited for, and `run` does not park."""

    def post(self, event: Event, branch: str | None = None) -> None:
        """Something has happened; it is taken up in the next turn."""
        self._inbox.append((event, branch, None))
        self._wake.set()

    async def posted(self, event: Event, branch: str | None = None) -> bool:
        """The same, and wait until it is durable; False when nobody waited for it and it was dropped."""
        done = asyncio.get_running_loop().create_future()
        self._inbox.append((event, branch, done))
        self._wake.set()
        return bool(await done)

    def set_gate(self, gate: Gate | None) -> None:
        """From now on ask this gate, or none; what was held is asked about again."""
        self._gate = gate
        self.release()

    def release(self) -> None:
        """What was held may go on, if the gate lets it."""
        self._let_go()
        self._wake.set()

    @property
    def hold(self) -> Hold | None:
        """Since when and where the gate holds the run, None when it does not."""
        return self._hold

    def watch_holds(self, watcher: HoldWatcher) -> Callable[[], None]:
        """Tell that the run is held (now too, if it is) and that it goes on; returns what ends that."""
        self._hold_watchers.append(watcher)
        if self._told is not None:
            watcher(self._told)

        def leave() -> None:
            if watcher in self._hold_watchers:
                self._hold_watchers.remove(watcher)

        return leave

    def stood_ns(self, ask: Ask) -> int:
        """How long the run was held since a question is open: by so much it expires later than it says."""
        return self._timers.stood_ns - self._asked[ask.id] if ask.id in self._asked else 0

    def watch(self, watcher: Watcher) -> Callable[[], None]:
        """Tell one more, from the next turn on; returns what ends that."""
        self._watchers.append(watcher)

        def leave() -> None:
            if watcher in self._watchers:
                self._watchers.remove(watcher)

        return leave

    def questions(self) -> list[Ask]:
        """What people are asked right now."""
        return [effect for effect in self.state.pending.values() if isinstance(effect, Ask)]

    def park(self) -> None:
        """Let `run` return as soon as only people are waited for."""
        self._park = True
        self._wake.set()

    async def run(self, first: Sequence[AnyEffect] = (), *, park: bool = True) -> State:
        """Drive to the end; with `park`, return too when only answers of people are missing.

        `first` are the effects that are still unanswered (a resumed run). Raises JournalError when an event can not be
        made durable: then nothing of that turn has taken effect.
        """
        self._park = park
        turns = 0
        records: list[Record] = []
        later: list[AnyEffect] = []
        self._sort_out(first, records, later)
        asked = {effect.id for effect in first}
        later += [ask for ask in self.questions() if ask.id not in asked]  # their time goes on since the last `run`
        try:
            while True:
                await self._turn(records, later)
                records, later = [], []
                if self.state.ended:
                    return self.state
                if not self._inbox:
                    if self._park and self._may_park():
                        return self.state
                    await self._idle()
                elif (turns := turns + 1) % SLICE == 0:
                    await asyncio.sleep(0)
        finally:
            await self._stop()

    async def _turn(self, records: list[Record], later: list[AnyEffect]) -> None:
        answered: list[tuple[asyncio.Future[bool], bool]] = []
        while self._inbox:
            event, branch, done = self._inbox.popleft()
            wanted = machine.awaits(self.state, event)
            if wanted:
                self._fold(event, branch or self._branch(event), records, later)
            else:
                self.dropped += 1
            if done:
                answered.append((done, wanted))
        self._move(records, later)
        if records:
            saving = self._writer.append(self.state.run_id, self._fence, records)
            if saving is not None:
                await saving
            self._tell(records)
        for done, wanted in answered:
            if not done.done():
                done.set_result(wanted)
        kept, self._kept = self._kept, []
        for effect in (*kept, *later):
            if kept and not self._is_asked(effect):
                continue
            if self._is_held(effect):
                self._kept.append(effect)
            else:
                self._perform(effect)
        if self._gate is not None:
            self._gate.settled()
        self._tell_hold()

    def _move(self, records: list[Record], later: list[AnyEffect]) -> None:
        """Ask the policies what is to be asked, and move every branch that can move, until the gate holds one."""
        while True:
            if self._decisions:
                effect = self._decisions[0]
                asked = self._is_asked(effect)
                if asked and self._is_held(effect):
                    return
                self._decisions.popleft()
                if asked:
                    self._fold(self._outside.decide(effect, self.state), effect.branch, records, later)
            elif self.state.ready:
                branch = self.state.ready[0]
                if self._is_held(branch):
                    return
                self._fold(machine.advance(self.state, branch), branch, records, later)
            else:
                return

    def _is_held(self, coming: str | AnyEffect) -> bool:
        if self._gate is None or self.state.cancelled:
            return False
        if self._hold is None and self._gate.holds(self.state, self.seq, coming):
            branch = coming if isinstance(coming, str) else getattr(coming, "branch", "")
            at = self.state.branches.get(branch)
            self._hold = Hold(self._clock.now_ns(), at.stage if at else "")
            self._timers.stand()
            self._attempts.stand()
        # What only takes back or gives an answer is nobody's to hold.
        return self._hold is not None and not isinstance(coming, Cancel | Reply)

    def _let_go(self) -> None:
        self._hold = None
        self._timers.go_on()
        self._attempts.go_on()

    def _tell_hold(self) -> None:
        """Tell of a hold when its turn is over: one that a step ends and makes again was never away."""
        if self.state.cancelled:
            self._let_go()
        if self._hold is self._told:
            return
        self._told = self._hold
        for watch in tuple(self._hold_watchers):
            try:
                watch(self._hold)
            except Exception:
                if watch in self._hold_watchers:
                    self._hold_watchers.remove(watch)

    def _is_let_go(self) -> bool:
        """Whether what was held may move: its release may come while a turn is being committed."""
        return self._hold is None and bool(self.state.ready or self._decisions or self._kept)

    def _is_asked(self, effect: AnyEffect) -> bool:
        """Whether what was held meanwhile is still wanted, and as it was: an edit asks for it anew."""
        return isinstance(effect, Cancel | Reply) or self.state.pending.get(effect.id) is effect

    def _tell(self, records: Sequence[Record]) -> None:
        """Tell the watchers; one that fails (its terminal is gone) is told no more, and harms nobody."""
        for watch in tuple(self._watchers):
            try:
                watch(records, self.state)
            except Exception:
                if watch in self._watchers:
                    self._watchers.remove(watch)

    def _fold(self, event: Event, branch: str, records: list[Record], later: list[AnyEffect]) -> None:
        self.seq += 1
        record = Record(self.seq, branch, self._clock.now_ns(), event)
        self.state, effects = machine.step(self.state, record)
        records.append(record)
        if self._gate is not None:
            self._gate.saw(record)
        if effects:
            self._sort_out(effects, records, later)

    def _sort_out(self, effects: Sequence[AnyEffect], records: list[Record], later: list[AnyEffect]) -> None:
        """Decisions come next; that in-process calls start is said now, so that it is in the same commit."""
        for effect in effects:
            if isinstance(effect, Decide):
                self._decisions.append(effect)
                continue
            if (
                self._gate is None  # else it has not started before it is let go
                and isinstance(effect, Invoke)
                and isinstance(self._outside.agent(effect, self.state), InProcessAgent)
            ):
                self._fold(AttemptStarted(effect.id, effect.attempt, "in process"), effect.branch, records, later)
            later.append(effect)

    def _branch(self, event: Event) -> str:
        return machine.branch_of(self.state, getattr(event, "effect", ""))

    # --- effects ----------------------------------------------------------------------------------------------------

    def _perform(self, effect: AnyEffect) -> None:
        match effect:
            case Invoke():
                executor = self._outside.agent(effect, self.state)
                spec = self._spec(effect)
                port = _Port(self, effect)
                if isinstance(executor, InProcessAgent) and self.state.branches[effect.branch].started:
                    made = executor.run_now(spec, port)
                    if isinstance(made, Outcome):
                        self._answer(effect.id, effect.attempt, made)
                    else:
                        self._attempt(effect, made)
                else:
                    self._attempt(effect, executor.run(spec, port))
            case Call():
                stage = self.state.branches[effect.branch].stage
                spec = CallSpec(
                    effect.id, effect.attempt, stage, effect.name, effect.args, effect.key, sleep=self._live_s
                )
                work = self._outside.call(effect, self.state)(spec, _Port(self, effect))
                self._attempt(effect, work)
            case Reply():
                waiting = self._replies.pop(effect.id, None)
                if waiting and not waiting.done():
                    waiting.set_result(Outcome(effect.value, effect.error))
            case Sleep():
                self._spawn(effect.id, self._after(effect.delay_ns, effect.id))
            case Ask():
                self._asked[effect.id] = self._timers.stood_ns
                if effect.expires_at_ns:
                    left_ns = max(0, effect.expires_at_ns - self._clock.now_ns())
                    self._spawn(effect.id, self._after(left_ns, effect.id))
            case Cancel():
                task = self._tasks.get(effect.id)
                if task:
                    task.cancel()
            case Decide():
                raise AssertionError("decisions are answered inside the turn")

    def _spec(self, effect: Invoke) -> CallSpec:
        timeout_s = effect.timeout_ns / 1e9 if effect.timeout_ns else None
        about = effect.id, effect.attempt, effect.stage, effect.agent, effect.args, effect.key
        return CallSpec(*about, timeout_s, self._live_s)

    def _spawn(self, name: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks[name] = task
        task.add_done_callback(lambda done: self._finished(name, done))
        return task

    def _finished(self, name: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(name) is task:
            del self._tasks[name]
        if not task.cancelled() and (error := task.exception()):
            found = self.state.pending.get(name)
            message = f"{type(error).__name__}: {error}"
            if found is not None:
                attempt = getattr(found, "attempt", 1)
                self._answer(name, attempt, Outcome(error=ErrorInfo("internal", "executor_failed", message)))
        self._wake.set()

    def _attempt(self, effect: Invoke | Call, work: Awaitable[Outcome]) -> None:
        async def attempt() -> None:
            self._answer(effect.id, effect.attempt, await work)

        task = self._spawn(effect.id, attempt())
        if iscoroutine(work):  # one that is cancelled before its first step would complain that nobody awaited it
            task.add_done_callback(lambda done: work.close())

    def _answer(self, effect_id: str, attempt: int, outcome: Outcome) -> None:
        self.post(AttemptResult(effect_id, attempt, outcome.value, outcome.error, outcome.usage, outcome.reused))

    async def _after(self, delay_ns: int, effect_id: str) -> None:
        await self._timers.live(delay_ns)
        self.post(TimerFired(effect_id))

    async def _live_s(self, seconds: float) -> None:
        await self._attempts.live(int(seconds * 1e9))

    async def request(self, effect: Invoke | Call, call_id: str, what: str, name: str, args: Json) -> Outcome:
        """An agent asks for something from inside; answered by a `Reply` of the kernel."""
        waiting: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._replies[call_id] = waiting
        if not await self.posted(CallRequested(effect.id, call_id, what, name, args), effect.branch):
            return Outcome(error=ErrorInfo("internal", "attempt_over", "nobody waits for this attempt any more"))
        return await waiting

    # --- waiting ----------------------------------------------------------------------------------------------------

    def _may_park(self) -> bool:
        """Only people are waited for, and none of them is too late already."""
        if self._hold is not None or not self.only_people_wait():
            return False
        now_ns = self._clock.now_ns()
        return not any(is_expired(ask, now_ns - self.stood_ns(ask)) for ask in self.questions())

    def only_people_wait(self) -> bool:
        """Whether nothing goes on until a person answers."""
        return bool(self.state.pending) and all(isinstance(effect, Ask) for effect in self.state.pending.values())

    async def _idle(self) -> None:
        """Wait for the next event; the wall budget runs only while somebody else than a person is waited for."""
        self._wake.clear()
        if self._inbox or self._is_let_go():
            return
        only_people = self.only_people_wait()
        held = self._hold is not None
        if only_people or held:
            self._wall.pause()
        if only_people and not held:
            self.people_wait.set()
        try:
            await asyncio.wait_for(self._wake.wait(), None if only_people or held else self._wall.left_s())
        except TimeoutError:
            self.post(TimerFired(folding.WALL), "main")
        finally:
            self.people_wait.clear()
            self._wall.go_on()

    async def _stop(self) -> None:
        self._let_go()  # nobody drives it, so nobody holds it
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.gather(*tasks, return_exceptions=True)
        for waiting in self._replies.values():
            waiting.cancel()


class _Port:
    """What one attempt may ask of this run; calls are numbered, so that a second attempt asks under the same ids."""

    def __init__(self, driver: Driver, effect: Invoke | Call) -> None:
        self._driver = driver
        self._effect = effect
        self._calls = 0

    async def started(self, where: str) -> None:
        await self._driver.posted(AttemptStarted(self._effect.id, self._effect.attempt, where), self._effect.branch)

    async def request(self, what: str, name: str, args: Json) -> Outcome:
        self._calls += 1
        call_id = f"{self._effect.id}/{self._calls}"
        return await self._driver.request(self._effect, call_id, what, name, args)

    def progress(self, message: str, fraction: float | None) -> None:
        self._driver.post(Progressed(self._effect.id, message, fraction), self._effect.branch)

    def output(self, stream: str, text: str) -> None:
        self._driver.post(OutputWritten(self._effect.id, stream, text), self._effect.branch)
