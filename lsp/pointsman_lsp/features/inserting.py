"""How an offer is written at the cursor: which bytes it replaces, its quotes, indentation and line breaks."""

from dataclasses import dataclass
from functools import lru_cache
from re import compile as regex

from pointsman.language import schema
from pointsman.language.indents import deeper_below
from pointsman.language.places import Place
from pointsman.language.scalars import resolve_plain
from pointsman.language.schema import Shape
from pointsman.language.shapes import inward
from pointsman.language.source import Span
from pointsman_lsp.features import TextEdit
from pointsman_lsp.features.items import Item, Kind

_NESTED = regex(rb"(?:\A|\n)[^\s#\-][^\r\n]*:[ \t]*(?:#[^\r\n]*)?\r?\n( +)[^\s#\-]")
_LISTED = regex(rb"\n( *)[^\s#\-][^\r\n]*:[ \t]*(?:#[^\r\n]*)?\r?\n( *)-[ \t]")
_WORD = regex(rb"[^\s,:\[\]{}\"']*")
_PLAIN = regex(r"[A-Za-z0-9_./\\](?:[^\s:#,\[\]{}\"'`|>&*!%@]|[:#](?=[^\s,\[\]{}])|[ ](?=[^\s#]))*\Z")
# The style of a file is settled in its first lines.
_LOOK = 1 << 16


@dataclass(frozen=True, slots=True)
class Style:
    """How a file is written: the blanks of one level, those before the dash of a list, its line break."""

    indent: int
    dash: int
    newline: str


@dataclass(frozen=True, slots=True)
class Offer:
    """What may stand at a place, before it is written there. `text` is the value without quotes, default the label."""

    label: str
    kind: Kind
    detail: str = ""
    doc: str = ""
    text: str = ""
    goes_on: bool = False
    """Whether more is to be typed behind it, inside of its quotes."""


def style_of(data: bytes) -> Style:
    """The style of a text, two blanks where it does not say."""
    head = data[:_LOOK]
    nested, listed = _NESTED.search(head), _LISTED.search(head)
    indent = len(nested[1]) if nested else 2
    dash = len(listed[2]) - len(listed[1]) if listed else indent
    end = head.find(b"\n")
    return Style(indent, max(dash, 0), "\r\n" if end > 0 and head[end - 1 : end] == b"\r" else "\n")


def key_item(place: Place, offer: Offer, shape: Shape | None, style: Style, snippets: bool, number: int) -> Item:
    """A key at a key or a hole, with the colon and the start of its value as its shape wants them."""
    data = place.analysis.source.data
    if place.standing == "key" or place.colon:
        edit = TextEdit(place.span, offer.label)
        return Item(offer.label, offer.kind, edit, offer.detail, offer.doc, f"{number:04}")
    start, end = place.span.start, _word_end(place)
    rest = _rest(data, end)
    lead, tail, column = _around(place, start, rest, style)
    blank = rest.strip() in (b"", b"\r") or place.flow
    below = not place.flow and deeper_below(data, end, place.column)
    # What stands deeper below becomes the value of the new key.
    body = "" if below else _value(shape, place.flow or not blank, column, style)
    text = f"{lead}{offer.label}:{body}{tail}"
    if not blank and not place.flow:
        text = f"{lead}{offer.label}:" + ("" if rest[:1] in (b" ", b"\t") else " ")
        text += "$0" if text.endswith(" ") else ""
    snippet = snippets and "$0" in text
    text = _relative(data, start, text, style) if snippet else text.replace("$0", "")
    return Item(
        offer.label, offer.kind, TextEdit(Span(start, end), text), offer.detail, offer.doc, f"{number:04}", "", snippet
    )


def value_items(place: Place, offers: list[Offer], snippets: bool) -> list[Item]:
    """Values at a value or at an item, in quotes where they need them."""
    found = _content(place)
    if found is None:
        return []
    span, quote, lead, closed = found
    tail = "" if closed else quote
    if isinstance(place.shape, schema.Many) and place.standing == "value":
        # The list itself is still to be opened.
        lead, tail = lead + "[", tail + "]"
    elif isinstance(place.shape, schema.Many):
        lead = "- " + lead
    items = []
    for number, one in enumerate(offers):
        text = _quoted(one, quote, place.flow)
        snippet = snippets and one.goes_on and text.endswith('"')
        if snippet:
            text = text[:-1].replace("$", "\\$") + '$0"'
        elif one.goes_on and text.endswith('"'):
            text = one.label
        edit = TextEdit(span, lead + text + ("" if one.goes_on and quote else tail))
        items.append(Item(one.label, one.kind, edit, one.detail, one.doc, f"{number:04}", "", snippet))
    return items


def inside(place: Place) -> tuple[str, Span, bool] | None:
    """What is written of a value before the cursor, its content's bytes, and whether it stands in quotes."""
    found = _content(place)
    if found is None:
        return None
    span, quote, _, _ = found
    return place.analysis.source.text(Span(span.start, place.offset)), span, bool(quote)


