"""The tables of what a client may ask, and what it is told of that: all that the first answer needs.

Capabilities are made from these tables alone. `handlers` answers what is asked of a document, `runs` what is asked of
runs, so what is announced is answered and what is answered is announced. Where there are no runs, nothing of them is
announced. No feature is imported: those take longer than an editor should wait for `initialize`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import pointsman
from pointsman_lsp import params
from pointsman_lsp.client import Client
from pointsman_lsp.features.items import TRIGGERS
from pointsman_lsp.features.kinds import KINDS


@dataclass(frozen=True, slots=True)
class Question:
    """One method. `provider` is its capability, `announced` that one's value; None if the client has no use for it.

    `of_runs`: it is there only where runs are. `unknown` is the answer about a document that nobody knows.
    """

    shape: type[params.DocumentParams]
    provider: str
    announced: Callable[[Client], object]
    tells_outcomes: bool = False
    of_runs: bool = False
    unknown: object = None


def questions(runs: bool) -> dict[str, Question]:
    """What may be asked of a document, with runs or without."""
    return {method: one for method, one in QUESTIONS.items() if runs or not one.of_runs}


def introduction(client: Client, runs: bool) -> dict[str, Any]:
    """The answer to `initialize`: who we are and what we can do for this client, with runs or without."""
    announced = [(one.provider, one.announced(client)) for one in questions(runs).values()]
    of_runs = {"executeCommandProvider": {"commands": [*COMMANDS]}, "experimental": {"pointsman": {"version": VERSION}}}
    return {
        "capabilities": {
            "positionEncoding": client.encoding,
            "textDocumentSync": {"openClose": True, "change": 2},
            "workspace": {"workspaceFolders": {"supported": True, "changeNotifications": True}},
            **{provider: value for provider, value in announced if value is not None},
            **(of_runs if runs else {}),
        },
        "serverInfo": {"name": "pointsman", "version": pointsman.__version__},
    }


def _always(client: Client) -> object:
    return True


def _completes(client: Client) -> object:
    return {"triggerCharacters": list(TRIGGERS)}


def _renames(client: Client) -> object:
    return {"prepareProvider": True} if client.prepare_rename else True


def _mends(client: Client) -> object:
    # Who takes no actions expects commands in their place, and we have none for that.
    return {"codeActionKinds": list(KINDS)} if client.code_actions else None


def _lenses(client: Client) -> object:
    return {"resolveProvider": False}


def _nothing(client: Client) -> object:
    return None


_PLACE, _WHOLE = params.PositionParams, params.DocumentParams
_NO_INPUT: dict[str, Any] = {"schema": None, "example": {}, "last": None}
VERSION = 1
"""Of what we say beyond the protocol: `docs/reference/lsp-extensions.md` has all of it."""

QUESTIONS: Mapping[str, Question] = MappingProxyType(
    {
        "textDocument/completion": Question(_PLACE, "completionProvider", _completes),
        "textDocument/hover": Question(_PLACE, "hoverProvider", _always, tells_outcomes=True),
        "textDocument/definition": Question(_PLACE, "definitionProvider", _always),
        "textDocument/references": Question(params.ReferenceParams, "referencesProvider", _always),
        "textDocument/documentHighlight": Question(_PLACE, "documentHighlightProvider", _always),
        "textDocument/prepareRename": Question(_PLACE, "renameProvider", _nothing),
        "textDocument/rename": Question(params.RenameParams, "renameProvider", _renames),
        "textDocument/documentSymbol": Question(_WHOLE, "documentSymbolProvider", _always),
        "textDocument/foldingRange": Question(_WHOLE, "foldingRangeProvider", _always),
        "textDocument/codeAction": Question(params.CodeActionParams, "codeActionProvider", _mends),
        "textDocument/codeLens": Question(_WHOLE, "codeLensProvider", _lenses, of_runs=True),
        "pointsman/graph": Question(_WHOLE, "experimental", _nothing, of_runs=True, unknown={"pipelines": []}),
        "pointsman/input": Question(params.InputParams, "experimental", _nothing, of_runs=True, unknown=_NO_INPUT),
    }
)

REQUESTS: Mapping[str, type[Any]] = MappingProxyType(
    {
        "pointsman/runs": params.RunsParams,
        "pointsman/run": params.RunParams,
        "pointsman/events": params.RunParams,
        "pointsman/envelope": params.EnvelopeParams,
        "pointsman/trace": params.RunParams,
        "workspace/executeCommand": params.ExecuteCommand,
    }
)
"""What is asked of runs and not of a document."""

COMMANDS: Mapping[str, type[Any]] = MappingProxyType(
    {
        "pointsman.server.run": params.Start,
        "pointsman.server.rerun": params.Rerun,
        "pointsman.server.resume": params.RunParams,
        "pointsman.server.cancel": params.RunParams,
        "pointsman.server.answer": params.Answer,
    }
)
"""What `workspace/executeCommand` does, each with its one argument."""

NOTIFICATIONS = ("pointsman/runsChanged", "pointsman/definitionChanged")
"""What a client that wants to know of runs is told unasked."""

CLIENT_COMMANDS = ("pointsman.run", "pointsman.debug", "pointsman.showRun", "pointsman.rerun")
"""Commands that lenses hold for a client that says it knows them."""
