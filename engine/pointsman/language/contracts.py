"""JSON Schemas in a text: whether they can be used, and where they can not."""

from collections.abc import Iterator

from jsonschema_rs import validator_for

from pointsman.language.collecting import Reading
from pointsman.language.diagnostics import Fix, did_you_mean, nearest
from pointsman.language.model import Json
from pointsman.language.tree import Mapping, Missing, Node, Scalar, Sequence, entries, resolve
from pointsman.language.writing import quote_of, written

TYPES = ("string", "number", "integer", "boolean", "object", "array", "null")

# Keywords that hold schemas: as the value, as a list of them, or by a name of somebody's choice.
_ONE = {
    "items",
    "additionalProperties",
    "not",
    "if",
    "then",
    "else",
    "contains",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
    "additionalItems",
}
_LIST = {"allOf", "anyOf", "oneOf", "prefixItems", "items"}
_TABLE = {"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"}
_DEEPEST = 60


def bad_schema(reading: Reading, node: Node, schema: Json) -> bool:
    """Report what is wrong with a JSON Schema; whether anything is."""
    found = list(_wrong_types(node, 0))
    for at, message in found:
        near = nearest(at.text, TYPES)
        fix = Fix(f"Change to {near}", at.span, written(near, quote_of(at))) if near else None
        reading.report("bad_schema", at.span, message, fix=fix)
    if found:
        return True
    try:
        validator_for(schema, retriever=_refuse)
    except Exception as error:  # the validator has its own tree of exceptions; every one means "unusable"
        # Of a reference that was not fetched our own sentence is the clearest part.
        message = str(getattr(error, "message", None) or error).splitlines()[0].rpartition("ValueError: ")[2][:200]
        place = _at(node, list(getattr(error, "instance_path", [])))
        reading.report("bad_schema", place.span, f"this is no usable JSON Schema: {message}")
        return True
    return False


def complaint(schema: Json, value: Json) -> str | None:
    """What a usable JSON Schema says against a value; None when it has nothing to say, or can not judge it."""
    try:
        found = next(validator_for(schema, retriever=_refuse).iter_errors(value), None)
    except Exception:  # as in `bad_schema`; and of a text that is no Unicode nothing is known
        return None
    return found.message if found else None


def _refuse(uri: str) -> Json:
    raise ValueError(f"{uri} is not fetched; write the schema here")


def _wrong_types(node: Node, depth: int) -> Iterator[tuple[Scalar, str]]:
    """Names of types that JSON has not, in every place of the schema where a schema stands."""
    node = resolve(node)
    if not isinstance(node, Mapping) or depth > _DEEPEST:
        return
    for entry in entries(node):
        key, value = entry.key.text, resolve(entry.value)
        if key == "type":
            for name in value.items if isinstance(value, Sequence) else (value,):
                scalar = resolve(name)
                if isinstance(scalar, Scalar) and isinstance(scalar.value, str) and scalar.value not in TYPES:
                    known = f"JSON has no type {scalar.value}{did_you_mean(scalar.value, TYPES)}"
                    yield scalar, known
        if key in _ONE:
            yield from _wrong_types(value, depth + 1)
        if key in _LIST and isinstance(value, Sequence):
            for item in value.items:
                yield from _wrong_types(item, depth + 1)
        if key in _TABLE and isinstance(value, Mapping):
            for inner in entries(value):
                yield from _wrong_types(inner.value, depth + 1)


def _at(node: Node, path: list[str | int]) -> Node:
    """The node at a path of keys and indices, as far as it goes."""
    for step in path:
        inner = resolve(node)
        if isinstance(inner, Mapping):
            following = next((entry.value for entry in entries(inner) if entry.key.text == str(step)), None)
        elif isinstance(inner, Sequence) and isinstance(step, int) and step < len(inner.items):
            following = inner.items[step]
        else:
            following = None
        if following is None or isinstance(following, Missing):
            break
        node = following
    return node
