"""One server per workspace: started once, shared, replaced, left alone, killed; and runs that live in it."""

import fcntl
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from e2e.cli import ROOT, environment, pointsman, workspace
from e2e.servers import DEADLINE_S, door, server_of, started, status, until
from e2e.test_people import terminal
from pointsman.errors import Refusal
from pointsman_server import rendezvous
from pointsman_server.remote import link
from pointsman_server.rendezvous import NoServer, join, lives, wait_gone

# Waits for a file `go` in the folder of whoever started the run.
WAITS = """
pipeline: waits
language: 1
agents:
  wait: {command: [sh, -c, "until [ -e go ]; do sleep 0.02; done; echo $WHO $PWD"]}
stages:
  first: {agent: wait, next: end}
output: {said: "${{ outputs.first }}"}
"""
ASKS = """
pipeline: asks
language: 1
agents: {a: {scripted: [done]}}
stages:
  sure:
    ask: {kind: confirmation, question: "Really?"}
    routes: [{when: result.approved, to: go}, {to: end, label: refused}]
  go: {agent: a, next: end}
"""


@pytest.fixture
def root(tmp_path: Path) -> Any:
    """A workspace whose server, if one comes up, is ended."""
    folder = workspace(tmp_path / "w", {"waits.pipeline.yaml": WAITS, "asks.pipeline.yaml": ASKS})
    with server_of(folder):
        yield folder


def serve(root: Path) -> int:
    """Start the server; its process id."""
    with join(str(root), "control").sock:
        return int(door(root)["pid"])


def test_clients_that_come_at_once_start_one_server(root: Path) -> None:
    found: list[int] = []

    def come() -> None:
        joined = join(str(root), "control")
        found.append(joined.welcome["pid"])
        joined.sock.close()

    threads = [threading.Thread(target=come) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_S)
    assert len(found) == 8
    assert set(found) == {door(root)["pid"]}
    assert (root / ".pointsman" / "server.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "hello",
    [
        b"",
        b"\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"Content-Length: 2\r\n\r\n{}",
        b"[]\n",
        b'{"pointsman": 1, "token": "guessed", "for": "control"}\n',
        b'{"pointsman": 1, "for": "control"}\n',
        b"\xff\x00\n",
        '{"pointsman": 1, "token": "schlüssel", "for": "control"}\n'.encode(),
    ],
)
def test_who_does_not_know_the_token_is_sent_away_without_a_word(root: Path, hello: bytes) -> None:
    serve(root)
    host, _, port = door(root)["endpoint"].rpartition(":")
    with socket.create_connection((host, int(port)), DEADLINE_S) as stranger:
        stranger.sendall(hello)
        stranger.shutdown(socket.SHUT_WR)
        assert stranger.recv(1024) == b""
    assert status(root)["clients"] == []


def test_a_run_goes_to_the_server_and_shows_there_while_it_lives(root: Path) -> None:
    pid = serve(root)
    with started("run", "waits.pipeline.yaml", cwd=root, env={"WHO": "me"}) as run:
        seen = until(root, lambda said: said["runs"] and said["runs"][0]["stages"])
        assert seen["pid"] == pid
        assert [(one["pipeline"], one["status"], one["stages"]) for one in seen["runs"]] == [
            ("waits", "running", ["first"])
        ]
        assert [client["for"] for client in seen["clients"]] == ["control"]
        rows = pointsman("runs", "--json", cwd=root).json
        assert rows[0]["lease"]["pid"] == pid
        assert rows[0]["lease"]["endpoint"] == door(root)["endpoint"]
        (root / "go").touch()
        out, err = run.communicate(timeout=DEADLINE_S)
    assert run.returncode == 0, err
    # The environment and the folder are those of whoever asked, not of whoever started the server.
    assert f"me {root}" in out
    assert "✓ first" in out
    assert status(root)["runs"] == []


