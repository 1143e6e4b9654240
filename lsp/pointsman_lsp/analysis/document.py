"""One text at one moment, and everything a feature may ask about it. Frozen: a newer text is another document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Protocol

from pointsman.language.analysis import Analysis
from pointsman.language.source import Source
from pointsman.runtime.progress import StageOutcome
from pointsman.runtime.workspace import Place

__all__ = ["Disk", "Document", "Outcomes", "StageOutcome", "no_outcomes"]


class Disk(Protocol):
    """The files around a document at one moment; what is open in the editor goes before what is saved."""

    def read(self, path: Path) -> bytes | None:
        """The bytes of a file, None when there is none to read."""
        ...

    def names(self, folder: Path) -> tuple[str, ...]:
        """The names in a folder, sorted; those of folders end in `/`. Empty when there is no such folder."""
        ...


Outcomes = Callable[[Path, str, str], StageOutcome | None]
"""Asked with the pipeline's file, the pipeline's name and the stage's: the last outcome, None when there is none."""


def no_outcomes(path: Path, pipeline: str, stage: str) -> StageOutcome | None:
    """What is known of runs where none are: nothing."""
    return None


@dataclass(frozen=True)
class Document:
    """A pipeline, policy or settings file. `version` is the client's, None for a file that is not open.

    `path` is where the text lies or would lie; `uri` is the client's own spelling. Offsets everywhere are bytes.
    """

    uri: str
    path: Path
    version: int | None
    source: Source
    place: Place
    disk: Disk
    analyse: Callable[[], Analysis] = field(repr=False)
    outcomes: Outcomes = field(default=no_outcomes, repr=False)

    @cached_property
    def analysis(self) -> Analysis:
        """What the engine says of the text, made when first asked for."""
        return self.analyse()

    def beside(self, relative: str) -> Path:
        """The file that a path written in this document means: relative to the document's folder."""
        return self.path.parent / relative
