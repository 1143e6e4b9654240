"""Several answers to one question: one is taken, and whoever gave another is told that it was not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from e2e.cli import pointsman, workspace
from e2e.servers import server_of, started, until
from lsp.test_runs_wire import editor
from pointsman.errors import PointsmanError, RunUnavailable
from pointsman.journal.replay import past
from pointsman.kernel.state import State
from pointsman.runtime import catalog
from pointsman.runtime.definitions import Definitions
from pointsman.runtime.desk import Desk
from pointsman.runtime.journals import open_journal
from pointsman.runtime.registry import Registry
from pointsman.runtime.sessions import Options, resume, start
from pointsman.runtime.workspace import find_place
from pointsman_server.remote import hosting_words, started_link

Json = Any
ASKS = """\
pipeline: asks
language: 1
agents: {say: {python: "w:say"}}
stages:
  first: {agent: say}
  sure:
    ask: {kind: clarification, question: "Who?"}
  go: {agent: say, next: end}
output: {who: "${{ outputs.sure.text }}"}
"""
WHO = ("Ada", "Bob", "Cleo")
TOO_LATE = ("answered already", "nothing is asked", "has ended", "is live already", "is hosted by")


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A workspace with a pipeline that asks once, and a worker to be ended when it parks."""
    folder = workspace(tmp_path / "w", {"asks.pipeline.yaml": ASKS, "w.py": "def say():\n    return 1\n"})
    with server_of(folder):
        yield folder


def ended(root: Path, run: str) -> State:
    """How a run has ended."""
    store = open_journal(find_place(root))
    try:
        return past(store, run).state
    finally:
        store.close()


async def test_a_session_takes_one_answer(root: Path) -> None:
    async with start(catalog.load(root / "asks.pipeline.yaml"), {}) as session:
        await session.run()
        session.answer("sure", {"text": "Ada"})
        for _ in range(2):
            with pytest.raises(RunUnavailable, match="the question at sure has been answered already") as refused:
                session.answer("sure", {"text": "Bob"})
            assert refused.value.code == "answered_already"
        state = await session.run()
        assert state.output == {"who": "Ada"}
        with pytest.raises(RunUnavailable, match="nothing is asked"):
            session.answer("sure", {"text": "Bob"})


async def test_an_answer_that_did_not_fit_is_none(root: Path) -> None:
    async with start(catalog.load(root / "asks.pipeline.yaml"), {}) as session:
        await session.run()
        run = session.run_id
        with pytest.raises(PointsmanError, match="does not fit"):
            session.answer("sure", 5)
    async with resume(find_place(root), run) as session:
        session.answer("sure", {"text": "Ada"})
        assert (await session.run()).output == {"who": "Ada"}


async def test_three_editors_answers_at_once_to_a_parked_run(root: Path) -> None:
    async with editor(root) as client:
        run = await client.run("asks")
        await client.told(run, "waiting")
        command = "pointsman.server.answer"
        answers = [{"run": run, "stage": "sure", "value": {"text": who}} for who in WHO]
        said = await asyncio.gather(
            *(client.request("workspace/executeCommand", {"command": command, "arguments": [one]}) for one in answers)
        )
        await client.told(run, "completed")
    (winner,) = [who for who, answer in zip(WHO, said, strict=True) if "result" in answer]
    refused = [answer["error"] for answer in said if "error" in answer]
    assert len(refused) == 2
    assert all(one["code"] == -32803 and any(words in one["message"] for words in TOO_LATE) for one in refused), refused
    assert ended(root, run).output == {"who": winner}


async def test_an_answer_is_not_lost_while_its_run_is_being_parked(root: Path) -> None:
    registry = Registry()
    desk = Desk(registry, Definitions())
    try:
        begun = await desk.start(root / "asks.pipeline.yaml", None, {}, Options())
        live = registry.live[begun.run]
        while not live.leaving:
            await asyncio.sleep(0)  # every step of the loop is looked at: the time between two states is short
        answers = (desk.answer(root, begun.run, "sure", {"text": who}, who, Options()) for who in WHO)
        said = await asyncio.gather(*answers, return_exceptions=True)
        (winner,) = [who for who, one in zip(WHO, said, strict=True) if one is None]
        refused = [str(one) for one in said if one is not None]
        assert all(any(words in one for words in TOO_LATE) for one in refused), refused
        if again := registry.live.get(begun.run):
            await again.task
        assert ended(root, begun.run).output == {"who": winner}
    finally:
        await registry.close()


def test_three_answers_at_once_over_control_connections(root: Path) -> None:
    with started_link(root) as link:
        words = hosting_words(Options(env={}), park=False)
        run = link.ask("run", file=str(root / "asks.pipeline.yaml"), input={}, **words)["run"]
        until(root, lambda said: [one["status"] for one in said["runs"]] == ["asking"])
        sock, _ = link.release()
        asked = [
            {"id": who, "verb": "answer", "run": run, "effect": "sure", "value": {"text": who}, "by": who}
            for who in WHO
        ]
        sock.sendall(b"".join(json.dumps(one).encode() + b"\n" for one in asked))
        said: dict[str, Json] = {}
        while len(said) < len(WHO) or not any(one.get("end") for one in said.values()):
            one = link.next()
            if "seq" not in one:
                said[one.get("id", "end")] = one
    assert said["Ada"]["result"] == {}
    assert {said[who]["error"]["code"] for who in WHO[1:]} == {"answered_already"}
    assert ended(root, run).output == {"who": "Ada"}


@pytest.mark.parametrize("server", [True, False])
def test_three_answers_at_once_on_the_command_line(root: Path, server: bool) -> None:
    with ExitStack() as stack:
        if server:
            stack.enter_context(started_link(root))
        parked = pointsman("run", "asks.pipeline.yaml", "--json", cwd=root)
        run = parked.json["run"]
        commands = [
            stack.enter_context(started("answer", run, "sure", json.dumps({"text": who}), cwd=root)) for who in WHO
        ]
        said = [(command.communicate(timeout=60), command.returncode) for command in commands]
    (winner,) = [who for who, (_, code) in zip(WHO, said, strict=True) if code == 0]
    assert all(any(words in err for words in TOO_LATE) for (_, err), code in said if code), said
    assert ended(root, run).output == {"who": winner}
