"""A document of a `*.policy.yaml`, read into the model."""

from dataclasses import dataclass

from pointsman.language import model, schema
from pointsman.language.agents import read_redaction
from pointsman.language.collecting import ABSENT, Reading
from pointsman.language.pipeline import wrong_language_version
from pointsman.language.reading import Found, section
from pointsman.language.tree import Node


@dataclass(frozen=True, slots=True)
class PolicyDraft:
    """A policy and where its keys are written; `rules` has the sections of the rules, in order."""

    policy: model.Policy
    found: Found
    rules: tuple[Found, ...] = ()


def read_policy(reading: Reading, root: Node) -> PolicyDraft | None:
    """The policy of a document, or None when it is no mapping."""
    found = section(reading, root, schema.SECTIONS["policy"], "this document")
    if found is ABSENT:
        return None
    wrong_language_version(reading, found)
    rules: tuple[Found, ...] = found.get("rules", ())
    policy = model.Policy(
        name=found.get("policy", ""),
        span=found.span,
        version=found.get("version", 0),
        default=found.get("default", "allow"),
        rules=tuple(_rule(rule) for rule in rules),
        reasons=tuple((item.name.name, item.value) for item in found.get("reasons", ()) if item.value is not None),
        redact=read_redaction(found),
    )
    return PolicyDraft(policy, found, rules)


def _rule(found: Found) -> model.Rule:
    match: Found | None = found.get("match")
    return model.Rule(
        id=found.get("id", ""),
        span=found.span,
        at=found.get("at", ()),
        # A rule that could not be read must not let anything pass.
        effect=found.get("effect", "deny"),
        reason=found.get("reason", ""),
        match=tuple(match.values.items()) if match else (),
        when=found.get("when"),
        unless=found.get("unless"),
    )
