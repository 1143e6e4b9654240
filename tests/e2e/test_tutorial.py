"""Pages are lived through as they are written: their files, their edits, their commands, their outputs.

Ids, times and process numbers are made alike on both sides; a line `...` in an output stands for any lines. A command
ends with 0 unless the next one is `echo $?`, which says what it ended with.
"""

import difflib
import os
import re
import select
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from e2e.cli import EXAMPLES, ROOT, SECONDS, environment, git

TUTORIAL = "tutorials/first-pipeline.md"
PAGES = [TUTORIAL, "tutorials/first-debug-session.md", "how-to/write-an-agent.md"]
FENCE = re.compile(r"^```(\w+)(?: title=(\S+))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
END = "\x01"
"""Ends the output of a command, before its exit code."""

SLOW, QUICK = "asyncio.sleep(1)", "asyncio.sleep(60 if number == 4 and ctx.attempt == 1 else 0)"
"""A person needs the seconds to kill the run; here the fourth box takes until we have done so, and the others none."""

ALIKE = [
    (re.compile(pattern), same)
    for pattern, same in (
        (r"\d{8}-\d{6}-\w{6}", "RUN"),
        (r"host-\d+-\w+", "HOST"),
        (r"worker \d+", "worker PID"),
        (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "DAY"),
        (r"\b\d+(\.\d+)? (ms|s)\b", "TIME"),
        (r"\b[0-9a-f]{32}\b", "KEY"),
        (r'"[0-9a-f]{3,}…', '"HEX…'),
        (r"digest [0-9a-f]{12}", "digest HEX"),
        (r'("(at|by|id|started_at|took_ns)": )("[^"]*"|[\d.]+)', r"\1SOME"),
        (r" +", " "),
    )
]


@dataclass(frozen=True)
class Command:
    """What the reader types, and what the page says comes of it."""

    where: str
    text: str
    output: list[str]


@dataclass(frozen=True)
class File:
    """A file the reader writes, or lines to change in one (`language` is diff)."""

    where: str
    name: str
    language: str
    text: str


class Shell:
    """A shell that lives as long as the reader's does."""

    def __init__(self, folder: Path) -> None:
        self._bash = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def type(self, text: str) -> tuple[str, int]:
        """One command, to its end; returns what it printed and its exit code."""
        assert self._bash.stdin
        assert self._bash.stdout
        text += "\ndisown" if text.endswith("&") else ""  # or bash would report its death whenever it hears of it
        around = f"{{ {text}\n}} </dev/null 2>&1; code=$?; printf '{END}%s\\n' $code; (exit $code)\n"
        self._bash.stdin.write(around.encode())
        self._bash.stdin.flush()
        printed = b""
        ends = time.monotonic() + SECONDS
        while not re.search(rb"\x01\d+\n$", printed):
            ready, _, _ = select.select([self._bash.stdout], [], [], max(0, ends - time.monotonic()))
            assert ready, f"{text!r} takes too long, so far: {printed.decode()}"
            data = os.read(self._bash.stdout.fileno(), 65536)
            assert data, f"{text!r} ended the shell"
            printed += data
        output, _, code = printed.decode().rpartition(END)
        return output, int(code)

    def folder(self) -> Path:
        """Where it stands."""
        return Path(self.type("pwd -P")[0].strip())

    def close(self) -> None:
        """End the shell and what it has started."""
        os.killpg(self._bash.pid, signal.SIGKILL)
        self._bash.communicate()


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    folder = tmp_path / "clone"
    folder.mkdir()
    git(folder, "init", "-q")
    shutil.copytree(EXAMPLES, folder / EXAMPLES.name, ignore=shutil.ignore_patterns("__pycache__", ".pointsman"))
    shell = Shell(folder)
    try:
        yield shell
    finally:
        shell.close()


def steps(name: str, page: str) -> Iterator[Command | File]:
    """What the reader does, in the page's order."""
    for block in FENCE.finditer(page):
        language, title, body = block.groups()
        line = page.count("\n", 0, block.start()) + 2
        if title:
            yield File(f"{name}:{line}", title, language, body)
        elif language == "console":
            assert body.startswith("$ "), f"{name}:{line} is no command"
            for found in re.finditer(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", body, re.MULTILINE):
                at = line + body.count("\n", 0, found.start())
                yield Command(f"{name}:{at}", found[1], found[2].splitlines())


def write(folder: Path, file: File) -> None:
    """Write a file, or change the lines a diff names."""
    path = folder / file.name
    text = file.text
    if file.language == "diff":
        lines = [(line[:1], line[1:] + "\n") for line in file.text.splitlines()]
        old = "".join(rest for sign, rest in lines if sign != "+")
        new = "".join(rest for sign, rest in lines if sign != "-")
        before = path.read_text("utf-8")
        assert before.count(old) == 1, f"{file.where}: these lines stand {before.count(old)} times in {file.name}"
        text = before.replace(old, new)
    path.write_text(text, "utf-8")


def alike(text: str) -> str:
    """A line without what differs from day to day."""
    for pattern, same in ALIKE:
        text = pattern.sub(same, text)
    return text.rstrip()


def compare(said: Command, printed: str) -> None:
    """Every line the page shows is there, in order, with nothing between but what it leaves out."""
    wanted = [alike(line) for line in said.output]
    seen = [alike(line) for line in printed.splitlines()]
    pattern = "".join(r"(?:.*\n)*?" if line == "..." else re.escape(line) + r"\n" for line in wanted)
    if not re.fullmatch(pattern, "".join(line + "\n" for line in seen)):
        diff = "\n".join(difflib.unified_diff(wanted, seen, "the page", "today", lineterm=""))
        pytest.fail(f"{said.where}: $ {said.text}\n{diff}\n\nin full:\n{printed}")


def wait_for_box_four(folder: Path) -> None:
    """Until the journal has heard of it: then the run is in the middle."""
    ends = time.monotonic() + SECONDS
    with closing(sqlite3.connect(folder / ".pointsman" / "journal.db")) as journal:
        while not journal.execute("SELECT 1 FROM events WHERE payload LIKE '%\"box 4\"%'").fetchone():
            assert time.monotonic() < ends, "nothing is packed"
            time.sleep(0.01)  # another process writes the journal, and tells nobody


@pytest.mark.parametrize("name", PAGES)
def test_what_the_page_says_is_what_happens(shell: Shell, name: str) -> None:
    page = (ROOT / "docs" / name).read_text("utf-8")
    assert page.count(SLOW) == (name == TUTORIAL)
    todo = list(steps(name, page.replace(SLOW, QUICK)))
    for step, after in zip(todo, [*todo[1:], None], strict=True):
        if isinstance(step, File):
            write(shell.folder(), step)
            continue
        if step.text.startswith("kill "):
            wait_for_box_four(shell.folder())
        printed, code = shell.type(step.text)
        compare(step, printed)
        asked = isinstance(after, Command) and after.text == "echo $?"
        assert code == 0 or asked, f"{step.where}: $ {step.text}\nended with {code}\n{printed}"
