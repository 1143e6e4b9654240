"""Runs over the wire: looked at, started, answered, cancelled, told of; by a real editor's bridge to a real server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from conformance.lsp.metamodel import metamodel
from e2e.cli import environment, pointsman, workspace
from e2e.servers import server_of
from e2e.test_bridge import BRIDGE
from lsp.client import Process, notification, request, started
from lsp.edge import EVERYTHING, EdgeClient, connected, introduced, runs_of
from pointsman.runtime.desk import Desk
from pointsman_lsp import announcing, runs

Json = Any

_WORKSPACE: Json = EVERYTHING["workspace"]
KNOWING: Json = {
    **EVERYTHING,
    "workspace": {**_WORKSPACE, "codeLens": {"refreshSupport": True}},
    "experimental": {"pointsman": {"runs": True, "commands": list(announcing.CLIENT_COMMANDS)}},
}
STEPS = """\
pipeline: steps
language: 1
input:
  type: object
  required: [name, age]
  properties: {name: {type: string}, age: {type: integer}, kind: {default: x}}
agents: {say: {command: [echo, "${{ args.text }}"]}, fixed: {scripted: [1, 2]}}
stages:
  first:
    agent: say
    with: {text: "${{ input.name }}"}
    routes: [{when: input.age > 17, to: both, label: grown}, {to: end, label: young}]
  both:
    fork:
      lone: {agent: fixed}
      more:
        stages:
          one: {agent: fixed}
          two: {agent: fixed}
output: {said: "${{ outputs.first }}"}
"""
ASKS = """\
pipeline: asks
language: 1
agents: {a: {scripted: [done]}}
stages:
  sure:
    ask: {kind: confirmation, question: "Really?"}
    routes: [{when: result.approved, to: go}, {to: end, label: refused}]
  go: {agent: a, next: end}
"""
WAITS = """\
pipeline: waits
language: 1
agents: {wait: {command: [sh, -c, "until [ -e go ]; do sleep 0.02; done; echo $WHO $PWD"]}}
stages:
  first: {agent: wait, next: end}
output: {said: "${{ outputs.first }}"}
"""
FILES = {"steps.pipeline.yaml": STEPS, "asks.pipeline.yaml": ASKS, "waits.pipeline.yaml": WAITS}
GROWN = {"name": "Ada", "age": 36}


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A workspace whose server, if one comes up, is ended."""
    folder = workspace(tmp_path / "w", FILES)
    with server_of(folder):
        yield folder


class Editor(Process):
    """An editor that knows runs."""

    root: Path

    def uri(self, name: str) -> str:
        return (self.root / f"{name}.pipeline.yaml").as_uri()

    async def asked(self, method: str, **params: Json) -> Json:
        """The result of a request; an error fails the test."""
        answer = await self.request(method, params)
        assert "result" in answer, answer
        return answer["result"]

    async def refused(self, method: str, **params: Json) -> str:
        """Why a request is refused."""
        answer = await self.request(method, params)
        assert answer["error"]["code"] == -32803, answer
        said: str = answer["error"]["message"]
        return said

    async def command(self, name: str, **argument: Json) -> Json:
        return await self.asked("workspace/executeCommand", command=f"pointsman.server.{name}", arguments=[argument])

    async def refused_command(self, name: str, **argument: Json) -> str:
        return await self.refused("workspace/executeCommand", command=f"pointsman.server.{name}", arguments=[argument])

    async def run(self, name: str, **more: Json) -> str:
        """Start a run; its id."""
        started = await self.command("run", uri=self.uri(name), pipeline=name, **more)
        return str(started["run"])

    async def told(self, run: str, *statuses: str) -> Json:
        """A run as we are told of it, once it has one of these statuses."""

        def found(said: Json) -> list[Json]:
            return [one for one in said["runs"] if one["run"] == run and one["status"] in statuses]

        return found(await self.wait_notification("pointsman/runsChanged", lambda said: bool(found(said))))[-1]

    async def lenses(self, name: str) -> list[tuple[int, str, str, list[Json]]]:
        """The lenses of an open document: line, title, command, arguments."""
        params = {"textDocument": {"uri": self.uri(name)}}
        answer = await self.request("textDocument/codeLens", params)
        report = metamodel().from_server(answer, "textDocument/codeLens")
        assert not report.problems
        return [
            (one["range"]["start"]["line"], *(one["command"].get(key) for key in ("title", "command", "arguments")))
            for one in answer["result"]
        ]


