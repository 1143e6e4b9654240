"""What answers each question of the table in `announcing`: take it apart, ask the feature, put the answer together."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pointsman_lsp import params
from pointsman_lsp.analysis.document import Document
from pointsman_lsp.client import Client
from pointsman_lsp.convert import Converter, markup
from pointsman_lsp.features import completion, folding, hover, navigation, rename, symbols


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: the document as it is now, and how its client counts."""

    document: Document
    converter: Converter

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
    }
)
