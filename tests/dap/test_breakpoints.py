"""Breakpoints: where they snap to, what is said of them, when they hit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dap.client import home, introduced, write

TEXT = """\
# A line above everything.
pipeline: p

language: 1
state: {count: {type: integer, default: 0}}
agents:
  say: {command: [echo, hi]}
stages:
  first:
    # a note
    agent: say
    with: {greeting: "😀"}
    routes:
      - {when: state.count > 5, to: end, label: many}
      - {when: 'result.startsWith("hi")', to: second}
      - {to: end}

  second: {set: {count: "${{ state.count + 1 }}"}, next: third}
  third:
    fork:
      left: {agent: say}
      right:
        stages:
          inner: {agent: say}
  fourth: {agent: say, routes: [{when: state.count < 4, to: second}, {to: end}]}
# below
"""
POLICY = """\
policy: guard
language: 1
version: 1
rules:
  - id: watched
    at: [agent.invoke]
    when: 'args.?greeting.hasValue()'
    effect: flag
    reason: greets
reasons: {greets: "It greets."}
"""

SNAPS = {  # line asked for: the place it stands on, as line and text; None where it is refused
    1: None,
    2: None,
    8: None,
    9: (9, "first"),
    10: (9, "first"),
    11: (9, "first"),
    12: (9, "first"),
    13: (9, "first"),
    14: (14, "{when: state.count > 5, to: end, label: many}"),
    15: (15, """{when: 'result.startsWith("hi")', to: second}"""),
    16: (16, "{to: end}"),
    17: (18, "second"),
    18: (18, "second"),
    19: (19, "third"),
    20: (19, "third"),
    21: (21, "left"),
    22: (19, "third"),
    24: (24, "inner"),
    25: (25, "fourth"),
    26: None,
    900: None,
}


def lines(path: Path, *breakpoints: Any) -> tuple[str, Any]:
    asked = [{"line": one} if isinstance(one, int) else one for one in breakpoints]
    return "setBreakpoints", {"source": {"path": str(path)}, "breakpoints": asked}


async def test_any_line_snaps_to_its_node(tmp_path: Path) -> None:
    path = write(tmp_path, a=TEXT)
    async with home(tmp_path) as at, introduced(at) as client:
        (answer,) = await client.launch("a.pipeline.yaml", noDebug=True, before=[lines(path, *SNAPS)])
        text = TEXT.split("\n")
        for told, (line, expected) in zip(answer["breakpoints"], SNAPS.items(), strict=True):
            if expected is None:
                assert not told["verified"], line
                where = "the first stage is on line 9" if line < 9 else "the last stage is on line 25"
                assert told["message"] == f"nothing runs on this line; {where}"
                continue
            assert told["verified"], (line, told)
            shown = text[told["line"] - 1][told["column"] - 1 : told["endColumn"] - 1]
            assert (told["line"], shown) == expected, line
        await client.ended()


async def test_counting_from_zero_in_units_of_utf_16_and_by_uri(tmp_path: Path) -> None:
    text = TEXT.replace("  second: {set", "  second: {description: '😀😀', set")
    path = write(tmp_path, a=text)
    before = text.split("\n")[17].partition("count:")[0]
    units = len(before.encode("utf-16-le")) // 2
    assert units == len(before) + 2
    async with home(tmp_path) as at:
        for first in (0, 1):
            able = {"linesStartAt1": bool(first), "columnsStartAt1": bool(first), "pathFormat": "uri"}
            async with introduced(at, **able) as client:
                source, line, column = {"path": path.as_uri()}, 17 + first, units + first
                asked = {"source": source, "breakpoints": [{"line": line, "column": column + 2}]}
                (answer,) = await client.launch("a.pipeline.yaml", before=[("setBreakpoints", asked)])
                (told,) = answer["breakpoints"]
                assert (told["line"], told["column"], told["endColumn"]) == (line, column, column + 5)
                assert told["source"]["path"] == path.as_uri()
                assert (await client.stopped())["description"] == "before second writes"
                frame = (await client.stack())[0]
                assert (frame["source"]["path"], frame["line"], frame["column"]) == (path.as_uri(), line, column)
                places = {"source": source, "line": line}
                found = (await client.request("breakpointLocations", places))["breakpoints"]
                assert [one["column"] for one in found][:2] == [2 + first, column]
                places |= {"column": 3 + first, "endLine": line, "endColumn": column}
                found = (await client.request("breakpointLocations", places))["breakpoints"]
                assert [one["column"] for one in found] == [column]


async def test_ids_stay_while_the_words_are_the_same(tmp_path: Path) -> None:
    path = write(tmp_path, a=TEXT)
    async with home(tmp_path) as at, introduced(at) as client:
        before = [
            lines(path, 9, 18),
            lines(path, 18, 9),
            lines(path, {"line": 9, "condition": "true"}, 18),
            lines(path),
        ]
        first, second, third, none = await client.launch("a.pipeline.yaml", noDebug=True, before=before)
        assert [one["id"] for one in first["breakpoints"]] == [1, 2]
        assert [one["id"] for one in second["breakpoints"]] == [2, 1]
        assert [one["id"] for one in third["breakpoints"]] == [3, 2]
        assert none["breakpoints"] == []
        await client.ended()


async def test_two_at_one_place_both_stand(tmp_path: Path) -> None:
    path = write(tmp_path, a=TEXT)
    async with home(tmp_path) as at, introduced(at) as client:
        (answer,) = await client.launch("a.pipeline.yaml", before=[lines(path, 10, 11)])
        one, two = answer["breakpoints"]
        assert one["verified"]
        assert two["verified"]
        assert (one["line"], two["line"]) == (9, 9)
        assert "message" not in one
        assert two["message"] == "same place as breakpoint 1"
        assert (await client.stopped())["hitBreakpointIds"] == [1, 2]


async def test_refused_ones_say_why(tmp_path: Path) -> None:
    path = write(tmp_path, a=TEXT, b=TEXT)
    (tmp_path / "agents.py").write_text("def f(): ...\n", "utf-8")
    async with home(tmp_path) as at, introduced(at) as client:
        before = [
            lines(tmp_path / "agents.py", 1),
            lines(tmp_path / "b.pipeline.yaml", 9),
            lines(path, {"line": 9, "condition": "result =="}, {"line": 9, "hitCondition": "often"}),
        ]
        answers = await client.launch("a.pipeline.yaml", before=before, noDebug=True)
        told = [one for answer in answers for one in answer["breakpoints"]]
        assert [one["verified"] for one in told] == [False] * 4
        assert [one["reason"] for one in told] == ["failed"] * 4
        said = [one["message"] for one in told]
        assert said[0].startswith("Python")
        assert said[1] == "this run does not read that file"
        assert said[2].startswith("condition: ")
        assert "no hit count" in said[3]
        await client.ended()


NEVER = {
    "%0": ({"hitCondition": "%0"}, "is never reached"),
    "0": ({"hitCondition": "0"}, "is never reached"),
    "<1": ({"hitCondition": " < 1 "}, "is never reached"),
    "<= 0": ({"hitCondition": "<= 0"}, "is never reached"),
    "a number of 5,000 digits": ({"hitCondition": "9" * 5000}, "is no hit count"),
    "a name nobody knows": ({"condition": "outptus.a == 1"}, 'there is no outptus; did you mean "outputs"'),
    "one inside": ({"condition": "state.count == 1 && size(stat.x) > 0"}, "there is no stat"),
    "a name of policies": ({"condition": 'tool == "x"'}, "there is no tool"),
    "a number": ({"condition": "1"}, "1 is never true"),
    "false": ({"condition": "false"}, "false is never true"),
    "a text": ({"condition": '"yes"'}, '"yes" is never true'),
    "a list": ({"condition": "[true]"}, "[true] is never true"),
}
SOME = [
    {"hitCondition": "%1"},
    {"hitCondition": "<= 1"},
    {"hitCondition": ">= 0"},
    {"condition": "true"},
    {"condition": "has(outputs.first)"},
    {"condition": "[1, 2].exists(x, x == state.count) && type(args) == map"},
    {"condition": 'result == "hi" || error.stage == "first" || env("HOME") == ""'},
    {"condition": "run.id != '' && budget.hops.used < 9 && branch.id == 'main' && visits.first == 1"},
]


async def test_what_can_never_be_met_is_refused_with_the_reason(tmp_path: Path) -> None:
    path = write(tmp_path, a=TEXT)
    async with home(tmp_path) as at, introduced(at) as client:
        never = [{"line": 9, **one} for one, _ in NEVER.values()]
        named = [{"name": "first", **one} for one, _ in NEVER.values()]
        option = {"filterId": "limit", "condition": "eror.stage == 'x'"}
        answers = await client.launch(
            "a.pipeline.yaml",
            noDebug=True,
            before=[
                lines(path, *never),
                ("setFunctionBreakpoints", {"breakpoints": named}),
                lines(path, *({"line": 9, **one} for one in SOME)),
                ("setExceptionBreakpoints", {"filters": [], "filterOptions": [option]}),
            ],
        )
        for answer in answers[:2]:
            for told, (what, (_, said)) in zip(answer["breakpoints"], NEVER.items(), strict=True):
                assert not told["verified"], what
                assert said in told["message"], told
        assert [one["verified"] for one in answers[2]["breakpoints"]] == [True] * len(SOME), answers[2]
        (fault,) = answers[3]["breakpoints"]
        assert 'did you mean "error"' in fault["message"]
        await client.ended()


HITS = {
    "a condition that holds once": ({"line": 18, "condition": "state.count == 2"}, [2]),
    "a condition that fails to be evaluated": ({"line": 18, "condition": "outputs.nothing.here"}, []),
    "the second time": ({"line": 18, "hitCondition": "2"}, [1]),
    "from the third on": ({"line": 18, "hitCondition": ">=3"}, [2, 3]),
    "every other": ({"line": 18, "hitCondition": "%2"}, [1, 3]),
    "a route that is taken": ({"line": 15}, [0]),
    "a route that is not": ({"line": 14}, []),
    "a stage in a branch": ({"line": 24, "hitCondition": "1"}, [1]),
}


@pytest.mark.parametrize("case", HITS)
async def test_when_they_hit(case: str, tmp_path: Path) -> None:
    one, counts = HITS[case]
    path = write(tmp_path, a=TEXT)
    async with home(tmp_path) as at, introduced(at) as client:
        await client.launch("a.pipeline.yaml", before=[lines(path, one)])
        for count in counts:
            assert (await client.stopped())["reason"] == "breakpoint"
            assert (await client.request("evaluate", {"expression": "state.count"}))["result"] == str(count)
            await client.request("continue", {"threadId": 1})
        assert await client.ended() == 0
        assert len(client.events("stopped")) == len(counts)


async def test_log_points_say_and_do_not_stop(tmp_path: Path) -> None:
    path = write(tmp_path, a=TEXT)
    log = {"line": 18, "logMessage": "count is {state.count}, {{kept}}, {nothing.here}", "condition": "state.count < 2"}
    async with home(tmp_path) as at, introduced(at) as client:
        await client.launch("a.pipeline.yaml", before=[lines(path, log)])
        assert await client.ended() == 0
        said = [one for one in client.events("output") if "line" in one]
        assert [one["output"].split(", <")[0] for one in said] == [f"count is {n}, {{kept}}" for n in (0, 1)]
        assert (said[0]["line"], said[0]["source"]["path"]) == (18, str(path))
        assert not client.events("stopped")


async def test_rules_of_policies(tmp_path: Path) -> None:
    path = write(tmp_path, a=TEXT.replace("state: {c", "policies: [guard.policy.yaml]\nstate: {c"), guard=POLICY)
    guard = path.with_name("guard.policy.yaml")
    async with home(tmp_path) as at, introduced(at) as client:
        (answer,) = await client.launch("a.pipeline.yaml", before=[lines(guard, 7, 2, 11)])
        told, above, below = answer["breakpoints"]
        assert above["message"] == "nothing runs on this line; the first rule is on line 5"
        assert below["message"] == "nothing runs on this line; the last rule is on line 5"
        assert (told["verified"], told["line"], told["source"]["path"]) == (True, 5, str(guard))
        stop = await client.stopped()
        assert (stop["reason"], stop["description"]) == ("breakpoint", "before the agent of first")
        sources = (await client.request("loadedSources"))["sources"]
        assert [one["path"] for one in sources] == [str(path), str(guard)]


FUNCTIONS = {
    "stage:first": "before first",
    "fir*": "before first",
    "agent:say": "before the agent of first",
    "inner": "before third.right.inner",
    "third.right.inner": "before third.right.inner",
}


@pytest.mark.parametrize("name", FUNCTIONS)
async def test_functions_are_stages_agents_tools_and_policies(name: str, tmp_path: Path) -> None:
    write(tmp_path, a=TEXT)
    async with home(tmp_path) as at, introduced(at) as client:
        asked = ("setFunctionBreakpoints", {"breakpoints": [{"name": name}]})
        (answer,) = await client.launch("a.pipeline.yaml", before=[asked])
        (told,) = answer["breakpoints"]
        assert told == {"id": 1, "verified": True}
        stop = await client.stopped()
        assert (stop["reason"], stop["description"]) == ("function breakpoint", FUNCTIONS[name])
        assert stop["hitBreakpointIds"] == [1]


async def test_names_that_can_not_be_come_to(tmp_path: Path) -> None:
    write(tmp_path, a=TEXT)
    names = {"frist": "there is no stage frist", "tool:x": "there is no tool x", "node:x": "'node' is none of"}
    async with home(tmp_path) as at, introduced(at) as client:
        asked = ("setFunctionBreakpoints", {"breakpoints": [{"name": name} for name in names]})
        (answer,) = await client.launch("a.pipeline.yaml", noDebug=True, before=[asked])
        for told, said in zip(answer["breakpoints"], names.values(), strict=True):
            assert not told["verified"]
            assert told["message"].startswith(said)
        assert 'did you mean "first"' in answer["breakpoints"][0]["message"]
        await client.ended()


FAILING = """\
pipeline: f
language: 1
agents: {breaks: {command: [sh, -c, "exit 3"]}}
stages:
  first: {agent: breaks, on_error: second}
  second: {agent: breaks}
