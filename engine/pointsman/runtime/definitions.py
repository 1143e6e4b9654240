"""The definitions live now: each pipeline as it was last good on disk, and what saving a file has made of it.

A start reads the disk and trusts no watcher. What is broken there does not take the place of what was good: the last
good version, with all its texts of that time, stays live, and whoever starts it is told.
"""

from __future__ import annotations

import ast
import os
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from pointsman.errors import PointsmanError, RefusedDefinition
from pointsman.language.analysis import Memory, kind_of
from pointsman.language.diagnostics import Diagnostic, Severity
from pointsman.language.source import Source, Span
from pointsman.runtime import catalog
from pointsman.runtime.catalog import Loaded, made_of
from pointsman.runtime.makings import Makings, changes
from pointsman.runtime.workspace import analyse_file, find_place, interpreter, read_text

KNOWN = 500
"""Pipelines whose last good version is kept: a version is its texts alone."""
SMALL = 256 * 1024
"""Bytes of a pipeline that is learnt before anybody starts it: larger ones take too long to read for a perhaps."""
AT_WORK = 4
"""Files that are analysed from what was known of them before: those that were saved last."""
ASKED_S = 5.0
"""How long a Python may take to say whether it can read a text."""
_TOOLS = frozenset({"node_modules", "venv", "__pycache__", "site-packages"})


@dataclass(frozen=True)
class DefinitionChange:
    """A saved file was taken up (`live`), or it was not, since it is `broken`; then the last good version stays live.
    `gone`: a file that was broken is there no more.

    `affects` are the stages, by id, that are other than they were (of a policy: the pipelines it watches). Lines and
    columns count from 0, columns in bytes of UTF-8; `at` is Unix milliseconds. `version` counts this file's good ones.
    """

    path: Path
    state: str
    version: int
    at: int
    affects: tuple[str, ...] = ()
    problem: str = ""
    line: int = 0
    column: int = 0
    end_line: int = 0
    end_column: int = 0


Told = Callable[[DefinitionChange], None]


@dataclass
class _Texts:
    """What was read, by path; `None` where there was nothing. Reads again what it holds, and nothing else."""

    seen: dict[Path, bytes | None] = field(default_factory=dict)

    def record(self, path: Path) -> bytes | None:
        """Read the disk, and remember."""
        path = Path(os.path.normpath(path))
        if path not in self.seen:
            self.seen[path] = read_text(path)
        return self.seen[path]

    def recall(self, path: Path) -> bytes | None:
        """What was read then."""
        return self.seen.get(Path(os.path.normpath(path)))


@dataclass
class _Good:
    """A pipeline file as it was last good. `made` is what its stages were made of, by pipeline."""

    texts: _Texts
    made: dict[str, Makings]
    version: int
    at_ns: int
    broken: str = ""


