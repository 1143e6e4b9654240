"""The thin bridge between an editor's stdin and stdout and the workspace's server: bytes, and nothing but bytes.

Law: standard library only; an editor waits for this process at every start. The first message alone is looked into,
for the workspace it speaks of.
"""

import json
import os
import socket
import sys
import threading
from contextlib import suppress

from pointsman.folders import find_root
from pointsman.uris import file_path
from pointsman_server.rendezvous import NoServer, join, own_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CHUNK = 1 << 16
HEADER_LIMIT = 8192
"""Bytes a header may take before we stop looking for a message in what the client sends."""


def bridge(role: str, root: str | None = None) -> int:
    """Join this process's stdin and stdout to the server as `lsp` or `dap`; the exit code is the server's to say."""
    first, body = _first_message()
    if not first:
        return 1  # a client that never said anything needs no server
    root = root or find_root(_folder(body) or own_folder())
    try:
        joined = join(root, role)
    except NoServer as error:
        _say(f"{error}" + (f"\n  {error.hint}" if error.hint else ""))
        return 1
    if joined.welcome.get("warning"):
        _say(joined.welcome["warning"])
    joined.sock.sendall(first)
    threading.Thread(target=_upward, args=(joined.sock,), daemon=True).start()
    return _downward(joined.sock, joined.rest, root, joined.welcome)


def _upward(sock: socket.socket) -> None:
    """What the client says, to the server; its end of input is passed on."""
    with suppress(OSError):
        while chunk := os.read(0, CHUNK):
            sock.sendall(chunk)
    with suppress(OSError):
        sock.shutdown(socket.SHUT_WR)


def _downward(sock: socket.socket, chunk: bytes, root: str, welcome: "dict[str, Any]") -> int:
    """What the server says, to the client, up to its farewell."""
    while True:
        message, nul, farewell = chunk.partition(b"\0")
        try:
            while message:
                message = message[os.write(1, message) :]
        except OSError:
            return 1  # the client is gone
        if nul:
            return _farewell(sock, farewell)
        try:
            chunk = sock.recv(CHUNK)
        except OSError:
            chunk = b""
        if not chunk:
            _say(
                f"the server of {root} (process {welcome.get('pid')}) has ended without a word; its log is "
                f"{welcome.get('log')}. Restart the client to start it again; runs it hosted: pointsman runs"
            )
            return 1


def _farewell(sock: socket.socket, said: bytes) -> int:
    with suppress(OSError):
        while chunk := sock.recv(CHUNK):
            said += chunk
    try:
        words = json.loads(said)
    except ValueError:
        return 1
    if words.get("say"):
        _say(words["say"])
    return int(words.get("exit", 1))


def _first_message() -> tuple[bytes, bytes]:
    """All bytes read up to the end of the first message, and its body; no body when none can be made out."""
    data = b""
    while True:
        header, end, after = data.partition(b"\r\n\r\n")
        if not end:  # as lenient as the server is
            header, end, after = data.partition(b"\n\n")
        length = _content_length(header) if end else None
        if length is not None and len(after) >= length:
            return data, after[:length]
        if (end and length is None) or (not end and len(data) > HEADER_LIMIT):
            return data, b""
        chunk = os.read(0, CHUNK)
        if not chunk:
            return data, b""
        data += chunk


def _content_length(header: bytes) -> int | None:
    for line in header.splitlines():
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            return int(value)
    return None


def _folder(body: bytes) -> str | None:
    """The workspace that an `initialize` speaks of, None when it names no folder that is there."""
    try:
        params = json.loads(body)["params"]
        folders = params.get("workspaceFolders") or []
        uri = folders[0]["uri"] if folders else params.get("rootUri")
        path = file_path(uri) if uri else params.get("rootPath")
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        return None
    return path if isinstance(path, str) and os.path.isdir(path) else None


def _say(text: str) -> None:
    with suppress(OSError):
        sys.stderr.write(f"pointsman: {text}\n")
        sys.stderr.flush()
