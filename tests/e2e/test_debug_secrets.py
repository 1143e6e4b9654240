"""Secrets and the debug adapter: through a whole session with every request it knows, not one is on the wire.

Each secret begins with `canary`, and the rules hide it whole: what is looked for is that word, so that a piece of a
secret is found too. The same session without the rules shows every one of them, so it does look everywhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from dap.client import DEADLINE_S
from e2e.cli import workspace
from e2e.dap_sessions import Patient, adapter
from e2e.servers import server_of
from pointsman_dap.handlers import HANDLERS

Json = Any

CARD = "canarycard 4111-1111"
PEM = 'canarypem "first"\ncanarypem\tsecond\n'
KEY = "sk-canarykey1a2b3c"
BADGE = "ws-canarybadge77"
MAIL = "canarymail@example.org"
SECRETS = ("canarycard", "canarypem", "canarykey", "canarybadge", "canarymail")

RULES = """\
redact: [{path: input.card}, {path: input.pem}, {path: "outputs.*.mail"}, {pattern: "sk-[a-z0-9]+"}]
"""
SETTINGS = 'redact = [{pattern = "ws-[a-z0-9]+"}]\n'

FILES = {
    "desk.pipeline.yaml": """\
pipeline: desk
language: 1
input: {type: object}
state:
  kept: {type: string, default: ""}
  all: {type: array, default: [], merge: append}
agents:
  look: {python: "desk:look"}
  draft:
    llm: {model: "scripted:replies.yaml", prompt: draft.md}
    tools: [search]
  break: {python: "desk:fail"}
tools:
  search: {python: "desk:search", risk: read_only}
policies: [care.policy.yaml]
stages:
  look:
    agent: look
    with: {given: "${{ input }}", note: "a card ${{ input.card }}, a badge ${{ input.badge }}"}
    routes:
      - {when: result.mail == input.card, to: broken}
      - {when: result.text.contains(input.key) && input.badge != "", to: keep}
      - {to: broken}
  keep: {set: {kept: "${{ outputs.look.mail }} ${{ input.pem }}", all: "${{ [input.key, outputs.look] }}"}}
  sure:
    ask: {kind: confirmation, question: "Use ${{ input.card }} and ${{ input.key }} of ${{ outputs.look.mail }}?"}
  each:
    fork:
      one: {agent: look, with: {given: "${{ input }}", note: "${{ state.kept }}"}}
      two: {set: {all: "${{ input.card }}"}}
  draft:
    agent: draft
    with: {given: "${{ input }}", mail: "${{ outputs.look.mail }}"}
  broken:
    agent: break
    with: {given: "${{ input }}", mail: "${{ outputs.look.mail }}"}
""",
    "desk.py": '''\
"""The desk's agents."""

import sys


def look(given: dict, note: str) -> dict:
    """Say all that is secret, in every way there is."""
    print(note, given["key"])
    print(given, file=sys.stderr)
    print(given["pem"])
    return {
        "mail": "canarymail@example.org",
        "text": f"{given['card']} {given['key']} {given['badge']}",
        "nested": {"deep": [{"card": given["card"]}, given["pem"]]},
        given["key"]: "under a secret name",
        "long": "x" * 250 + given["key"] + "y" * 250,
        "also long": "x" * 90 + given["card"] + given["pem"] * 9,
        "many": [given["badge"]] * 12,
    }


def search(query: str) -> list:
    """Find the secret that was asked for."""
    print("searching", query)
    return [{"title": query, "text": "canarymail@example.org"}]


def fail(given: dict, mail: str) -> None:
    """Fail with all of it in the message."""
    raise ValueError(f"{given} {mail} {given['pem']}")
