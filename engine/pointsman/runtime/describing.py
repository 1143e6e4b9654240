"""Events in words: what happened, in one line, for whoever lists them."""

import json
from typing import Any

import msgspec

from pointsman.debugger.nodes import step_of
from pointsman.journal.codec import KIND_OF
from pointsman.kernel.events import Event
from pointsman.runtime.words import value_text
from pointsman.security.redaction import Redactor

OPERAND = 30
"""Characters of a value that a route was taken for."""
EDITED = 60
"""Characters of a value that somebody has put in."""


def event_kind(event: Event) -> str:
    """The kind of an event, as the journal has it."""
    return KIND_OF[type(event)]


def event_words(event: Event, hide: Redactor) -> str:
    """What happened, without the kind; redacted, and only then cut."""
    return hide.text(_words(event, hide))


def _words(event: Event, hide: Redactor) -> str:
    payload = msgspec.to_builtins(event)
    kind = payload.pop("kind")
    if kind == "stage.routed":
        seen = [
            _named(f"{operand['text']} = ", operand.get("value"), hide, OPERAND)
            for candidate in payload.get("candidates", [])
            for operand in candidate.get("operands", [])
        ]
        why = payload.get("label") or payload["why"]
        return f"{payload['stage']} → {payload['to']} ({why})" + (f" because {', '.join(seen)}" if seen else "")
    if kind == "edited":
        path = payload["path"]
        where = "".join([*map(str, path[:1]), *map(step_of, path[1:])])
        by = f" by {payload['by']}" if payload.get("by") else ""
        return _named(f"{payload['stage']}: {where} = ", payload["value"], hide, EDITED) + by
    named = [str(payload.pop(name)) for name in ("stage", "effect", "outcome") if payload.get(name)]
    rest = {name: hide.value(value) for name, value in payload.items()}
    return value_text(" ".join(named) + (f" {json.dumps(rest, ensure_ascii=False)}" if rest else ""), hide)


def _named(name: str, value: Any, hide: Redactor, limit: int) -> str:
    """A value behind its name: redacted together, since a pattern may look at both."""
    shown = hide.value(value)
    text = shown if isinstance(shown, str) else json.dumps(shown, ensure_ascii=False)
    return value_text(name + text, hide, len(name) + limit)
