"""Emacs as Debian has it: a session in dap-mode and an edit with eglot, each with the configuration of our page."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.cli import EXAMPLES, workspace
from e2e.servers import server_of
from editors.emacs import emacs, page

PIPELINE = (EXAMPLES / "support_triage" / "triage.pipeline.yaml").read_text("utf-8")
PROMPT = (EXAMPLES / "support_triage" / "prompts" / "draft.md").read_text("utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A copy of the example with a server of its own."""
    root = workspace(Path(shutil.copytree(EXAMPLES / "support_triage", tmp_path / "triage")), {})
    with server_of(root):
        yield root


def line_of(text: str) -> int:
    return 1 + [line.strip() for line in PIPELINE.splitlines()].index(text)


def test_dap_mode_stops_looks_steps_and_goes_back(folder: Path, tmp_path: Path) -> None:
    configuration = next(block for block in page("debug-a-pipeline.md") if "(require 'dap-mode)" in block)
    pipeline = str(folder / "triage.pipeline.yaml")
    seen = emacs("dap-mode-session.el", configuration, tmp_path / "home", PIPELINE=pipeline)
    reply = ["reply", line_of("reply:"), "reply:"]
    assert seen["stop"] == reply
    assert seen["stack"] == ["reply", "support_triage"]
    assert 'ticket: "I lost my password"' in seen["locals"]
    assert 'triage: {intent: "access"' in seen["locals"]
    assert seen["into"] == ["policy before", "agent draft"]
    assert seen["inner stack"] == ["agent draft", "reply", "support_triage"]
    assert seen["why"].startswith("note → reply")
    assert seen["value"] == "access"
    assert seen["back"][0] == "policy before"
    assert seen["reverse"] == [reply, ["triage", line_of("triage:"), "triage:"]]
    assert seen["forward"] == reply
    assert seen["next"][0] == "agent draft"
    assert seen["ended"] is True


def test_eglot_finds_completes_explains_goes_and_renames(folder: Path, tmp_path: Path) -> None:
    configuration = next(block for block in page("use-with-emacs.md") if "(require 'eglot)" in block)
    pipeline = str(folder / "triage.pipeline.yaml")
    seen = emacs("eglot-session.el", configuration, tmp_path / "home", "y\n", PIPELINE=pipeline)
    assert seen["mode"] == "pointsman-mode"
    [[where, what]] = seen["findings"]
    assert where == "nite"
    assert 'did you mean "note"?' in what
    assert seen["completions"] == ["timeout"]
    assert "The intent (refund, access or question)" in seen["hover"]
    assert seen["definition"] == ["triage.py", "def classify(text: str) -> dict:\n"]
    assert all(name in seen["outline"] for name in ("triage", "approve", "search_kb", "draft"))
    assert seen["renamed"] == PIPELINE.replace("  triage:", "  sort:").replace("outputs.triage.", "outputs.sort.")
    assert seen["prompt"] == PROMPT.replace("outputs.triage.", "outputs.sort.")
