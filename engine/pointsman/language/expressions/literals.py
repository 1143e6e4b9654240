"""The values of literal tokens, and every way to write one wrong with the place it is wrong at."""

from re import compile as regex

from pointsman.language.expressions.lexer import Token
from pointsman.language.expressions.values import UInt

# (start, end, message), offsets in the whole text
Flaw = tuple[int, int, str]

_SIMPLE = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
    "\\": "\\", "?": "?", '"': '"', "'": "'", "`": "`",
}  # fmt: skip
_ESCAPE = regex(r"\\(?:[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2}|(?s:.)|$)")


def integer(token: Token, negative: bool = False) -> tuple[object, Flaw | None]:
    """The value of an `int` or `uint` token; `negative` when a minus stands before it: the smallest needs it."""
    text = token.text.rstrip("uU") if token.kind == "uint" else token.text
    digits = text[2:] if text[:2] in ("0x", "0X") else text
    # A number of this many digits is out of range anyway, and Python refuses to read really long ones.
    value = int(digits, 16 if digits is not text else 10) if len(digits) <= 80 else 1 << 80
    value = -value if negative else value
    if token.kind == "uint":
        fits, what = 0 <= value < 1 << 64, "an unsigned 64-bit integer"
    else:
        fits, what = -(1 << 63) <= value < 1 << 63, "a 64-bit integer"
    if not fits:
        return 0, (token.start, token.end, f"this number does not fit in {what}")
    return (UInt(value) if token.kind == "uint" else value), None


def string(token: Token) -> tuple[str, list[Flaw]]:
    """The value of a `string` or `open` token."""
    body, start, raw, flaws = _body(token)
    if raw or "\\" not in body:
        return body, flaws
    pieces: list[str] = []
    at = 0
    for match in _ESCAPE.finditer(body):
        pieces.append(body[at : match.start()])
        at = match.end()
        escape = match[0][1:]
        if escape in _SIMPLE:
            pieces.append(_SIMPLE[escape])
        elif len(escape) > 1:
            code = int(escape, 8) if escape.isdigit() else int(escape[1:], 16)
            if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
                flaws.append((start + match.start(), start + at, "this escape is no Unicode character"))
            else:
                pieces.append(chr(code))
        else:
            flaws.append(_no_escape(start + match.start(), start + at, escape))
    pieces.append(body[at:])
    return "".join(pieces), flaws


def byte_string(token: Token) -> tuple[bytes, list[Flaw]]:
    """The value of a `bytes` token: `\\x` and octal escapes are bytes, all else is UTF-8."""
    body, start, raw, flaws = _body(token)
    if raw or "\\" not in body:
        return body.encode("utf-8", "surrogatepass"), flaws
    pieces: list[bytes] = []
    at = 0
    for match in _ESCAPE.finditer(body):
        pieces.append(body[at : match.start()].encode("utf-8", "surrogatepass"))
        at = match.end()
        escape = match[0][1:]
        if escape in _SIMPLE:
            pieces.append(_SIMPLE[escape].encode())
        elif len(escape) == 3:
            pieces.append(bytes((int(escape, 8) if escape.isdigit() else int(escape[1:], 16),)))
        else:
            flaws.append(_no_escape(start + match.start(), start + at, escape))
    pieces.append(body[at:].encode("utf-8", "surrogatepass"))
    return b"".join(pieces), flaws


def _no_escape(start: int, end: int, escape: str) -> Flaw:
    if not escape:
        return start, end, "a lone backslash; write `\\\\`"
    return start, end, f"`\\{escape}` is no escape here; write `\\\\` for a backslash, or a raw string r'...'"


def _body(token: Token) -> tuple[str, int, bool, list[Flaw]]:
    """What stands between the quotes, where it starts, whether it is raw, and the flaw of a string left open."""
    text = token.text
    prefix = 0
    while text[prefix] not in "\"'":
        prefix += 1
    raw = "r" in text[:prefix].lower()
    quote = text[prefix] * (3 if text.startswith(text[prefix] * 3, prefix) else 1)
    first = prefix + len(quote)
    if token.kind == "open":
        flaw = (token.start, token.end, "this string is never closed")
        return text[first:], token.start + first, True, [flaw]
    return text[first : len(text) - len(quote)], token.start + first, raw, []
