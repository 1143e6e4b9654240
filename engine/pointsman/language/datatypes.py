"""What an expression may find in a value: types as far as they are certain, read from JSON Schemas and from values.

A type says what is known and no more: a record that is open may have more members, `any` may be anything.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from json import dumps
from typing import Literal

from pointsman.language.expressions import type_name
from pointsman.language.model import Json

BasicName = Literal[
    "any", "null", "bool", "int", "uint", "double", "string", "bytes", "timestamp", "duration", "type", "secret"
]


@dataclass(frozen=True, slots=True)
class Basic:
    """A value without parts. `values` are the only ones it may have, when these are known."""

    name: BasicName
    values: tuple[Json, ...] = ()


@dataclass(frozen=True, slots=True)
class Member:
    """A name in a scope or a record. Its type is found when asked for, so what refers to itself does no harm.

    `doc` says what it is for, `origin` where it comes from, `tell` gives both where they too are only found when asked
    for; `sure`: it is there whenever its record is.
    """

    name: str
    find: "Callable[[], Type]" = field(repr=False, compare=False)
    doc: str = ""
    origin: str = ""
    sure: bool = True
    tell: "Callable[[], tuple[str, str]] | None" = field(default=None, repr=False, compare=False)

    @property
    def type(self) -> "Type":
        """What it holds."""
        return self.find()

    @property
    def about(self) -> tuple[str, str]:
        """What it is for, and where it comes from."""
        return self.tell() if self.tell else (self.doc, self.origin)


@dataclass(frozen=True, slots=True)
class Record:
    """A map whose keys are known by name. `open`: there may be more of them."""

    members: Mapping[str, Member]
    open: bool = True


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list."""

    item: "Type"


@dataclass(frozen=True, slots=True)
class MapOf:
    """A map with any keys."""

    value: "Type"


