"""Ends the commands of a host that is gone: one small process per host, started with its first command.

Laws:
- The guard reads a pipe that only its host can write to; the end of that pipe is the end of the host, however it came.
- A command is announced before it is forked and taken back before it is reaped: there is no moment in which a host that
  dies leaves a running command nobody knows of, and no id is signalled that has become somebody else's.
- Nothing of it is in the command: same parent, same arguments, same environment, and no code between fork and exec.

Why no PR_SET_PDEATHSIG, as workers use it: it must be asked for between fork and exec. A `preexec_fn` there is Python
in a fork of a process with threads (deprecated from 3.12 on, and a copy of all page tables where vfork copies nothing),
a launcher in Python costs each command 6 ms, and either would end the program but not what the program has started.

A host that dies between fork and exec still has the pipe open in the fork. So when the guard reads the end of the pipe,
a command it knows no id of runs already, in a group of its own, and is found by the pipe that is its standard output.
That needs /proc: without it, a host killed in the millisecond in which it starts a command may leave that one running.
What has left its command's process group is not ended, here as at the end of any attempt.
"""

import atexit
import contextlib
import itertools
import os
import signal
import subprocess
import sys
import threading

_END_S = 1.0
"""What a guard has to end when its host does so in good order."""


class Guard:
    """The host's side; its methods may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys = itertools.count(1)
        self._known: dict[int, bytes] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe = -1
        self._closed = False

    def expect(self, stdout: int) -> int:
        """A command is about to start, with the pipe `stdout`; the key is for what follows. Raises OSError."""
        key = next(self._keys)
        self._say(key, 0, os.fstat(stdout).st_ino)
        return key

    def started(self, key: int, pid: int) -> None:
        """It leads the process group `pid`."""
        with contextlib.suppress(OSError):  # no second guard to be had; the command runs already
            self._say(key, pid, 0)

    def ended(self, key: int) -> None:
        """It has ended, or never started."""
        with self._lock:
            if self._known.pop(key, None) is not None and self._pipe >= 0:
                with contextlib.suppress(OSError):  # a guard that is gone is replaced when the next command starts
                    os.write(self._pipe, b"%d -1 0\n" % key)

    def close(self) -> None:
        """End the guard, and every command that still runs."""
        with self._lock:
            self._closed = True
            if self._process is not None and self._pipe >= 0:
                os.close(self._pipe)
                self._pipe = -1
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(_END_S)

    def forget(self) -> None:
        """In a fork of the host: the guard and the commands are its parent's."""
        if self._process is not None:
            self._process.returncode = 0
            with contextlib.suppress(OSError):
                os.close(self._pipe)
        self.__init__()  # type: ignore[misc]  # the same object as new: others hold it

    def _say(self, key: int, pid: int, stdout: int) -> None:
        with self._lock:
            if self._closed:
                return
            self._known[key] = line = b"%d %d %d\n" % (key, pid, stdout)
            if self._pipe >= 0:
                try:
                    os.write(self._pipe, line)  # less than PIPE_BUF: all of it or nothing
                    return
                except OSError:  # somebody ended it, or stopped it until the pipe was full
                    self._drop()
            try:
                self._start()
            except OSError as error:
                self._known.pop(key)
                raise OSError(f"the guard that would end it with this process does not start: {error}") from error

    def _start(self) -> None:
        theirs, ours = os.pipe()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", os.path.abspath(__file__), str(os.getpgid(0))],
                stdin=theirs,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
            )
        except BaseException:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        os.write(ours, b"".join(self._known.values()))
        os.set_blocking(ours, False)
        self._pipe = ours

    def _drop(self) -> None:
        """A guard that does not listen: ended before its pipe is, as the end of the pipe would end the commands."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        os.close(self._pipe)
        self._pipe = -1


def _watch(pipe: int, host: int) -> None:
    """The guard's side: read what the host says until it says no more, then end what it had.

    `host` is its process group: it, or a fork of it, may hold the same pipes.
    """
    known: dict[int, tuple[int, int]] = {}
    with open(pipe, "rb", closefd=False) as lines:
        for line in lines:
            key, pid, stdout = map(int, line.split())
            if pid < 0:
                known.pop(key, None)
            else:
                known[key] = (pid, stdout)
    groups = {pid for pid, _ in known.values() if pid}
    unnamed = {f"pipe:[{stdout}]" for pid, stdout in known.values() if not pid}
    for group in groups | (_holders(unnamed) - {host} if unnamed else set()):
        with contextlib.suppress(OSError):
            os.killpg(group, signal.SIGKILL)


def _holders(pipes: set[str]) -> set[int]:
    """The process groups that have one of these pipes open."""
    groups: set[int] = set()
    with contextlib.suppress(OSError):
        for process in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):  # not ours, or gone
                links = f"/proc/{process}/fd"
                for descriptor in os.listdir(links):
                    with contextlib.suppress(OSError):
                        if os.readlink(f"{links}/{descriptor}") in pipes:
                            groups.add(os.getpgid(int(process)))
    return groups


if __name__ == "__main__":
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):  # what is meant for the host: it ends after the host
        signal.signal(number, signal.SIG_IGN)
    _watch(0, int(sys.argv[1]))
else:
    GUARD = Guard()
    atexit.register(GUARD.close)
    os.register_at_fork(after_in_child=GUARD.forget)
