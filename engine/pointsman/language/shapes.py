"""The way through the table of keys: what a key or an index leads to in a shape, and what is written in it."""

from pointsman.language import schema
from pointsman.language.contracts import TYPES
from pointsman.language.schema import Field, Section, Shape

_SCHEMAS = schema.Named(schema.Schema(), "schema", free=True)
_JSON_SCHEMA: dict[str, Shape] = {
    "type": schema.Either((schema.Choice(TYPES), schema.Many(schema.Choice(TYPES)))),
    "properties": _SCHEMAS,
    "patternProperties": _SCHEMAS,
    "$defs": _SCHEMAS,
    "items": schema.Schema(),
    "additionalProperties": schema.Schema(),
    "not": schema.Schema(),
    "contains": schema.Schema(),
    "allOf": schema.Many(schema.Schema()),
    "anyOf": schema.Many(schema.Schema()),
    "oneOf": schema.Many(schema.Schema()),
    "required": schema.Many(schema.Text()),
    "uniqueItems": schema.Boolean(),
    "description": schema.Text(),
    "title": schema.Text(),
}
"""What holds schemas in a JSON Schema, and what has a form of its own there."""


def inward(shape: Shape | None, step: str | int, field: Field | None = None) -> tuple[Shape | None, Field | None]:
    """What a key or an index of this shape leads to, and the key of the table it belongs to."""
    match shape:
        case schema.Of(section=name):
            section = schema.SECTIONS[name]
            found = section.by_name.get(str(step)) if isinstance(step, str) else None
            if found is None and section.open and isinstance(step, str):
                return inward(schema.Schema(), step, field)
            return (found.shape, found) if found else (None, None)
        case schema.Named(value=value) if isinstance(step, str):
            return value, field
        case schema.Many(item=item) if isinstance(step, int):
            return item, field
        case schema.Rendered():
            return schema.Rendered(), field
        case schema.Anything():
            return shape, field
        case schema.Either(shapes=shapes):
            wanted = schema.Many if isinstance(step, int) else schema.Of | schema.Named
            inner = next((one for one in shapes if isinstance(one, wanted)), None)
            return inward(inner, step, field) if inner else (None, field)
        case schema.Schema() if isinstance(step, str):
            return _JSON_SCHEMA.get(step, schema.Anything()), field
        case _:
            return None, field


def section_of(shape: Shape | None) -> Section | None:
    """The section that a mapping of this shape is."""
    match shape:
        case schema.Of(section=name):
            return schema.SECTIONS[name]
        case schema.Either(shapes=shapes):
            return next((found for one in shapes if (found := section_of(one))), None)
        case _:
            return None


def defines_names(shape: Shape | None) -> bool:
    """Whether keys here are names of things that are defined: the others are no help, and there may be very many."""
    return isinstance(shape, schema.Named) and shape.what in ("stage", "agent", "tool", "branch")


def wants_keys(shape: Shape | None) -> bool:
    """Whether a bare word here is rather the start of a key than a value."""
    match shape:
        case schema.Of() | schema.Named() | schema.Schema() | schema.Rendered(of="mapping"):
            return True
        case _:
            return False
