"""What one client has open and what it was told of it: LSP without its wire."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from pointsman_lsp import params, runs
from pointsman_lsp.analysis.document import Document, no_outcomes
from pointsman_lsp.analysis.host import AnalysisHost
from pointsman_lsp.announcing import QUESTIONS
from pointsman_lsp.client import read_client
from pointsman_lsp.convert import Converter, Json, change_of
from pointsman_lsp.features import Refused, input_shape
from pointsman_lsp.features.diagnostics import diagnostics
from pointsman_lsp.handlers import HANDLERS, Asked
from pointsman_lsp.messages import structure
from pointsman_lsp.outside import Outside
from pointsman_lsp.telling import Failed, Say, Telling
from pointsman_lsp.text import changed
from pointsman_lsp.uris import file_path, key_of
from pointsman_lsp.watching import Watching, folders_for

WATCHED = "workspace/didChangeWatchedFiles"
LENS_RUNS = 50
"""Runs of the workspace among which the last ones of a file are looked for."""
LATER_S = 0.2


class Session:
    """One client's documents. `wake` is called when there is something to do that no message asked for, `say` sends it
    a message of its own, `failed` is told what went wrong in doing so."""

    def __init__(
        self, said: params.Initialize, outside: Outside, wake: Callable[[], None], say: Say, failed: Failed
    ) -> None:
        self._wake, self._say, self._failed = wake, say, failed
        self.dirty: dict[str, None] = {}
        """The URIs of documents whose diagnostics may be others than the client was told, oldest first."""
        self._host = AnalysisHost(Path(os.sep), outside.outcomes or no_outcomes)
        self._converter = Converter(read_client(said.capabilities), self._host.spelled)
        self._folders = _folders(said)
        self._told: dict[str, list[Json]] = {}
        self._torn: set[str] = set()
        self._unsaid: list[str] = []
        self._outside = outside
        self._telling: Telling | None = None
        self._ended = False
        client = self._converter.client
        self._wants_to_know = client.told_of_runs or client.refreshes_lenses
        self._watching = Watching(outside.disk_changes, self._changed_on_disk) if outside.disk_changes else None
        self._base()

    def registrations(self) -> list[Json]:
        """What the client is asked to tell us from now on: the disk, if it can and nobody else does."""
        if self._outside.disk_changes is not None or not self._converter.client.registers_watchers:
            return []
        # Everything an analysis may read: pipelines, policies, settings, prompts, scripts, agents' modules.
        watchers = {"watchers": [{"globPattern": "**/*"}]}
        return [{"id": WATCHED, "method": WATCHED, "registerOptions": watchers}]

    def notified(self, method: str, its: object) -> tuple[str, ...]:
        """Take in a notification; the answer are the documents that have another text now, by their keys.

        Raises ResponseError when it is not understood. One that we have no use for is no fault.
        """
        match method:
            case "textDocument/didOpen":
                opened = structure(its, params.DidOpen).text_document
                self._host.open(opened.uri, opened.language_id, opened.version, opened.text)
                self._told.pop(key_of(opened.uri), None)
                return self._edited(opened.uri)
            case "textDocument/didChange":
                edit = structure(its, params.DidChange)
                changes = [change_of(one) for one in edit.content_changes]
                uri, encoding = edit.text_document.uri, self._converter.client.encoding
                refused = self._host.change(
                    uri, edit.text_document.version, lambda source: changed(source, changes, encoding)
                )
                if refused:
                    self._unsaid.append(refused)
                    return ()
                self._tear(uri, edit.content_changes)
                return self._edited(uri)
            case "textDocument/didClose":
                uri = structure(its, params.DocumentParams).text_document.uri
                self._host.close(uri)
                # What is shown of it goes away with it.
                self._look(uri)
                return self._edited(uri)
            case "workspace/didChangeWatchedFiles":
                if structure(its, params.DidChangeWatchedFiles).changes:
                    self._look(*self._host.opened())
            case "workspace/didChangeWorkspaceFolders":
                event = structure(its, params.DidChangeWorkspaceFolders).event
                for folder in event.removed:
                    self._folders.pop(folder.uri, None)
                self._folders.update(dict.fromkeys(folder.uri for folder in event.added))
                self._base()
        return ()

    def unsaid(self) -> list[str]:
        """What went wrong that only a log wants to know; once."""
        said, self._unsaid = self._unsaid, []
        return said

    def prepare(self, uri: str) -> Iterator[None]:
        """The work before a document can be asked about, in small steps; none of them where it is little."""
        return self._host.prepare(uri)

    def freshened(self, method: str, its: Any) -> Awaitable[object] | None:
        """What is to be waited for before a question is answered; None for most. `answer` is given what comes of it."""
        question, freshen = QUESTIONS[method], self._outside.freshen
        document = self._host.document(its.text_document.uri) if question.of_runs or question.tells_outcomes else None
        if document is None:
            return None
        match method:
            case "textDocument/codeLens":
                return self._recorded(document)
            case "pointsman/input":
                return self._last_input(document, its.pipeline)
            case _:
                return freshen(document.path) if freshen and question.tells_outcomes else None

    def answer(self, method: str, its: Any, known: Any = None) -> object:
        """The answer to a question about a document; a plain one about one we know nothing of. Raises Refused."""
        document = self._host.document(its.text_document.uri)
        if document is None:
            return QUESTIONS[method].unknown
        return HANDLERS[method](Asked(document, self._converter, known), its)

    async def answer_of_runs(self, method: str, its: Any) -> object:
        """The answer to a question about runs. Raises Refused and ResponseError."""
        return await runs.answer(await self._bench(), method, its)

    async def follow(self) -> None:
        """Begin to tell of runs, though nothing was asked about them yet."""
        if self._outside.runs is not None and self._wants_to_know:
            # What a client asks for first is not to wait for the engine's import.
            await asyncio.sleep(0 if runs.is_near() else LATER_S)
            await self._bench()

    def diagnose(self, uri: str) -> Json | None:
        """What to publish for a document; None when the client knows it already."""
        self.dirty.pop(uri, None)
        key = key_of(uri)
        document = self._host.document(uri) if self._host.is_open(uri) else None
        if document is None:
            self._watch(key, frozenset())
            told = self._told.pop(key, [])
            return {"uri": uri, "diagnostics": []} if told else None
        found = [self._converter.diagnostic(document, one) for one in diagnostics(document)]
        if self._watching is not None:
            self._watch(key, folders_for(document.place.root, self._host.seen(uri)))
        if self._told.get(key) == found and key not in self._torn:
            return None
        self._torn.discard(key)
        self._told[key] = found
        return {"uri": uri, "version": document.version, "diagnostics": found}

    def end(self) -> None:
        """The client is gone."""
        self._ended = True
        for one in (self._watching, self._telling):
            if one is not None:
                one.end()

    async def _bench(self) -> runs.Bench:
        assert self._outside.runs is not None  # without runs nothing of them is asked
        bench = await runs.sit_down(self._outside.runs, lambda path: self._host.spelled(path)[0])
        if self._telling is None and self._wants_to_know and not self._ended:
            self._telling = Telling(bench, self._converter, self._say, self._failed)
        return bench

    async def _recorded(self, document: Document) -> object:
        return await runs.recorded(await self._bench(), document.place.root, LENS_RUNS)

    async def _last_input(self, document: Document, name: str | None) -> object:
        for _ in self._host.prepare(document.uri):
            await asyncio.sleep(0)
        try:
            pipeline = input_shape.pick(document, name).name
        except Refused:
            return None  # the answer says so
        return await runs.last_input(await self._bench(), document.place.root, document.path, pipeline)

    def _watch(self, key: str, folders: frozenset[Path]) -> None:
        if self._watching is not None:
            self._watching.need(key, folders)

    def _tear(self, uri: str, changes: Sequence[params.ContentChange]) -> None:
        """Where text is taken away, a client loses what it shows there, also if the same text comes back at once.

        So what was told of those lines is told again. Lines are as they were when it was told; after a burst of edits
        they may be others, and then nothing is lost but this courtesy.
        """
        shown = [one["range"] for one in self._told.get(key_of(uri), [])]
        for at in [change.range for change in changes]:
            if at is not None and at.start != at.end:
                lines = range(at.start.line, at.end.line + 1)
                if any(one["start"]["line"] < lines.stop and one["end"]["line"] >= lines.start for one in shown):
                    self._torn.add(key_of(uri))

    def _edited(self, uri: str) -> tuple[str, ...]:
        self._look(*self._host.users_of(uri))
        return (key_of(uri),)

    def _look(self, *uris: str) -> None:
        self.dirty.update(dict.fromkeys(uris))

    def _changed_on_disk(self, paths: Collection[Path]) -> None:
        """The documents find out themselves what they depend on, by asking the disk."""
        if paths:
            self._look(*self._host.opened())
            self._wake()

    def _base(self) -> None:
        paths = [path for path in map(file_path, self._folders) if path]
        with suppress(FileNotFoundError):  # the folder we were started in may be gone
            self._host.base = Path(paths[0] if paths else os.getcwd())


def _folders(said: params.Initialize) -> dict[str, None]:
    folders = [folder.uri for folder in said.workspace_folders or []]
    root = said.root_uri or (Path(said.root_path).absolute().as_uri() if said.root_path else None)
    return dict.fromkeys(folders or ([root] if root else []))
