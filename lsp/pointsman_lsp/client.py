"""What a client said it can do, read once; what it did not say, it can not."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pointsman_lsp.text import ENCODINGS, Encoding


@dataclass(frozen=True, slots=True)
class Client:
    """The abilities that change what we send."""

    encoding: Encoding = "utf-16"
    snippets: bool = False
    markdown_items: bool = False
    markdown_hover: bool = False
    item_kinds: frozenset[int] = frozenset(range(1, 19))
    definition_links: bool = False
    symbol_tree: bool = False
    prepare_rename: bool = False
    document_changes: bool = False
    related: bool = False
    tags: bool = False
    line_folds: bool = False
    most_folds: int | None = None
    registers_watchers: bool = False
    code_actions: bool = False
    preferred_actions: bool = False
    refreshes_lenses: bool = False
    told_of_runs: bool = False
    commands: frozenset[str] = frozenset()
    """Those of our commands that the client itself knows."""


def read_client(capabilities: Mapping[str, Any]) -> Client:
    """The abilities in an `initialize`. What has another shape than the protocol's counts as not said."""

    def at(*path: str) -> Any:
        here: Any = capabilities
        for name in path:
            here = here.get(name) if isinstance(here, Mapping) else None
        return here

    def listed(*path: str) -> list[Any]:
        found = at(*path)
        return found if isinstance(found, list) else []

    text = "textDocument"
    encodings = [one for one in listed("general", "positionEncodings") if one in ENCODINGS]
    kinds = frozenset(
        one for one in listed(text, "completion", "completionItemKind", "valueSet") if isinstance(one, int)
    )
    most = at(text, "foldingRange", "rangeLimit")
    return Client(
        encoding=encodings[0] if encodings else "utf-16",
        snippets=at(text, "completion", "completionItem", "snippetSupport") is True,
        markdown_items="markdown" in listed(text, "completion", "completionItem", "documentationFormat"),
        markdown_hover="markdown" in listed(text, "hover", "contentFormat"),
        item_kinds=kinds or frozenset(range(1, 19)),
        definition_links=at(text, "definition", "linkSupport") is True,
        symbol_tree=at(text, "documentSymbol", "hierarchicalDocumentSymbolSupport") is True,
        prepare_rename=at(text, "rename", "prepareSupport") is True,
        document_changes=at("workspace", "workspaceEdit", "documentChanges") is True,
        related=at(text, "publishDiagnostics", "relatedInformation") is True,
        tags=1 in listed(text, "publishDiagnostics", "tagSupport", "valueSet"),
        line_folds=at(text, "foldingRange", "lineFoldingOnly") is True,
        most_folds=most if isinstance(most, int) and not isinstance(most, bool) and most >= 0 else None,
        code_actions=isinstance(at(text, "codeAction", "codeActionLiteralSupport"), Mapping),
        preferred_actions=at(text, "codeAction", "isPreferredSupport") is True,
        registers_watchers=at("workspace", "didChangeWatchedFiles", "dynamicRegistration") is True,
        refreshes_lenses=at("workspace", "codeLens", "refreshSupport") is True,
        told_of_runs=at("experimental", "pointsman", "runs") is True,
        commands=frozenset(one for one in listed("experimental", "pointsman", "commands") if isinstance(one, str)),
    )