def part_items(place: Place, offers: list[Offer], start: int) -> list[Item]:
    """Offers for the last part of a value, from byte `start` on, where nothing needs other quotes than there are."""
    found = _content(place)
    if found is None:
        return []
    span, quote, lead, closed = found
    if start > span.start:
        lead = ""
    items = []
    for number, one in enumerate(offers):
        text = lead + _escaped(one.text or one.label, quote) + ("" if closed or one.goes_on else quote)
        edit = TextEdit(Span(start, span.end), text)
        items.append(Item(one.label, one.kind, edit, one.detail, one.doc, f"{number:04}"))
    return items


def _relative(data: bytes, start: int, text: str, style: Style) -> str:
    """A snippet as editors want it: they add the indentation of its line to its further lines, and know the breaks."""
    line = data[data.rfind(b"\n", 0, start) + 1 : start]
    indent = line[: len(line) - len(line.lstrip(b" \t"))].decode()
    return text.replace(style.newline + indent, "\n")


def _around(place: Place, start: int, rest: bytes, style: Style) -> tuple[str, str, int]:
    """What goes before and behind a key, and the column it stands at."""
    data, lead, tail = place.analysis.source.data, "", ""
    if not place.flow:
        if isinstance(place.shape, schema.Many):
            return "- ", "", place.column + 2
        return "", "", place.column
    if data[place.bracket : place.bracket + 1] == b"[":
        lead, tail = "{", "}"
    if start and data[start - 1 : start] == b",":
        lead = " " + lead
    behind = rest.strip(b" \t\r")
    if behind[:1] not in (b"", b"}", b"]", b",", b"#"):
        tail += ", "
    return lead, tail, 0


def _value(shape: Shape | None, inline: bool, column: int, style: Style) -> str:
    """What stands behind the colon of a new key; `$0` is where the typing goes on."""
    deeper = style.newline + " " * (column + style.indent) + "$0"
    match shape:
        case schema.Of() | schema.Named() | schema.Schema() | schema.Rendered(of="mapping"):
            return " {$0}" if inline else deeper
        case schema.Many(item=schema.Of()):
            return " [{$0}]" if inline else style.newline + " " * (column + style.dash) + "- $0"
        case schema.Many() | schema.Rendered(of="list"):
            return " [$0]"
        case _:
            # A tab stop also at the very end: Neovim takes a plain item up to its first blank, a snippet whole.
            return " $0"


def _content(place: Place) -> tuple[Span, str, str, bool] | None:
    """The bytes a value's new text replaces, the quote around them, what goes before, whether the quote is closed."""
    data, scalar, offset = place.analysis.source.data, place.scalar, place.offset
    if scalar is None or scalar.span.start == scalar.span.end:
        lead = " " if data[offset - 1 : offset] in (b":", b",") and not (place.flow and place.colon) else ""
        return Span(offset, offset), "", lead, True
    start, end = scalar.span.start, scalar.span.end
    raw = data[start:end]
    if scalar.style in ("literal", "folded") or b"\n" in raw or not start <= offset <= end:
        return None
    quote = raw[:1].decode() if raw[:1] in (b'"', b"'") else ""
    closed = not quote or (len(raw) > 1 and raw[-1:] == raw[:1])
    if quote:
        start, end = start + 1, end - (1 if closed else 0)
        if not start <= offset <= end:
            return None
    written = data[start:end]
    if not closed and offset < end:
        end = offset
    elif b" " in written[offset - start :].strip() or written[: offset - start].endswith((b" ", b"\t")):
        # What follows is another word, and none of ours.
        end = offset
    return Span(start, end), quote, "", closed


def _quoted(offer: Offer, quote: str, flow: bool) -> str:
    text = offer.text or offer.label
    if quote:
        return _escaped(text, quote)
    return text if _is_plain(text, offer.kind == "keyword") else '"' + _escaped(text, '"') + '"'


@lru_cache(maxsize=4_096)
def _is_plain(text: str, keyword: bool) -> bool:
    """Whether a word needs no quotes; a file of ten thousand lines offers seven hundred of them at a time."""
    fits = text.isidentifier() or (_PLAIN.match(text) and not text.endswith(":"))
    # A word of the table may be what YAML reads as a number or a truth value, and is meant as that.
    return bool(fits) and (keyword or isinstance(resolve_plain(text), str))


def _escaped(text: str, quote: str) -> str:
    match quote:
        case '"':
            return text.replace("\\", "\\\\").replace('"', '\\"')
        case "'":
            return text.replace("'", "''")
        case _:
            return text


def _word_end(place: Place) -> int:
    found = _WORD.match(place.analysis.source.data, place.offset)
    return max(place.offset, min(found.end() if found else place.offset, max(place.span.end, place.offset)))


def _rest(data: bytes, at: int) -> bytes:
    end = data.find(b"\n", at)
    rest = data[at : len(data) if end < 0 else end]
    return b"" if rest.lstrip(b" \t").startswith(b"#") else rest


def shape_of(place: Place, name: str) -> Shape | None:
    """What a key of this name would hold here."""
    return inward(place.shape, name)[0]
