"""What can be folded, from the lines alone: indentation tells, whatever state the text is in.

An item of a list at its key's column lies deeper than the key. Comments close nothing; the text of a block scalar is
text, though it looks like keys and comments.
"""

from dataclasses import dataclass
from re import compile as regex
from typing import Literal

from pointsman_lsp.analysis.document import Document

_MARK = b"\xef\xbb\xbf"
_MARKER = regex(rb"(?:---|\.\.\.)(?=[ \t]|\Z)")
_DASHES = regex(rb"(?:-[ \t]+)*")
# The header of a block scalar at a line's end: behind a colon, a dash, a document's marker, an anchor or a tag.
_HEADER = regex(rb"(?:[:\-?]|(?:^|[ \t])[&!][^ \t]*)[ \t]+[|>][-+0-9]{0,2}[ \t]*(?:[ \t]#.*)?\Z")


@dataclass(frozen=True, slots=True)
class Fold:
    """Lines from 0, both inside of the fold; the first one stays to be seen."""

    start_line: int
    end_line: int
    kind: Literal["region", "comment"]


def folds(document: Document) -> list[Fold]:
    """The folds of a text in the order of their first lines, at most one for each line: the widest."""
    lines = _Lines({}, [], [])
    body: int | None = None  # the indentation that the text of a block scalar lies deeper than
    first, marked = -1, False  # of the document at hand
    for number, line in enumerate(document.source.data.removeprefix(_MARK).splitlines()):
        content = line.lstrip(b" ")
        if not content.strip():
            continue
        indent = len(line) - len(content)
        if body is not None and indent > body:
            lines.last = number
            continue
        body = None
        sign = content[:1]
        if sign == b"#":
            lines.comments.append((2 * indent, number))
            continue
        marker = indent == 0 and sign in b"-." and _MARKER.match(content)
        if marker:
            lines.close(0)
            lines.fold(first, lines.last, marked or sign == b"-")
            first, marked = (number, True) if sign == b"-" else (-1, False)
        else:
            depth = 2 * indent + (sign == b"-" and content[1:2] in (b"", b" ", b"\t"))
            lines.close(depth)
            if sign not in b"]}":
                lines.opened.append((depth, number))
            first = number if first < 0 else first
        lines.last = number
        if (b"|" in content or b">" in content) and _HEADER.search(content):
            body = -1 if marker else indent + _key_column(content)
    lines.close(0)
    lines.fold(first, lines.last, marked)
    return sorted(lines.found.values(), key=lambda fold: fold.start_line)


@dataclass(slots=True)
class _Lines:
    """What is open at a line: regions by depth and first line; comments since `last`, the last line with content."""

    found: dict[int, Fold]
    opened: list[tuple[int, int]]
    comments: list[tuple[int, int]]
    last: int = 0

    def close(self, depth: int) -> None:
        """End the regions at this depth and deeper, comments that lie deeper than their first lines included."""
        while self.opened and self.opened[-1][0] >= depth:
            of, first = self.opened.pop()
            end = self.last
            for level, line in self.comments:
                if level <= of or end == first:
                    break
                end = line
            self.fold(first, end, True)
        start = 0
        for index, (level, line) in enumerate(self.comments):
            following = self.comments[index + 1] if index + 1 < len(self.comments) else None
            if following != (level, line + 1):
                if index > start:
                    first = self.comments[start][1]
                    self.found[first] = Fold(first, line, "comment")
                start = index + 1
        self.comments.clear()

    def fold(self, first: int, end: int, wanted: bool) -> None:
        """Keep a region of more than one line."""
        if wanted and 0 <= first < end:
            self.found[first] = Fold(first, end, "region")


def _key_column(content: bytes) -> int:
    """How far into its line the key or dash of a block scalar's header stands."""
    dashes = _DASHES.match(content)
    end = dashes.end() if dashes else 0
    return end if b":" in content[end:] else max(content.rfind(b"-", 0, end), 0)
