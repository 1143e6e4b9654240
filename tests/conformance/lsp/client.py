"""A client with no opinion: it sends what a probe says, answers what a server asks, and keeps everything it saw."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from conformance.lsp.capabilities import FULL
from conformance.lsp.framing import Json, frame
from conformance.lsp.profile import Profile
from conformance.lsp.wire import Wire

_NAMES = itertools.count(1)  # of documents: no two clients have the same, in case they meet in one server
FENCE = "conformance/fence"  # no server knows it; its answer proves that what was sent before has been read
MISSING: Json = object()


@dataclass(frozen=True, slots=True)
class Times:
    """How long to wait, in seconds: for a start, for an answer, and for one that is late after a later one came."""

    start: float = 30.0
    answer: float = 10.0
    grace: float = 3.0


@dataclass(slots=True)
class Sent:
    """A request that was sent, and whether it must be answered."""

    method: str
    counted: bool = True


@dataclass(slots=True)
class Text:
    """An open document as the client has it."""

    uri: str
    version: int
    text: str


@dataclass(slots=True)
class Log:
    """What is judged over all clients: the requests, and what came."""

    sent: dict[tuple[type, Json], Sent] = field(default_factory=dict)
    requested: list[Json] = field(default_factory=list)
    notified: list[Json] = field(default_factory=list)
    before_initialized: list[str] = field(default_factory=list)


class Client:
    """One connection to one server process."""

    def __init__(
        self,
        argv: Sequence[str],
        profile: Profile,
        times: Times,
        root: Path,
        *,
        capabilities: Json = None,
        refuse: bool = False,
        cwd: Path | None = None,
    ) -> None:
        self.profile = profile
        self.times = times
        self.capabilities: Json = FULL if capabilities is None else capabilities
        self.log = Log()
        self.result: Json = None
        self.pushes: bool | None = None  # whether diagnostics are published, once somebody has looked
        self._refuse = refuse
        self._responses: dict[tuple[type, Json], list[Json]] = {}
        self._published: dict[str, list[Json]] = {}
        self._ids = itertools.count(1)
        self.root = root
        self.wire = Wire(argv, self._take, cwd)
        self.wire.start()

    # Requests and answers.

    def send(self, message: Json) -> None:
        """Any message, framed."""
        self.wire.write(frame(message))

    def notify(self, method: str, params: Json = MISSING) -> None:
        """A notification."""
        self.send(_message(method, params))

    def message(self, method: str, params: Json = MISSING, *, id: Json = MISSING, counted: bool = True) -> Json:
        """A request that is written down as sent; the caller sends it, in whatever form."""
        identity = next(self._ids) if id is MISSING else id
        self.log.sent[_key(identity)] = Sent(method, counted)
        return {"jsonrpc": "2.0", "id": identity} | _message(method, params)

    def request(self, method: str, params: Json = MISSING, *, id: Json = MISSING) -> Json:
        """Send a request; gives its id."""
        message = self.message(method, params, id=id)
        self.send(message)
        return message["id"]

    def answer(self, id: Json, seconds: float | None = None) -> Json | None:
        """The answer to a request; None if none came in time, or none can come."""
        return self.wire.wait(lambda: self.peek(id), self.times.answer if seconds is None else seconds)

    def peek(self, id: Json) -> Json | None:
        """The answer if it is there."""
        return next(iter(self._responses.get(_key(id), ())), None)

    def call(self, method: str, params: Json = MISSING, seconds: float | None = None) -> Json | None:
        """A request and its answer."""
        return self.answer(self.request(method, params), seconds)

    def call_all(self, calls: Sequence[tuple[str, Json]]) -> list[Json | None]:
        """Requests sent in one go, and their answers. One that is lost costs the grace, not the whole time."""
        ids = [self.request(method, params) for method, params in calls]
        return self.answers(ids)

    def answers(self, ids: Sequence[Json]) -> list[Json | None]:
        """Wait for many answers: all of them, or the grace over after a later request was answered."""
        fence = self.request(FENCE, {})

        def all_here() -> bool | None:
            return all(self.peek(id) is not None for id in ids) or None

        def progress() -> bool | None:
            return all_here() or self.peek(fence) is not None or None

        self.wire.wait(progress, self.times.answer)
        # Each answer that arrives starts the grace anew: a slow server is not a server that loses.
        while all_here() is None and self._one_more(ids):
            pass
        return [self.peek(id) for id in ids]

    def _one_more(self, ids: Sequence[Json]) -> bool:
        def here() -> int:
            return sum(self.peek(id) is not None for id in ids)

        before = here()
        return self.wire.wait(lambda: here() > before or None, self.times.grace) is not None

    def alive(self) -> bool:
        """Whether the server still answers: any answer to a request nobody knows will do."""
        return self.call(FENCE, {}) is not None

    def sees(self, seconds: float, what: Callable[[], object]) -> bool:
        """Whether a condition comes true in time."""
        return self.wire.wait(lambda: what() or None, seconds) is not None

    def responses_without_request(self) -> list[Json]:
        """Responses whose id was never sent."""
        known = list(self._responses.items())  # the reading thread goes on meanwhile
        return [one for key, found in known if key not in self.log.sent for one in found]

    def answered_twice(self, ids: Sequence[Json] | None = None) -> list[str]:
        """The methods of requests, all or those of these ids, that got more than one answer."""
        keys = list(self.log.sent) if ids is None else [_key(id) for id in ids]
        return [self.log.sent[key].method for key in keys if len(self._responses.get(key, ())) > 1]

    def unanswered(self) -> list[str]:
        """The methods of requests that got no answer and had a right to one, from a server that was there to answer."""
        lost = [sent.method for key, sent in self.log.sent.items() if sent.counted and key not in self._responses]
        return [method for method in lost if method != FENCE]

    def method_of(self, response: Json) -> str | None:
        """The method of the request that a response answers."""
        sent = self.log.sent.get(_key(response.get("id"))) if isinstance(response, dict) else None
        return sent.method if sent else None

    # The life of a connection.

    def initialize_params(self, **other: Json) -> Json:
        """The params of `initialize` for this client, with some of them replaced."""
        uri = self.root.as_uri()
        params = {
            "processId": None,
            "clientInfo": {"name": "conformance", "version": "1"},
            "rootUri": uri,
            "capabilities": self.capabilities,
            "workspaceFolders": [{"uri": uri, "name": "conformance"}],
        }
        if self.profile.initialization_options is not None:
            params["initializationOptions"] = self.profile.initialization_options
        return params | other

    def initialize(self, **other: Json) -> Json | None:
        """`initialize` and `initialized`; gives the response."""
        response = self.call("initialize", self.initialize_params(**other), self.times.start)
        if response is not None and "result" in response:
            self.result = response["result"]
            self.notify("initialized", {})
            if self.profile.settings:
                self.notify("workspace/didChangeConfiguration", {"settings": self.profile.settings})
        return response

    @property
    def server(self) -> Json:
        """What the server announced; an empty object where it announced nothing readable."""
        found = self.result.get("capabilities") if isinstance(self.result, dict) else None
        return found if isinstance(found, dict) else {}

    @property
    def encoding(self) -> str:
        """The position encoding agreed on."""
        return str(self.server.get("positionEncoding") or "utf-16")

    @property
    def sync(self) -> int:
        """How the server wants changes: 0 not at all, 1 whole texts, 2 edits."""
        found = self.server.get("textDocumentSync")
        if isinstance(found, dict):
            found = found.get("change", 0) if found.get("openClose") else 0
        return found if isinstance(found, int) else 0

    def end(self) -> None:
        """End the process."""
        self.wire.end()

    # Documents.

    def uri(self, name: str | None = None) -> str:
        """A new document's URI, in the workspace; there is no such file."""
        return (self.root / f"document-{next(_NAMES)}" / (name or self.profile.file)).as_uri()

    def open(self, text: str, uri: str | None = None) -> Text:
        """Open a document."""
        one = Text(uri or self.uri(), 1, text)
        item = {"uri": one.uri, "languageId": self.profile.language, "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})
        return one

    def change(self, document: Text, changes: list[Json], text: str) -> None:
        """Send changes and take over what the text is after them. A server of whole texts is sent that text."""
        document.version += 1
        document.text = text
        identity = {"uri": document.uri, "version": document.version}
        sent = changes if self.sync == 2 else [{"text": text}]
        self.notify("textDocument/didChange", {"textDocument": identity, "contentChanges": sent})

    def close(self, document: Text) -> None:
        """Close a document."""
        self.notify("textDocument/didClose", {"textDocument": {"uri": document.uri}})

    def published(self, uri: str) -> Json | None:
        """The params of the last diagnostics pushed for a document."""
        return next(iter(reversed(self._published.get(uri, ()))), None)

    # What the reading thread does.

    def _take(self, message: Json) -> None:
        if not isinstance(message, dict):
            return
        if "method" not in message:
            self._responses.setdefault(_key(message.get("id")), []).append(message)
            return
        if self.result is None and not self._initialized():
            self.log.before_initialized.append(str(message["method"]))
        if "id" in message:
            self.log.requested.append(message)
            self._reply(message)
            return
        self.log.notified.append(message)
        params = message.get("params")
        if message["method"] == "textDocument/publishDiagnostics" and isinstance(params, dict):
            self._published.setdefault(str(params.get("uri")), []).append(params)

    def _initialized(self) -> bool:
        return any(sent.method == "initialize" and key in self._responses for key, sent in list(self.log.sent.items()))

    def _reply(self, message: Json) -> None:
        reply = {"jsonrpc": "2.0", "id": message["id"]}
        if self._refuse:
            self.send(reply | {"error": {"code": -32601, "message": "this client answers nothing"}})
            return
        self.send(reply | {"result": self._result(str(message["method"]), message.get("params"))})

    def _result(self, method: str, params: Json) -> Json:
        match method:
            case "workspace/configuration":
                items = params.get("items", []) if isinstance(params, dict) else []
                return [self._setting(item) for item in items]
            case "workspace/workspaceFolders":
                return [{"uri": self.root.as_uri(), "name": "conformance"}]
            case "workspace/applyEdit":
                return {"applied": False}
            case "window/showDocument":
                return {"success": False}
            case _:
                return None

    def _setting(self, item: Json) -> Json:
        found: Json = self.profile.settings
        section = item.get("section", "") if isinstance(item, dict) else ""
        for name in section.split(".") if section else ():
            found = found.get(name) if isinstance(found, dict) else None
        return found


def _message(method: str, params: Json) -> Json:
    return {"jsonrpc": "2.0", "method": method} | ({} if params is MISSING else {"params": params})


def _key(id: Json) -> tuple[type, Json]:
    # 1 and "1" are two requests, and so would 1 and True be.
    return (type(id), id if isinstance(id, int | str) else None)
