"""The decided semantics of pipelines (LANGUAGE section 2), each as a pipeline that is played."""

import asyncio
from typing import Any

import pytest

from pointsman.kernel import events as ev
from pointsman.testing import Played, play

HEAD = """
pipeline: p
language: 1
agents: {a: {python: "m:a"}, b: {python: "m:b"}, c: {python: "m:c"}}
"""


def run(body: str, value: Any = None, **given: Any) -> Played:
    """Play a pipeline whose agents a, b, c return their own name unless given."""
    agents = {"a": lambda **args: "a", "b": lambda **args: "b", "c": lambda **args: "c"} | given.pop("agents", {})
    return play(HEAD + body, value, agents=agents, **given)


def test_without_routes_a_stage_goes_on_to_the_one_below() -> None:
    played = run("stages: {one: {agent: a}, two: {agent: b}}")
    assert played.route() == ["one", "two"]
    assert (played.outcome, played.output) == ("completed", {"one": "a", "two": "b"})


def test_the_first_route_that_matches_is_taken_and_all_are_explained() -> None:
    played = run("""
stages:
  one:
    agent: a
    routes:
      - {when: result == "x", to: two}
      - {when: size(result) > 0, to: three, label: something}
      - {to: two}
  two: {agent: b}
  three: {agent: c}
""")
    assert played.route() == ["one", "three"]
    routed = played.of(ev.StageRouted)[0]
    assert (routed.to, routed.why, routed.route, routed.label) == ("three", "route", 1, "something")
    assert [(each.to, each.value) for each in routed.candidates] == [("two", False), ("three", True), ("two", None)]
    assert routed.candidates[0].operands[0] == ev.Operand("result", "a")


def test_no_route_and_no_next_fails() -> None:
    played = run("stages: {one: {agent: a, routes: [{when: result == 'x', to: end}]}}")
    assert (played.outcome, played.code) == ("failed", "no_route")


def test_no_route_goes_to_next_when_it_is_written() -> None:
    played = run("""
stages:
  one: {agent: a, routes: [{when: result == 'x', to: end}], next: three}
  two: {agent: b}
  three: {agent: c}
""")
    assert played.route() == ["one", "three"]


def test_an_error_in_a_route_fails_the_stage_with_its_place_and_is_never_false() -> None:
    played = run("stages: {one: {agent: a, routes: [{when: result.missing == 1, to: end}, {to: end}]}}")
    assert played.outcome == "failed"
    assert played.state.error
    assert played.state.error.klass == "expression"
    assert "test.pipeline.yaml:5:" in played.state.error.message


def test_when_false_skips_the_stage_which_then_has_no_output() -> None:
    played = run("stages: {one: {agent: a, when: input.go}, two: {agent: b}}", {"go": False})
    assert (played.route(), played.output) == (["two"], {"two": "b"})
    skipped = played.of(ev.StageSkipped)[0]
    assert skipped.operands == (ev.Operand("input.go", False),)


def failing(**args: Any) -> None:
    raise ValueError("broken")


def test_a_failed_stage_takes_on_error_never_its_routes() -> None:
    body = """
stages:
  one: {agent: a, routes: [{to: two}], on_error: [{when: error.code == "nothing", to: two}, {to: three}]}
  two: {agent: b}
  three: {agent: c}
"""
    played = run(body, agents={"a": failing})
    assert played.route() == ["one", "three"]
    assert "one" not in played.output


def test_a_failed_stage_without_on_error_fails_the_run() -> None:
    played = run("stages: {one: {agent: a}, two: {agent: b}}", agents={"a": failing})
    assert (played.outcome, played.code, played.route()) == ("failed", "agent_raised", ["one"])
    assert played.state.error
    assert "ValueError: broken" in played.state.error.message


def test_only_retryable_classes_are_tried_again_before_on_error() -> None:
    tried = []

    def flaky(**args: Any) -> str:
        tried.append(1)
        if len(tried) < 3:
            raise ConnectionError("gone")
        return "ok"

    body = "stages: {one: {agent: a, retry: {attempts: 3, backoff: 1s}}}"
    played = run(body, agents={"a": flaky})
    assert (played.outcome, len(tried)) == ("completed", 3)
    assert [(each.attempt, each.delay_ns) for each in played.of(ev.AttemptRetried)] == [
        (2, 1_000_000_000),
        (3, 2_000_000_000),
    ]
    assert run(body, agents={"a": failing}).of(ev.AttemptRetried) == []


