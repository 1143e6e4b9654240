"""What a stopped run shows: the stack, the scopes, and expressions in them, at moments of a run with all in it."""

from functools import cache
from typing import Any

import pytest

from engine.debugger.scenes import boom, count, recorded
from pointsman.debugger.debugger import Stop
from pointsman.debugger.frames import branches, frames
from pointsman.debugger.inspection import Group, evaluate, learn, scopes
from pointsman.debugger.nodes import Node, hidden
from pointsman.debugger.timeline import Timeline
from pointsman.errors import Misuse
from pointsman.security.redaction import HIDDEN, Redactor
from pointsman.testing import play

TEXT = """
pipeline: p
language: 1
state: {notes: {type: array, default: [], merge: append}}
agents: {a: {python: "m:f"}, tooled: {python: "m:g", tools: [look]}, boom: {python: "m:h"}}
tools: {look: {python: "m:l", risk: read_only}}
stages:
  one:
    agent: a
    with: {n: {email: al@example.org, age: 41, list: [1, 2]}}
    routes:
      - {when: 'size(result.n.list) > 5', to: end, label: long}
      - {when: result.n.age > 40, to: note, label: old}
      - {to: end}
  note: {set: {notes: "${{ outputs.one.n.age }}"}}
  both:
    fork:
      alone: {agent: tooled, with: {q: 7}}
      more:
        stages:
          l: {agent: a, with: {n: 1}}
          m: {agent: a, with: {n: "${{ outputs.l.n }}"}, next: end}
  skipped: {when: size(state.notes) > 5, agent: a, with: {n: 1}}
  bad:
    agent: boom
    with: {secret: xyz}
    on_error: [{when: error.code == "never", to: fail}, {when: visits.bad < 2, to: one, label: again}]
"""


async def _tooled(q: int, ctx: Any) -> Any:
    return await ctx.tool("look", word=q)


@cache
def _timeline() -> Timeline:
    played = play(
        TEXT,
        agents={"a": count, "tooled": _tooled, "boom": boom},
        tools={"look": lambda word: word},
        judge=lambda decide: ("flag", "seen") if decide.agent == "tooled" else "allow",
    )
    assert played.outcome == "failed"
    return recorded(played).timeline


def _stop(at: str) -> Stop:
    """A stop at a moment: `stage part`, or `stage part visit`."""
    stage, _, part = at.partition(" ")
    visit = 1
    if part[-1].isdigit():
        part, visit = part[:-2], int(part[-1])
    found = [each for each in _timeline().moments if (each.stage, each.part, each.visit) == (stage, part, visit)]
    return Stop(1, "step", found[0], _timeline().state_at(found[0].seq), True)


def _shown(stop: Stop, branch: str = "") -> list[str]:
    found = []
    for frame in frames(stop, branch or stop.moment.branch):
        assert frame.span is not None
        there = stop.state.program.source.text(frame.span)
        found.append(f"{frame.name} | {there} | {frame.branch} {frame.stage} {frame.hint}")
    return found


STACKS = {
    "one enter": ["one | one | main one normal"],
    "one policy before": ["policy before | a | main one normal", "one | one | main one normal"],
    "one agent": ["agent a | a | main one normal", "one | one | main one normal"],
    "one route": [
        "route → note | {when: result.n.age > 40, to: note, label: old} | main one normal",
        "one | one | main one normal",
    ],
    "one enter 2": ["one (visit 2) | one | main one normal"],
    "note set": ["set | notes | main note normal", "note | note | main note normal"],
    "note route": ["route → both | note | main note normal", "note | note | main note normal"],
    "both fork": ["fork |  | main both normal", "both | both | main both normal"],
    "both.alone tool call": [
        "tool call look | tooled | main/both.alone both.alone normal",
        "alone | alone | main/both.alone both.alone normal",
        "both | both | main both normal",
    ],
    "both.more.m route": [
        "route → end | end | main/both.more both.more.m normal",
        "m | m | main/both.more both.more.m normal",
        "branch more |  | main/both.more  subtle",
        "both | both | main both normal",
    ],
    "both.more.m end": [
        "end after m | m | main/both.more both.more.m normal",
        "branch more |  | main/both.more  subtle",
        "both | both | main both normal",
    ],
    "bad failed": [
        "failed (agent/agent_raised) → one | {when: visits.bad < 2, to: one, label: again} | main bad normal",
        "bad | bad | main bad normal",
    ],
    "bad failed 2": [
        "failed (agent/agent_raised) | bad | main bad normal",
        "bad (visit 2) | bad | main bad normal",
    ],
}


