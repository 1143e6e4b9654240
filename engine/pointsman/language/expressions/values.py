"""The values of CEL that Python has no type for, the one error of evaluation, and what equality and order mean.

Everything else is plain Python: None, bool, int, float, str, bytes, list and dict. bool is never a number here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

INT_MIN = -(1 << 63)
INT_MAX = (1 << 63) - 1
UINT_MAX = (1 << 64) - 1

# Comparing two texts of this length takes about as long as evaluating a node.
LONG_TEXT = 2048


class EvaluationError(Exception):
    """What went wrong, and where: `start` and `end` are code points in the expression (-1 when it has no place).

    Codes: unknown_name no_such_key no_such_overload index_out_of_range division_by_zero overflow invalid_argument
    duplicate_key no_value cost_exceeded unknown_function invalid_expression.
    """

    def __init__(self, code: str, message: str, start: int = -1, end: int = -1) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.start = start
        self.end = end

    def at(self, start: int, end: int) -> "EvaluationError":
        """The same error with a place, unless it has one: the innermost place is the best one."""
        if self.start < 0:
            self.start, self.end = start, end
        return self


class Meter:
    """What an evaluation may still cost, in steps of roughly 0.2 us; without it one policy could hang the kernel."""

    __slots__ = ("left",)

    # 16 MiB: far above any prompt, far below what hurts. Counted in code points.
    MAX_TEXT = 16 * 1024 * 1024

    def __init__(self, steps: int) -> None:
        self.left = steps

    def charge(self, steps: int) -> None:
        """Takes `steps`; raises cost_exceeded when they are not there."""
        self.left -= steps
        if self.left < 0:
            raise EvaluationError("cost_exceeded", "the expression costs more steps than it may")

    def text(self, size: int) -> None:
        """Charges for making or reading a text of `size`; raises cost_exceeded when it is too large to make."""
        if size > self.MAX_TEXT:
            raise EvaluationError("cost_exceeded", "the text would be larger than 16 MiB")
        self.charge(size >> 6)

    def compared(self, value: object) -> None:
        """Charges for comparing a text with another: far cheaper than making one, but not free."""
        if isinstance(value, str | bytes) and len(value) >= LONG_TEXT:
            self.charge(len(value) >> 11)


class UInt(int):
    """An unsigned 64-bit integer; only `1u` and `uint()` make one."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, order=True)
class Timestamp:
    """A moment of the years 1 to 9999, in nanoseconds since 1970 UTC."""

    nanos: int


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """A span of time in nanoseconds."""

    nanos: int


@dataclass(frozen=True, slots=True)
class CelType:
    """What `type(x)` gives."""

    name: str


class Optional:
    """A value or none. Only `present` ones have a `value`."""

    __slots__ = ("present", "value")

    def __init__(self, present: bool, value: object = None) -> None:
        self.present = present
        self.value = value

    def __repr__(self) -> str:
        return f"optional.of({self.value!r})" if self.present else "optional.none()"


NONE = Optional(False)

_TYPES: dict[type, str] = {
    type(None): "null_type",
    bool: "bool",
    int: "int",
    UInt: "uint",
    float: "double",
    str: "string",
    bytes: "bytes",
    list: "list",
    tuple: "list",
    dict: "map",
    CelType: "type",
    Timestamp: "google.protobuf.Timestamp",
    Duration: "google.protobuf.Duration",
    Optional: "optional_type",
}

# The names of types are values: `type(x) == int`.
TYPE_NAMES = {name: CelType(name) for name in _TYPES.values()}

NUMBERS = frozenset({int, float, UInt})
KEY_TYPES = frozenset({str, int, UInt, bool})

Scope = Mapping[str, object]
# A compiled node: its value in a scope, paid from the meter.
Closure = Callable[[Scope, Meter], object]


def type_name(value: object) -> str:
    """CEL's name of the value's type; `opaque` for what is no value of CEL, like a secret's handle."""
    name = _TYPES.get(type(value))
    if name is None:
        name = "map" if isinstance(value, Mapping) else "opaque"
    return name


def no_overload(what: str, *operands: object) -> EvaluationError:
    """`no_such_overload`, naming the types that do not go with `what`."""
    types = ", ".join(type_name(operand) for operand in operands)
    return EvaluationError("no_such_overload", f"{what} does not take ({types})")


def normal(value: object) -> object:
    """A value from outside as one of ours: subclasses of str, int, float (enums) as their base, a tuple as a list."""
    kind = type(value)
    if kind in _TYPES and kind is not tuple:
        return value
    match value:
        case str():
            return str.__str__(value)
        case int():
            return int(value)
        case float():
            return float(value)
        case bytes():
            return bytes(value)
        case list() | tuple():
            return list(value)
    return value


def equals(left: object, right: object, meter: Meter) -> bool:
    """CEL's equality: numbers by value across types, bool never a number, different types never equal, NaN never."""
    a, b = type(left), type(right)
    if a is b and (a is str or a is int or a is bool):
        if a is str:
            meter.compared(left)
        return left == right
    if a in NUMBERS and b in NUMBERS:
        return left == right
    left, right = normal(left), normal(right)
    if type(left) is not a or type(right) is not b:
        return equals(left, right, meter)
    if isinstance(left, list) and isinstance(right, list):
        if len(left) != len(right):
            return False
        meter.charge(len(left))
        return all(equals(one, other, meter) for one, other in zip(left, right, strict=True))
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return _equal_maps(left, right, meter)
    if isinstance(left, Optional) and isinstance(right, Optional):
        return left.present is right.present and (not left.present or equals(left.value, right.value, meter))
    return a is b and left == right


def _equal_maps(left: Mapping[object, object], right: Mapping[object, object], meter: Meter) -> bool:
    if len(left) != len(right):
        return False
    meter.charge(len(left))
    for key, value in left.items():
        found = find(right, key)
        if not found.present or not equals(value, found.value, meter):
            return False
    return True


def find(mapping: Mapping[object, object], key: object) -> Optional:
    """The value at a key, if there is one. Python takes True for 1; here only numbers are the same key as a number."""
    try:
        value = mapping.get(key, NONE)
    except TypeError:
        return NONE
    if value is NONE and key not in mapping:
        return NONE
    if type(key) is not str and key in (0, 1):
        stored = next((one for one in mapping if one == key), key)
        if (type(stored) is bool) is not (type(key) is bool):
            return NONE
    return Optional(True, value)


def ordered(left: object, right: object) -> bool:
    """Whether CEL puts these two in an order; comparing others is no_such_overload."""
    a, b = type(left), type(right)
    if a in NUMBERS:
        return b in NUMBERS
    return a is b and a in (str, bytes, bool, Timestamp, Duration)
