"""Our server through pytest-lsp, a client that holds it to what each editor said it can do: a warning is a failure.

The editors it knows count columns in three ways; the text has characters on which they disagree.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path

import pytest
import pytest_lsp
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

from e2e.cli import environment, workspace
from e2e.servers import server_of

pytestmark = pytest.mark.filterwarnings("error::pytest_lsp.LspSpecificationWarning")

EDITORS = {
    "neovim@v0.11.0": types.PositionEncodingKind.Utf8,
    "emacs@v29.1": types.PositionEncodingKind.Utf32,
    "visual-studio-code@v1.65.2": types.PositionEncodingKind.Utf16,
}

SECONDS = 20.0
"""How long anything may take before the test has failed."""

UNITS: dict[str, Callable[[str], int]] = {
    types.PositionEncodingKind.Utf8: lambda text: len(text.encode()),
    types.PositionEncodingKind.Utf16: lambda text: len(text.encode("utf-16-le")) // 2,
    types.PositionEncodingKind.Utf32: len,
}

TEXT = """\
pipeline: desk
language: 1
agents:
  classify: {python: "desk:classify"}
  reply: {scripted: [Thank you.]}
stages:
  triage:
    agent: classify
    with: {text: "🚂 ü ${{ outputs.?answer }}"}
    routes:
      - {when: result.intent == "🚂", to: answer}
      - {to: end}
  answer:
    agent: reply
    with: {about: "🚂 ${{ outputs.triage.intent }}"}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One workspace, and so one server, for all editors."""
    root = workspace(
        tmp_path_factory.mktemp("desk"),
        {"desk.pipeline.yaml": TEXT, "desk.py": 'def classify(text: str) -> dict:\n    return {"intent": text}\n'},
    )
    with server_of(root):
        yield root


@pytest_lsp.fixture(  # type: ignore[untyped-decorator]  # pytest-lsp leaves it untyped
    params=EDITORS,
    config=ClientServerConfig(
        server_command=[sys.executable, "-m", "pointsman_server", "lsp"], server_env=environment()
    ),
)
async def client(lsp_client: LanguageClient, request: pytest.FixtureRequest, folder: Path) -> AsyncIterator[None]:
    """An editor with the pipeline open; it leaves in good order, and the bridge with it."""
    root = types.WorkspaceFolder(uri=folder.as_uri(), name=folder.name)
    answer = await lsp_client.initialize_session(
        types.InitializeParams(
            capabilities=client_capabilities(request.param), root_uri=root.uri, workspace_folders=[root]
        )
    )
    assert answer.capabilities.position_encoding == EDITORS[request.param]
    lsp_client.text_document_did_open(
        types.DidOpenTextDocumentParams(types.TextDocumentItem(file(folder).uri, "pointsman", 1, TEXT))
    )
    yield
    await lsp_client.shutdown_session()


async def test_findings_come_with_a_mistake_and_go_with_it(client: LanguageClient, folder: Path) -> None:
    end = at(client, 'intent == "🚂", to: answer')
    type_in(client, folder, 2, end, end, "x")
    (finding,) = await findings(client, folder, 1)
    assert finding.code == "unknown_stage"
    assert finding.range == types.Range(at(client, 'intent == "🚂", to: '), right(end))
    type_in(client, folder, 3, end, right(end), "")
    assert await findings(client, folder, 0) == ()


async def test_completion_knows_what_an_expression_sees(client: LanguageClient, folder: Path) -> None:
    found = await client.text_document_completion_async(
        types.CompletionParams(file(folder), at(client, 'about: "🚂 ${{ outputs.'))
    )
    items = found.items if isinstance(found, types.CompletionList) else found or ()
    (triage,) = [item for item in items if item.label == "triage"]
    assert isinstance(triage.text_edit, types.TextEdit)
    start = at(client, 'about: "🚂 ${{ outputs.')
    assert triage.text_edit.range == types.Range(start, right(start, len("triage")))


async def test_hover_shows_the_stage_that_is_meant(client: LanguageClient, folder: Path) -> None:
    found = await client.text_document_hover_async(types.HoverParams(file(folder), at(client, "🚂 ${{ outputs.tri")))
    assert found is not None
    assert isinstance(found.contents, types.MarkupContent)
    assert "classify" in found.contents.value


async def test_definition_leads_into_the_python_file(client: LanguageClient, folder: Path) -> None:
    found = await client.text_document_definition_async(
        types.DefinitionParams(file(folder), at(client, 'python: "desk:cla'))
    )
    assert isinstance(found, Sequence)
    (link,) = found
    assert isinstance(link, types.LocationLink)
    assert link.target_uri == (folder / "desk.py").as_uri()
    assert link.target_selection_range == types.Range(types.Position(0, 4), types.Position(0, 12))


async def test_a_stage_is_renamed_in_every_expression(client: LanguageClient, folder: Path) -> None:
    edit = await client.text_document_rename_async(
        types.RenameParams(file(folder), at(client, "stages:\n  tri"), new_name="sort")
    )
    assert edit is not None
    # Emacs and VS Code take edits with the document's version, Neovim 0.11 did not say so.
    versioned = edit.document_changes or ()
    files = [
        *(edit.changes or {}).values(),
        *(one.edits for one in versioned if isinstance(one, types.TextDocumentEdit)),
    ]
    assert len(files) == 1
    wanted = [at(client, "stages:\n  "), at(client, "🚂 ${{ outputs.")]
    assert [(one.range, one.new_text) for one in files[0] if isinstance(one, types.TextEdit)] == [
        (types.Range(start, right(start, len("triage"))), "sort") for start in wanted
    ]


def at(client: LanguageClient, before: str) -> types.Position:
    """The place right after a piece of the text, as this editor counts."""
    line, column = TEXT[: TEXT.index(before) + len(before)].rsplit("\n", 1)
    assert client.capabilities is not None
    general = client.capabilities.general
    units = ((general and general.position_encodings) or ["utf-16"])[0]
    return types.Position(line.count("\n") + 1, UNITS[units](column))


def right(place: types.Position, by: int = 1) -> types.Position:
    """So many plain characters further on."""
    return types.Position(place.line, place.character + by)


def file(folder: Path) -> types.TextDocumentIdentifier:
    """The pipeline."""
    return types.TextDocumentIdentifier((folder / "desk.pipeline.yaml").as_uri())


def type_in(
    client: LanguageClient, folder: Path, version: int, start: types.Position, end: types.Position, text: str
) -> None:
    """Put a text in the place of another."""
    changed = types.VersionedTextDocumentIdentifier(version, file(folder).uri)
    change = types.TextDocumentContentChangePartial(types.Range(start, end), text)
    client.text_document_did_change(types.DidChangeTextDocumentParams(changed, [change]))


async def findings(client: LanguageClient, folder: Path, count: int) -> Sequence[types.Diagnostic]:
    """The pipeline's findings, once there are so many."""
    async with asyncio.timeout(SECONDS):
        while len(client.diagnostics.get(file(folder).uri, "unsaid")) != count:
            await client.wait_for_notification("textDocument/publishDiagnostics")
    return client.diagnostics[file(folder).uri]
