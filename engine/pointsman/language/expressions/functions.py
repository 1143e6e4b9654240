"""What the functions of the table do. Each takes the meter and its values; errors get their place from the call."""

from collections.abc import Callable, Mapping
from functools import partial
from math import isinf, isnan
from re import compile as regex

from pointsman.language.expressions import helpers, texts
from pointsman.language.expressions.times import (
    SECOND,
    format_duration,
    format_timestamp,
    moment,
    parse_duration,
    parse_timestamp,
    read_clock,
)
from pointsman.language.expressions.values import (
    INT_MAX,
    INT_MIN,
    NONE,
    UINT_MAX,
    CelType,
    Duration,
    EvaluationError,
    Meter,
    Optional,
    Timestamp,
    UInt,
    no_overload,
    normal,
    type_name,
)

Function = Callable[..., object]

_INTEGER = regex(r"[+-]?[0-9]{1,40}")
_DOUBLE = regex(
    r"[+-]?(?:[0-9]+\.?[0-9]*(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?|[iI]nf(?:inity)?|Infinity|NaN|nan)"
)
_BOOLS = dict.fromkeys(("true", "True", "TRUE", "t", "1"), True) | dict.fromkeys(
    ("false", "False", "FALSE", "f", "0"), False
)


def size(meter: Meter, value: object) -> object:
    if isinstance(value, str | bytes | list | tuple | Mapping):
        return len(value)
    raise no_overload("size", value)


def to_int(meter: Meter, value: object) -> object:
    value = normal(value)
    if type(value) is float:
        if isnan(value) or not float(INT_MIN) < value < float(INT_MAX):
            raise _too_large("a 64-bit integer")
        return int(value)
    if isinstance(value, int) and type(value) is not bool:
        return _fits(int(value), INT_MIN, INT_MAX, "a 64-bit integer")
    if isinstance(value, str):
        return _fits(_digits(value), INT_MIN, INT_MAX, "a 64-bit integer")
    if isinstance(value, Timestamp):
        return value.nanos // SECOND
    raise no_overload("int", value)


def to_uint(meter: Meter, value: object) -> object:
    value = normal(value)
    if type(value) is float:
        if isnan(value) or not 0.0 <= value < float(UINT_MAX):
            raise _too_large("an unsigned 64-bit integer")
        return UInt(value)
    if isinstance(value, int) and type(value) is not bool:
        return UInt(_fits(int(value), 0, UINT_MAX, "an unsigned 64-bit integer"))
    if isinstance(value, str):
        return UInt(_fits(_digits(value), 0, UINT_MAX, "an unsigned 64-bit integer"))
    raise no_overload("uint", value)


def to_double(meter: Meter, value: object) -> object:
    value = normal(value)
    if type(value) is float:
        return value
    if isinstance(value, int) and type(value) is not bool:
        try:
            return float(value)
        except OverflowError:
            raise _too_large("a double") from None
    if isinstance(value, str):
        if _DOUBLE.fullmatch(value) is None:
            raise EvaluationError("invalid_argument", "the text is no number")
        return float(value)
    raise no_overload("double", value)


def to_string(meter: Meter, value: object) -> object:
    value = normal(value)
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(int(value)) if abs(value) <= UINT_MAX else f"{value:#x}"
        case float():
            return _double_text(value)
        case bytes():
            meter.text(len(value))
            try:
                return value.decode("utf-8")
            except UnicodeDecodeError:
                raise EvaluationError("invalid_argument", "the bytes are no UTF-8") from None
        case Timestamp():
            return format_timestamp(value)
        case Duration():
            return format_duration(value)
    raise no_overload("string", value)


def to_bytes(meter: Meter, value: object) -> object:
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        meter.text(len(value))
        return value.encode("utf-8", "surrogatepass")
    raise no_overload("bytes", value)


