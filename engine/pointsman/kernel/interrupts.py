"""Questions to a person: what is asked, what answer fits, and what to do when nobody knows if something happened."""

from __future__ import annotations

from typing import Any

from pointsman.kernel.contracts import contract
from pointsman.kernel.effects import Ask
from pointsman.kernel.events import Asked
from pointsman.kernel.instructions import Instruction
from pointsman.kernel.state import Branch, State, replace

Json = Any

ANSWERS: dict[str, Json] = {
    "confirmation": {
        "type": "object",
        "required": ["approved"],
        "properties": {"approved": {"type": "boolean"}, "comment": {"type": "string"}},
        "additionalProperties": False,
    },
    "clarification": {
        "type": "object",
        "required": ["text"],
        "properties": {"text": {"type": "string"}},
        "additionalProperties": False,
    },
    "in_doubt": {
        "type": "object",
        "required": ["happened"],
        "properties": {"happened": {"type": "boolean"}, "result": True},
        "additionalProperties": False,
    },
}
"""What a person answers, by kind; `by` and `at` are added by who takes the answer. A review brings its own schema."""


def complaint(ask: Ask, value: Json) -> str | None:
    """Why an answer does not fit its question, or None."""
    in_doubt = ask.about == "in_doubt"
    checker = contract(ANSWERS["in_doubt"] if in_doubt else ANSWERS.get(ask.what, ask.answer))
    problem = checker.complaint(value) if checker else None
    if problem is None and in_doubt and value["happened"] and (result := contract(ask.answer)):
        problem = result.complaint(value.get("result"))
        return problem and f"it needs the `result` it had: {problem}"
    return problem


def is_expired(ask: Ask, now_ns: int) -> bool:
    """Whether it is too late to answer, at Unix time `now_ns`."""
    return bool(ask.expires_at_ns) and ask.expires_at_ns <= now_ns


def question(at: Branch, code: Instruction) -> Asked:
    """The question of an ask stage."""
    assert code.stage.ask is not None
    ask, request = code.stage.ask, at.request or {}
    return Asked(
        at.effect,
        code.name,
        ask.what,
        str(request.get("question", "")),
        str(request.get("assignee", "")),
        ask.expires_ns,
        ask.answer,
    )


def doubts(state: State, at: Branch) -> tuple[str, ...]:
    """The destructive effects of this branch that may or may not have happened: call ids, or the agent's own effect."""
    code = state.program.at(at.block, at.stage)
    if at.started and code.agent and code.agent.risk == "destructive":
        return (at.effect,)
    tools = state.program.tools
    return tuple(
        call.id
        for call in at.calls.values()
        if call.status == "started" and call.what == "tool" and tools[call.name].risk == "destructive"
    )


def doubt(state: State, at: Branch) -> Asked:
    """The question about the first of them."""
    effect = doubts(state, at)[0]
    code = state.program.at(at.block, at.stage)
    what = f"agent {_agent(state, at)}" if effect == at.effect else f"tool {at.calls[effect].name}"
    return Asked(
        f"{effect}/doubt",
        at.stage,
        "confirmation",
        f"In doubt: {what} ({effect}) was running when its process died. Did it happen?",
        answer=code.stage.result if effect == at.effect else None,
        about="in_doubt",
    )


def answered_doubt(at: Branch, ask: Ask, value: Json) -> Branch:
    """The branch once a person has said what happened."""
    effect = ask.id.removesuffix("/doubt")
    if effect == at.effect:
        if value["happened"]:
            return replace(at, part="settle", result=value.get("result"), error=None)
        return replace(at, started=False)
    call = at.calls[effect]
    calls = {name: other for name, other in at.calls.items() if name != effect}
    if value["happened"]:
        calls[effect] = replace(call, status="done", value=value.get("result"))
    return replace(at, calls=calls)


def _agent(state: State, at: Branch) -> str:
    agent = state.program.at(at.block, at.stage).agent
    return agent.name if agent else at.stage
