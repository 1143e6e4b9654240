"""Runs as lists and trees show them: plain values, redacted, in the wire's own form (`msgspec.to_builtins`).

Times are Unix milliseconds, durations milliseconds, costs US dollars.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from msgspec import Struct

from pointsman.journal.store import RunRow
from pointsman.kernel import events as ev
from pointsman.kernel.coordination import block_of, stage_id
from pointsman.kernel.effects import Ask
from pointsman.kernel.envelope import envelope
from pointsman.kernel.events import ErrorInfo, Json
from pointsman.kernel.instructions import Program
from pointsman.kernel.interrupts import ANSWERS
from pointsman.kernel.state import State
from pointsman.runtime.progress import Line, Progress
from pointsman.security.redaction import Redactor

NOTE = 200
"""Characters of a note: the place to read an error is the run."""


class StageLine(Struct, frozen=True, rename="camel"):
    """One visit of a stage. `status`: running, asking, done, failed, skipped, cancelled; `id` is its path of names."""

    stage: str
    id: str
    branch: str
    visit: int
    status: str
    took_ms: int
    note: str
    attempt: int
    reused: bool


class Question(Struct, frozen=True, rename="camel"):
    """What a person is asked. `what`: confirmation, clarification, review, in_doubt; `schema` says what answer fits."""

    effect: str
    stage: str
    what: str
    question: str
    assignee: str
    schema: Json
    expires_at: int | None


class Fault(Struct, frozen=True, rename={"klass": "class"}):
    """Why a run failed."""

    klass: str
    code: str
    stage: str
    message: str


class RunView(Struct, frozen=True, rename="camel"):
    """One run. `status`: running, held, asking, waiting, interrupted, or how it ended. `path` is absolute.

    `note` is what a person should know of how it was started; `host` says who runs it: server, process N, or nobody.
    """

    run: str
    pipeline: str
    path: str
    status: str
    live: bool
    started_at: int
    took_ms: int
    tokens: int
    cost: float
    stages: tuple[StageLine, ...]
    questions: tuple[Question, ...]
    error: Fault | None
    rerun_of: str
    note: str
    host: str


class EventLine(Struct, frozen=True):
    """One event in a line."""

    seq: int
    branch: str
    kind: str
    at: int
    what: str


class StageTrace(Struct, frozen=True, rename="camel"):
    """What a run made of a stage so far."""

    status: str
    visits: int
    took_ms: int


class Trace(Struct, frozen=True):
    """A run laid over its graph: stages by id, edges taken by `from to`, and where its branches stand now."""

    stages: dict[str, StageTrace]
    edges: dict[str, int]
    current: tuple[str, ...]


@dataclass(slots=True)
class Story:
    """The events of one run, folded into what a list shows of it."""

    progress: Progress
    tokens: int = 0
    cost: float = 0.0
    error: ErrorInfo | None = None
    rerun_of: str = ""
    note: str = ""
    ended_ns: int = 0
    last_ns: int = 0
    """When the last thing happened in it."""
    ways: dict[tuple[str, str, str], int] = field(default_factory=dict)
    """How often a branch went from a stage to another one."""

    def fold(self, record: ev.Record) -> None:
        """Take one event in."""
        self.progress.fold(record)
        self.last_ns = record.at_ns
        match record.event:
            case ev.RunStarted(rerun=rerun, note=note):
                self.rerun_of, self.note = rerun.run if rerun else "", note
            case ev.AttemptResult(usage=ev.Usage() as usage):
                self.tokens += usage.tokens_in + usage.tokens_out
                self.cost += usage.cost
            case ev.RunEnded(error=error):
                self.error, self.ended_ns = error, record.at_ns
            case ev.StageRouted(stage=stage, to=to) | ev.StageSkipped(stage=stage, to=to):
                self._count(record.branch, stage, to)
            case ev.Forked(stage=stage, branches=branches):
                for branch in branches.values():
                    self._count(record.branch, stage, branch)

    def _count(self, branch: str, stage: str, to: str) -> None:
        way = branch, stage, to
        self.ways[way] = self.ways.get(way, 0) + 1


def told(records: Iterable[ev.Record], run: str) -> Story:
    """The story of a run's events."""
    story = Story(Progress(run))
    for record in records:
        story.fold(record)
    return story


