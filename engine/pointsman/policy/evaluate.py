"""Policies and facts to one decision with its reasons.

Over all files the strictest wins: deny, then flag, then allow. Inside a file an explicit rule beats its default, and
the default speaks only at the points some rule of the file names. A policy that can not be read or evaluated denies
with the reason `rules_invalid`: it fails closed.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from re import Pattern, escape
from re import compile as regex
from typing import Any

from pointsman.kernel.events import PolicyStamp
from pointsman.language import model
from pointsman.language.expressions import EvaluationError, compile_expression
from pointsman.language.source import Source

Json = Any
STRICTNESS = {"allow": 0, "flag": 1, "deny": 2}
RULES_INVALID = "rules_invalid"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a policy may look at: the point, the names that `match` compares, and the scope of its expressions."""

    point: str
    names: Mapping[str, str]
    scope: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer: `verdict` allow, flag or deny; reasons sorted and unique; who said so, in which version."""

    verdict: str
    reasons: tuple[str, ...]
    sentences: tuple[str, ...]
    rules: tuple[str, ...]
    policies: tuple[PolicyStamp, ...]


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule with its globs and conditions ready."""

    rule: model.Rule
    globs: tuple[tuple[str, Pattern[str]], ...]
    when: Callable[[Mapping[str, Json]], Json] | None
    unless: Callable[[Mapping[str, Json]], Json] | None


@dataclass(frozen=True, slots=True)
class LoadedPolicy:
    """One policy as loaded now. A `broken` one could never be read, and denies everything it is asked."""

    stamp: PolicyStamp
    default: str = "allow"
    rules: tuple[CompiledRule, ...] = ()
    reasons: tuple[tuple[str, str], ...] = ()
    broken: bool = False


def load_policy(source: Source, policy: model.Policy) -> LoadedPolicy:
    """Make a policy without errors ready to decide."""
    rules = tuple(
        CompiledRule(
            rule,
            tuple((name, _glob(pattern)) for name, pattern in rule.match),
            compile_expression(rule.when.tree) if rule.when else None,
            compile_expression(rule.unless.tree) if rule.unless else None,
        )
        for rule in policy.rules
    )
    stamp = PolicyStamp(policy.name, policy.version, source.digest)
    return LoadedPolicy(stamp, policy.default, rules, policy.reasons)


def decide(policies: Iterable[LoadedPolicy], facts: Facts) -> Verdict:
    """Ask every policy; the strictest answer wins and brings its reasons."""
    strictest, reasons, rules, stamps = "allow", set[str](), list[str](), list[PolicyStamp]()
    sentences: dict[str, str] = {}
    failed: list[str] = []
    for policy in policies:
        sentences.update(policy.reasons)
        verdict, said, applied, stamp = _ask(policy, facts)
        stamps.append(stamp)
        if RULES_INVALID in said and stamp.error:
            failed.append(f"{stamp.policy}: {stamp.error}")
        if STRICTNESS[verdict] > STRICTNESS[strictest]:
            strictest, reasons, rules = verdict, set(), []
        if verdict == strictest and verdict != "allow":
            reasons |= said
            rules += [f"{policy.stamp.policy}/{rule}" for rule in applied]
    named = tuple(sorted(reasons))
    # Which policies, and why: whoever reads it may never have heard of the file.
    invalid = "; ".join(("A policy can not be read or evaluated, so nothing passes it", *failed)) + "."
    sentences.setdefault(RULES_INVALID, invalid)
    return Verdict(
        strictest, named, tuple(sentences.get(reason, reason) for reason in named), tuple(rules), tuple(stamps)
    )


def _ask(policy: LoadedPolicy, facts: Facts) -> tuple[str, set[str], list[str], PolicyStamp]:
    stamp = policy.stamp
    if policy.broken:
        return "deny", {RULES_INVALID}, [], stamp
    at_point = [compiled for compiled in policy.rules if facts.point in compiled.rule.at]
    if not at_point:
        return "allow", set(), [], stamp
    try:
        applied = [compiled.rule for compiled in at_point if _applies(compiled, facts)]
    except EvaluationError as error:
        failed = PolicyStamp(stamp.policy, stamp.version, stamp.hash, f"{error.code}: {error.message}")
        return "deny", {RULES_INVALID}, [], failed
    if not applied:
        return policy.default, set(), [], stamp
    verdict = max((rule.effect for rule in applied), key=STRICTNESS.__getitem__)
    strict = [rule for rule in applied if rule.effect == verdict]
    return verdict, {rule.reason for rule in strict if rule.reason}, [rule.id for rule in strict], stamp


def _applies(compiled: CompiledRule, facts: Facts) -> bool:
    """Names first (cheap), then `when`, then `unless`; what is not a boolean is an error."""
    if any(not pattern.fullmatch(facts.names.get(name, "")) for name, pattern in compiled.globs):
        return False
    if compiled.when and not _truth(compiled.when(facts.scope)):
        return False
    return not (compiled.unless and _truth(compiled.unless(facts.scope)))


def _truth(value: Json) -> bool:
    if not isinstance(value, bool):
        raise EvaluationError("not_a_condition", f"a condition must be true or false, this is {value!r:.60}", 0, 0)
    return value


@lru_cache(maxsize=512)
def _glob(pattern: str) -> Pattern[str]:
    """`*` any run, `?` one character; everything else is itself. The stretches between stars are literal, so matching
    is linear in practice and names are short."""
    return regex("".join(".*" if char == "*" else "." if char == "?" else escape(char) for char in pattern))
