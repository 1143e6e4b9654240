"""Finding the workspace's server, or starting it: one process per workspace, however many clients come at once.

Laws:

- Standard library only, and little of it: an editor waits for whoever imports this.
- The server holds `server.hold` locked while it lives, however it dies; no process id is trusted.
- Who starts one holds `server.start` meanwhile, so that a hundred clients start one server. `server.json` says where it
  listens and what to say to it; it is this user's alone (0600).

A connection begins with one line of JSON each way, the hello and the welcome; then it belongs to its protocol. A server
ends a bridged connection with a NUL and one line of JSON (`farewell`): no LSP or DAP message ever holds that byte.
"""

import fcntl
import json
import os
import socket
import sys
import time

from pointsman import __version__
from pointsman.folders import OURS, is_marked, make_ours

DOOR = "server.json"
START = "server.start"
HOLD = "server.hold"
LOG = "server.log"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PROTOCOL = 1
"""The version of hello and welcome; a server of another one is not talked to."""

HELLO_LIMIT = 1 << 20
"""Bytes of one line before a connection's protocol begins: an environment is tens of KiB."""

WAIT_S = 30.0
"""How long a server may take to start: a cold disk is slow, and nothing is won by giving up."""

PATIENCE_S = 12.0
"""How long a server that holds the workspace may take to answer, or to be gone: it looks after its door every 5 s."""

LOOPBACK = "127.0.0.1"


class NoServer(Exception):
    """There is no server to talk to; the message says why, `hint` what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class Silent(NoServer):
    """A process holds the workspace and does not answer."""


class Joined:
    """A connection that has been welcomed. `welcome` is what the server said, `rest` what came with it already."""

    def __init__(self, sock: socket.socket, welcome: "dict[str, Any]", rest: bytes) -> None:
        self.sock = sock
        self.welcome = welcome
        self.rest = rest


def home(root: str) -> str:
    """Where the server of a workspace keeps its files: our folder in it.

    Else, for a root that we may not write or that nothing marks as a workspace, a folder of this user's own; and there
    as long as a server lives there.
    """
    ours = os.path.join(root, OURS)
    there = os.path.isdir(ours)
    usable = (there or not os.path.lexists(ours)) and is_marked(root) and _may_use(ours if there else root)
    if usable and lives(ours):  # the way of every bridge but the first
        return ours
    own = _own_home(root)
    return ours if usable and not lives(own) else own


def make_home(root: str) -> str:
    """The same, made if it is missing. Raises NoServer when there is no place for it."""
    folder = home(root)
    try:
        if folder == os.path.join(root, OURS):
            return make_ours(root)
        os.makedirs(folder, mode=0o700, exist_ok=True)
    except OSError as error:
        raise NoServer(f"{folder} can not be made: {error.strerror}") from None
    if any(os.stat(each).st_uid != os.getuid() for each in (folder, os.path.dirname(os.path.dirname(folder)))):
        raise NoServer(f"{folder} belongs to somebody else", "Set XDG_RUNTIME_DIR to a folder of your own")
    return folder


def join(root: str, role: str, *, start: bool = True) -> Joined:
    """Be welcomed by the workspace's server as `lsp`, `dap` or `control`; with `start`, it is started if need be.

    Raises NoServer. An idle server that is older than we are makes room for a newer one.
    """
    found = _knock(home(root), role)
    if found is not None:
        return found
    if not start:
        raise NoServer(f"no server runs for {root}")
    if not os.path.isdir(root):
        raise NoServer(f"there is no folder {root}")
    folder = make_home(root)
    try:
        lock = os.open(os.path.join(folder, START), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise NoServer(f"{os.path.join(folder, START)}: {error.strerror}", "Whose is it?") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = _knock(folder, role)  # somebody else may have been faster
        if found is None:
            _launch(root, folder)
            found = _knock(folder, role)
    finally:
        os.close(lock)
    if found is None:
        raise NoServer(f"the server of {root} has just ended", f"See: {os.path.join(folder, LOG)}")
    return found


def door(folder: str) -> "dict[str, Any] | None":
    """What `server.json` says; None when there is none, or none that this user alone has written."""
    return read_door(os.path.join(folder, DOOR))


def read_door(path: str) -> "dict[str, Any] | None":
    """How to be let in, as a file says it; None when there is none, or none that this user alone has written.

    Whoever follows it gives its token and an environment away, so it must lead to this machine.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return None
    with os.fdopen(file, encoding="utf-8") as opened:
        seen = os.fstat(file)
        if seen.st_uid != os.getuid() or seen.st_mode & 0o077:
            return None
        try:
            said = json.load(opened)
        except ValueError:
            return None
    endpoint = said.get("endpoint") if isinstance(said, dict) else None
    return said if isinstance(endpoint, str) and endpoint.startswith(f"{LOOPBACK}:") else None


