"""How a server begins and ends: initialize, shutdown, exit, and what it does when its client is gone."""

from __future__ import annotations

import subprocess
import sys

from conformance.lsp.calls import CALLS, announced
from conformance.lsp.capabilities import NOTHING
from conformance.lsp.client import FENCE, MISSING, Client
from conformance.lsp.framing import framed
from conformance.lsp.metamodel import metamodel
from conformance.lsp.probe import (
    Finding,
    Json,
    Room,
    Verdict,
    code,
    failed,
    otherwise,
    passed,
    probe,
    survives,
    told,
    wants,
)

UNOPENED = "file:///conformance/none.txt"
START = {"line": 0, "character": 0}
HOVER = {"textDocument": {"uri": UNOPENED}, "position": START}


@probe("initialize.result", "Initialize Request", "capabilities that are valid", fresh=True)
def initialize_result(room: Room) -> Finding:
    """The result is what the model says, and names its server."""
    with room.client(initialize=False) as client:
        response = client.initialize()
        if response is None or "result" not in response:
            return failed(told(response))
        report = metamodel().from_server(response, "initialize")
        if report.problems:
            return failed("; ".join(report.problems[:3]))
        notes = [] if "serverInfo" in response["result"] else ["no serverInfo"]
        return passed(f"{sum(one.is_announced(client) for one in CALLS)} of {len(CALLS)} providers", *notes)


@probe("initialize.before-request", "Initialize Request", "-32002", fresh=True)
def before_initialize(room: Room) -> Finding:
    """A request that comes first is refused as too early."""
    with room.client(initialize=False) as client:
        response = client.call("textDocument/hover", HOVER, room.times.start)
        if response is None:
            return failed("no answer")
        if client.initialize() is None:
            return failed(f"{told(response)}, then initialize is not answered")
        return wants(client, response, -32002)


@probe("initialize.before-notification", "Initialize Request", "dropped", fresh=True)
def notification_before_initialize(room: Room) -> Finding:
    """A notification that comes first is dropped, and `initialize` is answered."""
    with room.client(initialize=False) as client:
        document = client.open("early")
        client.close(document)
        response = client.initialize()
        if response is None or "result" not in response:
            return failed(f"initialize: {told(response)}")
        return passed("dropped") if client.alive() else failed("answers no more")


@probe("initialize.second", "Initialize Request: may only be sent once", "-32600", fresh=True)
def second_initialize(room: Room) -> Finding:
    """The specification forbids it to clients, and does not say what a server answers: any error will do to go on."""
    with room.client() as client:
        return wants(client, client.call("initialize", client.initialize_params()), -32600)


@probe("initialize.no-capabilities", "Initialize Request: ClientCapabilities", "asks for nothing", fresh=True)
def no_capabilities(room: Room) -> Finding:
    """A client that declares nothing gets results it can read, and no request it did not offer to take."""
    with room.client(capabilities=NOTHING) as client:
        document = client.open(room.profile.document())
        line = room.profile.document()[: room.profile.document().rindex(room.profile.symbol)].count("\n")
        at = {"line": line, "character": 0}
        calls = [call for call in announced(client) if call.method in _READABLE]
        responses = client.call_all([(call.method, call.params(document.uri, at)) for call in calls])
        found = [
            problem
            for call, response in zip(calls, responses, strict=True)
            if (problem := _READABLE[call.method](response.get("result") if response else None))
        ]
        lost = [call.method for call, response in zip(calls, responses, strict=True) if response is None]
        asked = sorted({str(one["method"]) for one in client.log.requested})
        if lost or not client.alive():
            return failed(f"no answer to {', '.join(lost) or FENCE}")
        if found or asked:
            return failed("; ".join([*found, *(f"requests {method}" for method in asked)]))
        return passed(f"asks for nothing, {len(calls)} results readable")


def _symbols(result: Json) -> str:
    hierarchical = any("selectionRange" in one for one in _dicts(result))
    return "documentSymbol: hierarchical symbols" if hierarchical else ""


def _locations(result: Json) -> str:
    return "definition: location links" if any("targetUri" in one for one in _dicts(result)) else ""


def _items(result: Json) -> str:
    items = result.get("items", []) if isinstance(result, dict) else result
    return "completion: snippets" if any(one.get("insertTextFormat") == 2 for one in _dicts(items)) else ""