def test_a_result_that_breaks_its_contract_fails_the_stage() -> None:
    played = run("stages: {one: {agent: a, result: {type: object, required: [x]}}}")
    assert (played.outcome, played.code) == ("failed", "result_contract")


def test_set_writes_the_state_by_each_keys_merge() -> None:
    played = run("""
state:
  last: {type: string, default: ""}
  all: {type: array, default: [], merge: append}
  both: {type: object, default: {}, merge: merge}
  most: {type: integer, default: 0, merge: "old > new ? old : new"}
output: ${{ state }}
stages:
  one: {set: {last: x, all: 1, both: {a: 1}, most: 5}}
  two: {set: {last: "${{ state.last }}y", all: 2, both: {b: 2}, most: 3}}
""")
    assert played.output == {"last": "xy", "all": [1, 2], "both": {"a": 1, "b": 2}, "most": 5}


def test_a_gate_only_routes() -> None:
    body = "stages: {g: {routes: [{when: input == 1, to: two}, {to: end}]}, two: {agent: b}}"
    assert run(body, 1).route() == ["g", "two"]
    assert run(body, 2).route() == ["g"]


LOOP = """
limits: {iterations: %d}
stages:
  one:
    agent: a
    routes: [{when: visits.one < 4, to: one}, {to: end}]
"""


def test_a_limit_allows_exactly_n() -> None:
    assert run(LOOP % 3).outcome == "completed"
    played = run(LOOP % 2)
    assert (played.outcome, played.code, len(played.route())) == ("limit", "iterations", 3)


def test_an_edge_with_its_own_max_is_no_iteration_and_goes_to_on_max() -> None:
    played = run("""
limits: {iterations: 1}
stages:
  one: {agent: a, routes: [{to: one, max: 4, on_max: two}]}
  two: {agent: b}
""")
    assert (played.outcome, played.route()) == ("completed", ["one"] * 5 + ["two"])


def test_max_visits_and_hops_end_the_run_with_their_name() -> None:
    loop = "stages: {one: {agent: a, next: one, max_visits: 2}}"
    assert run(loop).code == "max_visits"
    played = run("limits: {hops: 1}\nstages: {one: {agent: a}, two: {agent: b}, three: {agent: c}}")
    assert (played.outcome, played.code, played.route()) == ("limit", "hops", ["one", "two"])


FORK = """
state: {seen: {type: array, default: [], merge: append}}
output: {fork: "${{ outputs.f }}", seen: "${{ state.seen }}"}
stages:
  f:
    fork:
      left: {stages: {s: {agent: a, with: {n: 1}}, w: {set: {seen: left}}}, output: "${{ outputs.s }}"}
      right: {stages: {s: {agent: b}, w: {set: {seen: right}}}, output: "${{ outputs.s }}"}
      none: {agent: c, when: false}
    %s
"""


def test_a_fork_runs_branches_and_merges_them_in_declared_order() -> None:
    played = run(FORK % "")
    assert played.output == {"fork": {"left": "a", "right": "b"}, "seen": ["left", "right"]}


def test_a_failed_branch_settles_the_join_and_is_named() -> None:
    played = run(FORK % "", agents={"b": failing})
    assert played.outcome == "failed"
    assert played.state.error
    assert played.state.error.message.startswith("branch right: ValueError")


def test_an_optional_branch_may_fail() -> None:
    played = run(FORK % "join: {wait: all, optional: [right]}", agents={"b": failing})
    assert played.output == {"fork": {"left": "a"}, "seen": ["left"]}


def test_fail_fast_cancels_the_others() -> None:
    ended = []

    async def slow(**args: Any) -> str:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")
        return "never"

    async def fails(**args: Any) -> None:
        await asyncio.sleep(0)
        raise ValueError("broken")

    played = run(FORK % "join: {fail_fast: true}", agents={"a": slow, "b": fails})
    assert (played.outcome, ended) == ("failed", ["cancelled"])


