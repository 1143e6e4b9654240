"""The functions on text: indexes count code points, sizes are checked before a large text is made."""

from collections.abc import Callable

from pointsman.language.expressions import patterns
from pointsman.language.expressions.values import EvaluationError, Meter, no_overload, normal

# Unicode's White_Space, which is not quite what Python strips (it adds the ASCII separators U+001C to U+001F).
_BLANKS = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_UPPER = {lower: lower - 32 for lower in range(ord("a"), ord("z") + 1)}
_QUOTES = {
    ord("\a"): "\\a", ord("\b"): "\\b", ord("\f"): "\\f", ord("\n"): "\\n", ord("\r"): "\\r", ord("\t"): "\\t",
    ord("\v"): "\\v", ord("\\"): "\\\\", ord('"'): '\\"',
}  # fmt: skip


def contains(meter: Meter, text: object, part: object) -> object:
    one, other = _texts("contains", meter, text, part)
    return other in one


def starts_with(meter: Meter, text: object, part: object) -> object:
    one, other = _texts("startsWith", meter, text, part)
    return one.startswith(other)


def ends_with(meter: Meter, text: object, part: object) -> object:
    one, other = _texts("endsWith", meter, text, part)
    return one.endswith(other)


def matches(meter: Meter, text: object, pattern: object) -> object:
    one, other = _texts("matches", meter, text, pattern)
    meter.charge(len(one) >> 4)  # a pattern walks slower than a search
    return patterns.found(one, other)


def char_at(meter: Meter, text: object, index: object) -> object:
    one, at = _text("charAt", meter, text), _whole("charAt", index)
    if not 0 <= at <= len(one):
        raise _out_of_range(at)
    return one[at : at + 1]


def index_of(meter: Meter, text: object, part: object, start: object = 0) -> object:
    one, other = _texts("indexOf", meter, text, part)
    at = _whole("indexOf", start)
    if not 0 <= at <= len(one):
        raise _out_of_range(at)
    return one.find(other, at)


def last_index_of(meter: Meter, text: object, part: object, end: object = None) -> object:
    one, other = _texts("lastIndexOf", meter, text, part)
    if end is None:
        return one.rfind(other)
    at = _whole("lastIndexOf", end)
    if not 0 <= at <= len(one):
        raise _out_of_range(at)
    return one.rfind(other, 0, at + len(other))


def lower_ascii(meter: Meter, text: object) -> object:
    return _text("lowerAscii", meter, text).translate(_LOWER)


def upper_ascii(meter: Meter, text: object) -> object:
    return _text("upperAscii", meter, text).translate(_UPPER)


def trim(meter: Meter, text: object) -> object:
    return _text("trim", meter, text).strip(_BLANKS)


def replace(meter: Meter, text: object, old: object, new: object, limit: object = -1) -> object:
    one, other = _texts("replace", meter, text, old)
    substitute = _text("replace", meter, new)
    count = _whole("replace", limit)
    times = one.count(other) if count < 0 else min(count, one.count(other))
    meter.text(len(one) + times * max(0, len(substitute) - len(other)))
    return one.replace(other, substitute, count)


def split(meter: Meter, text: object, separator: object, limit: object = -1) -> object:
    one, other = _texts("split", meter, text, separator)
    count = _whole("split", limit)
    if count == 0:
        return []
    if not other:
        pieces = list(one) if count < 0 else [*one[: count - 1], *([one[count - 1 :]] if one[count - 1 :] else [])]
    else:
        pieces = one.split(other, count - 1 if count > 0 else -1)
    meter.charge(len(pieces))
    return pieces


def join(meter: Meter, items: object, separator: object = "") -> object:
    between = _text("join", meter, separator)
    if not isinstance(items, list | tuple):
        raise no_overload("join", items)
    meter.charge(len(items))
    texts: list[str] = []
    for item in items:
        if not isinstance(item, str):
            raise EvaluationError("no_such_overload", "join takes a list of strings; map the others with string(x)")
        texts.append(item)
    meter.text(sum(map(len, texts)) + len(between) * len(texts))
    return between.join(texts)


def substring(meter: Meter, text: object, start: object, end: object = None) -> object:
    one, first = _text("substring", meter, text), _whole("substring", start)
    last = len(one) if end is None else _whole("substring", end)
    if not 0 <= first <= len(one):
        raise _out_of_range(first)
    if not first <= last <= len(one):
        raise _out_of_range(last)
    return one[first:last]


def quote(meter: Meter, text: object) -> object:
    one = _text("strings.quote", meter, text)
    meter.text(2 * len(one))
    return f'"{one.translate(_QUOTES)}"'


def _text(function: str, meter: Meter, value: object) -> str:
    if not isinstance(value, str):
        raise no_overload(function, value)
    meter.charge(len(value) >> 6)
    return value


def _texts(function: str, meter: Meter, one: object, other: object) -> tuple[str, str]:
    if not isinstance(one, str) or not isinstance(other, str):
        raise no_overload(function, one, other)
    meter.charge(len(one) >> 6)
    return one, other


def _whole(function: str, value: object) -> int:
    number = normal(value)
    if type(number) is not int:
        raise no_overload(function, value)
    return max(-(1 << 62), min(number, 1 << 62))


def _out_of_range(index: int) -> EvaluationError:
    return EvaluationError("index_out_of_range", f"the index {index} is outside of the text")


IMPLEMENTATIONS: dict[str, Callable[..., object]] = {
    "contains": contains,
    "startsWith": starts_with,
    "endsWith": ends_with,
    "matches": matches,
    "charAt": char_at,
    "indexOf": index_of,
    "lastIndexOf": last_index_of,
    "lowerAscii": lower_ascii,
    "upperAscii": upper_ascii,
    "replace": replace,
    "split": split,
    "join": join,
    "substring": substring,
    "trim": trim,
    "strings.quote": quote,
}
