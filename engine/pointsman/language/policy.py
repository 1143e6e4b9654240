"""A document of a `*.policy.yaml`, read into the model."""

from typing import Any

from pointsman.language import model, schema
from pointsman.language.agents import read_redaction
from pointsman.language.collecting import ABSENT, Absent, Reading
from pointsman.language.contents import Content
from pointsman.language.items import Steps
from pointsman.language.moving import moved
from pointsman.language.pipeline import wrong_language_version
from pointsman.language.reading import Found
from pointsman.language.tree import Node
from pointsman.language.units import Sheet, Store, read_sheet

APART = frozenset({"rules"})
"""The key whose value is read item by item."""


def read_policy(reading: Reading, root: Node, store: Store) -> Steps[Sheet | Absent]:
    """A document of a policy, piece by piece; ABSENT when it is no mapping."""
    sheet = yield from read_sheet(reading, root, schema.SECTIONS["policy"], APART, policy_content, store)
    if sheet is not ABSENT:
        wrong_language_version(reading, sheet.found)
    return sheet


def policy_content(reading: Reading, values: dict[str, Any]) -> Content:
    """What a piece of a policy holds."""
    return Content(rules=tuple((_rule(rule), rule) for rule in values.get("rules", ())))


def policy_of(sheet: Sheet) -> model.Policy:
    """The model of a document, its spans those of the file."""
    found = sheet.found
    return model.Policy(
        name=found.get("policy", ""),
        span=found.span,
        version=found.get("version", 0),
        default=found.get("default", "allow"),
        rules=tuple(moved(rule, one.by) for one in sheet.with_key("rules") for rule, _ in one.unit.content.rules),
        reasons=tuple((item.name.name, item.value) for item in found.get("reasons", ()) if item.value is not None),
        redact=read_redaction(found),
    )


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
