"""Half-typed text has a tree: 23 edits at three places of a pipeline; the other keys keep path and position."""

from collections.abc import Callable, Iterator

import pytest

from pointsman.language.source import Source
from pointsman.language.syntax import Mapping, Node, Sequence, parse

STAGE = """\
  stage_{n}:
    agent: draft
    description: "Stage {n}: drafts a reply"
    with:
      ticket: "${{{{ input.ticket }}}}"
      tone: 'kind, not "sweet"'
    opts: plain
    prompt: |
      Answer in {n} lines.
      Never promise: anything.
    routes:
      - {{when: result.intent == "refund", to: reply}}
      - when: size(result.items) > 3
        to: end
      - {{to: fail}}
    retry: {{attempts: 3, on: [transient, timeout]}}
"""
TEXT = (
    "pipeline: triage\nlanguage: 1\nagents:\n  draft: {python: 'agents:draft'}\n  other:\n    command: [a, b]\n"
    "limits: {hops: 3}\nstages:\n" + "".join(STAGE.format(n=n) for n in range(8))
)
PLACES = ("stage_1", "stage_4", "stage_7")

# Each edit rewrites one line of a stage: (the start of that line, the new line or what to make of the old one).
EDITS: dict[str, tuple[str, str | Callable[[str], str]]] = {
    "a key without colon": ("    opts:", "    opt"),
    "a key without colon, then a blank": ("    opts:", "    opt "),
    "a key with colon and no value": ("    opts:", "    opts:"),
    "an unterminated double quote": ("    opts:", '    opts: "abc'),
    "an unterminated single quote": ("    opts:", "    opts: 'abc"),
    "indented one too little": ("    opts:", "   opts: plain"),
    "indented three too far": ("    opts:", "       opts: plain"),
    "indented with a tab": ("    opts:", "\topts: plain"),
    "an unclosed mapping": ("    retry:", "    retry: {attempts: 3,"),
    "an unclosed list": ("    retry:", "    retry: [attempts, b"),
    "an unclosed mapping in a list": ("      - {when:", "      - {when: result.intent == "),
    "a second colon": ("    opts:", "    opts: a: b"),
    "a value that starts with @": ("    opts:", "    opts: @x"),
    "a value that starts with %": ("    opts:", "    opts: %x"),
    "a value that starts with a backtick": ("    opts:", "    opts: `x`"),
    "a value that starts with *": ("    opts:", "    opts: *"),
    "a value that starts with !": ("    opts:", "    opts: !x.ok && y"),
    "text behind a closing quote": ("    opts:", '    opts: "a" in xs'),
    "a dedented line in a text": ("      Never", "   Never promise: anything."),
    "a lone dash": ("    opts:", "    - "),
    "a bad escape": ("    opts:", '    opts: "a\\qb"'),
    "a conditional expression": ("    opts:", "    opts: a ? b : c"),
    "the file ends inside a quoted condition": ("      - {when:", '      - {when: "result.int'),
}
ENDS_THERE = "the file ends inside a quoted condition"


def test_how_much_survives() -> None:
    shares = {edit: min(share(edit, place) for place in PLACES) for edit in EDITS}
    damaged = {edit: round(value, 3) for edit, value in shares.items() if value < 0.95}
    assert len(EDITS) == 23
    assert len(damaged) <= 2, damaged
    assert sum(shares.values()) / len(shares) > 0.98


@pytest.mark.parametrize("edit", sorted(EDITS))
def test_one_cause_one_diagnostic(edit: str) -> None:
    for place in PLACES:
        text, _, at = edited(edit, place)
        found = parse(Source.of("x", text)).diagnostics
        allowed = 0 if edit == "a key with colon and no value" else 1
        # A line of a text that falls out of its block is an entry now, and what it held is lost: two things to say.
        allowed += edit == "a dedented line in a text"
        assert len(found) <= allowed, [(one.message, text[one.span.start : one.span.end]) for one in found]
        if allowed == 1:
            line_end = text.find("\n", at) if "\n" in text[at:] else len(text)
            assert at <= found[0].span.start <= line_end, found


def share(edit: str, place: str) -> float:
    text, kept, _ = edited(edit, place)
    found = set(keys(parse(Source.of("x", text)).documents[0].root, ()))
    return len(kept & found) / len(kept)


def edited(edit: str, place: str) -> tuple[str, set[tuple[tuple[str, ...], int]], int]:
    """The text after an edit, the keys of other lines with path and new position, and where the edited line starts."""
    start, new = EDITS[edit]
    at = TEXT.index("\n" + start, TEXT.index(f"  {place}:")) + 1
    end = TEXT.index("\n", at)
    line = new if isinstance(new, str) else new(TEXT[at:end])
    text = TEXT[:at] + line + ("" if edit == ENDS_THERE else TEXT[end:])
    moved = len(line) - (end - at)
    everything = set(keys(parse(Source.of("x", TEXT)).documents[0].root, ()))
    before = {(path, where) for path, where in everything if where < at}
    after = {(path, where + moved) for path, where in everything if where > end}
    return text, before | (set() if edit == ENDS_THERE else after), at


def keys(node: Node, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], int]]:
    match node:
        case Mapping():
            for entry in node.entries:
                here = (*path, entry.key.text)
                yield here, entry.key.span.start
                yield from keys(entry.value, here)
        case Sequence():
            for index, item in enumerate(node.items):
                yield from keys(item, (*path, str(index)))
        case _:
            pass
