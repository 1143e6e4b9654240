"""A language client as small as can be: a server's requests, notifications and diagnostics over a `channel`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from channel import Channel

CAPABILITIES = {
    "general": {"positionEncodings": ["utf-16"]},
    "window": {"workDoneProgress": False},
    "workspace": {"configuration": True, "workspaceFolders": True},
    "textDocument": {
        "synchronization": {"didSave": True},
        "publishDiagnostics": {"versionSupport": True},
        "completion": {"completionItem": {"snippetSupport": True, "documentationFormat": ["markdown"]}},
        "hover": {"contentFormat": ["markdown"]},
    },
}
"""What an ordinary editor says it can do: pushed diagnostics, nothing registered later."""


class Wire(Channel):
    """One server process, as its client: requests, notifications, and when what came back."""

    def __init__(self, argv: Sequence[str], folder: Path, log: Path, settings: dict[str, Any] | None = None) -> None:
        self.folder = folder
        self._settings = settings or {}
        self._id = 0
        super().__init__(argv, folder, log)

    def initialize(self) -> tuple[dict[str, Any], float]:
        """Start the conversation: what the server says it can do, and seconds from the spawn of the process to it."""
        folder = {"uri": self.folder.as_uri(), "name": self.folder.name}
        params = {
            "processId": os.getpid(),
            "rootUri": folder["uri"],
            "rootPath": str(self.folder),
            "workspaceFolders": [folder],
            "capabilities": CAPABILITIES,
            "initializationOptions": {},
        }
        sent, _ = self._ask("initialize", params)
        answer, at = self.wait(lambda message: message.get("id") == sent)
        self.notify("initialized", {})
        if self._settings:
            self.notify("workspace/didChangeConfiguration", {"settings": self._settings})
        return answer["result"]["capabilities"], at - self.spawned

    def request(self, method: str, params: Any, begun: float | None = None) -> tuple[Any, float]:
        """A request's result, and seconds from its first byte out, or from `begun`, to the answer's last byte in."""
        sent, asked = self._ask(method, params)
        answer, at = self.wait(lambda message: message.get("id") == sent and "method" not in message)
        if "error" in answer:
            raise RuntimeError(f"{self.name}: {method}: {answer['error']}")
        return answer["result"], at - (asked if begun is None else begun)

    def notify(self, method: str, params: Any) -> float:
        """Send a notification; returns when its first byte went out."""
        return self._send({"method": method} | ({} if params is None else {"params": params}))

    def diagnostics(self, uri: str, version: int, begun: float) -> tuple[list[Any], float]:
        """The next diagnostics of a document, and seconds from `begun` to them; those of older versions are passed."""

        def matches(message: dict[str, Any]) -> bool:
            if message.get("method") != "textDocument/publishDiagnostics":
                return False
            said = message["params"]
            return said["uri"] == uri and said.get("version") in (None, version)

        message, at = self.wait(matches)
        return message["params"]["diagnostics"], at - begun

    def close(self) -> int:
        """End the server in good order, else by force; returns its exit code."""

        def goodbye() -> None:
            self.request("shutdown", None)
            self.notify("exit", None)

        return self.end(goodbye)

    def asked(self, message: dict[str, Any]) -> bool:
        """What an editor answers when a server asks: its settings; nothing to all else."""
        if "method" not in message or "id" not in message:
            return False
        result: Any = None
        if message["method"] == "workspace/configuration":
            result = [self._settings.get(item.get("section")) for item in message["params"]["items"]]
        self._send({"id": message["id"], "result": result})
        return True

    def _ask(self, method: str, params: Any) -> tuple[int, float]:
        self._id += 1
        params = {} if params is None else {"params": params}
        return self._id, self._send({"id": self._id, "method": method} | params)

    def _send(self, message: dict[str, Any]) -> float:
        return self.send({"jsonrpc": "2.0"} | message)
