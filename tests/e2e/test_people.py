"""Questions to people, on a real terminal and off it: answered, expired, left, cancelled."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from e2e.cli import environment, pointsman, workspace

DEADLINE_S = 20


class Terminal:
    """A run on a terminal of its own."""

    def __init__(self, process: "subprocess.Popen[bytes]", fd: int) -> None:
        self.process = process
        self._fd = fd
        self.seen = ""

    def until(self, text: str) -> None:
        """Read until this text has appeared since the last call."""
        deadline = time.monotonic() + DEADLINE_S
        while text not in self.seen:
            assert time.monotonic() < deadline, f"no {text!r} in {self.seen!r}"
            if select.select([self._fd], [], [], 0.1)[0]:
                try:
                    self.seen += os.read(self._fd, 65536).decode("utf-8", "replace")
                except OSError:  # the other side is closed
                    assert text in self.seen, f"no {text!r} in {self.seen!r}"
        self.seen = self.seen.partition(text)[2]

    def type(self, text: str) -> None:
        os.write(self._fd, text.encode())

    def code(self) -> int:
        """The exit code; what is still written is read meanwhile, or the writer would wait for us."""
        deadline = time.monotonic() + DEADLINE_S
        while self.process.poll() is None:
            assert time.monotonic() < deadline, self.seen
            if select.select([self._fd], [], [], 0.05)[0]:
                try:
                    self.seen += os.read(self._fd, 65536).decode("utf-8", "replace")
                except OSError:
                    break
        return self.process.wait(DEADLINE_S)


@contextmanager
def terminal(*args: str, cwd: Path) -> Iterator[Terminal]:
    """Start a command on a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "pointsman_server", *args],
        cwd=cwd,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment() | {"TERM": "xterm", "COLUMNS": "100", "LINES": "30"},
        start_new_session=True,
    )
    os.close(theirs)
    try:
        yield Terminal(process, ours)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


ASK = """
pipeline: ask
language: 1
agents: {a: {scripted: [done]}}
stages:
  sure:
    ask: {kind: confirmation, question: "Really?"%s}
    routes: [{when: result.approved, to: go}, {to: end, label: refused}]
    on_error: [{when: error.code == "expired", to: late}, {to: fail}]
  go: {agent: a, next: end}
  late: {agent: a, next: end}
"""


@pytest.fixture
def ask(tmp_path: Path) -> Path:
    return workspace(tmp_path, {"ask.pipeline.yaml": ASK % ""})


@pytest.fixture
def hasty(tmp_path: Path) -> Path:
    return workspace(tmp_path, {"ask.pipeline.yaml": ASK % ", expires: 500ms"})


def entered(cwd: Path) -> list[str]:
    events = pointsman("show", "latest", "--json", cwd=cwd).json["events"]
    return [each["payload"]["stage"] for each in events if each["kind"] == "stage.entered"]


def test_a_person_answers_on_the_terminal(ask: Path) -> None:
    with terminal("run", "ask.pipeline.yaml", cwd=ask) as screen:
        screen.until("Really? [y/n]")
        screen.type("perhaps\n")
        screen.until("answer y or n")
        screen.type("y\n")
        screen.until("completed")
        assert screen.code() == 0
    assert entered(ask) == ["sure", "go"]


def test_ctrl_c_at_a_question_cancels_the_run_at_once(ask: Path) -> None:
    with terminal("run", "ask.pipeline.yaml", cwd=ask) as screen:
        screen.until("Really? [y/n]")
        os.kill(screen.process.pid, signal.SIGINT)
        assert screen.code() == 130
    assert pointsman("runs", "--json", cwd=ask).json[0]["outcome"] == "cancelled"


def test_the_end_of_input_parks_the_run(ask: Path) -> None:
    with terminal("run", "ask.pipeline.yaml", cwd=ask) as screen:
        screen.until("Really? [y/n]")
        screen.type("\x04")
        assert screen.code() == 5
    assert pointsman("answer", "latest", "sure", '{"approved": true}', cwd=ask).code == 0


def test_a_question_expires_while_a_person_hesitates(hasty: Path) -> None:
    with terminal("run", "ask.pipeline.yaml", cwd=hasty) as screen:
        screen.until("Really? [y/n]")
        screen.until("completed")
        assert screen.code() == 0
    assert entered(hasty) == ["sure", "late"]