def test_what_is_shown_and_reported_is_what_it_is_without_a_server(root: Path) -> None:
    (root / "go").touch()
    alone = pointsman("run", "waits.pipeline.yaml", cwd=root)
    serve(root)
    served = pointsman("run", "waits.pipeline.yaml", cwd=root)

    def bare(text: str) -> str:
        return re.sub(r"\d+-\d+-\w+|\d+(\.\d+)? m?s", "…", text)

    assert (served.code, bare(served.out), served.err) == (alone.code, bare(alone.out), alone.err)
    assert pointsman("replay", "latest", cwd=root).code == 0


def test_losing_the_terminal_of_a_run_in_the_server_ends_nothing(root: Path) -> None:
    serve(root)
    with started("run", "waits.pipeline.yaml", cwd=root) as run:
        until(root, lambda said: said["runs"])
        run.kill()
    (root / "go").touch()
    until(root, lambda said: not said["runs"])
    assert pointsman("runs", "--json", cwd=root).json[0]["outcome"] == "completed"


def test_ctrl_c_cancels_a_run_in_the_server(root: Path) -> None:
    serve(root)
    with started("run", "waits.pipeline.yaml", cwd=root) as run:
        until(root, lambda said: said["runs"] and said["runs"][0]["stages"])
        run.send_signal(signal.SIGINT)
        run.communicate(timeout=DEADLINE_S)
    assert run.returncode == 130
    assert pointsman("runs", "--json", cwd=root).json[0]["outcome"] == "cancelled"


def test_a_detached_run_starts_the_server_and_is_left_to_it(root: Path) -> None:
    ran = pointsman("run", "waits.pipeline.yaml", "--detach", cwd=root)
    assert ran.code == 0
    assert status(root)["runs"][0]["run"] == ran.out.strip()
    (root / "go").touch()
    until(root, lambda said: not said["runs"])
    assert pointsman("runs", "--json", cwd=root).json[0]["outcome"] == "completed"


def test_a_killed_server_leaves_interrupted_runs_that_resume(root: Path) -> None:
    pid = serve(root)
    with started("run", "waits.pipeline.yaml", cwd=root) as run:
        until(root, lambda said: said["runs"] and said["runs"][0]["stages"])
        os.kill(pid, signal.SIGKILL)
        _, err = run.communicate(timeout=DEADLINE_S)
    assert run.returncode == 1
    assert "interrupted" in err
    assert "pointsman resume" in err
    assert pointsman("runs", "--json", cwd=root).json[0]["status"] == "interrupted"
    assert pointsman("status", cwd=root).code == 1
    (root / "go").touch()
    assert pointsman("resume", "latest", cwd=root).code == 0
    assert pointsman("replay", "latest", cwd=root).code == 0


def test_a_server_with_live_runs_is_stopped_by_force_alone(root: Path) -> None:
    pid = serve(root)
    run = pointsman("run", "waits.pipeline.yaml", "--detach", cwd=root).out.strip()
    refused = pointsman("stop", cwd=root)
    assert refused.code == 1
    assert "--force" in refused.err
    stopped = pointsman("stop", "--force", cwd=root)
    assert stopped.code == 0
    assert f"pointsman resume {run}" in stopped.out
    assert pointsman("runs", "--json", cwd=root).json[0]["status"] == "interrupted"
    (root / "go").touch()
    serve(root)
    assert door(root)["pid"] != pid
    assert pointsman("resume", run, cwd=root).code == 0
    assert pointsman("stop", cwd=root).code == 0
    again = pointsman("stop", cwd=root)
    assert (again.code, "no server runs" in again.out) == (0, True)


def test_a_parked_run_is_answered_in_the_server(root: Path) -> None:
    serve(root)
    parked = pointsman("run", "asks.pipeline.yaml", cwd=root)
    assert parked.code == 5
    assert status(root)["runs"] == []  # nobody holds it: whoever answers takes it up
    unfit = pointsman("answer", "latest", "sure", '{"yes": 1}', cwd=root)
    assert unfit.code == 2
    answered = pointsman("answer", "latest", "sure", '{"approved": true}', cwd=root)
    assert answered.code == 0, answered.err
    assert pointsman("replay", "latest", cwd=root).code == 0


