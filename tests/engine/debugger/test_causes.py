"""Cause pages of faults, and why a route was taken, as text for a person."""

import pytest

from engine.debugger.scenes import boom, count, flaky, recorded
from engine.debugger.test_breakpoints import FAULTY, faulty
from pointsman.debugger.causes import Cause, cause, spent_by, why
from pointsman.debugger.debugger import Debugger, Stop, Told
from pointsman.debugger.faults import FAULTS
from pointsman.security.redaction import Redactor
from pointsman.testing import Played, play

# What each fault is called, its sentence, and lines of its page.
PAGES: dict[str, tuple[str, str, list[str]]] = {
    "agent_error": (
        "agent/agent_raised",
        "ValueError: boom with x",
        ["at one (test.pipeline.yaml:12:3)", "agent boom, attempt 1 of 1", "Traceback (most recent call last):"],
    ),
    "policy_denied": ("policy/no", "denied by policy at agent.invoke: no", ["denied before the agent"]),
    "limit": (
        "limit/iterations",
        "limit iterations: 2 allowed, it came to 3",
        ["at one, visit 3 (test.pipeline.yaml:12:3)", "used 3, allowed 2", "used by:", "  one  2"],
    ),
    "timeout": ("timeout/timeout", "slow did not finish within 0.01 s and was stopped", ["agent slow, attempt 1 of 1"]),
    "contract": (
        "contract/result_contract",
        'the result breaks its contract: the value: {"n":1} is not of type "string"',
        ["the result was: {n: 1}"],
    ),
    "no_route": (
        "route/no_route",
        "no route matches, and there is no `next`",
        ["none of these matched:", "  1: → end when result.n > 1: does not match", "       result.n = 1"],
    ),
    "expression": ("expression/no_such_key", "there is no `y` (at test.pipeline.yaml:12:42)", []),
    "interrupt": ("interrupt/asked", "a person is asked at one", ["question: Really?"]),
}


def _stopped(played: Played, fault: str) -> Debugger:
    debugger = recorded(played)
    told: list[Told] = []
    debugger.listen(told.append)
    debugger.open(at_start=True)
    debugger.set_faults("me", [fault])
    debugger.go("on")
    assert debugger.stop is not None
    assert debugger.stop.fault == fault
    return debugger


def _cause(debugger: Debugger, redactor: Redactor | None = None) -> Cause:
    assert debugger.stop is not None
    return cause(debugger.stop, debugger.timeline, redactor or Redactor())


def test_every_fault_has_a_page() -> None:
    assert set(PAGES) == {fault.id for fault in FAULTS} == set(FAULTY)


@pytest.mark.parametrize("fault", PAGES)
def test_the_page_of_a_fault(fault: str) -> None:
    found = _cause(_stopped(faulty(fault), fault))
    assert (found.id, found.sentence) == PAGES[fault][:2]
    lines = found.page.splitlines()
    assert lines[0] == found.sentence
    assert [line for line in PAGES[fault][2] if line not in lines] == []


RETRIED = """
pipeline: p
language: 1
agents: {a: {python: "m:f"}, boom: {python: "m:g"}, f: {python: "m:h"}}
limits: {hops: 3}
stages:
  first: {agent: a, with: {n: 1}}
  both:
    fork:
      x: {agent: f, with: {n: 2}, retry: {attempts: 2, backoff: 2s, on: [agent, transient, timeout]}}
      y: {stages: {l: {agent: a, with: {n: 3}}, m: {agent: a, with: {n: 4}}}}
    on_error: [{when: error.code == "x", to: fail}, {when: 'error.message.contains("yet")', to: last, label: late}]
  last: {agent: a, with: {n: 5}, next: first}
"""


def test_earlier_attempts_and_the_way_on_are_told() -> None:
    debugger = _stopped(play(RETRIED, agents={"a": count, "boom": boom, "f": flaky()}), "agent_error")
    page = _cause(debugger).page.splitlines()
    assert "agent f, attempt 2 of 2" in page
    assert [line for line in page if line.startswith("attempt 1 failed with")] == [
        "attempt 1 failed with transient/agent_raised: TimeoutError: not yet; again after 2 s"
    ]
    debugger.go("on")
    assert debugger.stop is not None
    assert debugger.stop.moment.branch == "main"  # the failure of the branch is now the fork's
    assert why(debugger.stop, "main").splitlines() == [
        "both → last (on_error, route 2 of 2, late)",
        '  1: → fail when error.code == "x": does not match',
        '       error.code = "agent_raised"',
        '  2: → last when error.message.contains("yet"): taken',
        '       error.message.contains("yet") = true',
    ]
    assert "next: → last (on_error, route 2 of 2, late)" in _cause(debugger).page.splitlines()


