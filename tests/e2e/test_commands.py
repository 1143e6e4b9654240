"""Every command as a person or a script uses it: what it prints, and with which exit code."""

import json
import shutil
import sqlite3
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from e2e.cli import EXAMPLES, gate_workspace, git, pointsman, workspace

SMALL = """
pipeline: small
language: 1
agents:
  double: {python: "work:double"}
  shout: {command: [sh, -c, "echo $0", "${{ args.word }}"], parse: lines}
stages:
  one: {agent: double, with: {n: "${{ input.n }}"}, result: {type: integer}}
  two: {agent: shout, with: {word: "n=${{ outputs.one }}"}}
"""
WORK = """
from pathlib import Path


def double(n):
    with Path("calls").open("a") as file:
        file.write("double\\n")
    return n * 2
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return workspace(tmp_path, {"small.pipeline.yaml": SMALL, "work.py": WORK})


def test_run_prints_lines_the_output_the_run_and_what_next(small: Path) -> None:
    ran = pointsman("run", "small.pipeline.yaml", "--set", "n=4", cwd=small)
    assert ran.code == 0, ran.err
    run = ran.out.split()[1]
    assert f"✓ completed · run {run}" in ran.out
    assert '"two": [\n    "n=8"\n  ]' in ran.out
    assert f"pointsman replay {run}" in ran.out
    assert "\x1b" not in ran.out


def test_run_as_json_prints_one_object(small: Path) -> None:
    ran = pointsman("run", "small.pipeline.yaml", "--input", '{"n": 4}', "--json", cwd=small)
    assert (ran.code, ran.json["outcome"], ran.json["output"]) == (0, "completed", {"one": 8, "two": ["n=8"]})


def test_the_input_comes_from_a_file_standard_input_and_sets(small: Path) -> None:
    (small / "in.json").write_text('{"n": 1}')
    assert (
        pointsman("run", "small.pipeline.yaml", "--input", "@in.json", "--json", cwd=small).json["output"]["one"] == 2
    )
    piped = pointsman("run", "small.pipeline.yaml", "--input", "@-", "--json", cwd=small, stdin='{"n": 2}')
    assert piped.json["output"]["one"] == 4
    both = pointsman("run", "small.pipeline.yaml", "--input", "@in.json", "--set", "n=5", "--json", cwd=small)
    assert both.json["output"]["one"] == 10


def test_runs_show_and_replay_call_nothing(small: Path) -> None:
    run = pointsman("run", "small.pipeline.yaml", "--set", "n=4", "--json", cwd=small).json["run"]
    calls = (small / "calls").read_bytes()
    listed = pointsman("runs", cwd=small)
    assert run in listed.out
    assert "completed" in listed.out
    shown = pointsman("show", run[:15], "--json", cwd=small).json
    assert [each["seq"] for each in shown["events"]] == list(range(1, len(shown["events"]) + 1))
    assert [each["stage"] for each in shown["envelope"]["history"]] == ["one", "two"]
    middle = pointsman("show", "latest", "--at", "5", "--json", cwd=small).json
    assert middle["envelope"]["position"]["stage"] in ("one", "two")
    assert pointsman("show", "latest", "--at", "99", cwd=small).code == 2
    assert "all agree" in pointsman("replay", "latest", cwd=small).out
    assert (small / "calls").read_bytes() == calls


def test_replay_works_with_executors_that_can_not_be_imported(small: Path) -> None:
    pointsman("run", "small.pipeline.yaml", "--set", "n=4", cwd=small)
    (small / "sitecustomize.py").write_text(
        "import sys\n"
        "class Refuse:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.startswith('pointsman.executors'):\n"
        "            raise ImportError(name)\n"
        "sys.meta_path.insert(0, Refuse())\n"
    )
    ran = pointsman("replay", "latest", cwd=small, env={"PYTHONPATH": str(small)})
    assert ran.code == 0, ran.err
    assert pointsman("show", "latest", cwd=small, env={"PYTHONPATH": str(small)}).code == 0


ASKS = """
import urllib.request