def lives(folder: str) -> bool:
    """Whether a server holds this folder now."""
    try:
        hold = os.open(os.path.join(folder, HOLD), os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(hold, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(hold)
    return False


def wait_gone(folder: str, seconds: float, pid: int | None = None) -> bool:
    """Wait until no server holds this folder, or (with `pid`) another one does; False when that takes too long."""
    deadline = time.monotonic() + seconds
    while lives(folder):
        said = door(folder) if pid is not None else None
        if said is not None and said.get("pid") != pid:
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)  # the kernel tells of a lock that is let go only to who waits without a deadline
    return True


def _own_home(root: str) -> str:
    from hashlib import sha256

    base = os.environ.get("XDG_RUNTIME_DIR") or f"/tmp/pointsman-{os.getuid()}"
    return os.path.join(base, "pointsman", sha256(root.encode("utf-8", "surrogateescape")).hexdigest()[:16])


def _may_use(folder: str) -> bool:
    """Whether we may write here; our own folder must be ours, or somebody else could listen at our door."""
    if not os.access(folder, os.W_OK):
        return False
    return os.path.basename(folder) != OURS or os.stat(folder).st_uid == os.getuid()


def _knock(folder: str, role: str) -> Joined | None:
    """A welcomed connection to the server that holds this folder; None when there is none, or it made room for us.

    One that is ending is waited for, one that has lost its door too. Raises Silent when neither helps.
    """
    deadline = time.monotonic() + PATIENCE_S
    while lives(folder):
        said = door(folder)
        joined = greet(said, role) if said is not None else None
        if joined is not None:
            return joined
        if time.monotonic() > deadline:
            who = f"process {said['pid']}" if said is not None and "pid" in said else "a process"
            raise Silent(f"{who} holds {folder} and does not answer", f"See: {os.path.join(folder, LOG)}")
        time.sleep(0.02)  # it is ending, or will look after its door: no event of ours tells which
    return None


def greet(
    said: "dict[str, Any]", role: str, wait_s: float = WAIT_S, handed: "dict[str, Any] | None" = None
) -> Joined | None:
    """Say hello to whoever is behind a door; None when we are not welcomed now.

    `handed` is what there is to say of a client that we have served ourselves so far.
    """
    try:
        sock = socket.create_connection((LOOPBACK, int(said["endpoint"].rpartition(":")[2])), wait_s)
    except (OSError, ValueError, OverflowError):
        return None
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    hello = {
        "pointsman": PROTOCOL,
        "token": said.get("token"),
        "for": role,
        "version": __version__,
        "pid": os.getpid(),
        "cwd": own_folder(),
        "env": dict(os.environ) if role in ("lsp", "dap") and handed is None else {},  # what its runs are started with
    }
    if handed is not None:
        hello["handed"] = handed
    try:
        sock.sendall(json.dumps(hello).encode() + b"\n")
        line, rest = _line(sock)
        welcome = json.loads(line) if line else None
    except (OSError, ValueError):
        welcome = None
    if isinstance(welcome, dict) and welcome.get("ok"):
        sock.settimeout(None)
        return Joined(sock, welcome, rest)
    sock.close()
    if isinstance(welcome, dict) and welcome.get("code") != "makes_room":
        raise NoServer(str(welcome.get("message", "the server refused us")), str(welcome.get("hint", "")))
    return None


def own_folder() -> str:
    """The folder we are in; the root of all when it is there no more."""
    try:
        return os.getcwd()
    except OSError:
        return "/"


def _line(sock: socket.socket) -> tuple[bytes, bytes]:
    data = b""
    while b"\n" not in data and len(data) < HELLO_LIMIT:
        more = sock.recv(65536)
        if not more:
            return b"", b""
        data += more
    line, _, rest = data.partition(b"\n")
    return line, rest


def _launch(root: str, folder: str) -> None:
    """Start the server and wait until it listens. Raises NoServer with its last words when it does not."""
    import select
    import subprocess

    log = os.path.join(folder, LOG)
    ready, theirs = os.pipe()
    try:
        with open(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as out:
            begun = out.tell()
            process = subprocess.Popen(
                [sys.executable, "-m", "pointsman_server.daemon", "--root", root, "--ready", str(theirs)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                pass_fds=(theirs,),
                cwd=root,
                start_new_session=True,
            )
        os.close(theirs)
        theirs = -1
        said = os.read(ready, 16) if select.select([ready], [], [], WAIT_S)[0] else b""
    finally:
        os.close(ready)
        if theirs >= 0:
            os.close(theirs)
    if said != b"ready\n":
        process.kill()
        process.wait()
        with open(log, "rb") as file:
            file.seek(begun)
            words = file.read().decode("utf-8", "replace").strip().splitlines()
        raise NoServer(
            f"the server of {root} does not start: {words[-1] if words else 'it says nothing'}", f"See: {log}"
        )
    process.returncode = 0  # it is its own master from here on: no warning that nobody waits for it
