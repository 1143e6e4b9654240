"""Each request a client may make of a provider: what announces it, and valid params for a document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from conformance.lsp.client import Client, Text

Json = Any
Params = Callable[[str, Json], Json]  # of a document's URI and a position

_OPTIONS = {"tabSize": 2, "insertSpaces": True}


@dataclass(frozen=True, slots=True)
class Call:
    """A method, where in the server's capabilities it is announced, and its params."""

    method: str
    announced: tuple[str, ...]
    params: Params
    source: str = ""  # the method whose first result is resolved

    def is_announced(self, client: Client) -> bool:
        """Whether this server offers it. An empty object is an offer; false is none."""
        *path, last = self.announced
        found = client.server
        for name in path:
            found = found.get(name) if isinstance(found, dict) else None
        return isinstance(found, dict) and found.get(last) not in (None, False)


def _here(uri: str, at: Json) -> Json:
    return {"textDocument": {"uri": uri}}


def _at(uri: str, at: Json) -> Json:
    return {"textDocument": {"uri": uri}, "position": at}


def _range(uri: str, at: Json) -> Json:
    return {"textDocument": {"uri": uri}, "range": {"start": {"line": 0, "character": 0}, "end": at}}


def _with(params: Params, **more: Json) -> Params:
    return lambda uri, at: params(uri, at) | more


def _fixed(**params: Json) -> Params:
    return lambda uri, at: params


_NOWHERE = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 1}}

CALLS = [
    Call("textDocument/hover", ("hoverProvider",), _at),
    Call("textDocument/completion", ("completionProvider",), _with(_at, context={"triggerKind": 1})),
    Call("textDocument/signatureHelp", ("signatureHelpProvider",), _at),
    Call("textDocument/declaration", ("declarationProvider",), _at),
    Call("textDocument/definition", ("definitionProvider",), _at),
    Call("textDocument/typeDefinition", ("typeDefinitionProvider",), _at),
    Call("textDocument/implementation", ("implementationProvider",), _at),
    Call("textDocument/references", ("referencesProvider",), _with(_at, context={"includeDeclaration": True})),
    Call("textDocument/documentHighlight", ("documentHighlightProvider",), _at),
    Call("textDocument/documentSymbol", ("documentSymbolProvider",), _here),
    Call("textDocument/codeAction", ("codeActionProvider",), _with(_range, context={"diagnostics": []})),
    Call("textDocument/codeLens", ("codeLensProvider",), _here),
    Call("textDocument/documentLink", ("documentLinkProvider",), _here),
    Call("textDocument/documentColor", ("colorProvider",), _here),
    Call(
        "textDocument/colorPresentation",
        ("colorProvider",),
        _with(_range, color={"red": 0, "green": 0, "blue": 0, "alpha": 1}),
    ),
    Call("textDocument/formatting", ("documentFormattingProvider",), _with(_here, options=_OPTIONS)),
    Call("textDocument/rangeFormatting", ("documentRangeFormattingProvider",), _with(_range, options=_OPTIONS)),
    Call("textDocument/onTypeFormatting", ("documentOnTypeFormattingProvider",), _with(_at, ch="\n", options=_OPTIONS)),
    Call("textDocument/rename", ("renameProvider",), _with(_at, newName="renamed")),
    Call("textDocument/prepareRename", ("renameProvider", "prepareProvider"), _at),
    Call("textDocument/foldingRange", ("foldingRangeProvider",), _here),
    Call(
        "textDocument/selectionRange",
        ("selectionRangeProvider",),
        lambda uri, at: {"textDocument": {"uri": uri}, "positions": [at]},
    ),
    Call("textDocument/linkedEditingRange", ("linkedEditingRangeProvider",), _at),
    Call("textDocument/prepareCallHierarchy", ("callHierarchyProvider",), _at),
    Call("textDocument/prepareTypeHierarchy", ("typeHierarchyProvider",), _at),
    Call("textDocument/semanticTokens/full", ("semanticTokensProvider", "full"), _here),
    Call("textDocument/semanticTokens/range", ("semanticTokensProvider", "range"), _range),
    Call("textDocument/moniker", ("monikerProvider",), _at),
    Call(
        "textDocument/inlineValue",
        ("inlineValueProvider",),
        lambda uri, at: _range(uri, at) | {"context": {"frameId": 1, "stoppedLocation": _NOWHERE}},
    ),
    Call("textDocument/inlayHint", ("inlayHintProvider",), _range),
    Call("textDocument/diagnostic", ("diagnosticProvider",), _here),
    Call("textDocument/willSaveWaitUntil", ("textDocumentSync", "willSaveWaitUntil"), _with(_here, reason=1)),
    Call("workspace/symbol", ("workspaceSymbolProvider",), _fixed(query="")),
    Call("workspace/executeCommand", ("executeCommandProvider",), _fixed(command="conformance.no-such-command")),
    Call(
        "completionItem/resolve",
        ("completionProvider", "resolveProvider"),
        _fixed(label="x"),
        "textDocument/completion",
    ),
    Call("codeAction/resolve", ("codeActionProvider", "resolveProvider"), _fixed(title="x"), "textDocument/codeAction"),
    Call("codeLens/resolve", ("codeLensProvider", "resolveProvider"), _fixed(range=_NOWHERE), "textDocument/codeLens"),
    Call(
        "documentLink/resolve",
        ("documentLinkProvider", "resolveProvider"),
        _fixed(range=_NOWHERE),
        "textDocument/documentLink",
    ),
    Call(
        "inlayHint/resolve",
        ("inlayHintProvider", "resolveProvider"),
        _fixed(position=_NOWHERE["start"], label="x"),
        "textDocument/inlayHint",
    ),
]

# Wrong for every method above: members that no type accepts.
WRONG_TYPES = dict.fromkeys(
    ("textDocument", "position", "positions", "range", "query", "command", "label", "title", "options", "context"), 7
)
# What says where something stands in a document, and changes nothing.
LOOKS = (
    "textDocument/hover",
    "textDocument/documentHighlight",
    "textDocument/definition",
    "textDocument/documentSymbol",
    "textDocument/foldingRange",
    "textDocument/selectionRange",
    "textDocument/semanticTokens/full",
    "textDocument/documentLink",
    "textDocument/diagnostic",
)


def announced(client: Client) -> list[Call]:
    """What this server offers."""
    return [call for call in CALLS if call.is_announced(client)]


def is_pulled(client: Client) -> bool:
    """Whether diagnostics are asked for."""
    return "diagnosticProvider" in client.server


def valid_params(client: Client, call: Call, document: Text, at: Json) -> Json | None:
    """Params a server must take; None if there is nothing to resolve."""
    if not call.source:
        return call.params(document.uri, at)
    source = next(one for one in CALLS if one.method == call.source)
    response = client.call(source.method, source.params(document.uri, at))
    found = response.get("result") if isinstance(response, dict) else None
    items = found.get("items") if isinstance(found, dict) else found
    return items[0] if isinstance(items, list) and items else None
