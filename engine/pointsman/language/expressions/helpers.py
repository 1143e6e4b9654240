"""Our own functions, made for policies: the host a URL leads to, and globs."""

from re import compile as regex

from pointsman.language.expressions.values import EvaluationError, Meter, no_overload

# scheme://[user@]host[:port] and the rest. What parsers read differently is refused, never guessed: a policy that
# allows one host must not be talked into another by a backslash or a second `@`.
_URL = regex(
    r"[A-Za-z][A-Za-z0-9+.-]*://(?:[^@/?#\[\]]*@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?)(?::[0-9]*)?(?=$|[/?#])"
)
_NUMERIC = regex(r"(?:.*\.)?(?:0x[0-9a-f]*|[0-9]+)")
_QUAD = regex(r"(?:(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])(?:\.(?!$)|$)){4}")
_ODD = regex(r"[\x00-\x20\x7f\\]")


def host(meter: Meter, url: object) -> object:
    """The host of an absolute URL, in lower case, without port, brackets and final dot.

    Raises EvaluationError(invalid_argument) when there is none, or when programs could disagree about it.
    """
    if not isinstance(url, str):
        raise no_overload("host", url)
    meter.charge(len(url) >> 4)
    found = None if _ODD.search(url) else _URL.match(url)
    name = found["host"].strip("[]").lower().removesuffix(".") if found else ""
    if _NUMERIC.fullmatch(name) and not _QUAD.fullmatch(name):  # 127.1, 0177.0.0.1, 2130706433
        name = ""
    if not name:
        raise EvaluationError("invalid_argument", "no absolute URL with a plain host, like https://example.com/path")
    return name


def glob(meter: Meter, text: object, pattern: object) -> object:
    """Whether the whole text fits the pattern, upper and lower case apart; `*` also goes over `/` and `.`."""
    if not isinstance(text, str) or not isinstance(pattern, str):
        raise no_overload("glob", text, pattern)
    meter.charge(len(text) + len(pattern))
    at = place = 0
    star, resume = -1, 0
    while at < len(text):
        if place < len(pattern) and pattern[place] == "*":
            star, resume = place, at
            place += 1
        elif place < len(pattern) and pattern[place] in ("?", text[at]):
            at += 1
            place += 1
        elif star >= 0:  # let the last star take one more character
            resume += 1
            meter.left -= 1
            if meter.left < 0:
                meter.charge(0)
            at, place = resume, star + 1
        else:
            return False
    return not pattern[place:].strip("*")
