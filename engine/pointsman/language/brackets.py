"""Where a cursor stands inside of `{}` and `[]`, token by token up to it: also when they are never closed.

A plain value here may hold brackets, commas and strings of its own, as half-typed conditions do, though YAML would end
it there: what was meant matters to somebody who types.
"""

from dataclasses import dataclass, field
from re import Match
from re import compile as regex
from typing import Literal

Phase = Literal["key", "value"]

_TOKEN = regex(
    rb"(?P<blank>[ \t\r\n]+)|(?P<comment>(?<=[ \t\r\n])#[^\r\n]*)|(?P<open>[\[{])|(?P<close>[\]}])|(?P<comma>,)"
    rb'|(?P<quoted>"(?:[^"\\]|\\.)*"|\'(?:[^\']|\'\')*\')|(?P<colon>:(?=[ \t\r\n,\[\]{}"\']|\Z))|(?P<plain>.)',
    16,
)
_STOP = regex(
    rb'(?P<string>(?<=[ \t(\[,=+!<>&|?])(?:"[^"\r\n]*"|\'[^\'\r\n]*\'))|(?P<open>[\[{(])|(?P<close>[\]})])|(?P<comma>,)'
    rb"|(?P<colon>:(?=[ \t\r\n,\[\]{}]|\Z))|(?P<end>[ \t]#|[\r\n])"
)
_LINE_END = regex(rb"\r?\n|\Z")


@dataclass(slots=True)
class Opened:
    """A bracket that is open at the cursor. In a mapping `key` is the last one written, with its place."""

    mapping: bool
    start: int
    item: int
    """Where the current key or item may start."""
    index: int = 0
    phase: Phase = "key"
    key: tuple[str, int, int] | None = None
    keys: list[str] = field(default_factory=list)
    filled: bool = False
    """Whether something stands where the cursor's key, value or item would."""


@dataclass(frozen=True, slots=True)
class Bracketed:
    """`opened` from the outermost bracket to the cursor's. `start` to `end` is the word or value at the cursor."""

    opened: tuple[Opened, ...]
    start: int
    end: int
    colon: bool = False
    comment: bool = False
    nowhere: bool = False


def bracketed(data: bytes, start: int, offset: int) -> Bracketed | None:
    """How a byte offset stands in the brackets that open at `start`; None when they are closed before it."""
    stack: list[Opened] = []
    at, found = start, None
    line_end = _LINE_END.search(data, offset)
    stop = line_end.start() if line_end else len(data)
    while at < stop:
        token = _TOKEN.match(data, at, stop)
        assert token is not None, "any byte is a token"
        kind, end = token.lastgroup, token.end()
        if kind in ("plain", "quoted"):
            end = _plain_end(data, at, stop, stack[-1]) if kind == "plain" else end
            if kind == "quoted" and stack[-1].mapping and stack[-1].phase == "value":
                # `"a" in b` is no YAML, but a condition.
                end = _plain_end(data, end, stop, stack[-1])
        if offset <= at or (kind in ("plain", "quoted", "comment") and offset <= end):
            found = _snapshot(data, stack, token, end, offset)
            break
        if kind == "blank" and offset < end:
            found = _snapshot(data, stack, token, end, offset)
            break
        if kind in ("plain", "quoted"):
            _scalar(stack[-1], data, at, end)
        elif not _sign(stack, token):
            return None
        at = end
    if found is None:
        return _snapshot(data, stack, None, stop, offset) if stack else None
    return found


def keys_behind(data: bytes, place: Bracketed) -> frozenset[str]:
    """The other keys of the cursor's mapping, as far as its line goes."""
    inner = place.opened[-1]
    line_end = _LINE_END.search(data, place.end)
    stop = line_end.start() if line_end else len(data)
    frame = Opened(True, inner.start, place.end, phase=inner.phase, filled=True)
    stack, at = [frame], place.end
    while at < stop and stack:
        token = _TOKEN.match(data, at, stop)
        assert token is not None, "any byte is a token"
        at = token.end()
        if token.lastgroup in ("plain", "quoted"):
            at = _plain_end(data, token.start(), stop, stack[-1]) if token.lastgroup == "plain" else at
            _scalar(stack[-1], data, token.start(), at)
        else:
            _sign(stack, token)
    _keep(frame)
    return frozenset((*inner.keys, *frame.keys))


def _scalar(frame: Opened, data: bytes, start: int, end: int) -> None:
    if not frame.filled and frame.phase == "key":
        raw = data[start:end]
        raw = raw[1:-1] if raw[:1] in (b'"', b"'") and raw[-1:] == raw[:1] else raw
        frame.key = raw.decode("utf-8", "replace"), start, end
    frame.filled = True


def _sign(stack: list[Opened], token: Match[bytes]) -> bool:
    """Whether a bracket is still open behind this token."""
    match token.lastgroup:
        case "open":
            if stack:
                stack[-1].filled = True
            stack.append(Opened(token[0] == b"{", token.start(), token.end()))
        case "close":
            stack.pop()
        case "comma":
            frame = stack[-1]
            frame.filled, frame.phase, frame.item = False, "key", token.end()
            frame.index += 1
            _keep(frame)
        case "colon" if stack[-1].mapping:
            stack[-1].phase, stack[-1].filled = "value", False
        case _:
            pass
    return bool(stack)


def _keep(frame: Opened) -> None:
    if frame.key:
        frame.keys.append(frame.key[0])
    frame.key = None


def _snapshot(data: bytes, stack: list[Opened], token: Match[bytes] | None, end: int, offset: int) -> Bracketed:
    opened, frame = tuple(stack), stack[-1] if stack else None
    if frame is None or token is None or not (token.lastgroup in ("plain", "quoted") and token.start() <= offset):
        if frame and token and token.lastgroup == "comment" and token.start() < offset:
            return Bracketed(opened, offset, offset, comment=True)
        if frame and frame.filled and frame.phase == "value" and frame.mapping and token and token.lastgroup != "close":
            return Bracketed(opened, offset, offset, nowhere=True)
        colon = token is not None and token.lastgroup == "colon"
        return Bracketed(opened, offset, offset, colon=colon, nowhere=frame is None or frame.filled)
    colon = data[end:].lstrip(b" \t")[:1] == b":" if frame.phase == "key" else False
    return Bracketed(opened, token.start(), max(end, offset), colon=colon, nowhere=frame.filled)


def _plain_end(data: bytes, start: int, stop: int, frame: Opened) -> int:
    """The end of a plain scalar, without the blanks behind it."""
    depth, end = 0, stop
    for sign in _STOP.finditer(data, start, stop):
        match sign.lastgroup:
            case "open":
                depth += 1
            case "close" if depth:
                depth -= 1
            case "close" if sign[0] != b")":
                end = sign.start()
                break
            case "comma" if not depth:
                end = sign.start()
                break
            case "colon" if not depth and (frame.phase == "key" or not frame.mapping):
                end = sign.start()
                break
            case "end":
                end = sign.start()
                break
            case _:
                pass
    return start + len(data[start:end].rstrip(b" \t"))
