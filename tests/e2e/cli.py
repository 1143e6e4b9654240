"""Driving the real command line from tests: every process started here is ended here."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
SECONDS = 60
"""How long any one command may take before the test that started it has failed."""


@dataclass(frozen=True)
class Ran:
    """A finished command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


def environment() -> dict[str, str]:
    """This test's environment, with the tools of its interpreter on PATH and no terminal's colours."""
    env = {
        name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH", "FORCE_COLOR")
    }
    env["PATH"] = str(Path(sys.executable).parent) + os.pathsep + env["PATH"]
    return env


def pointsman(*args: str, cwd: Path, stdin: str = "", env: dict[str, str] | None = None) -> Ran:
    """Run one command to its end."""
    ran = subprocess.run(
        [sys.executable, "-m", "pointsman_server", *args],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env=environment() | (env or {}),
        check=False,
    )
    return Ran(ran.returncode, ran.stdout, ran.stderr)


def git(folder: Path, *args: str) -> str:
    """Run git in a folder with an identity of its own."""
    who = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
    ran = subprocess.run(["git", *who, *args], cwd=folder, capture_output=True, text=True, check=True)
    return ran.stdout


def gate_workspace(folder: Path) -> Path:
    """A git repository with two commits and the gate example in it; returns the pipeline's path.

    Its last commit has one finding for the linter, so that every branch of the example has something to say.
    """
    shutil.copytree(EXAMPLES / "pull_request_gate", folder / "gate", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "pointsman.toml").write_text(f'python = "{sys.executable}"\n', "utf-8")
    (folder / ".gitignore").write_text(".pointsman/\n__pycache__/\n", "utf-8")
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "start")
    (folder / "app.py").write_text("import os\n\n\ndef main():\n    return 1\n", "utf-8")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "an app")
    return folder / "gate" / "gate.pipeline.yaml"


def workspace(folder: Path, files: dict[str, str]) -> Path:
    """A workspace of these files, with this test's interpreter for its workers."""
    for name, text in {"pointsman.toml": f'python = "{sys.executable}"\n', **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder
