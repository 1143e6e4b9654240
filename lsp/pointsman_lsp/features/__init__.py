"""One file per feature: each is a function of a document at one moment and a byte offset, and knows no protocol.

What a feature returns is plain data with spans; `convert` alone puts it into a client's units.
"""

from dataclasses import dataclass
from pathlib import Path

from pointsman.language.source import Source, Span


class Refused(Exception):
    """What was asked for can not be done, and why: a sentence for the person who asked."""


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a text. `span` is what to select, `full` the whole of what is defined there."""

    path: Path
    source: Source
    span: Span
    full: Span


@dataclass(frozen=True, slots=True)
class TextEdit:
    """Replace the bytes of `span` by `text`."""

    span: Span
    text: str
