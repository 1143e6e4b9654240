"""The reference page of the worker protocol says what happens: its transcript is played, its codes are counted."""

import json
import re
import socket
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

from pointsman.executors import frames
from pointsman.executors.worker import SHIM

PAGE = (Path(__file__).parents[3] / "docs/reference/worker-protocol.md").read_text()


def read(link: socket.socket) -> Any:
    (length,) = struct.unpack(">I", link.recv(4, socket.MSG_WAITALL))
    return json.loads(link.recv(length, socket.MSG_WAITALL))


def test_the_transcript_is_what_is_on_the_wire(tmp_path: Path) -> None:
    blocks = re.findall(r"```\w*\n(.*?)```", PAGE, re.DOTALL)
    agent, transcript = blocks[-2:]
    (tmp_path / "transcript.py").write_text(agent)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(20)
        argv = [sys.executable, str(SHIM), str(theirs.fileno())]
        with subprocess.Popen(argv, pass_fds=[theirs.fileno()], cwd=tmp_path, start_new_session=True) as worker:
            theirs.close()
            for line in transcript.splitlines():
                frame = json.loads(line[2:])
                if line[0] == ">":
                    body = json.dumps(frame).encode()
                    ours.sendall(struct.pack(">I", len(body)) + body)
                else:
                    seen = read(ours)
                    if frame["kind"] == "hello":
                        frame.update(python=".".join(map(str, sys.version_info[:3])), pid=worker.pid)
                    assert seen == frame
            ours.close()
            assert worker.wait(20) == -9  # it ends its whole group, itself included


def test_each_frame_has_its_row_and_each_key_is_named() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (?:host|worker) to.*? \| (.*) \|$", PAGE, re.MULTILINE))
    known = [kind for kind in vars(frames).values() if isinstance(kind, type) and issubclass(kind, frames.Frame)]
    for kind in known:
        if kind is not frames.Frame:
            for key in kind.__struct_encode_fields__:
                assert f"`{key}`" in rows[kind.__struct_config__.tag]
    assert len(rows) == len(known) - 1


def test_each_code_has_its_row() -> None:
    classes = "agent|transient|contract|timeout|lost|cancelled|internal"
    sources = "".join(path.read_text() for path in SHIM.parent.glob("*.py"))
    said = set(re.findall(rf'"(?:{classes})", "(?:code": ")?(\w+)"', sources))
    said |= set(re.findall(r'"code": "(\w+)"', sources)) | {"agent_raised"}
    assert said == set(re.findall(rf"^\| `(?:{classes})` \| `(\w+)` \|", PAGE, re.MULTILINE))
