"""What is asked of runs and done with them, over the wire: the desk does it, here are its words.

Nothing of this is about an open document, so none of it waits in the lane of those questions, nor do they wait for it.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import msgspec

from pointsman.errors import PointsmanError, RefusedDefinition
from pointsman.language.diagnostics import Diagnostic, Severity
from pointsman_lsp import params
from pointsman_lsp.announcing import COMMANDS as SHAPES
from pointsman_lsp.features import Refused
from pointsman_lsp.features.input_shape import missing
from pointsman_lsp.messages import Code, ResponseError, structure
from pointsman_lsp.outside import Runs
from pointsman_lsp.uris import file_path

if TYPE_CHECKING:
    from pointsman.runtime.desk import Desk, Started
    from pointsman.runtime.listing import RunView
    from pointsman.runtime.sessions import Options

Json = Any

DESK = "pointsman.runtime.desk"
MOST_STAGES = 200
"""Visits of stages that come with a run where runs are listed, the last ones; `pointsman/run` has all of them."""
MOST_SAID = 3
"""Findings of a refused file that are said: the editor shows all of them where they are."""


@dataclass(frozen=True, slots=True)
class Bench:
    """The desk, at which one client works. `spelled` gives the URI of a file as that client writes it."""

    runs: Runs
    desk: Desk
    spelled: Callable[[Path], str]

    @property
    def root(self) -> Path:
        """The workspace whose runs are meant."""
        return self.runs.root

    @property
    def who(self) -> str:
        """Who answers and cancels."""
        return str(self.runs.principal.get("id", ""))

    def options(self, answers: Mapping[str, Json] | None = None) -> Options:
        """How a run is hosted for this client. An editor may have been started anywhere: a run is, in its workspace."""
        from pointsman.runtime.sessions import Options

        cwd = self.runs.cwd if self.runs.cwd.is_relative_to(self.root) and self.runs.cwd.is_dir() else self.root
        return Options(principal=dict(self.runs.principal), answers=answers or {}, cwd=cwd, env=self.runs.env)

    def run(self, view: RunView, most: int = MOST_STAGES) -> Json:
        """A run, as the wire has it."""
        said: Json = msgspec.to_builtins(msgspec.structs.replace(view, stages=view.stages[-most:]))
        said["uri"] = self.spelled(Path(said.pop("path")))
        return said


def is_near() -> bool:
    """Whether the desk is there without an import."""
    return DESK in sys.modules


async def sit_down(runs: Runs, spelled: Callable[[Path], str]) -> Bench:
    """Come to the desk; the first who does waits for the engine to be imported, and nobody else does."""
    if not is_near():
        await asyncio.to_thread(import_module, DESK)
    return Bench(runs, runs.desk(), spelled)


async def answer(bench: Bench, method: str, its: Any) -> object:
    """Answer a question about runs. Raises Refused for what can not be done, ResponseError for what is not known."""
    try:
        return await HANDLERS[method](bench, its)
    except PointsmanError as error:
        raise Refused(words_of(error)) from None
    except OSError as error:
        raise Refused(f"{error.filename or 'a file'} can not be read: {error.strerror}") from None


def words_of(error: PointsmanError) -> str:
    """An error in one line for a person, with what to do; of a refused file its first findings."""
    if isinstance(error, RefusedDefinition):
        found = [one for one in error.diagnostics if isinstance(one, Diagnostic) and one.severity is Severity.ERROR]
        return "; ".join([error.message, *(one.message for one in found[:MOST_SAID])])
    return f"{error.message}. {error.hint}" if error.hint else error.message


async def recorded(bench: Bench, root: Path, limit: int) -> Sequence[RunView]:
    """The newest runs of a workspace; none where the journal can not be read, which is the doctor's business."""
    try:
        return await bench.desk.runs(root, limit)
    except PointsmanError:
        return ()


async def last_input(bench: Bench, root: Path, path: Path, pipeline: str) -> Json:
    """What the newest run of a pipeline was given, redacted."""
    try:
        return await bench.desk.last_input(root, path, pipeline)
    except PointsmanError:
        return None


