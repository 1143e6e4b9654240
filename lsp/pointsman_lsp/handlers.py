"""The table of what a client may ask of a document: what is asked, what answers, and how it is announced.

Capabilities are made from this table alone, so what is announced is answered, and what is answered is announced.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pointsman_lsp import params
from pointsman_lsp.analysis.document import Document
from pointsman_lsp.client import Client
from pointsman_lsp.convert import Converter, Json


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
    answer: Callable[[Asked, Any], Any]
    provider: str
    announced: Callable[[Client], object]


HANDLERS: Mapping[str, Handler] = MappingProxyType({})


def capabilities(client: Client) -> Json:
    """What this server can do for a client."""
    announced = {handler.provider: handler.announced(client) for handler in HANDLERS.values()}
    return {
        "positionEncoding": client.encoding,
        "textDocumentSync": {"openClose": True, "change": 2},
        "workspace": {"workspaceFolders": {"supported": True, "changeNotifications": True}},
        **{provider: value for provider, value in announced.items() if value is not None},
    }
