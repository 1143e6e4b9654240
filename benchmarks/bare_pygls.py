"""A language server with nothing in it but pygls: what any server made of it needs to start."""

from __future__ import annotations

from lsprotocol import types
from pygls.lsp.server import LanguageServer

server = LanguageServer("bare", "1")


@server.feature(types.TEXT_DOCUMENT_HOVER)
def hover(params: types.HoverParams) -> types.Hover:
    """The same answer everywhere."""
    return types.Hover("nothing")


server.start_io()
