"""Edits of a held run as events: what each does to the state and to what is asked, which are refused, and replay."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from pointsman.kernel import editing, machine
from pointsman.kernel import events as ev
from pointsman.kernel.effects import Ask, Decide, Invoke
from pointsman.kernel.state import State
from pointsman.testing import program

TEXT = """
pipeline: p
language: 1
state:
  level: {type: integer, default: 1}
  notes: {type: array, default: [], merge: append}
  box: {type: object, default: {deep: [1, 2]}}
output: {outputs: "${{ outputs }}", level: "${{ state.level }}"}
agents: {a: {python: "m:a"}, say: {command: [echo, "${{ args.n }}"]}}
stages:
  first:
    agent: a
    with: {n: "${{ input.n }}", list: [1, {x: 2}]}
    result: {type: object, required: [n], properties: {n: {type: integer}}}
    routes: [{when: result.n > 10, to: shout}, {to: person}]
  person: {ask: {kind: confirmation, question: Ok?}}
  shout: {agent: say, with: {n: "${{ outputs.first.n }}"}, idempotency_key: "k${{ args.n }}"}
  f:
    fork:
      left: {stages: {s: {agent: a, with: {n: 1}}, w: {set: {level: "${{ state.level + 1 }}"}}}}
      right: {agent: a, with: {n: 2}}
"""


class Run:
    """A run that is played by hand."""

    def __init__(self, guarded: bool = False) -> None:
        self.state = machine.initial(program(TEXT, guarded=guarded), "run-1")
        self.records: list[ev.Record] = []
        self.asked: list[Any] = []
        self.say(ev.RunStarted("p", "x", "h", {"n": 1}, 1))

    def say(self, event: ev.Event, branch: str = "") -> None:
        """Something happens."""
        assert machine.awaits(self.state, event)
        branch = branch or machine.branch_of(self.state, getattr(event, "effect", ""))
        self.records.append(ev.Record(len(self.records) + 1, branch, len(self.records), event))
        self.state, effects = machine.step(self.state, self.records[-1])
        self.asked += effects

    def move(self, until: str = "") -> None:
        """Let all branches move, or the main one up to a part."""
        while self.state.ready and not (until and self.main.part == until):
            self.say(machine.advance(self.state, self.state.ready[0]), self.state.ready[0])

    def edit(self, expression: tuple[str | int, ...], value: Any, branch: str = "main") -> ev.Edited:
        """Edit, as a person does."""
        event = editing.edit(self.state, branch, expression, value, "ada")
        self.say(event, branch)
        return event

    def refused(self, expression: tuple[str | int, ...], value: Any, branch: str = "main") -> str:
        """Why an edit may not be."""
        with pytest.raises(editing.Unfit) as rule:
            editing.edit(self.state, branch, expression, value, "ada")
        return str(rule.value)

    def result(self, value: Any, branch: str = "main") -> None:
        """The pending agent of a branch answers."""
        (effect,) = [one for one in self.state.pending.values() if isinstance(one, Invoke) and one.branch == branch]
        self.say(ev.AttemptResult(effect.id, effect.attempt, value))

    def allow(self) -> None:
        """The policies have nothing against what they are asked."""
        (effect,) = [one for one in self.state.pending.values() if isinstance(one, Decide)]
        self.say(ev.Decided(effect.id, "allow"))

    @property
    def main(self) -> Any:
        """The main branch."""
        return self.state.branches["main"]

    def check_replay(self) -> None:
        """Fold it again from its journal's bytes: each derived event is made again, the state is the same."""
        state: State = machine.initial(self.state.program, "run-1")
        for record in self.records:
            event = msgspec.json.decode(msgspec.json.encode(record.event), type=ev.AnyEvent)
            if machine.is_derived(event):
                assert machine.advance(state, record.branch) == event
            state, _ = machine.step(state, ev.Record(record.seq, record.branch, record.at_ns, event))
        assert state == self.state


def test_arguments_go_out_as_they_were_edited() -> None:
    run = Run()
    run.move()
    run.edit(("args", "list", 1, "x"), "y")
    run.edit(("args", "n"), 7)
    (effect,) = run.state.pending.values()
    assert isinstance(effect, Invoke)
    assert effect.args == {"n": 7, "list": [1, {"x": "y"}]}
    assert run.asked[-1] is effect  # asked for anew
    run.result({"n": 3})
    run.move()
    run.check_replay()


def test_what_is_made_of_the_arguments_is_made_again() -> None:
    run = Run()
    run.move()
    run.result({"n": 11})
    run.move()
    run.edit(("args",), {"n": 5})
    (effect,) = run.state.pending.values()
    assert isinstance(effect, Invoke)
    assert (effect.request, effect.key) == ({"argv": ["echo", 5], "stdin": None}, "k5")
    assert run.refused(("args",), {"m": 1}).startswith("with these arguments: there is no `n`")
    run.check_replay()


