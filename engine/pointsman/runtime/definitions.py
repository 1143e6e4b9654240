"""The definitions live now: each pipeline as it was last good on disk, and what saving a file has made of it.

A start reads the disk and trusts no watcher. What is broken there does not take the place of what was good: the last
good version, with all its texts of that time, stays live, and whoever starts it is told. What is told of saves is the
difference between what was broken before and what is now.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from pointsman.errors import PointsmanError, RefusedDefinition
from pointsman.language.analysis import Memory, kind_of
from pointsman.runtime import catalog, flaws
from pointsman.runtime.catalog import Loaded, made_of
from pointsman.runtime.flaws import Flaw
from pointsman.runtime.makings import Makings, changes
from pointsman.runtime.workspace import read_text

KNOWN = 500
"""Pipelines that are known: of each the texts are kept, and what its stages are made of."""
AT_WORK = 4
"""Files that are analysed from what was known of them before: those that were saved last."""


@dataclass(frozen=True)
class DefinitionChange:
    """A saved file was taken up (`live`), or it was not, since it is `broken`; `gone`: a broken one is there no more.

    `affects` are the stages, by id, that are other than they were (of a policy: the pipelines it watches). `kept`:
    there is a last good version, which stays live. `at` is Unix milliseconds, `version` counts this file's good ones.
    """

    path: Path
    state: str
    version: int
    at: int
    affects: tuple[str, ...] = ()
    flaw: Flaw | None = None
    kept: bool = False


Told = Callable[[DefinitionChange], None]


@dataclass
class _Texts:
    """What was read, by path; None where there was nothing."""

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
class _Pipelines:
    """One file of pipelines. `good` are its texts as they were last good, `made` what its stages were made of then, by
    pipeline; `tried` are those of the last look at it. `flaws` is what is wrong now, by file."""

    good: _Texts | None = None
    made: dict[str, Makings] = field(default_factory=dict)
    at_ns: int = 0
    tried: _Texts = field(default_factory=_Texts)
    flaws: dict[Path, Flaw] = field(default_factory=dict)

    def reads(self, path: Path) -> bool:
        """Whether this file's definitions depend on another."""
        return path in self.tried.seen or (self.good is not None and path in self.good.seen)


