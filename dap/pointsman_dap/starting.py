"""What a client wants to debug: the arguments of `launch` made into a pipeline, its input and its options."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from pointsman.errors import Misuse, PointsmanError, RefusedDefinition
from pointsman.journal.store import RunRow
from pointsman.language.diagnostics import Diagnostic
from pointsman.runtime.catalog import Loaded
from pointsman.runtime.debugging import Debugged, Debugging, read_record
from pointsman.runtime.definitions import Definitions
from pointsman.runtime.desk import prepared
from pointsman.runtime.redacting import redactor_before
from pointsman.runtime.reuse import check_stage
from pointsman.runtime.sessions import Options, check_options, fit_input
from pointsman.runtime.workspace import Place, find_place, read_source
from pointsman.security.redaction import Redactor
from pointsman_dap.errors import Refused
from pointsman_dap.params import Attach, Launch
from pointsman_dap.places import Places, path_of
from pointsman_dap.texts import Texts

Json = Any
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Host(Protocol):
    """What the process gives a debug adapter: its runs, its workspace, and who the client is."""

    @property
    def debugging(self) -> Debugging: ...

    @property
    def definitions(self) -> Definitions:
        """The pipelines as they are live."""
        ...

    @property
    def root(self) -> Path:
        """The workspace's root."""
        ...

    @property
    def cwd(self) -> Path:
        """The folder the client was started in."""
        ...

    @property
    def env(self) -> Mapping[str, str]:
        """The client's environment."""
        ...

    @property
    def principal(self) -> Mapping[str, Json]:
        """Who the client is, as a run keeps it: `{id, roles}`."""
        ...

    async def reach(self, root: Path, host: str, handed: Mapping[str, Json]) -> Streams | None:
        """A connection to the debug adapter of another process, a run's host in a workspace; None when it takes none.

        `handed` is for that adapter: what this one has said to the client so far.
        """
        ...


@dataclass(frozen=True)
class Wanted:
    """A run that can be started: nothing is left that could be refused."""

    loaded: Loaded
    value: Json
    options: Options
    stop_at: str = ""
    """A stage to stop at once, before anything of it."""


def read_launch(args: Launch, host: Host, places: Places, hides: Callable[[Redactor], None]) -> tuple[Wanted, Texts]:
    """Find, check and compile what is to run; `hides` is given what redacts it, each time more is known of that.

    Raises Refused. Takes long for what is large, and is made for a thread.
    """
    if args.start_at and not args.rerun:
        raise Refused("badArguments", "`from` goes with `rerun`: it says where an older run's results end")
    try:
        wanted = _read_launch(args, host, hides)
    except PointsmanError as error:
        raise Refused("launchFailed", words_of(error), show=True) from None
    except OSError as error:  # such as a name that is too long for any file
        said = f"{error.filename} can not be read: {error.strerror}"
        raise Refused("launchFailed", said, show=True) from None
    except RecursionError:
        raise Refused("launchFailed", "the input has more levels than can be read", show=True) from None
    loaded, policies = wanted.loaded, tuple(shown for _, shown in wanted.loaded.policy_files)
    return wanted, Texts(loaded.place.root, loaded.program, policies, "as this run was started", places)


def find_run(args: Attach, host: Host) -> tuple[Place, RunRow]:
    """What the journal says of the run that is to be looked at. Made for a thread. Raises Refused."""
    try:
        place = find_place(host.root)
        return place, host.debugging.find(place, args.run or "latest")
    except PointsmanError as error:
        raise Refused("attachFailed", words_of(error), show=True) from None


def read_run(place: Place, run_id: str, places: Places) -> tuple[Debugged, Texts]:
    """A run as it is recorded, with its texts. Made for a thread. Raises Refused."""
    try:
        found = read_record(place, run_id)
    except PointsmanError as error:
        raise Refused("attachFailed", words_of(error), show=True) from None
    return found, texts_of(found, places)


def texts_of(found: Debugged, places: Places) -> Texts:
    """The texts of a run that there is."""
    policies = found.debugger.timeline.state.started.policies
    return Texts(found.place.root, found.program, policies, f"as of run {found.run_id}", places)


def words_of(error: PointsmanError) -> str:
    """An error in one sentence for a person, with what to do; of a refused file the first diagnostics."""
    said = f"{error.message}. {error.hint}" if error.hint else error.message
    if isinstance(error, RefusedDefinition):
        found = [one for one in error.diagnostics if isinstance(one, Diagnostic) and one.severity == "error"]
        said = "; ".join([error.message, *(one.message for one in found[:3])])
    return said


def _read_launch(args: Launch, host: Host, hides: Callable[[Redactor], None]) -> Wanted:
    cwd = _folder(args.cwd, host)
    env = {key: value for key, value in {**host.env, **args.env}.items() if value is not None}
    options = Options(principal=dict(host.principal), answers=args.answers, cwd=cwd, env=env)
    if args.rerun:
        loaded, value, options = prepared(host.definitions, host.root, args.rerun, options, args.start_at)
    else:
        program, name = _program(args.program, cwd, host.root)
        hides(redactor_before(find_place(program), (), args.input))
        loaded, note = host.definitions.load(program, name)
        options = replace(options, note=note)
        value = _input(args.input, cwd, program.parent)
    hides(redactor_before(loaded.place, (shown for _, shown in loaded.policy_files), value))
    fit_input(loaded, value)
    check_options(loaded, options)
    if args.stop_at:
        check_stage(loaded.program, args.stop_at)
    return Wanted(loaded, value, options, args.stop_at)


def _folder(named: str, host: Host) -> Path:
    cwd = host.cwd / path_of(named) if named else host.cwd
    if not cwd.is_dir():
        raise Misuse("folder_missing", f"there is no folder {cwd}", "Mend `cwd` in the launch configuration")
    return cwd


def _program(named: str, cwd: Path, root: Path) -> tuple[Path, str | None]:
    """The file and, after `#`, the pipeline in it; a relative one lies in the folder, else in the workspace."""
    if not named:
        raise Misuse("program_missing", "`program` names no pipeline", "Such as: triage.pipeline.yaml")
    path, name = path_of(named), None
    found = _first(path, cwd, root)
    if not found.exists() and "#" in path:
        path, _, name = path.rpartition("#")
        found = _first(path, cwd, root)
    return found, name


def _first(path: str, cwd: Path, root: Path) -> Path:
    return next((folder / path for folder in (cwd, root) if (folder / path).exists()), cwd / path)


def _input(given: Json, cwd: Path, beside: Path) -> Json:
    if given is None:
        return {}
    if not isinstance(given, str):
        return given
    path = _first(path_of(given), cwd, beside)
    source = read_source(path)
    try:
        return json.loads(source.data)
    except (ValueError, RecursionError) as error:
        raise Misuse("input_unreadable", f"{given} is no JSON: {error}") from None