@asynccontextmanager
async def editor(root: Path, capabilities: Json = KNOWING) -> AsyncIterator[Editor]:
    """An editor through a real bridge, which was started elsewhere."""
    async with started(BRIDGE, root.parent, environment() | {"WHO": "editor"}) as process:
        process.__class__ = Editor
        assert isinstance(process, Editor)
        process.root = root
        result = await process.initialize(capabilities, rootUri=root.as_uri())
        assert result["capabilities"]["experimental"] == {"pointsman": {"version": 1}}
        assert result["capabilities"]["executeCommandProvider"]["commands"] == [*announcing.COMMANDS]
        yield process


async def test_a_run_from_its_start_to_what_is_known_of_it_afterwards(root: Path) -> None:
    async with editor(root) as client:
        assert await client.asked("pointsman/runs") == {"runs": []}
        run = await client.run("steps", input=GROWN)
        seen = await client.told(run, "completed")
        assert (seen["uri"], seen["pipeline"], seen["live"]) == (client.uri("steps"), "steps", False)
        assert [one["id"] for one in seen["stages"]][:2] == ["first", "both"]
        assert {one["id"] for one in seen["stages"]} == {"first", "both", "both.lone", "both.more.one", "both.more.two"}
        assert (await client.asked("pointsman/runs", limit=5))["runs"][0]["run"] == run
        whole = await client.asked("pointsman/run", run=run)
        assert whole["status"] == "completed"
        assert whole["stages"][0] == seen["stages"][0] | {"tookMs": whole["stages"][0]["tookMs"]}
        events = (await client.asked("pointsman/events", run=run))["events"]
        assert [one["seq"] for one in events] == [*range(1, len(events) + 1)]
        assert events[0]["kind"] == "run.started"
        assert {*events[0]} == {"seq", "branch", "kind", "at", "what"}
        last = json.loads((await client.asked("pointsman/envelope", run=run))["text"])
        assert last["outputs"]["first"] == "Ada\n"
        first = (await client.asked("pointsman/envelope", run=run, seq=1))["text"]
        assert first.startswith("{\n")
        assert json.loads(first)["outputs"] == {}
        for number in (999, 0, -1, 10**30, -(10**30)):
            assert "events 1 to" in await client.refused("pointsman/envelope", run=run, seq=number)


async def test_a_trace_lies_over_the_graph(root: Path) -> None:
    async with editor(root) as client:
        run = await client.run("steps", input=GROWN)
        await client.told(run, "completed")
        traced = await client.asked("pointsman/trace", run=run)
        (graph,) = (await client.asked("pointsman/graph", textDocument={"uri": client.uri("steps")}))["pipelines"]
        ids = {node["id"] for node in graph["nodes"]}
        assert {*traced["stages"]} <= ids
        assert traced["stages"]["both.more.two"]["status"] == "done"
        assert traced["current"] == []
        edges = {f"{edge['from']} {edge['to']}" for edge in graph["edges"]}
        assert {*traced["edges"]} <= edges
        more = {"both both.more.one", "both.more.one both.more.two", "both.more.two both"}
        taken = {"first both", "both both.lone"} | more
        assert taken <= {*traced["edges"]}


