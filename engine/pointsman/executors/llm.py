"""An agent that is a prompt: it talks with a model and runs the tools the model asks for, until there is an answer.

Laws:
- It runs in the host and only ever asks its run: each model call and each tool call is a request of the attempt,
  journaled, checked by policies, replayed for nothing.
- Tool calls go out one after the other, in the model's order, so a replay meets the same requests.
- A tool that fails or is refused is an answer to the model, which may go on; a model that fails fails the attempt.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from pointsman.executors.call import CallSpec, Outcome, Port, failed, timed_out, within
from pointsman.executors.calling import NotJson, plain
from pointsman.kernel.events import Json

MAX_ROUNDS = 20
"""Model calls of one attempt; a conversation that needs more is going in circles."""


class LlmAgent:
    """`model` is a name the run knows. `tools` are `{name, description, parameters}`; no other one is called.

    With a `result` schema the answer is the JSON value in the model's text, otherwise `{text}`. The kernel checks it.
    """

    def __init__(
        self,
        model: str,
        prompt: str,
        *,
        system: str = "",
        tools: Sequence[Mapping[str, Json]] = (),
        result: Json = None,
        max_rounds: int = MAX_ROUNDS,
    ) -> None:
        self._model = model
        self._messages = [{"role": "system", "content": system}] if system else []
        self._messages.append({"role": "user", "content": prompt})
        self._tools = [dict(tool) for tool in tools]
        self._allowed = frozenset(str(tool["name"]) for tool in tools)
        self._result = result
        self._max_rounds = max_rounds

    async def run(self, spec: CallSpec, port: Port) -> Outcome:
        """Talk until there is an answer."""
        await port.started("host")
        scope = None
        try:
            async with within(spec) as scope:
                return await self._talk(spec, port)
        except TimeoutError:
            if scope is None or not scope.expired():
                raise
            return timed_out(spec)

    async def close(self) -> None:
        """It holds nothing."""

    async def _talk(self, spec: CallSpec, port: Port) -> Outcome:
        messages: list[dict[str, Any]] = list(self._messages)
        asked = {"tools": self._tools} if self._result is None else {"tools": self._tools, "result": self._result}
        for _ in range(self._max_rounds):
            outcome = await port.request("llm", self._model, {"messages": list(messages), **asked})
            if outcome.error is not None:
                error = outcome.error
                return failed(spec, error.klass, error.code, error.message)
            reply: dict[str, Any] = outcome.value if isinstance(outcome.value, dict) else {"text": str(outcome.value)}
            calls = reply.get("tool_calls") or []
            if not calls:
                return self._answer(spec, reply)
            messages.append({"role": "assistant", "content": reply.get("text", ""), "tool_calls": calls})
            for call in calls:
                said = await self._call(port, call)
                messages.append({"role": "tool", "tool_call_id": call.get("id", ""), "name": call["name"], **said})
        message = f"{spec.agent} has no answer after {self._max_rounds} model calls"
        return failed(spec, "agent", "llm_rounds_exhausted", message)

    async def _call(self, port: Port, call: Mapping[str, Json]) -> dict[str, Json]:
        name = str(call["name"])
        if name not in self._allowed:
            known = ", ".join(sorted(self._allowed)) or "none"
            return {"content": f"there is no tool {name}; tools: {known}", "is_error": True}
        outcome = await port.request("tool", name, call.get("args") or {})
        if outcome.error is not None:
            return {"content": f"{outcome.error.code}: {outcome.error.message}", "is_error": True}
        value = outcome.value
        return {"content": value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}

    def _answer(self, spec: CallSpec, reply: Mapping[str, Json]) -> Outcome:
        text = str(reply.get("text", ""))
        if self._result is None:
            return Outcome({"text": text})
        if "json" in reply:
            return Outcome(reply["json"])
        try:
            return Outcome(plain(json.loads(_unfenced(text), parse_constant=_refuse)))
        except (NotJson, ValueError, RecursionError) as error:
            start = text if len(text) <= 200 else text[:200] + "..."
            message = f"{spec.agent} was asked for JSON and said {start!r}: {error}"
            return failed(spec, "contract", "result_not_json", message)


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")


def _unfenced(text: str) -> str:
    """The inside of a Markdown code fence, when that is all there is: models like to add one."""
    stripped = text.strip()
    if stripped.startswith("```") and stripped.endswith("```") and "\n" in stripped:
        return stripped.partition("\n")[2].rpartition("```")[0]
    return stripped
