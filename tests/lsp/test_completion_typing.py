"""Completion while a file is typed: wherever a word of the language is cut off, that word is offered."""

import re
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from lsp.completions import edited
from lsp.documents import document
from pointsman.language import schema
from pointsman.language.analysis import kind_of
from pointsman.language.schema import Field, Shape
from pointsman.language.shapes import inward
from pointsman.language.source import Source
from pointsman.language.syntax import parse
from pointsman.language.tree import Mapping, Node, Scalar, Sequence
from pointsman_lsp.features.completion import complete

ROOT = Path(__file__).parents[2]
TEXTS = sorted(
    path
    for path in (*ROOT.glob("examples/*/*.yaml"), *ROOT.glob("tests/data/clean/*.yaml"))
    if kind_of(path.name) in ("pipeline", "policy")
)
CUTS = 200
LEAST = 0.97
_FILES = (".py", ".md", ".yaml")


class Cut(NamedTuple):
    """A word of a file: from `start` to `end`, cut off at `at`."""

    start: int
    at: int
    end: int
    word: str


@pytest.mark.parametrize("rest", ["its line goes on", "its line ends"])
def test_the_word_that_was_there_is_offered(rest: str) -> None:
    random = Random(7)
    cuts = [(path, cut) for path in TEXTS for cut in _cuts(path)]
    assert len(cuts) > 10 * CUTS
    missed = []
    for path, cut in random.sample(cuts, CUTS):
        text, files = _parts(path)
        after = cut.end if rest == "its line goes on" else max(text.find(b"\n", cut.end), cut.end)
        found = document((text[: cut.at] + text[after:]).decode(), files, path.name)
        taken = [edited(found, item)[cut.start :] for item in complete(found, cut.at, False)]
        if not any(_brings(one, cut.word) for one in taken):
            missed.append((path.name, text[cut.start - 30 : cut.at], cut.word, len(taken)))
    rate = 1 - len(missed) / CUTS
    assert rate > LEAST, f"{rate:.3f} of {CUTS} where {rest}: {missed}"


def _brings(taken: bytes, word: str) -> bool:
    """Whether a text goes on with the word; of a path or a target the next part may be enough."""
    start = taken.lstrip(b" \"'").split(b"\n")[0].decode("utf-8", "replace")
    part = re.match(r"[\w./:]+[/:]|[\w.]+", start)
    return start.startswith(word) or (
        any(sign in word for sign in "/:") and part is not None and word.startswith(part[0])
    )


def _cuts(path: Path) -> Iterator[Cut]:
    """Every place in every word of a file that the language knows: keys of the table, and values that refer."""
    text, _ = _parts(path)
    kind = kind_of(path.name)
    assert kind is not None
    for found in parse(Source(path.name, text)).documents:
        for scalar in _words(found.root, schema.Of(schema.ROOTS[kind]), None):
            quoted = text[scalar.span.start : scalar.span.start + 1] in (b'"', b"'")
            start, end = scalar.span.start + quoted, scalar.span.end - quoted
            yield from (Cut(start, at, end, scalar.text) for at in range(start, end + 1))


def _words(node: Node, shape: Shape | None, field: Field | None) -> Iterator[Scalar]:
    match node:
        case Mapping(entries=entries):
            for entry in entries:
                inner, of = inward(shape, entry.key.text, field)
                section = schema.SECTIONS[shape.section] if isinstance(shape, schema.Of) else None
                is_set = isinstance(shape, schema.Named) and field is not None and field.name == "set"
                if is_set or isinstance(shape, schema.Schema) or (section and entry.key.text in section.by_name):
                    yield entry.key
                yield from _words(entry.value, inner, of)
        case Sequence(items=items):
            for number, item in enumerate(items):
                yield from _words(item, *inward(shape, number, field))
        case Scalar(text=text) if _refers(shape, field, text):
            yield node
        case _:
            return


def _refers(shape: Shape | None, field: Field | None, text: str) -> bool:
    match shape:
        case schema.Either(shapes=shapes):
            return any(_refers(one, field, text) for one in shapes)
        case schema.Choice(words=words):
            return text in words
        case schema.Text():
            return field is not None and field.name in ("python", "model", "reason")
        case _:
            return isinstance(shape, schema.Reference | schema.Boolean)


def _parts(path: Path) -> tuple[bytes, dict[str, str]]:
    """A file and those around it: in its folder, or in the parts behind `=== path`."""
    text, *parts = re.split(r"(?m)^=== (.*)\n", path.read_text("utf-8"))
    files = dict(zip(parts[::2], parts[1::2], strict=True))
    if path.is_relative_to(ROOT / "examples"):
        around = (one for one in path.parent.rglob("*") if one.suffix in _FILES and one.is_file())
        files |= {one.relative_to(path.parent).as_posix(): one.read_text("utf-8") for one in around}
    return text.encode(), files
