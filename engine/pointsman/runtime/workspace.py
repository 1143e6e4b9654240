"""The workspace on disk: where its root is, what `pointsman.toml` says, and reading files for the analysis.

The language never reads a file; this is where command line, engine and language server fill its `Files`,
all in one way.
"""

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pointsman.errors import Misuse
from pointsman.folders import OURS, find_root
from pointsman.language import analysis
from pointsman.language.analysis import Analysis, Files, Memory
from pointsman.language.diagnostics import Diagnostic
from pointsman.language.model import Workspace
from pointsman.language.source import Source
from pointsman.language.workspace import read_workspace

SETTINGS = "pointsman.toml"
Read = Callable[[Path], bytes | None]
"""Gives the bytes of a file, None when there is none."""

MANY = 500
"""Pipelines of one workspace that are looked for."""
SMALL = 256 * 1024
"""Bytes of a pipeline that is looked at before anybody asks for it: larger ones take too long to read for a perhaps."""
_TOOLS = frozenset({"node_modules", "venv", "__pycache__", "site-packages"})

MAX_FILE = 16 * 1024 * 1024
"""Bytes of a text we read: nothing that a person writes by hand is larger."""


@dataclass(frozen=True)
class Place:
    """A workspace: its root folder and its settings, with what is wrong in them."""

    root: Path
    settings: Workspace = field(default_factory=Workspace)
    diagnostics: tuple[Diagnostic, ...] = ()
    source: Source | None = None


def find_place(start: Path, read: Read | None = None) -> Place:
    """The nearest folder upward with `pointsman.toml`, `.pointsman/` or `.git`; without one, the folder itself."""
    folder = start if start.is_dir() else start.parent
    root = Path(find_root(str(folder)))
    path = root / SETTINGS
    if read:
        return make_place(root, read(path))
    return make_place(root, path.read_bytes() if path.is_file() else None)


def make_place(root: Path, settings: bytes | None) -> Place:
    """The workspace of a root folder and the text of its `pointsman.toml`, None when it has none."""
    if settings is None:
        return Place(root)
    source = Source(str(root / SETTINGS), settings)
    return Place(root, *read_workspace(source), source)


def shown_path(place: Place, path: Path) -> str:
    """The path relative to the workspace's root, where it lies under it."""
    full = path.resolve()
    return full.relative_to(place.root).as_posix() if full.is_relative_to(place.root) else full.as_posix()


def read_source(path: Path, shown: str | None = None, read: Read | None = None) -> Source:
    """Read one text; `shown` is how people know it. Raises Misuse when there is nothing to read."""
    name = shown or str(path)
    data = read(path) if read else None
    if data is not None:
        return Source(name, data)
    try:
        if is_ours(path):
            raise Misuse("file_unreadable", f"{name} is one of Pointsman's own files", "Name a file of yours")
        if path.is_dir():
            raise Misuse("file_unreadable", f"{name} is a folder", "Name a file in it")
        if path.stat().st_size > MAX_FILE:
            raise Misuse("file_too_large", f"{name} has more than {MAX_FILE >> 20} MiB", "Is this the right file?")
        return Source(name, path.read_bytes())
    except FileNotFoundError:
        raise Misuse("file_missing", f"there is no file {name}", near_file(path)) from None
    except OSError as error:
        raise Misuse("file_unreadable", f"{name} can not be read: {error.strerror}") from None


def pipelines_below(root: Path) -> Iterator[Path]:
    """The pipeline files of a workspace, as far as they are small and not in a folder of tools; at most `MANY`."""
    count = 0
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(one for one in folders if not one.startswith(".") and one not in _TOOLS)
        for path in (Path(folder, name) for name in sorted(names) if analysis.kind_of(name) == "pipeline"):
            with suppress(OSError):  # a link to nowhere, such as an editor's lock
                if path.stat().st_size <= SMALL:
                    count += 1
                    yield path
            if count >= MANY:
                return


def is_ours(path: Path) -> bool:
    """Whether a file is the journal or one of those beside it.

    They are opened by SQLite alone: a process that closes any other descriptor of them loses all locks it holds on
    them (that is how POSIX has it), and then the next one to leave takes the journal's newest pages away with it.
    """
    return path.parent.name == OURS or path.resolve().parent.name == OURS


def near_file(path: Path) -> str:
    """A hint with the nearest name in the same folder, or the pipelines there are."""
    from pointsman.language.diagnostics import nearest

    try:
        names = [entry.name for entry in path.parent.iterdir() if entry.is_file()]
    except OSError:
        return ""
    near = nearest(path.name, names)
    return f"Did you mean {path.parent / near}?" if near else ""


def analyse_file(place: Place, path: Path, shown: str | None = None) -> Analysis:
    """Analyse one file with everything it refers to read from disk."""
    source = read_source(path, shown)
    return analysis.analyse(source, read_wanted(place, path, source), place.settings)


def read_text(path: Path) -> bytes | None:
    """The bytes of a file, None when there is none, or none that a person has written."""
    try:
        readable = path.is_file() and path.stat().st_size <= MAX_FILE and not is_ours(path)
        return path.read_bytes() if readable else None
    except (OSError, ValueError):
        return None


def read_wanted(
    place: Place,
    path: Path,
    source: Source,
    read: Read = read_text,
    memory: Memory | None = None,
) -> Files:
    """The files an analysis would like to see, as `read` gives them; what is not there is None."""
    return read_files(path, analysis.wanted(source, place.settings, memory), read)


def read_files(path: Path, names: Iterable[str], read: Read = read_text) -> Files:
    """The files of these names, as seen from the folder of the file at `path`."""
    base = path.resolve().parent
    return Files({name: read(base / name) for name in names}, None)


def interpreter(place: Place, env: Mapping[str, str] = os.environ) -> str:
    """The workers' Python: `python` of the settings, the client's active environment, `.venv`, then its PATH."""
    if place.settings.python:
        named = Path(place.settings.python).expanduser()
        return str(named if named.is_absolute() else place.root / named) if "/" in place.settings.python else str(named)
    active = env.get("VIRTUAL_ENV")
    for folder in filter(None, (active, str(place.root / ".venv"))):
        found = Path(folder) / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        if found.exists():
            return str(found)
    path = env.get("PATH")
    return shutil.which("python3", path=path) or shutil.which("python", path=path) or sys.executable


def import_roots(place: Place, pipeline: Path) -> tuple[Path, ...]:
    """Where agents' modules are looked for: beside the pipeline, then the settings' `roots`, then the root."""
    named = [place.root / root for root in place.settings.roots]
    found = [pipeline.resolve().parent, *named, place.root]
    return tuple(dict.fromkeys(found))
