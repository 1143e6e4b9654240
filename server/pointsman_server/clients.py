"""Who is connected to a server, and what those who serve them may ask of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Set
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from pointsman_server.rooms import Rooms


@dataclass(eq=False)
class Client:
    """One connection after its hello."""

    role: str
    version: str
    pid: int
    cwd: str
    env: dict[str, str]
    writer: asyncio.StreamWriter
    since_ns: int = field(default_factory=time.time_ns)
    handed: dict[str, Any] = field(default_factory=dict)
    """What another process that served this client before has to say of it."""


class Serving(Protocol):
    """The server as its connections see it."""

    root: str
    log: str
    started_at_ns: int
    idle_s: float

    @property
    def endpoint(self) -> str: ...

    @property
    def clients(self) -> Set[Client]: ...

    @property
    def rooms(self) -> Rooms: ...

    def stop(self, why: str) -> None: ...
