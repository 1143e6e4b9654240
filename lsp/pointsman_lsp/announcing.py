"""The table of what a client may ask of a document, and what it is told of that: all that the first answer needs.

Capabilities are made from this table alone, and `handlers` answers what is in it, so what is announced is answered and
what is answered is announced. It imports no feature: those take longer than an editor should wait for `initialize`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pointsman
from pointsman_lsp import params
from pointsman_lsp.client import Client
from pointsman_lsp.features.items import TRIGGERS


@dataclass(frozen=True, slots=True)
class Question:
    """One method. `provider` is its capability, `announced` that one's value; None if the client has no use for it."""

    shape: type[params.DocumentParams]
    provider: str
    announced: Callable[[Client], object]
    tells_outcomes: bool = False


def introduction(client: Client) -> dict[str, Any]:
    """The answer to `initialize`: who we are and what we can do for this client."""
    announced = [(question.provider, question.announced(client)) for question in QUESTIONS.values()]
    return {
        "capabilities": {
            "positionEncoding": client.encoding,
            "textDocumentSync": {"openClose": True, "change": 2},
            "workspace": {"workspaceFolders": {"supported": True, "changeNotifications": True}},
            **{provider: value for provider, value in announced if value is not None},
        },
        "serverInfo": {"name": "pointsman", "version": pointsman.__version__},
    }


def _always(client: Client) -> object:
    return True


def _completes(client: Client) -> object:
    return {"triggerCharacters": list(TRIGGERS)}


def _renames(client: Client) -> object:
    return {"prepareProvider": True} if client.prepare_rename else True


def _nothing(client: Client) -> object:
    return None


_PLACE, _WHOLE = params.PositionParams, params.DocumentParams

QUESTIONS: Mapping[str, Question] = MappingProxyType(
    {
        "textDocument/completion": Question(_PLACE, "completionProvider", _completes),
        "textDocument/hover": Question(_PLACE, "hoverProvider", _always, tells_outcomes=True),
        "textDocument/definition": Question(_PLACE, "definitionProvider", _always),
        "textDocument/references": Question(params.ReferenceParams, "referencesProvider", _always),
        "textDocument/documentHighlight": Question(_PLACE, "documentHighlightProvider", _always),
        "textDocument/prepareRename": Question(_PLACE, "renameProvider", _nothing),
        "textDocument/rename": Question(params.RenameParams, "renameProvider", _renames),
        "textDocument/documentSymbol": Question(_WHOLE, "documentSymbolProvider", _always),
        "textDocument/foldingRange": Question(_WHOLE, "foldingRangeProvider", _always),
    }
)
