"""What becomes of a request: it is answered, answered and then acted on, answered later, or another process's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pointsman.journal import Lease
from pointsman.runtime.workspace import Place
from pointsman_dap.params import Attach
from pointsman_dap.protocol import Body, Request


@dataclass(frozen=True, slots=True)
class Then:
    """An answer, and what happens once it is on its way."""

    body: Body | None
    act: Callable[[], None]


class Later:
    """There is an answer, at another time."""


@dataclass(frozen=True, slots=True)
class Read:
    """There is an answer when something has been read: `find` on a thread, which touches nothing that is live, then
    `use` with what it has found, back on the loop. A request that is answered by then has no use for it.
    """

    find: Callable[[], Any]
    use: Callable[[Any], Answer]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A run that another process hosts, and the `attach` that asked for it."""

    request: Request
    args: Attach
    place: Place
    run_id: str
    lease: Lease


Answer = Body | Then | Later | Read | None
