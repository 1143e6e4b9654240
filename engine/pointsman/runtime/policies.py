"""The policies that watch a run, live: each decision uses the text on disk at that moment, and stamps it.

A text that breaks after it was good leaves the last good version live, and every stamp says so; one that was never good
denies (it fails closed).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pointsman.errors import Misuse
from pointsman.journal.store import Definition
from pointsman.kernel.effects import Decide
from pointsman.kernel.envelope import Scope
from pointsman.kernel.events import Decided, PolicyStamp
from pointsman.kernel.state import State
from pointsman.language.analysis import Analysis, Files, analyse
from pointsman.language.model import LlmTarget
from pointsman.language.source import Source
from pointsman.policy import Facts, LoadedPolicy, decide, load_policy
from pointsman.runtime.workspace import Place, analyse_file

Signature = tuple[int, int, int]


@dataclass(slots=True)
class _File:
    path: Path
    shown: str
    signature: Signature | None = None
    policies: tuple[LoadedPolicy, ...] = ()
    good: bool = False


class PolicyBook:
    """The policy files of one run. `keep` is called with each text the first time a decision uses it; `last_good` are
    texts to fall back to when a file is broken before the run has read it once."""

    def __init__(
        self,
        place: Place,
        files: Sequence[tuple[Path, str]],
        keep: Callable[[Definition], None] | None = None,
        last_good: Mapping[Path, bytes] | None = None,
    ) -> None:
        self._place = place
        self._last_good = last_good or {}
        self._files = [_File(path, shown) for path, shown in files]
        self._keep = keep

    def decide(self, effect: Decide, state: State) -> Decided:
        """The decision of all policies as they are on disk now."""
        policies = [policy for file in self._files for policy in self._current(file)]
        verdict = decide(policies, _facts(effect, state, self._place))
        return Decided(effect.id, verdict.verdict, verdict.reasons, verdict.rules, verdict.policies, verdict.sentences)

    def problems(self) -> list[str]:
        """What is wrong with the files now, in sentences."""
        found = (policy.stamp for file in self._files for policy in self._current(file))
        return [f"{stamp.policy}: {stamp.error}" for stamp in found if stamp.error]

    def _current(self, file: _File) -> tuple[LoadedPolicy, ...]:
        signature = _signature(file.path)
        if signature is None or signature != file.signature:
            file.signature = signature
            self._load(file)
        return file.policies

    def _load(self, file: _File) -> None:
        try:
            analysed = analyse_file(self._place, file.path, file.shown)
        except Misuse as error:
            self._broken(file, str(error.message), None)
            return
        if analysed.errors or not analysed.policies:
            first = analysed.errors[0].message if analysed.errors else "there is no policy in it"
            self._broken(file, first, analysed.source)
            return
        self._take(file, analysed)

    def _take(self, file: _File, analysed: Analysis) -> None:
        file.policies = tuple(load_policy(analysed.source, policy) for policy in analysed.policies)
        file.good = True
        if self._keep:
            self._keep(Definition(analysed.source.digest, "policy", file.shown, analysed.source.data))

    def _broken(self, file: _File, why: str, source: Source | None) -> None:
        if not file.good and file.path in self._last_good:
            found = analyse(Source(file.shown, self._last_good[file.path]), Files(), self._place.settings)
            self._take(file, found)
        if file.good:
            error = f"the file on disk is broken, the last good version is used: {why}"
            file.policies = tuple(_stamped(policy, error) for policy in file.policies)
            return
        stamp = PolicyStamp(file.shown, 0, source.digest if source else "", why)
        file.policies = (LoadedPolicy(stamp, broken=True),)


def _stamped(policy: LoadedPolicy, error: str) -> LoadedPolicy:
    stamp = policy.stamp
    return LoadedPolicy(
        PolicyStamp(stamp.policy, stamp.version, stamp.hash, error), policy.default, policy.rules, policy.reasons
    )


def _facts(effect: Decide, state: State, place: Place) -> Facts:
    branch = state.branches[effect.branch]
    principal = state.started.principal
    names = {"pipeline": state.started.pipeline, "stage": effect.stage, "agent": effect.agent}
    tenant = principal.get("tenant")
    if isinstance(tenant, str):
        names["tenant"] = tenant
    agent = state.program.agents.get(effect.agent)
    if agent and isinstance(agent.target, LlmTarget):
        names["model"] = agent.target.model
    scope = Scope(
        state,
        branch,
        {
            "args": effect.args,
            "agent": effect.agent,
            "stage": effect.stage,
            "pipeline": state.started.pipeline,
            "principal": principal,
            "tenant": tenant,
            "workspace": dict(place.settings.lists),
            "tool": None,  # there is none at the points of this version
            "model": {"name": names["model"]} if "model" in names else None,
        },
    )
    if effect.point == "output.accept":
        scope["result"] = effect.result
    return Facts(effect.point, names, scope)


def _signature(path: Path) -> Signature | None:
    try:
        seen = path.stat()
    except OSError:
        return None
    return seen.st_mtime_ns, seen.st_size, seen.st_ino
