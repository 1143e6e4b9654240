"""The past calls nothing: however often a run is stepped through, back and forth, what it did outside was done once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from e2e.cli import workspace
from e2e.dap_sessions import Patient, adapter
from e2e.servers import server_of

Json = Any

FILES = {
    "desk.pipeline.yaml": """\
pipeline: desk
language: 1
input: {type: object, required: [provider], properties: {provider: {type: integer}}}
state: {seen: {type: array, default: [], merge: append}}
agents:
  ask: {python: "desk:ask"}
  note: {command: [sh, -c, "echo command >> calls.txt"]}
  draft:
    llm: {model: "scripted:replies.yaml", prompt: draft.md}
    tools: [search]
tools:
  search: {python: "desk:search", risk: read_only}
policies: [care.policy.yaml]
limits: {iterations: 3}
stages:
  first:
    agent: ask
    with: {provider: "${{ input.provider }}", what: first}
  twice:
    fork:
      left: {agent: ask, with: {provider: "${{ input.provider }}", what: left}}
      right: {agent: note}
  draft:
    agent: draft
  seen:
    set: {seen: "${{ outputs.draft.text }}"}
    routes:
      - {when: size(state.seen) < 2, to: first, label: again}
      - {to: end}
""",
    "care.policy.yaml": """\
policy: care
language: 1
version: 1
rules:
  - {id: watch, at: [agent.invoke, output.accept], when: "true", effect: flag, reason: seen}
reasons: {seen: Seen.}
""",
    "desk.py": '''\
"""Agents that leave traces outside."""

from http.client import HTTPConnection


def ask(provider: int, what: str) -> str:
    """Ask the provider, and write down that it was asked."""
    with open("calls.txt", "a") as file:
        file.write(f"{what}\\n")
    connection = HTTPConnection("127.0.0.1", provider, timeout=10)
    connection.request("GET", f"/{what}")
    answer = connection.getresponse().read().decode()
    connection.close()
    return answer


def search(query: str) -> str:
    """Write down what was searched."""
    with open("calls.txt", "a") as file:
        file.write(f"search {query}\\n")
    return query
''',
    "draft.md": "Write.\n",
    "replies.yaml": """\
- tool_calls: [{name: search, args: {query: prices}}]
- text: Ten.
""",
}

CALLS = ["command", "command", "first", "first", "left", "left", "search prices", "search prices"]


@contextmanager
def provider() -> Iterator[tuple[int, list[str]]]:
    """A loopback server; its port, and what it has been asked."""
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(f"answer {len(asked)}".encode())

        def log_message(self, format: str, *args: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_address[1], asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Walker(Patient):
    """Steps, and says where that has led."""

    async def start(self, command: str, arguments: Json) -> str:
        """Launch or attach; the first stop."""
        await self.request("initialize", {"adapterID": "pointsman"})
        started = self.ask(command, arguments)
        await self.until("initialized")
        await self.request("configurationDone")
        await self.answer(started)
        return await self.here()

    async def walk(self, command: str, end: str = "") -> list[str]:
        """Step as long as there is somewhere to go: to the run's end, or to a stop of which the text is `end`."""
        found: list[str] = []
        while True:
            await self.step_once(command)
            place = await self.here()
            if not place:
                return found
            found.append(place)
            if end and self.events("stopped")[-1].get("text") == end:
                return found

    async def step_once(self, command: str) -> None:
        """One step of the thread that stopped."""
        await self.request(command, {"threadId": self.events("stopped")[-1]["threadId"]})

    async def here(self) -> str:
        """The next stop: where the run is and what it has, without what is only said of the past; empty at the end."""
        if await self.until("stopped", "terminated") == "terminated":
            return ""
        stopped = self.events("stopped")[-1]
        frames = (await self.request("stackTrace", {"threadId": stopped["threadId"]}))["stackFrames"]
        shown = ["envelope.outputs", "envelope.state", "envelope.position"]
        values = [
            await self.request("evaluate", {"expression": one, "frameId": frames[0]["id"], "context": "clipboard"})
            for one in shown
        ]
        place = [stopped["description"].removeprefix("replayed: "), *(one["name"] for one in frames)]
        return " | ".join([*place, *(one["result"] for one in values)])


def calls(root: Path) -> list[str]:
    """What the agents have done, without an order: branches have none."""
    return sorted((root / "calls.txt").read_text("utf-8").splitlines())


async def test_stepping_back_and_forth_calls_nothing(tmp_path: Path) -> None:
    root = workspace(tmp_path / "w", FILES)
    with server_of(root), provider() as (port, asked):
        async with adapter(root, Walker) as client:
            launch = {"program": "desk.pipeline.yaml", "input": {"provider": port}, "stopOnEntry": True}
            there = [await client.start("launch", launch)]
            while not there[-1].startswith("at the end after seen"):
                await client.step_once("stepIn")
                there.append(await client.here())
            done, answered = calls(root), list(asked)
            assert done == CALLS
            assert sorted(answered) == ["/first", "/first", "/left", "/left"]
            back = await client.walk("stepBack", "start of recording")
            assert back[-1] == there[0]
            for _ in range(2):
                on = [back[-1]]
                while not on[-1].startswith("at the end after seen"):
                    await client.step_once("stepIn")
                    on.append(await client.here())
                assert on == there
                await client.step_once("reverseContinue")
                assert await client.here() == there[0]
            assert (calls(root), asked) == (done, answered)
            await client.step_once("continue")
            assert await client.here() == ""
            assert client.events("exited") == [{"exitCode": 0}]
        assert (calls(root), asked) == (done, answered)
        (root / "desk.py").unlink()  # what is not there can not be called either
        async with adapter(root, Walker) as later:
            assert await later.start("attach", {"run": "latest", "stopOnEntry": True}) == there[0]
            on = [there[0], *await later.walk("stepIn", "end of recording")]
            assert on == [*there, there[-1]]  # that there is nothing more is said at the same place
            back = await later.walk("stepBack", "start of recording")
            assert back[-1] == there[0]
            await later.request("disconnect")
        assert (calls(root), asked) == (done, answered)
