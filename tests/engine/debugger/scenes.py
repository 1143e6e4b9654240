"""Runs to look at: pipelines with all that can happen in them, live under a debugger or as they were recorded."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pointsman.debugger.debugger import Debugger, Logged, Stop, Told
from pointsman.debugger.moments import Moment
from pointsman.debugger.stepping import Way
from pointsman.debugger.timeline import Timeline
from pointsman.kernel.state import State
from pointsman.runtime import catalog
from pointsman.runtime.clock import Clock, FixedClock
from pointsman.runtime.debugging import Debugged, Debugging
from pointsman.runtime.registry import Registry
from pointsman.runtime.sessions import Options
from pointsman.testing import Played

DEADLINE_S = 20

EVERYTHING = """
pipeline: everything
language: 1
input: {type: object, properties: {n: {type: integer, default: 5}}}
output: "${{ outputs.join }}"
state:
  notes: {type: array, default: [], merge: append}
agents:
  count: {python: "agents:count"}
  flaky: {python: "agents:flaky"}
  boom: {python: "agents:boom"}
  search: {python: "agents:search", tools: [look]}
tools:
  look: {python: "agents:look", risk: read_only}
policies: [watch.policy.yaml]
stages:
  first:
    agent: count
    with: {n: "${{ input.n }}"}
    result: {type: object, required: [n]}
    routes:
      - {when: result.n > 100, to: end, label: huge}
      - {when: result.n > 3, to: note, label: big}
      - {to: end}
  note: {set: {notes: "${{ outputs.first.n }}"}}
  join:
    fork:
      alone: {agent: search, with: {q: "a"}}
      skipped: {when: input.n > 100, agent: count, with: {n: 1}}
      long:
        stages:
          again: {agent: flaky, with: {n: 2}, retry: {attempts: 3, backoff: 1s}}
          inner:
            fork:
              deep: {agent: count, with: {n: "${{ outputs.again }}"}}
              other: {set: {notes: "deep"}}
        output: "${{ outputs.inner }}"
  gate: {when: size(state.notes) > 5, routes: [{to: end}]}
  broken:
    agent: boom
    with: {secret: "sk-canary123"}
    on_error: [{when: error.code == "other", to: fail}, {when: error.class == "agent", to: sure, label: went wrong}]
  sure:
    ask: {kind: confirmation, question: "Again?", assignee: "role:lead"}
    routes:
      - {when: result.approved && visits.sure < 2, to: note, max: 1, label: once more}
      - {to: last}
  last: {agent: count, with: {n: 1}, next: end}
"""
WATCH = """
policy: watch
language: 1
version: 3
default: allow
rules:
  - {id: noisy, at: [agent.invoke], match: {agent: count}, when: args.n > 4, effect: flag, reason: many}
  - {id: never, at: [output.accept], match: {agent: count}, when: result.n == 13, effect: deny, reason: unlucky}
