"""A small language server that keeps the protocol, and breaks one rule of it at a time when told to: `--fault NAME`.

Its language is words: `def NAME` is a symbol, `oops` an error, and the hover of a word is the word. Standard library
only, one thread; it imports nothing of the kit, so that the two can disagree.
"""

from __future__ import annotations

import json
import os
import re
import select
import sys
import threading
from typing import Any

Json = Any

FAULT = sys.argv[sys.argv.index("--fault") + 1] if "--fault" in sys.argv else ""
MINE = ("textDocument/hover", "textDocument/documentSymbol", "workspace/executeCommand", "textDocument/codeAction")


class Refused(Exception):
    """An error response."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Server:
    """One connection: what was agreed on, and the open documents."""

    def __init__(self) -> None:
        self.documents: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        self.state = "new"
        self.encoding = "utf-16"
        self.client: Json = {}
        self.parent: int | None = None
        self.buffer = bytearray()
        self.waited_for = 0

    def serve(self) -> int:
        """Read until the end; gives the exit code."""
        if FAULT == "prints":
            os.write(1, b"starting up\n")
        while True:
            ready, _, _ = select.select([0], [], [], 0.1)
            if self.parent and not _exists(self.parent) and FAULT != "orphan":
                return 1
            if not ready:
                continue
            data = os.read(0, 1 << 20)
            if not data:
                if FAULT == "immortal" or (FAULT == "immortal-mid-body" and self.buffer):
                    threading.Event().wait()
                return 1
            self.buffer += data
            if len(self.buffer) < self.waited_for:
                continue
            while (body := self.next_body()) is not None:
                if (code := self.body(body)) is not None:
                    return code
            if FAULT == "whole-reads":
                self.buffer.clear()

    def next_body(self) -> bytes | None:
        """The next body that is there as a whole."""
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        fields = [line.partition(b":") for line in bytes(self.buffer[:end]).split(b"\r\n")]
        if FAULT == "two-cases":
            lengths = [value for name, _, value in fields if name in (b"Content-Length", b"content-length")]
        elif FAULT == "one-case":
            lengths = [value for name, _, value in fields if name == b"Content-Length"]
        elif FAULT == "one-header":
            lengths = [value for name, _, value in fields[:1] if name.lower() == b"content-length"]
        elif FAULT == "no-content-type" and len(fields) > 1:
            lengths = []
        else:
            lengths = [value for name, _, value in fields if name.lower() == b"content-length"]
        if not lengths:
            sys.exit(3)
        length = int(lengths[0])
        if FAULT == "small-buffer" and length > 1 << 20:
            sys.exit(4)
        start = end + 4
        if FAULT == "counts-characters":
            text = self.buffer[start:].decode("utf-8", "replace")
            length = len(text[:length].encode()) if len(text) >= length else 1 << 62
        if len(self.buffer) < start + length:
            self.waited_for = start + length
            return None
        self.waited_for = 0
        body = bytes(self.buffer[start : start + length])
        del self.buffer[: len(self.buffer) if FAULT == "one-per-read" else start + length]
        return body

    def send(self, message: Json) -> None:
        """One message out."""
        body = json.dumps({"jsonrpc": "2.0"} | message).encode()
        if FAULT == "no-jsonrpc":
            body = json.dumps(message).encode()
        data = b"Content-Length: %d\r\n\r\n" % len(body) + body
        while data:
            data = data[os.write(1, data) :]

    def body(self, body: bytes) -> int | None:
        """One body; gives the exit code when it was the last."""
        try:
            message = json.loads(body.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            if FAULT == "dies-of-json":
                return 5
            if FAULT == "silent-on-json":
                return None
            self.send({"id": None, "error": {"code": -32700, "message": str(error)[:100]}})
            return None
        if not isinstance(message, dict):
            if FAULT == "dies-of-scalars":
                return 5
            self.send({"id": None, "error": {"code": -32600, "message": "a message is an object"}})
            return None
        id, method = message.get("id"), message.get("method")
        if message.get("jsonrpc") != "2.0" or not isinstance(method, str):
            if "result" in message or "error" in message:
                if FAULT == "refusal-kills" and "error" in message:
                    return 6
                return None
            if FAULT == "method-kills":
                return 6
            self.send({"id": id, "error": {"code": -32600, "message": "not a request"}})
            return None
        if FAULT == "inner-jsonrpc" and json.dumps(message).count('"jsonrpc"') > 1:
            return None
        if "id" not in message:
            return self.notification(method, message.get("params"))
        self.request(id, method, message)
        return None

    def request(self, id: Json, method: str, message: Json) -> None:
        """One request, answered once."""
        if (FAULT == "loses-falsy-ids" and not id) or (FAULT == "needs-params" and "params" not in message):
            return
        if FAULT == "ids-to-text":
            id = str(id)
        try:
            if self.state == "new" and method != "initialize" and FAULT != "served-early":
                raise Refused(-32002, "not initialized")
            if self.state == "down" and FAULT == "lost-after-shutdown":
                return
            if self.state == "down" and FAULT != "served-late":
                raise Refused(-32600, "after shutdown")
            reply = {"id": id, "result": self.result(method, message.get("params", ...))}
        except Refused as refused:
            if f"lost{refused.code}" == FAULT:
                return
            reply = {"id": id, "error": {"code": -1 if FAULT == "odd-codes" else refused.code, "message": str(refused)}}
        self.send(reply)
        if FAULT == "twice" and method == "textDocument/hover":
            self.send(reply)

    def notification(self, method: str, params: Json) -> int | None:
        """One notification; those that are no good are dropped."""
        if method == "exit":
            if FAULT == "stays":
                threading.Event().wait()
            return 7 if FAULT == "odd-exit" else 0 if self.state == "down" else 1
        if self.state == "new":
            return 8 if FAULT == "early-kills" else None
        if FAULT == "answers-notifications" and not method.startswith("textDocument/did"):
            self.send({"id": None, "error": {"code": -32601, "message": method}})
        if FAULT == "shows-messages" and method.startswith("$/"):
            self.send({"method": "window/showMessage", "params": {"type": 1, "message": method}})
        if method == "initialized" and FAULT in ("asks-configuration", "refusal-kills"):
            self.send({"id": "ask", "method": "workspace/configuration", "params": {"items": [{"section": "words"}]}})
        if method == "$/cancelRequest" and FAULT == "cancel-kills":
            return 9
        try:
            self.synchronize(method, params)
        except (TypeError, KeyError, AttributeError, ValueError):
            if FAULT == "bad-notification-kills":
                return 9
        return None

    def result(self, method: str, params: Json) -> Json:
        """What a request gives."""
        if method == "initialize":
            return self.initialize(params)
        if method == "shutdown":
            self.state = "down"
            return {} if FAULT == "shutdown-result" else None
        if method == "workspace/executeCommand" and FAULT == "any-command":
            return None
        if method.startswith("$/") and FAULT == "dollar-served":
            return None
        if method not in MINE:
            raise Refused(-32601, method)
        if FAULT == "lax":
            params = params if isinstance(params, dict) else {}
            uri = params.get("textDocument", {})
            uri = uri.get("uri") if isinstance(uri, dict) else None
            if method == MINE[2] or uri not in self.documents or not isinstance(params.get("position", {}), dict):
                return None
        checked(method, params)
        if method == MINE[2]:
            raise Refused(-32602, "no such command")
        text = self.documents.get(params["textDocument"]["uri"])
        if text is None and FAULT == "asked-unopened-kills":
            sys.exit(10)
        if text is None:
            return None
        if method == MINE[0]:
            return self.hover(text, params["position"])
        if method == MINE[3]:
            return self.actions(text, params["textDocument"]["uri"])
        return self.symbols(text)

    def initialize(self, params: Json) -> Json:
        """What is agreed on."""
        if self.state != "new" and FAULT != "twice-initialized":
            raise Refused(-32600, "initialized already")
        self.state = "up"
        self.client = params["capabilities"]
        self.parent = params["processId"]
        offered = self.client.get("general", {}).get("positionEncodings", [])
        self.encoding = offered[0] if offered else "utf-16"
        if FAULT == "own-encoding":
            self.encoding = "utf-7"
        if FAULT == "talks-early":
            self.send({"method": "textDocument/publishDiagnostics", "params": {"uri": "file:///a", "diagnostics": []}})
        sync = {"openClose": True, "change": 2}
        said = {"positionEncoding": self.encoding, "textDocumentSync": sync}
        said |= {"hoverProvider": True, "documentSymbolProvider": True}
        literals = self.client.get("textDocument", {}).get("codeAction", {}).get("codeActionLiteralSupport")
        if literals or FAULT == "always-literals":
            said["codeActionProvider"] = {"codeActionKinds": ["quickfix"]}
        said["executeCommandProvider"] = {"commands": ["words.sort"]}
        if FAULT == "announces-too-much":
            said["foldingRangeProvider"] = True
        if FAULT == "announces-too-little":
            del said["hoverProvider"]
        if FAULT == "bad-capabilities":
            said["hoverProvider"] = "yes"
        return {"capabilities": said, "serverInfo": {"name": "scripted", "version": "1"}}

    def synchronize(self, method: str, params: Json) -> None:
        """Opened, changed, closed."""
        if method == "textDocument/didOpen":
            item = params["textDocument"]
            if FAULT == "open-twice-kills" and item["uri"] in self.documents:
                sys.exit(11)
            if FAULT == "uri-kills" and not item["uri"].startswith("file:"):
                sys.exit(11)
            if FAULT == "nul-kills" and "\0" in item["text"]:
                sys.exit(11)
            if FAULT == "surrogate-kills" and "\ud83d" in item["text"]:
                sys.exit(11)
            self.documents[item["uri"]] = item["text"]
            self.versions[item["uri"]] = item["version"]
            self.publish(item["uri"], item["version"])
        elif method == "textDocument/didChange":
            identity = params["textDocument"]
            if identity["uri"] not in self.documents and FAULT == "unopened-kills":
                sys.exit(11)
            text = self.documents[identity["uri"]]
            changes = params["contentChanges"]
            for change in reversed(changes) if FAULT == "changes-reversed" else changes:
                text = self.changed(text, change)
            self.documents[identity["uri"]] = text
            self.versions[identity["uri"]] = identity["version"]
            if FAULT == "version-kills" and identity["version"] == 3:
                sys.exit(11)
            self.publish(identity["uri"], identity["version"])
        elif method == "textDocument/didClose":
            uri = params["textDocument"]["uri"]
            if uri not in self.documents and FAULT == "close-kills":
                sys.exit(11)
            del self.documents[uri]
            if FAULT != "keeps-diagnostics":
                self.send({"method": "textDocument/publishDiagnostics", "params": {"uri": uri, "diagnostics": []}})

    def changed(self, text: str, change: Json) -> str:
        """A text after one change."""
        if "range" not in change:
            return text if FAULT == "no-whole-text" else str(change["text"])
        start, end = (self.offset(text, change["range"][side]) for side in ("start", "end"))
        return text[:start] + str(change["text"]) + text[end:]

    def publish(self, uri: str, version: int) -> None:
        """Push what is wrong with a document."""
        text = self.documents[uri]
        found = [
            {"range": self.range(text, one.start(), one.end()), "message": "oops", "severity": 1}
            for one in re.finditer(r"\boops\b", text)
        ]
        params = {"uri": uri, "diagnostics": found, "version": version}
        self.send({"method": "textDocument/publishDiagnostics", "params": params})

    def hover(self, text: str, at: Json) -> Json:
        """The word at a position."""
        offset = self.offset(text, at)
        for one in re.finditer(r"\w+", text):
            if one.start() <= offset < one.end():
                return {"contents": {"kind": "plaintext", "value": one[0]}}
        if FAULT == "nowhere-kills" and at["line"] > 1000:
            sys.exit(12)
        return None

    def actions(self, text: str, uri: str) -> Json:
        """A better word for each error, wherever it stands."""
        ranges = [self.range(text, one.start(), one.end()) for one in re.finditer(r"\boops\b", text)]
        if FAULT == "actions-meet":
            ranges += ranges
        if FAULT == "actions-nowhere":
            ranges = [{"start": {"line": 999, "character": 0}, "end": {"line": 999, "character": 1}}]
        version = self.versions[uri] - (FAULT == "actions-of-yesterday")
        edits = [{"range": place, "newText": "fine"} for place in ranges]
        change = {"textDocument": {"uri": uri, "version": version}, "edits": edits}
        return [{"title": "Say fine", "kind": "quickfix", "edit": {"documentChanges": [change]}}]

    def symbols(self, text: str) -> Json:
        """What is defined, as a tree for clients that know trees."""
        symbol = self.client.get("textDocument", {}).get("documentSymbol", {})
        found = [(one[1], self.range(text, one.start(1), one.end(1))) for one in re.finditer(r"def (\w+)", text)]
        if FAULT == "invalid-result":
            return [{"name": name, "range": place} for name, place in found]
        if symbol.get("hierarchicalDocumentSymbolSupport") or FAULT == "always-trees":
            return [{"name": name, "kind": 12, "range": place, "selectionRange": place} for name, place in found]
        return [{"name": name, "kind": 12, "location": {"uri": "file:///a", "range": place}} for name, place in found]

    def lines(self, text: str) -> list[tuple[int, int]]:
        """Start and end of each line, line ends apart."""
        if FAULT == "splitlines":
            ends = [(one.start(), one.end()) for one in re.finditer("\r\n|[\n\r\x0b\x0c\x85\u2028\u2029]", text)]
        elif FAULT == "newline-only":
            ends = [(one.start(), one.end()) for one in re.finditer("\n", text)]
        elif FAULT == "crlf-twice":
            ends = [(one.start(), one.end()) for one in re.finditer("\n|\r", text)]
        else:
            ends = [(one.start(), one.end()) for one in re.finditer("\r\n|\n|\r", text)]
        starts = [0, *(after for _, after in ends)]
        return list(zip(starts, [*(before for before, _ in ends), len(text)], strict=True))

    def offset(self, text: str, at: Json) -> int:
        """The character at a position; beyond a line is its end, beyond the text is the text's."""
        lines = self.lines(text)
        line, left = int(at["line"]), int(at["character"])
        if line >= len(lines):
            return len(text) - 1 if FAULT == "clamps-short" else len(text)
        start, end = lines[line]
        for index in range(start, end):
            if left <= 0:
                return index
            left -= self.width(text[index])
        if FAULT == "swallows-line-end" and left > 0:
            return min(end + 1, len(text))
        return end - 1 if FAULT == "clamps-short" and end == len(text) else end

    def range(self, text: str, start: int, end: int) -> Json:
        """The range between two characters."""
        return {"start": self.place(text, start), "end": self.place(text, end)}

    def place(self, text: str, index: int) -> Json:
        """The position of a character."""
        for line, (start, end) in enumerate(self.lines(text)):
            if start <= index <= end:
                return {"line": line, "character": sum(self.width(one) for one in text[start:index])}
        raise ValueError(index)

    def width(self, character: str) -> int:
        """A character in code units."""
        encoding = "utf-32" if FAULT == "counts-code-points" else self.encoding
        if encoding == "utf-8":
            return len(character.encode("utf-8", "surrogatepass"))
        return 2 if encoding == "utf-16" and ord(character) > 0xFFFF else 1


def checked(method: str, params: Json) -> None:
    """Refuse params that are not those of the method."""
    if not isinstance(params, dict):
        raise Refused(-32602, "params is an object")
    if method == MINE[2]:
        if not isinstance(params.get("command"), str):
            raise Refused(-32602, "command")
        return
    document = params.get("textDocument")
    if not isinstance(document, dict) or not isinstance(document.get("uri"), str):
        raise Refused(-32602, "textDocument")
    if method == MINE[3] and not all(isinstance(params.get(name), dict) for name in ("range", "context")):
        raise Refused(-32602, "range, context")
    if method == MINE[0]:
        at = params.get("position")
        if not isinstance(at, dict) or not all(_unsigned(at.get(side)) for side in ("line", "character")):
            raise Refused(-32602, "position")


def _unsigned(value: Json) -> bool:
    if FAULT == "negative-kills" and isinstance(value, int) and value < 0:
        sys.exit(13)
    return isinstance(value, int) and value >= 0


def _exists(process: int) -> bool:
    try:
        os.kill(process, 0)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(Server().serve())
