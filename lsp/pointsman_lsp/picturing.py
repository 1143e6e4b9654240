"""Graphs and lenses on the wire, and runs as the lenses want them."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pointsman_lsp.analysis.document import Document, StageOutcome
from pointsman_lsp.convert import Converter
from pointsman_lsp.features.graph import Graph
from pointsman_lsp.features.lenses import LastRun, Lens, Seen

if TYPE_CHECKING:
    from pointsman.runtime.listing import RunView

Json = Any

MS = 1_000_000
"""Nanoseconds."""

# What a click asks of a client that knows the command; of the others only running has a command of the server's.
_COMMANDS = {
    "run": "pointsman.run",
    "debug": "pointsman.debug",
    "show": "pointsman.showRun",
    "rerun": "pointsman.rerun",
}
_SERVER_RUN = "pointsman.server.run"


def seen(views: Sequence[RunView] | None, path: Path, pipeline: str) -> Seen:
    """What runs, the newest first, have made of a pipeline of this file."""
    paths = {str(path), os.path.realpath(path)}
    ours = [view for view in views or () if view.pipeline == pipeline and view.path in paths]
    stages: dict[str, StageOutcome] = {}
    for view in reversed(ours):
        for line in view.stages:
            started = view.started_at * MS
            stages[line.id] = StageOutcome(
                view.run, view.live, line.status, line.visit, started, line.took_ms * MS, line.note
            )
    last = next(iter(ours), None)
    if last is None:
        return Seen()
    return Seen(LastRun(last.run, last.live, last.status, last.started_at * MS, last.took_ms * MS, last.cost), stages)


def lens(converter: Converter, document: Document, one: Lens, commands: Collection[str]) -> Json | None:
    """A lens for a client that knows these commands; None where it could do nothing with it."""
    name = _COMMANDS[one.does]
    arguments: list[Json] = [one.run] if one.run else [document.uri, one.pipeline]
    if one.stage:
        arguments.append(one.stage)
    command: Json = {"title": one.title, "command": name, "arguments": arguments}
    if name not in commands:
        match one.does:
            case "run":
                named = {"uri": document.uri, "pipeline": one.pipeline}
                command = {"title": one.title, "command": _SERVER_RUN, "arguments": [named]}
            case "show":
                command = {"title": one.title, "command": ""}  # what is only to be read
            case "debug" | "rerun":
                return None
    return {"range": converter.range(document.source, one.span), "command": command}


def graph_of(converter: Converter, document: Document, graph: Graph) -> Json:
    """A graph."""
    source = document.source
    return {
        "name": graph.name,
        "range": converter.range(source, graph.span),
        "entry": graph.entry,
        "nodes": [
            {
                "id": node.id,
                "name": node.name,
                "kind": node.kind,
                "label": node.label,
                "parent": node.parent,
                "branch": node.branch,
                "range": converter.range(source, node.span),
                "nameRange": converter.range(source, node.name_span),
            }
            for node in graph.nodes
        ],
        "edges": [
            {
                "from": edge.start,
                "to": edge.end,
                "kind": edge.kind,
                "label": edge.label,
                "when": edge.when,
                "range": converter.range(source, edge.span) if edge.span else None,
            }
            for edge in graph.edges
        ],
    }
