"""The input a pipeline takes: its JSON Schema, an example of it to start from, and what is missing in a given one."""

from collections.abc import Mapping
from typing import Any

from pointsman.language import model
from pointsman.language.diagnostics import did_you_mean
from pointsman_lsp.analysis.document import Document
from pointsman_lsp.features import Refused

Json = Any

_DEEPEST = 12
"""Levels of an example: a schema that refers to itself has no last one."""
_HERE = "#/"
_FORMATS = {
    "date": "2025-01-31",
    "time": "12:00:00Z",
    "date-time": "2025-01-31T12:00:00Z",
    "email": "someone@example.com",
    "uri": "https://example.com",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def pick(document: Document, name: str | None) -> model.Pipeline:
    """The named pipeline of a file, or its only one. Raises Refused."""
    pipelines = document.analysis.pipelines
    names = [pipeline.name for pipeline in pipelines]
    if name is None and len(pipelines) == 1:
        return pipelines[0]
    if name is None:
        held = ", ".join(names) or "no pipeline"
        raise Refused(f"{document.path.name} holds {held}; say which one is meant")
    for pipeline in pipelines:
        if pipeline.name == name:
            return pipeline
    raise Refused(f"{document.path.name} has no pipeline {name}{did_you_mean(name, names)}")


def example(schema: Json) -> Json:
    """A value to start from: defaults where there are some, else the plainest of each type.

    A property that is neither required nor has a default is left out. It is no promise: patterns are not obeyed.
    """
    return _example(schema, schema, 0) if isinstance(schema, Mapping) else {}


def missing(schema: Json, value: Json) -> tuple[str, ...]:
    """The fields that an input must have and this one has not; nothing is said of values that are wrong otherwise."""
    given = value if isinstance(value, Mapping) else {}
    if not isinstance(schema, Mapping):
        return ()
    rules = schema["properties"] if isinstance(schema.get("properties"), Mapping) else {}
    required = [name for name in _list(schema.get("required")) if isinstance(name, str)]
    return tuple(name for name in required if name not in given and not _has_default(rules.get(name)))


def _example(schema: Json, root: Json, depth: int) -> Json:
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return None
    for key in ("default", "const"):
        if key in schema:
            return schema[key]
    for key in ("examples", "enum"):
        if isinstance(schema.get(key), list) and schema[key]:
            return schema[key][0]
    if isinstance(schema.get("$ref"), str):
        return _example(_resolved(schema["$ref"], root), root, depth + 1)
    for key in ("anyOf", "oneOf"):
        options = schema.get(key)
        if isinstance(options, list) and options and "type" not in schema and "properties" not in schema:
            return _example(options[0], root, depth + 1)
    parts = [schema, *(part for part in _list(schema.get("allOf")) if isinstance(part, Mapping))]
    kind = next((found for part in parts if (found := _type(part))), "object" if depth == 0 else "")
    match kind:
        case "object":
            return _object(parts, root, depth)
        case "array":
            least = schema.get("minItems")
            count = least if isinstance(least, int) and 0 < least <= _DEEPEST else 0
            return [_example(schema.get("items"), root, depth + 1) for _ in range(count)]
        case "string":
            return _text(schema)
        case "integer" | "number":
            return _number(schema)
        case "boolean":
            return False
        case _:
            return None


def _object(parts: list[Any], root: Json, depth: int) -> Json:
    properties: dict[str, Json] = {}
    required: list[Json] = []
    for part in parts:
        properties |= part["properties"] if isinstance(part.get("properties"), Mapping) else {}
        required += _list(part.get("required"))
    wanted = [name for name, rule in properties.items() if name in required or _has_default(rule)]
    wanted += [name for name in required if isinstance(name, str) and name not in properties]
    return {name: _example(properties.get(name), root, depth + 1) for name in wanted}


def _has_default(rule: Json) -> bool:
    return isinstance(rule, Mapping) and "default" in rule


def _type(schema: Mapping[str, Json]) -> str:
    """The first type that a schema allows, or that its keywords speak of."""
    kind = schema.get("type")
    if isinstance(kind, list):
        return next((one for one in kind if isinstance(one, str)), "")
    if isinstance(kind, str):
        return kind
    return "object" if "properties" in schema or "required" in schema else "array" if "items" in schema else ""


def _text(schema: Mapping[str, Json]) -> str:
    named = _FORMATS.get(str(schema.get("format")))
    least = schema.get("minLength")
    return named or ("x" * least if isinstance(least, int) and least <= 1000 else "")


def _number(schema: Mapping[str, Json]) -> Json:
    """The number nearest to nothing that is allowed."""

    def bound(key: str) -> int | float | None:
        value = schema.get(key)
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None

    step = bound("multipleOf") or 1
    least, above, most, below = map(bound, ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"))
    lowest = max((one for one in (least, None if above is None else above + step) if one is not None), default=0)
    highest = min((one for one in (most, None if below is None else below - step) if one is not None), default=0)
    return lowest if lowest > 0 else min(highest, 0)


def _resolved(ref: str, root: Json) -> Json:
    """What a reference inside of the schema leads to; None for every other."""
    if ref == "#":
        return root
    if not ref.startswith(_HERE):
        return None
    found = root
    for step in ref.removeprefix(_HERE).split("/"):
        name = step.replace("~1", "/").replace("~0", "~")
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
