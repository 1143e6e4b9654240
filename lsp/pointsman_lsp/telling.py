"""What a client is told of runs and definitions without asking, and when its lenses are out of date."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pointsman.language.source import Source, Span
from pointsman.runtime.workspace import read_text
from pointsman_lsp.convert import Converter
from pointsman_lsp.runs import MOST_STAGES, Bench

if TYPE_CHECKING:
    from pointsman.runtime.definitions import DefinitionChange
    from pointsman.runtime.listing import RunView

Json = Any

REFRESH = "workspace/codeLens/refresh"
REFRESH_S = 0.3
"""How often lenses are asked for anew at most: each time the editor asks for all of them."""

Say = Callable[[Json], Awaitable[None]]
Failed = Callable[[str, Exception], object]
"""Told what went wrong in what."""


class Telling:
    """Tells one client. What happens while it does not read is told together, as it is by then."""

    def __init__(self, bench: Bench, converter: Converter, say: Say, failed: Failed) -> None:
        self._bench = bench
        self._converter = converter
        self._say = say
        self._failed = failed
        self._runs: dict[str, RunView] = {}
        self._definitions: list[DefinitionChange] = []
        self._shown: dict[str, object] = {}
        """What lenses may show of each live run of an open document."""
        self._refreshed = 0
        self._is_due = False
        self._refreshing: asyncio.TimerHandle | None = None
        self._next_refresh = 0.0
        self._news = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._leaves = [bench.desk.watch(self._moved)]
        if converter.client.told_of_runs:
            self._leaves.append(bench.desk.watch_definitions(self._defined))
        self._task = self._loop.create_task(self._tell())

    def end(self) -> None:
        """Nobody is told any more."""
        for leave in self._leaves:
            leave()
        if self._refreshing is not None:
            self._refreshing.cancel()
        self._task.cancel()

    def _moved(self, views: Sequence[RunView]) -> None:
        self._runs |= {view.run: view for view in views}
        self._news.set()

    def _defined(self, change: DefinitionChange) -> None:
        self._definitions.append(change)
        self._news.set()

    async def _tell(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            views, self._runs = tuple(self._runs.values()), {}
            changes, self._definitions = self._definitions, []
            try:
                if views and self._converter.client.told_of_runs:
                    await self._notify("runsChanged", {"runs": [self._bench.run(view) for view in views]})
                for change in changes:
                    await self._notify("definitionChanged", await self._definition(change))
                # Every one is looked at: what is shown of each is remembered.
                if [view for view in views if self._shows_another(view)]:
                    self._refresh_soon()
                if self._is_due:
                    await self._refresh()
            except OSError:
                return  # the client is gone
            except Exception as error:
                self._failed("telling of runs", error)

    async def _notify(self, name: str, its: Json) -> None:
        await self._say({"jsonrpc": "2.0", "method": f"pointsman/{name}", "params": its})

    async def _definition(self, change: DefinitionChange) -> Json:
        said: Json = {
            "uri": self._bench.spelled(change.path),
            "state": change.state,
            "version": change.version,
            "at": change.at,
            "affects": list(change.affects),
            "kept": change.kept,
        }
        flaw = change.flaw
        if flaw is not None:
            data = await asyncio.to_thread(read_text, change.path)
            source = Source(change.path.name, data or b"")
            start = _offset(source, flaw.line, flaw.column)
            end = _offset(source, flaw.end_line, flaw.end_column)
            place = self._converter.range(source, Span(start, max(start, end)))
            said["problem"] = {"message": flaw.message, "range": place}
        return said

    def _shows_another(self, view: RunView) -> bool:
        """Whether lenses of an open document show something else of this run now."""
        if not self._converter.client.refreshes_lenses or self._converter.spelled(Path(view.path))[1] is None:
            return False
        stages = tuple((line.id, line.visit, line.status, line.note) for line in view.stages[-MOST_STAGES:])
        shows = (view.status, len(view.stages), stages)
        if self._shown.get(view.run) == shows:
            return False
        self._shown[view.run] = shows
        if not view.live:
            del self._shown[view.run]
        return True

    def _refresh_soon(self) -> None:
        if self._refreshing is None:
            self._refreshing = self._loop.call_at(max(self._loop.time(), self._next_refresh), self._due)

    def _due(self) -> None:
        self._is_due = True
        self._news.set()

    async def _refresh(self) -> None:
        self._is_due, self._refreshing = False, None
        self._next_refresh = self._loop.time() + REFRESH_S
        self._refreshed += 1
        await self._say({"jsonrpc": "2.0", "id": f"lenses-{self._refreshed}", "method": REFRESH})


def _offset(source: Source, line: int, column: int) -> int:
    """The byte at a line and a column; where the file is another by now, the nearest there is."""
    starts = source.line_starts
    return min(starts[min(line, len(starts) - 1)] + column, len(source.data))