def test_a_question_of_a_run_in_the_server_is_asked_at_the_terminal(root: Path) -> None:
    serve(root)
    with terminal("run", "asks.pipeline.yaml", cwd=root) as person:
        person.until("Really? [y/n]")
        assert status(root)["runs"][0]["status"] == "asking"
        person.type("y\n")
        person.until("completed")
        assert person.code() == 0


def test_a_question_can_be_answered_from_elsewhere_while_it_is_asked(root: Path) -> None:
    serve(root)
    with terminal("run", "asks.pipeline.yaml", cwd=root) as person:
        person.until("Really? [y/n]")
        assert pointsman("answer", "latest", "sure", '{"approved": false}', cwd=root).code == 0
        person.until("completed")
        assert person.code() == 0


def test_a_person_who_leaves_a_question_leaves_it_to_others(root: Path) -> None:
    serve(root)
    with terminal("run", "asks.pipeline.yaml", cwd=root) as person:
        person.until("Really? [y/n]")
        person.process.kill()
    until(root, lambda said: not said["runs"])
    assert pointsman("runs", "--json", cwd=root).json[0]["status"] == "waiting"
    assert pointsman("answer", "latest", "sure", '{"approved": true}', cwd=root).code == 0


def test_bad_input_is_refused_as_without_a_server(root: Path) -> None:
    broken = root / "broken.pipeline.yaml"
    broken.write_text("pipeline: x\nlanguage: 1\nstages: {a: {agent: nobody}}\n", "utf-8")
    alone = [pointsman("run", "broken.pipeline.yaml", cwd=root), pointsman("resume", "20", cwd=root)]
    serve(root)
    served = [pointsman("run", "broken.pipeline.yaml", cwd=root), pointsman("resume", "20", cwd=root)]
    assert served == alone
    pointsman("run", "waits.pipeline.yaml", "--detach", cwd=root)
    twice = pointsman("resume", "latest", cwd=root)
    assert (twice.code, "run_is_hosted" in twice.err) == (1, True)


def ask(root: Path, line: bytes) -> Any:
    """One line to the control connection, and the answer."""
    with join(str(root), "control").sock as sock, sock.makefile("rb") as answers:
        sock.sendall(line + b"\n")
        return json.loads(answers.readline())


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"no json", "request_unfit"),
        (b"[1]", "request_unfit"),
        (b"{}", "request_unfit"),
        (b'{"id": 1, "verb": "dance"}', "verb_unknown"),
        (b'{"id": 1, "verb": ["run"]}', "request_unfit"),
        (b'{"id": 1, "verb": "run"}', "request_unfit"),
        (b'{"id": 1, "verb": "cancel", "run": "x", "by": "me"}', "run_not_here"),
    ],
)
def test_a_request_that_is_none_is_answered(root: Path, line: bytes, code: str) -> None:
    assert ask(root, line)["error"]["code"] == code
    assert status(root) is not None


