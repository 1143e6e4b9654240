"""Agents and models that say what a script says: for examples, tests, and pipelines tried without paying.

Law: neither keeps a counter. What comes next follows from what the caller says, so a resumed run gets the same again.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from pointsman.executors.call import CallSpec, Outcome, Port, failed, timed_out
from pointsman.kernel.events import ErrorInfo, Json, Usage


class ScriptedAgent:
    """An agent whose n-th call in a run gives `results[n]`; the caller counts.

    An entry is the result itself, unless it is `{error: {class, code, message}}`, which fails, or
    `{delay: seconds, value: ...}`, which takes its time; `delay` goes with `error` too.
    """

    def __init__(self, results: Sequence[Json], sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        self._results = tuple(results)
        self._sleep = sleep

    async def run(self, spec: CallSpec, port: Port, index: int = 0) -> Outcome:
        """Call number `index`, from 0."""
        await port.started("script")
        made = self.run_now(spec, port, index)
        return made if isinstance(made, Outcome) else await made

    def run_now(self, spec: CallSpec, port: Port, index: int = 0) -> Outcome | Awaitable[Outcome]:
        """The outcome at once when no delay is written. The caller has journaled the start."""
        delay, outcome = self._entry(spec, index)
        return self._later(spec, delay, outcome) if delay else outcome

    async def close(self) -> None:
        """It holds nothing."""

    async def _later(self, spec: CallSpec, delay: float, outcome: Outcome) -> Outcome:
        if spec.timeout_s is not None and delay > spec.timeout_s:
            await (spec.sleep if self._sleep is asyncio.sleep else self._sleep)(spec.timeout_s)
            return timed_out(spec)
        await self._sleep(delay)
        return outcome

    def _entry(self, spec: CallSpec, index: int) -> tuple[float, Outcome]:
        if index >= len(self._results):
            count = len(self._results)
            return 0.0, failed(
                spec,
                "agent",
                "script_exhausted",
                f"{spec.agent} has {count} scripted results, this is call {index + 1}",
            )
        entry = self._results[index]
        if not isinstance(entry, dict) or not entry or not entry.keys() <= {"error", "delay", "value"}:
            return 0.0, Outcome(entry)
        if isinstance(entry.get("error"), dict):
            return float(entry.get("delay", 0.0)), Outcome(error=_error(entry["error"], spec.stage, spec.attempt))
        if "delay" in entry and "error" not in entry:
            return float(entry["delay"]), Outcome(entry.get("value"))
        return 0.0, Outcome(entry)


def complete(
    replies: Sequence[Mapping[str, Json]], messages: Sequence[Mapping[str, Json]], tools: Sequence[Json] = ()
) -> Outcome:
    """The reply a script gives to a conversation: a pure function of the two. `tools` changes nothing.

    A reply is `{text}`, `{json}` or `{tool_calls: [{name, args}], text?}`, or `{error: {class, code, message}}`, with
    `match: {contains: "..."}`, `usage: {tokens_in, tokens_out, cost}` and `repeat: true` as options.

    Each turn takes the first reply that fits and is not used up. It fits when the last user message before that turn
    contains the text of its `match`; without `match` it always does. A reply is used up by the turn that took it,
    unless it repeats. The turns so far are the assistant messages: they are gone through again from the first, so the
    choice depends on the messages alone, not on earlier calls, other attempts, or what the assistant really said.
    An error adds no assistant message, so the same question gets the same error again.

    The value is `{text, tool_calls: [{id, name, args}]}`, and `json` when the reply was written so.
    """
    used: set[int] = set()
    user = ""
    turn = 0
    for message in messages:
        if message.get("role") == "user":
            user = _text(message.get("content"))
        elif message.get("role") == "assistant":
            taken = _choose(replies, user, used)
            turn += 1
            if taken is not None and not replies[taken].get("repeat"):
                used.add(taken)
    chosen = _choose(replies, user, used)
    if chosen is None:
        start = user if len(user) <= 60 else user[:60] + "..."
        message_text = f"none of the {len(replies)} scripted replies is left for turn {turn + 1}, {start!r}"
        return Outcome(error=ErrorInfo("agent", "script_exhausted", message_text))
    return _reply(replies[chosen], turn)


def _choose(replies: Sequence[Mapping[str, Json]], user: str, used: set[int]) -> int | None:
    for number, reply in enumerate(replies):
        wanted = (reply.get("match") or {}).get("contains", "")
        if number not in used and str(wanted) in user:
            return number
    return None


def _reply(reply: Mapping[str, Json], turn: int) -> Outcome:
    usage = reply.get("usage")
    spent = None
    if usage:
        spent = Usage(int(usage.get("tokens_in", 0)), int(usage.get("tokens_out", 0)), float(usage.get("cost", 0.0)))
    if isinstance(reply.get("error"), dict):
        return Outcome(error=_error(reply["error"], "", 0), usage=spent)
    value: dict[str, Any] = {"text": str(reply.get("text", "")), "tool_calls": []}
    if "json" in reply:
        value["json"] = reply["json"]
        value["text"] = value["text"] or json.dumps(reply["json"], ensure_ascii=False)
    for number, call in enumerate(reply.get("tool_calls") or ()):
        value["tool_calls"].append(
            {"id": f"call_{turn + 1}_{number + 1}", "name": str(call["name"]), "args": dict(call.get("args") or {})}
        )
    return Outcome(value, usage=spent)


def _error(written: Mapping[str, Json], stage: str, attempt: int) -> ErrorInfo:
    code = str(written.get("code", "scripted_error"))
    return ErrorInfo(str(written.get("class", "agent")), code, str(written.get("message", code)), stage, attempt)


def _text(content: Json) -> str:
    """The text of a message: a string, or a list of parts of which some have text."""
    if isinstance(content, list):
        return "\n".join(_text(part.get("text", "")) if isinstance(part, dict) else str(part) for part in content)
    return content if isinstance(content, str) else ""
