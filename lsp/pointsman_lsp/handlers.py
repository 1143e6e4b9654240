"""What answers each question of the table in `announcing`: take it apart, ask the feature, put the answer together."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pointsman.language.source import Span
from pointsman_lsp import params
from pointsman_lsp.analysis.document import Document
from pointsman_lsp.client import Client
from pointsman_lsp.convert import Converter, markup
from pointsman_lsp.features import (
    completion,
    fixes,
    folding,
    graph,
    hover,
    input_shape,
    lenses,
    navigation,
    rename,
    symbols,
)
from pointsman_lsp.features.kinds import FIX, FIX_ALL
from pointsman_lsp.picturing import graph_of, lens, seen
from pointsman_lsp.uris import file_path

AUTOMATIC = 2
"""How a client asks for code actions that nobody called for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: the document as it is now, how its client counts, and what was waited for to be known."""

    document: Document
    converter: Converter
    known: Any = None

    @property
    def client(self) -> Client:
        """Who asks."""
        return self.converter.client

    def offset(self, at: params.PositionParams) -> int:
        """Where it asks."""
        return self.converter.offset(self.document.source, at.position)


def completed(asked: Asked, its: params.PositionParams) -> object:
    """What may be typed here."""
    found = completion.complete(asked.document, asked.offset(its), asked.client.snippets)
    return {"isIncomplete": False, "items": asked.converter.items(asked.document, found)}


def hovered(asked: Asked, its: params.PositionParams) -> object:
    """What is known of what stands here."""
    # Features ask no clock; this is where "3 min ago" gets its now.
    found = hover.hover(asked.document, asked.offset(its), now_ns=time.time_ns())
    if found is None:
        return None
    contents = markup(found.markdown, asked.client.markdown_hover)
    return {"contents": contents, "range": asked.converter.range(asked.document.source, found.span)}


def definition(asked: Asked, its: params.PositionParams) -> object:
    """Where what stands here is defined."""
    found = navigation.definition(asked.document, asked.offset(its))
    converted = asked.converter.link if asked.client.definition_links else asked.converter.location
    return [converted(one) for one in found]


def references(asked: Asked, its: params.ReferenceParams) -> object:
    """Who refers to what stands here."""
    found = navigation.references(asked.document, asked.offset(its), its.context.include_declaration)
    return [asked.converter.location(one) for one in found]


def highlights(asked: Asked, its: params.PositionParams) -> object:
    """The same name elsewhere in the file."""
    found = navigation.highlights(asked.document, asked.offset(its))
    return [{"range": asked.converter.range(asked.document.source, span)} for span in found]


def prepare_rename(asked: Asked, its: params.PositionParams) -> object:
    """What would be renamed. Raises Refused."""
    span, name = rename.prepare(asked.document, asked.offset(its))
    return {"range": asked.converter.range(asked.document.source, span), "placeholder": name}


def renamed(asked: Asked, its: params.RenameParams) -> object:
    """The edits that give it another name. Raises Refused."""
    return asked.converter.workspace_edit(rename.rename(asked.document, asked.offset(its), its.new_name))


def outline(asked: Asked, its: params.DocumentParams) -> object:
    """What is in the file."""
    return asked.converter.symbols(asked.document, symbols.symbols(asked.document))


def folds(asked: Asked, its: params.DocumentParams) -> object:
    """What can be folded."""
    return asked.converter.folds(folding.folds(asked.document))


def lensed(asked: Asked, its: params.DocumentParams) -> object:
    """What is shown above pipelines and stages; nothing of a text that is no file, which nobody can run."""
    document, client = asked.document, asked.client
    if file_path(document.uri) is None:
        return []
    found = lenses.lenses(document, lambda name: seen(asked.known, document.path, name), time.time_ns())
    return [said for one in found if (said := lens(asked.converter, document, one, client.commands))]


def drawn(asked: Asked, its: params.DocumentParams) -> object:
    """The pipelines as graphs."""
    return {"pipelines": [graph_of(asked.converter, asked.document, one) for one in graph.graphs(asked.document)]}


def input_of(asked: Asked, its: params.InputParams) -> object:
    """What a pipeline takes. Raises Refused."""
    schema = input_shape.pick(asked.document, its.pipeline).input
    return {"schema": schema, "example": input_shape.example(schema), "last": asked.known}


def actions(asked: Asked, its: params.CodeActionParams) -> object:
    """What can be done about what is wrong here."""
    document, converter, context = asked.document, asked.converter, its.context
    if not asked.client.code_actions:
        return []

    def span(of: params.Range) -> Span:
        return Span(*sorted(converter.offset(document.source, at) for at in (of.start, of.end)))

    found: list[fixes.Action] = []
    if fixes.wanted(FIX, context.only):
        shown = {(span(one.range), one.message) for one in context.diagnostics}
        found += fixes.fixes(document, fixes.concerned(document, span(its.range), shown))
    # Nobody who only goes by wants a whole file changed.
    if fixes.wanted(FIX_ALL, context.only) and (context.only or context.trigger_kind != AUTOMATIC):
        found += fixes.fix_all(document)
    return converter.actions(document, found)


HANDLERS: Mapping[str, Callable[[Asked, Any], object]] = MappingProxyType(
    {
        "textDocument/completion": completed,
        "textDocument/hover": hovered,
        "textDocument/definition": definition,
        "textDocument/references": references,
        "textDocument/documentHighlight": highlights,
        "textDocument/prepareRename": prepare_rename,
        "textDocument/rename": renamed,
        "textDocument/documentSymbol": outline,
        "textDocument/foldingRange": folds,
        "textDocument/codeAction": actions,
        "textDocument/codeLens": lensed,
        "pointsman/graph": drawn,
        "pointsman/input": input_of,
    }
)
