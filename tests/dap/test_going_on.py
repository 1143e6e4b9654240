"""Going on where another run stood, under the debugger: what stops at a result that is known, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from dap.client import home, introduced, write
from pointsman_dap.errors import IDS

TEXT = """\
pipeline: p
language: 1
agents: {say: {command: [sh, -c, "echo x >> called"]}}
stages:
  one: {agent: say}
  two:
    fork:
      left: {agent: say}
      right: {stages: {inner: {agent: say}}}
  three: {agent: say}
"""


@pytest.mark.parametrize(
    ("stage", "described"),
    [("one", "before one"), ("two", "before two"), ("inner", "before two.right.inner"), ("three", "before three")],
)
async def test_stop_at_a_stage_whose_result_is_known(stage: str, described: str, tmp_path: Path) -> None:
    write(tmp_path, a=TEXT)
    everywhere = ("setFunctionBreakpoints", {"breakpoints": [{"name": "*"}]})
    async with home(tmp_path) as at:
        async with introduced(at) as client:
            await client.launch("a.pipeline.yaml")
            assert await client.ended() == 0
        async with introduced(at) as client:
            await client.launch("", rerun="latest", stopAt=stage, before=[everywhere])
            assert (await client.stopped())["description"] == described
            await client.request("continue", {"threadId": 1})
            assert await client.ended() == 0
            assert len(client.events("stopped")) == 1
    assert (tmp_path / "called").read_text("utf-8").count("x") == 4


async def test_from_without_rerun_is_refused(tmp_path: Path) -> None:
    write(tmp_path, a=TEXT)
    async with home(tmp_path) as at, introduced(at) as client:
        code, said = await client.refused("launch", {"program": "a.pipeline.yaml", "from": "two"})
        assert (code, said.partition(":")[0]) == (IDS["badArguments"], "`from` goes with `rerun`")
        await client.event("terminated")
        assert await client.leave() == 0


ASKS = """\
pipeline: p
language: 1
stages:
  sure: {ask: {kind: confirmation, question: "Sure?"}, routes: [{when: result.approved, to: end}, {to: fail}]}
"""


async def test_nobody_is_asked_what_is_answered_already(tmp_path: Path) -> None:
    """Neither where the launch brings the answer, nor where the older run has it."""
    write(tmp_path, a=ASKS)
    async with home(tmp_path) as at:
        for program, more in (
            ("a.pipeline.yaml", {"answers": {"sure": {"approved": True}}}),
            ("", {"rerun": "latest"}),
        ):
            async with introduced(at) as client:
                await client.launch(program, **more)
                assert await client.ended() == 0
                assert "waits for an answer" not in client.outputs("important", "console")
