"""What people read when they rest on a word: what a key means, what is behind a name, what an expression holds."""

from dataclasses import dataclass

from pointsman.language import model, schema, scope
from pointsman.language.datatypes import from_schema
from pointsman.language.expressions import (
    FUNCTIONS,
    MACROS,
    Call,
    Expr,
    Has,
    Ident,
    Index,
    Literal,
    Macro,
    Select,
    children,
    parse,
)
from pointsman.language.inference import HAS, Names, member_of, names_at
from pointsman.language.places import Place, place_at
from pointsman.language.scope import Around
from pointsman.language.source import Source, Span
from pointsman.language.spots import Path, Spot, named, spot_at
from pointsman_lsp.analysis.document import Document
from pointsman_lsp.features import describing
from pointsman_lsp.features.expression_places import ExpressionPlace, expression_in
from pointsman_lsp.features.surroundings import around

_ENDS = {
    "end": "**end** · the end of this block: of the run, or of its branch.",
    "fail": "**fail** · the failure stands: it ends the run, or its branch.",
}
_TOLD = schema.Choice | schema.Boolean | schema.Integer | schema.Number | schema.Measure


@dataclass(frozen=True, slots=True)
class Hover:
    """What is said of a range, as Markdown."""

    span: Span
    markdown: str


def hover(document: Document, offset: int, now_ns: int = 0) -> Hover | None:
    """What is to be said of what stands at an offset, if anything.

    `now_ns` is the time in Unix nanoseconds; without it nothing is said of when a stage last ran.
    """
    place = place_at(document.analysis, offset)
    here = _Here(document, place, around(document, offset), now_ns)
    if place.standing == "key":
        markdown = _key(here)
        return Hover(place.span, markdown) if markdown else None
    if place.standing != "value":
        return None
    embedded = expression_in(place)
    if embedded is not None:
        return _expression(here, embedded)
    if place.scalar is None or place.where is None:
        return None
    markdown = _value(here, place.scalar.text)
    span = place.where.span(0, len(place.scalar.text))
    return Hover(span, markdown) if markdown and span.start <= offset <= span.end else None


@dataclass(frozen=True, slots=True)
class _Here:
    document: Document
    place: Place
    around: Around | None
    now_ns: int

    def stage(self, of: model.Stage) -> str:
        """A stage, with its last outcome."""
        found = self.around
        if found is None:
            return ""
        outcome = self.document.outcomes(self.document.path, found.of.name, of.name) if self.now_ns else None
        return describing.stage(found, of, outcome, self.now_ns)


def _key(here: _Here) -> str:
    place, found = here.place, here.around
    assert place.scalar is not None
    if place.field and place.section:
        return describing.key(place.field, place.section)
    shape, name = place.shape, place.scalar.text
    if found is None or not isinstance(found.of, model.Pipeline):
        return ""
    match shape:
        case schema.Named(what=what):
            return _defined(here, found, what, (*place.path, name), name)
        case schema.Rendered() if place.path[-1:] == ("with",):
            return _argument(found, spot_at(found.of, place.path), name)
        case _:
            return ""


def _defined(here: _Here, found: Around, what: str, path: Path, name: str) -> str:
    """A name that its key gives to something."""
    assert isinstance(found.of, model.Pipeline)
    match what:
        case "stage":
            stage = spot_at(found.of, path).stage
            return here.stage(stage) if stage else ""
        case "branch":
            fork = spot_at(found.of, path[:-2]).stage
            branch = next((one for one in fork.fork.branches if one.name == name), None) if fork and fork.fork else None
            return describing.branch(found, branch, fork) if branch and fork else ""
        case "agent" | "tool":
            of = found.agent(name) if what == "agent" else found.tool(name)
            return describing.worker(found, of) if of else ""
        case "state key":
            return _state(found.of, name)
        case _:
            return ""


def _argument(found: Around, spot: Spot, name: str) -> str:
    """An argument in `with`, as the agent's function takes it."""
    agent = found.agent(spot.stage.agent.name) if spot.stage and spot.stage.agent else None
    function = found.function(agent.target) if agent else None
    parameter = next((one for one in function.parameters if one.name == name), None) if function else None
    return describing.parameter(function, parameter) if function and parameter else ""


def _value(here: _Here, text: str) -> str:
    place, found = here.place, here.around
    shape = place.shape
    if isinstance(shape, schema.Either):
        shape = next((one for one in shape.shapes if isinstance(one, schema.Reference)), shape)
    if isinstance(shape, schema.Reference):
        return _reference(here, found, shape.to, text) if found else ""
    if place.field is None or place.section is None:
        return ""
    if place.field.name == "python" and found:
        return describing.python(found, model.PythonTarget(text, place.span))
    if place.field.name == "reason" and found and isinstance(found.of, model.Policy):
        return describing.reason(text, dict(found.of.reasons).get(text, ""))
    # What a word, a number or a measure means is said at its key; a text says it itself.
    told = any(isinstance(one, _TOLD) for one in (shape.shapes if isinstance(shape, schema.Either) else (shape,)))
    return describing.key(place.field, place.section) if told else ""


