"""Breakpoints and faults: where each stops, under which condition, at which hit, and what log points say."""

import asyncio

import pytest

from engine.debugger.scenes import boom, count, flaky, recorded
from pointsman.debugger.breakpoints import Breakpoint, flaw_of
from pointsman.debugger.debugger import Logged, Stop, Told
from pointsman.debugger.faults import FAULTS
from pointsman.debugger.sites import site_at, sites_of
from pointsman.testing import Played, play

TEXT = """
pipeline: p
language: 1
state: {total: {type: integer, default: 0}}
agents: {a: {python: "m:f"}, tooled: {python: "m:g", tools: [look]}, f: {python: "m:h"}, deny: {python: "m:f"}}
tools: {look: {python: "m:l", risk: read_only}}
stages:
  one:
    agent: a
    with: {n: "${{ state.total }}"}
    routes:
      - {when: result.n >= 3, to: tool, label: enough}
      - {to: more}
  more: {set: {total: "${{ state.total + 1 }}"}, next: one}
  tool: {agent: tooled, with: {q: 7}}
  last:
    agent: deny
    with: {n: 1}
    on_error:
      - {when: error.code == "never", to: fail}
      - {to: end, label: denied}
"""


async def _tooled(q: int, ctx: object) -> object:
    return await ctx.tool("look", word=q)  # type: ignore[attr-defined]  # what an agent gets


def _played() -> Played:
    return play(
        TEXT,
        agents={"a": count, "deny": count, "tooled": _tooled, "f": flaky()},
        tools={"look": lambda word: word},
        judge=lambda decide: ("deny", "no") if decide.agent == "deny" else "allow",
    )


def _told(
    *breakpoints: Breakpoint, faults: tuple[str, ...] = (), conditions: dict[str, list[str]] | None = None
) -> list[Told]:
    debugger = recorded(_played())
    told: list[Told] = []
    debugger.listen(told.append)
    debugger.open(at_start=True)
    debugger.set_breakpoints("me", breakpoints)
    debugger.set_faults("me", faults, conditions)
    while debugger.stop is None or debugger.stop.reason != "end":
        debugger.go("on")
    return [each for each in told[1:-1] if each is not None]


def _seen(told: list[Told]) -> list[str]:
    said = []
    for each in told:
        if isinstance(each, Stop):
            said.append(f"{each.moment.stage} {each.moment.part}" + (f" {each.fault}" if each.fault else ""))
        elif isinstance(each, Logged):
            said.append(each.text)
    return said


def _at(mark: str, *, column: bool = True) -> Breakpoint:
    """A breakpoint at a piece of the text, or on its line."""
    program = _played().state.program
    place = program.source.data.index(mark.encode())
    line = program.source.line_at(place)
    return Breakpoint(1, site_at(sites_of(program), program.source, line, place if column else None))


# The view opens at the first stage, so that `one` is come to three times, `more` too.
TABLE: list[tuple[str, Breakpoint, list[str]]] = [
    ("a stage by its line", _at("more: {set", column=False), ["more enter"] * 3),
    ("a route, when it is about to be taken", _at("{when: result.n"), ["one route"]),
    ("the other route", _at("{to: more}"), ["one route"] * 3),
    ("a route of on_error", _at("{to: end, label: denied}"), ["last failed"]),
    ("one that is never taken", _at('{when: error.code == "never"'), []),
    ("the agent", _at("deny\n    with"), []),  # it is denied before
    ("the agent of a tool", _at("tooled, with"), ["tool agent"]),
    ("a key that is set", _at('total: "${{ state.total + 1'), ["more set"] * 3),
    ("a name", Breakpoint(1, name="last"), ["last enter"]),
    ("a glob", Breakpoint(1, name="stage:t*"), ["tool enter"]),
    ("an agent by its name", Breakpoint(1, name="agent:to*"), ["tool agent"]),
    ("a tool by its name", Breakpoint(1, name="tool:look"), ["tool tool call"]),
    ("nothing of that kind", Breakpoint(1, name="worker:look"), []),
    ("a condition on arguments to come", Breakpoint(1, name="one", condition="args.n == 2"), ["one enter"]),
    ("a condition on the state", Breakpoint(1, name="more", condition="state.total > 0"), ["more enter"] * 2),
    ("a condition that can not be evaluated", Breakpoint(1, name="one", condition="outputs.none > 1"), []),
    ("a condition that is no boolean", Breakpoint(1, name="one", condition="args.n"), []),
    ("the second hit", Breakpoint(1, name="one", hit="2"), ["one enter"]),
    ("from the third on", Breakpoint(1, name="one", hit=">=3"), ["one enter"]),
    ("after the third", Breakpoint(1, name="one", hit="> 3"), []),
    ("up to the second", Breakpoint(1, name="one", hit="<=2"), ["one enter"] * 2),
    ("before the second", Breakpoint(1, name="one", hit="<2"), ["one enter"]),
    ("every second", Breakpoint(1, name="one", hit="%2"), ["one enter"]),
    (
        "a hit that counts",
        Breakpoint(1, name="one", condition="args.n > 0", hit="==3"),
        ["one enter"],
    ),
    (
        "a log",
        Breakpoint(1, name="more", log="{{{state.total}}} of {args} {visits.one}"),
        ["{0} of {} 1", "{1} of {} 2", "{2} of {} 3"],
    ),
    (
        "a log that can not be evaluated",
        Breakpoint(1, name="tool", log="{result.x}!{"),
        ["<there is no `result` here>!{"],
    ),
    ("a log at some hits", Breakpoint(1, name="one", log="n={args.n}", hit=">2"), ["n=3"]),
]


