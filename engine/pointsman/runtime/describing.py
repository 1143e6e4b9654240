"""Events in words: what happened, in one line, for whoever lists them."""

import json

import msgspec

from pointsman.debugger.nodes import step_of
from pointsman.journal.codec import KIND_OF
from pointsman.kernel.events import Event
from pointsman.runtime.words import value_text


def event_kind(event: Event) -> str:
    """The kind of an event, as the journal has it."""
    return KIND_OF[type(event)]


def event_words(event: Event) -> str:
    """What happened, without the kind."""
    payload = msgspec.to_builtins(event)
    kind = payload.pop("kind")
    if kind == "stage.routed":
        seen = [
            f"{operand['text']} = {value_text(operand.get('value'), 30)}"
            for candidate in payload.get("candidates", [])
            for operand in candidate.get("operands", [])
        ]
        why = payload.get("label") or payload["why"]
        return f"{payload['stage']} → {payload['to']} ({why})" + (f" because {', '.join(seen)}" if seen else "")
    if kind == "edited":
        path = payload["path"]
        where = "".join([*map(str, path[:1]), *map(step_of, path[1:])])
        by = f" by {payload['by']}" if payload.get("by") else ""
        return f"{payload['stage']}: {where} = {value_text(payload['value'], 60)}{by}"
    named = [str(payload.pop(name)) for name in ("stage", "effect", "outcome") if payload.get(name)]
    return value_text(" ".join(named) + (f" {json.dumps(payload, ensure_ascii=False)}" if payload else ""))