async def test_people_answer_resume_rerun_and_cancel(root: Path) -> None:
    async with editor(root) as client:
        run = await client.run("asks")
        waiting = await client.told(run, "waiting")
        (question,) = waiting["questions"]
        assert (question["stage"], question["what"], question["question"]) == ("sure", "confirmation", "Really?")
        assert question["schema"]["type"] == "object"
        assert "fit" in await client.refused_command("answer", run=run, stage="sure", value={"approved": "no"})
        assert "nothing is asked at stage there" in await client.refused_command(
            "answer", run=run, stage="there", value={}
        )
        await client.command("answer", run=run, stage="sure", value={"approved": True})
        done = await client.told(run, "completed")
        assert [one["stage"] for one in done["stages"]] == ["sure", "go"]
        assert "has ended" in await client.refused_command("resume", run=run)
        again = await client.command("rerun", run=run, **{"from": "go"})
        assert again["run"] != run
        seen = await client.told(again["run"], "completed")
        assert seen["rerunOf"] == run
        assert [(one["stage"], one["reused"]) for one in seen["stages"]] == [("sure", True), ("go", False)]
        long = await client.run("waits")
        assert (await client.told(long, "running"))["live"]
        assert await client.command("cancel", run=long) == {}
        await client.told(long, "cancelled")
        assert "has ended" in await client.refused_command("cancel", run=long)
        parked = await client.run("asks")
        await client.told(parked, "waiting")
        assert await client.command("cancel", run=parked) == {}
        await client.told(parked, "cancelled")


async def test_a_run_has_the_environment_of_its_editor_and_the_folder_of_its_workspace(root: Path) -> None:
    (root / "go").write_text("")
    async with editor(root) as client:
        run = await client.run("waits")
        await client.told(run, "completed")
        text = (await client.asked("pointsman/envelope", run=run))["text"]
        assert json.loads(text)["outputs"]["first"] == f"editor {root}\n"


async def test_what_can_not_start_is_refused_with_what_to_do(root: Path) -> None:
    (root / "broken.pipeline.yaml").write_text(STEPS.replace("steps", "broken").replace("agent: say", "agent: sya"))
    (root / "pointsman.toml").write_text('[[redact]]\npattern = "hunter2"\n')
    async with editor(root) as client:
        said = await client.refused_command("run", uri=client.uri("steps"))
        assert said == "steps needs input that is missing: name, age. Give it as `input` of the command"
        said = await client.refused_command("run", uri=client.uri("steps"), input={"name": "Ada", "age": "hunter2"})
        assert "age" in said
        assert "hunter2" not in said
        said = await client.refused_command("run", uri=client.uri("broken"), input=GROWN)
        assert "has errors and is not run" in said
        assert "sya" in said
        assert "there is no file" in await client.refused_command("run", uri=client.uri("nothing"))
        assert "has no pipeline stesp" in await client.refused_command(
            "run", uri=client.uri("steps"), pipeline="stesp", input=GROWN
        )
        assert "save it" in await client.refused_command("run", uri="untitled:Untitled-1", pipeline="x")
        for method in ("run", "events", "envelope", "trace"):
            assert "nothing-such" in await client.refused(f"pointsman/{method}", run="nothing-such")
        for verb in ("rerun", "resume", "cancel"):
            assert "nothing-such" in await client.refused_command(verb, run="nothing-such")
        for params, said in (
            ({"command": "pointsman.server.nothing"}, "no command pointsman.server.nothing"),
            ({"command": "pointsman.server.cancel"}, "takes one argument"),
            ({"command": "pointsman.server.cancel", "arguments": [1, 2]}, "takes one argument"),
            ({"command": "pointsman.server.cancel", "arguments": [{"id": 5}]}, "run"),
            ({}, "command"),
        ):
            answer = await client.request("workspace/executeCommand", params)
            assert answer["error"]["code"] == -32602
            assert said in answer["error"]["message"]


