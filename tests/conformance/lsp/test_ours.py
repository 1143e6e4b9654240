"""Our own server passes every probe, on its own standard input and through the bridge to a workspace's server."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from conformance.lsp.client import Times
from conformance.lsp.kit import OVERALL, Row, run
from conformance.lsp.probe import PROBES, Verdict
from conformance.lsp.profile import choose
from conformance.lsp.table import line

POINTSMAN = [sys.executable, "-m", "pointsman_server"]
COMMANDS = {"server": [sys.executable, "-m", "pointsman_lsp"], "bridge": [*POINTSMAN, "lsp"]}
NOT_OFFERED = {"server": {"command.unknown"}, "bridge": set[str]()}  # commands are about runs, which a server has
NAMES = [one.name for one in PROBES] + [name for name, _, _, _ in OVERALL]
TIMES = Times(start=60.0, answer=20.0, grace=5.0)


@pytest.fixture(scope="module", params=COMMANDS)
def rows(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Row]]:
    """The kit's rows for one way to reach our server, by name."""
    argv = COMMANDS[request.param]
    root = tmp_path_factory.mktemp("conformance")
    # Before `initialize` names a workspace the bridge goes by the folder it was started in, so that is the same one.
    (root / "pointsman.toml").write_text("")
    try:
        yield {row.name: row for row in run(argv, choose(argv), root, times=TIMES, cwd=root)}
    finally:
        subprocess.run([*POINTSMAN, "stop"], cwd=root, capture_output=True, timeout=60, check=False)


@pytest.mark.parametrize("name", NAMES)
def test_our_server_keeps_the_protocol(name: str, rows: dict[str, Row], request: pytest.FixtureRequest) -> None:
    wanted = Verdict.NOT_APPLICABLE if name in NOT_OFFERED[request.node.callspec.params["rows"]] else Verdict.PASS
    assert rows[name].finding.verdict is wanted, line(rows[name])
