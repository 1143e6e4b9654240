"""Ours into LSP's and back: alone in knowing a client's units and how its JSON is named.

Answers are plain dictionaries: encoding them takes a twentieth of the time that typed ones take.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pointsman.language.diagnostics import Diagnostic, Severity
from pointsman.language.source import Source, Span
from pointsman_lsp import params
from pointsman_lsp.analysis.document import Document
from pointsman_lsp.client import Client
from pointsman_lsp.features import Location, TextEdit
from pointsman_lsp.features.diagnostics import is_unneeded
from pointsman_lsp.features.fixes import Action
from pointsman_lsp.features.folding import Fold
from pointsman_lsp.features.items import Item
from pointsman_lsp.features.markdown import plain
from pointsman_lsp.features.symbols import Symbol
from pointsman_lsp.text import Change, offset_at, position_at

Json = dict[str, Any]

SOURCE = "pointsman"
# What the kinds of completion are called in LSP. A client that does not know one gets that of keys.
ITEMS: dict[str, int] = {
    "method": 2,
    "function": 3,
    "field": 5,
    "variable": 6,
    "agent": 7,  # class
    "tool": 8,  # interface
    "module": 9,
    "key": 10,  # property
    "value": 12,
    "keyword": 14,
    "file": 17,
    "policy": 17,
    "folder": 19,
    "stage": 22,  # struct
}
# What the outline's kinds are called in LSP; the first eighteen of its kinds are those that every client knows.
SYMBOLS: dict[str, int] = {
    "pipeline": 2,  # module
    "policy": 2,
    "section": 3,  # namespace
    "branch": 3,
    "agent": 5,  # class
    "rule": 7,  # property
    "state": 8,  # field
    "tool": 11,  # interface
    "stage": 12,  # function
}
SEVERITIES = {Severity.ERROR: 1, Severity.WARNING: 2, Severity.HINT: 4}
UNNECESSARY = 1
SNIPPET = 2


@dataclass(frozen=True, slots=True)
class Converter:
    """One client's way to count and to name. `spelled` gives a file's URI and, for an open one, its version."""

    client: Client
    spelled: Callable[[Path], tuple[str, int | None]]

    def offset(self, source: Source, at: params.Position) -> int:
        """The byte offset of a client's position."""
        return offset_at(source, (at.line, at.character), self.client.encoding)

    def position(self, source: Source, offset: int) -> Json:
        """A byte offset as the client's position."""
        line, character = position_at(source, offset, self.client.encoding)
        return {"line": line, "character": character}

    def range(self, source: Source, span: Span) -> Json:
        """A span as the client's range."""
        return {"start": self.position(source, span.start), "end": self.position(source, span.end)}

    def diagnostic(self, document: Document, found: Diagnostic) -> Json:
        """A finding."""
        source = document.source
        said: Json = {
            "range": self.range(source, found.span),
            "severity": SEVERITIES[found.severity],
            "code": found.code,
            "source": SOURCE,
            "message": found.message,
        }
        if self.client.tags and is_unneeded(found):
            said["tags"] = [UNNECESSARY]
        if self.client.related and found.related:
            said["relatedInformation"] = [
                {"location": {"uri": document.uri, "range": self.range(source, one.span)}, "message": one.message}
                for one in found.related
            ]
        return said

    def items(self, document: Document, found: Iterable[Item]) -> list[Json]:
        """What completion offers."""
        source, client, ranges = document.source, self.client, dict[Span, Json]()
        said = []
        for one in found:
            # Nearly all items of one answer replace the same text.
            span = one.edit.span
            if span not in ranges:
                ranges[span] = self.range(source, span)
            kind = ITEMS[one.kind]
            item: Json = {
                "label": one.label,
                # Always said: Neovim takes an edit without it as filtered by the server, and shows all.
                "filterText": one.filter or one.label,
                "kind": kind if kind in client.item_kinds else ITEMS["key"],
                "textEdit": {"range": ranges[span], "newText": one.edit.text},
            }
            if one.detail:
                item["detail"] = one.detail
            if one.doc:
                # Who names no format of documentation, as Emacs 29, takes a string and nothing else.
                item["documentation"] = markup(one.doc, True) if client.markdown_items else plain(one.doc)
            if one.sort:
                item["sortText"] = one.sort
            if one.snippet:
                item["insertTextFormat"] = SNIPPET
            said.append(item)
        return said

    def edit(self, source: Source, edit: TextEdit) -> Json:
        """A text edit."""
        return {"range": self.range(source, edit.span), "newText": edit.text}

    def location(self, found: Location) -> Json:
        """A place in a file."""
        return {"uri": self.spelled(found.path)[0], "range": self.range(found.source, found.span)}

    def link(self, found: Location) -> Json:
        """A place in a file, with the whole of what is defined there."""
        return {
            "targetUri": self.spelled(found.path)[0],
            "targetRange": self.range(found.source, found.full),
            "targetSelectionRange": self.range(found.source, found.span),
        }

    def workspace_edit(self, edits: Iterable[tuple[Path, Source, list[TextEdit]]]) -> Json:
        """Edits of several files; a client that knows versions is told which one each edit speaks of."""
        changes = [
            (*self.spelled(path), [self.edit(source, one) for one in theirs])
            for path, source, theirs in edits
            if theirs
        ]
        if not self.client.document_changes:
            return {"changes": {uri: theirs for uri, _, theirs in changes}}
        return {
            "documentChanges": [
                {"textDocument": {"uri": uri, "version": version}, "edits": theirs} for uri, version, theirs in changes
            ]
        }

    def actions(self, document: Document, found: Iterable[Action]) -> list[Json]:
        """What can be done about findings, these as they were published."""
        said = []
        for one in found:
            action: Json = {"title": one.title, "kind": one.kind}
            action["diagnostics"] = [self.diagnostic(document, finding) for finding in one.findings]
            if one.preferred and self.client.preferred_actions:
                action["isPreferred"] = True
            action["edit"] = self.workspace_edit(one.changes)
            said.append(action)
        return said

    def symbols(self, document: Document, found: Iterable[Symbol], within: str | None = None) -> list[Json]:
        """An outline: as a tree, or as a list with the name each symbol lies in."""
        source, said = document.source, []
        for one in found:
            symbol: Json = {"name": one.name or " ", "kind": SYMBOLS[one.kind]}
            if self.client.symbol_tree:
                symbol["range"] = self.range(source, one.span)
                symbol["selectionRange"] = self.range(source, one.name_span)
                if one.detail:
                    symbol["detail"] = one.detail
                if one.children:
                    symbol["children"] = self.symbols(document, one.children)
                said.append(symbol)
                continue
            symbol["location"] = {"uri": document.uri, "range": self.range(source, one.span)}
            if within is not None:
                symbol["containerName"] = within
            said += [symbol, *self.symbols(document, one.children, one.name)]
        return said

    def folds(self, found: Iterable[Fold]) -> list[Json]:
        """What can be folded, no more than the client wants to know."""
        folds = [{"startLine": one.start_line, "endLine": one.end_line, "kind": one.kind} for one in found]
        return folds[: self.client.most_folds]


def markup(text: str, markdown: bool) -> Json:
    """Markdown for people, in the form the client reads."""
    return {"kind": "markdown", "value": text} if markdown else {"kind": "plaintext", "value": plain(text)}


def change_of(one: params.ContentChange) -> Change:
    """A client's edit."""
    if one.range is None:
        return Change(one.text)
    start, end = one.range.start, one.range.end
    return Change(one.text, (start.line, start.character), (end.line, end.character))