async def test_what_a_pipeline_takes(root: Path) -> None:
    async with editor(root) as client:
        document = {"uri": client.uri("steps")}
        found = await client.asked("pointsman/input", textDocument=document)
        assert found["schema"]["required"] == ["name", "age"]
        assert found["example"] == {"name": "", "age": 0, "kind": "x"}
        assert found["last"] is None
        await client.told(await client.run("steps", input=GROWN), "completed")
        found = await client.asked("pointsman/input", textDocument=document, pipeline="steps")
        assert found["last"] == {**GROWN, "kind": "x"}
        found = await client.asked("pointsman/input", textDocument={"uri": client.uri("asks")})
        assert found == {"schema": None, "example": {}, "last": None}
        found = await client.asked("pointsman/input", textDocument={"uri": "file:///nowhere/no.txt"})
        assert found == {"schema": None, "example": {}, "last": None}
        assert "no pipeline step" in await client.refused("pointsman/input", textDocument=document, pipeline="step")


async def test_lenses_say_how_it_went_and_are_asked_for_anew_when_that_changes(root: Path) -> None:
    async with editor(root) as client:
        uri = client.uri("asks")
        client.open(uri, ASKS)
        head = [(0, "Run", "pointsman.run", [uri, "asks"]), (0, "Debug", "pointsman.debug", [uri, "asks"])]
        assert await client.lenses("asks") == head
        # Nothing is told to who comes to a run only by asking: a subscription of an editor begins a little later.
        await client.asked("pointsman/runs")
        run = await client.run("asks")
        await client.told(run, "waiting")
        asked = await client.wait(lambda one: one.get("method") == "workspace/codeLens/refresh")
        assert not metamodel().from_server(asked).problems
        client.send({"jsonrpc": "2.0", "id": asked["id"], "result": None})
        found = await client.lenses("asks")
        assert found[:2] == head
        assert found[2] == (0, "waiting for an answer just now", "pointsman.showRun", [run])
        assert found[3] == (4, "asking: Really?", "pointsman.showRun", [run, "sure"])
        assert found[4] == (4, "Debug to here", "pointsman.debug", [uri, "asks", "sure"])
        assert found[5] == (4, "Run from here", "pointsman.rerun", [run, "sure"])
        after = len(client.received)
        await client.command("answer", run=run, stage="sure", value={"approved": True})
        await client.told(run, "completed")
        await client.wait(lambda one: one.get("method") == "workspace/codeLens/refresh", after)
        found = await client.lenses("asks")
        assert [(line, command) for line, _, command, _ in found] == [
            (0, "pointsman.run"),
            (0, "pointsman.debug"),
            (0, "pointsman.showRun"),
            (4, "pointsman.showRun"),
            (4, "pointsman.debug"),
            (4, "pointsman.rerun"),
            (7, "pointsman.showRun"),
            (7, "pointsman.debug"),
            (7, "pointsman.rerun"),
        ]
        titles = [title for _, title, _, _ in found]
        assert titles[2].startswith("✓ completed ")
        assert titles[3].startswith("✓ ")
        assert titles[3].endswith("→ go")
        assert titles[6].endswith("→ end")


async def test_a_client_that_does_not_know_our_commands_can_run_and_read(root: Path) -> None:
    async with editor(root, EVERYTHING) as client:
        uri = client.uri("steps")
        client.open(uri, STEPS)
        assert await client.lenses("steps") == [(0, "Run", "pointsman.server.run", [{"uri": uri, "pipeline": "steps"}])]
        run = await client.run("steps", input=GROWN)
        while (await client.asked("pointsman/run", run=run))["status"] != "completed":
            await asyncio.sleep(0.02)
        found = await client.lenses("steps")
        assert [command for _, _, command, _ in found] == ["pointsman.server.run", "", "", "", "", "", ""]
        assert [line for line, *_ in found] == [0, 0, 8, 12, 14, 17, 18]
        # Who has not said that it wants to know is not told.
        assert not [one for one in client.received if str(one.get("method")).startswith(("pointsman/", "workspace/"))]


