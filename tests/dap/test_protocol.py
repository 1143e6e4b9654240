"""The wire: framing, numbers, requests that make no sense, and states; nothing a client sends goes unanswered."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path
from typing import Any

import pytest

from dap.client import ABLE, DEADLINE_S, connected, home, introduced, write
from dap.judges import SCHEMA
from pointsman.debugger.faults import FAULTS
from pointsman.wire import Unreadable, frame
from pointsman_dap import server
from pointsman_dap.errors import IDS
from pointsman_dap.handlers import CAPABILITIES, HANDLERS
from pointsman_dap.params import Attach, Launch
from pointsman_dap.protocol import MAX_BODY, Protocol, Request, read
from pointsman_dap.server import serve

TEXT = """\
pipeline: p
language: 1
agents: {say: {command: [echo, hi]}}
stages:
  first: {agent: say}
"""


def encoded(**message: Any) -> bytes:
    return frame(json.dumps(message).encode())


def requests(*pieces: bytes) -> list[Any]:
    protocol = Protocol()
    return [found for piece in pieces for found in protocol.receive(piece)]


@pytest.mark.parametrize("size", [1, 7, 64])
def test_requests_come_out_whole_however_they_are_cut(size: int) -> None:
    data = encoded(seq=1, type="request", command="threads") + encoded(seq=2, type="request", command="next")
    found = requests(*(data[at : at + size] for at in range(0, len(data), size)))
    assert [(one.seq, one.command) for one in found] == [(1, "threads"), (2, "next")]


READINGS: dict[str, tuple[Any, Any]] = {
    "arguments missing": ({"seq": 1, "type": "request", "command": "threads"}, (1, "threads", {})),
    "arguments null": ({"seq": 1, "type": "request", "command": "threads", "arguments": None}, (1, "threads", {})),
    "arguments an empty list": ({"seq": 1, "type": "request", "command": "x", "arguments": []}, (1, "x", {})),
    "seq 0": ({"seq": 0, "type": "request", "command": "threads"}, (0, "threads", {})),
    "seq missing": ({"type": "request", "command": "threads"}, (0, "threads", {})),
    "seq no number": ({"seq": "7", "type": "request", "command": "threads"}, (0, "threads", {})),
    "extra members": ({"seq": 1, "type": "request", "command": "threads", "x": 1}, (1, "threads", {})),
    "arguments no object": ({"seq": 1, "type": "request", "command": "x", "arguments": 5}, (1, "x", 5)),
    "half a character": (
        {"seq": 1, "type": "request", "command": "x\ud83d", "arguments": {"\ud800": ["\udfff"]}},
        (1, "x?", {"?": ["?"]}),
    ),
    "a response": ({"seq": 1, "type": "response", "request_seq": 1, "success": True, "command": "x"}, None),
    "an event": ({"seq": 1, "type": "event", "event": "x"}, None),
    "no type": ({"seq": 1, "command": "threads"}, Unreadable),
    "no command": ({"seq": 1, "type": "request"}, Unreadable),
    "command no text": ({"seq": 1, "type": "request", "command": 5}, Unreadable),
    "a list": ([1, 2], Unreadable),
    "a number": (5, Unreadable),
}


@pytest.mark.parametrize("case", READINGS)
def test_messages_as_clients_write_them(case: str) -> None:
    message, expected = READINGS[case]
    found = read(json.dumps(message).encode())
    if isinstance(expected, tuple):
        assert isinstance(found, Request)
        assert (found.seq, found.command, found.arguments) == expected
    else:
        assert found is None if expected is None else isinstance(found, expected)


BROKEN = {
    "not JSON": frame(b"{"),
    "not UTF-8": frame(b'{"seq":1,"type":"request","command":"\xff"}'),
    "very deep": frame(b"[" * 100_000),
    "empty": frame(b""),
    "no length": b"Content-Type: x\r\n\r\n",
    "too long": b"Content-Length: %d\r\n\r\n" % (MAX_BODY + 1) + b"x" * (MAX_BODY + 1),
}


@pytest.mark.parametrize("case", BROKEN)
async def test_after_broken_bytes_the_next_request_is_answered(case: str, tmp_path: Path) -> None:
    async with home(tmp_path) as at, introduced(at) as client:
        client.send_raw(BROKEN[case])
        assert await client.request("threads") == {"threads": [{"id": 1, "name": "main"}]}
        assert "not readable" in client.outputs("stderr")


async def test_every_request_is_refused_before_initialize(tmp_path: Path) -> None:
    async with home(tmp_path) as at, connected(at) as client:
        for command in HANDLERS:
            if command not in ("initialize", "disconnect"):
                assert (await client.refused(command, lawful=False))[0] == IDS["notInitialized"]
        await client.request("initialize", ABLE)
        assert (await client.refused("initialize", ABLE))[0] == IDS["alreadyInitialized"]


NEED_A_RUN = [name for name, handler in HANDLERS.items() if handler.needs == "run"]


async def test_what_needs_a_run_is_refused_before_and_after(tmp_path: Path) -> None:
    write(tmp_path, a=TEXT)
    async with home(tmp_path) as at, introduced(at) as client:
        for command in [*NEED_A_RUN, "configurationDone"]:
            assert (await client.refused(command, lawful=False))[0] == IDS["noRun"]
        client.ask("launch", {"program": "a.pipeline.yaml"})
        await client.event("initialized")
        for command in NEED_A_RUN:
            assert (await client.refused(command, lawful=False))[0] == IDS["noRun"]
        assert (await client.refused("launch", {"program": "a.pipeline.yaml"}))[0] == IDS["alreadyStarted"]
        assert (await client.refused("attach", {"run": "latest"}))[0] == IDS["alreadyStarted"]
        await client.request("configurationDone")
        assert await client.ended() == 0
        for command in NEED_A_RUN:
            assert (await client.refused(command, lawful=False))[0] == IDS["ended"]
        assert (await client.refused("configurationDone"))[0] == IDS["alreadyStarted"]
        assert await client.leave() == 0


async def test_arguments_of_a_wrong_type_are_refused_by_name(tmp_path: Path) -> None:
    write(tmp_path, a=TEXT)
    async with home(tmp_path) as at, introduced(at) as client:
        await client.launch("a.pipeline.yaml", stopOnEntry=True)
        await client.stopped()
        for command, arguments, said in [
            ("stackTrace", {"threadId": "1"}, "threadId"),
            ("scopes", {}, "frameId"),
            ("variables", {"variablesReference": []}, "variablesReference"),
            ("evaluate", {"expression": 5}, "expression"),
            ("setBreakpoints", {"breakpoints": []}, "source"),
            ("setBreakpoints", {"source": {"path": "x"}, "breakpoints": [{"line": "3"}]}, "line"),
            ("disconnect", {"terminateDebuggee": "yes"}, "terminateDebuggee"),
            ("next", 5, "no object"),
        ]:
            code, sentence = await client.refused(command, arguments, lawful=False)
            assert code == IDS["badArguments"]
            assert said in sentence


async def test_null_is_as_good_as_missing(tmp_path: Path) -> None:
    path = write(tmp_path, a=TEXT)
    async with home(tmp_path) as at, connected(at) as client:
        seq = client.ask("initialize", {"adapterID": "x", "pathFormat": None, "linesStartAt1": None}, lawful=False)
        assert (await client.answer(seq))["success"]
        breakpoint = {"line": 5, "column": None, "condition": None, "logMessage": None}
        seq = client.ask(
            "setBreakpoints",
            {"source": {"path": str(path), "sourceReference": None}, "breakpoints": [breakpoint]},
            lawful=False,
        )
        assert (await client.answer(seq))["success"]
        asked = {"program": "a.pipeline.yaml", "input": None, "noDebug": None, "env": {"X": None}}
        seq = client.ask("launch", asked, lawful=False)
        await client.request("configurationDone")
        assert (await client.answer(seq))["success"]
        assert (await client.stopped())["reason"] == "breakpoint"


async def test_an_unknown_request_is_answered(tmp_path: Path) -> None:
    async with home(tmp_path) as at, introduced(at) as client:
        code, sentence = await client.refused("disassemble", {"memoryReference": "0", "instructionCount": 1})
        assert (code, sentence) == (IDS["unknownRequest"], "there is no request 'disassemble'")
        assert (await client.refused("{sentence}", lawful=False))[1] == "there is no request '{sentence}'"


async def test_a_cancelled_request_and_its_cancel_are_both_answered(tmp_path: Path) -> None:
    write(tmp_path, a=TEXT)
    async with home(tmp_path) as at, introduced(at) as client:
        await client.launch("a.pipeline.yaml", stopOnEntry=True)
        await client.stopped()
        asked = client.ask("evaluate", {"expression": "1 + 1"})
        cancel = client.ask("cancel", {"requestId": asked})
        assert (await client.answer(asked))["message"] == "cancelled"
        assert (await client.answer(cancel))["success"]
        assert (await client.request("cancel", {"requestId": 999})) is None


async def test_a_start_can_be_cancelled_while_it_waits(tmp_path: Path) -> None:
    write(tmp_path, a=TEXT)
    async with home(tmp_path) as at, introduced(at) as client:
        asked = client.ask("launch", {"program": "a.pipeline.yaml"})
        await client.event("initialized")
        await client.request("cancel", {"requestId": asked})
        assert (await client.answer(asked))["message"] == "cancelled"
        await client.event("terminated")
        assert (await client.refused("configurationDone"))[0] == IDS["alreadyStarted"]


async def test_what_waits_is_answered_when_the_client_leaves(tmp_path: Path) -> None:
    write(tmp_path, a=TEXT)
    async with home(tmp_path) as at, introduced(at) as client:
        asked = client.ask("launch", {"program": "a.pipeline.yaml"})
        await client.event("initialized")
        assert await client.leave() == 0
        assert not (await client.answer(asked))["success"]


async def test_requests_in_one_write_are_answered_in_order(tmp_path: Path) -> None:
    async with home(tmp_path) as at, introduced(at) as client:
        client.send_raw(b"".join(encoded(seq=seq, type="request", command="threads") for seq in (7, 7, 7)))
        await client.request("threads")
        assert [one["request_seq"] for one in client.received if one.get("command") == "threads"] == [7, 7, 7, 2]
        client.said = [(way, one) for way, one in client.said if one.get("request_seq") != 7]
        for number, one in enumerate(client.received, 1):
            one["seq"] = number


async def test_the_end_of_input_ends_it(tmp_path: Path) -> None:
    async with home(tmp_path) as at, connected(at) as client:
        await client.vanish()
        assert client.serving.result() == 1


FLAGS = {name for name in SCHEMA["definitions"]["Capabilities"]["properties"]}


def test_each_capability_has_its_request_and_each_request_its_capability() -> None:
    """What belongs to what, as the protocol's own texts say it."""
    assert set(CAPABILITIES) <= FLAGS
    of_request = {
        "supportsConfigurationDoneRequest": "configurationDone",
        "supportsFunctionBreakpoints": "setFunctionBreakpoints",
        "supportsStepBack": "stepBack",
        "supportsSetVariable": "setVariable",
        "supportsRestartFrame": "restartFrame",
        "supportsGotoTargetsRequest": "gotoTargets",
        "supportsStepInTargetsRequest": "stepInTargets",
        "supportsCompletionsRequest": "completions",
        "supportsModulesRequest": "modules",
        "supportsRestartRequest": "restart",
        "supportsExceptionInfoRequest": "exceptionInfo",
        "supportsLoadedSourcesRequest": "loadedSources",
        "supportsTerminateThreadsRequest": "terminateThreads",
        "supportsSetExpression": "setExpression",
        "supportsTerminateRequest": "terminate",
        "supportsDataBreakpoints": "setDataBreakpoints",
        "supportsReadMemoryRequest": "readMemory",
        "supportsWriteMemoryRequest": "writeMemory",
        "supportsDisassembleRequest": "disassemble",
        "supportsCancelRequest": "cancel",
        "supportsBreakpointLocationsRequest": "breakpointLocations",
        "supportsInstructionBreakpoints": "setInstructionBreakpoints",
        "exceptionBreakpointFilters": "setExceptionBreakpoints",
    }
    assert set(of_request) <= FLAGS
    for flag, command in of_request.items():
        assert bool(CAPABILITIES.get(flag)) == (command in HANDLERS), flag
    known = {
        definition.removesuffix("Request") for definition in SCHEMA["definitions"] if definition.endswith("Request")
    }
    ours = {"pointsman/session"}
    assert {command[0].upper() + command[1:] for command in HANDLERS.keys() - ours} <= known


