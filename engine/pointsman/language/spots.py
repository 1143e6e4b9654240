"""Places in a pipeline: the stage at a path, the blocks around it, and the stages whose outputs may be named there."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pointsman.language import model

Path = tuple[str | int, ...]
"""Keys and indexes from the root of a document."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a pipeline: its stage if any, the blocks around it, the innermost first, and the keys below."""

    blocks: tuple[model.Block, ...]
    stage: model.Stage | None
    rest: Path
    passed: tuple[str, ...] = ()
    """The stages whose forks lead here, the innermost first."""


def spot_at(pipeline: model.Pipeline, path: Path) -> Spot:
    """Where a path leads to, as far as the model has it."""
    blocks: tuple[model.Block, ...] = (pipeline.root,)
    passed: tuple[str, ...] = ()
    if path[:1] != ("stages",) or len(path) < 2:
        return Spot(blocks, None, path)
    stage, rest = _named(blocks[0].stages, path[1]), path[2:]
    while stage is not None and stage.fork and rest[:1] == ("fork",) and len(rest) > 1:
        branch = next((one for one in stage.fork.branches if one.name == rest[1]), None)
        if branch is None:
            break
        blocks, passed = (branch.block, *blocks), (stage.name, *passed)
        if branch.single:
            stage, rest = branch.block.stages[0], rest[2:]
        elif rest[2:3] == ("stages",) and len(rest) > 3:
            stage, rest = _named(branch.block.stages, rest[3]), rest[4:]
        else:
            stage, rest = None, rest[2:]
    return Spot(blocks, stage, rest, passed)


def visible(spot: Spot) -> Iterator[tuple[model.Stage, str]]:
    """The stages whose outputs may be named at a place, each name once, the likeliest first, with a note for people.

    First what is written above, the nearest first and inner blocks before outer ones; then what is below.
    """
    seen: set[str] = set()
    later: list[tuple[model.Stage, str]] = []
    own: str | None = spot.stage.name if spot.stage else None
    for block, here in zip(spot.blocks, (own, *spot.passed), strict=False):
        place = next((at for at, one in enumerate(block.stages) if one.name == here), len(block.stages))
        for stage in reversed(block.stages[:place]):
            if stage.name not in seen:
                seen.add(stage.name)
                yield stage, ""
        later += [(stage, "this stage itself" if stage.name == own else "") for stage in block.stages[place:]]
    for stage, note in later:
        if stage.name not in seen:
            seen.add(stage.name)
            yield stage, note


def spot_of_branch(pipeline: model.Pipeline, branch: model.Branch) -> Spot:
    """The place of a branch's output: its own block and all around it."""
    waiting: list[tuple[model.Block, tuple[model.Block, ...], tuple[str, ...]]] = [(pipeline.root, (), ())]
    while waiting:
        block, outer, passed = waiting.pop()
        blocks = (block, *outer)
        if block is branch.block:
            return Spot(blocks, None, ("output",), passed)
        for stage in block.stages:
            if stage.fork and stage.span.start <= branch.span.start <= stage.span.end:
                waiting += [(one.block, blocks, (stage.name, *passed)) for one in stage.fork.branches]
    return Spot((branch.block, pipeline.root), None, ("output",))


def every(block: model.Block) -> Iterator[model.Stage]:
    waiting = [block]
    while waiting:
        for stage in waiting.pop().stages:
            yield stage
            waiting += [branch.block for branch in stage.fork.branches] if stage.fork else []


def _named(stages: Iterable[model.Stage], name: str | int) -> model.Stage | None:
    return next((one for one in stages if one.name == name), None)
