"""Moments and spans of time as CEL has them, in whole nanoseconds; the calendar is proleptic Gregorian, and UTC.

Only fixed offsets (`+02:00`) are taken as a time zone: names like `Europe/Berlin` mean something else after the next
update of the machine's zone files, and expressions must not.
"""

from datetime import date
from re import compile as regex

from pointsman.language.expressions.values import Duration, EvaluationError, Timestamp, no_overload

SECOND = 1_000_000_000
_DAY = 86_400 * SECOND
_EPOCH = date(1970, 1, 1).toordinal()
_FIRST = (date.min.toordinal() - _EPOCH) * _DAY
_LAST = (date.max.toordinal() - _EPOCH + 1) * _DAY - 1
# What 64 bits of nanoseconds hold, about 292 years: the range of Google's implementations.
_LONGEST = (1 << 63) - 1

_RFC3339 = regex(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?"
    r"(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
)
_SPAN = regex(r"([0-9]*)(?:\.([0-9]*))?(h|ms|m|s|us|µs|ns)")
_ZONE = regex(r"([+-]?)([0-9]{2}):([0-9]{2})")
_UNITS = {"h": 3600 * SECOND, "m": 60 * SECOND, "s": SECOND, "ms": 1_000_000, "us": 1_000, "µs": 1_000, "ns": 1}


def moment(nanos: int) -> Timestamp:
    """A timestamp; raises EvaluationError(overflow) outside of the years 1 to 9999."""
    if not _FIRST <= nanos <= _LAST:
        raise EvaluationError("overflow", "a timestamp is within the years 1 to 9999")
    return Timestamp(nanos)


def span(nanos: int) -> Duration:
    """A duration; raises EvaluationError(overflow) beyond 292 years."""
    if not -_LONGEST <= nanos <= _LONGEST:
        raise EvaluationError("overflow", "a duration is at most about 292 years")
    return Duration(nanos)


def parse_timestamp(text: str) -> Timestamp:
    """A timestamp from RFC 3339 text."""
    found = _RFC3339.fullmatch(text)
    if found is None:
        raise EvaluationError("invalid_argument", "no RFC 3339 timestamp, like 2026-02-03T12:00:00Z")
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    try:
        days = date(year, month, day).toordinal() - _EPOCH
    except ValueError:
        raise EvaluationError("invalid_argument", "there is no such date") from None
    if hour > 23 or minute > 59 or second > 59:
        raise EvaluationError("invalid_argument", "there is no such time of day")
    fraction, sign, hours, minutes = found.groups()[6:]
    offset = 0
    if sign:
        offset = (int(hours) * 3600 + int(minutes) * 60) * (-1 if sign == "-" else 1)
    seconds = hour * 3600 + minute * 60 + second - offset
    return moment(days * _DAY + seconds * SECOND + int((fraction or "").ljust(9, "0")))


def format_timestamp(value: Timestamp) -> str:
    """RFC 3339 in UTC, with as many decimals as there are."""
    days, nanos = divmod(value.nanos, _DAY)
    seconds, rest = divmod(nanos, SECOND)
    text = f"{date.fromordinal(days + _EPOCH)}T{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return text + (f".{rest:09}".rstrip("0") if rest else "") + "Z"


def parse_duration(text: str) -> Duration:
    """A duration from text like `1h30m`, `-1.5s` or `0`."""
    body = text[1:] if text[:1] in ("-", "+") else text
    total, at = 0, 0
    while at < len(body):
        found = _SPAN.match(body, at)
        if found is None or not (found[1] or found[2]) or len(found[0]) > 40:
            break
        unit = _UNITS[found[3]]
        total += int(found[1] or "0") * unit
        if found[2]:
            total += int(found[2]) * unit // 10 ** len(found[2])
        at = found.end()
    if body != "0" and (not body or at < len(body)):
        raise EvaluationError("invalid_argument", 'no duration, like "1h30m" or "1.5s"')
    return span(-total if text[0] == "-" else total)


def format_duration(value: Duration) -> str:
    """Seconds, with as many decimals as there are: `5400s`, `-0.5s`."""
    seconds, rest = divmod(abs(value.nanos), SECOND)
    return f"{'-' if value.nanos < 0 else ''}{seconds}" + (f".{rest:09}".rstrip("0") if rest else "") + "s"


def add_times(left: Timestamp | Duration, right: Timestamp | Duration) -> Timestamp | Duration:
    if isinstance(left, Timestamp) and isinstance(right, Timestamp):
        raise no_overload("+", left, right)
    total = left.nanos + right.nanos
    return span(total) if isinstance(left, Duration) and isinstance(right, Duration) else moment(total)


def subtract_times(left: Timestamp | Duration, right: Timestamp | Duration) -> Timestamp | Duration:
    if isinstance(left, Duration) and isinstance(right, Timestamp):
        raise no_overload("-", left, right)
    rest = left.nanos - right.nanos
    return moment(rest) if isinstance(left, Timestamp) and isinstance(right, Duration) else span(rest)


def read_clock(function: str, value: object, zone: str = "UTC") -> int:
    """What the getter `function` reads from a timestamp at an offset; from a duration, the whole of it in that unit."""
    if isinstance(value, Duration):
        return _of_duration(function, value)
    if not isinstance(value, Timestamp):
        raise no_overload(function, value)
    days, nanos = divmod(value.nanos + _offset(zone), _DAY)
    # The offset may lead out of the years Python's calendar knows; 400 years are whole weeks and repeat exactly.
    shift = 146_097 if days + _EPOCH < 1 else -146_097 if days + _EPOCH > date.max.toordinal() else 0
    day = date.fromordinal(days + _EPOCH + shift)
    match function:
        case "getDate":
            return day.day
        case "getDayOfMonth":
            return day.day - 1
        case "getDayOfWeek":
            return day.isoweekday() % 7
        case "getDayOfYear":
            return day.toordinal() - date(day.year, 1, 1).toordinal()
        case "getFullYear":
            return day.year - (400 if shift > 0 else -400 if shift else 0)
        case "getMonth":
            return day.month - 1
        case "getHours":
            return nanos // (3600 * SECOND)
        case "getMinutes":
            return nanos // (60 * SECOND) % 60
        case "getSeconds":
            return nanos // SECOND % 60
        case _:
            return nanos // 1_000_000 % 1000


def _of_duration(function: str, value: Duration) -> int:
    units = {"getHours": 3600 * SECOND, "getMinutes": 60 * SECOND, "getSeconds": SECOND}
    nanos = abs(value.nanos)
    if function == "getMilliseconds":
        whole = nanos // 1_000_000 % 1000
    elif function in units:
        whole = nanos // units[function]
    else:
        raise no_overload(function, value)
    return -whole if value.nanos < 0 else whole


def _offset(zone: str) -> int:
    if zone in ("UTC", "Z", ""):
        return 0
    found = _ZONE.fullmatch(zone)
    if found is None:
        raise EvaluationError("invalid_argument", "a time zone is a fixed offset, like +02:00, or UTC")
    seconds = int(found[2]) * 3600 + int(found[3]) * 60
    return (-seconds if found[1] == "-" else seconds) * SECOND
