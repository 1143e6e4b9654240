"""Whole sessions as nvim-dap, dap-mode and dape have them with the real adapter: run, stop, look, step, end."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from e2e.cli import ROOT, SECONDS, environment, workspace
from e2e.dap_editors import Dape, DapMode, NvimDap
from e2e.dap_sessions import FILES, adapter, line_of
from e2e.neovim import NVIM
from e2e.servers import server_of
from pointsman_dap.params import Attach, Launch, shaped

TRIAGE, CHECKS, REPLY = line_of("triage:"), line_of("checks:"), line_of("reply:")
MONEY = {"ticket": "my money back"}

PAGE = ROOT / "docs" / "how-to" / "debug-a-pipeline.md"
TABLES = """
local key = { __index = function() return function() end end }
local repl = setmetatable({}, key)
package.loaded.dap = setmetatable({ adapters = {}, configurations = {}, repl = repl }, key)
"""
SAY = """
local function plain(value)
  if type(value) == "table" then return vim.tbl_map(plain, value) end
  return type(value) == "function" and "function" or value
end
local all, adapter = require("dap"), nil
all.adapters.pointsman(function(told) adapter = told end)
io.write(vim.json.encode(plain({
  adapter = adapter, own = all.configurations["yaml.pointsman"], yaml = all.configurations.yaml,
})))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One workspace, and so one server, for all editors."""
    root = workspace(tmp_path_factory.mktemp("desk"), FILES)
    with server_of(root):
        yield root


@pytest.fixture
def desk(folder: Path) -> Path:
    """The pipeline."""
    return folder / "desk.pipeline.yaml"


def nvim(desk: Path, **more: object) -> dict[str, object]:
    """A configuration of nvim-dap; an empty table in Lua is a list."""
    return {
        "type": "pointsman",
        "request": "launch",
        "name": "Run this pipeline",
        "program": str(desk),
        "env": [],
        "answers": [],
        **more,
    }


def test_the_pages_lua_is_a_configuration(folder: Path, tmp_path: Path) -> None:
    """Neovim itself evaluates it; of nvim-dap, which no registry has, there are only the tables that it fills."""
    lua = re.findall(r"^```lua\n(.*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    (tmp_path / "page.lua").write_text("\n".join([TABLES, *lua, SAY]), "utf-8")
    ran = subprocess.run(
        [str(NVIM), "--clean", "-i", "NONE", "--headless", "-l", str(tmp_path / "page.lua")],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env=environment() | {"XDG_STATE_HOME": str(tmp_path)},
        check=True,
    )
    said = json.loads(ran.stderr + ran.stdout)
    options = {"cwd": str(folder)}
    assert said["adapter"] == {"type": "executable", "command": "pointsman", "args": ["dap"], "options": options}
    assert said["yaml"] == said["own"]
    for one in said["own"]:
        given = {key: value for key, value in one.items() if key not in ("type", "request", "name")}
        read = shaped(given, Launch) if one["request"] == "launch" else shaped(given, Attach)
        assert msgspec.to_builtins(read).items() >= given.items()


async def test_neovim_stops_looks_and_steps_both_ways(folder: Path, desk: Path) -> None:
    log = {"line": TRIAGE, "logMessage": "a ticket: {input.ticket}"}
    async with adapter(folder, NvimDap) as editor:
        await editor.run(nvim(desk, input=MONEY), {desk: [{"line": REPLY}, log]})
        stop = await editor.show()
        assert stop.at == ("reply", REPLY)
        assert stop.event["reason"] == "breakpoint"
        assert stop.frames[0]["source"]["path"] == str(desk)
        assert stop.scopes["Args"] == {"ticket": '"my money back"'}
        assert "Envelope" not in stop.scopes
        assert editor.threads == {1: "main"}
        parts = [(await editor.press("stepIn")).at[0] for _ in range(4)]
        assert parts == ["policy before", "agent draft", "model call scripted:replies.yaml", "tool call search"]
        back = await editor.press("stepBack")
        assert back.at[0] == "model call scripted:replies.yaml"
        assert (await editor.console("outputs.triage.intent", back.frames[0]["id"])) == "refund"
        assert (await editor.press("reverseContinue")).at == ("reply", REPLY)
        start = await editor.press("reverseContinue")
        assert (start.at, start.event["reason"]) == (("triage", TRIAGE), "entry")
        assert await editor.console(":why", start.frames[0]["id"]) == "main has not been routed yet"
        again = await editor.press("continue")
        assert (again.at, again.event["hitBreakpointIds"]) == (("reply", REPLY), stop.event["hitBreakpointIds"])
        await editor.move("continue")
        await editor.over()
        assert editor.outputs("console").count("a ticket: my money back\n") == 1
        assert editor.outputs("stdout") == "sorting my money back\n"


@pytest.mark.parametrize("resume_others", [True, False])
async def test_neovim_and_branches(folder: Path, desk: Path, resume_others: bool) -> None:
    """Its way of resuming whatever else stops finds nothing to resume: there is one stop at a time."""
    breaks = [{"line": line_of('fraud: {set: {notes: "no fraud"}}')}, {"line": CHECKS + 3}]
    async with adapter(folder, NvimDap) as editor:
        editor.resume_others = resume_others
        await editor.run(nvim(desk, input=MONEY), {desk: breaks})
        first = await editor.show()
        second = await editor.press("continue")
        assert [first.at[0], second.at[0]] == ["fraud", "budget"]
        assert first.event["threadId"] != second.event["threadId"]
        await editor.move("continue")
        await editor.over()


async def test_neovim_shows_what_failed(folder: Path, desk: Path) -> None:
    async with adapter(folder, NvimDap) as editor:
        await editor.run(nvim(desk, input={"ticket": ""}))
        stop = await editor.show()
        assert stop.event["reason"] == "exception"
        assert "an empty ticket" in stop.info["description"]
        await editor.terminate()
        await editor.over()


async def test_neovim_does_not_stop_for_faults_it_has_not_named(folder: Path, desk: Path) -> None:
    async with adapter(folder, NvimDap) as editor:
        editor.filters = ["policy_denied"]
        await editor.run(nvim(desk, input={"ticket": ""}))
        await editor.over()
        assert editor.events("stopped") == []
    async with adapter(folder, NvimDap) as editor:
        editor.filters = ["policy_denied"]
        await editor.run(nvim(desk, input={"ticket": "promise me"}))
        stop = await editor.show()
        assert "A reply may not promise anything" in stop.info["description"]
        await editor.move("continue")
        await editor.over()


async def test_neovim_opens_a_run_that_has_failed(folder: Path, desk: Path) -> None:
    async with adapter(folder, NvimDap) as editor:
        await editor.run(nvim(desk, input={"ticket": ""}))
        await editor.show()
        await editor.move("continue")
        await editor.over()
    async with adapter(folder, NvimDap) as editor:
        attach = {"type": "pointsman", "request": "attach", "name": "The last failed run", "run": "latest:failed"}
        await editor.run(attach)
        stop = await editor.show()
        assert stop.event["reason"] == "exception"
        assert "an empty ticket" in stop.info["description"]
        assert (await editor.press("stepBack")).at[0] == "agent classify"
        await editor.terminate()
        await editor.over()


async def test_dap_mode_stops_looks_and_steps(folder: Path, desk: Path) -> None:
    configuration = {"type": "pointsman", "request": "launch", "name": "desk", "cwd": str(folder), "input": MONEY}
    async with adapter(folder, DapMode) as editor:
        await editor.run({**configuration, "program": "desk.pipeline.yaml"}, {desk: [{"line": REPLY}]})
        stop = await editor.show()
        assert stop.at == ("reply", REPLY)
        scopes = await editor.open(stop)
        assert scopes["Args"] == {"ticket": '"my money back"'}
        assert scopes["Envelope"]["input"] == '{ticket: "my money back"}'
        assert (await editor.press("next")).event["reason"] == "step"
        # It has no keys for the way back, and so has them in its console.
        said = await editor.request("evaluate", {"expression": ":back", "context": "repl"})
        assert said["result"]
        assert (await editor.show()).at == ("reply", REPLY)
        await editor.move("continue")
        await editor.event("exited")


async def test_dap_mode_shows_what_failed(folder: Path, desk: Path) -> None:
    configuration = {"type": "pointsman", "request": "launch", "name": "desk", "program": str(desk)}
    async with adapter(folder, DapMode) as editor:
        await editor.run({**configuration, "input": {"ticket": ""}}, {desk: [{"line": REPLY}]})
        stop = await editor.show()
        assert "an empty ticket" in stop.info["description"]
        await editor.move("continue")
        await editor.event("exited")


async def test_dape_stops_looks_and_steps(folder: Path, desk: Path) -> None:
    configuration = {
        "type": "pointsman",
        "request": "launch",
        "program": "desk.pipeline.yaml",
        "input": MONEY,
        "stopOnEntry": True,
        "noDebug": False,
    }
    async with adapter(folder, Dape) as editor:
        await editor.run(configuration, {desk: [{"line": REPLY}]})
        stop = await editor.show()
        assert (stop.at, stop.event["reason"]) == (("triage", TRIAGE), "entry")
        assert stop.scopes["Args"] == {"text": '"my money back"'}
        stop = await editor.press("continue")
        assert stop.at == ("reply", REPLY)
        assert stop.event["hitBreakpointIds"]
        await editor.move("continue")
        await editor.over()
        # It asks to terminate what has ended, and goes when it is told so.
        assert editor.order()[-4:] == ["-> terminate", "<- !terminate", "-> disconnect", "<- disconnect"]