def ask(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/chat", timeout=10) as reply:
        return reply.read().decode()
"""


def test_neither_show_nor_replay_asks_a_provider_again(tmp_path: Path) -> None:
    class Provider(BaseHTTPRequestHandler):
        asked = 0

        def do_GET(self) -> None:
            Provider.asked += 1
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"hello")

        def log_message(self, format: str, *args: object) -> None:
            """Standard error is the test's."""

    text = """
pipeline: asks
language: 1
agents: {a: {python: "asks:ask"}}
stages: {one: {agent: a, with: {port: "${{ input.port }}"}}}
"""
    here = workspace(tmp_path, {"asks.pipeline.yaml": text, "asks.py": ASKS})
    with ThreadingHTTPServer(("127.0.0.1", 0), Provider) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            ran = pointsman("run", "asks.pipeline.yaml", "--set", f"port={server.server_port}", "--json", cwd=here)
            assert (ran.code, ran.json["output"]) == (0, {"one": "hello"})
            for args in (
                ("show", "latest"),
                ("show", "latest", "--at", "4"),
                ("replay", "latest"),
                ("resume", "latest"),
            ):
                assert pointsman(*args, cwd=here).code == 0
        finally:
            server.shutdown()
            thread.join()
    assert Provider.asked == 1


CHANGES = {
    "an observed event": (
        "UPDATE events SET payload = replace(payload, '\"value\":8', '\"value\":9') WHERE kind = 'attempt.result'",
        "attempt.result",
    ),
    "a derived event": (
        'UPDATE events SET payload = replace(payload, \'"to":"two"\', \'"to":"end"\') WHERE kind = \'stage.routed\'',
        "stage.routed",
    ),
    "the definition": (
        "UPDATE definitions SET text = text || x'0a' WHERE kind = 'pipeline'",
        "event 1 (run.started): The pipeline small.pipeline.yaml",
    ),
    "the order": ("UPDATE events SET at_ns = at_ns + 1 WHERE seq = 3", "event 3"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_replay_names_what_was_changed(small: Path, change: str) -> None:
    pointsman("run", "small.pipeline.yaml", "--set", "n=4", cwd=small)
    statement, named = CHANGES[change]
    connection = sqlite3.connect(small / ".pointsman" / "journal.db")
    with connection:
        assert connection.execute(statement).rowcount >= 1
    connection.close()
    ran = pointsman("replay", "latest", cwd=small)
    assert ran.code == 1
    assert named in ran.out, ran.out


PARKED = """
pipeline: parked
language: 1
agents: {done: {scripted: [{ok: true}]}}
stages:
  ask_me:
    ask: {kind: confirmation, question: "Really?", expires: 1h}
    routes: [{when: result.approved, to: done}, {to: fail}]
  done: {agent: done}
"""


def test_a_question_parks_the_run_and_an_answer_goes_on(tmp_path: Path) -> None:
    here = workspace(tmp_path, {"parked.pipeline.yaml": PARKED})
    ran = pointsman("run", "parked.pipeline.yaml", cwd=here)
    assert ran.code == 5
    assert "Really?" in ran.out
    assert "pointsman answer" in ran.out
    assert pointsman("runs", "--json", cwd=here).json[0]["status"] == "waiting"
    assert pointsman("resume", "latest", cwd=here).code == 5
    unfit = pointsman("answer", "latest", "ask_me", '{"approved": "yes"}', cwd=here)
    assert (unfit.code, "answer_unfit" in unfit.err) == (2, True)
    astray = pointsman("answer", "latest", "ask_mi", '{"approved": true}', cwd=here)
    assert (astray.code, "ask_me" in astray.err) == (1, True)
    answered = pointsman("answer", "latest", "ask_me", '{"approved": true}', "--json", cwd=here)
    assert (answered.code, answered.json["output"]["done"]) == (0, {"ok": True})
    assert answered.json["output"]["ask_me"]["by"]
    late = pointsman("answer", "latest", "ask_me", '{"approved": true}', cwd=here)
    assert (late.code, "run_ended" in late.err) == (1, True)


def test_answers_can_be_brought_along(tmp_path: Path) -> None:
    here = workspace(tmp_path, {"parked.pipeline.yaml": PARKED})
    given = pointsman("run", "parked.pipeline.yaml", "--answer", 'ask_me={"approved": false}', cwd=here)
    assert (given.code, "failed_by_route" in given.out) == (1, True)


def test_check_in_three_forms(tmp_path: Path) -> None:
    here = workspace(tmp_path, {"bad.pipeline.yaml": SMALL.replace("agent: shout", "agent: shuot")})
    (here / "work.py").write_text(WORK)
    text = pointsman("check", ".", cwd=here)
    assert text.code == 1
    assert "bad.pipeline.yaml:9:16: error[unknown_agent]" in text.out
    assert "shout" in text.out
    found = pointsman("check", "bad.pipeline.yaml", "--format", "json", cwd=here).json
    assert [(each["code"], each["line"], each["column"]) for each in found if each["severity"] == "error"] == [
        ("unknown_agent", 9, 16)
    ]
    github = pointsman("check", "bad.pipeline.yaml", "--format", "github", cwd=here)
    assert github.out.startswith("::error file=bad.pipeline.yaml,line=9")
    refused = pointsman("run", "bad.pipeline.yaml", cwd=here)
    assert (refused.code, "unknown_agent" in refused.err) == (2, True)


def test_the_examples_check_clean_and_run(tmp_path: Path) -> None:
    assert "nothing to complain about" in pointsman("check", str(EXAMPLES), cwd=tmp_path).out
    shutil.copytree(EXAMPLES / "support_triage", tmp_path / "triage")
    workspace(tmp_path, {})
    refund = ("--set", "ticket=I want a refund", "--answer", 'approve={"approved": true}')
    ran = pointsman("run", "triage/triage.pipeline.yaml", *refund, "--json", cwd=tmp_path)
    assert ran.code == 0, ran.err
    assert "Thank you" in ran.json["output"]["answer"]
    assert (ran.json["used"]["llm_calls"], ran.json["used"]["tool_calls"]) == (2, 1)
    assert ran.json["used"]["tokens"] == 500
    asked = pointsman(
        "run", "triage/triage.pipeline.yaml", "--set", "ticket=Where is my invoice?", "--json", cwd=tmp_path
    )
    assert asked.code == 0


def test_the_gate_example_judges_a_repository(tmp_path: Path) -> None:
    gate_workspace(tmp_path)
    ran = pointsman("run", "gate/gate.pipeline.yaml", cwd=tmp_path)
    assert ran.code == 0, ran.err
    assert "# Gate: passed" in ran.out
    assert "| lint | 1 |" in ran.out
    assert (
        (tmp_path / ".pointsman" / "reports" / "pull_request_gate.md").read_text("utf-8").startswith("# Gate: passed")
    )


def test_the_gate_asks_about_a_key_and_its_policy_denies_a_report_with_one(tmp_path: Path) -> None:
    gate_workspace(tmp_path)
    key = "AKIA" + "ABCDEFGHIJKLMNOP"
    (tmp_path / "settings.py").write_text(f'KEY = "{key}"\n')
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "oops")
    parked = pointsman("run", "gate/gate.pipeline.yaml", cwd=tmp_path)
    assert (parked.code, "1 possible secrets" in parked.out) == (5, True)
    passed = pointsman("answer", "latest", "approve", '{"approved": true}', cwd=tmp_path)
    assert (passed.code, "passed by a person" in passed.out, key in passed.out) == (0, True, False)
    denied = pointsman(
        "run", "gate/gate.pipeline.yaml", "--set", "mask=false", "--answer", 'approve={"approved": true}', cwd=tmp_path
    )
    assert (denied.code, "secret_in_report" in denied.out) == (4, True)
    decided = [
        each["payload"]
        for each in pointsman("show", "latest", "--json", cwd=tmp_path).json["events"]
        if each["kind"] == "decided" and each["payload"]["verdict"] == "deny"
    ]
    assert decided[0]["reasons"] == ["secret_in_report"]
    assert decided[0]["policies"][0]["version"] == 7


def test_a_policy_is_live_and_its_version_is_stamped(tmp_path: Path) -> None:
    policy = """
policy: guard
language: 1
version: %d
rules: [{id: r, at: [agent.invoke], when: "%s", effect: deny, reason: no}]
reasons: {no: No.}
"""
    files = {
        "parked.pipeline.yaml": PARKED + "policies: [guard.policy.yaml]\n",
        "guard.policy.yaml": policy % (1, "false"),
    }
    here = workspace(tmp_path, files)
    assert pointsman("run", "parked.pipeline.yaml", cwd=here).code == 5
    (here / "guard.policy.yaml").write_text(policy % (2, "true"))
    denied = pointsman("answer", "latest", "ask_me", '{"approved": true}', "--json", cwd=here)
    assert (denied.code, denied.json["error"]["code"]) == (4, "no")
    events = pointsman("show", "latest", "--json", cwd=here).json["events"]
    assert [each["payload"]["policies"][0]["version"] for each in events if each["kind"] == "decided"] == [2]
    assert pointsman("replay", "latest", cwd=here).code == 0


def test_doctor_looks_at_the_workspace(small: Path) -> None:
    ran = pointsman("doctor", "--json", cwd=small)
    assert ran.code == 0, ran.out
    assert {each["check"]: each["ok"] for each in ran.json}["interpreter"]
    (small / "pointsman.toml").write_text('python = "/nowhere/python"\n')
    broken = pointsman("doctor", cwd=small)
    assert (broken.code, "/nowhere/python" in broken.out) == (1, True)


def test_help_names_every_command_and_exit_code(tmp_path: Path) -> None:
    ran = pointsman("--help", cwd=tmp_path)
    assert ran.code == 0
    for word in ("check", "run", "answer", "resume", "runs", "show", "replay", "doctor", "parked on a question"):
        assert word in ran.out
    assert pointsman(cwd=tmp_path).code == 2
    assert json.dumps(pointsman("runs", "--json", cwd=tmp_path).json) == "[]"
