"""Values changed at a stop: what runs on with them, what is refused and why, who is told, and the journal's word."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from dap.client import Client, connected, home, introduced, write
from e2e.cli import pointsman
from pointsman.journal import open_store
from pointsman.journal.replay import replay
from pointsman.kernel.events import Edited
from pointsman_dap.errors import IDS

TEXT = """\
pipeline: p
language: 1
input: {type: object}
state:
  level: {type: integer, default: 1}
  notes: {type: array, default: [], merge: append}
output: {said: "${{ outputs.?say.orValue(null) }}", level: "${{ state.level }}"}
agents:
  make: {command: [sh, -c, 'echo made >> made.txt; echo "$1"', x, "${{ args.value }}"], parse: json}
  say: {command: [echo, "${{ args.word }}"], parse: text}
stages:
  first:
    agent: make
    with: {value: '{"n": 1, "list": [1, 2]}', secret: sk-canary}
    result: {type: object, required: [n], properties: {n: {type: integer}}}
    routes: [{when: result.n > 10, to: say}, {to: end}]
  say:
    agent: say
    with: {word: "${{ outputs.first.list[1] }}"}
"""


async def into(client: Client, scope: str, *names: str) -> int:
    """The handle of what lies in a scope, by names."""
    reference = (await client.scopes())[scope]
    for name in names:
        reference = (await client.variables(reference))[name]["variablesReference"]
    return reference


async def set_variable(client: Client, reference: int, name: str, value: str) -> Any:
    """Change one and read the answer."""
    return await client.request("setVariable", {"variablesReference": reference, "name": name, "value": value})


def edits(folder: Path) -> list[tuple[str, Edited]]:
    """The edits of the last run, with their branches; the run must replay as it is."""
    store = open_store(folder)
    try:
        run = store.run("latest")
        found = replay(store, run.id)
        assert found.agrees, found.problem
        assert found.compared >= 3
        return [(one.branch, one.event) for one in store.records(run.id) if isinstance(one.event, Edited)]
    finally:
        store.close()


async def test_a_run_goes_on_with_what_was_changed(tmp_path: Path) -> None:
    write(tmp_path, a=TEXT)
    async with home(tmp_path) as at, introduced(at, supportsInvalidatedEvent=True) as client:
        await client.launch("a.pipeline.yaml", input={}, stopOnEntry=True)
        await client.stopped()
        await client.step("stepIn")
        args = await into(client, "Args")
        changed = await set_variable(client, args, "value", '"{\\"n\\": 2, \\"list\\": [3, 4]}"')
        assert changed["type"] == "string"
        assert (await client.variables(await into(client, "Args")))["value"]["value"] == changed["value"]
        await client.step("stepIn")  # the agent has run
        result = await into(client, "Result")
        assert (await client.variables(result))["n"]["value"] == "2"
        changed = await set_variable(client, result, "n", "11")
        assert changed == {"value": "11", "type": "int", "variablesReference": 0}
        output = await into(client, "Outputs", "first")  # what it will be is shown already
        assert (await set_variable(client, output, "n", "12"))["value"] == "12"
        changed = await set_variable(client, await into(client, "Result", "list"), "[1]", "bare words")
        assert changed["value"] == '"bare words"'
        assert (await client.request("evaluate", {"expression": "outputs.first.list[1]"}))["result"] == '"bare words"'
        changed = await set_variable(client, await into(client, "State"), "notes", '[1, {"a": null}]')
        assert (changed["value"], changed["type"]) == ("[1, {a: null}]", "list")
        assert [name for name in await client.variables(changed["variablesReference"])] == ["[0]", "[1]"]
        frame = (await client.stack())[0]["id"]
        changed = await client.request("setExpression", {"expression": "state.level", "value": "5", "frameId": frame})
        assert changed["value"] == "5"
        assert client.events("invalidated") == [{"areas": ["variables"]}] * 6
        order = client.order()
        assert order[order.index("<- (invalidated)") - 1] == "<- setVariable"  # told after the answer
        await client.step("next")
        assert (await client.stack())[0]["name"].startswith("say")
        await client.request("continue", {"threadId": 1})
        assert await client.ended() == 0
        assert client.outputs("stdout") == ""
    assert (tmp_path / "made.txt").read_text() == "made\n"
    made = edits(tmp_path)
    shown = pointsman("show", "latest", cwd=tmp_path)
    assert "edited" in shown.out
    assert "first: result.list[1] = bare words by tester" in shown.out
    assert pointsman("replay", "latest", cwd=tmp_path).code == 0
    assert [(branch, event.path, event.by) for branch, event in made] == [
        ("main", ("args", "value"), "tester"),
        ("main", ("result", "n"), "tester"),
        ("main", ("result", "n"), "tester"),
        ("main", ("result", "list", 1), "tester"),
        ("main", ("state", "notes"), "tester"),
        ("main", ("state", "level"), "tester"),
    ]
    store = open_store(tmp_path)
    try:
        ended = [one.event for one in store.records(store.run("latest").id)][-1]
    finally:
        store.close()
    assert ended.output == {"said": "bare words\n", "level": 5}  # type: ignore[attr-defined]  # the run's end


REFUSED = [
    ("enter", "args.value", "1", "step in, and edit them before its agent runs"),
    ("enter", "state.level", '"high"', "state.level: "),
    ("enter", "state.level", "high", "is not of type"),
    ("enter", "state.levle", "1", "the state has no key levle"),
    ("enter", "outputs.first", "1", "no stage first has put anything out"),
    ("enter", "input.n", "1", "input is what it is: only args, result, outputs, state can be edited"),
    ("enter", "run.id", "1", "run is what it is"),
    ("enter", "state.level + 1", "1", "state.level + 1 is computed: there is nothing to edit"),
    ("enter", "size(state.notes)", "1", "is computed"),
    ("enter", "state.notes[0]", "1", "there is no 0 to edit"),
    ("agent", "args", "[]", "the arguments are a mapping of names to values"),
    ("agent", "result", "1", "first has no result yet"),
    ("route", "args.value", "1", "the agent of first has its arguments already"),
    ("route", "result.n", '"x"', "the result breaks its contract: n: "),
    ("route", "result", "{}", '"n" is a required property'),
]


@pytest.mark.parametrize(("part", "expression", "value", "rule"), REFUSED)
async def test_what_breaks_a_rule_is_refused_with_it(
    tmp_path: Path, part: str, expression: str, value: str, rule: str
) -> None:
    write(tmp_path, a=TEXT)
    async with home(tmp_path) as at, introduced(at) as client:
        await client.launch("a.pipeline.yaml", input={}, stopOnEntry=True)
        await client.stopped()
        for _ in range(("enter", "agent", "route").index(part)):
            await client.step("stepIn")
        code, said = await client.refused("setExpression", {"expression": expression, "value": value})
        assert code == IDS["notEdited"]
        assert rule in said
        await client.request("disconnect", {"terminateDebuggee": True})
    assert edits_of_any(tmp_path) == 0


def edits_of_any(folder: Path) -> int:
    """How many edits the journal holds."""
    store = open_store(folder)
    try:
        return sum(isinstance(one.event, Edited) for one in store.records(store.run("latest").id))
    finally:
        store.close()


async def test_the_past_is_looked_at_and_not_edited(tmp_path: Path) -> None:
    write(tmp_path, a=TEXT)
    past = "you are looking at the past; go forward or continue to edit"
    async with home(tmp_path) as at, introduced(at) as client:
        await client.launch("a.pipeline.yaml", input={}, stopOnEntry=True)
        await client.stopped()
        await client.step("stepIn")
        stale = await into(client, "State")
        await client.step("stepBack")
        state = await into(client, "State")
        assert (await client.refused("setVariable", arguments(state, "level", "2"))) == (IDS["notEdited"], past)
        stale_code, _ = await client.refused("setVariable", arguments(stale, "level", "2"))
        assert stale_code == IDS["staleReference"]
        unknown_code, _ = await client.refused("setVariable", arguments(state, "nothing", "2"))
        assert unknown_code == IDS["unknownReference"]
        await client.step("next")
        await set_variable(client, await into(client, "State"), "level", "2")
        await client.step("stepBack")
        assert (await client.variables(await into(client, "State")))["level"]["value"] == "1"
        await client.request("continue", {"threadId": 1})
        assert await client.ended() == 0
    async with home(tmp_path) as at, introduced(at) as client:
        await client.attach("latest")
        await client.stopped()
        state = await into(client, "State")
        _, said = await client.refused("setVariable", arguments(state, "level", "3"))
        assert "is recorded: what has happened stays as it was" in said
        await client.leave()
    assert [event.path for _, event in edits(tmp_path)] == [("state", "level")]


def arguments(reference: int, name: str, value: str) -> dict[str, Any]:
    """Of a setVariable."""
    return {"variablesReference": reference, "name": name, "value": value}


async def test_all_clients_of_a_run_see_an_edit(tmp_path: Path) -> None:
    write(tmp_path, a=TEXT)
    async with home(tmp_path) as at, introduced(at) as first, connected(at) as second:
        await first.launch("a.pipeline.yaml", input={}, stopOnEntry=True)
        await first.stopped()
        able = {"adapterID": "pointsman", "supportsInvalidatedEvent": True}
        await second.request("initialize", able)
        await second.attach("latest")
        await second.stopped()
        frame = (await second.stack())[0]["id"]
        await set_variable(first, await into(first, "State"), "level", "3")
        assert await second.event("invalidated") == {"areas": ["variables"]}
        shown = await second.request("evaluate", {"expression": "state.level", "frameId": frame})
        assert shown["result"] == "3"  # by the handle it had
        assert first.events("invalidated") == []  # it never said that it knows the event
        assert len(second.events("stopped")) == 1
        await second.leave()
        await first.request("disconnect", {"terminateDebuggee": True})


WATCH = """\
policy: watch
language: 1
version: 1
default: allow
rules:
  - {id: no_tens, at: [agent.invoke], match: {agent: say}, when: 'args.word == "ten"', effect: deny, reason: tens}
