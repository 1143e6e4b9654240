"""What clients send, as far as we read it: LSP's parameters by their own names."""

from typing import Annotated, Any

import msgspec

UInteger = Annotated[int, msgspec.Meta(ge=0)]


class _Params(msgspec.Struct, rename="camel"):
    pass


class Position(_Params):
    """A place in a text, in the units the client chose."""

    line: UInteger
    character: UInteger


class Range(_Params):
    """From here to there."""

    start: Position
    end: Position


class TextDocument(_Params):
    """Which document."""

    uri: str


class Nothing(_Params):
    """Parameters we do not look at."""


class WorkspaceFolder(_Params):
    """A folder that is open in the editor."""

    uri: str
    name: str = ""


class Initialize(_Params):
    """Who the client is and what it can do."""

    capabilities: dict[str, Any]
    process_id: int | None = None
    root_uri: str | None = None
    root_path: str | None = None
    workspace_folders: list[WorkspaceFolder] | None = None


class FolderEvent(_Params):
    """Folders that came and went."""

    added: list[WorkspaceFolder] = []
    removed: list[WorkspaceFolder] = []


class DidChangeWorkspaceFolders(_Params):
    """workspace/didChangeWorkspaceFolders."""

    event: FolderEvent


class FileEvent(_Params):
    """A file that changed on disk; how is not asked."""

    uri: str


class DidChangeWatchedFiles(_Params):
    """workspace/didChangeWatchedFiles."""

    changes: list[FileEvent]


class Cancel(_Params):
    """$/cancelRequest."""

    id: int | str


class TextDocumentItem(_Params):
    """A text as a client opens it."""

    uri: str
    language_id: str
    version: int
    text: str


class DidOpen(_Params):
    """textDocument/didOpen."""

    text_document: TextDocumentItem


class Versioned(_Params):
    """Which document, at which version."""

    uri: str
    version: int | None = None


class ContentChange(_Params):
    """An edit; without a range the whole text."""

    text: str
    range: Range | None = None


class DidChange(_Params):
    """textDocument/didChange."""

    text_document: Versioned
    content_changes: list[ContentChange]


class DocumentParams(_Params):
    """A question about a document."""

    text_document: TextDocument


class PositionParams(DocumentParams):
    """A question about a place in a document."""

    position: Position


class ReferenceContext(_Params):
    """Whether the definition is one of the references."""

    include_declaration: bool


class ReferenceParams(PositionParams):
    """textDocument/references."""

    context: ReferenceContext


class RenameParams(PositionParams):
    """textDocument/rename."""

    new_name: str
