"""`make editor`: the workbench in your browser, with the packaged extension and a copy of the example, until Ctrl-C."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from editors.workbench import EDITORS, ROOT, install, profile, workbench

EXAMPLE = ROOT / "examples" / "support_triage"
OPEN = "triage.pipeline.yaml"

LAUNCHES: list[dict[str, object]] = [
    {"name": "A lost password", "input": {"ticket": "I lost my password"}, "stopOnEntry": True},
    {"name": "A refund, which asks a person", "input": {"ticket": "I want a refund"}},
    {"name": "Choose the input"},
]
"""What F5 offers; the first is there at once, and stops where one can look around."""


def main(within: Path = EDITORS) -> int:
    """Open it, and wait for Ctrl-C. The copy and the profile lie in a folder."""
    folder, home = within / "desk" / EXAMPLE.name, within / "profile"
    prepare(folder)
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    profile(home)
    [package] = (ROOT / "vscode-extension").glob("*.vsix")
    install(home, package)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        with workbench(home) as running:
            file = f"{running.url.replace('http:', 'vscode-remote:')}{folder / OPEN}"
            address = running.page(folder, [("openFile", file)])
            say(f"\n  {address}\n")
            say(f"VS Code's workbench with {folder}. Press F5 there. Ctrl-C here ends it.")
            say("It listens on this machine alone, without a password: whoever is logged in here can open it.")
            show(address)
            running.process.wait()
            say(f"The workbench has ended by itself; its log is {home / 'code-server.log'}")
            return 1
    except KeyboardInterrupt:
        return 0
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not leave anything behind
        stop = [sys.executable, "-m", "pointsman_server", "stop", "--force"]
        subprocess.run(stop, cwd=folder, capture_output=True, check=False)


def prepare(folder: Path) -> None:
    """The example with launch configurations; what a person has changed in an earlier copy stays."""
    if not folder.exists():
        shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("__pycache__", ".pointsman"))
    (folder / "pointsman.toml").write_text(f"python = {json.dumps(sys.executable)}\n", "utf-8")
    launch = folder / ".vscode" / "launch.json"
    if not launch.exists():
        launch.parent.mkdir(exist_ok=True)
        every = {"type": "pointsman", "request": "launch", "program": f"${{workspaceFolder}}/{OPEN}"}
        configurations = [{"name": one["name"], **every, **one} for one in LAUNCHES]
        launch.write_text(json.dumps({"version": "0.2.0", "configurations": configurations}, indent=2) + "\n", "utf-8")


def show(address: str) -> None:
    """Open a browser where there is a screen to open it on."""
    mac = sys.platform == "darwin"
    command = shutil.which("open" if mac else "xdg-open")
    if command and (mac or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        subprocess.Popen(
            [command, address], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )


def say(line: str) -> None:
    """A line for the person at the terminal, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
