"""What is shown to whom: redaction on every surface, readers that go away, environments, structured output."""

import subprocess
import sys
from pathlib import Path

import pytest

from e2e.cli import environment, pointsman, workspace

LEAKY = {
    "leak.pipeline.yaml": """
pipeline: leak
language: 1
input: {type: object, properties: {mail: {type: string}, any: true}}
agents: {who: {python: "w:who"}, boom: {python: "w:boom"}}
policies: [hide.policy.yaml]
stages:
  who: {agent: who, with: {mail: "${{ input.mail }}"}}
  boom: {agent: boom, with: {text: "${{ outputs.who.email }}"}}
""",
    "w.py": """
def who(mail):
    return {"email": "canary-one@example.org", "key": "sk-CANARYTWO", "mail": mail}


def boom(text):
    raise ValueError(f"can not write to {text}")
""",
    "hide.policy.yaml": """
policy: hide
language: 1
version: 1
redact: [{path: "outputs.*.email"}, {path: input.mail}, {pattern: "sk-[A-Z]+"}]
""",
}


def test_no_surface_shows_what_is_redacted(tmp_path: Path) -> None:
    here = workspace(tmp_path, LEAKY)
    ran = pointsman("run", "leak.pipeline.yaml", "--set", "mail=canary-three@example.org", cwd=here)
    assert ran.code == 1
    shown = [ran]
    for args in (("show",), ("show", "--json"), ("show", "--at", "5"), ("show", "--at", "9", "--json"), ("resume",)):
        shown.append(pointsman(args[0], "latest", *args[1:], cwd=here))
    for each in shown:
        assert "canary" not in (each.out + each.err).lower(), each.out
    folder = here / ".pointsman"
    journal = b"".join(path.read_bytes() for path in folder.glob("journal.db*"))
    assert b"canary-one" in journal


SMALL = """
pipeline: small
language: 1
agents: {a: {scripted: [1]}}
stages: {one: {agent: a}, two: {agent: a}, three: {agent: a}}
"""


@pytest.mark.parametrize("out", ["/dev/full", "closed"])
def test_a_reader_that_is_gone_changes_nothing_of_the_run(tmp_path: Path, out: str) -> None:
    here = workspace(tmp_path, {"small.pipeline.yaml": SMALL})
    command = [sys.executable, "-m", "pointsman_server", "run", "small.pipeline.yaml"]
    if out == "closed":
        process = subprocess.Popen(command, cwd=here, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
        assert process.stdout
        process.stdout.close()
        err = process.communicate(timeout=60)[1].decode()
        code = process.returncode
    else:
        with open(out, "w") as full:
            ran = subprocess.run(
                command,
                cwd=here,
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                env=environment(),
                timeout=60,
                check=False,
            )
        err, code = ran.stderr, ran.returncode
    assert "Traceback" not in err
    assert code == 0
    assert pointsman("runs", "--json", cwd=here).json[0]["outcome"] == "completed"


def test_allowed_variables_are_captured_when_the_run_starts(tmp_path: Path) -> None:
    text = """
pipeline: e
language: 1
agents: {a: {command: [echo, "${{ env('COLOUR') }}"]}}
stages: {one: {agent: a}}
"""
    here = workspace(tmp_path, {"e.pipeline.yaml": text})
    (here / "pointsman.toml").write_text('env = ["COLOUR"]\n')
    ran = pointsman("run", "e.pipeline.yaml", "--json", cwd=here, env={"COLOUR": "green"})
    assert (ran.code, ran.json["output"]) == (0, {"one": "green\n"})


def test_a_model_answers_in_the_shape_of_the_stages_contract(tmp_path: Path) -> None:
    text = """
pipeline: m
language: 1
agents: {a: {llm: {model: "scripted:r.yaml", prompt: p.md}}}
stages: {one: {agent: a, result: {type: object, required: [n]}}}
"""
    replies = '- {match: {contains: good}, json: {n: 1}}\n- {match: {contains: bad}, text: "no json"}\n'
    here = workspace(tmp_path, {"m.pipeline.yaml": text, "r.yaml": replies, "p.md": "good"})
    good = pointsman("run", "m.pipeline.yaml", "--json", cwd=here)
    assert good.json["output"] == {"one": {"n": 1}}, good.json
    (here / "p.md").write_text("bad")
    bad = pointsman("run", "m.pipeline.yaml", "--json", cwd=here)
    assert (bad.code, bad.json["error"]["code"]) == (1, "result_not_json")


def test_a_policy_can_match_the_model(tmp_path: Path) -> None:
    files = {
        "m.pipeline.yaml": """
pipeline: m
language: 1
policies: [p.policy.yaml]
agents: {a: {llm: {model: "scripted:r.yaml", prompt: p.md}}}
stages: {one: {agent: a}}
""",
        "p.policy.yaml": """
policy: p
language: 1
version: 1
rules: [{id: r, at: [agent.invoke], match: {model: "scripted:*"}, effect: deny, reason: no}]
reasons: {no: Not this model.}
""",
        "r.yaml": "- {text: hi}\n",
        "p.md": "x",
    }
    ran = pointsman("run", "m.pipeline.yaml", cwd=workspace(tmp_path, files))
    assert (ran.code, "Not this model." in ran.out) == (4, True)


def test_looking_at_a_folder_without_runs_leaves_nothing_behind(tmp_path: Path) -> None:
    assert pointsman("runs", cwd=tmp_path).code == 0
    assert pointsman("show", "latest", cwd=tmp_path).code == 1
    assert pointsman("doctor", cwd=tmp_path).code == 0
    assert list(tmp_path.iterdir()) == []
