"""Bad input gets a code and what to do; nothing journaled is lost, and no traceback of ours is ever seen."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from e2e.cli import Ran, environment, pointsman, workspace

AGENT = """
pipeline: bad
language: 1
agents: {a: {python: "work:%s"}}
stages: {one: {agent: a, timeout: 2s}}
"""
WORK = """
import os, sys, time

def raises(): raise ValueError("no")
def hangs(): time.sleep(600)
def prints(): print("hello"); os.write(1, b"raw\\n"); sys.stderr.write("err\\n"); return 1
def exits(): sys.exit(3)
def dies(): os._exit(7)
def no_json(): return {1, 2}
def nan(): return float("nan")
def huge(): return "x" * (50 * 1024 * 1024)
def deep():
    value = []
    for _ in range(100_000): value = [value]
    return value
async def waits():
    import asyncio
    await asyncio.sleep(600)
"""


def said(ran: Ran) -> str:
    assert "Traceback (most recent call last)" not in ran.err, ran.err
    return ran.out + ran.err


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("raises", "agent_raised"),
        ("hangs", "timeout"),
        ("waits", "timeout"),
        ("exits", "agent_exited"),
        ("dies", "agent_exited"),
        ("no_json", "result_not_json"),
        ("nan", "result_not_json"),
        ("huge", "result_too_large"),
        ("deep", "result_not_json"),
    ],
)
def test_an_agent_that_misbehaves_fails_its_stage_with_a_code(tmp_path: Path, name: str, code: str) -> None:
    here = workspace(tmp_path, {"bad.pipeline.yaml": AGENT % name, "work.py": WORK})
    ran = pointsman("run", "bad.pipeline.yaml", cwd=here)
    assert (ran.code, code in said(ran)) == (1, True), said(ran)
    assert pointsman("replay", "latest", cwd=here).code == 0


def test_what_an_agent_prints_is_captured_and_reaches_no_wire(tmp_path: Path) -> None:
    here = workspace(tmp_path, {"bad.pipeline.yaml": AGENT % "prints", "work.py": WORK})
    ran = pointsman("run", "bad.pipeline.yaml", "--json", cwd=here)
    assert (ran.code, ran.json["output"]) == (0, {"one": 1})
    events = pointsman("show", "latest", "--json", cwd=here).json["events"]
    text = "".join(each["payload"]["text"] for each in events if each["kind"] == "output")
    assert sorted(text.split()) == ["err", "hello", "raw"]


def test_a_missing_agent_is_found_before_the_run(tmp_path: Path) -> None:
    here = workspace(tmp_path, {"bad.pipeline.yaml": AGENT % "rises", "work.py": WORK})
    ran = pointsman("run", "bad.pipeline.yaml", cwd=here)
    assert ran.code == 2
    assert "raises" in said(ran)


DEEP = b"- " * 254 + b"x"
TEXTS = {
    "empty": (b"", "empty_file"),
    "blank": (b"\n# nothing\n", "empty_file"),
    "binary": (bytes(range(256)) * 10, "yaml_encoding"),
    "broken": (b"pipeline: p\nlanguage: 1\nstages: {one: {agent: [}}\n", "yaml_syntax"),
    "deep block": (b"pipeline: p\nlanguage: 1\nstages:\n" + DEEP, "yaml_too_deep"),
    "deep alone": (DEEP, "yaml_too_deep"),
    "deep flow": (b"pipeline: " + b"[" * 100_000, "yaml"),
    "a list": (b"- a\n- b\n", "wrong_type"),
    "utf-16": ("pipeline: p\n".encode("utf-16"), "yaml_encoding"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_file_that_is_no_pipeline_is_refused_with_a_place(tmp_path: Path, name: str) -> None:
    data, code = TEXTS[name]
    here = workspace(tmp_path, {})
    (here / "bad.pipeline.yaml").write_bytes(data)
    checked = pointsman("check", "bad.pipeline.yaml", cwd=here)
    assert (checked.code, code in said(checked)) == (1, True), said(checked)[:2000]
    assert "bad.pipeline.yaml:" in checked.out
    assert pointsman("run", "bad.pipeline.yaml", cwd=here).code == 2


def test_a_huge_file_is_refused_quickly(tmp_path: Path) -> None:
    here = workspace(tmp_path, {})
    (here / "big.pipeline.yaml").write_bytes(b"# filler\n" * 2_500_000)
    ran = pointsman("check", "big.pipeline.yaml", cwd=here)
    assert (ran.code, "file_too_large" in said(ran)) == (2, True)


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("run", "nothing.pipeline.yaml"), "file_missing"),
        (("run", "small.pipeline.yam"), "file_missing"),
        (("run", "."), "file_unreadable"),
        (("run", "small.pipeline.yaml#other"), "pipeline_unknown"),
        (("run", "small.pipeline.yaml", "--input", "{"), "json_unreadable"),
        (("run", "small.pipeline.yaml", "--input", "@none.json"), "input_unreadable"),
        (("run", "small.pipeline.yaml", "--input", "NaN"), "json_unreadable"),
        (("run", "small.pipeline.yaml", "--input", '{"n": "x"}'), "input_unfit"),
        (("run", "small.pipeline.yaml", "--set", "n"), "set_unreadable"),
        (("run", "small.pipeline.yaml", "--answer", "x"), "answer_unreadable"),
        (("show", "nothing"), "run_unknown"),
        (("resume", "nothing"), "run_unknown"),
        (("replay", "latest"), "run_unknown"),
        (("check", "work.py"), "file_unknown"),
    ],
)
def test_a_command_that_can_not_be_meant_says_so(tmp_path: Path, args: tuple[str, ...], code: str) -> None:
    text = """