''',
    "draft.md": "Write to ${{ args.mail }} of ${{ args.given.card }} with ${{ args.given.key }}\n",
    "replies.yaml": f"""\
- tool_calls: [{{name: search, args: {{query: "{KEY} {CARD}"}}}}]
- text: "Dear {MAIL}, {KEY} and {CARD}"
""",
}
POLICY = f"""\
policy: care
language: 1
version: 1
rules:
  - id: cards
    at: [agent.invoke]
    match: {{agent: draft}}
    when: args.given.card == "{CARD}"
    effect: flag
    reason: a_card
  - id: mails
    at: [output.accept]
    match: {{agent: look}}
    when: result.mail == "nobody"
    effect: deny
    reason: a_card
reasons: {{a_card: A card was given.}}
"""

EXPRESSIONS = (
    "input",
    "input.card",
    "input.pem",
    'input.card + "!"',
    "[input.card, input.pem, state.kept]",
    '{"a": {"b": input.pem}}',
    "envelope",
    "outputs",
    "outputs.look.mail",
    "args",
    "result",
    "state",
    "error",
    "${{ input.card }} and ${{ outputs.look }}",
    "input.card.matches('canary[0-9')",
    "input.card.nothing",
    ":why",
)
CONTEXTS: tuple[dict[str, str], ...] = (
    {},
    *({"context": name} for name in ("watch", "hover", "repl", "clipboard", "variables", "unheard of")),
)
LINES = [{"line": line} for line in range(1, 48)]


class Curious(Patient):
    """A client that asks everything at every stop. What is refused was answered all the same."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        super().__init__(reader, writer)
        self._answers: dict[int, Json] = {}
        self._taken = 0
        self._stops = 0
        self.heard: list[bytes] = []

    async def answer(self, seq: int) -> Json:
        """As before, without a look at everything that was ever said."""
        async with asyncio.timeout(DEADLINE_S), self._news:
            await self._news.wait_for(lambda: seq in self._take())
            return self._answers[seq]

    async def all(self, command: str, many: Iterable[Json]) -> list[Json]:
        """The bodies of the answers to many requests of a kind."""
        asked = [self.ask(command, arguments, lawful=False) for arguments in many]
        return [(await self.answer(seq)).get("body") or {} for seq in asked]

    async def one(self, command: str, arguments: Json = None) -> Json:
        """The body of an answer, empty if it was a refusal."""
        return (await self.all(command, [arguments]))[0]

    async def look_around(self) -> None:
        """Every thread, its stack, its scopes to the bottom, and every expression, at each stop in another context."""
        here = self.events("stopped")[-1]["threadId"]
        threads = [{"threadId": one["id"]} for one in (await self.one("threads"))["threads"]]
        await self.all("exceptionInfo", threads)
        for stack in await self.all("stackTrace", threads):
            frames = [{"frameId": one["id"]} for one in stack["stackFrames"][:1]]
            for found in await self.all("scopes", frames):
                await self.unfold(one["variablesReference"] for one in found["scopes"])
        frame = (await self.one("stackTrace", {"threadId": here}))["stackFrames"][0]["id"]
        self._stops += 1
        context = CONTEXTS[self._stops % len(CONTEXTS)]
        found = await self.all("evaluate", [{"expression": text, "frameId": frame, **context} for text in EXPRESSIONS])
        await self.unfold(one.get("variablesReference", 0) for one in found)
        await self.one("source", {"sourceReference": 1})
        await self.one("loadedSources")
        await self.one("pointsman/session")
        self.heard.append(self.raw)
        self.raw = b""

    async def edit(self) -> None:
        """Put secrets where there were none; once as it may not be."""
        frame = (await self.one("stackTrace", {"threadId": 1}))["stackFrames"][0]["id"]
        scopes = (await self.one("scopes", {"frameId": frame}))["scopes"]
        state = next(one["variablesReference"] for one in scopes if one["name"] == "State")
        kept = {"variablesReference": state, "name": "kept"}
        assert "value" in await self.one("setVariable", {**kept, "value": KEY})
        expression = {"expression": "state.kept", "frameId": frame}
        for value, answer in ((f"{KEY} {CARD} {BADGE}", "value"), (f'["{KEY}", "{CARD}"]', "error")):
            assert answer in await self.one("setExpression", {**expression, "value": value})

    async def unfold(self, references: Iterable[int]) -> None:
        """Everything that lies in some things."""
        waiting = [reference for reference in references if reference]
        while waiting:
            found = await self.all("variables", [{"variablesReference": one} for one in waiting])
            children = [child for one in found for child in one.get("variables", ())]
            waiting = [child["variablesReference"] for child in children if child["variablesReference"]]

    def _take(self) -> dict[int, Json]:
        for _, one in self.said[self._taken :]:
            if one["type"] == "response":
                self._answers[one["request_seq"]] = one
        self._taken = len(self.said)
        return self._answers

    async def go(self, command: str) -> bool:
        """Move; whether the run has stopped again."""
        await self.one(command, {"threadId": self.events("stopped")[-1]["threadId"]})
        return await self.until("stopped", "terminated") == "stopped"


async def whole_session(root: Path) -> bytes:
    """Run it step by step, back and on, to its failure; open it again afterwards; all that was said to the client."""
    async with adapter(root, Curious, judged=False) as client:
        await client.one("initialize", {"adapterID": "pointsman", "supportsVariableType": True})
        given = {"card": CARD, "pem": PEM, "key": KEY, "badge": BADGE}
        answers = {"sure": {"approved": True}}
        launch = client.ask(
            "launch", {"program": "desk.pipeline.yaml", "input": given, "answers": answers, "stopOnEntry": True}
        )
        await client.until("initialized")
        source = {"path": str(root / "desk.pipeline.yaml")}
        logged = [{**one, "logMessage": "{input} {outputs} {state} {args} {result} {error}"} for one in LINES]
        conditional = [{**one, "condition": "input.card.nothing == input.pem"} for one in LINES]
        await client.one("setBreakpoints", {"source": source, "breakpoints": logged + conditional})
        await client.one("breakpointLocations", {"source": source, "line": 1, "endLine": 50})
        names = [{"name": "agent:*", "condition": "false"}, {"name": KEY}, {"name": "tool:*", "hitCondition": "99"}]
        await client.one("setFunctionBreakpoints", {"breakpoints": names[:1] + names[2:]})
        faults = [{"filterId": name, "condition": "input.card != ''"} for name in ("agent_error", "interrupt")]
        await client.one("setExceptionBreakpoints", {"filters": ["policy_denied"], "filterOptions": faults})
        await client.one("configurationDone")
        await client.answer(launch)
        assert await client.until("stopped", "terminated") == "stopped"
        await client.look_around()
        await client.edit()
        for command in ("stepIn", "next", "stepIn", "stepOut", "stepBack", "reverseContinue", "continue", "pause"):
            if command == "pause":
                await client.one(command, {"threadId": 1})
            else:
                assert await client.go(command)
        stops = 0
        while await client.go("stepIn"):
            stops += 1
            await client.look_around()
        assert stops > 15
        assert client.events("exited") == [{"exitCode": 1}]
        await client.one("cancel", {"requestId": 1})
        await client.one("terminate")
        await client.one("disconnect")
        asked = commands(client)
    async with adapter(root, Curious, judged=False) as later:
        await later.one("initialize", {"adapterID": "pointsman"})
        attach = later.ask("attach", {"run": "latest:failed"})
        await later.until("initialized")
        await later.one("configurationDone")
        await later.answer(attach)
        assert await later.until("stopped", "terminated") == "stopped"
        await later.look_around()
        while await later.go("stepBack") and later.events("stopped")[-1]["reason"] != "entry":
            await later.look_around()
        await later.one("disconnect")
        missing = set(HANDLERS) - asked - commands(later)
        assert not missing, f"ask these too: {missing}"
        return b"".join([*client.heard, client.raw, *later.heard, later.raw])


def commands(client: Patient) -> set[str]:
    """What a client has asked."""
    return {one["command"] for way, one in client.said if way == "->"}


@pytest.mark.parametrize("hidden", [True, False])
async def test_no_secret_is_on_the_wire(tmp_path: Path, hidden: bool) -> None:
    root = workspace(tmp_path / "w", FILES | {"care.policy.yaml": POLICY + (RULES if hidden else "")})
    with (root / "pointsman.toml").open("a") as settings:
        settings.write(SETTINGS if hidden else "")
    with server_of(root):
        said = (await whole_session(root)).decode()
    if hidden:
        assert [said[max(0, at - 300) : at + 80] for at in _places(said, "canary")[:3]] == []
        assert said.count("•••") > 1000
    else:
        assert [secret for secret in SECRETS if secret not in said] == []


def _places(text: str, word: str) -> list[int]:
    return [at for at in range(len(text)) if text.startswith(word, at)]