async def test_saved_files_are_told_when_they_are_taken_up_and_when_they_are_broken(root: Path) -> None:
    async with editor(root) as client:
        await client.told(await client.run("asks", answers={"sure": {"approved": True}}), "completed")
        path, uri = root / "asks.pipeline.yaml", client.uri("asks")
        broken = ASKS.replace("stages:", "# Überall\nstages: # é\n  é: {next: nowhere}")
        path.write_text(broken, "utf-8")

        def about(state: str) -> Any:
            return lambda said: said["uri"] == uri and said["state"] == state

        said = await client.wait_notification("pointsman/definitionChanged", about("broken"))
        line = said["problem"]["range"]["start"]["line"]
        start, end = (said["problem"]["range"][at]["character"] for at in ("start", "end"))
        assert said["problem"]["message"]
        assert broken.splitlines()[line][start:end] in ("é", "nowhere")
        path.write_text(ASKS.replace("[done]", "[other]"), "utf-8")
        said = await client.wait_notification("pointsman/definitionChanged", about("live"), len(client.received) - 1)
        assert "problem" not in said
        assert said["version"] >= 2


async def test_a_run_of_the_command_line_in_the_server_is_told_too(root: Path) -> None:
    async with editor(root) as client:
        await client.asked("pointsman/runs")
        run = await client.run("waits")
        ran = pointsman("run", "asks.pipeline.yaml", "--answer", 'sure={"approved": true}', "--json", cwd=root)
        assert ran.code == 0
        seen = await client.told(ran.json["run"], "completed")
        assert seen["pipeline"] == "asks"
        await client.command("cancel", run=run)


# --- how it goes beside the lane: in one process, with a desk that can be held up


@asynccontextmanager
async def held_up(monkeypatch: pytest.MonkeyPatch, root: Path) -> AsyncIterator[tuple[EdgeClient, asyncio.Event]]:
    gate = asyncio.Event()
    real = Desk.runs

    async def slowly(self: Desk, root: Path, limit: int = 50) -> Any:
        await gate.wait()
        return await real(self, root, limit)

    monkeypatch.setattr(Desk, "runs", slowly)
    async with runs_of(root) as given, introduced(KNOWING, root=root.as_uri(), runs=given) as client:
        yield client, gate


async def test_questions_about_runs_keep_nobody_waiting_and_are_answered_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    workspace(tmp_path, FILES)
    uri = (tmp_path / "steps.pipeline.yaml").as_uri()
    document = {"textDocument": {"uri": uri}}
    async with held_up(monkeypatch, tmp_path) as (client, gate):
        client.open(uri, STEPS)
        slow, cancelled, twice = (client.ask("pointsman/runs", {}) for _ in range(3))
        lens = client.ask("textDocument/codeLens", document)
        assert (await client.request("textDocument/foldingRange", document))["result"]
        client.change(uri, STEPS.replace("agent: say", "agent: sya"))
        assert [one["code"] for one in await client.diagnostics(uri, 2)] == ["unknown_agent"]
        assert (await client.response(lens))["error"]["code"] == -32801
        client.notify("$/cancelRequest", {"id": cancelled})
        assert (await client.response(cancelled))["error"]["code"] == -32800
        client.send(request(twice, "pointsman/runs", {}))
        assert (await client.response(twice))["error"]["code"] == -32600
        gate.set()
        assert (await client.response(slow))["result"] == {"runs": []}
        assert (await client.request("pointsman/runs", {}))["result"] == {"runs": []}
        assert [one.get("id") for one in client.received].count(cancelled) == 1
        client.send(*(request(number, "pointsman/runs", {}) for number in range(50)))
        client.send(*(notification("$/cancelRequest", {"id": number}) for number in range(0, 50, 2)))
        answers = [await client.response(number) for number in range(50)]
        assert all(answer.get("error", {}).get("code") in (None, -32800) for answer in answers)


async def test_a_client_may_leave_with_questions_about_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async with held_up(monkeypatch, tmp_path) as (client, _):
        pending = client.ask("pointsman/runs", {})
        assert (await client.request("shutdown"))["result"] is None
        assert (await client.request("pointsman/runs", {}))["error"]["code"] == -32600
        client.notify("exit")
        assert await client.exit_code() == 0
        assert pending not in [one.get("id") for one in client.received]


