"""The generic walker: a tree and the table of keys in, values and diagnostics out.

What can not be read is absent from what is found, and exactly one diagnostic says why; text that the parser has
already refused is absent in silence.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from re import compile as regex
from typing import Any

from pointsman.language import embedded, schema
from pointsman.language.collecting import ABSENT, DEEPEST, Absent, Reading
from pointsman.language.contracts import bad_schema
from pointsman.language.diagnostics import Fix, Related, did_you_mean, nearest
from pointsman.language.leaves import not_in_this_version, scalar, wrong_type
from pointsman.language.model import Name
from pointsman.language.schema import Section, Shape
from pointsman.language.source import Span
from pointsman.language.tree import Alias, Entry, Mapping, Missing, Node, Scalar, Sequence, entries, resolve

NAME = regex(r"[A-Za-z_][A-Za-z0-9_]*\Z")
RESERVED = frozenset({"true", "false", "null", "in", "end", "fail"})


@dataclass(frozen=True, slots=True)
class Found:
    """A section as read: the values that could be read, and every known key with where it is written."""

    section: Section
    span: Span
    values: dict[str, Any]
    entries: dict[str, Entry]

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a key, or the default when it is not written or could not be read."""
        return self.values.get(name, default)

    def key(self, name: str) -> Span:
        """Where a key is written; the whole section when it is not."""
        return self.entries[name].key.span if name in self.entries else self.span

    def at(self, name: str) -> Span:
        """Where the value of a key stands."""
        return self.entries[name].value.span if name in self.entries else self.span


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a mapping with names of somebody's choice; `value` is None when it could not be read."""

    name: Name
    span: Span
    value: Any
    node: Node


def read(reading: Reading, node: Node, shape: Shape, what: str, flow: bool = False) -> Any:
    """The value of a node in the form the shape says, or ABSENT. `what` names the value in messages."""
    if not reading.spend(node.span):
        return ABSENT
    written, node = node, resolve(node)
    if isinstance(written, Alias) and isinstance(node, Missing):
        # The parser has said that it names nothing.
        return ABSENT
    match shape:
        case schema.Of(section=name):
            return section(reading, node, schema.SECTIONS[name], what)
        case schema.Named():
            return _named(reading, node, shape, what)
        case schema.Many():
            return _many(reading, node, shape, what)
        case schema.Either():
            return _either(reading, node, shape, what, flow)
        case schema.Expression():
            return embedded.expression(reading, node, flow)
        case schema.Rendered(of=of):
            return embedded.rendered(reading, node, of)
        case schema.Anything():
            return embedded.json(reading, node)
        case schema.Schema():
            return contract(reading, node)
        case _:
            return scalar(reading, node, shape, what)


def section(reading: Reading, node: Node, table: Section, what: str) -> Found | Absent:
    """A mapping with known keys."""
    node = resolve(node)
    if isinstance(node, Scalar) and node.broken:
        return ABSENT
    if not isinstance(node, Mapping):
        return wrong_type(reading, node, what, "a mapping")
    if reading.depth >= DEEPEST:
        return reading.report("yaml_too_deep", node.span, "this is nested too deeply to be read")
    reading.depth += 1
    values, known, unknown = section_values(reading, entries(node), table, node.flow)
    if table.open:
        values["schema"] = _rest(reading, node, known)
        unknown = []
    closed(reading, node, table, known, unknown)
    reading.depth -= 1
    return Found(table, node.span, values, known)


def section_values(
    reading: Reading, of: Iterable[Entry], table: Section, flow: bool
) -> tuple[dict[str, Any], dict[str, Entry], list[Entry]]:
    """The entries of a section: the values that could be read, the known ones as written, and the unknown ones."""
    values: dict[str, Any] = {}
    known: dict[str, Entry] = {}
    unknown: list[Entry] = []
    for entry in of:
        key = table.by_name.get(entry.key.text)
        if key is None:
            unknown.append(entry)
            continue
        known[key.name] = entry
        if key.later:
            if not reading.explained(entry.key.span):
                not_in_this_version(reading, entry.key.span, f"`{key.name}`")
            continue
        value = read(reading, entry.value, key.shape, f"`{key.name}`", flow)
        if value is not ABSENT:
            values[key.name] = value
    return values, known, unknown