def test_asks_park_the_run_until_answered() -> None:
    body = """
stages:
  q: {ask: {kind: confirmation, question: "Go, ${{ input }}?"}, routes: [{when: result.approved, to: yes_}, {to: end}]}
  yes_: {agent: a}
"""
    parked = run(body, "you")
    assert parked.outcome == ""
    assert parked.of(ev.Asked)[0].question == "Go, you?"
    assert run(body, "you", answers={"q": {"approved": True}}).route() == ["q", "yes_"]
    assert run(body, "you", answers={"q": {"approved": False}}).route() == ["q"]


def test_a_question_expires_into_on_error() -> None:
    body = """
stages:
  q:
    ask: {kind: confirmation, question: Go?, expires: 1h}
    next: end
    on_error: [{when: error.code == "expired", to: late}, {to: fail}]
  late: {agent: a}
"""
    played = run(body, park=False)
    assert (played.outcome, played.route()) == ("completed", ["q", "late"])
    asked, fired = (record for record in played.records if isinstance(record.event, ev.Asked | ev.TimerFired))
    assert fired.at_ns - asked.at_ns >= 3600 * 10**9


@pytest.mark.parametrize(
    ("point", "verdict", "outcome"),
    [
        ("agent.invoke", "deny", "denied"),
        ("output.accept", "deny", "denied"),
        ("agent.invoke", "flag", "completed"),
        ("output.accept", "allow", "completed"),
    ],
)
def test_policies_are_asked_before_and_after_an_agent(point: str, verdict: str, outcome: str) -> None:
    played = run(
        "stages: {one: {agent: a}}",
        judge=lambda ask: (verdict, "because") if ask.point == point else "allow",
    )
    assert played.outcome == outcome
    assert [each.verdict for each in played.of(ev.Decided)].count(verdict) >= 1
    if outcome == "denied":
        assert played.code == "because"


def test_tools_are_allowed_counted_and_answered() -> None:
    text = """
pipeline: p
language: 1
limits: {tool_calls: %d}
agents: {a: {python: "m:a", tools: [t]}}
tools: {t: {python: "m:t", risk: read_only}, other: {python: "m:o"}}
stages: {one: {agent: a}}
"""

    async def agent(ctx: Any) -> list[Any]:
        return [await ctx.tool("t", n=1), await ctx.tool("t", n=2)]

    def tool(n: int) -> int:
        return n * 10

    given: dict[str, Any] = {"agents": {"a": agent}, "tools": {"t": tool, "other": tool}}
    played = play(text % 2, **given)
    assert played.output == {"one": [10, 20]}
    assert played.state.used.tool_calls == 2
    assert play(text % 1, **given).code == "tool_calls"

    async def greedy(ctx: Any) -> str:
        try:
            await ctx.tool("other", n=1)
        except Exception as error:
            return str(error)
        return "allowed"

    refused = play(text % 2, agents={"a": greedy}, tools=given["tools"])
    assert "may not call other" in refused.output["one"]


def test_the_idempotency_key_is_the_same_for_every_attempt_and_the_visits_differ() -> None:
    keys: list[str] = []

    def keyed(ctx: Any) -> str:
        keys.append(ctx.key)
        if len(keys) == 1:
            raise ConnectionError("once")
        return "ok"

    body = "stages: {one: {agent: a, retry: {attempts: 2}, routes: [{when: visits.one < 2, to: one}, {to: end}]}}"
    run(body, agents={"a": keyed})
    assert len(keys) == 3
    assert keys[0] == keys[1] != keys[2]


def test_a_spent_wall_budget_ends_the_run_and_stops_its_agents() -> None:
    ended = []

    async def slow(**args: Any) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("stopped")

    played = run("budget: {wall: 20ms}\nstages: {one: {agent: a}}", agents={"a": slow})
    assert (played.outcome, played.code, ended) == ("limit", "wall", ["stopped"])


def test_tokens_and_cost_end_the_run_once_they_are_overdrawn() -> None:
    text = """
pipeline: p
language: 1
budget: {tokens: %d, cost: 1.00 usd}
agents: {a: {python: "m:a", tools: [t]}}
tools: {t: {python: "m:t"}}
stages: {one: {agent: a, with: {left: "${{ budget.tokens.left }}"}}}
"""
    played = play(text % 10, agents={"a": lambda left: left})
    assert played.output == {"one": 10}