async def test_a_fault_of_ours_is_an_answer_and_a_log_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async def fault(self: Desk, root: Path, run: str) -> Any:
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr(Desk, "run", fault)
    async with runs_of(tmp_path) as given, introduced(KNOWING, runs=given) as client:
        answer = await client.request("pointsman/run", {"run": "x"})
        assert answer["error"] == {"code": -32603, "message": "pointsman/run failed: ZeroDivisionError: a fault"}
        assert "Traceback" in (await client.wait_notification("window/logMessage"))["message"]


async def test_before_initialize_and_with_wrong_parameters(tmp_path: Path) -> None:
    async with runs_of(tmp_path) as given, connected(runs=given) as client:
        assert (await client.request("pointsman/runs", {}))["error"]["code"] == -32002
        await client.initialize(KNOWING)
        for method, params, said in (
            ("pointsman/runs", {"limit": 0}, "limit"),
            ("pointsman/runs", None, "object"),
            ("pointsman/run", {}, "run"),
            ("pointsman/envelope", {"run": "x", "seq": "y"}, "seq"),
            ("pointsman/graph", {}, "textDocument"),
            ("pointsman/input", {"textDocument": {"uri": "x"}, "pipeline": 5}, "pipeline"),
        ):
            answer = await client.request(method, params)
            assert answer["error"]["code"] == -32602
            assert said in answer["error"]["message"]


@pytest.mark.parametrize(("encoding", "columns"), [("utf-8", (2, 8)), ("utf-16", (2, 5)), ("utf-32", (2, 4))])
async def test_a_graph_counts_as_its_client_does(encoding: str, columns: tuple[int, int], tmp_path: Path) -> None:
    uri = (tmp_path / "a.pipeline.yaml").as_uri()
    document = {"textDocument": {"uri": uri}}
    capabilities = {**KNOWING, "general": {"positionEncodings": [encoding]}}
    async with runs_of(tmp_path) as given, introduced(capabilities, runs=given) as client:
        client.open(uri, "pipeline: a\nlanguage: 1\nstages:\n  é😀: {agent: x, next: end}\n")
        (graph,) = (await client.request("pointsman/graph", document))["result"]["pipelines"]
        node, end = graph["nodes"]
        assert (node["id"], node["kind"], node["label"], node["parent"]) == ("é😀", "agent", "x", "")
        name = node["nameRange"]
        assert (name["start"]["character"], name["end"]["character"]) == columns
        (edge,) = graph["edges"]
        assert {key: edge[key] for key in ("from", "to", "kind", "label", "when")} == {
            "from": "é😀", "to": "end", "kind": "next", "label": "", "when": ""
        }  # fmt: skip
        assert edge["range"] == end["range"]
        assert (graph["name"], graph["entry"]) == ("a", "é😀")
        client.change(uri, "pipeline: a\nstages:\n  one: {ag")
        (graph,) = (await client.request("pointsman/graph", document))["result"]["pipelines"]
        assert [one["id"] for one in graph["nodes"]] == ["one", "end"]
        nowhere = {"textDocument": {"uri": "file:///nowhere/a.pipeline.yaml"}}
        assert (await client.request("pointsman/graph", nowhere))["result"] == {"pipelines": []}


async def test_lenses_of_a_text_that_was_never_saved_are_none(tmp_path: Path) -> None:
    async with runs_of(tmp_path) as given, introduced(KNOWING, runs=given) as client:
        client.open("untitled:a.pipeline.yaml", ASKS)
        params = {"textDocument": {"uri": "untitled:a.pipeline.yaml"}}
        assert (await client.request("textDocument/codeLens", params))["result"] == []


def test_every_request_and_command_about_runs_has_a_handler_and_the_other_way_round() -> None:
    assert announcing.REQUESTS.keys() == runs.HANDLERS.keys()
    assert announcing.COMMANDS.keys() == runs.COMMANDS.keys()
