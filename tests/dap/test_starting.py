"""From `launch` or `attach` to the first stop, and every way in which a start can fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dap.client import home, introduced, write
from pointsman_dap.errors import IDS

TEXT = """\
pipeline: p
language: 1
input: {type: object, properties: {name: {type: string, default: nobody}}}
output: ${{ outputs.first }}
agents:
  say: {command: [sh, -c, 'echo "$1 $GREETING $(pwd)" > said; echo called >> calls', sh, "${{ input.name }}"]}
stages:
  first: {agent: say}
"""
FAILING = """\
pipeline: f
language: 1
agents: {breaks: {command: [sh, -c, "echo broken >&2; exit 3"]}}
stages:
  first: {agent: breaks}
"""


async def test_the_start_order(tmp_path: Path) -> None:
    path = write(tmp_path, a=TEXT)
    async with home(tmp_path) as at, introduced(at) as client:
        lines = {"source": {"path": str(path)}, "breakpoints": [{"line": 8}]}
        await client.launch("a.pipeline.yaml", stopOnEntry=True, before=[("setBreakpoints", lines)])
        assert await client.stopped() == {
            "reason": "breakpoint",
            "description": "before first",
            "threadId": 1,
            "allThreadsStopped": True,
            "preserveFocusHint": False,
            "hitBreakpointIds": [1],
        }
        await client.request("continue", {"threadId": 1})
        assert await client.ended() == 0
        assert await client.leave() == 0
        assert client.order() == [
            "-> initialize",
            "<- initialize",
            "-> launch",
            "<- (initialized)",
            "-> setBreakpoints",
            "<- setBreakpoints",
            "-> configurationDone",
            "<- configurationDone",
            "<- launch",
            "<- (process)",
            "<- (thread)",
            "<- (stopped)",
            "-> continue",
            "<- continue",
            "<- (output)",
            "<- (exited)",
            "<- (terminated)",
            "-> disconnect",
            "<- disconnect",
        ]


async def test_nothing_happens_before_the_client_is_done(tmp_path: Path) -> None:
    write(tmp_path, a=TEXT)
    async with home(tmp_path) as at, introduced(at) as client:
        client.ask("launch", {"program": "a.pipeline.yaml"})
        await client.event("initialized")
        for _ in range(50):
            await client.request("threads")
        assert not (tmp_path / "calls").exists()
        assert client.order()[-1] == "<- threads"


async def test_breakpoints_before_the_run_wait_for_it(tmp_path: Path) -> None:
    path = write(tmp_path, a=TEXT)
    async with home(tmp_path) as at, introduced(at) as client:
        asked = {"source": {"path": str(path)}, "breakpoints": [{"line": 8}]}
        (early,) = (await client.request("setBreakpoints", asked))["breakpoints"]
        assert (early["verified"], early["reason"]) == (False, "pending")
        await client.launch("a.pipeline.yaml")
        (told,) = client.events("breakpoint")
        assert (told["reason"], told["breakpoint"]["verified"], told["breakpoint"]["id"]) == (
            "changed",
            True,
            early["id"],
        )
        assert (await client.stopped())["hitBreakpointIds"] == [early["id"]]


LAUNCHES: dict[str, tuple[dict[str, Any], str]] = {
    "relative to the folder": ({"program": "a.pipeline.yaml", "cwd": "deep"}, "nobody hello {root}/deep"),
    "relative to the workspace": ({"program": "deep/b.pipeline.yaml"}, "nobody hello {root}"),
    "absolute": ({"program": "{root}/a.pipeline.yaml"}, "nobody hello {root}"),
    "as a URI": ({"program": "file://{root}/a.pipeline.yaml"}, "nobody hello {root}"),
    "by name": ({"program": "a.pipeline.yaml#p"}, "nobody hello {root}"),
    "an input": ({"program": "a.pipeline.yaml", "input": {"name": "Ada"}}, "Ada hello {root}"),
    "an input file": ({"program": "a.pipeline.yaml", "input": "input.json"}, "Grace hello {root}"),
    "an environment": ({"program": "a.pipeline.yaml", "env": {"GREETING": "ahoj"}}, "nobody ahoj {root}"),
    "an environment without": ({"program": "a.pipeline.yaml", "env": {"GREETING": None}}, "nobody  {root}"),
    "without debugging": ({"program": "a.pipeline.yaml", "noDebug": True, "stopOnEntry": True}, "nobody hello {root}"),
}


@pytest.mark.parametrize("case", LAUNCHES)
async def test_launch(case: str, tmp_path: Path) -> None:
    given, expected = LAUNCHES[case]
    write(tmp_path, a=TEXT)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.pipeline.yaml").write_text(TEXT, "utf-8")
    (tmp_path / "input.json").write_text('{"name": "Grace"}', "utf-8")
    arguments: dict[str, Any] = {
        key: value.format(root=tmp_path) if isinstance(value, str) else value for key, value in given.items()
    }
    async with home(tmp_path) as at, introduced(at) as client:
        at.env = {**at.env, "GREETING": "hello"}
        await client.launch(**arguments)
        assert await client.ended() == 0
    (said,) = tmp_path.rglob("said")
    assert said.read_text("utf-8").rstrip("\n") == expected.format(root=tmp_path)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no program": ({"program": ""}, "`program` names no pipeline"),
    "no such file": ({"program": "b.pipeline.yaml"}, "there is no file"),
    "no such pipeline": ({"program": "a.pipeline.yaml#q"}, "has no pipeline q"),
    "no pipeline": ({"program": "x.policy.yaml"}, "is no pipeline"),
    "a broken one": ({"program": "broken.pipeline.yaml"}, "there is no agent nobody"),
    "an unfit input": ({"program": "a.pipeline.yaml", "input": {"name": 5}}, "name"),
    "an input file that is none": ({"program": "a.pipeline.yaml", "input": "none.json"}, "there is no file"),
    "an input file of no JSON": ({"program": "a.pipeline.yaml", "input": "a.pipeline.yaml"}, "is no JSON"),
    "a folder that is none": ({"program": "a.pipeline.yaml", "cwd": "none"}, "there is no folder"),
    "an answer to nobody": ({"program": "a.pipeline.yaml", "answers": {"x": 1}}, "no stage x asks"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_a_launch_that_fails_says_why_and_ends(case: str, tmp_path: Path) -> None:
    arguments, said = REFUSED[case]
    broken = "pipeline: p\nlanguage: 1\nstages:\n  first: {agent: nobody}\n"
    write(tmp_path, a=TEXT, broken=broken, x="policy: x\nlanguage: 1\nversion: 1\nrules: []\n")
    async with home(tmp_path) as at, introduced(at) as client:
        seq = client.ask("launch", arguments)
        answer = await client.answer(seq)
        await client.event("terminated")
        error = answer["body"]["error"]
        assert (error["id"], error["showUser"]) == (IDS["launchFailed"], True)
        assert said in error["variables"]["sentence"]
        assert answer["message"] == error["variables"]["sentence"]
        assert not client.events("initialized")
        assert await client.leave() == 0


EXITS = {
    "completed": ("agents: {a: {command: ['true']}}\nstages: {first: {agent: a}}", 0),
    "failed": ("agents: {a: {command: ['false']}}\nstages: {first: {agent: a}}", 1),
    "limit": (
        "limits: {hops: 2}\nagents: {a: {command: ['true']}}\n"
        "stages: {first: {agent: a, next: second}, second: {agent: a, next: first}}",
        3,
    ),
}


@pytest.mark.parametrize("outcome", EXITS)
async def test_exit_codes(outcome: str, tmp_path: Path) -> None:
    stages, code = EXITS[outcome]
    write(tmp_path, a=f"pipeline: p\nlanguage: 1\n{stages}\n")
    async with home(tmp_path) as at, introduced(at) as client:
        await client.launch("a.pipeline.yaml", noDebug=True)
        assert await client.ended() == code


async def test_attach_to_a_run_that_has_failed(tmp_path: Path) -> None:
    """It opens at the fault, with the lines as they were."""
    write(tmp_path, a=TEXT, f=FAILING)
    async with home(tmp_path) as at:
        async with introduced(at) as client:
            await client.launch("f.pipeline.yaml", noDebug=True)
            assert await client.ended() == 1
        async with introduced(at) as client:
            await client.launch("a.pipeline.yaml", noDebug=True)
            assert await client.ended() == 0
        async with introduced(at) as client:
            await client.attach("latest:failed")
            stop = await client.stopped()
            assert (stop["reason"], stop["description"]) == ("exception", "An agent failed: replayed: first failed")
            frame = (await client.stack())[0]
            assert frame["source"]["path"] == str(tmp_path / "f.pipeline.yaml")
            assert client.events("process")[0]["startMethod"] == "attach"
            back = await client.step("reverseContinue")
            assert (back["reason"], back["text"]) == ("entry", "start of recording")
            end = await client.step("continue")
            assert (end["reason"], end["text"]) == ("step", "end of recording")
            await client.request("terminate")
            await client.event("terminated")
            assert await client.leave() == 0
        async with introduced(at) as client:
            await client.attach("latest", stopOnEntry=True)
            assert (await client.stopped())["text"] == "start of recording"
            assert (await client.stack())[0]["name"] == "first"
    assert (tmp_path / "calls").read_text() == "called\n"


async def test_attach_to_what_is_not_there(tmp_path: Path) -> None:
    write(tmp_path, a=TEXT)
    async with home(tmp_path) as at:
        for run in ("latest", "2026"):
            async with introduced(at) as client:
                answer = await client.answer(client.ask("attach", {"run": run}))
                await client.event("terminated")
                assert answer["body"]["error"]["id"] == IDS["attachFailed"]
                assert answer["body"]["error"]["showUser"]


async def test_the_text_as_it_ran_where_the_file_has_changed(tmp_path: Path) -> None:
    path = write(tmp_path, f=FAILING)
    async with home(tmp_path) as at:
        async with introduced(at) as client:
            await client.launch("f.pipeline.yaml", noDebug=True)
            await client.ended()
        path.write_text("# one more line\n" + FAILING.replace("{agent: breaks}", "{agent: other}"), "utf-8")
        async with introduced(at) as client:
            lines = {"source": {"path": str(path)}, "breakpoints": [{"line": 6}, {"line": 7}]}
            (answer,) = await client.attach("latest", before=[("setBreakpoints", lines)])
            stage, other = answer["breakpoints"]
            assert stage["verified"], "the stage is still there, on another line and with another agent"
            assert stage["line"] == 6
            assert not other["verified"]
            assert "has changed" in other["message"]
            await client.stopped()
            source = (await client.stack())[0]["source"]
            assert "path" not in source
            assert source["name"] == "f.pipeline.yaml"
            assert source["origin"].startswith("as of run ")
            text = await client.request("source", {"sourceReference": source["sourceReference"]})
            assert text["content"] == FAILING
            pinned = {"source": {"sourceReference": source["sourceReference"]}, "breakpoints": [{"line": 5}]}
            (bound,) = (await client.request("setBreakpoints", pinned))["breakpoints"]
            assert bound["verified"]
            assert bound["id"] in (await client.step("reverseContinue"))["hitBreakpointIds"]
        path.write_text(FAILING, "utf-8")
        async with introduced(at) as client:
            await client.attach("")  # some clients send a field that was left empty
            await client.stopped()
            assert (await client.stack())[0]["source"]["path"] == str(path)


async def test_breakpoints_follow_their_lines_when_the_file_is_edited(tmp_path: Path) -> None:
    """The run goes on with the text it began with; an editor sends its breakpoints anew after each save."""
    text = TEXT + "  second: {agent: say}\n  third: {agent: say}\n"
    path = write(tmp_path, a=text)
    async with home(tmp_path) as at, introduced(at) as client:
        await client.launch("a.pipeline.yaml", stopOnEntry=True)
        await client.stopped()
        path.write_text(text.replace("  second:", "  # two\n  # more lines\n  second:"), "utf-8")
        lines = {"source": {"path": str(path)}, "breakpoints": [{"line": 11}, {"line": 12, "column": 3}, {"line": 9}]}
        told = (await client.request("setBreakpoints", lines))["breakpoints"]
        assert [(one["verified"], one["line"]) for one in told] == [(True, 11), (True, 12), (False, 9)]
        assert told[0]["source"]["path"] == str(path)
        assert (await client.step("continue"))["description"] == "before second"
        assert (await client.stack())[0]["line"] == 9
        assert (await client.step("continue"))["description"] == "before third"
        found = await client.request("breakpointLocations", {"source": {"path": str(path)}, "line": 1, "endLine": 20})
        assert found["breakpoints"] == []
        await client.request("continue", {"threadId": 1})
        assert await client.ended() == 0
