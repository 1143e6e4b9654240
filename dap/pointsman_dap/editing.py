"""Changing a value of a stopped run: checked by the engine, journaled, and shown again as it is then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from pointsman.debugger.debugger import Stop
from pointsman.debugger.editing import path_of, value_of
from pointsman.debugger.frames import moment_of
from pointsman.errors import PointsmanError
from pointsman.runtime.debugging import Debugged
from pointsman_dap import params as ask
from pointsman_dap.errors import Refused
from pointsman_dap.protocol import Body, Request
from pointsman_dap.seeing import Seeing
from pointsman_dap.starting import words_of
from pointsman_dap.voice import Voice


class Editing:
    """The edits of one client. Each is answered when it is in the journal."""

    def __init__(self, seeing: Seeing, voice: Voice, by: str) -> None:
        self._seeing = seeing
        self._voice = voice
        self._by = by
        self._tasks: set[asyncio.Task[None]] = set()

    def set_variable(self, request: Request, args: ask.SetVariable, run: Debugged, stop: Stop) -> None:
        """Change what has a name inside something that was shown."""
        branch, expression = self._seeing.path_in(args.variables_reference, args.name)
        self._set(request, run, stop, branch or stop.moment.branch, expression, args.value)

    def set_expression(self, request: Request, args: ask.SetExpression, run: Debugged, stop: Stop) -> None:
        """Change what an expression leads to."""
        branch = self._seeing.branch_of(args.frame_id, stop)
        self._set(request, run, stop, branch, args.expression, args.value)

    def _set(self, request: Request, run: Debugged, stop: Stop, branch: str, expression: str, text: str) -> None:
        try:
            path, value = path_of(expression, moment_of(stop, branch)), value_of(text)
        except PointsmanError as error:
            raise _refused(run, error) from None

        async def edit() -> None:
            try:
                await run.edit(branch, path, value, self._by)
                body = self._shown(run, branch, expression)
            except PointsmanError as error:
                self._voice.refuse(request, _refused(run, error))
            except Refused as why:
                self._voice.refuse(request, why)
            else:
                self._voice.answer(request, body)

        task = asyncio.get_running_loop().create_task(edit())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _shown(self, run: Debugged, branch: str, expression: str) -> Body:
        stop = run.debugger.stop
        if stop is None:
            raise Refused("notStopped", "the value is changed, and the run has gone on")
        body = self._seeing.evaluate(stop, branch, expression, run.redactor)
        return body
