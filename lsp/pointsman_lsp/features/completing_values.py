"""Values that may be typed at a place: words of the table, and names of what is defined here or around."""

from collections.abc import Iterator

from pointsman.language import model, schema
from pointsman.language.lexical import get, text_of
from pointsman.language.paths import base
from pointsman.language.places import Place
from pointsman.language.schema import Field, Shape
from pointsman.language.scope import Around
from pointsman.language.spots import spot_at
from pointsman.language.stages import stage_kinds, stage_names
from pointsman.language.tree import Mapping, Sequence, entries, resolve
from pointsman_lsp.analysis.document import Document
from pointsman_lsp.features import describing
from pointsman_lsp.features.completing_files import complete_path, complete_python
from pointsman_lsp.features.inserting import Offer, value_items
from pointsman_lsp.features.items import Item
from pointsman_lsp.features.markdown import words
from pointsman_lsp.features.surroundings import around

_TYPICAL = {
    "duration": ("30s", "1m", "5m", "1h"),
    "size": ("64MiB", "256MiB", "1GiB"),
    "money": ("0.50 usd", "1.00 usd", "5.00 usd"),
}
_ENDS = {"end": "The end of this block: of the run, or of its branch.", "fail": "The failure stands."}
# What is behind a name is described for so many; a person who reads further types a letter.
_DESCRIBED = 100


def complete_values(document: Document, place: Place, snippets: bool) -> list[Item]:
    """The values for a value or an item, the likeliest first."""
    shape, field = place.shape, place.field
    if isinstance(shape, schema.Many):
        shape = shape.item
    match shape:
        case schema.Reference(to="prompt" | "policy" as what):
            return complete_path(document, place, what)
        case schema.Text() if field and field.name == "python" and _of_worker(place):
            return complete_python(document, place, snippets)
        case schema.Text() if field and field.name == "model" and place.section and place.section.name == "llm":
            return complete_path(document, place, "replies")
        case _:
            given = _given(place)
            offers = [one for one in _offers(document, place, shape, field) if one.label not in given]
            return value_items(place, offers, snippets)


def _offers(document: Document, place: Place, shape: Shape | None, field: Field | None) -> Iterator[Offer]:
    match shape:
        case schema.Either(shapes=shapes):
            for one in shapes:
                if not isinstance(one, schema.Many):
                    yield from _offers(document, place, one, field)
        case schema.Choice(words=choices):
            yield from (Offer(word, "value", _default(field, word)) for word in choices)
        case schema.Boolean():
            yield from (Offer(word, "keyword", _default(field, word == "true")) for word in ("true", "false"))
        case schema.Measure(unit=unit):
            first = (field.example, field.default) if field else ()
            found = dict.fromkeys(one for one in (*first, *_TYPICAL[unit]) if one)
            yield from (Offer(one, "value", _default(field, one)) for one in found)
        case schema.Integer() | schema.Number() if field:
            found = dict.fromkeys(str(one) for one in (field.example, field.default) if one not in ("", None))
            yield from (Offer(one, "keyword", _default(field, one)) for one in found if one.isdigit())
        case schema.Reference(to=to):
            yield from _references(document, place, to)
        case schema.Text():
            yield from _texts(document, place, field)
        case _:
            return


def _references(document: Document, place: Place, to: str) -> Iterator[Offer]:
    here = around(document, place.offset)
    if here is None or not isinstance(here.of, model.Pipeline):
        return
    match to:
        case "target" | "stage":
            yield from _targets(here.of, place)
        case "agent":
            yield from _workers(here, here.of.agents, here.context.workspace.agents)
        case "tool":
            yield from _workers(here, here.of.tools, here.context.workspace.tools)
        case "branch":
            yield from _branches(here, place)
        case _:
            return


def _targets(pipeline: model.Pipeline, place: Place) -> Iterator[Offer]:
    """Where a stage may go on to: what is below it, the ends, what is above it, and itself at last."""
    spot = spot_at(pipeline, place.path)
    block = spot.blocks[0]
    found = list(zip(stage_names(block), stage_kinds(block), strict=True))
    own = next((at for at, (name, _) in enumerate(found) if spot.stage and name == spot.stage.name), -1)
    ends = [Offer(name, "keyword", "", doc) for name, doc in _ENDS.items()]
    failing = "on_error" in place.path
    yield from _stages(found[own + 1 :])
    yield from reversed(ends) if failing else ends
    yield from _stages(list(reversed(found[: max(own, 0)])))
    if own >= 0 and not _alone(place):
        yield from _stages(found[own : own + 1])


