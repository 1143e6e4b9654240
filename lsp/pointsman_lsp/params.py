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


class Shown(_Params):
    """A finding as a client shows it; what is not asked about it is left out."""

    range: Range
    message: str


class CodeActionContext(_Params):
    """Which findings a client shows there, and which kinds of actions it wants; `trigger_kind` 2 is by itself."""

    diagnostics: list[Shown]
    only: list[str] | None = None
    trigger_kind: int | None = None


class CodeActionParams(DocumentParams):
    """textDocument/codeAction."""

    range: Range
    context: CodeActionContext


class RenameParams(PositionParams):
    """textDocument/rename."""

    new_name: str


class InputParams(DocumentParams):
    """pointsman/input. Without a name the file's only pipeline is meant."""

    pipeline: str | None = None


class RunsParams(_Params):
    """pointsman/runs: no more than so many, the newest."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 50


class RunParams(_Params):
    """A question about a run."""

    run: str


class EnvelopeParams(RunParams):
    """pointsman/envelope: after this event, or as it stands."""

    seq: int | None = None


class ExecuteCommand(_Params):
    """workspace/executeCommand."""

    command: str
    arguments: list[Any] | None = None


class Start(_Params):
    """The argument of pointsman.server.run; `answers` are given when their stages ask."""

    uri: str
    pipeline: str | None = None
    input: Any = None
    answers: dict[str, Any] = {}


class Rerun(RunParams):
    """The argument of pointsman.server.rerun: from stage `start_at` on nothing is re-used."""

    start_at: str | None = msgspec.field(default=None, name="from")


class Answer(RunParams):
    """The argument of pointsman.server.answer."""

    stage: str
    value: Any
