"""What is shown above a pipeline and above its stages: run it, debug it, and how that went last."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pointsman.language import model
from pointsman.language.lexical import get
from pointsman.language.source import Span
from pointsman.language.stages import stage_kinds, stage_names
from pointsman_lsp.analysis.document import Document, StageOutcome
from pointsman_lsp.features.markdown import ago, lasting, shortened

Does = Literal["run", "debug", "show", "rerun"]

GOOD, BAD = "✓", "✗"
_MARKS = {"completed": GOOD, "failed": BAD, "limit": BAD, "denied": BAD}
_WORDS = {"held": "held by a debugger", "waiting": "waiting for an answer", "limit": "stopped at a limit"}
_WIDE = 40
"""Characters of what a stage's lens says: a longer one pushes those behind it away; the hover has all of it."""
CENT = 0.01


@dataclass(frozen=True, slots=True)
class LastRun:
    """The newest run of a pipeline; `status` as in a list of runs, times in nanoseconds, `cost` in US dollars."""

    run: str
    live: bool
    status: str
    started_at_ns: int
    took_ns: int
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What runs have made of a pipeline: the newest one, and the last outcome of each stage by its id."""

    last: LastRun | None = None
    stages: Mapping[str, StageOutcome] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lens:
    """A word above a line, and what a click on it does."""

    span: Span
    title: str
    does: Does
    pipeline: str
    stage: str = ""
    run: str = ""


def lenses(document: Document, seen: Callable[[str], Seen], now_ns: int) -> list[Lens]:
    """The lenses of a pipeline file. `seen` is asked with a pipeline's name, `now_ns` is the time."""
    found: list[Lens] = []
    for pipeline in document.analysis.pipelines:
        if pipeline.name:  # without one it can not be named to anybody
            at, known = _head(document, pipeline), seen(pipeline.name)
            found += [Lens(at, "Run", "run", pipeline.name), Lens(at, "Debug", "debug", pipeline.name)]
            if known.last:
                found.append(Lens(at, run_title(known.last, now_ns), "show", pipeline.name, run=known.last.run))
            for stage, outcome in _with_outcomes(pipeline.root, known.stages):
                found += _of_stage(pipeline.name, stage, outcome, _holds(known.last, outcome))
    return found


def run_title(run: LastRun, now_ns: int) -> str:
    """How the newest run went: `✓ completed 3 min ago in 1.2 s, 0.02 usd`."""
    words = " ".join(filter(None, (_MARKS.get(run.status, ""), _WORDS.get(run.status, run.status))))
    if not run.live:
        words = f"{words} {ago(run.started_at_ns, now_ns)}"
        if run.status not in ("waiting", "interrupted"):
            words = f"{words} in {lasting(run.took_ns)}"
    if run.cost:
        words += f", {run.cost:.2f} usd" if run.cost >= CENT else f", under {CENT} usd"
    return words


def stage_title(outcome: StageOutcome, held: bool = False) -> str:
    """How a stage last went: `✓ 1.2 s → approve`; `held` says that a debugger holds the run it is running in."""
    visits = f", visit {outcome.visits}" if outcome.visits > 1 else ""
    match outcome.status:
        case "done" | "failed":
            mark = GOOD if outcome.status == "done" else BAD
            title = f"{mark} {lasting(outcome.took_ns)}{visits} {outcome.note}"
        case "running" | "asking":
            status = "held" if held and outcome.status == "running" else outcome.status
            title = f"{status}{visits}" + (f": {outcome.note}" if outcome.note else "")
        case _:
            title = f"{outcome.status}{visits}"
    return shortened(title, _WIDE)


def _holds(run: LastRun | None, outcome: StageOutcome) -> bool:
    """Whether a debugger holds the run that a stage's outcome is from."""
    return run is not None and run.status == "held" and run.run == outcome.run


def _of_stage(pipeline: str, stage: model.Stage, outcome: StageOutcome, held: bool) -> Iterator[Lens]:
    at = stage.name_span
    yield Lens(at, stage_title(outcome, held), "show", pipeline, stage.name, outcome.run)
    yield Lens(at, "Debug to here", "debug", pipeline, stage.name)
    if not outcome.live:
        yield Lens(at, "Run from here", "rerun", pipeline, stage.name, outcome.run)


def _with_outcomes(
    block: model.Block, outcomes: Mapping[str, StageOutcome], prefix: str = "", single: bool = False
) -> Iterator[tuple[model.Stage, StageOutcome]]:
    """The stages that have an outcome, in written order. The others are not made: there may be very many."""
    seen: set[str] = set()
    for index, (name, kind) in enumerate(zip(stage_names(block), stage_kinds(block), strict=True)):
        id = prefix if single else f"{prefix}.{name}" if prefix else name
        if id in seen or not (id in outcomes or (outcomes and kind == "fork")):
            continue
        seen.add(id)
        stage = block.stages[index]
        if id in outcomes:
            yield stage, outcomes[id]
        for branch in stage.fork.branches if stage.fork else ():
            yield from _with_outcomes(branch.block, outcomes, f"{id}.{branch.name}", branch.single)


def _head(document: Document, pipeline: model.Pipeline) -> Span:
    """The name of a pipeline; the start of its document where an alias brings it from elsewhere."""
    for one in document.analysis.tree.documents:
        entry = get(one.root, "pipeline") if one.root.span == pipeline.span else None
        if entry:
            return entry.key.span
    return Span(pipeline.span.start, pipeline.span.start)
