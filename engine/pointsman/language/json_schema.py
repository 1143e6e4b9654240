"""The table of keys as a JSON Schema, for editors without our server; the checker itself knows more."""

from typing import Any

from pointsman.language import schema
from pointsman.language.measures import PATTERNS
from pointsman.language.schema import Field, Section, Shape
from pointsman.language.schema.reference import sections_of

Json = dict[str, Any]
_NAME = "^(?!(true|false|null|in|end|fail)$)[A-Za-z_][A-Za-z0-9_]*$"


def json_schema(kind: str) -> Json:
    """The JSON Schema (draft 2020-12) of a file of this kind: pipeline, policy or workspace."""
    root = schema.ROOTS[kind]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": schema.SECTIONS[root].title,
        "$ref": f"#/$defs/{root}",
        "$defs": {section.name: _section(section) for section in sections_of(kind)},
    }


def _section(section: Section) -> Json:
    usable = [field for field in section.fields if not field.later]
    made: Json = {
        "type": "object",
        "description": section.doc,
        "properties": {field.name: _field(field) for field in usable},
    }
    if not section.open:
        # `<<` brings the keys of another mapping; which ones only a reader of YAML can say.
        made["additionalProperties"] = False
        made["patternProperties"] = {"^<<$": {}}
    required = [field.name for field in usable if field.required]
    if required:
        made["required"] = required
    kinds = [name for name in section.kinds if not section.by_name[name].later]
    if kinds:
        made["oneOf"] = [{"required": [name]} for name in kinds]
        if section.excused:
            none = {"not": {"anyOf": [{"required": [name]} for name in kinds]}, "required": [section.excused]}
            made["oneOf"].append(none)
    only = {field.name: [field.only] for field in usable if field.only}
    if only:
        made["dependentRequired"] = only
    return made


def _field(field: Field) -> Json:
    made = {**_shape(field.shape), "description": field.doc}
    if field.default is not None:
        made["default"] = field.default
    return made


def _shape(shape: Shape) -> Json:
    match shape:
        case schema.Anything():
            return {}
        case schema.Rendered(of=of):
            return {"any": {}, "mapping": {"type": "object"}, "list": {"type": "array"}}.get(of, {"type": "string"})
        case schema.Text(like=like):
            return {"type": "string", "pattern": f"^(?:{like})$"} if like else {"type": "string"}
        case schema.Reference():
            return {"type": "string", "minLength": 1}
        case schema.Integer(minimum=least):
            return {"type": "integer", "minimum": least}
        case schema.Number(minimum=floor):
            return {"type": "number", "minimum": floor}
        case schema.Boolean():
            return {"type": "boolean"}
        case schema.Choice(words=words):
            return {"enum": list(words)}
        case schema.Measure(unit=unit):
            return {"type": "string", "pattern": PATTERNS[unit]}
        case schema.Expression():
            # `when: true` is an expression too, and YAML reads it as a truth value.
            return {"type": ["string", "boolean", "number"]}
        case schema.Schema():
            return {"type": ["object", "boolean"]}
        case schema.Many(item=item, least=count):
            return {"type": "array", "items": _shape(item), **({"minItems": count} if count else {})}
        case schema.Named(value=value, least=count, free=free):
            names: Json = {} if free else {"propertyNames": {"anyOf": [{"pattern": _NAME}, {"const": "<<"}]}}
            more = {"minProperties": count} if count else {}
            return {"type": "object", "additionalProperties": _shape(value), **names, **more}
        case schema.Either(shapes=shapes):
            return {"anyOf": [_shape(one) for one in shapes]}
        case schema.Of(section=name):
            return {"$ref": f"#/$defs/{name}"}
