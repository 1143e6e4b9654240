"""What the process around gives to a client's session: the runs of its workspace, and the disk it watches."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # Imports of the analysis and of the engine, which the first answer to a client does not wait for.
    from pointsman.runtime.desk import Desk
    from pointsman_lsp.analysis.document import Outcomes

DiskChanges = Callable[[Path, Callable[[Collection[Path]], None]], Callable[[], None]]
"""Subscribe to the paths that change in a folder, and below it if it is a project's root; the answer ends that."""

Freshen = Callable[[Path], Awaitable[None]]
"""Learn what runs have made of a file meanwhile; waited for before somebody asks about outcomes."""


@dataclass(frozen=True, slots=True)
class Runs:
    """The runs of a workspace, and who asks for them. `desk` is called once they are needed: it imports the engine."""

    desk: Callable[[], Desk]
    root: Path
    cwd: Path
    env: Mapping[str, str]
    principal: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Outside:
    """What is not given is not there: no runs, and a disk that the client is asked to watch."""

    outcomes: Outcomes | None = None
    freshen: Freshen | None = None
    disk_changes: DiskChanges | None = None
    runs: Runs | None = None