"""
FILTERS: dict[str, tuple[Any, list[str]]] = {
    "by name": ({"filters": ["agent_error"]}, ["first", "second"]),
    "by option": ({"filters": [], "filterOptions": [{"filterId": "agent_error"}]}, ["first", "second"]),
    "with a condition": (
        {"filters": [], "filterOptions": [{"filterId": "agent_error", "condition": 'error.stage == "second"'}]},
        ["second"],
    ),
    "another one": ({"filters": ["policy_denied", "limit"]}, []),
    "none": ({"filters": []}, []),
}


@pytest.mark.parametrize("case", FILTERS)
async def test_exception_filters(case: str, tmp_path: Path) -> None:
    asked, stages = FILTERS[case]
    write(tmp_path, f=FAILING)
    async with home(tmp_path) as at, introduced(at) as client:
        before = [("setExceptionBreakpoints", asked)]
        (answer,) = await client.launch("f.pipeline.yaml", before=before)
        wanted = len(asked["filters"]) + len(asked.get("filterOptions", ()))
        assert [one["verified"] for one in answer["breakpoints"]] == [True] * wanted
        for stage in stages:
            stop = await client.stopped()
            assert (stop["reason"], stop["description"]) == ("exception", f"An agent failed: {stage} failed")
            info = await client.request("exceptionInfo", {"threadId": 1})
            assert info["exceptionId"].startswith("agent/")
            assert f"at {stage}" in info["details"]["stackTrace"]
            await client.request("continue", {"threadId": 1})
        assert await client.ended() == 1


async def test_filters_that_make_no_sense(tmp_path: Path) -> None:
    asked = {"filters": ["agent_eror"], "filterOptions": [{"filterId": "limit", "condition": "1 +"}]}
    async with home(tmp_path) as at, introduced(at) as client:
        one, two = (await client.request("setExceptionBreakpoints", asked))["breakpoints"]
        assert 'did you mean "agent_error"' in one["message"]
        assert two["message"].startswith("condition: ")


async def test_a_path_through_a_link_is_the_same_file(tmp_path: Path) -> None:
    folder = tmp_path / "real"
    folder.mkdir()
    write(folder, a=TEXT)
    (tmp_path / "link").symlink_to(folder)
    path = tmp_path / "link" / "a.pipeline.yaml"
    async with home(folder) as at, introduced(at) as client:
        (answer,) = await client.launch(str(path), before=[lines(path, 9)])
        assert json.dumps(answer["breakpoints"][0]["source"]["path"]) == json.dumps(str(path))
        await client.stopped()
        assert (await client.stack())[0]["source"]["path"] == str(path)


async def test_breakpoints_while_it_runs(tmp_path: Path) -> None:
    """They hold from then on, and the run is not stopped to set them."""
    text = TEXT.replace(
        "say: {command: [echo, hi]}", 'say: {command: [sh, -c, "until [ -e go ]; do sleep 0.02; done; echo hi"]}'
    )
    path = write(tmp_path, a=text)
    async with home(tmp_path) as at, introduced(at) as client:
        await client.launch("a.pipeline.yaml")
        assert (await client.request(*lines(path, 18)))["breakpoints"][0]["verified"]
        assert (await client.refused("stackTrace", {"threadId": 1}))[1] == "the run is going on"
        assert not client.events("stopped")
        (tmp_path / "go").touch()
        assert (await client.stopped())["description"] == "before second"
