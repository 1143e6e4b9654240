"""Pointsman: run agent pipelines, see why they went where they went, and live them again.

    import pointsman
    result = pointsman.run("triage.pipeline.yaml", {"ticket": "..."})

Layers, each knows only those below: testing > runtime > executors > journal > policy > kernel > language > errors, with
`folders` beside errors.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as type checkers read it; importing `typing` would cost a bridge half of its start
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from pointsman.runtime.library import Result

__all__ = ["__version__", "arun", "run"]

__version__ = "0.1.0"
"""The one version of this distribution: the wheel, the command line and the server's hello read it here."""


def run(
    path: str,
    value: Any = None,
    *,
    agents: Mapping[str, Callable[..., Any]] | None = None,
    answers: Mapping[str, Any] | None = None,
    durability: str = "normal",
) -> Result:
    """Run a pipeline to its end, or until a person is asked, and return how it ended.

    `agents` gives agents by name as callables that run in this process; all others run in workers. `durability` is
    `memory` (nothing is kept), `normal` or `full`. Raises `pointsman.errors.Misuse` for a file with errors or an unfit
    input; what agents do wrong is in the result.
    """
    import asyncio

    from pointsman.errors import Misuse

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(arun(path, value, agents=agents, answers=answers, durability=durability))
    raise Misuse("loop_running", "pointsman.run can not be called inside an event loop", "Await pointsman.arun")


async def arun(
    path: str,
    value: Any = None,
    *,
    agents: Mapping[str, Callable[..., Any]] | None = None,
    answers: Mapping[str, Any] | None = None,
    durability: str = "normal",
) -> Result:
    """The same, inside a running event loop."""
    from pointsman.runtime.library import run_pipeline

    return await run_pipeline(path, value, agents or {}, answers or {}, durability)
