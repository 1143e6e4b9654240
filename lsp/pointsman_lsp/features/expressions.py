"""Names, members and functions where an expression is typed: in a condition, or in a `${{ }}` of a text.

The word at the cursor is replaced by a name that nothing has, and the expression is read again: whatever was half
typed, the place of that name in the tree says what may stand there.
"""

from collections.abc import Iterator
from re import compile as regex
from typing import NamedTuple

from pointsman.language import scope
from pointsman.language.datatypes import ANY, Basic, Maybe, Member, OneOf, Type, members, words
from pointsman.language.expressions import (
    FUNCTIONS,
    Binary,
    Call,
    Expr,
    Has,
    Ident,
    Index,
    ListLit,
    Literal,
    Select,
    Signature,
    Token,
    children,
    parse,
    tokens,
)
from pointsman.language.inference import HAS, Names, gives, methods, names_at, type_of
from pointsman_lsp.analysis.document import Document
from pointsman_lsp.features import TextEdit, markdown
from pointsman_lsp.features.expression_places import ExpressionPlace, expression_at
from pointsman_lsp.features.items import Item, Kind
from pointsman_lsp.features.surroundings import around

_MARK = "pointsman_cursor_"
_NAME = regex(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_IN_NAME = regex(r"[A-Za-z0-9_]")
_IN_TEXT = regex(r"[A-Za-z0-9_\-]*")
_WORDS = frozenset({"name", "true", "false", "null", "in"})
_NUMBERS = frozenset({"int", "uint", "float"})
# So many offers are told with type and story; there may be hundreds of stages, and the likeliest come first.
_LIKELY = 12
_OPERAND_ENDS = _NUMBERS | {"name", "quoted", "string", "bytes", "true", "false", "null", ")", "]", "}"}
_CONSTANTS = {"true": "bool", "false": "bool", "null": "null"}


class Offer(NamedTuple):
    """What may stand at the cursor; `text` is what is put there. A tuple, for there may be very many."""

    label: str
    kind: Kind
    text: str
    detail: str = ""
    doc: str = ""
    opens: bool = False
    """Whether it is called: a bracket belongs behind it."""
    empty: bool = False
    """Whether nothing stands between its brackets."""


def complete_expression(document: Document, offset: int, snippets: bool = False) -> list[Item]:
    """What may be typed at an offset inside of an expression; nothing where there is none.

    With `snippets` the arguments of functions are tab stops.
    """
    place = expression_at(document, offset)
    here = around(document, offset) if place else None
    if place is None or here is None:
        return []
    names = scope.names(here, place.path, offset)
    found = tokens(place.text)
    held = _token_at(found, place.at)
    if held is not None and held.kind in ("string", "open"):
        return _in_string(place, held, names, here.context.workspace.env)
    if (held is not None and held.kind in _NUMBERS | {"bytes"}) or _in_comment(place, found):
        return []
    start, end = (held.start, held.end) if held is not None and held.kind in _WORDS else (place.at, place.at)
    if _before(found, start) in _OPERAND_ENDS:
        # An operator is due, and `in` is the only one that is a word.
        due = [Offer("in", "keyword", "in", "bool")] if place.text[start - 1 : start].isspace() else []
        return _items(place, due, start, end, True, False)
    if start == place.at and _dot(place.text, start) is None:
        # In front of a word something else is meant to be typed, not the word itself.
        end = start
    apart = " " if end < len(place.text) and _IN_NAME.match(place.text, end) else ""
    text = place.text[:start] + _MARK + apart + place.text[end:]
    tree = parse(text).tree
    way = _way(tree, start)
    if way is None:
        return []
    called = place.text[end:].lstrip(" ").startswith("(")
    at = names_at(tree, start + 1, names)
    offers = list(_offers(way, at))
    return _items(place, offers, start, end, called, snippets)


def _offers(way: list[Expr], names: Names) -> Iterator[Offer]:
    """What may stand for the last node of the way, which is or ends with the mark."""
    node = way[-1]
    if isinstance(node, Select) or (isinstance(node, Call) and node.target is not None):
        operand = node.operand if isinstance(node, Select) else node.target
        assert operand is not None
        if isinstance(operand, Ident) and operand.name not in names and not operand.absolute:
            spaced = [one for one in FUNCTIONS.values() if one.name.startswith(operand.name + ".")]
            if spaced:
                yield from (_function(one, one.name.rpartition(".")[2]) for one in spaced)
                return
        of = type_of(operand, names)
        yield from (_member(one, number) for number, one in enumerate(members(of).values()))
        asked = len(way) > 1 and isinstance(way[-2], Has)
        if not asked and not (isinstance(node, Select) and node.optional):
            yield from (_function(one, one.name, "method") for one in methods(of))
        return
    for value in _values(_expected(way, names)):
        written = _quoted(value) if isinstance(value, str) else str(value)
        yield Offer(written, "value", written, "", "One of the values it may have.")
    for one in names.values():
        # To say which stages these hold would take as long as to offer them.
        many = one.name in ("outputs", "visits")
        yield Offer(one.name, "variable", one.name, "by stage" if many else words(one.type), one.about[0])
    if isinstance(node, Ident) and node.absolute:
        return
    yield _function(HAS, HAS.name)
    yield from (_function(one, one.name) for one in FUNCTIONS.values() if one.global_counts)
    yield from (Offer(word, "keyword", word, of) for word, of in _CONSTANTS.items())


def _member(one: Member, number: int) -> Offer:
    kind: Kind = "stage" if one.origin.startswith("result of stage") else "field"
    if number >= _LIKELY:
        return Offer(one.name, kind, one.name)
    doc = "\n\n".join([markdown.words(part) for part in one.about if part])
    return Offer(one.name, kind, one.name, words(one.type), doc)


def _function(one: Signature, label: str, kind: Kind = "function") -> Offer:
    target = kind == "method"
    counts = one.member_counts if target else one.global_counts
    shown = "\n".join(f"- `{form}`" for form in one.signatures)
    return Offer(label, kind, label, gives(one, target), f"{one.doc}\n\n{shown}", True, counts == {0})


def _expected(way: list[Expr], names: Names) -> Type:
    """The type of what the last node of a way is compared with."""
    node: Expr = way[-1]
    for above in reversed(way[:-1]):
        match above:
            case Binary(op="==" | "!=", left=left, right=right):
                return type_of(right if left is node else left, names)
            case Binary(op="in", left=left, right=right) if right is node:
                return type_of(left, names)
            case ListLit():
                node = above
            case _:
                break
    return ANY


def _values(of: Type) -> Iterator[str | float]:
    """The values that are known to be the only ones of a type."""
    for one in of.types if isinstance(of, OneOf) else (of.of if isinstance(of, Maybe) else of,):
        yield from one.values if isinstance(one, Basic) else ()


def _in_string(place: ExpressionPlace, held: Token, names: Names, env: tuple[str, ...]) -> list[Item]:
    """Names of members in `x["`, values in `x == "`, variables in `env("`."""
    first = len(held.text) - len(held.text.lstrip("rR")) + held.start + 1
    quote = place.text[first - 1]
    closed = held.kind == "string"
    end = held.end - 1 if closed else _word_end(place.text, place.at)
    text = place.text[:first] + _MARK + quote + place.text[end + closed :]
    tree = parse(text).tree
    way = _way(tree, held.start)
    if way is None or place.text.startswith(quote * 3, first - 1):
        return []
    at = names_at(tree, first, names)
    above = way[-2] if len(way) > 1 else None
    offers: list[Offer]
    tail = "" if closed else quote
    match above:
        case Index(operand=operand, index=index) if index is way[-1]:
            tail += "" if closed or place.text[end:].lstrip().startswith("]") else "]"
            offers = [_member(one, number) for number, one in enumerate(members(type_of(operand, at)).values())]
        case Call(function="env"):
            offers = [
                Offer(name, "value", name, "string", "An environment variable of the allow-list.") for name in env
            ]
        case _:
            known = [one for one in _values(_expected(way, at)) if isinstance(one, str)]
            offers = [Offer(one, "value", one, "", "One of the values it may have.") for one in known]
    made = [one._replace(text=_escaped(one.text, quote) + tail) for one in offers]
    return _items(place, made, first, end, True, False)


def _items(
    place: ExpressionPlace, offers: list[Offer], start: int, end: int, called: bool, snippets: bool
) -> list[Item]:
    """The offers as edits of the file; one that is no name becomes `["name"]`, with the dot before it."""
    span = place.span(start, end)
    found: list[Item] = []
    for number, one in enumerate(offers):
        text, over, before, snippet = one.text, span, "", False
        written: str | None = text
        if not _NAME.match(text):
            dot = _dot(place.text, start) if one.kind in ("field", "stage") and text == one.label else None
            if dot is not None:
                before = place.text[dot:start]
                over, text = place.span(dot, end), place.bracketed(text, before[1:])
            written = place.encoded(text)
        if over is None or written is None:
            continue
        label = one.label
        if one.opens:
            label += "()" if one.empty else "(...)"
            if not called:
                snippet = snippets and not one.empty
                written += "()" if one.empty else "($1)" if snippet else "("
        edit = TextEdit(over, written)
        found.append(Item(label, one.kind, edit, one.detail, one.doc, f"{number:04}", before + one.label, snippet))
    return found


def _token_at(found: list[Token], at: int) -> Token | None:
    """The token that holds the cursor or ends at it; of two, the word."""
    touching = [one for one in found if one.kind != "end" and one.start <= at <= one.end]
    for one in touching:
        if one.kind in _WORDS and one.start <= at:
            return one
        if one.kind in ("string", "bytes") and one.start < at < one.end:
            return one
        if one.kind == "open" and one.start < at:
            return one
        if one.kind in _NUMBERS and one.start < at:
            return one
    return None


def _before(found: list[Token], start: int) -> str:
    """The kind of the token before a place."""
    return next((one.kind for one in reversed(found) if one.end <= start and one.kind != "end"), "")


def _in_comment(place: ExpressionPlace, found: list[Token]) -> bool:
    """Whether `//` stands between the last token and the cursor, on its line."""
    last = max((one.end for one in found if one.end <= place.at and one.kind != "end"), default=0)
    return "//" in place.text[last : place.at].rpartition("\n")[2]


def _word_end(text: str, at: int) -> int:
    found = _IN_TEXT.match(text, at)
    return found.end() if found else at


def _way(tree: Expr, start: int) -> list[Expr] | None:
    """The nodes from the root down to the one that holds the mark at `start`."""
    way = [tree]
    while True:
        node = way[-1]
        if _is_mark(node, start):
            return way
        inner = next((one for one in children(node) if one.start <= start < one.end), None)
        if inner is None:
            return None
        way.append(inner)


def _is_mark(node: Expr, start: int) -> bool:
    match node:
        case Ident(name=name):
            return name == _MARK
        case Select(field=field):
            return field == _MARK
        case Literal(value=str() as text):
            return text == _MARK and node.start == start
        case Call(function=function):
            return function.rpartition(".")[2] == _MARK
        case _:
            return False


def _dot(text: str, start: int) -> int | None:
    """Where the `.` or `.?` before a member starts."""
    for sign in (".?", "."):
        if text.endswith(sign, 0, start):
            return start - len(sign)
    return None


def _quoted(text: str) -> str:
    return '"' + _escaped(text, '"') + '"'


def _escaped(text: str, quote: str) -> str:
    return text.replace("\\", "\\\\").replace(quote, "\\" + quote).replace("\n", "\\n")
