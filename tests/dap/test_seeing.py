"""What a stop shows: handles that die, pages, values of expressions, and nothing that is to be hidden."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dap.client import home, introduced, write
from pointsman.security.redaction import Redactor
from pointsman_dap.errors import IDS
from pointsman_dap.protocol import Protocol
from pointsman_dap.voice import CHUNK, Voice

TEXT = """\
pipeline: p
language: 1
input: {type: object}
agents:
  count: {command: [sh, -c, "seq 0 2999 | paste -sd, | sed 's/.*/[&]/'"], parse: json}
  say: {command: [echo, hi]}
stages:
  many: {agent: count}
  then:
    agent: say
    with: {name: "${{ input.name }}", nested: {deep: [1, {"odd name": null}]}}
"""
STOP = ("setFunctionBreakpoints", {"breakpoints": [{"name": "then"}]})
INPUT = {"name": "Ada"}


async def test_handles_die_at_each_stop(tmp_path: Path) -> None:
    write(tmp_path, a=TEXT)
    async with home(tmp_path) as at, introduced(at) as client:
        await client.launch("a.pipeline.yaml", input=INPUT, stopOnEntry=True)
        await client.stopped()
        frame = (await client.stack())[0]["id"]
        scope = (await client.scopes())["Envelope"]
        assert (await client.stack())[0]["id"] == frame  # the same when asked again
        await client.step("next")
        requests = [
            ("scopes", {"frameId": frame}),
            ("variables", {"variablesReference": scope}),
            ("evaluate", {"expression": "1", "frameId": frame}),
        ]
        for command, arguments in requests:
            assert (await client.refused(command, arguments))[0] == IDS["staleReference"]
        assert (await client.refused("variables", {"variablesReference": 99999}))[0] == IDS["unknownReference"]
        assert (await client.refused("scopes", {"frameId": 0}))[0] == IDS["unknownReference"]
        frame = (await client.stack())[0]["id"]
        scope = (await client.scopes())["Envelope"]
        assert (await client.refused("variables", {"variablesReference": frame}))[0] == IDS["unknownReference"]
        assert (await client.refused("scopes", {"frameId": scope}))[0] == IDS["unknownReference"]
        await client.step("stepBack")
        assert (await client.refused("variables", {"variablesReference": scope}))[0] == IDS["staleReference"]


async def test_the_stack_in_pages(tmp_path: Path) -> None:
    write(tmp_path, a=TEXT)
    async with home(tmp_path) as at, introduced(at) as client:
        await client.launch("a.pipeline.yaml", input=INPUT, stopOnEntry=True)
        await client.stopped()
        await client.step("stepIn")
        whole = await client.request("stackTrace", {"threadId": 1})
        first = await client.request("stackTrace", {"threadId": 1, "startFrame": 0, "levels": 1})
        rest = await client.request("stackTrace", {"threadId": 1, "startFrame": 1, "levels": 19})
        assert [first["totalFrames"], rest["totalFrames"], whole["totalFrames"]] == [3, 3, 3]
        assert first["stackFrames"] + rest["stackFrames"] == whole["stackFrames"]
        assert [one["name"] for one in whole["stackFrames"]] == ["agent count", "many", "p"]
        assert (await client.request("stackTrace", {"threadId": 1, "startFrame": 9}))["stackFrames"] == []


async def test_lists_in_pages(tmp_path: Path) -> None:
    write(tmp_path, a=TEXT)
    async with home(tmp_path) as at, introduced(at) as client:
        await client.launch("a.pipeline.yaml", input=INPUT, before=[STOP])
        await client.stopped()
        outputs = await client.variables((await client.scopes())["Outputs"])
        many = outputs["many"]
        assert (many["indexedVariables"], many["evaluateName"], many["type"]) == (3000, "outputs.many", "list")
        reference = many["variablesReference"]
        page = await client.variables(reference, filter="indexed", start=1500, count=2)
        assert {name: (one["value"], one["evaluateName"]) for name, one in page.items()} == {
            "[1500]": ("1500", "outputs.many[1500]"),
            "[1501]": ("1501", "outputs.many[1501]"),
        }
        assert await client.variables(reference, filter="indexed", start=3000, count=2) == {}
        assert await client.variables(reference, filter="named") == {}
        assert len(await client.variables(reference)) == 3000


async def test_a_client_without_pages_is_not_buried(tmp_path: Path) -> None:
    write(tmp_path, a=TEXT)
    able = {"supportsVariablePaging": False, "supportsVariableType": False}
    async with home(tmp_path) as at, introduced(at, **able) as client:
        await client.launch("a.pipeline.yaml", input=INPUT, before=[STOP])
        await client.stopped()
        many = (await client.variables((await client.scopes())["Outputs"]))["many"]
        assert not {"indexedVariables", "type"} & set(many)
        found = await client.variables(many["variablesReference"], start=5, count=1)
        assert len(found) == 1001
        assert found["…"]["value"].startswith("2000 more")


async def test_what_is_shown_can_be_evaluated(tmp_path: Path) -> None:
    """`evaluateName` gives the same value in the same frame."""
    write(tmp_path, a=TEXT)
    async with home(tmp_path) as at, introduced(at) as client:
        await client.launch("a.pipeline.yaml", input=INPUT, before=[STOP])
        await client.stopped()
        frame = (await client.stack())[0]["id"]
        todo, names = list((await client.scopes()).values()), 0
        while todo:
            found = await client.variables(todo.pop(), start=0, count=3)
            for one in found.values():
                if one.get("evaluateName"):
                    names += 1
                    asked = {"expression": one["evaluateName"], "frameId": frame, "context": "variables"}
                    answer = await client.request("evaluate", asked)
                    assert answer["type"] == one["type"], one
                    if one["variablesReference"] == 0:
                        assert answer["result"] == one["value"], one
                if one["variablesReference"]:
                    todo.append(one["variablesReference"])
        assert names > 40


EVALUATIONS = {
    "watch": ("args", '{name: "Ada", nested: {deep: [1, {odd name: null}]}}'),
    "hover": ("args.nested.deep[0] + 1", "2"),
    "a context nobody knows": ('args.nested.deep[1]["odd name"]', "null"),
    "variables": ("input.name", '"Ada"'),
    "repl": ("input.name", "Ada"),
    "clipboard": ("args.nested", json.dumps({"deep": [1, {"odd name": None}]}, indent=2)),
}


@pytest.mark.parametrize("context", EVALUATIONS)
async def test_evaluate(context: str, tmp_path: Path) -> None:
    expression, expected = EVALUATIONS[context]
    write(tmp_path, a=TEXT)
    async with home(tmp_path) as at, introduced(at) as client:
        await client.launch("a.pipeline.yaml", input=INPUT, before=[STOP])
        await client.stopped()
        frame = (await client.stack())[0]["id"]
        asked = {"expression": expression, "frameId": frame, "context": context}
        assert (await client.request("evaluate", asked))["result"] == expected
        code, sentence = await client.refused("evaluate", asked | {"expression": "args.nobody"})
        assert (code, "nobody" in sentence) == (IDS["notEvaluated"], True)
        assert (await client.refused("evaluate", asked | {"expression": "1 +"}))[0] == IDS["notEvaluated"]


async def test_the_console_has_words_for_what_some_clients_lack(tmp_path: Path) -> None:
    write(tmp_path, a=TEXT)
    async with home(tmp_path) as at, introduced(at) as client:
        await client.launch("a.pipeline.yaml", input=INPUT, before=[STOP])
        await client.stopped()
        for word, told in ((":why", "many → then"), (":back", "back"), (":rback", "back to the last breakpoint")):
            answer = await client.request("evaluate", {"expression": word, "context": "repl"})
            assert told in answer["result"]
            if word != ":why":
                await client.stopped()
        assert "there are :why" in (await client.refused("evaluate", {"expression": ":x", "context": "repl"}))[1]


CANARY = "canary-7f3a9c"
WANTED = ("input", "envelope", "args.token", "input.pin", "'x' + string(input.pin)", "args[input.token]", ":why")
SECRET = f"""\
pipeline: p
language: 1
policies: [hide.policy.yaml]
input: {{type: object}}
agents:
  leak: {{command: [sh, -c, "echo says {CANARY}; echo cries {CANARY} >&2; exit $1", sh, "${{{{ args.exit }}}}"]}}
