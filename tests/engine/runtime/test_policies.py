"""The policies of a run, live: each decision uses the text on disk, and a text that breaks leaves the last good one."""

import os
from pathlib import Path

from pointsman.kernel import machine
from pointsman.kernel.effects import Decide
from pointsman.kernel.events import Decided, Record, RunStarted
from pointsman.runtime.policies import PolicyBook
from pointsman.runtime.workspace import find_place
from pointsman.testing import program

TEXT = """
policy: guard
language: 1
version: {version}
default: {default}
rules:
  - {{id: big, at: [agent.invoke], when: args.n > 10, unless: args.sure, effect: deny, reason: too_big}}
  - {{id: odd, at: [agent.invoke], match: {{agent: "*_odd"}}, effect: flag, reason: odd_agent}}
reasons: {{too_big: Too big., odd_agent: An odd agent.}}
"""
PROGRAM = program("""
pipeline: p
language: 1
agents: {a: {scripted: [1]}}
stages: {one: {agent: a}}
""")


class Book:
    """A policy file and the book that reads it."""

    def __init__(self, folder: Path) -> None:
        (folder / "pointsman.toml").write_text("")
        self.path = folder / "guard.policy.yaml"
        self.kept: list[str] = []
        self.writes = 0
        self.write(TEXT.format(version=1, default="allow"))
        self.book = PolicyBook(
            find_place(folder), [(self.path, "guard.policy.yaml")], lambda text: self.kept.append(text.hash)
        )
        started = Record(1, "main", 0, RunStarted("p", "x", "h", {}, 0))
        self.state, _ = machine.step(machine.initial(PROGRAM, "run"), started)

    def write(self, text: str) -> None:
        """Save; every save is seen, however fast they follow each other."""
        self.path.write_text(text)
        self.writes += 1
        os.utime(self.path, ns=(self.writes, self.writes))

    def ask(self, n: int, agent: str = "a", sure: bool = False, point: str = "agent.invoke") -> Decided:
        effect = Decide("e", "main", "one", point, agent, {"n": n, "sure": sure})
        return self.book.decide(effect, self.state)


def test_deny_beats_flag_beats_allow_and_unless_lifts_a_rule(tmp_path: Path) -> None:
    book = Book(tmp_path)
    assert book.ask(1).verdict == "allow"
    assert (book.ask(11).verdict, book.ask(11).reasons, book.ask(11).rules) == ("deny", ("too_big",), ("guard/big",))
    assert book.ask(1, "an_odd").verdict == "flag"
    assert book.ask(11, "an_odd").reasons == ("too_big",)
    assert book.ask(11, sure=True).verdict == "allow"


def test_a_default_speaks_only_at_points_that_a_rule_names(tmp_path: Path) -> None:
    book = Book(tmp_path)
    book.write(TEXT.format(version=2, default="deny"))
    assert (book.ask(1).verdict, book.ask(1).reasons) == ("deny", ())
    assert book.ask(1, point="output.accept").verdict == "allow"


def test_an_evaluation_error_fails_closed(tmp_path: Path) -> None:
    book = Book(tmp_path)
    effect = Decide("e", "main", "one", "agent.invoke", "a", {"m": 1})
    decided = book.book.decide(effect, book.state)
    assert (decided.verdict, decided.reasons) == ("deny", ("rules_invalid",))
    assert decided.policies[0].error


def test_a_saved_policy_is_live_and_stamped_and_its_text_kept(tmp_path: Path) -> None:
    book = Book(tmp_path)
    first = book.ask(1).policies[0]
    book.write(TEXT.format(version=2, default="allow"))
    second = book.ask(1).policies[0]
    assert (first.version, second.version) == (1, 2)
    assert book.kept == [first.hash, second.hash]


def test_a_policy_that_breaks_leaves_its_last_good_version_live_and_says_so(tmp_path: Path) -> None:
    book = Book(tmp_path)
    assert book.ask(11).verdict == "deny"
    book.write("policy: guard\nrules: {")
    broken = book.ask(1)
    assert (broken.verdict, broken.policies[0].version) == ("allow", 1)
    assert "last good version" in broken.policies[0].error
    assert book.ask(11).verdict == "deny"
    book.path.unlink()
    assert book.ask(11).verdict == "deny"


def test_a_policy_without_rules_stays_live_too(tmp_path: Path) -> None:
    book = Book(tmp_path)
    book.write("policy: guard\nlanguage: 1\nversion: 4\nrules: []\nredact: [{pattern: x}]\n")
    assert book.ask(1).verdict == "allow"
    book.write("policy: guard\nrules: {")
    assert book.ask(1).verdict == "allow"


def test_a_policy_that_never_was_good_denies(tmp_path: Path) -> None:
    book = Book(tmp_path)
    book.write("policy: guard\nrules: {")
    assert (book.ask(1).verdict, book.ask(1).reasons) == ("deny", ("rules_invalid",))
    book.write(TEXT.format(version=3, default="allow"))
    assert book.ask(1).verdict == "allow"


def test_a_policy_that_is_not_there_denies_by_name(tmp_path: Path) -> None:
    book = Book(tmp_path)
    book.path.unlink()
    (said,) = book.ask(1).sentences
    assert said.endswith("; guard.policy.yaml: there is no file guard.policy.yaml.")
