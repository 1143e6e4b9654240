"""The real `pointsman dap` in tests: a process with a client at its stdin and stdout, and a workspace to debug."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from dap.client import DEADLINE_S, Client, check
from e2e.cli import environment

ADAPTER = [sys.executable, "-m", "pointsman_server", "dap"]
Json = Any
C = TypeVar("C", bound=Client)

FILES = {
    "desk.pipeline.yaml": """\
pipeline: desk
language: 1
input: {type: object, required: [ticket], properties: {ticket: {type: string}}}
output: {answer: "${{ outputs.reply.text }}"}
state:
  notes: {type: array, default: [], merge: append}
agents:
  classify: {python: "desk:classify"}
  draft:
    llm: {model: "scripted:replies.yaml", prompt: draft.md}
    tools: [search]
tools:
  search: {python: "desk:search", risk: read_only}
policies: [care.policy.yaml]
stages:
  triage:
    agent: classify
    with: {text: "${{ input.ticket }}"}
    result: {type: object, required: [intent]}
    routes:
      - {when: result.intent == "refund", to: checks, label: refund}
      - {to: reply}
  checks:
    fork:
      fraud: {set: {notes: "no fraud"}}
      budget: {set: {notes: "within the budget"}}
  reply:
    agent: draft
    with: {ticket: "${{ input.ticket }}"}
    next: end
""",
    "care.policy.yaml": """\
policy: care
language: 1
version: 3
rules:
  - id: refunds
    at: [agent.invoke]
    match: {agent: draft}
    when: args.ticket.contains("money")
    effect: flag
    reason: refund_reply
  - id: promises
    at: [output.accept]
    match: {agent: draft}
    when: result.text.contains("promise")
    effect: deny
    reason: promise
reasons:
  refund_reply: A reply about money.
  promise: A reply may not promise anything.
""",
    "desk.py": '''\
"""The desk's agents."""

import sys


def classify(text: str) -> dict:
    """What the customer wants."""
    if not text:
        raise ValueError("an empty ticket")
    print("sorting", text)
    print("sorted", file=sys.stderr)
    return {"intent": "refund" if "money" in text else "other", "words": text.split()}


def search(query: str) -> list:
    """An article."""
    return [{"title": query, "text": "Three to five days."}]
''',
    "draft.md": "Answer the ticket: ${{ args.ticket }}\n",
    "replies.yaml": """\
- match: {contains: money}
  tool_calls: [{name: search, args: {query: refunds}}]
- match: {contains: promise}
  text: We promise.
- text: It takes five days.
""",
}
"""A desk: two Python functions, a scripted model with a tool, a fork, a policy that flags and denies."""


def line_of(text: str) -> int:
    """The line of the desk's pipeline, from 1, that this is the whole of but for blanks around."""
    return 1 + [line.strip() for line in FILES["desk.pipeline.yaml"].splitlines()].index(text)


class Patient(Client):
    """Waits for whichever of some events comes next."""

    _heard = 0

    async def until(self, *names: str) -> str:
        """Wait for an event that has not been waited for yet, of any of these names; which it was."""
        async with self._news:
            try:
                async with asyncio.timeout(DEADLINE_S):
                    await self._news.wait_for(lambda: self._coming(names) is not None)
            except TimeoutError:
                raise AssertionError(f"none of {names} has come; the last were {self.said[-6:]}") from None
            self._heard = (self._coming(names) or 0) + 1
            return str(self.said[self._heard - 1][1]["event"])

    def _coming(self, names: tuple[str, ...]) -> int | None:
        found = (index for index in range(self._heard, len(self.said)) if self.said[index][1].get("event") in names)
        return next(found, None)


@asynccontextmanager
async def adapter(root: Path, kind: type[C], *, judged: bool = True) -> AsyncIterator[C]:
    """A client of a kind that has not said a word yet; at the end of the block the laws are checked (`judged`: a
    thousand messages take a second), and the process, whatever state it is in, is seen to end when its input does.
    """
    process = await asyncio.create_subprocess_exec(
        *ADAPTER, cwd=root, env=environment(), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    client = kind(process.stdout, process.stdin)
    client.serving = asyncio.create_task(process.wait())
    try:
        yield client
        if judged:
            check(_counted_from_1(client.said))
    finally:
        try:
            await client.vanish()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


def _counted_from_1(said: Sequence[tuple[str, Json]]) -> Sequence[tuple[str, Json]]:
    """The protocol counts from 1 and some editors do not: an answer to what may not be can not be judged as it is."""
    if all(one["seq"] for way, one in said if way == "->"):
        return said
    return [(way, one | {key: one[key] + 1 for key in _NUMBERS[way] if key in one}) for way, one in said]


_NUMBERS = {"->": ["seq"], "<-": ["request_seq"]}