async def _runs(bench: Bench, its: params.RunsParams) -> object:
    return {"runs": [bench.run(view) for view in await bench.desk.runs(bench.root, its.limit)]}


async def _run(bench: Bench, its: params.RunParams) -> object:
    view = await bench.desk.run(bench.root, its.run)
    return bench.run(view, max(1, len(view.stages)))


async def _events(bench: Bench, its: params.RunParams) -> object:
    found = await bench.desk.events(bench.root, its.run)
    return {"events": await asyncio.to_thread(msgspec.to_builtins, found)}


async def _envelope(bench: Bench, its: params.EnvelopeParams) -> object:
    found = await bench.desk.envelope(bench.root, its.run, its.seq)
    return {"text": await asyncio.to_thread(json.dumps, found, indent=2, ensure_ascii=False)}


async def _trace(bench: Bench, its: params.RunParams) -> object:
    return msgspec.to_builtins(await bench.desk.trace(bench.root, its.run))


async def _execute(bench: Bench, its: params.ExecuteCommand) -> object:
    if its.command not in SHAPES:
        raise ResponseError(Code.INVALID_PARAMS, f"there is no command {its.command}")
    if len(its.arguments or ()) != 1:
        raise ResponseError(Code.INVALID_PARAMS, f"{its.command} takes one argument, an object")
    return await COMMANDS[its.command](bench, structure((its.arguments or [None])[0], SHAPES[its.command]))


async def _start(bench: Bench, its: params.Start) -> object:
    named = file_path(its.uri)
    if named is None:
        raise Refused(f"{its.uri} is no file: save it, and run what is saved")
    path, value = Path(named), {} if its.input is None else its.input
    try:
        return _started(await bench.desk.start(path, its.pipeline, value, bench.options(its.answers)))
    except PointsmanError as error:
        raise Refused(await asyncio.to_thread(_refusal, path, its.pipeline, value, error)) from None


def _refusal(path: Path, name: str | None, value: Json, error: PointsmanError) -> str:
    """Why a run can not start, with the names of the fields it lacks, and without what the run would hide."""
    from pointsman.runtime import catalog
    from pointsman.runtime.redacting import redactor_before
    from pointsman.runtime.workspace import find_place

    said, policies = words_of(error), list[str]()
    try:
        loaded = catalog.load(path, name)
        policies = [shown for _, shown in loaded.policy_files]
        lacks = missing(loaded.program.input.schema, value) if loaded.program.input else ()
        if error.code == "input_unfit" and lacks:
            fields = ", ".join(lacks)
            said = f"{loaded.program.name} needs input that is missing: {fields}. Give it as `input` of the command"
    except PointsmanError:
        pass  # what is said of the file is what keeps it from being loaded
    return redactor_before(find_place(path), policies, value).text(said)


async def _rerun(bench: Bench, its: params.Rerun) -> object:
    return _started(await bench.desk.rerun(bench.root, its.run, bench.options(), its.start_at))


async def _resume(bench: Bench, its: params.RunParams) -> object:
    return _started(await bench.desk.resume(bench.root, its.run, bench.options()))


async def _cancel(bench: Bench, its: params.RunParams) -> object:
    await bench.desk.cancel(bench.root, its.run, bench.who, bench.options())
    return {}


async def _answer(bench: Bench, its: params.Answer) -> object:
    await bench.desk.answer(bench.root, its.run, its.stage, its.value, bench.who, bench.options())
    return {}


def _started(started: Started) -> Json:
    return {"run": started.run, "note": started.note}


Handler = Callable[[Bench, Any], Awaitable[object]]

HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "pointsman/runs": _runs,
        "pointsman/run": _run,
        "pointsman/events": _events,
        "pointsman/envelope": _envelope,
        "pointsman/trace": _trace,
        "workspace/executeCommand": _execute,
    }
)

COMMANDS: Mapping[str, Handler] = MappingProxyType(
    {
        "pointsman.server.run": _start,
        "pointsman.server.rerun": _rerun,
        "pointsman.server.resume": _resume,
        "pointsman.server.cancel": _cancel,
        "pointsman.server.answer": _answer,
    }
)
