"""Running a pipeline from Python: agents given as callables run here, the journal is the workspace's or none at all."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pointsman.errors import Misuse
from pointsman.journal import MemoryStore, Store
from pointsman.kernel.effects import Ask
from pointsman.kernel.events import ErrorInfo, Json
from pointsman.kernel.state import State, digest
from pointsman.runtime import catalog, sessions
from pointsman.runtime.clock import Clock, SystemClock
from pointsman.runtime.journals import open_journal


@dataclass(frozen=True)
class Result:
    """How a run ended. `outcome` is completed, failed, limit, denied, cancelled, or empty while a person is asked."""

    run_id: str
    outcome: str
    output: Json
    error: ErrorInfo | None
    questions: tuple[Ask, ...]
    state: State

    @property
    def digest(self) -> str:
        """The name of the final state: equal for equal ends."""
        return digest(self.state)


async def run_pipeline(
    path: str | os.PathLike[str],
    value: Json,
    agents: Mapping[str, Callable[..., Any]],
    answers: Mapping[str, Json],
    durability: str,
    clock: Clock | None = None,
    cwd: Path | None = None,
) -> Result:
    """Start and drive a run; see `pointsman.run`."""
    if durability not in ("memory", "normal", "full"):
        raise Misuse("durability_unknown", f"durability {durability!r} is none of memory, normal, full")
    file, _, name = str(path).partition("#")
    loaded = catalog.load(Path(file), name or None)
    options = sessions.Options(agents=agents, answers=answers, clock=clock or SystemClock(), cwd=cwd, inline=True)
    store: Store = MemoryStore() if durability == "memory" else open_journal(loaded.place, durability, create=True)
    try:
        return await run_loaded(loaded, value, store, options)
    finally:
        store.close()


async def run_loaded(loaded: catalog.Loaded, value: Json, store: Store, options: sessions.Options) -> Result:
    """Drive one run of a loaded pipeline in a store of the caller's."""
    session = sessions.start(loaded, {} if value is None else value, options, store)
    async with session:
        state = await session.run()
        return Result(state.run_id, state.outcome, state.output, state.error, tuple(session.questions()), state)