@pytest.mark.parametrize("at", STACKS)
def test_the_stack(at: str) -> None:
    assert _shown(_stop(at)) == [*STACKS[at], "p |  | main  subtle"]


def test_branches_in_declared_order_and_the_stack_of_another_one() -> None:
    stop = _stop("both.more.m enter")
    main = branches(stop)[0]
    assert (main.id, main.name, main.at) == ("main", "main", "both: fork")
    assert [each.name for each in branches(_stop("both.alone enter"))] == ["main", "both.alone", "both.more"]
    assert _shown(stop, "main") == [*STACKS["both fork"], "p |  | main  subtle"]
    assert frames(stop, "main/none") == ()
    assert scopes(stop, "main/none", _timeline()) == ()


def _groups(at: str) -> dict[str, Group]:
    stop = _stop(at)
    return {group.name: group for group in scopes(stop, stop.moment.branch, _timeline())}


def _lines(one: Node) -> dict[str, Any]:
    return {child.name: child.shown for child in one.children()}


# None of them is empty: before the first result there are no outputs, and a `set` has no arguments.
GROUPS = {
    "one enter": "Args State Changes Budget Envelope",
    "one policy before": "Args State Policy Changes Budget Attempt Envelope",
    "one policy after": "Args Result State Policy Changes Budget Attempt Envelope",
    "one route": "Args Result Outputs State Routing Policy Changes Budget Attempt Envelope",
    "note set": "Outputs State Policy Changes Budget Envelope",
    "both.alone tool call": "Call Args Outputs State Policy Changes Budget Attempt Envelope",
    "both merge": "Result Outputs State Policy Changes Budget Envelope",
    "one enter 2": "Args Outputs State Routing Changes Budget Envelope",
    "bad failed": "Args Error Outputs State Routing Policy Changes Budget Attempt Envelope",
    "both.more.m end": "Result Outputs State Routing Changes Budget Envelope",
}


@pytest.mark.parametrize("at", GROUPS)
def test_the_scopes_of_a_moment(at: str) -> None:
    groups = _groups(at)
    assert " ".join(groups) == GROUPS[at]
    assert [name for name, group in groups.items() if group.expensive] == ["Envelope"]


def test_arguments_before_a_stage_are_those_it_will_get() -> None:
    assert _groups("one enter")["Args"].root.value == {"n": {"email": "al@example.org", "age": 41, "list": [1, 2]}}
    assert _groups("both.more.m enter")["Args"].root.value == {"n": 1}


def test_results_wherever_there_is_one() -> None:
    assert _groups("one route")["Result"].root.children()[0].children()[1].path == "result.n.age"
    assert _groups("both merge")["Result"].root.value == {"alone": 7, "more": {"l": {"n": 1}, "m": {"n": 1}}}
    assert _groups("both.more.m end")["Result"].root.value == {"l": {"n": 1}, "m": {"n": 1}}
    assert _groups("one route")["Outputs"].root.value.keys() == {"one"}  # its routes see it already


