"""Scripts: the same again for the same question, whoever asks and how often."""

from functools import partial
from typing import Any

import pytest

from engine.executors.ports import Recorder, spec
from pointsman.executors import LlmAgent, Outcome, ScriptedAgent, complete
from pointsman.kernel.events import ErrorInfo, Usage


async def test_results_by_number() -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    entries: list[Any] = [
        {"intent": "refund"},
        {"error": {"class": "transient", "code": "busy", "message": "later"}},
        {"delay": 0.5, "value": 7},
        {"delay": 9},
        {"error": "a result like any other"},
        None,
    ]
    agent = ScriptedAgent(entries, sleep)

    async def call(index: int) -> Outcome:
        return await agent.run(spec(timeout_s=5.0), Recorder(), index)

    assert await call(0) == await call(0) == Outcome({"intent": "refund"})
    assert (await call(1)).error == ErrorInfo("transient", "busy", "later", "stage", 1)
    assert (await call(2)).value == 7
    late = (await call(3)).error
    assert late is not None
    assert late.klass == "timeout"
    assert waited == [0.5, 5.0]
    assert (await call(4)).value == {"error": "a result like any other"}
    assert await call(5) == Outcome(None)
    error = (await call(6)).error
    assert error is not None
    assert (error.klass, error.code) == ("agent", "script_exhausted")
    assert agent.run_now(spec(), Recorder(), 0) == Outcome({"intent": "refund"})


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


ASSISTANT = {"role": "assistant", "content": "whatever it said"}

REPLIES: list[dict[str, Any]] = [
    {"match": {"contains": "refund"}, "text": "first refund"},
    {"match": {"contains": "refund"}, "text": "every refund", "repeat": True},
    {"tool_calls": [{"name": "search", "args": {"q": "x"}}, {"name": "now"}], "usage": {"tokens_in": 3, "cost": 0.5}},
    {"json": {"a": 1}},
    {"match": {"contains": "broken"}, "error": {"class": "transient", "code": "rate_limited", "message": "slow down"}},
]


@pytest.mark.parametrize(
    ("messages", "text"),
    [
        ([user("a refund")], "first refund"),
        ([user("a refund"), ASSISTANT, user("a refund")], "every refund"),
        ([user("a refund"), ASSISTANT, user("a refund"), ASSISTANT, user("refund")], "every refund"),
        ([user("hello"), ASSISTANT, {"role": "tool", "content": "refund"}], '{"a": 1}'),
        ([user("hello"), ASSISTANT, user([{"type": "text", "text": "my refund"}])], "first refund"),
    ],
)
def test_replies_follow_from_the_messages(messages: list[dict[str, Any]], text: str) -> None:
    model = partial(complete, REPLIES)
    for _ in range(2):  # nothing is remembered between two questions
        assert model(messages).value["text"] == text


def test_tool_calls_usage_errors_and_the_end() -> None:
    outcome = complete(REPLIES, [user("hello")])
    assert outcome.value["tool_calls"] == [
        {"id": "call_1_1", "name": "search", "args": {"q": "x"}},
        {"id": "call_1_2", "name": "now", "args": {}},
    ]
    assert outcome.usage == Usage(3, 0, 0.5)
    broken = [user("hello"), ASSISTANT, user("hi"), ASSISTANT, user("broken")]
    assert complete(REPLIES, broken).error == ErrorInfo("transient", "rate_limited", "slow down")
    assert complete(REPLIES, broken) == complete(REPLIES, broken)
    error = complete(REPLIES, [*broken[:4], user("something else")]).error
    assert error is not None
    assert error.code == "script_exhausted"
    assert error.message == "none of the 5 scripted replies is left for turn 3, 'something else'"


def talking(replies: list[dict[str, Any]]) -> Recorder:
    async def answer(what: str, name: str, args: Any) -> Outcome:
        if what == "llm":
            return complete(replies, args["messages"], args["tools"])
        if name == "fails":
            return Outcome(error=ErrorInfo("policy", "denied", "not allowed"))
        return Outcome({"found": args})

    return Recorder(answer)


TOOLS = [{"name": "search"}, {"name": "fails"}]


async def test_a_prompt_with_tools() -> None:
    calls = [{"name": "search", "args": {"q": 1}}, {"name": "fails"}, {"name": "rm", "args": {}}]
    port = talking([{"tool_calls": calls}, {"text": "done"}])
    outcome = await LlmAgent("m", "find it", system="be brief", tools=TOOLS).run(spec(), port)
    assert outcome == Outcome({"text": "done"})
    assert [(what, name) for what, name, _ in port.log] == [
        ("llm", "m"),
        ("tool", "search"),
        ("tool", "fails"),
        ("llm", "m"),
    ]
    messages = port.log[-1][2]["messages"]
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "tool", "tool", "tool"]
    assert [message["content"] for message in messages[3:]] == [
        '{"found": {"q": 1}}',
        "denied: not allowed",
        "there is no tool rm; tools: fails, search",
    ]
    assert len(port.log[0][2]["messages"]) == 2  # what was asked is not changed afterwards


@pytest.mark.parametrize(
    ("reply", "value"),
    [({"json": {"a": 1}}, {"a": 1}), ({"text": '```json\n{"a": 1}\n```'}, {"a": 1}), ({"text": " [1] "}, [1])],
)
async def test_structured_answers(reply: dict[str, Any], value: Any) -> None:
    port = talking([reply])
    outcome = await LlmAgent("m", "p", result={"type": "object"}).run(spec(), port)
    assert outcome == Outcome(value)
    assert port.log[0][2]["result"] == {"type": "object"}


@pytest.mark.parametrize("text", ["no JSON", "", "[NaN]", "[" * 100_000, "[" * 300 + "]" * 300])
async def test_structured_answers_that_are_none(text: str) -> None:
    outcome = await LlmAgent("m", "p", result={}).run(spec(), talking([{"text": text}]))
    assert outcome.error is not None
    assert (outcome.error.klass, outcome.error.code) == ("contract", "result_not_json")


async def test_prompts_that_fail() -> None:
    endless = [{"tool_calls": [{"name": "search"}], "repeat": True}]
    outcome = await LlmAgent("m", "p", tools=TOOLS, max_rounds=3).run(spec(), talking(endless))
    assert outcome.error is not None
    assert outcome.error.code == "llm_rounds_exhausted"
    broken = [{"error": {"class": "transient", "code": "rate_limited", "message": "slow down"}}]
    outcome = await LlmAgent("m", "p").run(spec(), talking(broken))
    assert outcome.error == ErrorInfo("transient", "rate_limited", "slow down", "stage", 1)