stages:
  first:
    agent: leak
    with: {{exit: "0", token: "{CANARY}", "{CANARY}": 1, pin: "${{{{ input.pin }}}}"}}
    routes: [{{when: 'result.contains("{CANARY}")', to: second, label: "{CANARY}"}}, {{to: end}}]
  second: {{agent: leak, with: {{exit: "7"}}}}
"""
HIDE = """\
policy: hide
language: 1
version: 1
redact: [{pattern: "canary-[0-9a-f]+"}, {path: "input.pin"}]
rules: []
"""


async def test_secrets_never_leave(tmp_path: Path) -> None:
    """Not in variables, values, names, outputs, errors, sources, log points, nor in what a refused request says."""
    path = write(tmp_path, a=SECRET, hide=HIDE)
    log = {"line": 8, "logMessage": "{input} {args}"}
    async with home(tmp_path) as at:
        async with introduced(at) as client:
            lines = ("setBreakpoints", {"source": {"path": str(path)}, "breakpoints": [{"line": 11}, log]})
            faults = ("setExceptionBreakpoints", {"filters": ["agent_error"]})
            before = [lines, faults]
            await client.launch("a.pipeline.yaml", input={"pin": "hunter22", "token": CANARY}, before=before)
            stop = await client.stopped()
            while stop["reason"] != "exception":
                await client.unfolded()
                for context in ("hover", "watch", "repl", "clipboard"):
                    for expression in WANTED:
                        asked = {"expression": expression, "context": context}
                        await client.answer(client.ask("evaluate", asked))
                stop = await client.step("stepIn")
            await client.request("source", {"sourceReference": 1})
            info = await client.request("exceptionInfo", {"threadId": 1})
            assert "•••" in json.dumps(info, ensure_ascii=False)
            await client.unfolded()
            await client.request("continue", {"threadId": 1})
            assert await client.ended() == 1
            assert CANARY not in client.raw.decode()
            assert "hunter22" not in client.raw.decode()
            assert "cries •••" in client.raw.decode()
        async with introduced(at) as client:
            await client.attach("latest")
            await client.stopped()
            while (stop := await client.step("stepBack")).get("text") != "start of recording":
                await client.unfolded()
            assert stop["reason"] == "entry"
            assert CANARY not in client.raw.decode()
            assert "hunter22" not in client.raw.decode()


def test_long_output_comes_in_pieces_and_no_secret_in_halves(tmp_path: Path) -> None:
    """The worker hands a text over as it was written; it is hidden before it is cut."""
    said: list[bytes] = []
    voice = Voice(Protocol(), said.append)
    voice.hide = Redactor([("pattern", "canary-[0-9a-f]+")])
    voice.output("stdout", "x" * (CHUNK - 5) + CANARY + "y" * CHUNK, {"line": 3})
    bodies = [json.loads(one.partition(b"\r\n\r\n")[2])["body"] for one in said]
    assert [len(one["output"]) for one in bodies] == [CHUNK, CHUNK - 2]
    assert "".join(one["output"] for one in bodies) == "x" * (CHUNK - 5) + "•••" + "y" * CHUNK
    assert {one["line"] for one in bodies} == {3}
