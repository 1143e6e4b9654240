"""Who is alive: a host holds a locked file while it lives, so its death is seen at once and no process id is trusted.

The kernel drops an `flock` when its last holder dies, however it dies. A process forked from the host without `exec`
keeps it too; everything we start is started with `exec`, where Python closes the file.
"""

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

from pointsman.errors import Misuse
from pointsman.folders import OURS


class HostLock:
    """Says that `host_id` lives, from `with` to its end or the death of this process.

    `words` are what its file says to this user alone. Raises Misuse `host_taken` on entering when another one lives
    under that id.
    """

    def __init__(self, root: Path, host_id: str, words: bytes = b"") -> None:
        self.host_id = host_id
        self._words = words
        self._path = _lock_path(root / OURS / "hosts", host_id)
        self._file = -1

    def __enter__(self) -> "HostLock":
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sweep(self._path.parent)
        # Whoever only looks holds a shared lock for a moment, so a first refusal says nothing yet.
        deadline = time.monotonic() + 1
        while True:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            if _try_lock(file, fcntl.LOCK_EX):
                if _is_at(file, self._path):
                    self._file = file
                    os.write(file, self._words)
                    return self
                os.close(file)  # swept away between open and lock
                continue
            os.close(file)
            if time.monotonic() > deadline:
                raise Misuse("host_taken", f"A host with the id {self.host_id!r} is alive already")
            time.sleep(0.002)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._path.unlink(missing_ok=True)
        os.close(self._file)
        self._file = -1


def lock_path(root: Path, host_id: str) -> Path:
    """The file that a host of this workspace holds locked."""
    return _lock_path(root / OURS / "hosts", host_id)


def host_is_alive(root: Path, host_id: str) -> bool:
    """Does a process hold the lock of this host now?"""
    return is_alive_in(root / OURS / "hosts", host_id)


def is_alive_in(folder: Path, host_id: str) -> bool:
    """`host_is_alive`, for the folder with the lock files itself."""
    try:
        file = os.open(_lock_path(folder, host_id), os.O_RDWR)
    except FileNotFoundError:
        return False
    except PermissionError:
        return True  # somebody else's: we can not know, and must not take its runs
    try:
        return not _try_lock(file, fcntl.LOCK_SH)
    finally:
        os.close(file)


def _sweep(folder: Path) -> None:
    """Remove what dead hosts have left."""
    for path in folder.glob("*.lock"):
        with suppress(OSError):
            file = os.open(path, os.O_RDWR)
            try:
                if _try_lock(file, fcntl.LOCK_EX) and _is_at(file, path):
                    path.unlink()
            finally:
                os.close(file)


def _lock_path(folder: Path, host_id: str) -> Path:
    return folder / f"{quote(host_id, safe='')}.lock"


def _try_lock(file: int, how: int) -> bool:
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False