reasons: {tens: Nobody says ten.}
redact: [{pattern: 'sk-[a-z]+'}]
"""


async def test_policies_see_what_was_edited_and_secrets_stay_hidden(tmp_path: Path) -> None:
    guarded = TEXT.replace("stages:\n", "policies: [watch.policy.yaml]\nstages:\n", 1)
    write(tmp_path, a=guarded.replace("{to: end}]", "{to: say}]"))
    (tmp_path / "watch.policy.yaml").write_text(WATCH)
    async with home(tmp_path) as at, introduced(at, supportsInvalidatedEvent=True) as client:
        breakpoint = ("setFunctionBreakpoints", {"breakpoints": [{"name": "agent:*"}]})
        await client.launch("a.pipeline.yaml", input={}, before=[breakpoint])
        await client.stopped()
        args = await into(client, "Args")
        changed = await set_variable(client, args, "secret", "sk-othercanary")
        assert "canary" not in changed["value"]
        hidden = changed["value"].strip('"')
        _, said = await client.refused("setVariable", arguments(args, "secret", hidden))
        assert "edit the parts that are" in said
        assert client.events("invalidated") == [{"areas": ["stacks", "variables"]}]
        assert (await client.stack())[0]["name"].startswith("policy before")  # they are asked again
        await client.step("continue")  # the agent: allowed
        await client.step("continue")  # the agent of the next stage
        await client.request("setExpression", {"expression": "args.word", "value": "ten"})
        await client.request("continue", {"threadId": 1})
        assert await client.ended() == 4
        assert b"canary" not in client.raw
    assert [event.path[-1] for _, event in edits(tmp_path)] == ["secret", "word"]


async def test_a_running_run_is_not_edited(tmp_path: Path) -> None:
    text = TEXT.replace("echo made >> made.txt;", "touch running; until test -e go; do sleep 0.01; done;")
    write(tmp_path, a=text)
    async with home(tmp_path) as at, introduced(at) as client:
        await client.launch("a.pipeline.yaml", input={}, stopOnEntry=True)
        await client.stopped()
        await client.request("continue", {"threadId": 1})
        async with asyncio.timeout(20):
            while not (tmp_path / "running").exists():
                await asyncio.sleep(0.01)  # another process makes the file, and tells nobody
        code, _ = await client.refused("setExpression", {"expression": "state.level", "value": "2"})
        assert code == IDS["notStopped"]
        (tmp_path / "go").touch()
        assert await client.ended() == 0
    assert edits_of_any(tmp_path) == 0


BRANCHES = """\
pipeline: p
language: 1
state: {level: {type: integer, default: 1}, seen: {type: array, default: [], merge: append}}
output: "${{ state }}"
stages:
  f:
    fork:
      left: {stages: {a: {set: {seen: left}}, b: {set: {seen: "${{ state.level }}"}}}}
      right: {stages: {c: {set: {seen: right}}, d: {set: {seen: "${{ state.level }}"}}}}
