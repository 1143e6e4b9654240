"""The suite inside the real extension host: providers, debug sessions and reload, as the workbench itself asks."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from editors.conftest import Keep, Show, kept_of
from editors.workbench import EDITORS, ROOT, profile, workbench

SUITE = EDITORS / "host"
SECONDS = 240

LISTEN = """
window.codeAutomationLog = (kind, words) => console.log(kind, ...words);
window.codeAutomationExit = (code) => { window.exitCode = code; };
"""


def test_the_suite_in_the_extension_host(
    folder: Path, tmp_path: Path, show: Show, keep: Callable[[Keep], None], subtests: pytest.Subtests
) -> None:
    home = tmp_path / "workbench"
    profile(home)
    outcomes = tmp_path / "outcomes.json"
    told = {"POINTSMAN_HOST_OUTCOMES": str(outcomes), "POINTSMAN_HOST_GREP": os.environ.get("POINTSMAN_HOST_GREP", "")}
    # Without the option the workbench ignores what it is told to run.
    with workbench(home, "--vscode-option", "enable-smoke-test-driver", env=told) as desk:
        keep(lambda to: kept_of(desk, to))
        far = desk.url.replace("http:", "vscode-remote:")
        payload = [
            ("extensionDevelopmentPath", f"{far}{ROOT}/vscode-extension"),
            ("extensionTestsPath", f"{far}{SUITE}/index"),
            ("skipWelcome", "true"),
        ]
        screen = show(desk.page(folder, payload), LISTEN)
        screen.page.wait_for_function("window.exitCode !== undefined", timeout=SECONDS * 1000)
        assert outcomes.exists(), "the suite could not be run:\n" + "\n".join(screen.console)
    found = json.loads(outcomes.read_text("utf-8"))
    assert found
    for one in found:
        with subtests.test(one["title"]):
            if one["problem"] is not None:
                pytest.fail(one["problem"], pytrace=False)
