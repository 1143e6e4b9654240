"""What a saved file means for a run that a client looks at: which finished stages it would change, and that the run
itself keeps what it was started with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from pointsman.debugger.timeline import Timeline
from pointsman.kernel.coordination import stage_id
from pointsman.kernel.events import StageRouted
from pointsman.runtime.definitions import DefinitionChange


def affected_words(change: DefinitionChange, timeline: Timeline, program: Path, policies: Iterable[Path]) -> str:
    """What to tell the client of a run about a saved file; empty for a file that is not the run's business."""
    name = change.path.name
    if change.path in policies:
        if change.state == "broken":
            return f"{_broken(change)}; decisions go on by its last good version\n"
        return f"{name} was saved: the next decision uses it\n"
    if change.state == "broken":
        return f"{_broken(change)}; the last good version stays live\n" if change.path == program else ""
    if not change.affects or (change.path.suffix in (".yaml", ".yml") and change.path != program):
        return ""
    done = _finished(timeline)
    hit = [stage for stage in done if stage in change.affects]
    others = [stage for stage in done if stage not in change.affects]
    if not done or not any(stage in _stages(timeline) for stage in change.affects):
        return ""
    said = [f"{name} was saved"]
    if hit:
        said.append(f"finished stages that it changes: {', '.join(hit)}")
    if others:
        said.append(f"not affected: {', '.join(others)}")
    where = f"from {hit[0]}" if hit else "with all that is finished re-used"
    said.append(f"this run keeps what it was started with; a new one goes on {where}: Save and Go On, or `rerun`")
    return "; ".join(said) + "\n"


def _broken(change: DefinitionChange) -> str:
    return change.flaw.words(0) if change.flaw else ""


def _finished(timeline: Timeline) -> list[str]:
    """The stages that have been left, in the order they were."""
    left = [
        stage_id(timeline.state.program, record.branch, record.event.stage)
        for record in timeline.records
        if isinstance(record.event, StageRouted)
    ]
    return list(dict.fromkeys(left))


def _stages(timeline: Timeline) -> Mapping[str, object]:
    program = timeline.state.program
    return {code.id: code for block in program.blocks.values() for code in block.stages.values()}