def test_who_has_used_up_a_limit() -> None:
    played = play(RETRIED, agents={"a": count, "boom": boom, "f": lambda n: n})
    timeline = recorded(played).timeline
    assert (played.outcome, played.code) == ("limit", "hops")
    assert spent_by("hops", timeline, len(timeline.records)) == {"first": 1, "both": 1, "both.y.l": 1}
    page = _cause(_stopped(played, "limit")).page
    assert "used by:\n  first     1\n  both      1\n  both.y.l  1" in page


def test_calls_tokens_and_seconds_by_stage() -> None:
    text = """
pipeline: p
language: 1
agents: {t: {python: "m:f", tools: [look]}}
tools: {look: {python: "m:l", risk: read_only}}
limits: {tool_calls: 3}
stages: {one: {agent: t, with: {k: 1}}, two: {agent: t, with: {k: 9}}}
"""

    async def asks(k: int, ctx: object) -> int:
        for _ in range(k):
            await ctx.tool("look")  # type: ignore[attr-defined]  # what an agent gets
        return k

    played = play(text, agents={"t": asks}, tools={"look": lambda: 1})
    timeline = recorded(played).timeline
    everything = len(timeline.records)
    assert (played.outcome, played.code) == ("limit", "tool_calls")
    assert spent_by("tool_calls", timeline, everything) == {"two": 2, "one": 1}
    assert spent_by("llm_calls", timeline, everything) == {}
    assert set(spent_by("wall", timeline, everything)) == {"one"}
    assert spent_by("wall", timeline, everything)["one"] > 0


def test_why_a_branch_is_where_it_is() -> None:
    debugger = recorded(play(RETRIED, agents={"a": count, "boom": boom, "f": lambda n: n}))
    told: list[Told] = []
    debugger.listen(told.append)
    debugger.open(at_start=True)
    assert debugger.stop is not None
    assert why(debugger.stop, "main", debugger.timeline) == "main has not been routed yet"
    assert why(debugger.stop, "main/none", debugger.timeline) == "there is no branch main/none"
    debugger.go("over")
    assert why(debugger.stop, "main", debugger.timeline) == "first → both (the stage below)"


def test_secrets_stay_out_of_pages() -> None:
    long = "x" * 190 + "sk-canary123"
    text = FAULTY["no_route"][0].replace("n: 1", f"n: {long}").replace("result.n > 1", 'result.n == "a"')
    assert text != FAULTY["no_route"][0]
    played = play(f'pipeline: p\nlanguage: 1\nagents: {{a: {{python: "m:f"}}}}\nstages:\n{text}', agents={"a": count})
    debugger = _stopped(played, "no_route")
    redactor = Redactor([("pattern", "sk-[a-z0-9]+")])
    assert "xxx" in _cause(debugger, redactor).page
    assert "sk-" not in _cause(debugger, redactor).page
    assert "sk-" in _cause(debugger).page


LOOP = """
pipeline: p
language: 1
agents: {{a: {{python: "m:f"}}}}
limits: {{{limit}}}
stages:
  one: {{agent: a, with: {{n: 1}}, routes: [{{when: result.n == 1, to: two{max}}}]}}
  two: {{agent: a, with: {{n: 2}}, next: one}}
"""


@pytest.mark.parametrize(
    ("bound", "said"),
    [
        (", max: 1", "  1: → two when result.n == 1: matches, but was taken as often as its max allows"),
        (", max: 1, on_max: fail", "  1: → two when result.n == 1: taken as often as its max allows, so fail"),
        ("", "  1: → two when result.n == 1: taken"),
    ],
)
def test_a_route_that_is_used_up_says_so(bound: str, said: str) -> None:
    assert why(_last_route(LOOP.format(limit="iterations: 1", max=bound), "one"), "main").splitlines()[1] == said


def test_a_route_that_a_limit_stops_says_so() -> None:
    said = why(_last_route(LOOP.format(limit="hops: 2", max=""), "one"), "main").splitlines()
    assert said[:2] == [
        "one limit hops ends the run here: 2 allowed",
        "  1: → two when result.n == 1: matches",
    ]


def _last_route(text: str, stage: str) -> Stop:
    timeline = recorded(play(text, agents={"a": count})).timeline
    routes = [moment for moment in timeline.moments if (moment.stage, moment.part) == (stage, "route")]
    return Stop(1, "step", routes[-1], timeline.state_at(routes[-1].seq), True)
