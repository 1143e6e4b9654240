"""Where a cursor stands by indentation and brackets alone: for half-typed text, where a tree has no node to offer.

Only the lines that lead to the cursor are looked at, each found by one search backwards; so the cost is that of the
nesting and not of the file. In text that is valid YAML the tree knows better, and is asked first.
"""

from dataclasses import dataclass
from functools import lru_cache
from re import Pattern
from re import compile as regex
from typing import Literal, NamedTuple

from pointsman.language import outline
from pointsman.language.brackets import bracketed, keys_behind

Standing = Literal["key", "hole", "value", "text", "comment", "nowhere"]
"""`key`: in a key that has its colon. `hole`: where a key or an item may be typed, or is half typed. `value`: behind a
colon on its line. `text`: in a scalar of several lines. `nowhere`: nothing can stand here."""

_BLANKS = regex(rb"[ \t]*")
_PROPERTIES = regex(rb"[ \t]*(?:[&!][^ \t\r\n,\[\]{}]*(?:[ \t]+|(?=[\r\n]|\Z)))*")
_HEADER = regex(rb"[|>][-+0-9]*[ \t]*(?:#[^\r\n]*)?(?:[\r\n]|\Z)")
_COMMENT = regex(rb"[ \t]#")
_QUOTED = regex(rb'"(?:[^"\\\r\n]|\\.)*"|\'(?:[^\'\r\n]|\'\')*\'')
_WORD = regex(rb"[A-Za-z_]\w*")
_LINE_END = regex(rb"\r?\n|\Z")
_CONTENT = regex(rb"\n( *)(?![ \t\r\n#]|\Z)")
_BLOCK = 4096
# Behind so many bytes of comments and blank lines nobody looks for the first key.
_LOOK = 8192


class Step(NamedTuple):
    """One way inward: a key or the index of an item. `start` is where the key or the dash stands, `column` its column,
    `value` where its value may start. In brackets an index starts where its item may."""

    name: str | int
    start: int
    value: int
    column: int
    flow: bool = False


@dataclass(frozen=True, slots=True)
class Outlined:
    """`steps` lead from the document's root to the collection the cursor is in, and at a value or in a text to that.

    `start` to `end` is what is written there: a key, a word, the value as far as its line goes. `bracket` is where the
    innermost bracket opens, -1 outside of any; `keys` are the other keys in it.
    """

    standing: Standing
    steps: tuple[Step, ...] = ()
    start: int = 0
    end: int = 0
    column: int = 0
    colon: bool = False
    keys: frozenset[str] = frozenset()
    bracket: int = -1


class _Line(NamedTuple):
    start: int
    end: int
    dashes: tuple[int, ...]
    content: int
    key_end: int  # where the key's text ends, or -1 without a key
    value: int  # behind the colon, or the content


def outlined(data: bytes, begin: int, offset: int) -> Outlined:
    """How a byte offset stands in the document whose content starts at `begin`."""
    here = _line(data, max(begin, data.rfind(b"\n", 0, offset) + 1))
    dashes = tuple(at for at in here.dashes if at < offset)
    blank = here.content >= here.end or data[here.content : here.content + 1] == b"#"
    at = offset if blank and offset <= here.content else here.content
    first = dashes[0] if dashes else at
    around = _around(data, begin, here.start, first - here.start, bool(dashes))
    inner = _dashes(here, dashes, around.number)
    steps = (*around.steps, *inner)
    around_text = _stopped(data, around.steps, offset)
    if around_text:
        return around_text
    if not around.steps and data[begin : begin + 1] in (b"{", b"["):
        return _in_brackets(data, (), begin, offset)
    if offset < at or (dashes and offset == dashes[-1] + 1) or len(dashes) < len(here.dashes):
        return Outlined("nowhere", steps, offset, offset)
    if blank and at == offset:
        hole = Outlined("hole", steps, at, at, at - here.start)
        return hole if _fits(data, begin, hole) else Outlined("nowhere", steps, at, at)
    return _in_content(data, begin, here, steps, offset)


