"""What the process around gives to a client's session: the runs it knows of, and the disk it watches."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # An import of the analysis, which the first answer to a client does not wait for.
    from pointsman_lsp.analysis.document import Outcomes

DiskChanges = Callable[[Path, Callable[[Collection[Path]], None]], Callable[[], None]]
"""Subscribe to the paths that change in a folder, and below it if it is a project's root; the answer ends that."""

Freshen = Callable[[Path], Awaitable[None]]
"""Learn what runs have made of a file meanwhile; waited for before somebody asks about outcomes."""


@dataclass(frozen=True, slots=True)
class Outside:
    """What is not given is not there: no runs, and a disk that the client is asked to watch."""

    outcomes: Outcomes | None = None
    freshen: Freshen | None = None
    disk_changes: DiskChanges | None = None
