"""What a stage has done so far, from the events: what policies said, what changed, and which stages came before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pointsman.debugger.moments import Moment
from pointsman.debugger.nodes import Line, Node, Place, folder, node, step_of
from pointsman.debugger.timeline import Timeline
from pointsman.kernel.events import (
    Decided,
    Json,
    Record,
    StageEntered,
    StageFailed,
    StageRouted,
    StageSkipped,
)
from pointsman.kernel.state import State

ABSENT = object()


def decisions(timeline: Timeline, moment: Moment) -> Sequence[Node]:
    """What the policies have answered in this visit of the stage."""
    return [_decision(each) for each in decided(timeline, moment)]


def decided(timeline: Timeline, moment: Moment) -> list[Decided]:
    """The answers themselves, in order."""
    return [record.event for record in timeline.changes(moment) if isinstance(record.event, Decided)]


def changes(state: State, timeline: Timeline, moment: Moment) -> Sequence[Node]:
    """The outputs and keys of the state that differ from when the branch entered its stage.

    Between two stages that is what the one before has changed.
    """
    so_far = timeline.changes(moment)
    entered = next((record for record in so_far if isinstance(record.event, StageEntered)), None)
    if entered is None:
        return ()
    before = timeline.state_at(entered.seq - 1).branches.get(moment.branch)
    now = state.branches[moment.branch]
    if before is None:
        return ()
    return [
        *_differences("outputs", before.outputs, now.outputs),
        *_differences("state", before.state, now.state),
    ]


def history(timeline: Timeline, until: int) -> Sequence[Node]:
    """The stages that were entered before an event, a line for each visit."""
    found: list[tuple[Record, StageEntered | StageSkipped]] = []
    ends: dict[tuple[str, str, int], tuple[str, int]] = {}
    open_: dict[str, tuple[str, int]] = {}
    for record in timeline.records[:until]:
        match record.event:
            case StageEntered(stage=stage, visit=visit) as event:
                found.append((record, event))
                open_[record.branch] = (stage, visit)
            case StageSkipped() as event:
                found.append((record, event))
            case StageRouted(why=why, to=to) if record.branch in open_:
                word = f"failed → {to}" if why == "on_error" else f"→ {to}"
                ends[record.branch, *open_.pop(record.branch)] = (word, record.at_ns)
            case StageFailed(error=error) if record.branch in open_:
                ends[record.branch, *open_[record.branch]] = (f"failed: {error.code}", record.at_ns)
            case _:
                pass
    return [_visit(record, event, ends) for record, event in found]


def _visit(
    record: Record, event: StageEntered | StageSkipped, ends: Mapping[tuple[str, str, int], tuple[str, int]]
) -> Node:
    name = f"{record.branch}: {event.stage}"
    if isinstance(event, StageSkipped):
        return node(name, {"seq": record.seq, "outcome": "skipped"}, line=lambda show: f"skipped → {event.to}")
    word, ended = ends.get((record.branch, event.stage, event.visit), ("not over", record.at_ns))
    took = ended - record.at_ns
    value = {"seq": record.seq, "visit": event.visit, "outcome": word, "took_ns": took, "args": event.args}
    return node(name, value, line=lambda show: word)


def _decision(event: Decided) -> Node:
    point = "policy after" if event.effect.endswith("/after") else "policy before"

    def parts() -> Sequence[Node]:
        policies = [
            {
                "policy": one.policy,
                "version": one.version,
                "hash": one.hash,
                **({"error": one.error} if one.error else {}),
            }
            for one in event.policies
        ]
        return [
            node("verdict", event.verdict),
            node("reasons", list(event.reasons)),
            node("rules", list(event.rules)),
            node("sentences", list(event.sentences)),
            node("policies", policies),
        ]

    said = " ".join(event.sentences) or ", ".join(event.reasons)
    return folder(point, f"{event.verdict}: {said}" if said else event.verdict, parts)


def _differences(root: str, before: Mapping[str, Json], now: Mapping[str, Json]) -> Iterator[Node]:
    for key, new in now.items():
        old = before.get(key, ABSENT)
        if old is not new and (old is ABSENT or type(old) is not type(new) or old != new):
            yield _change(root, key, old, new)


def _change(root: str, key: str, old: object, new: Json) -> Node:
    path, place = root + step_of(key), (root, key)
    after = node("after", new, path, place)
    if old is ABSENT:
        return folder(path, _arrow("new: ", None, new, place), lambda: [after])
    return folder(path, _arrow("", (old,), new, place), lambda: [node("before", old, "", place), after])


def _arrow(word: str, old: tuple[Json] | None, new: Json, place: Place) -> Line:
    return lambda show: word + (f"{show(old[0], place)} → " if old else "") + show(new, place)