async def test_what_is_announced_is_the_table(tmp_path: Path) -> None:
    async with home(tmp_path) as at, connected(at) as client:
        assert await client.request("initialize", ABLE) == CAPABILITIES


async def test_a_client_that_does_not_read_is_not_read_from(tmp_path: Path) -> None:
    """It costs a bounded part of memory, and others are served."""
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=ours)
    async with home(tmp_path) as at, introduced(at) as other:
        serving = asyncio.create_task(serve(reader, writer, at))
        theirs.setblocking(False)
        flood, sent = encoded(seq=1, type="request", command="nobody knows " + "x" * 400) * 100, 0
        idle = 0
        while idle < 50:  # until nothing more is taken
            try:
                sent += theirs.send(flood)
                idle = 0
            except BlockingIOError:
                idle += 1
            await other.request("threads")
        assert sent < 16 << 20
        theirs.close()
        async with asyncio.timeout(DEADLINE_S):
            assert await serving == 1
        writer.close()


async def test_a_client_that_never_reads_what_a_run_tells_is_taken_for_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "MOST_UNREAD", 100_000)
    loud = "for i in $(seq 400); do printf '%01000d\\n' 0 >&2; done"
    write(tmp_path, a=TEXT.replace("[echo, hi]", f'[sh, -c, "{loud}"]'))
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=ours)
    async with home(tmp_path) as at:
        serving = asyncio.create_task(serve(reader, writer, at))
        asked = [("initialize", ABLE), ("launch", {"program": "a.pipeline.yaml"}), ("configurationDone", {})]
        for seq, (command, arguments) in enumerate(asked, 1):
            theirs.send(encoded(seq=seq, type="request", command=command, arguments=arguments))
        async with asyncio.timeout(DEADLINE_S):
            while not at.debugging._runs.live:
                await asyncio.sleep(0)
            (live,) = at.debugging._runs.live.values()
            assert await serving == 1
            assert (await live.task).outcome == "completed"
        theirs.close()
        writer.close()


