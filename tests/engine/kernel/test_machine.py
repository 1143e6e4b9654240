"""The machine against chance: any order of answers, any prefix, any repetition, and it stays the same machine."""

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.kernel import events as ev
from pointsman.kernel import machine
from pointsman.kernel.effects import Ask, Invoke, Sleep
from pointsman.kernel.state import State, digest
from pointsman.testing import program

PROGRAM = program("""
pipeline: p
language: 1
state: {seen: {type: array, default: [], merge: append}}
output: {all: "${{ outputs }}", seen: "${{ state.seen }}"}
agents: {a: {python: "m:a"}, b: {python: "m:b"}}
stages:
  first: {agent: a, with: {n: "${{ input.n }}"}}
  f:
    fork:
      left: {stages: {s: {agent: a, with: {n: 1}}, w: {set: {seen: left}}, t: {agent: b, with: {n: 2}}}}
      middle: {agent: b, with: {n: 3}}
      right: {stages: {q: {ask: {kind: confirmation, question: Ok?}}, w: {set: {seen: right}}}}
      flaky: {agent: a, with: {n: 4}, retry: {attempts: 3, backoff: 1s}}
    join: {optional: [flaky]}
    routes: [{when: "visits.f < 2", to: first}, {to: end}]
""")


def answer(effect: Any, count: int) -> ev.Event:
    """What the outside says to an effect; flaky's first two attempts fail."""
    match effect:
        case Invoke(branch=branch, attempt=attempt) if branch.endswith("flaky") and attempt < 3:
            return ev.AttemptResult(effect.id, attempt, error=ev.ErrorInfo("transient", "x", "x"))
        case Invoke():
            return ev.AttemptResult(effect.id, effect.attempt, {"n": effect.args["n"] + 1})
        case Ask():
            return ev.Answered(effect.id, {"approved": True, "by": "me", "at": 0})
        case Sleep():
            return ev.TimerFired(effect.id)
    raise AssertionError(effect)


def live(choose: Any, crash_every: int = 0) -> tuple[State, list[ev.Record]]:
    """Play with answers in the order `choose(count)` picks; with `crash_every`, a new host every so many answers."""
    state = machine.initial(PROGRAM, "run-1")
    records: list[ev.Record] = []
    inbox: list[ev.Event] = [ev.RunStarted("p", "x", "h", {"n": 1}, 1)]
    answers = 0
    while not state.ended:
        for event in inbox:
            assert machine.awaits(state, event)
            branch = machine.branch_of(state, getattr(event, "effect", ""))
            records.append(ev.Record(len(records) + 1, branch, len(records), event))
            state, _ = machine.step(state, records[-1])
        while state.ready:
            branch = state.ready[choose(len(state.ready))]
            records.append(ev.Record(len(records) + 1, branch, len(records), machine.advance(state, branch)))
            state, _ = machine.step(state, records[-1])
        waiting = list(state.pending.values())
        inbox = []
        if waiting:
            effect = waiting[choose(len(waiting))]
            answers += 1
            if crash_every and answers % crash_every == 0:
                if isinstance(effect, Invoke):
                    inbox.append(ev.AttemptStarted(effect.id, effect.attempt))
                inbox.append(ev.RunHosted("host", answers))
            else:
                inbox.append(answer(effect, answers))
    return state, records


STRAIGHT, RECORDS = live(lambda count: 0)


def test_the_straight_run() -> None:
    assert STRAIGHT.outcome == "completed"
    assert STRAIGHT.output["seen"] == ["left", "right", "left", "right"]
    assert STRAIGHT.used.iterations == 1


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_order_of_answers_ends_in_the_same_state(data: st.DataObject) -> None:
    state, _ = live(lambda count: data.draw(st.integers(0, count - 1)))
    assert digest(state) == digest(STRAIGHT)


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(2, 6))
def test_a_new_host_at_any_time_changes_nothing_of_the_end(data: st.DataObject, every: int) -> None:
    state, records = live(lambda count: data.draw(st.integers(0, count - 1)), every)
    assert state.outcome == "completed"
    assert {name: value for name, value in state.output.items()} == STRAIGHT.output
    keys = [record.event.key for record in records if isinstance(record.event, ev.StageEntered)]
    assert len(set(keys)) == len(keys)


def test_every_prefix_folds_to_the_same_state_and_every_derived_event_is_recomputed() -> None:
    state = machine.initial(PROGRAM, "run-1")
    for record in RECORDS:
        if machine.is_derived(record.event):
            assert machine.advance(state, record.branch) == record.event
        again = machine.advance(state, record.branch) if record.branch in state.ready else None
        assert again is None or again == machine.advance(state, record.branch)
        state, _ = machine.step(state, record)
    assert state == STRAIGHT


def test_events_survive_their_codec_and_still_fold() -> None:
    state = machine.initial(PROGRAM, "run-1")
    for record in RECORDS:
        event = msgspec.json.decode(msgspec.json.encode(record.event), type=ev.AnyEvent)
        assert event == record.event
        state, _ = machine.step(state, ev.Record(record.seq, record.branch, record.at_ns, event))
    assert digest(state) == digest(STRAIGHT)


def test_an_answer_nobody_waits_for_changes_nothing() -> None:
    state = machine.initial(PROGRAM, "run-1")
    late = ev.AttemptResult("main:first#1", 1, {"n": 99})
    for record in RECORDS[:6]:
        state, _ = machine.step(state, record)
    assert "main:first#1" not in state.pending
    assert not machine.awaits(state, late)
    assert machine.step(state, ev.Record(7, "main", 7, late))[0] is state


def test_ids_are_made_of_positions_alone() -> None:
    first = [record.event.effect for record in RECORDS if isinstance(record.event, ev.StageEntered)]
    _, again = live(lambda count: 0)
    assert first == [record.event.effect for record in again if isinstance(record.event, ev.StageEntered)]
    assert first[0] == "main:first#1"
    assert "main/f#2.left:s#1" in first
