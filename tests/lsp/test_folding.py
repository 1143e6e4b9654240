"""Folds from lines alone: marked texts, and a comparison with what the tree of well-formed texts says."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsp.documents import document
from pointsman.language.source import Source
from pointsman.language.syntax import parse
from pointsman.language.tree import Entry, Mapping, Node, Sequence
from pointsman_lsp.features.folding import folds

REPOSITORY = Path(__file__).parents[2]


def folded(text: str) -> list[tuple[int, int]]:
    return [(fold.start_line, fold.end_line) for fold in folds(document(text))]


# Each line says where the fold that starts there ends; `#` is a fold of comments.
MARKED = {
    "nested mappings": """\
stages: |7
  a: |3
    agent: x
    with: {}

  b: |7
    with: |7
      c: d
""",
    "items at the column of their key": """\
routes: |5
- when: x |4

  to: |4
    y
- to: end
next: a
""",
    "items further in": """\
a: |6
  - b: 1 |2
    c: 2
  - |6
    - d
    - e: |6
        f: g
""",
    "the text of a block scalar is text": """\
a: |9
  b: |- |7
    key: value
      deeper: x
    # no comment
    # no comment

    last

  c: 1
d: >  # why |11
  text
""",
    "a block scalar in an item": """\
- k: | |3
    text
  l: 1
  m: 2
- | |7
  # text
   # text
  text
- x
""",
    "comments": """\
# one #1
# two
a: |4
  b: 1
  # belongs to a
# not
c: 1
  # three #8
  # four
# five #10
# six
""",
    "a comment closes nothing": """\
a: |5
  b: |5
    c: 1
# far left
  # left
    d: 2
""",
    "flow collections": """\
a: { |2
  b: [1,
  2],
}
c: [ |6
  x,
  y
]
""",
    "documents": """\
a: |1 |2
  b: 1
c: 2
--- |6
d: |6

  e: 1
... 
--- |10
- x
- y
""",
    "half typed": """\
stages: |5
  a: |2
    routes: [
  b
  c: |5
      when: "x
""",
    "an anchor before a block scalar": """\
a: &x !y > |2
  # text
  # text
""",
}


@pytest.mark.parametrize("name", MARKED)
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
def test_folds(name: str, ending: str) -> None:
    text, wanted = [], []
    for number, line in enumerate(MARKED[name].split("\n")):
        ends = []
        while (at := max(line.rfind(" |"), line.rfind(" #"))) >= 0 and line[at + 2 :].isdigit():
            ends.append((number, int(line[at + 2 :]), "region" if line[at + 1] == "|" else "comment"))
            line = line[:at]
        wanted += ends[-1:] if name != "documents" else ends[:1]
        text.append(line)
    found = [(fold.start_line, fold.end_line, fold.kind) for fold in folds(document(ending.join(text)))]
    assert found == wanted


def of_tree(source: Source) -> dict[int, int]:
    """The widest value that starts on a line and ends on a later one, as the tree has it."""
    found: dict[int, int] = {}

    def add(start: int, node: Node) -> None:
        end = max(start, node.span.end - 1)
        while end > start and source.data[end : end + 1] in b"]} \r\n":
            end -= 1
        first, last = source.line_at(start), source.line_at(end)
        if last > first:
            found[first] = max(found.get(first, 0), last)

    waiting: list[Node | Entry] = [one.root for one in parse(source).documents]
    while waiting:
        match waiting.pop():
            case Entry(key=key, value=value):
                add(key.span.start, value)
                waiting.append(value)
            case Mapping(entries=entries):
                waiting += entries
            case Sequence(items=items):
                for item in items:
                    add(item.span.start, item)
                waiting += items
            case _:
                pass
    return found


@pytest.mark.parametrize(
    "path",
    [*sorted(REPOSITORY.glob("examples/*/*.yaml")), *sorted(REPOSITORY.glob("tests/data/clean/*.yaml"))],
    ids=lambda path: path.name,
)
def test_the_lines_say_what_the_tree_says(path: Path) -> None:
    text = path.read_text("utf-8").partition("=== ")[0]
    place = document(text, {}, path.name)
    regions = {fold.start_line: fold.end_line for fold in folds(place) if fold.kind == "region"}
    assert regions == of_tree(place.source)


PIECES = st.sampled_from(
    ["a", ": ", "- ", "  ", "\n", "\n  ", "\n    ", "|", ">-", "# c", "---", "...", "{", "]", '"', "\r", "\t", "é"]
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(PIECES, max_size=60).map("".join))
def test_any_text_has_folds_that_nest(text: str) -> None:
    place = document(text)
    found, open_until = folds(place), list[int]()
    lines = len(place.source.line_starts)
    for fold in found:
        assert 0 <= fold.start_line < fold.end_line < lines
        while open_until and open_until[-1] < fold.start_line:
            open_until.pop()
        assert not open_until or fold.end_line <= open_until[-1]
        open_until.append(fold.end_line)
    assert len({fold.start_line for fold in found}) == len(found)
