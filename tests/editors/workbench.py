"""VS Code's workbench on this machine: started with a profile of its own, and ended with everything it has started."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

ROOT = Path(__file__).parents[2]
EDITORS = ROOT / ".editors"
NODE = EDITORS / "node" / "bin"
CODE = EDITORS / "code" / "node_modules" / ".bin" / "code-server"

START_S = 60
"""How long the workbench may take until it listens: half a second here, and a cold disk is slow."""
END_S = 10
"""How long its processes may take to end by themselves."""

SETTINGS: dict[str, Any] = {
    "security.workspace.trust.enabled": False,
    "files.autoSave": "off",  # in a browser VS Code saves by itself after a second
    "workbench.startupEditor": "none",
    "workbench.tips.enabled": False,
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "workbench.colorTheme": "Default Dark Modern",
    "window.commandCenter": False,
    "chat.disableAIFeatures": True,
    "chat.commandCenter.enabled": False,
    "git.enabled": False,
    "remote.autoForwardPorts": False,
    "telemetry.telemetryLevel": "off",
    "extensions.autoUpdate": False,
    "extensions.autoCheckUpdates": False,
    "extensions.ignoreRecommendations": True,
    "update.mode": "none",
    "debug.openDebug": "openOnSessionStart",
    "editor.minimap.enabled": False,
    "files.watcherExclude": {"**/.pointsman/**": True},
}
"""What a person would have clicked away already."""


@dataclass(frozen=True)
class Workbench:
    """One that listens."""

    url: str
    home: Path
    process: subprocess.Popen[str]

    def page(self, folder: Path, payload: list[tuple[str, str]] | None = None) -> str:
        """The address at which a folder is open; a payload is what the workbench is told beside it."""
        told = {"folder": str(folder)} | ({"payload": json.dumps(payload)} if payload else {})
        return f"{self.url}/?{urlencode(told, quote_via=quote)}"


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment with our Node.js and the `pointsman` of this clone first, and nothing from outside."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("VSCODE_", "npm_", "VIRTUAL_ENV"))}
    env["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), str(NODE), env["PATH"]])
    env["EXTENSIONS_GALLERY"] = "{}"  # no shop: what is not installed here is not looked for elsewhere
    return env | dict(more or {})


def profile(home: Path, settings: Mapping[str, Any] | None = None) -> None:
    """A fresh profile, with settings that keep everything still that we do not look at."""
    user = home / "data" / "User"
    user.mkdir(parents=True, exist_ok=True)
    (home / "extensions").mkdir(exist_ok=True)
    (user / "settings.json").write_text(json.dumps(SETTINGS | dict(settings or {}), indent=2), "utf-8")
    (home / "config.yaml").write_text("bind-addr: 127.0.0.1:0\nauth: none\ncert: false\n", "utf-8")


def install(home: Path, package: Path) -> None:
    """An extension into a profile, as a person installs a .vsix."""
    ran = subprocess.run(
        [*_command(home), "--install-extension", str(package)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=START_S,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


@contextmanager
def workbench(home: Path, *options: str, env: Mapping[str, str] | None = None) -> Iterator[Workbench]:
    """The workbench with this profile, on a port that was free, reachable from this machine alone."""
    log = (home / "code-server.log").open("w", encoding="utf-8")
    process = subprocess.Popen(
        [*_command(home), *options],
        env=environment(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # so that all it starts can be found, and ended
    )
    listening: list[str] = []
    heard = threading.Event()

    def hear() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            log.write(line)
            log.flush()
            if found := re.search(r"HTTP server listening on (http://\S+?)/?\s*$", line):
                listening.append(found[1])
                heard.set()
        heard.set()

    hearing = threading.Thread(target=hear, daemon=True)
    hearing.start()
    try:
        assert heard.wait(START_S), f"the workbench does not come up; see {log.name}"
        assert listening, f"the workbench has ended:\n{Path(log.name).read_text('utf-8')}"
        yield Workbench(listening[0], home, process)
    finally:
        end_session(process.pid)
        process.wait()
        hearing.join()
        log.close()


def end_session(leader: int) -> None:
    """End every process of a session that was begun for it: asked first, then made to."""
    for how, patience_s in ((signal.SIGTERM, END_S), (signal.SIGKILL, END_S)):
        for pid in session(leader):
            with suppress(ProcessLookupError):
                os.kill(pid, how)
        deadline = time.monotonic() + patience_s
        while session(leader):
            if time.monotonic() > deadline:
                break
            time.sleep(0.02)  # nothing tells of the end of processes that are not our children
        else:
            return
    raise AssertionError(f"still there: {session(leader)}")


def session(leader: int) -> list[int]:
    """The living processes of a session, as the system lists them; a bare machine has no `ps`."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended since it was listed
            # Behind the name, which is in parentheses and may hold anything: state, parent, group, session.
            state, _, _, its_session = stat.read_text("utf-8", "replace").rpartition(")")[2].split()[:4]
            if int(its_session) == leader and state != "Z":
                found.append(int(stat.parent.name))
    return found


def _command(home: Path) -> list[str]:
    return [
        str(CODE),
        *("--config", str(home / "config.yaml")),
        *("--user-data-dir", str(home / "data")),
        *("--extensions-dir", str(home / "extensions")),
        "--disable-telemetry",
        "--disable-update-check",
        "--disable-workspace-trust",
        "--disable-getting-started-override",
        "--ignore-last-opened",
    ]
