"""Starts that are refused or taken back: what is hidden in the reason, and that the end is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from dap.client import home, introduced, write
from pointsman_dap.errors import IDS

TEXT = """\
pipeline: p
language: 1
input: {type: object, properties: {password: {type: string}}}
policies: [hides.policy.yaml]
agents:
  say: {command: [echo, hi]}
stages:
  first: {agent: say}
"""
PLAIN = TEXT.replace("policies: [hides.policy.yaml]\n", "")
HIDES = "policy: hides\nlanguage: 1\nversion: 1\nrules: []\nredact: [{what}]\n"

RULES = {
    "the workspace, by path": ("redact = [{path = 'input.password'}]", "{pattern: nothing}"),
    "the workspace, by pattern": ("redact = [{pattern = 'sk-[A-Za-z0-9]+'}]", "{pattern: nothing}"),
    "a policy, by path": ("", "{path: input.password}"),
    "a policy, by pattern": ("", "{pattern: 'sk-[A-Za-z0-9]+'}"),
}


@pytest.mark.parametrize("case", RULES)
async def test_a_refused_launch_hides_what_a_run_would(case: str, tmp_path: Path) -> None:
    settings, rule = RULES[case]
    write(tmp_path, a=TEXT, hides=HIDES.format(what=rule))
    (tmp_path / "pointsman.toml").write_text(settings, "utf-8")
    (tmp_path / "i.json").write_text('{"password": ["sk-CANARY9"]}', "utf-8")
    async with home(tmp_path) as at:
        for given in ("i.json", {"password": ["sk-CANARY9"]}):
            async with introduced(at) as client:
                code, said = await client.refused("launch", {"program": "a.pipeline.yaml", "input": given})
                assert code == IDS["launchFailed"]
                assert "password" in said
                assert b"CANARY9" not in client.raw


async def test_a_number_at_a_hidden_path_is_not_quoted(tmp_path: Path) -> None:
    write(tmp_path, a=TEXT, hides=HIDES.format(what="{path: input.password}"))
    async with home(tmp_path) as at:
        for given in (31415926, {"pin": [31415926]}):
            async with introduced(at) as client:
                asked = {"program": "a.pipeline.yaml", "input": {"password": given}}
                _, said = await client.refused("launch", asked)
                assert "password" in said
                assert b"31415926" not in client.raw


async def test_an_input_of_too_many_levels_is_refused(tmp_path: Path) -> None:
    write(tmp_path, a=TEXT, hides=HIDES.format(what="{path: input.password}"))
    (tmp_path / "deep.json").write_text('{"password": ' + "[" * 900 + "]" * 900 + "}", "utf-8")
    async with home(tmp_path) as at, introduced(at) as client:
        code, _ = await client.refused("launch", {"program": "a.pipeline.yaml", "input": "deep.json"})
        assert code == IDS["launchFailed"]
        assert not client.events("output")


UNFIT = {
    "a NUL in the program": ("launch", {"program": "a\0.pipeline.yaml"}, "badArguments"),
    "a NUL in a URI": ("launch", {"program": "file:///a%00.pipeline.yaml"}, "badArguments"),
    "a NUL in the input": ("launch", {"program": "a.pipeline.yaml", "input": "i\0.json"}, "badArguments"),
    "a NUL in the folder": ("launch", {"program": "a.pipeline.yaml", "cwd": "\0"}, "badArguments"),
    "no program": ("launch", {}, "launchFailed"),
    "a wrong type": ("launch", {"program": 5}, "badArguments"),
    "no text to attach to": ("attach", {"run": 5}, "badArguments"),
    "a name too long for a file": ("launch", {"program": "a" * 5000}, "launchFailed"),
    "an input's name too long": ("launch", {"program": "a.pipeline.yaml", "input": "a" * 5000}, "launchFailed"),
}


@pytest.mark.parametrize("case", UNFIT)
async def test_a_start_that_fits_nothing_is_refused_and_is_the_end(case: str, tmp_path: Path) -> None:
    command, arguments, code = UNFIT[case]
    write(tmp_path, a=PLAIN)
    async with home(tmp_path) as at, introduced(at) as client:
        seq = client.ask(command, arguments, lawful=False)
        answer = await client.answer(seq)
        assert answer["body"]["error"]["id"] == IDS[code], answer
        await client.event("terminated")
        assert not client.events("output")
        assert await client.leave() == 0


async def test_a_breakpoint_in_a_file_that_can_not_be_is_refused(tmp_path: Path) -> None:
    write(tmp_path, a=PLAIN)
    source = {"path": "a\0.pipeline.yaml"}
    lines = ("setBreakpoints", {"source": source, "breakpoints": [{"line": 1}]})
    async with home(tmp_path) as at, introduced(at) as client:
        assert (await client.refused(*lines))[0] == IDS["badArguments"]
        await client.launch("a.pipeline.yaml", stopOnEntry=True)
        await client.stopped()
        for command, arguments in (lines, ("breakpointLocations", {"source": source, "line": 1})):
            assert (await client.refused(command, arguments))[0] == IDS["badArguments"]
        assert not client.events("output")


async def test_a_start_is_taken_back_by_terminate(tmp_path: Path) -> None:
    write(tmp_path, a=PLAIN)
    async with home(tmp_path) as at, introduced(at) as client:
        starting = client.ask("launch", {"program": "a.pipeline.yaml"})
        await client.event("initialized")
        await client.request("terminate")
        assert (await client.answer(starting))["message"] == "cancelled"
        await client.event("terminated")
        assert (await client.refused("terminate"))[0] == IDS["ended"]
        assert (await client.refused("configurationDone"))[0] == IDS["alreadyStarted"]
        assert await client.leave() == 0
    assert not (tmp_path / ".pointsman").exists()


async def test_a_value_of_too_many_levels_is_no_edit(tmp_path: Path) -> None:
    write(tmp_path, a=PLAIN.replace("stages:", "state: {deep: {default: 1}}\nstages:"))
    async with home(tmp_path) as at, introduced(at) as client:
        await client.launch("a.pipeline.yaml", stopOnEntry=True)
        await client.stopped()
        for value in ('{"a":' * 2000, '{"a":' * 2000 + "1" + "}" * 2000, "[" * 100_000):
            code, said = await client.refused("setExpression", {"expression": "state.deep", "value": value})
            assert code == IDS["notEdited"]
            assert "levels" in said
        assert not client.events("output")
