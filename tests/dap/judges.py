"""Two judges of every message: the protocol's own JSON schema, and somebody else's models of it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import dap_types  # type: ignore[import-untyped]  # it has types and does not say so
import jsonschema_rs

Json = Any

SCHEMA = json.loads((Path(__file__).parents[1] / "data" / "protocols" / "debugAdapterProtocol.json").read_text("utf-8"))
ADAPTERS_OWN = {"LaunchRequest.arguments", "AttachRequest.arguments"}
"""What each adapter may fill as it likes."""


def judge(message: Json) -> None:
    """Raises AssertionError for a message that is not of the protocol."""
    name = definition_of(message)
    errors = [
        f"{'/'.join(map(str, error.instance_path))}: {error.message}" for error in _validator(name).iter_errors(message)
    ]
    assert not errors, f"{name}: {errors} in {message}"
    strangers = list(_strangers(SCHEMA["definitions"][name], message, name))
    assert not strangers, f"{name}: members the protocol does not know: {strangers}"
    model = getattr(dap_types, name)
    model.model_validate(message)


def definition_of(message: Json) -> str:
    """The name of a message's definition, such as `NextRequest` or `StoppedEvent`; of our own ones their kind."""
    match message:
        case {"type": "request" | "response" as kind, "command": str(command)} if "/" in command:
            return _capital(kind)
        case {"type": "request", "command": str(command)}:
            return f"{_capital(command)}Request"
        case {"type": "event", "event": str(event)}:
            return f"{_capital(event)}Event"
        case {"type": "response", "success": False}:
            return "ErrorResponse"
        case {"type": "response", "command": str(command)}:
            return f"{_capital(command)}Response"
        case _:
            raise AssertionError(f"this is no message of the protocol: {message}")


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


@cache
def _validator(name: str) -> Any:
    assert name in SCHEMA["definitions"], f"the protocol has no {name}"
    return jsonschema_rs.validator_for(
        {"$schema": SCHEMA["$schema"], "definitions": SCHEMA["definitions"], "$ref": f"#/definitions/{name}"}
    )


def _strangers(rule: Json, value: Json, where: str) -> Any:
    """Members that the schema does not name, where it names any: it forbids none by itself."""
    members, is_open = _members(rule)
    if isinstance(value, dict) and members:
        for key, inner in value.items():
            if key in members:
                yield from _strangers(members[key], inner, f"{where}.{key}")
            elif not is_open and where not in ADAPTERS_OWN:
                yield f"{where}.{key}"
    if isinstance(value, list):
        items = _resolved(rule).get("items", {})
        for inner in value:
            yield from _strangers(items, inner, f"{where}[]")


def _members(rule: Json) -> tuple[dict[str, Json], bool]:
    rule = _resolved(rule)
    members: dict[str, Json] = {}
    is_open = bool(rule.get("additionalProperties"))
    for part in rule.get("allOf", ()):
        inner, opened = _members(part)
        for key, one in inner.items():
            # A request in general has any arguments; the definition that comes later says which.
            members[key] = one
        is_open = is_open or opened
    members.update(rule.get("properties", {}))
    return members, is_open


def _resolved(rule: Json) -> Json:
    while isinstance(rule, dict) and "$ref" in rule:
        rule = SCHEMA["definitions"][rule["$ref"].rsplit("/", 1)[-1]]
    return rule