async def test_many_clients_share_a_loop(tmp_path: Path) -> None:
    async with home(tmp_path) as at, introduced(at) as one, introduced(at) as two:
        answers = await asyncio.gather(one.request("threads"), two.request("threads"))
        assert answers[0] == answers[1]


PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "debug-adapter.md").read_text("utf-8")


def test_the_page_says_all_there_is() -> None:
    """Requests, faults with their defaults, error ids, arguments."""
    for command in set(HANDLERS) - {"initialize", "launch", "attach", "configurationDone"}:
        assert f"`{command}`" in PAGE.partition("## Requests")[2].partition("## Faults")[0], command
    for fault in FAULTS:
        (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| `{fault.id}` |")]
        assert row.endswith("| yes |" if fault.default else "| no |")
    for number in IDS.values():
        assert str(number) in PAGE.partition("## What a refused")[2]
    for shape, heading in ((Launch, "## Launch"), (Attach, "## Attach")):
        part = PAGE.partition(heading)[2].partition("\n## ")[0]
        told = {line.split("`")[1] for line in part.splitlines() if line.startswith("| `")}
        assert told == set(shape.__struct_encode_fields__)


def test_every_reason_is_used() -> None:
    folder = Path(__file__).parents[2] / "dap" / "pointsman_dap"
    code = "".join(path.read_text("utf-8") for path in folder.glob("*.py"))
    for reason in IDS:
        assert f'Refused("{reason}"' in code, reason
