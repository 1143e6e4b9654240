"""The table of what a client may ask of a document: what is asked, what answers, and how it is announced.

Capabilities are made from this table alone, so what is announced is answered, and what is answered is announced.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pointsman_lsp import params
from pointsman_lsp.analysis.document import Document
from pointsman_lsp.client import Client
from pointsman_lsp.convert import Converter, Json, markup
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


@dataclass(frozen=True, slots=True)
class Handler:
    """One method. `provider` is its capability, `announced` that one's value; None if the client has no use for it."""

    shape: type[params.DocumentParams]
    answer: Callable[[Asked, Any], object]
    provider: str
    announced: Callable[[Client], object]
    tells_outcomes: bool = False


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


def _always(client: Client) -> object:
    return True


def _renames(client: Client) -> object:
    return {"prepareProvider": True} if client.prepare_rename else True


def _completes(client: Client) -> object:
    return {"triggerCharacters": list(completion.TRIGGERS)}


def _nothing(client: Client) -> object:
    return None


HANDLERS: Mapping[str, Handler] = MappingProxyType(
    {
        "textDocument/completion": Handler(params.PositionParams, completed, "completionProvider", _completes),
        "textDocument/hover": Handler(params.PositionParams, hovered, "hoverProvider", _always, tells_outcomes=True),
        "textDocument/definition": Handler(params.PositionParams, definition, "definitionProvider", _always),
        "textDocument/references": Handler(params.ReferenceParams, references, "referencesProvider", _always),
        "textDocument/documentHighlight": Handler(
            params.PositionParams, highlights, "documentHighlightProvider", _always
        ),
        "textDocument/prepareRename": Handler(params.PositionParams, prepare_rename, "renameProvider", _nothing),
        "textDocument/rename": Handler(params.RenameParams, renamed, "renameProvider", _renames),
        "textDocument/documentSymbol": Handler(params.DocumentParams, outline, "documentSymbolProvider", _always),
        "textDocument/foldingRange": Handler(params.DocumentParams, folds, "foldingRangeProvider", _always),
    }
)


def capabilities(client: Client) -> Json:
    """What this server can do for a client."""
    announced = [(handler.provider, handler.announced(client)) for handler in HANDLERS.values()]
    return {
        "positionEncoding": client.encoding,
        "textDocumentSync": {"openClose": True, "change": 2},
        "workspace": {"workspaceFolders": {"supported": True, "changeNotifications": True}},
        **{provider: value for provider, value in announced if value is not None},
    }
