"""What the kit's clients say they can do: nearly everything, and nearly nothing."""

from __future__ import annotations

from typing import Any

Json = Any

_DYNAMIC = {"dynamicRegistration": False}
_KINDS = list(range(1, 27))

# No dynamic registration: what a server can do is then all in its answer to `initialize`.
FULL: Json = {
    "general": {"positionEncodings": ["utf-16"]},
    "window": {"workDoneProgress": True, "showMessage": {}, "showDocument": {"support": True}},
    "workspace": {
        "applyEdit": True,
        "configuration": True,
        "workspaceFolders": True,
        "didChangeConfiguration": _DYNAMIC,
        "didChangeWatchedFiles": _DYNAMIC,
        "symbol": _DYNAMIC,
        "executeCommand": _DYNAMIC,
        "workspaceEdit": {"documentChanges": True},
    },
    "textDocument": {
        "synchronization": {**_DYNAMIC, "didSave": True, "willSave": True, "willSaveWaitUntil": True},
        "publishDiagnostics": {
            "relatedInformation": True,
            "versionSupport": True,
            "codeDescriptionSupport": True,
            "dataSupport": True,
            "tagSupport": {"valueSet": [1, 2]},
        },
        "completion": {
            **_DYNAMIC,
            "contextSupport": True,
            "completionItem": {
                "snippetSupport": True,
                "documentationFormat": ["markdown", "plaintext"],
                "insertReplaceSupport": True,
                "labelDetailsSupport": True,
            },
        },
        "hover": {**_DYNAMIC, "contentFormat": ["markdown", "plaintext"]},
        "signatureHelp": {**_DYNAMIC, "signatureInformation": {"documentationFormat": ["markdown", "plaintext"]}},
        "declaration": {**_DYNAMIC, "linkSupport": True},
        "definition": {**_DYNAMIC, "linkSupport": True},
        "typeDefinition": {**_DYNAMIC, "linkSupport": True},
        "implementation": {**_DYNAMIC, "linkSupport": True},
        "references": _DYNAMIC,
        "documentHighlight": _DYNAMIC,
        "documentSymbol": {
            **_DYNAMIC,
            "hierarchicalDocumentSymbolSupport": True,
            "symbolKind": {"valueSet": _KINDS},
        },
        "codeAction": {
            **_DYNAMIC,
            "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["", "quickfix", "refactor", "source"]}},
            "dataSupport": True,
            "resolveSupport": {"properties": ["edit"]},
        },
        "codeLens": _DYNAMIC,
        "documentLink": {**_DYNAMIC, "tooltipSupport": True},
        "colorProvider": _DYNAMIC,
        "formatting": _DYNAMIC,
        "rangeFormatting": _DYNAMIC,
        "onTypeFormatting": _DYNAMIC,
        "rename": {**_DYNAMIC, "prepareSupport": True},
        "foldingRange": {**_DYNAMIC, "lineFoldingOnly": False},
        "selectionRange": _DYNAMIC,
        "linkedEditingRange": _DYNAMIC,
        "callHierarchy": _DYNAMIC,
        "typeHierarchy": _DYNAMIC,
        "moniker": _DYNAMIC,
        "inlineValue": _DYNAMIC,
        "inlayHint": _DYNAMIC,
        "diagnostic": {**_DYNAMIC, "relatedDocumentSupport": False},
        "semanticTokens": {
            **_DYNAMIC,
            "requests": {"range": True, "full": {"delta": True}},
            "tokenTypes": ["namespace", "type", "class", "function", "variable", "property", "keyword", "string"],
            "tokenModifiers": ["declaration", "definition"],
            "formats": ["relative"],
        },
    },
}

# A client of the first day: it says nothing, so it has nothing.
NOTHING: Json = {}

# Requests a server may send only to a client that said it takes them, and where it says so.
ASKED_FOR = {
    "workspace/configuration": ("workspace", "configuration"),
    "workspace/workspaceFolders": ("workspace", "workspaceFolders"),
    "workspace/applyEdit": ("workspace", "applyEdit"),
    "window/workDoneProgress/create": ("window", "workDoneProgress"),
    "window/showDocument": ("window", "showDocument"),
    "workspace/codeLens/refresh": ("workspace", "codeLens", "refreshSupport"),
    "workspace/semanticTokens/refresh": ("workspace", "semanticTokens", "refreshSupport"),
    "workspace/inlayHint/refresh": ("workspace", "inlayHint", "refreshSupport"),
    "workspace/inlineValue/refresh": ("workspace", "inlineValue", "refreshSupport"),
    "workspace/diagnostic/refresh": ("workspace", "diagnostics", "refreshSupport"),
    "workspace/foldingRange/refresh": ("workspace", "foldingRange", "refreshSupport"),
}


def offering(*encodings: str) -> Json:
    """The full capabilities with these position encodings, most wanted first."""
    return FULL | {"general": {"positionEncodings": list(encodings)}}


def declares(capabilities: Json, path: tuple[str, ...]) -> bool:
    """Whether a client said it can do what stands at this path."""
    found = capabilities
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return bool(found)


def registers(capabilities: Json, method: str) -> bool:
    """Whether a client said that this method can be registered while it runs."""
    room, _, name = method.partition("/")
    name = {"documentColor": "colorProvider", "didChangeWorkspaceFolders": "workspaceFolders"}.get(name, name)
    if method.startswith("textDocument/did") or method.startswith("textDocument/willSave"):
        name = "synchronization"
    if name in ("didCreateFiles", "willCreateFiles", "didRenameFiles", "willRenameFiles", "didDeleteFiles"):
        name = "fileOperations"
    return declares(capabilities, (room, name, "dynamicRegistration"))
