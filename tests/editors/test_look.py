"""`make editor`: what it opens is ready for F5, and Ctrl-C leaves nothing behind."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import expect

from e2e.cli import ROOT, environment
from e2e.servers import door
from editors.conftest import Show
from editors.workbench import END_S, session
from pointsman_server.rendezvous import wait_gone

SECONDS = 90


@contextmanager
def looking(within: Path) -> Iterator[subprocess.Popen[str]]:
    """The command without `make`, as the leader of a session of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "editors.look", str(within)],
        cwd=ROOT,
        env=environment() | {"PYTHONPATH": str(ROOT / "tests"), "DISPLAY": "", "WAYLAND_DISPLAY": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    patience = threading.Timer(SECONDS, process.kill)
    patience.start()
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.communicate()  # not in vain: patience ends it
        patience.cancel()


def test_f5_is_ready_and_ctrl_c_ends_everything(tmp_path: Path, package: Path, show: Show) -> None:
    folder = tmp_path / "desk" / "support_triage"
    with looking(tmp_path) as process:
        assert process.stdout is not None
        address = next(line.strip() for line in process.stdout if "http://127.0.0.1:" in line)
        screen = show(address)
        expect(screen.page.locator(".tab.active[data-resource-name='triage.pipeline.yaml']")).to_be_visible()
        screen.connected()
        screen.press("F5")
        stop = screen.page.locator(".debug-call-stack .monaco-list-row .stack-frame").first
        expect(stop).to_contain_text("triage")
        assert door(folder)
        process.send_signal(signal.SIGINT)
        assert process.wait(END_S * 2) == 0
    assert session(process.pid) == []
    assert wait_gone(str(folder / ".pointsman"), END_S)
