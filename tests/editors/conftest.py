"""What the tests in real editors share: a workbench, a browser, a workspace, and what is kept of a failure."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest
from playwright.sync_api import Browser, sync_playwright

from e2e.cli import EXAMPLES, workspace
from e2e.servers import server_of
from editors.screen import Screen, launched, opened
from editors.workbench import EDITORS, ROOT, Workbench, install, profile, workbench

WELCOME = """\
pipeline: welcome
language: 1
description: Sort a ticket, and note what it is about.

input: {type: object, required: [ticket], properties: {ticket: {type: string}}}
state: {notes: {type: array, default: [], merge: append}}

agents:
  classify: {python: "agents.triage:classify"}

stages:
  remember:
    set: {notes: "${{ input.ticket }}"}
    next: end
"""
"""A pipeline that somebody has begun to write."""

FAILURES = EDITORS / "failures"
Keep = Callable[[Path], None]
KEEPS = pytest.StashKey[list[Keep]]()


class Show(Protocol):
    """What opens a window."""

    def __call__(self, address: str, script: str = "") -> Screen:
        """Open an address; the script is run before anything of the page is."""


@pytest.fixture
def keep(request: pytest.FixtureRequest) -> Callable[[Keep], None]:
    """Register what puts something worth seeing into a folder, should the test fail."""
    keeps: list[Keep] = request.node.stash.setdefault(KEEPS, [])
    return keeps.append


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep what there is to see of a failure while it is still on the screen, and say where."""
    report = yield
    to = FAILURES / re.sub(r"\W+", "-", item.name)
    if report.when == "setup":
        shutil.rmtree(to, ignore_errors=True)  # of the time before
    if report.failed and item.stash.get(KEEPS, []):
        to.mkdir(parents=True, exist_ok=True)
        for one in item.stash[KEEPS]:
            one(to)
        report.sections.append(("Kept of this failure", "\n".join(str(path) for path in sorted(to.iterdir()))))
    return report


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, told to talk to nobody by itself."""
    with sync_playwright() as playwright:
        running = launched(playwright)
        yield running
        running.close()


@pytest.fixture(scope="session")
def package() -> Path:
    """The .vsix that `make extension` has left."""
    found = sorted((ROOT / "vscode-extension").glob("*.vsix"))
    assert len(found) == 1, f"one package is wanted, there are {found}: run `make extension`"
    return found[0]


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory, package: Path) -> Iterator[Workbench]:
    """A workbench with a fresh profile and the packaged extension, for all scenarios."""
    home = tmp_path_factory.mktemp("workbench")
    profile(home)
    install(home, package)
    with workbench(home) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path, keep: Callable[[Keep], None]) -> Iterator[Path]:
    """A copy of the example with a server of its own."""
    root = Path(shutil.copytree(EXAMPLES / "support_triage", tmp_path / "support_triage"))
    workspace(root, {"welcome.pipeline.yaml": WELCOME})
    keep(lambda to: _copied(root / ".pointsman" / "server.log", to))
    with server_of(root):
        yield root


@pytest.fixture
def show(browser: Browser, keep: Callable[[Keep], None]) -> Iterator[Show]:
    """Opens an address in a window that has never seen it; what it shows is kept if the test fails."""
    with ExitStack() as windows:

        def opening(address: str, script: str = "") -> Screen:
            return windows.enter_context(opened(browser, address, script, keep))

        yield opening


@pytest.fixture
def screen(desk: Workbench, folder: Path, show: Show, keep: Callable[[Keep], None]) -> Screen:
    """The folder open in the workbench."""
    keep(lambda to: kept_of(desk, to))
    return show(desk.page(folder))


def kept_of(desk: Workbench, to: Path) -> None:
    """What a workbench and its extension hosts have written down."""
    _copied(desk.home / "code-server.log", to)
    shutil.copytree(desk.home / "data" / "logs", to / "logs", dirs_exist_ok=True)


def _copied(file: Path, to: Path) -> None:
    if file.exists():
        shutil.copy(file, to)