def test_policies_are_asked_about_edited_arguments_and_results() -> None:
    run = Run(guarded=True)
    run.move()
    run.edit(("args", "n"), 8)
    (before,) = run.state.pending.values()
    assert isinstance(before, Decide)
    assert before.args["n"] == 8
    run.allow()
    run.edit(("args", "n"), 9)  # allowed already: asked again
    (again,) = run.state.pending.values()
    assert isinstance(again, Decide)
    assert (again.point, again.args["n"]) == ("agent.invoke", 9)
    run.allow()
    (effect,) = run.state.pending.values()
    assert isinstance(effect, Invoke)
    assert effect.args["n"] == 9
    run.result({"n": 1})
    run.move()
    run.allow()
    assert run.main.part == "route"
    run.edit(("result", "n"), 50)
    (after,) = run.state.pending.values()
    assert isinstance(after, Decide)
    assert (after.point, after.result) == ("output.accept", {"n": 50})
    run.say(ev.Decided(after.id, "deny", ("too_much",)))
    run.move()
    assert run.state.outcome == "denied"
    run.check_replay()


def test_a_result_decides_the_route() -> None:
    run = Run()
    run.move()
    run.result({"n": 1})
    run.edit(("result", "n"), 11)
    run.move()
    assert run.main.stage == "shout"
    assert run.main.outputs == {"first": {"n": 11}}
    run.check_replay()


def test_outputs_and_state_are_seen_from_then_on() -> None:
    run = Run()
    run.move()
    run.result({"n": 11})
    run.move("enter")
    run.edit(("outputs", "first", "n"), 12)
    run.edit(("state", "box", "deep", 0), None)
    run.edit(("state", "notes"), ["by hand"])
    run.move()
    (effect,) = run.state.pending.values()
    assert isinstance(effect, Invoke)
    assert effect.args == {"n": 12}
    assert run.main.state == {"level": 1, "notes": ["by hand"], "box": {"deep": [None, 2]}}
    run.check_replay()


def test_a_join_merges_what_was_edited_in_a_branch() -> None:
    run = Run()
    run.move()
    run.result({"n": 11})
    run.move()
    run.result("said")
    run.move()
    left = next(name for name in run.state.branches if name.endswith(".left"))
    run.edit(("state", "box", "deep", 1), "left", left)
    run.edit(("state", "level"), 41, left)
    assert run.refused(("state", "notes"), [], left) == (
        "state.notes is merged when the branches join: edit it before the fork or after the join"
    )
    run.result(0, left)
    run.result(0, left.replace(".left", ".right"))
    run.move()
    assert run.state.outcome == "completed"
    assert run.state.branches["main"].state == {"level": 42, "notes": [], "box": {"deep": [1, "left"]}}
    run.check_replay()


def test_an_edit_keeps_the_other_branches_in_their_turn() -> None:
    run = Run()
    run.move()
    run.result({"n": 11})
    run.move()
    run.result("said")
    while len(run.state.ready) < 2:
        run.say(machine.advance(run.state, run.state.ready[0]), run.state.ready[0])
    order = run.state.ready
    run.edit(("state", "level"), 2, order[0])
    assert run.state.ready == order


def test_what_may_not_be_edited() -> None:
    run = Run()
    assert "step in" in run.refused(("args", "n"), 1)
    assert run.refused(("result",), 1) == "first has no result yet"
    assert run.refused(("outputs", "first"), 1) == "no stage first has put anything out"
    assert run.refused(("outputs",), {}) == "the outputs are edited one by one"
    assert run.refused(("state",), {}) == "the state is edited key by key"
    assert run.refused(("state", "levle"), 1) == "the state has no key levle"
    assert run.refused(("state", "level"), "high").startswith("state.level: ")
    assert run.refused(("state", "box", "deep", 2), 1) == "there is no 2 to edit"
    assert run.refused(("input", "n"), 1) == "input is what it is: only args, result, outputs, state can be edited"
    assert run.refused(("state", "level"), 1, "main/gone") == "there is nothing to edit any more: the branch is over"
    run.move()
    assert run.refused(("args",), [1]) == "the arguments are a mapping of names to values"
    (effect,) = run.state.pending.values()
    run.say(ev.AttemptStarted(effect.id, 1, "w"))
    assert run.refused(("args", "n"), 2) == "the agent of first has its arguments already"
    run.result({"n": 1})
    assert run.refused(("result", "n"), "x").startswith("the result breaks its contract: n: ")
    run.move()
    (ask,) = run.state.pending.values()
    assert isinstance(ask, Ask)
    assert run.refused(("outputs", "first"), {}).startswith("outputs.first breaks its contract: ")
    run.say(ev.Answered(ask.id, {"approved": False, "by": "bob", "at": 1}))
    answered = "a person's answer is not edited: it says who gave it"
    assert run.refused(("result", "approved"), True) == answered
    run.move()
    assert run.refused(("outputs", "person", "approved"), True) == answered
    run.check_replay()


@pytest.mark.parametrize(
    "event",
    [
        ev.Edited("first", (), 1),
        ev.Edited("first", ("args",), {}),
        ev.Edited("first", ("outputs", "nowhere", "deep"), 1),
        ev.Edited("first", ("state", 3), 1),
        ev.Edited("first", ("envelope",), 1),
    ],
)
def test_an_edit_that_fits_nowhere_changes_nothing(event: ev.Edited) -> None:
    run = Run()
    before = run.state
    run.say(event, "main")
    assert run.state == before
    run.say(event, "main/gone")
    assert run.state == before
