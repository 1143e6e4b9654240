"""A host is alive while its process is, and not a moment longer."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from conformance.store_suite import create
from pointsman.errors import Misuse, RunUnavailable
from pointsman.journal import HostLock, host_is_alive, hosts, open_store

PROGRAM = """
import sys
from pathlib import Path
from pointsman.journal import HostLock
with HostLock(Path(sys.argv[1]), sys.argv[2]):
    print("alive", flush=True)
    sys.stdin.read()
"""


@contextmanager
def elsewhere(root: Path, host: str) -> Iterator[subprocess.Popen[str]]:
    """A host in a process of its own."""
    line = [sys.executable, "-c", PROGRAM, str(root), host]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "alive\n"
        yield process


def locks(root: Path) -> list[str]:
    return sorted(path.name for path in (root / ".pointsman" / "hosts").glob("*"))


def test_alive_inside_and_not_outside(tmp_path: Path) -> None:
    assert not host_is_alive(tmp_path, "host-1")
    with HostLock(tmp_path, "host-1"):
        assert host_is_alive(tmp_path, "host-1")
        assert not host_is_alive(tmp_path, "host-2")
        assert (tmp_path / ".pointsman" / "hosts" / "host-1.lock").stat().st_mode & 0o777 == 0o600
    assert not host_is_alive(tmp_path, "host-1")
    assert locks(tmp_path) == []


def test_another_process_is_alive_until_it_is_killed(tmp_path: Path) -> None:
    with elsewhere(tmp_path, "host-1") as process:
        assert host_is_alive(tmp_path, "host-1")
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        assert locks(tmp_path) == ["host-1.lock"]
        assert not host_is_alive(tmp_path, "host-1")
    with HostLock(tmp_path, "host-2"):
        assert locks(tmp_path) == ["host-2.lock"], "what the dead have left is swept away"


def test_the_living_are_not_swept_away(tmp_path: Path) -> None:
    with elsewhere(tmp_path, "host-1"), HostLock(tmp_path, "host-2"):
        assert host_is_alive(tmp_path, "host-1")
        assert host_is_alive(tmp_path, "host-2")


def test_who_comes_while_the_dead_are_swept_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look at a dead host's file and its removal, another sweeps it and a new host comes by that name."""
    path = tmp_path / ".pointsman" / "hosts" / "host-1.lock"
    path.parent.mkdir(parents=True)
    path.touch()
    real, newcomers = hosts._try_lock, [HostLock(tmp_path, "host-1")]

    def slow(file: int, how: int) -> bool:
        if newcomers:
            path.unlink()
            stack.enter_context(newcomers.pop())
        return real(file, how)

    with ExitStack() as stack:
        monkeypatch.setattr(hosts, "_try_lock", slow)
        with HostLock(tmp_path, "host-2"):
            assert host_is_alive(tmp_path, "host-1")


def test_a_host_whose_file_is_swept_as_it_comes_makes_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / ".pointsman" / "hosts" / "host-1.lock"
    real, sweeps = hosts._try_lock, [path]

    def swept(file: int, how: int) -> bool:
        if sweeps:
            sweeps.pop().unlink()
        return real(file, how)

    monkeypatch.setattr(hosts, "_try_lock", swept)
    with HostLock(tmp_path, "host-1"):
        assert host_is_alive(tmp_path, "host-1")


def test_one_host_of_one_name(tmp_path: Path) -> None:
    with HostLock(tmp_path, "host-1"), pytest.raises(Misuse) as caught, HostLock(tmp_path, "host-1"):
        raise AssertionError("two hosts of one name")
    assert caught.value.code == "host_taken"


def test_a_name_is_no_path(tmp_path: Path) -> None:
    with HostLock(tmp_path, "../a/b"):
        assert host_is_alive(tmp_path, "../a/b")
        assert locks(tmp_path) == ["..%2Fa%2Fb.lock"]


def test_the_run_of_a_killed_host_is_interrupted_and_free(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    with elsewhere(tmp_path, "host-1") as process:
        create(store)
        assert store.run("run-1").status == "running"
        with pytest.raises(RunUnavailable):
            store.take_lease("run-1", "host-2", 2, 9)
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    assert store.run("run-1").status == "interrupted"
    assert store._con.execute("SELECT status FROM runs").fetchone() == ("running",), "it is read so, and not written"
    assert store.take_lease("run-1", "host-2", 2, 9).fence == 2
    store.close()