def _reference(here: _Here, found: Around, to: str, name: str) -> str:
    """What a name in a value refers to."""
    match to:
        case "stage" | "target" if name in _ENDS and to == "target":
            return _ENDS[name]
        case "stage" | "target" if isinstance(found.of, model.Pipeline):
            stage = named(spot_at(found.of, here.place.path).blocks[0], name)
            return here.stage(stage) if stage else ""
        case "branch" if isinstance(found.of, model.Pipeline):
            fork = spot_at(found.of, here.place.path).stage
            branch = next((one for one in fork.fork.branches if one.name == name), None) if fork and fork.fork else None
            return describing.branch(found, branch, fork) if branch and fork else ""
        case "agent":
            agent = found.agent(name)
            return describing.worker(found, agent) if agent else ""
        case "tool":
            tool = found.tool(name)
            return describing.worker(found, tool) if tool else ""
        case "prompt":
            data = found.context.files.texts.get(name)
            return describing.prompt(name, data.decode("utf-8", "replace")) if data is not None else ""
        case "policy":
            data = found.context.files.texts.get(name)
            return describing.policy(name, Source(name, data)) if data is not None else ""
        case _:
            return ""


def _state(pipeline: model.Pipeline, name: str) -> str:
    key = next((one for one in pipeline.state if one.name == name), None)
    if key is None:
        return ""
    doc = key.schema.get("description", "") if isinstance(key.schema, dict) else ""
    return describing.state_key(key, from_schema(key.schema), doc if isinstance(doc, str) else "")


def _expression(here: _Here, embedded: ExpressionPlace) -> Hover | None:
    """What is said of the name or function at the cursor."""
    found = here.around
    if found is None:
        return None
    tree = parse(embedded.text).tree
    part = _part(tree, embedded.at)
    if part is None:
        return None
    node, start, end = part
    span = embedded.range(start, end)
    if not span.start <= embedded.offset <= span.end:
        return None  # the offset is in what YAML leaves out of a value
    roots = scope.names(found, embedded.path, embedded.offset)
    names = names_at(tree, start, roots)
    own = frozenset(name for name, one in names.items() if roots.get(name) is one)
    markdown = _said(here, found, node, names, own, embedded)
    return Hover(span, markdown) if markdown else None


def _part(tree: Expr, at: int) -> tuple[Expr, int, int] | None:
    """The innermost node whose own word holds a code point, and where that word stands."""
    found = None
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        word = _word(node)
        if word and word[0] <= at <= word[1] and word[0] < word[1]:
            # Of two that touch the cursor the one that starts there.
            found = (node, *word) if found is None or word[0] >= found[1] else found
        waiting += children(node)
    return found


def _word(node: Expr) -> tuple[int, int] | None:
    match node:
        case Ident():
            return node.end - len(node.name), node.end
        case Select():
            return node.field_start, node.field_end
        case Index(index=Literal(value=str()) as index):
            return index.start, index.end
        case Call():
            return node.function_start, node.function_end
        case Macro():
            return node.kind_start, node.kind_end
        case Has():
            return node.start, node.start + len("has")
        case _:
            return None


def _said(here: _Here, found: Around, node: Expr, names: Names, own: frozenset[str], embedded: ExpressionPlace) -> str:
    """What is said of a node. `own` are the names that no variable of a macro hides."""
    match node:
        case Has():
            return describing.function_of(HAS)
        case Macro(kind=kind):
            return describing.function_of(MACROS[kind])
        case Call(function=function):
            return describing.function_of(FUNCTIONS[function]) if function in FUNCTIONS else ""
        case Ident(name=name) if name not in names:
            # The name of a type, as in `type(x) == string`, is that of the function that makes one.
            return describing.function_of(FUNCTIONS[name]) if name in FUNCTIONS else ""
        case Select(operand=Ident(name=root), field=name) | Index(operand=Ident(name=root), index=Literal(value=name)):
            if root in own and isinstance(name, str) and isinstance(found.of, model.Pipeline):
                defined = _named(here, found.of, embedded.path, root, name)
                if defined:
                    return defined
        case _:
            pass
    known = member_of(node, names)
    return describing.name(known, embedded.text[node.start : node.end]) if known else ""


def _named(here: _Here, pipeline: model.Pipeline, path: Path, root: str, name: str) -> str:
    """The stage or the key of the state that a member of a root is."""
    if root == "state":
        return _state(pipeline, name)
    if root not in ("outputs", "visits"):
        return ""
    blocks = spot_at(pipeline, path).blocks
    stage = next((one for block in blocks if (one := named(block, name))), None)
    return here.stage(stage) if stage else ""
