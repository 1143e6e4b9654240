"""Golden transcripts of debug sessions (`tests/data/transcripts`), played again with the real adapter.

After a change that is meant: `UPDATE_TRANSCRIPTS=1 pytest tests/e2e/test_debug_transcripts.py`, and read the diff.
"""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.cli import SECONDS, workspace
from e2e.dap_sessions import FILES
from e2e.dap_transcripts import play, read
from e2e.servers import server_of

FOLDER = Path(__file__).parents[1] / "data" / "transcripts"
UPDATE = os.environ.get("UPDATE_TRANSCRIPTS") == "1"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One workspace, and so one server, for all transcripts."""
    root = workspace(tmp_path_factory.mktemp("desk"), FILES)
    with server_of(root):
        yield root


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.txt")))
async def test_transcript(name: str, folder: Path) -> None:
    file = FOLDER / f"{name}.txt"
    async with asyncio.timeout(SECONDS):
        played = await play(read(file.read_text("utf-8")), folder)
    if UPDATE:
        file.write_text(played, "utf-8")
    assert played == file.read_text("utf-8")