pipeline: small
language: 1
input: {type: object, properties: {n: {type: integer}}}
agents: {a: {scripted: [1]}}
stages: {one: {agent: a}}
"""
    here = workspace(tmp_path, {"small.pipeline.yaml": text, "work.py": ""})
    ran = pointsman(*args, cwd=here)
    assert (ran.code in (1, 2), code in said(ran)) == (True, True), said(ran)


SMALL = """
pipeline: small
language: 1
agents: {a: {scripted: [1]}}
stages: {one: {agent: a}}
"""


def test_a_locked_journal_is_said_and_nothing_is_lost(tmp_path: Path) -> None:
    here = workspace(tmp_path, {"small.pipeline.yaml": SMALL})
    assert pointsman("run", "small.pipeline.yaml", cwd=here).code == 0
    holder = sqlite3.connect(here / ".pointsman" / "journal.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        ran = pointsman("run", "small.pipeline.yaml", cwd=here)
        assert (ran.code, "journal_locked" in said(ran)) == (1, True)
    finally:
        holder.execute("ROLLBACK")
        holder.close()
    assert len(pointsman("runs", "--json", cwd=here).json) == 1


def test_a_full_disk_is_said_and_nothing_journaled_is_lost(tmp_path: Path) -> None:
    text = SMALL.replace("scripted: [1]", 'command: [head, -c, "3000000", /dev/zero]')
    here = workspace(tmp_path, {"small.pipeline.yaml": text})
    limited = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000)); "
        "from pointsman_server.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", limited, "run", "small.pipeline.yaml"],
        cwd=here,
        capture_output=True,
        text=True,
        env=environment(),
        timeout=60,
        check=False,
    )
    assert (ran.returncode, "journal_full" in ran.stderr) == (1, True), ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr
    assert pointsman("runs", "--json", cwd=here).json[0]["status"] == "interrupted"
    assert pointsman("resume", "latest", cwd=here).code == 0


def test_a_journal_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    here = workspace(tmp_path, {"small.pipeline.yaml": SMALL})
    assert pointsman("run", "small.pipeline.yaml", cwd=here).code == 0
    connection = sqlite3.connect(here / ".pointsman" / "journal.db")
    with connection:
        connection.execute("UPDATE events SET v = 99 WHERE seq = 2")
    connection.close()
    assert "journal_newer" in said(pointsman("show", "latest", cwd=here))


def test_a_file_that_is_no_journal_is_said(tmp_path: Path) -> None:
    here = workspace(tmp_path, {"small.pipeline.yaml": SMALL})
    (here / ".pointsman").mkdir()
    (here / ".pointsman" / "journal.db").write_bytes(b"not a database at all" * 1000)
    ran = pointsman("run", "small.pipeline.yaml", cwd=here)
    assert (ran.code, "journal_damaged" in said(ran)) == (1, True)


def test_a_broken_policy_fails_closed(tmp_path: Path) -> None:
    here = workspace(
        tmp_path, {"small.pipeline.yaml": SMALL + "policies: [p.policy.yaml]\n", "p.policy.yaml": "policy: p\nrules: {"}
    )
    ran = pointsman("run", "small.pipeline.yaml", cwd=here)
    assert (ran.code, "rules_invalid" in said(ran)) == (4, True), said(ran)


def test_an_interpreter_that_is_not_there_is_said(tmp_path: Path) -> None:
    here = workspace(tmp_path, {"bad.pipeline.yaml": AGENT % "raises", "work.py": WORK})
    (here / "pointsman.toml").write_text('python = "/nowhere/python3"\n')
    ran = pointsman("run", "bad.pipeline.yaml", cwd=here)
    assert (ran.code, "interpreter_unusable" in said(ran)) == (1, True), said(ran)