def _alone(place: Place) -> bool:
    """Whether a stage is a branch by itself: it can not go back to where it is."""
    forks = [at for at, step in enumerate(place.path) if step == "fork"]
    return bool(forks) and "stages" not in place.path[forks[-1] :]


def _stages(of: list[tuple[str, model.StageKind]]) -> Iterator[Offer]:
    yield from (Offer(name, "stage", kind) for name, kind in of)


def _workers(
    here: Around, own: tuple[model.Agent | model.Tool, ...], shared: tuple[model.Agent | model.Tool, ...]
) -> Iterator[Offer]:
    seen: set[str] = set()
    for one in (*own, *shared):
        if one.name not in seen:
            seen.add(one.name)
            doc = describing.worker(here, one) if len(seen) <= _DESCRIBED else ""
            detail = _behind(one.target) + ("" if one in own else " (workspace)")
            yield Offer(one.name, "agent" if isinstance(one, model.Agent) else "tool", detail.strip(), doc)


def _behind(target: model.Target | None) -> str:
    match target:
        case model.PythonTarget(target=name):
            return name
        case model.CommandTarget(argv=model.Fixed(value=[str() as program, *_])):
            return f"command {program}"
        case model.CommandTarget(argv=model.Items(items=[model.Fixed(value=program), *_])):
            return f"command {program}"
        case model.CommandTarget():
            return "command"
        case model.LlmTarget(model=name):
            return f"llm {name}"
        case model.ScriptedTarget(results=results):
            return f"scripted, {len(results)}"
        case _:
            return ""


def _branches(here: Around, place: Place) -> Iterator[Offer]:
    depth = max((at for at, step in enumerate(place.path) if step == "join"), default=-1)
    fork = get(place.frames[depth].node, "fork") if depth >= 0 else None
    branches = resolve(fork.value) if fork else None
    for entry in entries(branches) if isinstance(branches, Mapping) else ():
        yield Offer(entry.key.text, "field", "branch")


def _texts(document: Document, place: Place, field: Field | None) -> Iterator[Offer]:
    section = place.section.name if place.section else ""
    here = around(document, place.offset)
    match section, field.name if field else "":
        case "rule", "reason" if here and isinstance(here.of, model.Policy):
            yield from (Offer(name, "field", "", words(sentence)) for name, sentence in here.of.reasons)
        case "match", "agent":
            yield from (Offer(one.name, "agent", _behind(one.target)) for one in document.place.settings.agents)
        case ("pipeline", "pipeline") | ("policy", "policy"):
            name = base(document.source.path).partition(".")[0]
            yield Offer(name, "value", "the file's name")
        case _:
            yield from _properties(place)


def _properties(place: Place) -> Iterator[Offer]:
    """The properties of the JSON Schema whose `required` this is."""
    if place.path[-2:-1] != ("required",) and place.path[-1:] != ("required",):
        return
    around_it = next((one for one in reversed(place.frames[:-1]) if isinstance(one.shape, schema.Schema)), None)
    properties = get(around_it.node, "properties") if around_it else None
    node = resolve(properties.value) if properties else None
    for entry in entries(node) if isinstance(node, Mapping) else ():
        kind = get(entry.value, "type")
        yield Offer(entry.key.text, "field", (text_of(kind.value) if kind else None) or "")


def _given(place: Place) -> set[str]:
    """What stands in the list already, without the item at the cursor."""
    if not place.path or not isinstance(place.path[-1], int) or len(place.frames) < 2:
        return set()
    around_it = place.frames[-2].node
    node = resolve(around_it) if around_it else None
    if not isinstance(node, Sequence):
        return set()
    items = (text_of(item) for item in node.items if not item.span.start <= place.offset <= item.span.end)
    return {text for text in items if text}


def _of_worker(place: Place) -> bool:
    return place.section is not None and place.section.name in ("agent", "tool")


def _default(field: Field | None, value: object) -> str:
    return "default" if field and field.default is not None and field.default == value else ""
