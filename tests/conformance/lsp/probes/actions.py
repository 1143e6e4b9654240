"""Code actions: what form a client takes them in, and whether their edits can be made."""

from __future__ import annotations

from itertools import pairwise

from conformance.lsp import positions
from conformance.lsp.capabilities import FULL
from conformance.lsp.client import Client, Text
from conformance.lsp.framing import Json
from conformance.lsp.probe import Finding, Room, absent, failed, passed, probe, told
from conformance.lsp.view import diagnostics

METHOD = "textDocument/codeAction"
PROVIDER = "codeActionProvider"
NO_LITERALS = FULL | {"textDocument": FULL["textDocument"] | {"codeAction": {"dynamicRegistration": False}}}


@probe("actions.edits", "WorkspaceEdit; TextEdit[]", "each fits the text as it is, and none meets another")
def edits(room: Room) -> Finding:
    """All that is offered for a text with an error: the version is the text's, the ranges are in it and apart."""
    client = room.shared()
    if client.server.get(PROVIDER) in (None, False):
        return absent("no actions are announced")
    document = client.open(room.profile.document())
    response = _asked(client, document)
    client.close(document)
    result = response.get("result", []) if response else None
    if not isinstance(result, list | None) or response is None or "error" in response:
        return failed(told(response) if response else "no answer")
    found = [edit for action in result or [] for edit in _changes(action, document.uri)]
    flaws = [flaw for version, theirs in found if (flaw := _flaw(client, document, version, theirs))]
    if flaws:
        return failed(flaws[0])
    return passed(f"{len(found)} edits") if found else absent("no action has an edit")


@probe("actions.without-literals", "CodeActionClientCapabilities", "commands, or none", fresh=True)
def without_literals(room: Room) -> Finding:
    """A client that takes no literals: what it is offered are commands."""
    with room.client(capabilities=NO_LITERALS) as client:
        if client.server.get(PROVIDER) in (None, False):
            return passed("none is announced")
        document = client.open(room.profile.document())
        response = _asked(client, document)
        result = (response or {}).get("result") or []
        literals = [one for one in result if not isinstance(one, dict) or not isinstance(one.get("command"), str)]
        return failed("offers literals") if literals else passed(f"{len(result)} commands")


def _asked(client: Client, document: Text) -> Json | None:
    context = {"diagnostics": diagnostics(client, document)}
    end = positions.place(document.text, len(document.text), client.encoding)
    at = {"start": {"line": 0, "character": 0}, "end": end}
    return client.call(METHOD, {"textDocument": {"uri": document.uri}, "range": at, "context": context})


def _changes(action: Json, uri: str) -> list[tuple[Json, list[Json]]]:
    """The version and the text edits of an action, for this document."""
    edit = action.get("edit") if isinstance(action, dict) else None
    if not isinstance(edit, dict):
        return []
    plain = edit.get("changes", {}).get(uri)
    found = [(None, plain)] if plain else []
    for one in edit.get("documentChanges", []):
        if "edits" in one and one["textDocument"]["uri"] == uri:
            found.append((one["textDocument"]["version"], one["edits"]))
    return found


def _flaw(client: Client, document: Text, version: Json, theirs: list[Json]) -> str:
    if version not in (None, document.version):
        return f"version {version} of a text of version {document.version}"
    last = positions.place(document.text, len(document.text), client.encoding)["line"]
    spans = sorted(tuple((at["line"], at["character"]) for at in _ends(one)) for one in theirs)
    if any(end[0] > last for _, end in spans):
        return "a range behind the end of the text"
    if any(start > end for start, end in spans):
        return "a range that ends before it starts"
    return "ranges that meet" if any(one[1] > other[0] for one, other in pairwise(spans)) else ""


def _ends(edit: Json) -> tuple[Json, Json]:
    return edit["range"]["start"], edit["range"]["end"]