def closed(reading: Reading, node: Mapping, table: Section, known: dict[str, Entry], unknown: Iterable[Entry]) -> None:
    """Say what a section has too much or too little of, once all its entries are read."""
    # Where braces are broken, keys are lost and others made up; the parser has said why.
    if node.flow and reading.hurt(node.span):
        return
    for entry in unknown:
        unknown_key(reading, entry, table, known)
    if table.kinds:
        kind_conflict(reading, node, table, known)
        missing_kind(reading, node, table, known)
    missing_key(reading, node, table, known)


def named_items(reading: Reading, of: Iterable[Entry], shape: schema.Named, flow: bool) -> list[Item]:
    """Entries whose keys are names of somebody's choice."""
    items = []
    for entry in of:
        if reading.explained(entry.key.span):
            continue
        if not shape.free and not valid_name(entry.key.text):
            invalid_name(reading, entry.key, shape.what)
        value = read(reading, entry.value, shape.value, f"{shape.what} `{entry.key.text}`", flow)
        name = Name(entry.key.text, entry.key.span)
        items.append(Item(name, entry.span, None if value is ABSENT else value, entry.value))
    return items


def list_items(reading: Reading, of: Iterable[Node], shape: schema.Many, what: str, flow: bool) -> list[Any]:
    """The items of a list, ABSENT for each that could not be read."""
    return [read(reading, item, shape.item, f"an item of {what}", flow) for item in of]


def too_few(reading: Reading, span: Span, count: int, shape: schema.Named | schema.Many, what: str) -> bool:
    """A mapping or list with less in it than it must have."""
    if count >= shape.least:
        return False
    least = shape.what if isinstance(shape, schema.Named) else "item"
    reading.report("missing_key", span, f"{what} needs at least one {least}")
    return True


def contract(reading: Reading, node: Node) -> Any:
    """A JSON Schema that can be used, or ABSENT."""
    node = resolve(node)
    if not isinstance(node, Mapping) and not (isinstance(node, Scalar) and isinstance(node.value, bool)):
        if isinstance(node, Scalar) and node.broken:
            return ABSENT
        return wrong_type(reading, node, "a JSON Schema", "a mapping")
    value = embedded.json(reading, node)
    return ABSENT if value is ABSENT or bad_schema(reading, node, value) else value


def valid_name(name: str) -> bool:
    """Whether something may be called that."""
    return bool(NAME.match(name)) and name not in RESERVED


def unknown_key(reading: Reading, entry: Entry, table: Section, known: Iterable[str]) -> None:
    """A key the table has not, with the nearest one it has."""
    if reading.explained(entry.key.span):
        return
    name = entry.key.text
    free = [one.name for one in table.fields if one.name not in known]
    near = nearest(name, free)
    message = f"{_an(table)} has no key `{name}`{did_you_mean(name, free)}"
    reading.report(
        "unknown_key", entry.key.span, message, fix=Fix(f"Change to {near}", entry.key.span, near) if near else None
    )


def missing_key(reading: Reading, node: Mapping, table: Section, known: Iterable[str]) -> None:
    """A key that must be written and is not."""
    for one in table.fields:
        if one.required and one.name not in known:
            reading.report("missing_key", _head(node), f"{_an(table)} needs the key `{one.name}`")


def missing_kind(reading: Reading, node: Mapping, table: Section, known: Iterable[str]) -> None:
    """A section that says not which kind it is."""
    if any(kind in known for kind in table.kinds) or (table.excused and table.excused in known):
        return
    usable = [kind for kind in table.kinds if not table.by_name[kind].later]
    words = ", ".join(f"`{kind}`" for kind in usable[:-1]) + f" or `{usable[-1]}`"
    extra = f", or just `{table.excused}`" if table.excused else ""
    reading.report("missing_kind", _head(node), f"{_an(table)} needs one of {words}{extra}")