"""


async def test_an_edit_is_that_of_the_branch_it_was_shown_in(tmp_path: Path) -> None:
    write(tmp_path, a=BRANCHES)
    async with home(tmp_path) as at, introduced(at) as client:
        stops = ("setFunctionBreakpoints", {"breakpoints": [{"name": "a"}]})
        await client.launch("a.pipeline.yaml", input={}, before=[stops])
        stopped = (await client.stopped())["threadId"]
        threads = (await client.request("threads"))["threads"]
        other = next(one["id"] for one in threads if one["name"].endswith("right"))
        assert other != stopped
        here = (await client.scopes(stopped))["State"]
        state = (await client.scopes(other))["State"]
        assert here != state
        await set_variable(client, state, "level", "7")
        assert (await client.variables((await client.scopes(other))["State"]))["level"]["value"] == "7"
        assert (await client.variables((await client.scopes(stopped))["State"]))["level"]["value"] == "1"
        _, said = await client.refused("setVariable", arguments(state, "seen", "[]"))
        assert said.startswith("state.seen is merged when the branches join")
        await client.request("continue", {"threadId": stopped})
        assert await client.ended() == 0
    store = open_store(tmp_path)
    try:
        ended = [one.event for one in store.records(store.run("latest").id)][-1]
    finally:
        store.close()
    assert ended.output == {"level": 7, "seen": ["left", 1, "right", 7]}  # type: ignore[attr-defined]  # the run's end
    assert [branch for branch, _ in edits(tmp_path)] == ["main/f.right"]