def _actions(result: Json) -> str:
    # A command has a `command` that is a string; in an action it is an object, or missing.
    return "codeAction: literals" if any(not isinstance(one.get("command"), str) for one in _dicts(result)) else ""


def _dicts(result: Json) -> list[Json]:
    return [one for one in result if isinstance(one, dict)] if isinstance(result, list) else []


_READABLE = {
    "textDocument/documentSymbol": _symbols,
    "textDocument/definition": _locations,
    "textDocument/completion": _items,
    "textDocument/codeAction": _actions,
}


@probe("client.refuses-everything", "Response Message", "goes on", fresh=True)
def refusing_client(room: Room) -> Finding:
    """A client may answer each request of the server with an error."""
    with room.client(refuse=True) as client:
        client.open(room.profile.document())
        asked = len(client.log.requested)
        # The first answer proves that the server has asked, the second that it has read our refusal.
        client.alive()
        finding = survives(client)
        if finding.verdict is Verdict.FAIL:
            return finding
        return passed(f"goes on, {max(asked, len(client.log.requested))} requests refused")


@probe("shutdown.result", "Shutdown Request", "result null", fresh=True)
def shutdown_result(room: Room) -> Finding:
    """`shutdown` is answered by null."""
    with room.client() as client:
        response = client.call("shutdown")
        return (passed if response and response.get("result", 0) is None else failed)(told(response))


@probe("shutdown.request-after", "Shutdown Request: should error with InvalidRequest", "-32600", fresh=True)
def request_after_shutdown(room: Room) -> Finding:
    """Requests after `shutdown` are refused; each is still answered."""
    with room.client() as client:
        client.call("shutdown")
        responses = client.call_all([("textDocument/hover", HOVER), ("shutdown", MISSING)])
        if None in responses:
            return failed("no answer")
        found = {told(response) for response in responses}
        return (passed if {code(response) for response in responses} == {-32600} else otherwise)(
            " and ".join(sorted(found))
        )


@probe("exit.after-shutdown", "Exit Notification", "exit code 0", fresh=True)
def exit_after_shutdown(room: Room) -> Finding:
    """`shutdown`, a notification that is out of place, `exit`."""
    with room.client() as client:
        client.call("shutdown")
        client.notify("initialized", {})
        client.notify("exit")
        return _ended(client, 0)


@probe("exit.without-shutdown", "Exit Notification", "exit code 1", fresh=True)
def bare_exit(room: Room) -> Finding:
    """`exit` without `shutdown` is a failure of the client, and the server says so."""
    with room.client() as client:
        client.notify("exit")
        return _ended(client, 1)


@probe("exit.before-initialize", "Initialize Request: exit is not dropped", "exit code 1", fresh=True)
def exit_first(room: Room) -> Finding:
    """A server can be ended that was never initialized."""
    with room.client(initialize=False) as client:
        client.notify("exit")
        return _ended(client, 1)


def _ended(client: Client, wanted: int) -> Finding:
    found = client.wire.exit_code(client.times.answer)
    if found is None:
        return failed("goes on running")
    return (passed if found == wanted else otherwise)(f"exit code {found}")


@probe("end-of-input", "none: the client is gone", "the process ends", fresh=True)
def end_of_input(room: Room) -> Finding:
    """A server whose standard input ends has nobody to serve."""
    with room.client() as client:
        client.wire.close_input()
        return _gone(client)


@probe("end-of-input.mid-body", "none: the client is gone", "the process ends", fresh=True)
def end_inside_a_body(room: Room) -> Finding:
    """The same in the middle of a message."""
    with room.client() as client:
        client.wire.write(framed(b'{"jsonrpc":"2.0","method":"$/conformance","params":{}}')[:-20])
        client.wire.close_input()
        return _gone(client)


def _gone(client: Client) -> Finding:
    found = client.wire.exit_code(client.times.answer)
    return failed("goes on running") if found is None else passed(f"ends, exit code {found}")


@probe("initialize.process-id", "Initialize Request: processId", "the process ends", fresh=True)
def parent_is_gone(room: Room) -> Finding:
    """The process named in `processId` ends, standard input stays open: the server should exit."""
    with room.client(initialize=False) as client:
        parent = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
        try:
            response = client.initialize(processId=parent.pid)
            client.alive()
        finally:
            parent.communicate()
        if response is None:
            return failed("initialize is not answered")
        found = client.wire.exit_code(client.times.answer)
        return otherwise("goes on running") if found is None else passed(f"ends, exit code {found}")