def keys_beside(data: bytes, begin: int, place: Outlined) -> frozenset[str]:
    """The other keys of the mapping around a key or a hole."""
    if place.bracket >= 0:
        return place.keys
    line = max(begin, data.rfind(b"\n", 0, place.start) + 1)
    first = max(begin, data.rfind(b"\n", 0, place.steps[-1].start) + 1) if place.steps else begin
    found = set()
    stop = _first_under(data, _end_of_line(data, place.start), place.column)
    starts = [first + one.start() for one in _lines_at(place.column).finditer(b"\n" + data[first:stop])]
    if place.steps and isinstance(place.steps[-1].name, int):
        # The first key of an item stands on the line of the dash.
        starts.append(first)
    for at in starts:
        here = _line(data, at)
        if at != line and here.key_end >= 0 and here.content - at == place.column:
            found.add(_key_text(data[here.content : here.key_end]))
    return frozenset(found)


def deeper_below(data: bytes, at: int, column: int) -> bool:
    """Whether the next line with content is indented by more than a column."""
    below = outline.line_end(data, at)
    found = _CONTENT.search(b"\n" + data[below : below + _LOOK])
    return found is not None and len(found[1]) > column


def _in_content(data: bytes, begin: int, here: _Line, steps: tuple[Step, ...], offset: int) -> Outlined:
    """The cursor at or behind the first sign of a line's content."""
    at, column = here.content, here.content - here.start
    if data[at : at + 1] == b"#":
        return Outlined("comment", steps, offset, offset)
    if here.key_end < 0:
        if data[at : at + 1] in (b"{", b"["):
            return _in_brackets(data, steps, at, offset)
        end = _value_end(data, at, here.end)
        comment = _COMMENT.search(data, end, offset)
        hole = Outlined("comment" if comment else "hole", steps, at, max(end, offset), column)
        return hole if _fits(data, begin, hole) else Outlined("nowhere", steps, at, offset)
    if offset <= here.key_end:
        return Outlined("key", steps, at, here.key_end, column, True)
    if offset < here.value:
        return Outlined("nowhere", steps, offset, offset)
    steps = (*steps, Step(_key_text(data[at : here.key_end]), at, here.value, column))
    properties = _PROPERTIES.match(data, here.value, here.end)
    value = properties.end() if properties else here.value
    if value >= here.end or data[value : value + 1] == b"#":
        return Outlined("comment" if value < min(offset, here.end) else "value", steps, offset, offset, column)
    if offset < value:
        return Outlined("nowhere", steps, offset, offset)
    if data[value : value + 1] in (b"{", b"["):
        return _in_brackets(data, steps, value, offset)
    if _HEADER.match(data, value):
        return Outlined("nowhere", steps, offset, offset)
    end = _value_end(data, value, here.end)
    if offset > end and _COMMENT.search(data, end, offset):
        return Outlined("comment", steps, offset, offset)
    return Outlined("value", steps, value, max(end, offset), column)


class _Around(NamedTuple):
    steps: tuple[Step, ...]
    number: int  # of the innermost dash that was asked for


def _around(data: bytes, begin: int, line: int, column: int, dashed: bool) -> _Around:
    """The steps to what stands at a column of a line. `dashed`: it is an item, whose list may stand at its key's
    column, and whose index is wanted."""
    found: list[Step] = []
    indexes: list[int] = []
    pos, asked = line, dashed
    while column > 0 or dashed:
        above = _last_under(data, begin, pos, column, dashed)
        if dashed:
            indexes.append(len(_dashes_at(column).findall(b"\n" + data[_next(data, above, begin) : pos])))
        if above is None:
            break
        one = _line(data, above)
        levels = [
            at for at in one.dashes if at - above < column or (at - above == column and dashed and at != one.dashes[0])
        ]
        if dashed and any(at - above == column for at in levels):
            # The list starts behind another dash on the line above.
            indexes[-1] += 1
            levels = [at for at in levels if at - above < column]
        key_column = one.content - above
        if one.content < one.end and (key_column < column or (dashed and key_column == column)):
            found.append(_key_step(data, one))
        for at in reversed(levels):
            found.append(Step(0 if at != one.dashes[0] else -1, at, at + 1, at - above))
        pos, column, dashed = above, (one.dashes[0] if one.dashes else one.content) - above, bool(one.dashes)
    own = indexes.pop(0) if asked else 0
    # The first dash of a line does not know its index; they were counted from the inside, like these steps.
    waiting = iter(indexes)
    steps = [one._replace(name=next(waiting, 0)) if one.name == -1 else one for one in found]
    return _Around(tuple(reversed(steps)), own)


