"""Changing a value of a stopped run: checked by the engine, journaled, and shown again as it is then."""

from __future__ import annotations

import asyncio

from pointsman.debugger.editing import path_of, value_of
from pointsman.debugger.frames import moment_of
from pointsman.errors import Misuse, PointsmanError
from pointsman.runtime.debugging import Debugged
from pointsman_dap.errors import Refused
from pointsman_dap.protocol import Request
from pointsman_dap.seeing import Seeing
from pointsman_dap.starting import words_of
from pointsman_dap.voice import Voice


class Editing:
    """The edits of one client. Each is answered when it is in the journal."""

    def __init__(self, voice: Voice, by: str) -> None:
        self._voice = voice
        self._by = by
        self._tasks: set[asyncio.Task[None]] = set()

    def set(self, request: Request, run: Debugged, seeing: Seeing, branch: str, expression: str, text: str) -> None:
        """Change what an expression leads to in a branch, and answer with what it is then. Raises Refused."""
        stop = run.debugger.stop
        if stop is None:
            raise Refused("notStopped", "the run is going on")
        try:
            if branch not in stop.state.branches:
                raise Misuse("edit_unfit", "the branch is over")
            path, value = path_of(expression, moment_of(stop, branch)), value_of(text)
        except PointsmanError as error:
            raise _refused(error) from None

        async def edit() -> None:
            try:
                await run.edit(branch, path, value, self._by)
                now = run.debugger.stop
                if now is None:
                    raise Refused("notStopped", "it is changed, and the run has gone on since")
                body = seeing.value(now, branch, expression, run.redactor)
            except PointsmanError as error:
                self._voice.refuse(request, _refused(error))
            except Refused as why:
                self._voice.refuse(request, why)
            else:
                self._voice.answer(request, body)

        task = asyncio.get_running_loop().create_task(edit())
        self._tasks.add(task)  # the loop itself keeps none alive
        task.add_done_callback(self._tasks.discard)


def _refused(error: PointsmanError) -> Refused:
    return Refused("notEdited", words_of(error), show=True)
