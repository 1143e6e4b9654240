"""Whatever a client sends in whatever order: each request is answered once, nothing breaks, the run can be ended."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest

from dap.client import MOVES, Client, home, introduced, write
from pointsman_dap.errors import IDS
from pointsman_dap.handlers import HANDLERS

TEXT = """\
pipeline: p
language: 1
policies: [guard.policy.yaml]
limits: {iterations: 6}
state: {count: {type: integer, default: 0}}
agents:
  say: {command: [echo, hi]}
  breaks: {command: [sh, -c, "exit 3"]}
defaults: {retry: {attempts: 2, backoff: 1ms, on: [agent]}}
stages:
  first: {agent: say, with: {list: [1, 2, 3]}}
  second:
    fork:
      left: {agent: say}
      right: {stages: {inner: {agent: breaks, on_error: other}, other: {set: {count: "${{ state.count + 1 }}"}}}}
  third: {agent: breaks, on_error: first}
"""
GUARD = """\
policy: guard
language: 1
version: 1
rules:
  - {id: listed, at: [agent.invoke], when: 'has(args.list)', effect: flag, reason: lists}
reasons: {lists: "It has a list."}
redact: [{pattern: "sk-[a-z]+"}]
"""

LOOKS = ("stackTrace", "scopes", "variables", "evaluate")


def anything(rng: random.Random, path: Path, client: Client) -> tuple[str, Any]:
    """A request such as a client could send, with numbers it was told lately, or that mean nothing."""
    told = re.findall(r'"(?:id|variablesReference)": ([1-9]\d*)', json.dumps(client.received[-12:]))
    thread = {"threadId": rng.choice((1, 1, 1, 2, 3, 9))}
    number = int(rng.choice(told)) if told and rng.random() < 0.8 else rng.randrange(60)
    asked: dict[str, Any] = {
        "stackTrace": thread | {"startFrame": rng.randrange(3), "levels": rng.randrange(3)},
        "scopes": {"frameId": number},
        "variables": {"variablesReference": number, "start": rng.randrange(3), "count": rng.randrange(3)},
        "evaluate": {
            "expression": rng.choice(("args", "outputs.first", "1 +", "envelope", ":why", ":back", "state.count > 1")),
            "context": rng.choice(("watch", "hover", "repl", "clipboard", "other")),
            **({"frameId": number} if rng.random() < 0.5 else {}),
        },
        "setBreakpoints": {
            "source": {"path": str(path)},
            "breakpoints": [
                {
                    "line": rng.randrange(1, 24),
                    **rng.choice(({}, {"condition": "state.count > 0"}, {"logMessage": "{args}"})),
                }
                for _ in range(rng.randrange(3))
            ],
        },
        "setFunctionBreakpoints": {"breakpoints": [{"name": rng.choice(("*", "agent:breaks", "x"))}]},
        "setExceptionBreakpoints": {"filters": rng.sample(("agent_error", "limit", "interrupt"), rng.randrange(3))},
        "breakpointLocations": {"source": {"path": str(path)}, "line": rng.randrange(30), "endLine": rng.randrange(30)},
        "exceptionInfo": thread,
        "source": {"sourceReference": rng.randrange(3)},
        "cancel": {"requestId": rng.randrange(200)},
        **{move: thread for move in (*MOVES, "pause")},
    }
    command = rng.choice(
        [*asked, *MOVES, *LOOKS, *LOOKS, "threads", "loadedSources", "initialize", "launch", "configurationDone"]
    )
    if command == "initialize":
        return command, {"adapterID": "x"}
    return command, asked.get(command, {"program": "x"} if command == "launch" else None)


@pytest.mark.parametrize("seed", range(8))
async def test_any_order(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    path = write(tmp_path, a=TEXT, guard=GUARD)
    async with home(tmp_path) as at, introduced(at) as client:
        everywhere = ("setFunctionBreakpoints", {"breakpoints": [{"name": "*"}]})
        await client.launch("a.pipeline.yaml", stopOnEntry=True, before=[everywhere])
        await client.stopped()
        waiting = []
        for _ in range(200):
            command, arguments = anything(rng, path, client)
            assert command in HANDLERS
            waiting.append(client.ask(command, arguments))
            if rng.random() < 0.7:
                answer = await client.answer(waiting[-1])
                if command in MOVES and answer["success"] and rng.random() < 0.9:
                    await client.standing()
        answers = [await client.answer(seq) for seq in waiting]
        faults = [
            one["message"] for one in answers if not one["success"] and one["body"]["error"]["id"] == IDS["internal"]
        ]
        assert faults == [], client.outputs("stderr")
        if not client.events("terminated"):
            await client.request("terminate")
            await client.event("terminated")
        assert await client.leave() == 0