def test_routing_shows_each_candidate_with_its_operands() -> None:
    root = _groups("one route")["Routing"].root
    assert root.shown == "→ note (route 2 of 3, old)"
    assert _lines(root) == {
        "1: → end": "does not match: size(result.n.list) > 5",
        "2: → note": "taken: result.n.age > 40",
        "3: → end": "not weighed: always",
    }
    first, second, third = root.children()
    assert [(each.name, each.value, each.path) for each in first.children()] == [
        ("size(result.n.list)", 2, "size(result.n.list)")
    ]
    assert [(each.name, each.value) for each in second.children()] == [("result.n.age", 41)]
    assert not third.unfolds


def test_routing_elsewhere_is_the_last_of_this_stage() -> None:
    assert "Routing" not in _groups("one enter")
    again = _groups("one enter 2")["Routing"].root
    assert again.shown == "→ note (route 2 of 3, old)"
    assert again.children()[1].children()[0].path == ""  # what it was then may be another value now


def test_routing_of_a_failure() -> None:
    assert _lines(_groups("bad failed")["Routing"].root) == {
        "1: → fail": 'does not match: error.code == "never"',
        "2: → one": "taken: visits.bad < 2",
    }
    assert _groups("bad failed 2")["Routing"].root.shown == "nothing handles the error, so the run ends with it"
    assert _lines(_groups("bad failed 2")["Routing"].root)["2: → one"] == "does not match: visits.bad < 2"


def test_policies_changes_attempt_and_calls() -> None:
    decided = _groups("both.alone route")["Policy"].root
    assert _lines(decided) == {"policy before": "flag: seen", "policy after": "flag: seen"}
    assert decided.children()[0].value["reasons"] == ["seen"]
    attempt = _groups("both.alone policy after")["Attempt"].root.value
    assert (attempt["agent"], attempt["attempt"]) == ("tooled", 1)
    assert attempt["calls"] == [
        {"what": "tool", "name": "look", "status": "done", "args": {"word": 7}, "value": 7},
    ]
    assert _groups("both.alone tool call")["Call"].root.value == {"what": "tool", "name": "look", "args": {"word": 7}}
    assert _lines(_groups("note route")["Changes"].root) == {"state.notes": "[] → [41]"}
    assert _lines(_groups("note enter")["Changes"].root) == {
        "outputs.one": 'new: {n: {email: "al@example.org", age: 41, list: [1, 2]}}'
    }
    assert _lines(_groups("both fork")["Changes"].root) == {}
    assert _lines(_groups("both.more.m route")["Changes"].root) == {}
    before, after = _groups("note route")["Changes"].root.children()[0].children()
    assert (before.value, before.path, after.value, after.path) == ([], "", [41], "state.notes")


def test_budget_and_envelope() -> None:
    budget = _groups("both.alone route")["Budget"].root
    assert _lines(budget)["tool_calls"] == "1 of 200, 199 left"
    assert _lines(budget)["tokens"] == "0, no bound"
    spent = hidden(budget, Redactor([("path", "budget.tool_calls.used"), ("path", "budget.cost")]))
    assert _lines(spent)["tool_calls"] == f"{HIDDEN} of 200, 199 left"
    assert _lines(spent)["cost"] == HIDDEN
    envelope = _groups("note enter")["Envelope"].root
    assert [child.name for child in envelope.children()] == [
        "id",
        "run",
        "input",
        "outputs",
        "state",
        "metadata",
        "budget",
        "position",
        "history",
    ]
    assert _lines(_groups("bad enter")["Envelope"].root.children()[-1]) == {
        "main: one": "→ note",
        "main: note": "→ both",
        "main: both": "→ skipped",
        "main/both.alone: alone": "→ end",
        "main/both.more: l": "→ m",
        "main/both.more: m": "→ end",
        "main: skipped": "skipped → bad",
    }


@pytest.mark.parametrize("at", [f"{each.stage} {each.part} {each.visit}" for each in _timeline().moments])
def test_every_path_evaluates_to_its_value_where_it_stands(at: str) -> None:
    stop = _stop(at)
    paths = 0
    for group in scopes(stop, stop.moment.branch, _timeline()):
        for one in _all(group.root):
            if one.path:
                assert evaluate(stop, stop.moment.branch, one.path).value == one.value
                paths += 1
    assert paths > 20