@pytest.mark.parametrize(("breakpoint", "stops"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_where_a_breakpoint_stops(breakpoint: Breakpoint, stops: list[str]) -> None:
    assert _seen(_told(breakpoint)) == stops


def test_what_stops_is_told_with_the_stop_and_a_log_point_never_stops() -> None:
    told = _told(Breakpoint(7, name="tool"), Breakpoint(8, name="stage:t*"), Breakpoint(9, name="tool", log="said"))
    assert [(type(each).__name__, getattr(each, "hits", ())) for each in told] == [("Logged", ()), ("Stop", (7, 8))]


def test_hits_of_the_past_are_not_counted_again() -> None:
    debugger = recorded(_played())
    told: list[Told] = []
    debugger.listen(told.append)
    debugger.open(at_start=True)
    debugger.set_breakpoints("me", [Breakpoint(1, name="one", hit="2")])
    seen = []
    for _ in range(3):
        debugger.go("on")
        assert debugger.stop is not None
        seen.append(debugger.stop.moment)
        for _ in range(4):
            debugger.back(far=False)
    assert seen == [seen[0]] * 3
    assert (seen[0].stage, seen[0].visit) == ("one", 3)


@pytest.mark.parametrize(
    ("condition", "hit", "said"),
    [
        ("", "", ""),
        ("state.a > 1", ">= 3", ""),
        ("a >", "", "condition: expected an expression after `>`"),
        ("", "often", "'often' is no hit count; such as 5, >=3 or %2"),
        ("", "-1", "'-1' is no hit count; such as 5, >=3 or %2"),
    ],
)
def test_flaws_are_told_when_a_breakpoint_is_set(condition: str, hit: str, said: str) -> None:
    assert flaw_of(condition, hit) == said


# Where each fault is come to: the pipeline's stages, the value, and the stop.
FAULTY: dict[str, tuple[str, str]] = {
    "agent_error": ("  one: {agent: boom, with: {secret: x}}\n", "one failed agent_error"),
    "policy_denied": ("  one: {agent: denied, with: {n: 1}}\n", "one failed policy_denied"),
    "limit": ("  one: {agent: a, with: {n: 1}, next: one}\n", "one end limit"),
    "timeout": ("  one: {agent: slow, with: {n: 1}, timeout: 10ms}\n", "one failed timeout"),
    "contract": ("  one: {agent: a, with: {n: 1}, result: {type: string}}\n", "one failed contract"),
    "no_route": ("  one: {agent: a, with: {n: 1}, routes: [{when: result.n > 1, to: end}]}\n", "one failed no_route"),
    "expression": ("  one: {agent: a, with: {n: '${{ input.x.y }}'}}\n", "one failed expression"),
    "interrupt": ("  one: {ask: {kind: confirmation, question: Really?}}\n", "one ask interrupt"),
}


def faulty(fault: str) -> Played:
    """A run that comes to a fault."""

    async def slow(n: int) -> int:
        await asyncio.sleep(60)  # far beyond its timeout, which ends it
        return n

    text = f"""
pipeline: p
language: 1
input: {{type: object}}
limits: {{iterations: 2}}
agents:
  a: {{python: "m:f"}}
  boom: {{python: "m:g"}}
  denied: {{python: "m:h"}}
  slow: {{python: "m:i"}}
stages:
{FAULTY[fault][0]}"""
    return play(
        text,
        {"x": {}},
        agents={"a": count, "boom": boom, "denied": count, "slow": slow},
        judge=lambda decide: ("deny", "no") if decide.agent == "denied" else "allow",
    )


def test_each_fault_has_a_run_that_comes_to_it() -> None:
    assert set(FAULTY) == {fault.id for fault in FAULTS}


@pytest.mark.parametrize("fault", FAULTY)
def test_where_a_fault_stops(fault: str) -> None:
    debugger = recorded(faulty(fault))
    told: list[Told] = []
    debugger.listen(told.append)
    debugger.open(at_start=True)
    debugger.set_faults("me", [fault])
    debugger.go("on")
    debugger.set_faults("me", [each.id for each in FAULTS if each.id != fault])
    debugger.go("on")
    stops = [each for each in told if isinstance(each, Stop)]
    assert (_seen([stops[1]]), stops[1].reason) == ([FAULTY[fault][1]], "exception")
    assert stops[2].reason == "end"  # no other fault is meant by it


def test_a_fault_with_a_condition_stops_when_it_holds() -> None:
    assert _seen(_told(faults=("policy_denied",))) == ["last failed policy_denied"]
    holds = {"policy_denied": ['error.code == "other"', 'error.code == "no"']}
    assert _seen(_told(faults=("policy_denied",), conditions=holds)) == ["last failed policy_denied"]
    assert _seen(_told(faults=("policy_denied",), conditions={"policy_denied": ["false"]})) == []


def test_a_fault_comes_before_a_breakpoint() -> None:
    told = _told(_at("{to: end, label: denied}"), faults=("policy_denied",))
    assert [each.reason for each in told if isinstance(each, Stop)] == ["exception"]
