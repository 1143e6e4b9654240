"""The stages of a pipeline as a sequence that makes each stage when somebody looks at it, and cheap questions about
all of them: a keystroke moves the stages below it, and nobody looks at most of them before the next one.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, overload

from pointsman.language.contents import Placed, Unit
from pointsman.language.model import Block, Stage, StageKind
from pointsman.language.moving import moved
from pointsman.language.reading import Item


class MovedStages(Sequence[Stage]):
    """Stages in written order, compared and hashed like the tuple of them. `make` reads one from what was found of it,
    `given` says what that depends on besides."""

    __slots__ = ("_given", "_made", "_make", "_places")

    def __init__(self, placed: Iterable[Placed], make: Callable[[Unit, Item], Stage], given: tuple[Any, ...]) -> None:
        self._places = [(one, at) for one in placed for at in range(len(one.unit.content.stages))]
        self._make = make
        self._given = given
        self._made: list[Stage | None] = [None] * len(self._places)

    def names(self) -> tuple[str, ...]:
        """The names of all stages."""
        return tuple([one.unit.content.stages[at].name for one, at in self._places])

    def kinds(self) -> tuple[StageKind, ...]:
        """The kinds of all stages."""
        return tuple([one.unit.content.stages[at].kind for one, at in self._places])

    def at(self, offset: int) -> Stage | None:
        """The stage whose range holds this byte, its end too."""
        index = bisect_right(self._places, offset, key=lambda place: _start(*place)) - 1
        stage = self[index] if index >= 0 else None
        return stage if stage and stage.span.start <= offset <= stage.span.end else None

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> Stage: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Stage, ...]: ...
    def __getitem__(self, index: int | slice) -> Stage | tuple[Stage, ...]:
        if isinstance(index, slice):
            return tuple(self[at] for at in range(*index.indices(len(self))))
        stage = self._made[index]
        if stage is None:
            stage = self._made[index] = self._moved(*self._places[index])
        return stage

    def __iter__(self) -> Iterator[Stage]:
        return map(self.__getitem__, range(len(self)))

    def __eq__(self, other: object) -> bool:
        return tuple(self) == tuple(other) if isinstance(other, MovedStages | tuple) else NotImplemented

    def __hash__(self) -> int:
        return tuple(self).__hash__()

    def __repr__(self) -> str:
        return repr(tuple(self))

    def _moved(self, one: Placed, at: int) -> Stage:
        kept = one.unit.kept.get(("stage", at))
        if kept is None or kept[0] != self._given:
            made = self._make(one.unit, one.unit.content.items[at])
            kept = (self._given, made, one.by, moved(made, one.by))
        elif kept[2] != one.by:
            kept = (self._given, kept[1], one.by, moved(kept[1], one.by))
        # A stage above the place of an edit is the very one that was made for the text before.
        one.unit.kept["stage", at] = kept
        stage: Stage = kept[3]
        return stage


def stage_names(block: Block) -> tuple[str, ...]:
    """The names of a block's stages, in order; cheap in a block of any size."""
    of = block.stages
    return of.names() if isinstance(of, MovedStages) else tuple(stage.name for stage in of)


def stage_kinds(block: Block) -> tuple[StageKind, ...]:
    """The kinds of a block's stages, in order; cheap in a block of any size."""
    of = block.stages
    return of.kinds() if isinstance(of, MovedStages) else tuple(stage.kind for stage in of)


def stage_at(block: Block, offset: int) -> Stage | None:
    """The block's own stage whose range holds this byte, its end too; cheap in a block of any size."""
    of = block.stages
    if isinstance(of, MovedStages):
        return of.at(offset)
    return next((stage for stage in of if stage.span.start <= offset <= stage.span.end), None)


def _start(one: Placed, at: int) -> int:
    return one.by + one.unit.content.stages[at].span.start