reasons: {many: That is many., unlucky: Thirteen is unlucky.}
"""
AGENTS = """
def count(n): return {"n": n}
def flaky(n): return n
def boom(secret): raise ValueError(secret)
def search(q, ctx): return []
def look(word): return word.upper()
"""
"""What is checked; all but the tool are given as callables when a scene is live."""


def count(n: Any) -> Any:
    return {"n": n}


def boom(secret: str) -> Any:
    raise ValueError(f"boom with {secret}")


async def search(q: str, ctx: Any) -> Any:
    return [await ctx.tool("look", word=q), await ctx.tool("look", word=q + q)]


def look(word: str) -> Any:
    return word.upper()


def flaky() -> Callable[..., Any]:
    """Fails in a way worth another try, then answers."""
    tries = iter([1, 2])

    def flaky(n: int) -> Any:
        if next(tries, None):
            raise TimeoutError("not yet")
        return n

    return flaky


def agents() -> dict[str, Callable[..., Any]]:
    """Those of EVERYTHING."""
    return {"count": count, "boom": boom, "search": search, "flaky": flaky()}


@dataclass
class Scene:
    """A live run under a debugger, and what its first client has been told."""

    debugging: Debugging
    runs: Registry
    debugged: Debugged
    told: asyncio.Queue[Told] = field(default_factory=asyncio.Queue)
    logged: list[Logged] = field(default_factory=list)
    leave: Callable[[], None] = field(init=False)

    @property
    def debugger(self) -> Debugger:
        return self.debugged.debugger

    @property
    def timeline(self) -> Timeline:
        return self.debugger.timeline

    def listener(self, told: Told) -> None:
        if isinstance(told, Logged):
            self.logged.append(told)
        elif told is not None:
            self.told.put_nowait(told)

    async def stop(self) -> Stop:
        """The next stop."""
        async with asyncio.timeout(DEADLINE_S):
            stop = await self.told.get()
        assert isinstance(stop, Stop)
        return stop

    async def go(self, way: Way) -> Stop:
        """Go on, and where that stops."""
        self.debugger.go(way)
        return await self.stop()

    async def back(self, *, far: bool = False) -> Stop:
        """Go back, and where that stops."""
        self.debugger.back(far=far)
        return await self.stop()

    async def every(self, way: Way) -> list[Stop]:
        """All stops from here to the end of the run."""
        assert self.debugged.live is not None
        task, found = self.debugged.live.task, list[Stop]()
        async with asyncio.timeout(DEADLINE_S):
            while True:
                waiting = asyncio.ensure_future(self.told.get())
                await asyncio.wait([waiting, task], return_when=asyncio.FIRST_COMPLETED)
                if not waiting.done():
                    waiting.cancel()
                    return found
                told = waiting.result()
                assert isinstance(told, Stop)
                found.append(told)
                self.debugger.go(way)

    async def end(self) -> State:
        """How the run ends."""
        assert self.debugged.live is not None
        async with asyncio.timeout(DEADLINE_S):
            return await self.debugged.live.task

    async def until(self, holds: Callable[[], bool]) -> None:
        """Until something is so."""
        async with asyncio.timeout(DEADLINE_S):
            while not holds():
                await asyncio.sleep(0.002)  # what is waited for is any fact, and most of them send no word


def workspace(folder: Path, text: str, *, settings: str = "", policy: str = WATCH) -> Path:
    """A folder with a pipeline in it, and the policy that some of them name."""
    (folder / "pointsman.toml").write_text(f'python = "{sys.executable}"\n{settings}')
    (folder / "watch.policy.yaml").write_text(policy)
    (folder / "agents.py").write_text(AGENTS)
    path = folder / "a.pipeline.yaml"
    path.write_text(text, "utf-8")
    return path


@asynccontextmanager
async def live(
    path: Path,
    value: Any = None,
    *,
    agents: Mapping[str, Callable[..., Any]] | None = None,
    answers: Mapping[str, Any] | None = None,
    way: Way = "pause",
    prepare: Callable[[Debugger], None] = lambda debugger: None,
    clock: Clock | None = None,
) -> AsyncIterator[Scene]:
    """Start a pipeline that stops where `way` says; it is given back at the end, wherever it is."""
    loaded = catalog.load(path)
    runs = Registry()
    debugging = Debugging(runs)
    scenes: list[Scene] = []

    def ready(debugged: Debugged) -> None:
        scene = Scene(debugging, runs, debugged)
        scenes.append(scene)
        scene.leave = debugged.debugger.listen(scene.listener)
        prepare(debugged.debugger)
        if way == "pause":
            debugged.debugger.pause()

    options = Options(agents=agents or {}, answers=answers or {}, clock=clock or FixedClock(), cwd=path.parent)
    debugging.launch(loaded, value or {}, options, ready)
    try:
        yield scenes[0]
    finally:
        await runs.close()


def recorded(played: Played) -> Debugger:
    """The debugger of a run that was played."""
    timeline = Timeline(played.state.program, played.state.run_id)
    timeline.add(played.records)
    return Debugger(timeline, None)


def keys(moment: Moment) -> tuple[object, ...]:
    """A moment without the event it comes after: what is the same however branches take turns."""
    return moment.branch, moment.stage, moment.part, moment.visit, moment.effect, moment.rules


def by_branch(moments: list[Moment]) -> dict[str, list[tuple[object, ...]]]:
    """The moments of each branch, in order."""
    found: dict[str, list[tuple[object, ...]]] = {}
    for moment in moments:
        found.setdefault(moment.branch, []).append(keys(moment))
    return found
