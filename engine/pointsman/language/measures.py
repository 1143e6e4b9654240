"""Numbers with a unit: durations to nanoseconds, sizes to bytes, money to US dollars."""

from re import IGNORECASE
from re import compile as regex

_DURATION = regex(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+\Z")
_STEP = regex(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SIZE = regex(r"(\d+(?:\.\d+)?) ?(B|KiB|MiB|GiB|KB|MB|GB)\Z")
_MONEY = regex(r"(\d+(?:\.\d+)?) ?usd\Z", IGNORECASE)
_AMOUNT = regex(r"(\d+(?:\.\d+)?) *([A-Za-z$]*)\Z")
_SPELT = {
    **dict.fromkeys(("ms", "msec", "millisecond"), "ms"),
    **dict.fromkeys(("s", "sec", "second"), "s"),
    **dict.fromkeys(("m", "min", "minute"), "m"),
    **dict.fromkeys(("h", "hr", "hour"), "h"),
    **dict.fromkeys(("d", "day"), "d"),
}
_SIZES = {
    "kib": "KiB",
    "mib": "MiB",
    "gib": "GiB",
    "kb": "KB",
    "mb": "MB",
    "gb": "GB",
    "b": "B",
    "byte": "B",
    "bytes": "B",
}

_NANOSECONDS = {"ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3_600 * 10**9, "d": 86_400 * 10**9}
_BYTES = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "KB": 10**3, "MB": 10**6, "GB": 10**9}
# A century: longer is a slip, and nanoseconds must fit into 64 bits.
_LONGEST = 100 * 366 * _NANOSECONDS["d"]
_DIGITS = 40

PATTERNS = {
    "duration": r"^(\d+(\.\d+)?(ms|s|m|h|d))+$",
    "size": r"^\d+(\.\d+)? ?(B|KiB|MiB|GiB|KB|MB|GB)$",
    "money": r"^\d+(\.\d+)? ?[uU][sS][dD]$",
}
"""The forms as regular expressions of JSON Schema."""

EXPECTED = {
    "duration": "a duration like 30s, 5m, 1h30m or 500ms",
    "size": "a size like 256MiB",
    "money": "an amount like 2.50 usd",
}


def measure(text: str, unit: str) -> int | float | None:
    """The value of a text with a unit, or None when it has not the form that `EXPECTED` names."""
    if len(text) > _DIGITS:
        return None
    match unit:
        case "duration":
            if not _DURATION.match(text):
                return None
            total = sum(_whole(number, _NANOSECONDS[name]) for number, name in _STEP.findall(text))
            return total if total <= _LONGEST else None
        case "size":
            size = _SIZE.match(text)
            return _whole(size[1], _BYTES[size[2]]) if size else None
        case _:
            money = _MONEY.match(text)
            return float(money[1]) if money else None


def nearest_measure(text: str, unit: str) -> str | None:
    """What a text with a spelt-out unit, or a bare number, most likely means; None when that is not certain."""
    text = text.strip()
    match unit, _AMOUNT.match(text):
        case "duration", found if found:
            # A bare number is of seconds, as nearly everywhere.
            word = found[2].lower() or "s"
            meant = found[1] + (_SPELT.get(word) or _SPELT.get(word.removesuffix("s"), ""))
        case "money", found if found and found[2].lower() in ("", "$", "dollar", "dollars", "us$"):
            meant = f"{found[1]} usd"
        case "money", _ if text.startswith("$"):
            meant = f"{text[1:].strip()} usd"
        case "size", found if found:
            meant = found[1] + _SIZES.get(found[2].lower(), "")
        case _:
            return None
    return meant if meant != text and (measure(meant, unit) or 0) > 0 else None


def _whole(number: str, factor: int) -> int:
    """Without a detour over floats for what is whole: 3d is exact."""
    return int(number) * factor if "." not in number else round(float(number) * factor)