def _key_step(data: bytes, line: _Line) -> Step:
    column = line.content - line.start
    if line.key_end >= 0:
        return Step(_key_text(data[line.content : line.key_end]), line.content, line.value, column)
    end = _value_end(data, line.content, line.end)
    # A bare word above deeper lines is a key whose colon is still to be typed; all else is a text.
    word = not line.dashes and bool(_WORD.fullmatch(data, line.content, end))
    return Step(_key_text(data[line.content : end]), line.content, line.end if word else line.content, column)


def _dashes(line: _Line, dashes: tuple[int, ...], index: int) -> tuple[Step, ...]:
    return tuple(Step(0 if number else index, at, at + 1, at - line.start) for number, at in enumerate(dashes))


def _stopped(data: bytes, steps: tuple[Step, ...], offset: int) -> Outlined | None:
    """What is said when one of the values around the cursor is no block collection: a text, or brackets."""
    for depth, step in enumerate(steps):
        outer = steps[: depth + 1]
        end = _end_of_line(data, step.value)
        if depth + 1 < len(steps) and steps[depth + 1].start < end:
            continue
        properties = _PROPERTIES.match(data, step.value, end)
        value = properties.end() if properties else step.value
        sign = data[value : value + 1]
        if value >= end or sign == b"#":
            continue
        if isinstance(step.name, int) and outline.key(data, value):
            # The item is a mapping whose first key stands on the line of the dash.
            continue
        if sign in (b"{", b"["):
            return _in_brackets(data, outer, value, offset)
        return Outlined("text", outer, value, offset, step.column)
    return None


def _in_brackets(data: bytes, steps: tuple[Step, ...], start: int, offset: int) -> Outlined:
    found = bracketed(data, start, offset)
    if found is None or found.nowhere or not found.opened:
        return Outlined("nowhere", steps, offset, offset)
    inner = found.opened[-1]
    more = []
    for number, frame in enumerate(found.opened):
        last = number + 1 == len(found.opened)
        if not frame.mapping:
            more.append(Step(frame.index, frame.item, frame.item, 0, True))
        elif frame.key and not (last and frame.phase == "key"):
            more.append(Step(_key_text(data[frame.key[1] : frame.key[2]]), frame.key[1], frame.key[2], 0, True))
    steps = (*steps, *more)
    if found.comment:
        return Outlined("comment", steps, offset, offset)
    standing: Standing = "value" if inner.mapping and inner.phase == "value" else "key" if found.colon else "hole"
    keys = keys_behind(data, found) if inner.mapping and standing != "value" else frozenset()
    return Outlined(standing, steps, found.start, found.end, 0, found.colon, keys, inner.start)