def run_view(
    story: Story,
    row: RunRow,
    root: Path,
    hide: Redactor,
    *,
    ids: Ids,
    status: str,
    live: bool,
    asks: Sequence[Ask],
    host: str,
    expires_ns: Callable[[Ask], int] = lambda ask: ask.expires_at_ns,
) -> RunView:
    """A run as it stands; `ids` are those of its program. `expires_ns` says until when a question can be answered."""
    progress, now = story.progress, time.time_ns()
    started = progress.started_ns or row.created_at_ns
    ended = row.ended_at_ns or (now if live else story.last_ns or started)
    error = story.error
    return RunView(
        run=row.id,
        pipeline=row.pipeline,
        path=str(root / row.path),
        status=status,
        live=live,
        started_at=_ms(started),
        took_ms=_ms(max(0, ended - started)),
        tokens=story.tokens,
        cost=story.cost,
        stages=tuple(_line(line, now if live else ended, hide, ids) for line in progress.lines),
        questions=tuple(_question(ask, expires_ns(ask), hide) for ask in asks),
        error=Fault(error.klass, error.code, error.stage, hide.text(error.message)[:NOTE]) if error else None,
        rerun_of=story.rerun_of,
        note=hide.text(story.note),
        host=host,
    )


def envelope_at(state: State, records: Sequence[ev.Record], branch: str = "") -> dict[str, Json]:
    """The envelope after the last of these events, as its branch saw it or another, with the history up to there."""
    branch = branch or records[-1].branch
    story = told(records, state.run_id)
    history = [
        {
            "branch": line.branch,
            "stage": line.stage,
            "visit": line.visit,
            "outcome": line.status,
            "took_ns": (line.ended_ns or records[-1].at_ns) - line.started_ns,
        }
        for line in story.progress.lines
    ]
    return envelope(state, state.branches.get(branch) or state.branches.get("main"), history)


def trace(story: Story, state: State) -> Trace:
    """A run laid over its graph: what it made of each stage, the ways it took, and where it stands."""
    program, now = state.program, time.time_ns()
    stages: dict[str, StageTrace] = {}
    for line in story.progress.lines:
        name = stage_id(program, line.branch, line.stage)
        seen = stages.get(name)
        took = _ms(max(0, (line.ended_ns or now) - line.started_ns))
        stages[name] = StageTrace(line.status, (seen.visits if seen else 0) + 1, took)
    edges: dict[str, int] = {}
    for (branch, stage, to), count in story.ways.items():
        edge = f"{stage_id(program, branch, stage)} {_target(program, branch, to)}"
        edges[edge] = edges.get(edge, 0) + count
    places = (stage_id(program, at.id, at.stage) for at in state.branches.values())
    return Trace(stages, edges, () if state.ended else tuple(places))


def _target(program: Program, branch: str, to: str) -> str:
    """Where a way leads: to a stage, to the entry of a branch, out of one to its fork, or to the run's end."""
    block = block_of(branch)
    if "/" in to:
        entered = program.blocks[block_of(to)]
        return entered.stages[entered.entry].id
    if to in ("end", "fail"):
        return block.rpartition(".")[0] or to
    return stage_id(program, branch, to)


Ids = Mapping[tuple[str, str], str]
"""The ids of stages by block and name."""


def ids_of(program: Program) -> Ids:
    """The ids of a program's stages: all that a list needs of it."""
    return {(block.id, name): code.id for block in program.blocks.values() for name, code in block.stages.items()}


def answer_schema(ask: Ask) -> Json:
    """What answer fits a question."""
    if ask.about != "in_doubt":
        return ANSWERS.get(ask.what, ask.answer)
    doubt = ANSWERS["in_doubt"]
    if ask.answer is None:
        return doubt
    return doubt | {"properties": {**doubt["properties"], "result": ask.answer}}


def _line(line: Line, now_ns: int, hide: Redactor, ids: Ids) -> StageLine:
    took = _ms(max(0, (line.ended_ns or now_ns) - line.started_ns))
    note = hide.text(line.note)[:NOTE]
    name = ids.get((block_of(line.branch), line.stage), line.stage)
    return StageLine(line.stage, name, line.branch, line.visit, line.status, took, note, line.attempt, line.reused)


def _question(ask: Ask, expires_ns: int, hide: Redactor) -> Question:
    what = "in_doubt" if ask.about == "in_doubt" else ask.what
    expires = _ms(expires_ns) if expires_ns else None
    return Question(
        ask.id, ask.stage, what, hide.text(ask.question), hide.text(ask.assignee), answer_schema(ask), expires
    )


def _ms(ns: int) -> int:
    return ns // 1_000_000