def to_bool(meter: Meter, value: object) -> object:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        if value not in _BOOLS:
            raise EvaluationError("invalid_argument", 'the text is neither "true" nor "false"')
        return _BOOLS[value]
    raise no_overload("bool", value)


def to_timestamp(meter: Meter, value: object) -> object:
    if isinstance(value, Timestamp):
        return value
    if isinstance(value, str):
        return parse_timestamp(value)
    if isinstance(value, int) and type(value) is not bool:
        return moment(value * SECOND)
    raise no_overload("timestamp", value)


def to_duration(meter: Meter, value: object) -> object:
    if isinstance(value, Duration):
        return value
    if isinstance(value, str):
        return parse_duration(value)
    raise no_overload("duration", value)


def type_of(meter: Meter, value: object) -> object:
    return CelType(type_name(normal(value)))


def same(meter: Meter, value: object) -> object:
    return value


def clock(function: str, meter: Meter, value: object, zone: object = "UTC") -> object:
    if not isinstance(zone, str):
        raise no_overload(function, value, zone)
    return read_clock(function, value, zone)


def reverse(meter: Meter, value: object) -> object:
    if isinstance(value, str):
        meter.text(len(value))
        return value[::-1]
    if isinstance(value, list | tuple):
        meter.charge(len(value))
        return list(value[::-1])
    raise no_overload("reverse", value)


def optional_of(meter: Meter, value: object) -> object:
    return Optional(True, value)


def optional_of_non_zero(meter: Meter, value: object) -> object:
    zero = value in (Timestamp(0), Duration(0)) if isinstance(value, Timestamp | Duration) else False
    empty = value is None or (
        isinstance(value, bool | int | float | str | bytes | list | tuple | Mapping) and not value
    )
    return NONE if zero or empty else Optional(True, value)


def optional_none(meter: Meter) -> object:
    return NONE


def has_value(meter: Meter, value: object) -> object:
    return _optional("hasValue", value).present


def value_of(meter: Meter, value: object) -> object:
    optional = _optional("value", value)
    if not optional.present:
        raise EvaluationError("no_value", "the optional has no value; ask with hasValue() or give one with orValue()")
    return optional.value


def _optional(function: str, value: object) -> Optional:
    if isinstance(value, Optional):
        return value
    raise no_overload(function, value)


def _digits(text: str) -> int:
    if _INTEGER.fullmatch(text) is None:
        raise EvaluationError("invalid_argument", "the text is no integer")
    return int(text)


def _fits(value: int, low: int, high: int, what: str) -> int:
    if low <= value <= high:
        return value
    raise _too_large(what)


def _too_large(what: str) -> EvaluationError:
    return EvaluationError("overflow", f"the number does not fit in {what}")


def _double_text(value: float) -> str:
    """The shortest text that reads back as the same double; whole ones without `.0`, as people write them."""
    if isnan(value):
        return "NaN"
    if isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return repr(value).removesuffix(".0")


_GETTERS = (
    "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getFullYear",
    "getMonth", "getHours", "getMinutes", "getSeconds", "getMilliseconds",
)  # fmt: skip

# `or` and `orValue` evaluate their argument only when they need it, `env` and `secret` ask the scope: see `calling.py`.
IMPLEMENTATIONS: dict[str, Function] = {
    "size": size,
    "int": to_int,
    "uint": to_uint,
    "double": to_double,
    "string": to_string,
    "bytes": to_bytes,
    "bool": to_bool,
    "type": type_of,
    "dyn": same,
    "timestamp": to_timestamp,
    "duration": to_duration,
    "reverse": reverse,
    "hasValue": has_value,
    "value": value_of,
    "optional.of": optional_of,
    "optional.ofNonZeroValue": optional_of_non_zero,
    "optional.none": optional_none,
    "host": helpers.host,
    "glob": helpers.glob,
    **{name: partial(clock, name) for name in _GETTERS},
    **texts.IMPLEMENTATIONS,
}