def _fits(data: bytes, begin: int, hole: Outlined) -> bool:
    """Whether what is around a hole stands at its column."""
    step = hole.steps[-1] if hole.steps else None
    line = max(begin, data.rfind(b"\n", 0, hole.start) + 1)
    first = begin if step is None else outline.line_end(data, step.start)
    if step and isinstance(step.name, int):
        content = _skip(data, step.value)
        if content < _end_of_line(data, content):
            own = max(begin, data.rfind(b"\n", 0, step.start) + 1)
            return own == line or content - own == hole.column
    found = _CONTENT.search(b"\n" + data[first : first + _LOOK])
    topmost = found is None or first + found.start() >= line
    if topmost:
        below = outline.line_end(data, line)
        found = _CONTENT.search(b"\n" + data[below : below + _LOOK])
    least = -1 if step is None else step.column
    if found is None or len(found[1]) <= least or len(found[1]) == hole.column:
        return True
    # Deeper lines below the first one may be the value of the key that is typed here, when there is room for both.
    return topmost and (step is None or hole.column - least > 1) and len(found[1]) - hole.column > 1


def _line(data: bytes, start: int) -> _Line:
    end = _end_of_line(data, start)
    at, dashes = _skip(data, start), []
    while outline.is_dash(data, at) and at < end:
        dashes.append(at)
        at = _skip(data, at + 1)
    at = min(at, end)
    key = outline.key(data, at)
    if key and key.end() <= end:
        return _Line(start, end, tuple(dashes), at, at + len(key[1][:-1].rstrip(b" \t")), key.end())
    if data[at : at + 1] == b":" and data[at + 1 : at + 2] in (b" ", b"\t", b"\r", b"\n", b""):
        # A key whose name is still to be typed.
        return _Line(start, end, tuple(dashes), at, at, at + 1)
    return _Line(start, end, tuple(dashes), at, -1, at)


def _value_end(data: bytes, start: int, end: int) -> int:
    """Where what is written from `start` on ends, without a comment and blanks."""
    quoted = _QUOTED.match(data, start, end)
    comment = _COMMENT.search(data, quoted.end() if quoted else start, end)
    return start + len(data[start : comment.start() if comment else end].rstrip(b" \t"))


def _key_text(raw: bytes) -> str:
    quoted = len(raw) > 1 and raw[:1] in (b'"', b"'") and raw[-1:] == raw[:1]
    return (raw[1:-1] if quoted else raw).decode("utf-8", "replace")


def _skip(data: bytes, at: int) -> int:
    found = _BLANKS.match(data, at)
    return found.end() if found else at


def _end_of_line(data: bytes, at: int) -> int:
    found = _LINE_END.search(data, at)
    return found.start() if found else len(data)


def _next(data: bytes, line: int | None, begin: int) -> int:
    return begin if line is None else outline.line_end(data, line)


def _last_under(data: bytes, begin: int, end: int, column: int, dashed: bool) -> int | None:
    """The start of the last line between two line starts that is indented by less; for an item's list, also its key's
    line at the same column. Searched backwards, in stretches that grow."""
    pattern, size, stop = _under(column, dashed), _BLOCK, end
    while stop > begin:
        start = max(begin, stop - size)
        if start > begin:
            start = max(begin, data.rfind(b"\n", begin, start) + 1)
        found = [one.start() for one in pattern.finditer(b"\n" + data[start:stop])]
        if found:
            return start + found[-1]
        stop, size = start, size * 2
    return None


def _first_under(data: bytes, at: int, column: int) -> int:
    """The start of the first line behind `at` that is indented by less than a column."""
    found = _under(column, False).search(data, at)
    return found.start() + 1 if found else len(data)


@lru_cache(maxsize=256)
def _under(column: int, dashed: bool) -> Pattern[bytes]:
    less = rb"(?! {%d})[ ]*(?![ \t\r\n#]|\Z)" % column
    same = rb"| {%d}(?![ \t\r\n#]|-[ \t\r\n]|\Z)" % column if dashed else b""
    return regex(rb"\n(?:" + less + same + rb")")


@lru_cache(maxsize=256)
def _dashes_at(column: int) -> Pattern[bytes]:
    return regex(rb"\n {%d}-(?=[ \t\r\n]|\Z)" % column)


@lru_cache(maxsize=256)
def _lines_at(column: int) -> Pattern[bytes]:
    return regex(rb"\n {%d}(?![ \t\r\n#]|\Z)" % column)
