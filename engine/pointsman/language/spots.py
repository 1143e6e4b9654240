"""Places in a pipeline: the stage at a path, the blocks around it, and the stages whose outputs may be named there."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from pointsman.language import model
from pointsman.language.stages import stage_at, stage_kinds, stage_names

Path = tuple[str | int, ...]
"""Keys and indexes from the root of a document."""

# As deep as a text is read.
_DEEPEST = 80


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
    stage, rest = named(blocks[0], path[1]), path[2:]
    while stage is not None and stage.fork and rest[:1] == ("fork",) and len(rest) > 1:
        branch = next((one for one in stage.fork.branches if one.name == rest[1]), None)
        if branch is None:
            break
        blocks, passed = (branch.block, *blocks), (stage.name, *passed)
        if branch.single:
            stage, rest = branch.block.stages[0], rest[2:]
        elif rest[2:3] == ("stages",) and len(rest) > 3:
            stage, rest = named(branch.block, rest[3]), rest[4:]
        else:
            stage, rest = None, rest[2:]
    return Spot(blocks, stage, rest, passed)


class Visible(NamedTuple):
    """A stage whose output may be named: the block it is in, and where `at` in it. `itself`: it is the place's own."""

    name: str
    block: model.Block
    at: int
    itself: bool = False

    @property
    def stage(self) -> model.Stage:
        """The stage; not for all of a large block, for each is made when it is looked at."""
        return self.block.stages[self.at]


def visible(spot: Spot) -> Iterator[Visible]:
    """The stages whose outputs may be named at a place, each name once, the likeliest first.

    First what is written above, the nearest first and inner blocks before outer ones; then what is below.
    """
    seen: set[str] = set()
    later: list[Visible] = []
    own = spot.stage.name if spot.stage else None
    for block, here in zip(spot.blocks, (own, *spot.passed), strict=False):
        known = stage_names(block)
        place = known.index(here) if here in known else len(known)
        for index in range(place - 1, -1, -1):
            if known[index] not in seen:
                seen.add(known[index])
                yield Visible(known[index], block, index)
        # Where a block has its own stage of a name, the one around is hidden, wherever it is written.
        later += [Visible(known[at], block, at, at == place and known[at] == own) for at in range(place, len(known))]
    for one in later:
        if one.name not in seen:
            seen.add(one.name)
            yield one


def every(block: model.Block) -> Iterator[Visible]:
    """All stages of a block and of the branches in it."""
    waiting = [block]
    while waiting:
        inner = waiting.pop()
        for index, (name, kind) in enumerate(zip(stage_names(inner), stage_kinds(inner), strict=True)):
            one = Visible(name, inner, index)
            yield one
            fork = one.stage.fork if kind == "fork" else None
            waiting += [branch.block for branch in fork.branches] if fork else []


def spot_of_branch(pipeline: model.Pipeline, branch: model.Branch) -> Spot:
    """The place of a branch's output: its own block and all around it."""
    blocks: tuple[model.Block, ...] = (pipeline.root,)
    passed: tuple[str, ...] = ()
    while blocks[0] is not branch.block:
        stage = stage_at(blocks[0], branch.span.start)
        branches = stage.fork.branches if stage and stage.fork else ()
        inner = next((one for one in branches if one.span.start <= branch.span.start <= one.span.end), None)
        if stage is None or inner is None or len(passed) > _DEEPEST:
            # An alias brings it from elsewhere.
            return Spot((branch.block, pipeline.root), None, ("output",))
        blocks, passed = (inner.block, *blocks), (stage.name, *passed)
    return Spot(blocks, None, ("output",), passed)


def named(block: model.Block, name: str | int) -> model.Stage | None:
    """The first stage of that name in a block."""
    known = stage_names(block)
    return block.stages[known.index(name)] if isinstance(name, str) and name in known else None
