"""The example survives the death of its host, its terminal and its workers, at 20 seeded places each.

Whatever dies, `resume` ends with the digest of the uninterrupted run, and the side-effect file has its line once.
"""

import json
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from e2e.cli import Ran, environment, gate_workspace, pointsman, workspace

KILLER = Path(__file__).with_name("killed_at.py")
ANSWER = ("--answer", 'approve={"approved": true}')
PLACES = 20


def killed(who: str, when: str, seq: int, *args: str, cwd: Path) -> Ran:
    """Run a command with a death in it."""
    ran = subprocess.run(
        [sys.executable, str(KILLER), who, when, str(seq), *args],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        env=environment(),
        check=False,
    )
    return Ran(ran.returncode, ran.stdout, ran.stderr)


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One repository for all deaths: each run has a report of its own."""
    folder = tmp_path_factory.mktemp("gate")
    gate_workspace(folder)
    return folder


def run_args(report: str) -> tuple[str, ...]:
    return ("run", "gate/gate.pipeline.yaml", "--set", f"report={report}", "--json", *ANSWER)


def comparable(found: dict[str, object]) -> object:
    """The run's end without its own report's path."""
    return found["outcome"], found["output"]


@pytest.mark.parametrize("who", ["host", "terminal", "worker"])
def test_a_death_at_any_place_changes_nothing_of_the_end(gate: Path, who: str) -> None:
    whole = pointsman(*run_args("out/same.md"), cwd=gate)
    assert whole.code == 0, whole.err
    last = pointsman("show", whole.json["run"], "--json", cwd=gate).json["events"][-1]["seq"]
    chance = random.Random(who)
    places = [(chance.randint(2, last), chance.choice(["before", "after"])) for _ in range(PLACES)]

    def once(index: int) -> None:
        seq, when = places[index]
        report = "out/same.md"
        here = gate / f"{who}{index}"
        here.mkdir()  # the launching folder: the report and its ledger lie under it
        args = [arg.replace("gate/gate", "../gate/gate") for arg in run_args(report)]
        ran = killed(who, when, seq, *args, "--set", "repository=..", cwd=here)
        if who == "worker":
            assert ran.code == 0, ran.err
            found = ran.json
        else:
            assert ran.code < 0, (ran.code, ran.out, ran.err)
            run = next(
                row
                for row in pointsman("runs", "--json", "--limit", "200", cwd=gate).json
                if row["id"] in _runs_in(here, gate)
            )
            # the last commit holds the run's end: who dies after it has ended
            assert run["status"] == ("ended" if run["outcome"] else "interrupted")
            resumed = pointsman("resume", run["id"], "--json", *ANSWER, cwd=gate)
            assert resumed.code == 0, resumed.err
            found = resumed.json
            again = pointsman("resume", run["id"], "--json", cwd=gate)
            assert (again.code, again.json["digest"]) == (0, found["digest"])
        assert found["outcome"] == "completed"
        ledger = (here / "out" / "same.ledger").read_text("utf-8").splitlines()
        assert len(ledger) == 1, (seq, when, ledger)
        assert pointsman("replay", found["run"], cwd=gate).code == 0
        digests.append(found["digest"])

    digests: list[str] = []
    reference = gate / f"{who}-reference"
    reference.mkdir()
    args = [arg.replace("gate/gate", "../gate/gate") for arg in run_args("out/same.md")]
    straight = pointsman(*args, "--set", "repository=..", cwd=reference)
    assert straight.code == 0, straight.err
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(once, range(PLACES)))
    assert set(digests) == {straight.json["digest"]}


def _runs_in(here: Path, gate: Path) -> set[str]:
    """The runs launched from a folder."""
    import sqlite3

    connection = sqlite3.connect(gate / ".pointsman" / "journal.db")
    try:
        rows = connection.execute("SELECT run, payload FROM events WHERE seq = 1").fetchall()
    finally:
        connection.close()
    return {run for run, payload in rows if json.loads(payload)["cwd"] == str(here)}


def test_what_happened_in_doubt_needs_the_result_its_contract_asks_for(tmp_path: Path) -> None:
    text = """
pipeline: d
language: 1
agents: {a: {command: [echo, '{"a": 1}'], parse: json, risk: destructive}}
stages: {one: {agent: a, result: {type: object, required: [a]}}}
"""
    here = workspace(tmp_path, {"d.pipeline.yaml": text})
    assert killed("host", "after", 3, "run", "d.pipeline.yaml", cwd=here).code < 0
    parked = pointsman("resume", "latest", cwd=here)
    assert (parked.code, '"result": ...' in parked.out) == (5, True)
    bare = pointsman("answer", "latest", "one", '{"happened": true}', cwd=here)
    assert (bare.code, "answer_unfit" in bare.err) == (2, True)
    full = pointsman("answer", "latest", "one", '{"happened": true, "result": {"a": 2}}', "--json", cwd=here)
    assert (full.code, full.json["output"]) == (0, {"one": {"a": 2}})


DOUBT = {
    "pay.pipeline.yaml": """
pipeline: pay
language: 1
agents: {buy: {python: "shop:buy", tools: [charge]}}
tools: {charge: {python: "shop:charge", risk: destructive}}
stages: {one: {agent: buy}}
""",
    "shop.py": """
from pathlib import Path


def buy(ctx):
    return [ctx.tool("charge", euros=1), ctx.tool("charge", euros=2)]


def charge(euros):
    with Path("charges").open("a") as file:
        file.write(f"{euros}\\n")
    return euros
""",
}


@pytest.mark.parametrize(("happened", "lines"), [(True, ["1", "2"]), (False, ["1", "2", "2"])])
def test_a_destructive_effect_in_flight_becomes_a_question(tmp_path: Path, happened: bool, lines: list[str]) -> None:
    here = workspace(tmp_path, DOUBT)
    started = pointsman("run", "pay.pipeline.yaml", "--json", cwd=here)
    events = pointsman("show", started.json["run"], "--json", cwd=here).json["events"]
    second = [each["seq"] for each in events if each["payload"].get("effect", "").endswith("/2")]
    (here / "charges").unlink()
    # the result of the second charge is never journaled: nobody can know whether it happened
    died = killed("host", "before", second[-1], "run", "pay.pipeline.yaml", "--json", cwd=here)
    assert died.code < 0
    parked = pointsman("resume", "latest", "--json", cwd=here)
    assert parked.code == 5
    assert [each["about"] for each in parked.json["questions"]] == ["in_doubt"]
    assert "charge" in parked.json["questions"][0]["question"]
    value = json.dumps({"happened": happened, "result": 2} if happened else {"happened": False})
    answered = pointsman("answer", "latest", "one", value, "--json", cwd=here)
    assert (answered.code, answered.json["output"]) == (0, {"one": [1, 2]})
    assert (here / "charges").read_text().split() == lines
