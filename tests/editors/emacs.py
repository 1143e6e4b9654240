"""A real Emacs, in batch: our page's configuration, then what a person does with it, told as notes."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

from e2e.cli import ROOT, environment

ACTS = Path(__file__).parent / "emacs"
SECONDS = 120
"""For a whole session; a wait inside one gives up far earlier, and says for what."""


def page(name: str) -> list[str]:
    """The Lisp of one of our pages, block by block."""
    text = (ROOT / "docs" / "how-to" / name).read_text("utf-8")
    return re.findall(r"^```elisp\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def emacs(acts: str, configuration: str, home: Path, typed: str = "", **env: str) -> dict[str, Any]:
    """What was noted by one of the files of acts, run in an Emacs with this configuration and an empty
    home; what is typed answers what Emacs asks.
    """
    home.mkdir(exist_ok=True)
    (home / "init.el").write_text(";;; -*- lexical-binding: t; -*-\n" + configuration, "utf-8")
    notes = home / "notes.json"
    own = {"HOME": str(home), "NOTES": str(notes)}
    ran = subprocess.run(
        # Not --quick: Debian's packages for Emacs are found by its site's own start file.
        ["emacs", "--batch", "--no-init-file", "-l", str(home / "init.el"), "-l", str(ACTS / acts)],
        cwd=home,
        env=environment() | own | env,
        input=typed,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    (home / "emacs.log").write_text(ran.stdout, "utf-8")
    assert notes.exists(), ran.stdout
    said: dict[str, Any] = json.loads(notes.read_text("utf-8"))
    assert said["failed"] is None, f"{said['failed']}\nnoted: {said['notes']}\n{ran.stdout}"
    assert ran.returncode == 0, ran.stdout
    notes_taken: dict[str, Any] = said["notes"]
    return notes_taken