@pytest.mark.parametrize(
    ("text", "value", "kind"),
    [
        ("result.n.age + 1", 42, "int"),
        (" outputs.one.n.email ", "al@example.org", "string"),
        ("${{ result.n.age }}", 41, "int"),
        ("age ${{ result.n.age }}!", "age 41!", "string"),
        ("result.n.list.map(x, x * 2)", [2, 4], "list"),
        ("branch.name + string(visits.one)", "main1", "string"),
        ("envelope.position.stage", "one", "string"),
        ("duration('90s')", "90s", "string"),
        ("0.0 / 0.0", "nan", "string"),
    ],
)
def test_expressions(text: str, value: Any, kind: str) -> None:
    found = evaluate(_stop("one route"), "main", text)
    assert (found.value, found.type) == (value, kind)


def test_members_of_a_computed_value_lead_back() -> None:
    stop = _stop("one route")
    for text in (
        "result.n.list + [7]",
        "[{'a b': 1}]",
        "result.n",
        "result.n.list.map(x, {'k': x})",
        "true ? result : args",
    ):
        for one in _all(evaluate(stop, "main", text)):
            assert evaluate(stop, "main", one.path).value == one.value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("result.none", "(at character 8)"),
        ("result +", "expected an expression after `+` (at character 8)"),
        ("", "is empty (at character 1)"),
        ("${{ result.none }}", "(at character 12)"),
        ("${{ result", "never closed"),
        ("nothing", "there is no `nothing` here (at character 1)"),
        ("[1, 2, 3, 4, 5, 6, 7, 8, 9].map(a, result.n.list.map(b, 'x'.matches('x') ? [1] : [2]))[99]", "("),
    ],
)
def test_what_can_not_be_evaluated_says_where(text: str, said: str) -> None:
    with pytest.raises(Misuse) as caught:
        evaluate(_stop("one route"), "main", text)
    assert caught.value.code == "expression"
    assert said in caught.value.message


def test_an_expression_that_costs_too_much_ends() -> None:
    long = "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]"
    nested = long
    for name in "abcdef":
        nested = f"{long}.map({name}, {nested})"
    with pytest.raises(Misuse, match="costs more steps"):
        evaluate(_stop("one route"), "main", nested)


def test_secrets_of_paths_are_hidden_from_before_they_are_outputs() -> None:
    rules = [("path", "outputs.one.n.email"), ("path", "outputs.*.n.age"), ("pattern", "xyz")]
    for moment in _timeline().moments:
        stop = Stop(1, "step", moment, _timeline().state_at(moment.seq), True)
        if "one" not in stop.state.branches["main"].outputs and moment.part not in ("route", "policy after"):
            continue  # it is nowhere to be learned from: an argument is no output
        redactor = Redactor(rules)
        learn(stop, redactor)
        for group in scopes(stop, moment.branch, _timeline()):
            for one in _all(hidden(group.root, redactor)):
                assert "example.org" not in one.shown + one.name + one.path + repr(one.value)
                assert "xyz" not in one.shown + one.name + one.path + repr(one.value)
                assert not one.path.endswith(("outputs.one.n.age", "result.n.age"))
    stop = _stop("one route")
    for text in (
        "result.n.age",
        "result.n.age + 0",
        "outputs.one.n.age",
        "result.n",
        "'${{ result.n.age }}'",
    ):
        redactor = Redactor(rules)
        learn(stop, redactor)
        assert "41" not in hidden(evaluate(stop, "main", text), redactor).shown
    learn(stop, redactor)
    assert hidden(evaluate(stop, "main", "result.n"), redactor).value["age"] == HIDDEN


def _all(one: Node) -> list[Node]:
    return [one, *(below for child in one.children() for below in _all(child))]
