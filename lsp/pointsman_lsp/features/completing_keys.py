"""Keys that may be typed at a place: those of the table that go with what is written, and names that are asked for."""

from collections.abc import Iterator
from functools import lru_cache
from re import compile as regex

from pointsman.language import model, schema
from pointsman.language.checks.targets import CONTEXT
from pointsman.language.expressions import Template, parse_template, references
from pointsman.language.lexical import get, text_of
from pointsman.language.places import Place
from pointsman.language.schema import Field, Section, Shape
from pointsman.language.schema.reference import said
from pointsman_lsp.analysis.document import Document
from pointsman_lsp.features import describing
from pointsman_lsp.features.inserting import Offer, key_item, shape_of, style_of
from pointsman_lsp.features.items import Item
from pointsman_lsp.features.surroundings import around

# Where a name is written that nothing has: the finding, and what would be defined.
_ASKED_FOR = {"stage": "unknown_stage", "agent": "unknown_agent", "tool": "unknown_tool", "reason": "reason_unknown"}
_AGENT = regex(r"\bagent:[ \t]+([A-Za-z_]\w*)")
_JSON_SCHEMA = {
    "type": "The type of the value.",
    "properties": "The properties of an object, each with its schema.",
    "required": "The properties that must be there.",
    "items": "The schema of each item of an array.",
    "enum": "The values it may have.",
    "const": "The one value it may have.",
    "description": "What the value is, for people.",
    "default": "The value when none is given.",
    "additionalProperties": "Whether, or as what, properties that are not named may be there.",
    "minimum": "The least number.",
    "maximum": "The greatest number.",
    "minLength": "The least length of a text.",
    "maxLength": "The greatest length of a text.",
    "pattern": "A regular expression the text must match.",
    "format": "A form of text: `date-time`, `email`, `uri` ...",
    "minItems": "The least number of items.",
    "maxItems": "The greatest number of items.",
    "uniqueItems": "Whether no item may come twice.",
    "anyOf": "Schemas of which at least one must fit.",
    "oneOf": "Schemas of which exactly one must fit.",
    "allOf": "Schemas that must all fit.",
}


def complete_keys(document: Document, place: Place, snippets: bool) -> list[Item]:
    """The keys for a key or a hole, the likeliest first."""
    if "\n" in document.source.text(place.span):
        # An edit must stay on its line; a key over several lines is damage.
        return []
    shape = place.shape
    if isinstance(shape, schema.Many):
        shape = shape.item
    style = style_of(document.source.data)
    offers = list(_offers(document, place, shape))
    return [key_item(place, offer, inner, style, snippets, number) for number, (offer, inner) in enumerate(offers)]


def _offers(document: Document, place: Place, shape: Shape | None) -> Iterator[tuple[Offer, Shape | None]]:
    field = place.frames[-1].field
    match shape:
        case schema.Of(section=name):
            section = schema.SECTIONS[name]
            for one in _fitting(section, place.keys):
                yield _key_offer(section, one), one.shape
            if section.open:
                yield from _json_schema(place)
        case schema.Schema():
            yield from _json_schema(place)
        case schema.Rendered() if field and field.name == "with" and place.path[-1:] == ("with",):
            yield from ((one, None) for one in _arguments(document, place))
        case schema.Named(what="state key") if field and field.name == "set":
            yield from ((one, None) for one in _state(document, place))
        case schema.Named(what=what) if what in _ASKED_FOR:
            yield from ((one, _shape_under(shape)) for one in _asked_for(document, place, what))
        case _:
            return


def _fitting(section: Section, keys: frozenset[str]) -> list[Field]:
    """The keys that may still be written beside others: needed ones first, then the kinds, then the rest."""
    kind = next((one for one in section.kinds if one in keys), None)
    found = []
    for field in section.fields:
        name = field.name
        if field.later or name in keys or (kind and name in section.kinds) or (field.only and field.only not in keys):
            continue
        if section.name == "branch" and not _goes_with_block(name, keys):
            continue
        found.append(field)
    return sorted(found, key=lambda one: 0 if one.required else 1 if one.name in section.kinds else 2)


def _goes_with_block(name: str, keys: frozenset[str]) -> bool:
    """A branch is one stage, or a block of stages: beside `stages` it has an `output` and nothing else."""
    block = {"stages", "output"}
    return name in block if "stages" in keys else name != "stages" or keys <= block