def kind_conflict(reading: Reading, node: Mapping, table: Section, known: dict[str, Entry]) -> None:
    """Two kinds in one section, or a key that belongs to another kind."""
    written = [entry for name, entry in known.items() if name in table.kinds]
    for entry in written[1:]:
        first = written[0].key
        reading.report(
            "kind_conflict",
            entry.key.span,
            f"{_an(table)} is one thing: `{first.text}` or `{entry.key.text}`, not both",
            related=(Related(first.span, "the first one"),),
        )
    for name, entry in known.items():
        only = table.by_name[name].only
        if only and only not in known and not table.by_name[name].later:
            reading.report("kind_conflict", entry.key.span, f"`{name}` belongs to `{only}`, which is not here")


def invalid_name(reading: Reading, key: Scalar, what: str) -> None:
    """A name that could not be used in expressions, or that means something else there."""
    if key.text in RESERVED:
        reading.report(
            "invalid_name", key.span, f"{_article(what)} can not be called {key.text}; that word means something else"
        )
    elif not NAME.match(key.text):
        reading.report(
            "invalid_name", key.span, f"{_article(what)}'s name is letters, digits and `_`, and starts with no digit"
        )


def _named(reading: Reading, node: Node, shape: schema.Named, what: str) -> Any:
    if isinstance(node, Scalar) and node.broken:
        return ABSENT
    if not isinstance(node, Mapping):
        return wrong_type(reading, node, what, f"a mapping of {_plural(shape.what)} by name")
    items = named_items(reading, entries(node), shape, node.flow)
    return ABSENT if too_few(reading, node.span, len(items), shape, what) else tuple(items)


def _many(reading: Reading, node: Node, shape: schema.Many, what: str) -> Any:
    if isinstance(node, Scalar) and node.broken:
        return ABSENT
    if not isinstance(node, Sequence):
        return wrong_type(reading, node, what, "a list", embedded.list_fix(reading.source, node))
    values = list_items(reading, node.items, shape, what, node.flow)
    if too_few(reading, node.span, len(values), shape, what):
        return ABSENT
    return tuple(value for value in values if value is not ABSENT)


def _either(reading: Reading, node: Node, shape: schema.Either, what: str, flow: bool) -> Any:
    for option in shape.shapes:
        match option:
            case schema.Choice(words=words, later=later) if schema.Expression() in shape.shapes:
                fits = isinstance(node, Scalar) and node.text in (*words, *later)
            case schema.Of() | schema.Named():
                fits = isinstance(node, Mapping)
            case schema.Many():
                fits = isinstance(node, Sequence)
            case schema.Expression():
                fits = True
            case _:
                fits = isinstance(node, Scalar | Missing)
        if fits:
            return read(reading, node, option, what, flow)
    forms = {schema.Many: "a list", schema.Of: "a mapping", schema.Named: "a mapping"}
    return wrong_type(reading, node, what, " or ".join(forms.get(type(option), "a word") for option in shape.shapes))


def _rest(reading: Reading, node: Mapping, known: dict[str, Entry]) -> Any:
    """The JSON Schema that the other keys make up."""
    others = tuple(entry for entry in entries(node) if entry.key.text not in known)
    bare = Mapping(node.span, others, node.flow)
    value = contract(reading, bare)
    return None if value is ABSENT else value


def _head(node: Mapping) -> Span:
    """The first line of a mapping, so that what is missing does not underline a screenful."""
    return node.entries[0].key.span if node.entries and not node.flow else node.span


def _an(table: Section) -> str:
    return table.title[:1].lower() + table.title[1:] if table.title.startswith(("A ", "An ", "The ")) else table.title


def _article(what: str) -> str:
    return f"an {what}" if what[0] in "aeiou" else f"a {what}"


def _plural(what: str) -> str:
    return what + ("es" if what.endswith("ch") else "s")