@dataclass(frozen=True, slots=True)
class Maybe:
    """An optional: what `.?` gives."""

    of: "Type"


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of several; they differ."""

    types: "tuple[Type, ...]"


Type = Basic | Record | ListOf | MapOf | Maybe | OneOf

ANY, NULL, BOOL, INT, DOUBLE, STRING = (
    Basic("any"), Basic("null"), Basic("bool"), Basic("int"), Basic("double"), Basic("string")
)  # fmt: skip
LIST, MAP = ListOf(ANY), MapOf(ANY)

_NAMED: dict[str, Type] = {
    "string": STRING,
    "integer": INT,
    "number": DOUBLE,
    "boolean": BOOL,
    "null": NULL,
    "array": LIST,
    "object": MAP,
}
# References that lead to references, and the options of a choice: nobody reads more, and both multiply.
_HOPS = 4
_OPTIONS = 8
_SHOWN = 5
_LONGEST = 60
_DEEPEST = 4


def member(name: str, of: Type, doc: str = "", origin: str = "", sure: bool = True) -> Member:
    """A member whose type is known already."""
    return Member(name, lambda: of, doc, origin, sure)


def record(members: Iterable[Member], more: bool = False) -> Record:
    """A record of these members; `more`: it may have others."""
    return Record({one.name: one for one in members}, more)


def one_of(types: Iterable[Type]) -> Type:
    """One of these, flattened; `any` swallows all."""
    found: list[Type] = []
    for one in types:
        for inner in one.types if isinstance(one, OneOf) else (one,):
            if inner == ANY:
                return ANY
            if inner not in found:
                found.append(inner)
    return found[0] if len(found) == 1 else OneOf(tuple(found)) if found else ANY


def from_schema(schema: Json, root: Json = None, origin: str = "") -> Type:
    """The type of what meets a JSON Schema; `root` is the schema that `#` means, `origin` goes to its members."""
    return _of_schema(schema, schema if root is None else root, origin, ())


def from_value(value: Json, origin: str = "") -> Type:
    """The type of a value that is written down."""
    match value:
        case dict():
            return record(Member(str(key), partial(from_value, one, origin), "", origin) for key, one in value.items())
        case list():
            return ListOf(one_of(map(from_value, value[:_SHOWN]))) if value else LIST
        case _:
            name = type_name(value)
            return {"bool": BOOL, "int": INT, "double": DOUBLE, "string": STRING, "null_type": NULL}.get(name, ANY)


def words(of: Type, depth: int = 0) -> str:
    """A type as people read it: `string`, `list({id, score})`, `int | null`."""
    if depth > _DEEPEST:
        return "..."
    match of:
        case Basic(name=name, values=values):
            shown = " | ".join(dumps(one, ensure_ascii=False) for one in values[:_SHOWN])
            return shown + (" | ..." if len(values) > _SHOWN else "") if values and len(shown) <= _LONGEST else name
        case Record(members=members):
            if not members:
                return "map"
            names = [*list(members)[:_SHOWN], *(["..."] if len(members) > _SHOWN else [])]
            return "{" + ", ".join(names) + "}"
        case ListOf(item=item):
            return "list" if item == ANY else f"list({words(item, depth + 1)})"
        case MapOf(value=value):
            return "map" if value == ANY else f"map({words(value, depth + 1)})"
        case Maybe(of=inner):
            return f"optional({words(inner, depth + 1)})"
        case OneOf(types=types):
            return " | ".join(words(one, depth + 1) for one in types)


def members(of: Type) -> Mapping[str, Member]:
    """The members that are known of a value of this type: those of an optional are those of what is in it."""
    match of:
        case Record(members=known):
            return known
        case Maybe(of=inner):
            return members(inner)
        case OneOf(types=types):
            found: dict[str, Member] = {}
            for one in types:
                for name, known_member in members(one).items():
                    found.setdefault(name, known_member)
            return found
        case _:
            return {}


def item_of(of: Type) -> Type:
    """What indexing a value gives, or going through it: items of a list, values of a map."""
    match of:
        case ListOf(item=item):
            return item
        case MapOf(value=value):
            return value
        case Record(members=known, open=more):
            return ANY if more or not known else one_of(one.type for one in known.values())
        case Maybe(of=inner):
            return item_of(inner)
        case OneOf(types=types):
            return one_of(item_of(one) for one in types if one != NULL)
        case _:
            return ANY


def receivers(of: Type) -> frozenset[str]:
    """The names that signatures have for a receiver of this type; empty when it may be anything."""
    match of:
        case Basic(name="any"):
            return frozenset()
        case Basic(name=name):
            return frozenset({name})
        case Record() | MapOf():
            return frozenset({"map"})
        case ListOf():
            return frozenset({"list"})
        case Maybe():
            return frozenset({"optional"})
        case OneOf(types=types):
            each = [receivers(one) for one in types]
            return frozenset().union(*each) if all(each) else frozenset()


def _of_schema(schema: Json, root: Json, origin: str, way: tuple[str, ...]) -> Type:
    """`way` are the references that led here: one that leads to itself, but through a member, says nothing."""
    while isinstance(schema, dict) and isinstance(schema.get("$ref"), str):
        reference = schema["$ref"]
        if reference in way or len(way) >= _HOPS:
            return ANY
        schema, way = _referred(root, reference), (*way, reference)
    if not isinstance(schema, dict):
        return ANY
    if "const" in schema:
        return _of_values([schema["const"]])
    if isinstance(schema.get("enum"), list) and schema["enum"]:
        return _of_values(schema["enum"])
    for key in ("anyOf", "oneOf"):
        if isinstance(schema.get(key), list) and schema[key] and "properties" not in schema:
            return one_of(_of_schema(one, root, origin, way) for one in schema[key][:_OPTIONS])
    named = schema.get("type")
    if isinstance(named, list):
        texts = [one for one in named if isinstance(one, str)]
        return one_of(_of_schema({**schema, "type": one}, root, origin, way) for one in texts[:_OPTIONS])
    if named == "array" or (named is None and isinstance(schema.get("items"), dict)):
        return ListOf(_of_schema(schema.get("items"), root, origin, way))
    if named == "object" or (named is None and not schema.keys().isdisjoint(("properties", "allOf", "required"))):
        return _object(schema, root, origin, way)
    return _NAMED.get(named, ANY) if isinstance(named, str) else ANY


def _object(schema: dict[str, Json], root: Json, origin: str, way: tuple[str, ...]) -> Type:
    known: dict[str, Member] = {}
    parts = schema.get("allOf")
    for part in parts[:_OPTIONS] if isinstance(parts, list) else ():
        known.update(members(_of_schema(part, root, origin, way)))
    properties = schema.get("properties")
    needed = schema.get("required")
    needed = needed if isinstance(needed, list) else []
    for name, inner in properties.items() if isinstance(properties, dict) else ():
        doc = (inner.get("description") or inner.get("title")) if isinstance(inner, dict) else ""
        known[name] = Member(
            name,
            partial(from_schema, inner, root, origin),
            doc if isinstance(doc, str) else "",
            origin,
            name in needed,
        )
    for name in needed:
        if isinstance(name, str) and name not in known:
            known[name] = member(name, ANY, "", origin)
    more = schema.get("additionalProperties")
    if not known:
        return MapOf(_of_schema(more, root, origin, way)) if isinstance(more, dict) else MAP
    return Record(known, more is not False)


def _referred(root: Json, reference: str) -> Json:
    """What a reference inside of the same schema means; None when it leads nowhere."""
    if not reference.startswith("#"):
        return None
    found = root
    for part in reference[1:].split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _of_values(values: list[Json]) -> Type:
    found: dict[Basic, list[Json]] = {}
    for one in values:
        of = from_value(one)
        if not isinstance(of, Basic):
            return one_of(map(from_value, values))
        found.setdefault(of, []).append(one)
    return one_of(of if of in (NULL, BOOL) else Basic(of.name, tuple(those)) for of, those in found.items())