class Definitions:
    """The live definitions of one process. Its methods read files, and some of them start a Python: call them from a
    thread; one at a time is best, and nothing breaks when two overlap."""

    def __init__(self) -> None:
        self._known: dict[Path, _Pipelines] = {}
        self._policies: dict[Path, tuple[bytes, int]] = {}
        self._policy_flaws: dict[Path, Flaw] = {}
        self._versions: dict[Path, int] = {}
        self._memories: dict[Path, Memory] = {}
        self._told: list[Told] = []
        self.broken: dict[Path, DefinitionChange] = {}
        """The files that are broken now, as they were told of."""

    def load(self, path: Path, name: str | None = None) -> tuple[Loaded, str]:
        """A pipeline to start: as it is on disk, or its last good version, and a note that says what is broken.

        Raises what `catalog.load` raises where there was never a good one.
        """
        file, texts = path.resolve(), _Texts()
        known = self._known.get(file)
        try:
            loaded = catalog.load(path, name, texts.record)
        except RefusedDefinition as error:
            if known is None or known.good is None:
                raise
            loaded = catalog.load(path, name, known.good.recall)
            return self._with_policies(loaded, [flaws.of_refusal(error, file).words(known.at_ns)])
        broken = self._broken_modules(known, loaded)
        if broken and known and (good := known.good):
            # What is broken is taken from before; the rest is as it is now.
            loaded = catalog.load(path, name, lambda one: good.recall(one) if one in broken else texts.record(one))
            return self._with_policies(loaded, [flaw.words(known.at_ns) for flaw in broken.values()])
        self._keep(file, [loaded], texts, whole=False)
        return self._with_policies(loaded, [])

    def know(self, path: Path) -> list[DefinitionChange]:
        """Learn a pipeline, so that there is a last good version of it before somebody breaks it."""
        if path in self._known or len(self._known) >= KNOWN:
            return []
        self._look(path)
        return self._difference([], {})

    def known_files(self) -> set[Path]:
        """All files that a known pipeline depends on."""
        known = list(self._known.values())
        return {path for one in known for path in (*one.tried.seen, *(one.good.seen if one.good else ()))}

    def saved(self, paths: Iterable[Path]) -> list[DefinitionChange]:
        """Take up what has changed on disk; what is live now, and what is not since it is broken."""
        files = sorted({Path(os.path.normpath(path)) for path in paths})
        files = [path for path in files if kind_of(path.name) in ("pipeline", "policy") or self._users(path)]
        changed = [path for path in files if self._has_changed(path)]
        before = {path: dict(one.made) for path, one in self._known.items()}
        users = {user: None for path in changed for user in self._users(path)}
        for path in changed:
            if kind_of(path.name) == "policy":
                self._look_at_policy(path)
        for user in users:
            self._look(user)
        return self._difference(changed, before)

    def tell(self, changes: Iterable[DefinitionChange]) -> None:
        """Tell whoever watches."""
        for change in changes:
            for told in tuple(self._told):
                told(change)

    def watch(self, told: Told) -> Callable[[], None]:
        """Be told of each saved file that matters, on the loop of who calls `tell`; returns what ends that."""
        self._told.append(told)
        return lambda: self._told.remove(told) if told in self._told else None

    # --- looking ----------------------------------------------------------------------------------------------------

    def _users(self, path: Path) -> list[Path]:
        """The files of pipelines that depend on a file; a pipeline's own is one of them, also a new one."""
        own = [path] if kind_of(path.name) == "pipeline" else []
        return [*own, *(user for user, one in list(self._known.items()) if user != path and one.reads(path))]

    def _has_changed(self, path: Path) -> bool:
        if path in self.broken:
            return True
        data = read_text(path)
        if kind_of(path.name) == "policy":
            return self._policy(path) != data
        known = [one for user in self._users(path) if (one := self._known.get(user))]
        return not known or any(one.tried.recall(path) != data for one in known)

    def _look(self, path: Path) -> None:
        """Look at a pipeline's file as it is now; what is good takes the older one's place."""
        if not path.exists():
            self._known.pop(path, None)
            return
        known = self._known.setdefault(path, _Pipelines())
        known.tried, known.flaws = _Texts(), {}
        try:
            found = list(catalog.load_all(path, known.tried.record, self._memory(path)))
        except PointsmanError as error:
            flaw = flaws.of_refusal(error, path)
            known.flaws = {flaw.file: flaw}
            return
        for loaded in found:
            known.flaws |= self._broken_modules(known, loaded)
        if not known.flaws:
            self._keep(path, found, known.tried, whole=True)

    def _policy(self, path: Path) -> bytes | None:
        """The last good text of a policy file."""
        return self._policies[path][0] if path in self._policies else None

    def _look_at_policy(self, path: Path) -> None:
        flaw = flaws.of_policy(path) if path.exists() else None
        self._policy_flaws.pop(path, None)
        if flaw:
            self._policy_flaws[path] = flaw
        elif (data := read_text(path)) is not None:
            self._policies[path] = data, time.time_ns()

    def _broken_modules(self, known: _Pipelines | None, loaded: Loaded) -> dict[Path, Flaw]:
        """The modules that were others before and can not be read as they are now."""
        found: dict[Path, Flaw] = {}
        if known is None or known.good is None:
            return found
        for path, data in loaded.code.items():
            path = Path(os.path.normpath(path))
            if data != known.good.recall(path) and (flaw := flaws.of_module(path, data)):
                found[path] = flaw
        return found

    def _keep(self, file: Path, found: list[Loaded], texts: _Texts, *, whole: bool) -> None:
        """What is good from now on: the texts of all pipelines of a file (`whole`), or of one of them."""
        known = self._known.pop(file, None) or _Pipelines(tried=texts)
        before = known.good.seen if known.good and not whole else {}
        known.good = _Texts({**before, **texts.seen})
        known.made = {**({} if whole else known.made), **{one.program.name: made_of(one) for one in found}}
        known.at_ns = time.time_ns()
        if not whole:
            known.tried = _Texts({**known.tried.seen, **texts.seen})
        self._known[file] = known  # the one used last is forgotten last
        while len(self._known) > KNOWN:
            del self._known[next(iter(self._known))]
        for policy in {policy for one in found for policy, _ in one.policy_files}:
            data = texts.recall(policy)
            if data is not None and self._policy(policy) != data and not flaws.of_policy(policy):
                self._policies[policy] = data, time.time_ns()

    def _with_policies(self, loaded: Loaded, notes: list[str]) -> tuple[Loaded, str]:
        """A pipeline with the last good texts of its policies, and what is broken in them."""
        kept = {path: self._policies[path] for path, _ in loaded.policy_files if path in self._policies}
        for path, _ in loaded.policy_files:
            if path.exists() and (flaw := flaws.of_policy(path)):
                notes.append(flaw.words(kept[path][1]) if path in kept else f"{flaw.words(0)}, and denies everything")
        return replace(loaded, policy_texts={path: data for path, (data, _) in kept.items()}), "; ".join(notes)

    def _memory(self, path: Path) -> Memory:
        """What is remembered of analysing a file that people are at work on."""
        memory = self._memories.pop(path, None) or Memory()
        self._memories[path] = memory
        if len(self._memories) > AT_WORK:
            del self._memories[next(iter(self._memories))]
        return memory

    # --- telling ----------------------------------------------------------------------------------------------------

    def _difference(self, changed: list[Path], before: dict[Path, dict[str, Makings]]) -> list[DefinitionChange]:
        """What is to be told: what is broken and was not, what was and is no more, and what is live in place of what
        was."""
        now = dict(self._policy_flaws)
        for known in self._known.values():
            now |= known.flaws
        told: list[DefinitionChange] = []
        for file, flaw in now.items():
            if file not in self.broken or self.broken[file].flaw != flaw:
                self.broken[file] = self._change(file, "broken", flaw=flaw, kept=self._is_kept(file))
                told.append(self.broken[file])
        broken_by_it = {change.path for change in told}
        for file in [file for file in self.broken if file not in now]:
            del self.broken[file]
            if not file.exists():
                told.append(self._change(file, "gone"))
            elif file not in changed:
                told.append(self._live(file, before))
        for file in changed:
            # A prompt that breaks its pipeline is not live, though nothing is wrong with the file itself.
            if file not in now and file.exists() and not broken_by_it.intersection(self._users(file)):
                told.append(self._live(file, before))
        return told

    def _is_kept(self, file: Path) -> bool:
        if kind_of(file.name) == "policy":
            return file in self._policies
        return any(one.good is not None for user in self._users(file) if (one := self._known.get(user)))

    def _live(self, file: Path, before: dict[Path, dict[str, Makings]]) -> DefinitionChange:
        self._versions[file] = self._versions.get(file, 1) + 1
        if kind_of(file.name) == "policy":
            affects = [name for user in self._users(file) if (one := self._known.get(user)) for name in one.made]
        else:
            affects = [stage for user in self._users(file) for stage in self._changed_stages(user, before)]
        return self._change(file, "live", affects=tuple(dict.fromkeys(affects)))

    def _changed_stages(self, user: Path, before: dict[Path, dict[str, Makings]]) -> list[str]:
        known, then = self._known.get(user), before.get(user, {})
        made = known.made if known else {}
        pairs = [(then[name], now) for name, now in made.items() if name in then and then[name] is not now]
        return [stage for was, now in pairs for stage, why in changes(was, now).items() if why.words]

    def _change(
        self, file: Path, state: str, *, affects: tuple[str, ...] = (), flaw: Flaw | None = None, kept: bool = False
    ) -> DefinitionChange:
        version, now = self._versions.get(file, 1), time.time_ns() // 1_000_000
        return DefinitionChange(file, state, version, now, affects, flaw, kept)
