"""What the table of keys is made of: shapes of values, fields, and sections that hold fields.

A shape says what may stand somewhere and nothing else. Four readers use it: `reading.py` (values and diagnostics),
`json_schema.py`, `schema/reference.py`, and later completion and hover.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

Mode = Literal["literal", "expression", "template"]


@dataclass(frozen=True, slots=True)
class Anything:
    """Any JSON value, as it is written."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A JSON value whose strings may be templates. `of` narrows its outer form."""

    of: Literal["any", "mapping", "list", "text"] = "any"


@dataclass(frozen=True, slots=True)
class Text:
    """A string. `like` is a pattern it must match, `says` describes that pattern to a person."""

    like: str = ""
    says: str = "text"


@dataclass(frozen=True, slots=True)
class Reference:
    """The name of something defined elsewhere; `to` says what."""

    to: Literal["stage", "target", "agent", "tool", "branch", "prompt", "policy"]


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number, not below `minimum`."""

    minimum: int = 0


@dataclass(frozen=True, slots=True)
class Number:
    """A number, not below `minimum`."""

    minimum: float = 0


@dataclass(frozen=True, slots=True)
class Boolean:
    """`true` or `false`."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of these words; `later` holds those a later version will know."""

    words: tuple[str, ...]
    later: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Measure:
    """A number with a unit, read to nanoseconds, bytes or US dollars. `least` is the smallest one allowed."""

    unit: Literal["duration", "size", "money"]
    least: int = 0


@dataclass(frozen=True, slots=True)
class Expression:
    """A CEL expression, bare."""


@dataclass(frozen=True, slots=True)
class Schema:
    """A JSON Schema."""


@dataclass(frozen=True, slots=True)
class Many:
    """A list."""

    item: "Shape"
    least: int = 0


@dataclass(frozen=True, slots=True)
class Named:
    """A mapping from names of somebody's choice to values. `what` the names are of."""

    value: "Shape"
    what: str
    least: int = 0
    free: bool = False
    """Whether keys may be any text instead of names."""


@dataclass(frozen=True, slots=True)
class Either:
    """The first shape that fits the form of what is written: a scalar, a list or a mapping."""

    shapes: "tuple[Shape, ...]"


@dataclass(frozen=True, slots=True)
class Of:
    """A section by its name; so sections can hold one another."""

    section: str


Shape = (
    Anything
    | Rendered
    | Text
    | Reference
    | Integer
    | Number
    | Boolean
    | Choice
    | Measure
    | Expression
    | Schema
    | Many
    | Named
    | Either
    | Of
)


@dataclass(frozen=True, slots=True)
class Field:
    """One key. `default` is shown to people and put into the JSON Schema; `only` is the kind the key belongs to."""

    name: str
    shape: Shape
    doc: str
    default: Any = None
    required: bool = False
    since: str = "0.1"
    later: bool = False
    only: str = ""
    example: str = ""

    @property
    def mode(self) -> Mode:
        """How the value is read: as it stands, as CEL, or with `${{ }}` in it."""
        match self.shape:
            case Expression():
                return "expression"
            case Rendered():
                return "template"
            case Named(value=Rendered()):
                return "template"
            case _:
                return "literal"


@dataclass(frozen=True)
class Section:
    """A mapping with known keys. Of `kinds` exactly one is written, or none when `excused` is.

    `open`: other keys make up a JSON Schema, found under the name `schema`.
    """

    name: str
    title: str
    doc: str
    fields: tuple[Field, ...]
    kinds: tuple[str, ...] = ()
    excused: str = ""
    open: bool = False
    by_name: dict[str, Field] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {one.name: one for one in self.fields})


def later(name: str, doc: str) -> Field:
    """A key of a later version: known, documented, refused today."""
    return Field(name, Anything(), doc, since="later", later=True)