class Definitions:
    """The live definitions of one process. Its methods read files: call those that may be long from a thread."""

    def __init__(self) -> None:
        self._good: dict[Path, _Good] = {}
        self._policies: dict[Path, bytes] = {}
        self._versions: dict[Path, int] = {}
        self._memories: dict[Path, Memory] = {}
        self._told: list[Told] = []
        self.broken: dict[Path, DefinitionChange] = {}
        """The files that are broken now, as they were told of."""

    def load(self, path: Path, name: str | None = None) -> tuple[Loaded, str]:
        """A pipeline to start: as it is on disk, or its last good version and a note that says so.

        Raises what `catalog.load` raises where there was never a good one.
        """
        texts = _Texts()
        try:
            loaded = catalog.load(path, name, texts.record)
        except RefusedDefinition as error:
            return self._last_good(path, name, error)
        note = ""
        if flaws := self._broken_code(loaded):
            # What is broken is taken from before; the rest is as it is now.
            before = self._good[loaded.path].texts
            loaded = catalog.load(path, name, lambda one: before.recall(one) if one in flaws else texts.record(one))
            note = "; ".join(_note(one, flaw, self._good[loaded.path].at_ns) for one, flaw in flaws.items())
        else:
            self._keep(loaded, texts)
        last = {file: data for file, _ in loaded.policy_files if (data := self._policies.get(file)) is not None}
        return replace(loaded, policy_texts=last), note

    def know(self, path: Path) -> None:
        """Learn a pipeline, so that there is a last good version of it before somebody breaks it."""
        if path not in self._good and len(self._good) < KNOWN:
            self._refresh(path)

    def saved(self, paths: Iterable[Path]) -> list[DefinitionChange]:
        """Take up what has changed on disk; what is live now, and what is not since it is broken."""
        return [change for path in sorted(set(paths)) for change in self._saved(path)]

    def tell(self, changes: Iterable[DefinitionChange]) -> None:
        """Tell whoever watches."""
        for change in changes:
            for told in tuple(self._told):
                told(change)

    def watch(self, told: Told) -> Callable[[], None]:
        """Be told of each saved file that matters, on the loop of who calls `tell`; returns what ends that."""
        self._told.append(told)
        return lambda: self._told.remove(told) if told in self._told else None

    def _saved(self, path: Path) -> Iterator[DefinitionChange]:
        kind = kind_of(path.name)
        users = self._users(path)
        if kind is None and not users:
            return
        data = read_text(path)
        if data is None and path in self.broken:
            del self.broken[path]
            yield DefinitionChange(path, "gone", self._versions.get(path, 1), time.time_ns() // 1_000_000)
        if kind == "pipeline":
            before = self._good.get(path)
            if data is not None and not (before and not before.broken and before.texts.recall(path) == data):
                yield self._refreshed(path)
        elif kind == "policy" and data is not None:
            yield from self._policy_saved(path, data, users)
        elif data is None or path.suffix != ".py" or not (flaw := _python_flaw(path, data)):
            yield from self._text_saved(path, data, users)
        elif users:
            yield self._broken_change(path, flaw)

    def _policy_saved(self, path: Path, data: bytes, users: list[Path]) -> Iterator[DefinitionChange]:
        flaw = _policy_flaw(path)
        if flaw:
            yield self._broken_change(path, flaw)
        elif self._policies.get(path) != data or path in self.broken:
            self._policies[path] = data
            yield self._live(path, tuple(name for user in users for name in self._good[user].made))

    def _text_saved(self, path: Path, data: bytes | None, users: list[Path]) -> Iterator[DefinitionChange]:
        """A prompt, a script, a module, the settings: whoever reads it is read again."""
        mended = path in self.broken
        users = [one for one in users if mended or self._good[one].broken or self._good[one].texts.recall(path) != data]
        changes = [self._refreshed(user) for user in users]
        yield from (change for change in changes if change.state == "broken")
        affects = [stage for change in changes for stage in change.affects]
        if users and data is not None and all(change.state == "live" for change in changes):
            yield self._live(path, tuple(dict.fromkeys(affects)))

    def _refreshed(self, path: Path) -> DefinitionChange:
        before = self._good.get(path)
        flaw = self._refresh(path)
        return self._broken_change(path, flaw) if flaw else self._live(path, self._affected(path, before))

    def _refresh(self, path: Path) -> Diagnostic | None:
        """Read a pipeline file; what is good takes the old one's place, else the first thing that is wrong with it."""
        texts = _Texts()
        try:
            for loaded in catalog.load_all(path, texts.record, self._memory(path)):
                flaws = self._broken_code(loaded)
                if flaws:  # that is said of the module; what is kept is still good
                    texts.seen |= {one: self._good[loaded.path].texts.recall(one) for one in flaws}
                    loaded = catalog.load(path, loaded.program.name, texts.record)
                self._keep(loaded, texts)
        except PointsmanError as error:
            flaw = _first(error)
            good = self._good.get(path)
            if good:
                good.broken = flaw.message
            return flaw
        return None

    def _memory(self, path: Path) -> Memory:
        """What is remembered of analysing a file that people are at work on."""
        memory = self._memories.pop(path, None) or Memory()
        self._memories[path] = memory
        if len(self._memories) > AT_WORK:
            del self._memories[next(iter(self._memories))]
        return memory

    def _keep(self, loaded: Loaded, texts: _Texts) -> None:
        key, name = loaded.path, loaded.program.name
        before = self._good.get(key)
        same = before and before.texts.seen.get(key) == texts.seen.get(key)
        made = {**(before.made if before and same else {}), name: made_of(loaded)}
        version = self._versions.get(key, 1)
        self._good.pop(key, None)  # the last one used is the last one forgotten
        self._good[key] = _Good(texts, made, version, time.time_ns())
        for file, _ in loaded.policy_files:
            if self._policies.get(file) != (data := texts.recall(file)) and data and not _policy_flaw(file):
                self._policies[file] = data
        while len(self._good) > KNOWN:
            del self._good[next(iter(self._good))]

    def _last_good(self, path: Path, name: str | None, error: RefusedDefinition) -> tuple[Loaded, str]:
        good = self._good.get(path.resolve())
        if good is None:
            raise error
        return catalog.load(path, name, good.texts.recall), _note(path, _first(error), good.at_ns)

    def _broken_code(self, loaded: Loaded) -> dict[Path, Diagnostic]:
        """The modules that were good before and can not be read any more, with what is wrong."""
        good = self._good.get(loaded.path)
        if good is None:
            return {}
        flaws: dict[Path, Diagnostic] = {}
        for text in loaded.texts:
            path = Path(os.path.normpath(loaded.path.parent / text.path))
            changed = text.kind == "code" and good.texts.recall(path) not in (None, text.text)
            if changed and (flaw := _python_flaw(path, text.text)):
                flaws[path] = flaw
        return flaws

    def _users(self, path: Path) -> list[Path]:
        return [user for user, good in list(self._good.items()) if path in good.texts.seen and user != path]

    def _affected(self, path: Path, before: _Good | None) -> tuple[str, ...]:
        now = self._good.get(path)
        if before is None or now is None:
            return ()
        found: list[str] = []
        for name, made in now.made.items():
            if name in before.made:
                found += [stage for stage, why in changes(before.made[name], made).items() if why.words]
        return tuple(found)

    def _live(self, path: Path, affects: tuple[str, ...]) -> DefinitionChange:
        version = self._versions[path] = self._versions.get(path, 1) + 1
        self.broken.pop(path, None)
        return DefinitionChange(path, "live", version, time.time_ns() // 1_000_000, affects)

    def _broken_change(self, path: Path, flaw: Diagnostic) -> DefinitionChange:
        source = Source(str(path), read_text(path) or b"")
        start, end = (min(at, len(source.data)) for at in (flaw.span.start, flaw.span.end))
        line, end_line = source.line_at(start), source.line_at(end)
        columns = start - source.line_starts[line], end - source.line_starts[end_line]
        version, now = self._versions.get(path, 1), time.time_ns() // 1_000_000
        place = line, columns[0], end_line, columns[1]
        change = self.broken[path] = DefinitionChange(path, "broken", version, now, (), flaw.message, *place)
        return change


def pipelines_below(root: Path) -> Iterator[Path]:
    """The pipeline files of a workspace, as far as they are small and not in a folder of tools; at most `KNOWN`."""
    count = 0
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(one for one in folders if not one.startswith(".") and one not in _TOOLS)
        for name in sorted(names):
            path = Path(folder, name)
            if kind_of(name) == "pipeline" and path.stat().st_size <= SMALL:
                count += 1
                if count > KNOWN:
                    return
                yield path


def _first(error: PointsmanError) -> Diagnostic:
    """The first thing that keeps a file from running."""
    found = error.diagnostics if isinstance(error, RefusedDefinition) else ()
    errors = (one for one in found if isinstance(one, Diagnostic) and one.severity is Severity.ERROR)
    return next(errors, Diagnostic(error.code, Span(0, 0), str(error.message)))


def _policy_flaw(path: Path) -> Diagnostic | None:
    """The first error of a policy file as it is on disk."""
    try:
        found = analyse_file(find_place(path), path)
    except PointsmanError as error:
        return _first(error)
    return next(iter(found.errors), None)


def _python_flaw(path: Path, data: bytes) -> Diagnostic | None:
    """Why a module can not be read by Python; the workers' own is asked before ours is believed."""
    try:
        ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        if _reads(interpreter(find_place(path)), data):
            return None
        source = Source(str(path), data)
        line = min(max(1, getattr(error, "lineno", None) or 1), len(source.line_starts)) - 1
        start = source.line_starts[line]
        said = f"Python can not read it: {getattr(error, 'msg', None) or error}"
        return Diagnostic("python_unreadable", Span(start, start + len(source.line_text(line).encode())), said)
    return None


def _reads(python: str, data: bytes) -> bool:
    """Whether another Python can read a text; one that can not be started can not."""
    command = [python, "-I", "-c", "import ast, sys; ast.parse(sys.stdin.buffer.read())"]
    try:
        return subprocess.run(command, input=data, capture_output=True, timeout=ASKED_S).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _note(path: Path, flaw: Diagnostic, at_ns: int) -> str:
    """What a person is told whose file is broken."""
    source = Source(str(path), read_text(path) or b"")
    line = source.line_at(min(flaw.span.start, len(source.data))) + 1
    when = time.strftime("%H:%M:%S", time.localtime(at_ns / 1e9))
    return f"{path.name} is broken, line {line}: {flaw.message}; its last good version runs, of {when}"