def test_an_idle_server_ends_and_the_next_client_starts_another(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POINTSMAN_IDLE_S", "0.2")
    first = serve(root)
    assert wait_gone(str(root / ".pointsman"), DEADLINE_S)
    assert not door(root)
    assert "nobody has needed it" in (root / ".pointsman" / "server.log").read_text("utf-8")
    monkeypatch.setenv("POINTSMAN_IDLE_S", "600")
    assert serve(root) != first


def test_a_live_run_keeps_the_server(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POINTSMAN_IDLE_S", "0.2")
    pointsman("run", "waits.pipeline.yaml", "--detach", cwd=root)
    assert not wait_gone(str(root / ".pointsman"), 1)
    (root / "go").touch()
    assert wait_gone(str(root / ".pointsman"), DEADLINE_S)
    assert pointsman("runs", "--json", cwd=root).json[0]["outcome"] == "completed"


@pytest.mark.parametrize("instead", [None, "garbage", '{"endpoint": "127.0.0.1:9", "token": "x", "pid": 1}'])
def test_a_server_that_loses_its_door_makes_it_again(root: Path, instead: str | None) -> None:
    pid = serve(root)
    path = root / ".pointsman" / "server.json"
    path.unlink()
    if instead is not None:
        path.write_text(instead, "utf-8")
        path.chmod(0o600)
    assert status(root)["pid"] == pid
    assert pointsman("stop", cwd=root).code == 0


def test_a_server_without_a_door_ends_when_it_is_idle(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POINTSMAN_IDLE_S", "0.2")
    serve(root)
    (root / ".pointsman" / "server.json").unlink(missing_ok=True)
    assert wait_gone(str(root / ".pointsman"), DEADLINE_S)


def test_a_server_whose_folder_was_removed_ends_and_leaves_the_next_one_alone(root: Path) -> None:
    with join(str(root), "lsp").sock as client:
        first = door(root)["pid"]
        shutil.rmtree(root / ".pointsman")
        second = serve(root)
        assert second != first
        client.sendall(b"Content-Length: 2\r\n\r\n{}")  # the first one still serves those it has
        assert client.recv(1024)
    while ends(first):
        pass
    assert status(root)["pid"] == second


def ends(pid: int) -> bool:
    """Whether a process is still there; it is no child of ours."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]


def test_a_client_that_comes_while_the_server_ends_starts_the_next(root: Path) -> None:
    for _ in range(3):
        pid = serve(root)
        os.kill(pid, signal.SIGTERM)
        assert pointsman("run", "asks.pipeline.yaml", "--detach", cwd=root).code == 0


def test_a_door_that_others_could_have_made_is_none(root: Path) -> None:
    pid = serve(root)
    path = root / ".pointsman" / "server.json"
    said = json.loads(path.read_text("utf-8"))
    path.chmod(0o644)
    assert rendezvous.door(str(path.parent)) is None
    path.unlink()
    path.write_text(json.dumps(said | {"endpoint": "192.0.2.1:80"}), "utf-8")
    path.chmod(0o600)
    assert rendezvous.door(str(path.parent)) is None
    assert status(root)["pid"] == pid


def test_a_process_that_holds_the_workspace_and_says_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / ".pointsman").mkdir()
    with open(root / ".pointsman" / "server.hold", "w", encoding="utf-8") as hold:
        fcntl.flock(hold, fcntl.LOCK_EX)
        monkeypatch.setattr(rendezvous, "PATIENCE_S", 0.1)
        with pytest.raises(rendezvous.Silent) as caught:
            join(str(root), "control", start=False)
        assert "does not answer" in str(caught.value)
        with pytest.raises(Refusal):
            link(root)
    assert link(root) is None


def test_a_folder_that_nothing_marks_gets_nothing_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "plain"
    root.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    joined = join(str(root), "control")
    joined.sock.close()
    assert list(root.iterdir()) == []
    assert pointsman("status", cwd=root).code == 0
    assert pointsman("stop", cwd=root).code == 0


def newer(folder: Path) -> dict[str, str]:
    """An environment in which Pointsman is version 9.9.9."""
    for name in ("engine/pointsman", "lsp/pointsman_lsp", "server/pointsman_server"):
        shutil.copytree(ROOT / name, folder / Path(name).name, ignore=shutil.ignore_patterns("__pycache__"))
    init = folder / "pointsman" / "__init__.py"
    init.write_text(re.sub(r'__version__ = ".*"', '__version__ = "9.9.9"', init.read_text("utf-8")), "utf-8")
    return {"PYTHONPATH": str(folder)}


def test_an_idle_old_server_makes_room_for_a_newer_client(root: Path, tmp_path: Path) -> None:
    old = serve(root)
    code = f"from pointsman_server.rendezvous import join; print(join({str(root)!r}, 'lsp').welcome['version'])"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env=environment() | newer(tmp_path / "newer"),
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert ran.stdout == "9.9.9\n", ran.stderr
    assert door(root)["version"] == "9.9.9"
    assert door(root)["pid"] != old


def test_a_server_that_can_not_start_says_why(tmp_path: Path) -> None:
    root = workspace(tmp_path / "w", {})
    (root / ".pointsman").mkdir()
    (root / ".pointsman" / "server.json").mkdir()  # where it would say where it listens
    with pytest.raises(NoServer) as caught:
        join(str(root), "control")
    assert "does not start" in str(caught.value)
    assert "server.log" in caught.value.hint
    assert not lives(str(root / ".pointsman"))
