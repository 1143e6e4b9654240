"""A pipeline as a graph: its stages as nodes, and every way a run may take between them.

The graph is read from the model alone, so half-typed text has one too: what could not be read is missing in it, and a
way to a stage that does not exist leads to a node of the kind `missing`. Ids are those of the compiled program: the
path of names.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

from pointsman.language import model
from pointsman.language.source import Span
from pointsman_lsp.analysis.document import Document
from pointsman_lsp.features.markdown import shortened

Kind = Literal["agent", "ask", "fork", "set", "gate", "end", "fail", "missing"]
Way = Literal["route", "next", "below", "on_error", "on_max", "branch", "join"]

ENDS: tuple[Literal["end", "fail"], ...] = ("end", "fail")
SKIPPED = "skipped"
_WIDE = 60
"""Characters of a label: a node is a box, and a condition is read where it stands."""


@dataclass(frozen=True, slots=True)
class Node:
    """A stage, an end, or a target that is not there. `parent` is the fork it lies in, `branch` its line there."""

    id: str
    name: str
    kind: Kind
    label: str
    parent: str
    branch: str
    span: Span
    name_span: Span


@dataclass(frozen=True, slots=True)
class Edge:
    """A way from one node to another. `span` is what says so, None where nothing is written."""

    start: str
    end: str
    kind: Way
    label: str = ""
    when: str = ""
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Graph:
    """One pipeline. `entry` is the id of its first stage, empty when it has none."""

    name: str
    span: Span
    entry: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


@dataclass(frozen=True, slots=True)
class _Block:
    """A block being drawn: how ids begin in it, and the fork it belongs to."""

    block: model.Block
    prefix: str = ""
    fork: str = ""
    branch: str = ""
    single: bool = False

    def id(self, stage: str) -> str:
        """The id of a stage of this block. A branch that is one stage has that stage's id, and no block of its own."""
        return self.prefix if self.single else f"{self.prefix}.{stage}" if self.prefix else stage


def graphs(document: Document) -> list[Graph]:
    """The graphs of a file's pipelines, in written order; none of a policy or a file of settings."""
    return [_graph(one) for one in document.analysis.pipelines]


def _graph(pipeline: model.Pipeline) -> Graph:
    nodes: dict[str, Node] = {}
    edges: list[Edge] = []
    _draw(_Block(pipeline.root), nodes, edges)
    for end in ENDS:
        leading = [edge for edge in edges if edge.end == end]
        if leading and end not in nodes:
            nodes[end] = _end(end, pipeline, leading)
    first = next((stage.name for stage in pipeline.root.stages if stage.name), "")
    return Graph(pipeline.name, pipeline.span, first, tuple(nodes.values()), tuple(edges))


def _draw(inside: _Block, nodes: dict[str, Node], edges: list[Edge]) -> None:
    """Add a block's stages, each with what is inside of it, and the ways between them."""
    known = list(dict.fromkeys(stage.name for stage in inside.block.stages))
    below = dict(zip_longest(known, known[1:], fillvalue="end"))
    for stage in inside.block.stages:
        id = inside.id(stage.name)
        if not stage.name or id in nodes:
            continue  # not yet written, or written twice
        spans = stage.span, stage.name_span
        nodes[id] = Node(id, stage.name, stage.kind, _label(stage), inside.fork, inside.branch, *spans)
        for way, to, label, when, span in _ways(stage, below[stage.name]):
            if to in ENDS and inside.fork:
                # What ends a branch goes back to its fork, whose own routes lead on.
                edges.append(Edge(id, inside.fork, "join", label or (to if to == "fail" else ""), when, span))
            elif to in ENDS or to in below:
                edges.append(Edge(id, to if to in ENDS else inside.id(to), way, label, when, span))
            elif to:
                gone = f"{inside.prefix}.{to}" if inside.prefix else to
                where = span or stage.span
                nodes.setdefault(gone, Node(gone, to, "missing", "", inside.fork, inside.branch, where, where))
                edges.append(Edge(id, gone, way, label, when, span))
        for branch in stage.fork.branches if stage.fork else ():
            inner = _Block(branch.block, f"{id}.{branch.name}", id, branch.name, branch.single)
            if branch.name and branch.block.stages:
                edges.append(Edge(id, inner.id(branch.block.stages[0].name), "branch", branch.name))
                _draw(inner, nodes, edges)


def _ways(stage: model.Stage, below: str) -> Iterator[tuple[Way, str, str, str, Span | None]]:
    """Where a stage may go: the way, the target, its label and condition, and what says so."""
    yield from _routed("route", stage.routes or ())
    if stage.next:
        yield "next", stage.next.name, "", "", stage.next.span
    elif stage.routes is None:
        yield "below", below, "", "", None
    elif stage.when:
        # What is skipped takes no route.
        yield "below", below, SKIPPED, "", None
    yield from _routed("on_error", stage.on_error or ())


def _routed(
    way: Literal["route", "on_error"], routes: tuple[model.Route, ...]
) -> Iterator[tuple[Way, str, str, str, Span | None]]:
    for route in routes:
        when = shortened(route.when.text, _WIDE) if route.when else ""
        yield way, route.to.name, route.label, when, route.span
        if route.max is not None and route.on_max:
            yield "on_max", route.on_max.name, f"after {route.max}", when, route.on_max.span


def _label(stage: model.Stage) -> str:
    """Who does the work of a stage, in a few words."""
    match stage.kind:
        case "agent":
            return stage.agent.name if stage.agent else ""
        case "ask":
            return stage.ask.what if stage.ask else ""
        case "fork":
            return shortened(", ".join(branch.name for branch in stage.fork.branches), _WIDE) if stage.fork else ""
        case "set":
            return shortened(", ".join(name.name for name, _ in stage.set), _WIDE)
        case "gate":
            return ""


def _end(end: Literal["end", "fail"], pipeline: model.Pipeline, leading: list[Edge]) -> Node:
    """An end stands nowhere; who looks for it is shown the first that goes there, or where the stages end."""
    span = next((edge.span for edge in leading if edge.span), None)
    if span is None:
        last = pipeline.root.stages[-1].span if pipeline.root.stages else pipeline.span
        span = Span(last.end, last.end)
    return Node(end, end, end, "", "", "", span, span)