def test_a_question_that_expired_while_parked_takes_no_answer_and_goes_on_without(hasty: Path) -> None:
    assert pointsman("run", "ask.pipeline.yaml", cwd=hasty).code == 5
    asked = pointsman("show", "latest", "--json", cwd=hasty).json["events"][-1]
    while time.time_ns() < asked["at_ns"] + 500_000_000:
        select.select([], [], [], 0.05)
    refused = pointsman("answer", "latest", "sure", '{"approved": true}', cwd=hasty)
    assert (refused.code, "answer_expired" in refused.err) == (1, True)
    assert pointsman("resume", "latest", cwd=hasty).code == 0
    assert entered(hasty) == ["sure", "late"]


def test_a_review_keeps_the_answer_and_who_gave_it(tmp_path: Path) -> None:
    text = """
pipeline: r
language: 1
stages:
  look:
    ask: {kind: review, question: Good?, answer: {type: object, required: [n], properties: {n: {type: integer}}}}
    routes: [{when: result.answer.n > 1, to: end, label: big}, {to: end, label: small}]
"""
    here = workspace(tmp_path, {"r.pipeline.yaml": text})
    unfit = pointsman("run", "r.pipeline.yaml", "--answer", 'look={"n": "x"}', cwd=here)
    assert unfit.code == 5  # an answer that does not fit is left to a person
    ran = pointsman("answer", "latest", "look", '{"n": 4}', "--json", cwd=here)
    assert ran.code == 0, ran.err
    assert ran.json["output"]["look"]["answer"] == {"n": 4}
    assert ran.json["output"]["look"]["by"]


TWO = """
pipeline: two
language: 1
stages:
  f:
    fork:
      x: {stages: {q: {ask: {kind: confirmation, question: X?}}}}
      y: {stages: {q: {ask: {kind: clarification, question: Y?}}}}
"""


def test_two_questions_of_one_name_are_told_apart(tmp_path: Path) -> None:
    here = workspace(tmp_path, {"two.pipeline.yaml": TWO})
    parked = pointsman("run", "two.pipeline.yaml", "--json", cwd=here)
    names = [each["stage"] for each in parked.json["questions"]]
    assert len(set(names)) == 2
    both = pointsman("answer", "latest", "q", '{"text": "a"}', cwd=here)
    assert (both.code, "question_ambiguous" in both.err, names[1] in both.err) == (1, True, True)
    assert pointsman("answer", "latest", names[1], '{"text": "a"}', cwd=here).code == 5
    assert pointsman("answer", "latest", "q", '{"approved": true}', cwd=here).code == 0


def test_an_answer_is_durable_before_the_next_question_is_asked(tmp_path: Path) -> None:
    here = workspace(tmp_path, {"two.pipeline.yaml": TWO})
    with terminal("run", "two.pipeline.yaml", cwd=here) as screen:
        screen.until("X? [y/n]")
        screen.type("y\n")
        screen.until("Y?")
        screen.until("> ")
        screen.process.kill()
        screen.process.wait()
    events = pointsman("show", "latest", "--json", cwd=here).json["events"]
    assert [each["payload"]["value"]["approved"] for each in events if each["kind"] == "answered"] == [True]
    parked = pointsman("resume", "latest", "--json", cwd=here)
    assert [each["question"] for each in parked.json["questions"]] == ["Y?"]


def test_an_answer_for_a_stage_that_asks_nothing_is_refused(ask: Path) -> None:
    ran = pointsman("run", "ask.pipeline.yaml", "--answer", "sur=1", cwd=ask)
    assert (ran.code, "answer_unknown" in ran.err, "sure" in ran.err) == (2, True, True)


def test_agents_that_changed_while_the_run_was_parked_are_named(tmp_path: Path) -> None:
    text = ASK % ""
    files = {
        "ask.pipeline.yaml": text.replace("{scripted: [done]}", '{python: "w:v"}'),
        "w.py": "def v():\n    return 1\n",
    }
    here = workspace(tmp_path, files)
    assert pointsman("run", "ask.pipeline.yaml", cwd=here).code == 5
    (here / "w.py").write_text("def v():\n    return 2\n")
    ran = pointsman("answer", "latest", "sure", '{"approved": true}', cwd=here)
    assert (ran.code, "w.py changed since this run started" in ran.err) == (0, True)
    hosted = [
        each for each in pointsman("show", "latest", "--json", cwd=here).json["events"] if each["kind"] == "run.hosted"
    ]
    assert hosted[0]["payload"]["changed"] == ["w.py"]