@lru_cache(maxsize=512)
def _doc(section: str, name: str) -> tuple[str, str]:
    of = schema.SECTIONS[section]
    field = of.by_name[name]
    shape = field.shape
    detail = "mapping" if isinstance(shape, schema.Of) else said(shape)
    if "](#" in detail:
        detail = "list" if isinstance(shape, schema.Many) else "mapping" if isinstance(shape, schema.Named) else ""
    return detail.replace("`", "").replace("of a agent", "of an agent"), describing.key(field, of)


def _key_offer(section: Section, field: Field) -> Offer:
    detail, doc = _doc(section.name, field.name)
    return Offer(field.name, "key", detail, doc)


def _json_schema(place: Place) -> Iterator[tuple[Offer, Shape | None]]:
    for name, doc in _JSON_SCHEMA.items():
        if name not in place.keys and name not in (place.section.by_name if place.section else ()):
            yield Offer(name, "key", "JSON Schema", doc), shape_of(place, name)


def _arguments(document: Document, place: Place) -> Iterator[Offer]:
    """What the agent of this stage takes and `with` does not give yet; what it needs comes first."""
    stage = place.frames[-2].node if len(place.frames) > 1 else None
    agent, here = get(stage, "agent"), around(document, place.offset)
    name = text_of(agent.value) if agent else None
    behind = here.agent(name) if here and name else None
    if here is None or behind is None:
        return
    match behind.target:
        case model.PythonTarget() as target:
            function = here.function(target)
            for one in sorted(function.parameters if function else (), key=lambda one: not one.required):
                if one.kind in ("any", "keyword") and one.name != CONTEXT and one.name not in place.keys and function:
                    detail = one.annotation + (f" = {one.default}" if one.default else "")
                    yield Offer(one.name, "field", detail, describing.parameter(function, one))
        case model.CommandTarget(argv=argv, stdin=stdin):
            names = [named for value in (argv, stdin) for named in _named(value)]
            yield from _once(names, place, f"The command of agent {behind.name} uses it.")
        case model.LlmTarget(prompt=model.Name(name=path)):
            text = document.disk.read(document.beside(path)) or b""
            names = list(_args_of(parse_template(text.decode("utf-8", "replace"))))
            yield from _once(names, place, f"The prompt {path} uses it.")
        case _:
            return


def _once(names: list[str], place: Place, doc: str) -> Iterator[Offer]:
    yield from (Offer(name, "field", "", doc) for name in dict.fromkeys(names) if name not in place.keys)


def _named(value: model.Value | None) -> Iterator[str]:
    """The arguments that a value with templates names."""
    match value:
        case model.Text(template=template):
            yield from _args_of(template)
        case model.Items(items=items):
            for one in items:
                yield from _named(one)
        case model.Fields(fields=fields):
            for _, one in fields:
                yield from _named(one)
        case _:
            return


def _args_of(template: Template) -> Iterator[str]:
    for hole in template.holes:
        for reference in references(hole.expr):
            if reference.path[0] == "args" and len(reference.path) > 1:
                yield reference.path[1]


def _state(document: Document, place: Place) -> Iterator[Offer]:
    here = around(document, place.offset)
    for one in here.of.state if here and isinstance(here.of, model.Pipeline) else ():
        if one.name not in place.keys:
            how = one.merge if isinstance(one.merge, str) else "merge"
            kind = one.schema.get("type", "") if isinstance(one.schema, dict) else ""
            yield Offer(one.name, "field", kind if isinstance(kind, str) else "", f"A key of `state`; writes: {how}.")


def _asked_for(document: Document, place: Place, what: str) -> Iterator[Offer]:
    """Names that are used in this document and that nothing has yet."""
    node = place.frames[-1].node
    span = node.span if what == "stage" and node else place.document.span
    names: dict[str, None] = {}
    if what == "agent":
        # While the section is empty there is no finding yet, and that is when its first names are typed.
        here = around(document, place.offset)
        text = document.source.text(span)
        names = {name: None for name in _AGENT.findall(text) if here and not here.agent(name)}
    for one in document.analysis.diagnostics:
        if one.code == _ASKED_FOR[what] and span.start <= one.span.start <= max(span.end, place.offset):
            names[document.source.text(one.span).strip("\"'")] = None
    yield from (Offer(one, "stage" if what == "stage" else "key", "", "Used, and nowhere defined.") for one in names)


def _shape_under(shape: Shape | None) -> Shape | None:
    return shape.value if isinstance(shape, schema.Named) else None
