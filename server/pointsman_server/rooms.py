"""What the protocols of one server share: the runs, the disk that is watched, and what is known of past runs.

Each is made when it is first needed, and imported on a thread before that: an editor's first answer waits for none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pointsman_server.log import log
from pointsman_server.who import principal

if TYPE_CHECKING:
    from pointsman.runtime.debugging import Debugging
    from pointsman.runtime.definitions import DefinitionChange, Definitions
    from pointsman.runtime.desk import Desk
    from pointsman.runtime.outcomes import Outcomes
    from pointsman.runtime.progress import StageOutcome
    from pointsman.runtime.registry import Registry
    from pointsman.runtime.reload import Reload
    from pointsman.runtime.watch import Watches
    from pointsman_server.clients import Client

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

AHEAD_S = 0.3
"""After an editor has come, how long before the rest is imported: it has been answered by then."""


@dataclass(frozen=True)
class Debuggee:
    """What a debug adapter is given: the runs, the workspace, and the folder and environment of its client."""

    debugging: Debugging
    definitions: Definitions
    root: Path
    cwd: Path
    env: Mapping[str, str]
    principal: Mapping[str, Any]

    async def reach(self, root: Path, host: str, handed: Mapping[str, Any]) -> Streams | None:
        """A connection to another process that hosts a run: its debug adapter serves the client from here on."""
        from pointsman_server.hosts import reach

        return await reach(root, host, handed)


class Rooms:
    """One process's shared things; cached properties, so that none is made twice."""

    def __init__(self, root: str, endpoint: str) -> None:
        self._root = root
        self._endpoint = endpoint
        self._ahead: asyncio.Task[None] | None = None
        self._reload: Reload | None = None

    @cached_property
    def runs(self) -> Registry:
        """Every live run of this process."""
        from pointsman.runtime.registry import Registry

        return Registry(self._endpoint)

    @cached_property
    def outcomes(self) -> Outcomes:
        """How the stages of past and live runs went."""
        from pointsman.runtime.outcomes import Outcomes

        return Outcomes(self.runs)

    @cached_property
    def debugging(self) -> Debugging:
        """Every run that is debugged here."""
        from pointsman.runtime.debugging import Debugging

        return Debugging(self.runs)

    @cached_property
    def watches(self) -> Watches:
        """The disk, wherever an editor's documents lie."""
        from pointsman.runtime.watch import Watches

        return Watches(log)

    @cached_property
    def definitions(self) -> Definitions:
        """The pipelines as they are live."""
        from pointsman.runtime.definitions import Definitions

        definitions = Definitions()
        definitions.watch(log_change)
        return definitions

    @cached_property
    def desk(self) -> Desk:
        """What people do with the runs of this process; from now on what they save is taken up."""
        from pointsman.runtime.desk import Desk
        from pointsman.runtime.reload import Reload
        from pointsman_server.hosts import tell

        self._reload = Reload(Path(self._root), self.definitions, self.watches.listen, log)
        self._reload.start()
        return Desk(self.runs, self.definitions, Path(self._root), tell)

    @property
    def live(self) -> bool:
        """Whether a run is live, without making anything to find out."""
        return "runs" in self.__dict__ and bool(self.runs.live)

    async def serve_lsp(self, reader: asyncio.StreamReader, client: Client) -> int:
        """Serve one editor; the exit code its bridge ends with."""
        from pointsman_lsp.server import Runs, serve

        self._ahead = self._ahead or asyncio.get_running_loop().create_task(_import_ahead())
        return await serve(
            reader,
            client.writer,
            outcomes=self._outcome,
            freshen=self._freshen,
            disk_changes=self.watches.listen,
            runs=Runs(lambda: self.desk, Path(self._root), Path(client.cwd), client.env, principal()),
        )

    async def serve_dap(self, reader: asyncio.StreamReader, client: Client) -> int:
        """Serve one debugger's client; the exit code its bridge ends with."""
        from pointsman_dap.server import serve

        debuggee = Debuggee(
            self.debugging, self.desk.definitions, Path(self._root), Path(client.cwd), client.env, principal()
        )
        return await serve(reader, client.writer, debuggee, client.handed)

    async def close(self) -> None:
        """Give everything back."""
        if self._ahead is not None:
            self._ahead.cancel()
        if self._reload is not None:
            await self._reload.close()
        if "watches" in self.__dict__:
            await self.watches.close()
        if "runs" in self.__dict__:
            await self.runs.close()

    def _outcome(self, path: Path, pipeline: str, stage: str) -> StageOutcome | None:
        return self.outcomes.of(path, pipeline, stage)

    async def _freshen(self, path: Path) -> None:
        await self.outcomes.freshen(path)


def log_change(change: DefinitionChange) -> None:
    """Say in the log what a saved file has come to."""
    if change.state == "gone":
        log(f"{change.path}, which was broken, is there no more")
    elif change.flaw is not None:
        log(f"{change.path.parent}: {change.flaw.words(0)}" + ("; the last good version stays live" * change.kept))
    else:
        affects = f", changes {', '.join(change.affects)}" if change.affects else ""
        log(f"{change.path} is live, version {change.version}{affects}")


async def _import_ahead() -> None:
    await asyncio.sleep(AHEAD_S)
    for name in ("pointsman.runtime.outcomes", "pointsman.runtime.debugging", "pointsman_dap.server"):
        await asyncio.to_thread(import_module, name)
    await asyncio.to_thread(import_module, "pointsman.runtime.desk")
