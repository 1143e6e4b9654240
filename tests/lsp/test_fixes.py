"""Quick fixes: each one takes its finding away and brings no error, in whatever style a file is written."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsp.documents import ROOT, document
from marked import Marked, read_marked
from pointsman.language.analysis import Analysis
from pointsman.language.diagnostics import Diagnostic
from pointsman_lsp.analysis.document import Document
from pointsman_lsp.features.fixes import Action, fix_all, fixes, wanted
from pointsman_lsp.features.kinds import FIX, FIX_ALL

FIXTURES = sorted((Path(__file__).parents[1] / "data" / "diagnostics").iterdir())
HEAD = "pipeline: p\nlanguage: 1\nagents: {w: {scripted: [1]}}\n"

Variant = Callable[[str], str]
VARIANTS: dict[str, Variant] = {
    "as it is": lambda text: text,
    "crlf": lambda text: text.replace("\n", "\r\n"),
    "no last line end": lambda text: text.removesuffix("\n"),
    "byte-order mark": lambda text: "\ufeff" + text,
    "wider": lambda text: re.sub(r"(?m)^( *)(- )?", lambda one: one[1] * 2 + ("-   " if one[2] else ""), text),
    "second document": lambda text: "pipeline: first\nlanguage: 1\nstages: {a: {routes: [{to: end}]}}\n---\n" + text,
    "comments": lambda text: "".join(
        line.rstrip("\n") + " # why\n" if line.strip() and not line.rstrip().endswith(("|", ">")) else line
        for line in text.splitlines(keepends=True)
    ),
}
NOT_ALIKE = {
    ("byte-order mark", "toml"),
    ("second document", "toml"),
    ("second document", "policy"),
}


def laid_out(fixture: Marked, text: str) -> Document:
    """A fixture's text, or another in its place, as the server sees it."""
    files = {path: data.decode("utf-8", "replace") for path, data in fixture.around.items()}
    found = fixture.analyse(text)
    return replace(document(text, files, fixture.name), analyse=lambda: found)


def edited(place: Document, action: Action) -> str:
    """The text after an action; what it does to other files is not looked at."""
    data, end = place.source.data, len(place.source.data)
    ((path, source, edits),) = action.changes
    assert (path, source) == (place.path, place.source)
    for edit in reversed(edits):
        assert 0 <= edit.span.start <= edit.span.end <= end, "edits are in order, and none meets another"
        data, end = data[: edit.span.start] + edit.text.encode() + data[edit.span.end :], edit.span.start
    return data.decode()


def counted(found: Analysis | tuple[Diagnostic, ...]) -> Counter[tuple[str, str]]:
    """What is found, wherever it stands."""
    return Counter((one.code, one.message) for one in (found.diagnostics if isinstance(found, Analysis) else found))


def actions(place: Document) -> list[Action]:
    """All that can be done about a text."""
    return [*fixes(place, place.analysis.diagnostics), *fix_all(place)]


def titles(text: str, files: dict[str, str] | None = None, name: str = "a.pipeline.yaml") -> list[str]:
    """What is offered for a text."""
    return [one.title for one in actions(document(text, files, name)) if not one.title.startswith("Allow")]


def after(text: str, title: str, files: dict[str, str] | None = None, name: str = "a.pipeline.yaml") -> str:
    """A text after the first action of this title."""
    place = document(text, files, name)
    return edited(place, next(one for one in actions(place) if one.title == title))


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_fix_of_every_fixture_takes_its_finding_away_and_brings_no_error(variant: str) -> None:
    codes, kinds = Counter[str](), Counter[str]()
    for path in FIXTURES:
        fixture = read_marked(path.name, path.read_bytes())
        if any("\ud800" <= sign <= "\udfff" for sign in fixture.text):
            continue  # no client can open it as it is
        if any(other == variant and word in path.name for other, word in NOT_ALIKE):
            continue
        place = laid_out(fixture, VARIANTS[variant](fixture.text))
        before = place.analysis
        for one in actions(place):
            found = fixture.analyse(edited(place, one))
            gone, new = counted(one.findings), counted(found.errors) - counted(before.errors)
            assert not new, (path.name, one.title, edited(place, one))
            for finding, count in gone.items():
                left = counted(found)[finding]
                assert left <= counted(before)[finding] - count, (path.name, one.title, edited(place, one))
            assert "\n" not in edited(place, one).replace("\r\n", "") or variant != "crlf", (path.name, one.title)
            kinds[one.kind] += 1
            codes.update({finding.code for finding in one.findings if not one.title.startswith("Allow")})
    assert kinds[FIX] >= 150, kinds
    assert kinds[FIX_ALL] >= 30, kinds
    assert len(codes) >= 29, sorted(codes)


SOUND = ("yaml_", "expression_needs_quotes")
TOKENS = st.sampled_from(
    ["x", "", "\n", "  ", "#", "- ", ": ", "{", "}", "[", "]", ",", "'", '"', "&a ", "*a", "!", "|"]
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(FIXTURES), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 20), TOKENS), max_size=3))
def test_in_half_typed_text_an_action_breaks_nothing(path: Path, edits: list[tuple[float, int, str]]) -> None:
    fixture = read_marked(path.name, path.read_bytes())
    text = fixture.text.encode("utf-8", "replace").decode()[:5_000]
    for where, gone, put in edits:
        at = int(where * len(text))
        text = text[:at] + put + text[at + gone :]
    place = laid_out(fixture, text)
    for one in actions(place):
        if len(one.changes) > 1:
            continue  # a rename, which has tests of its own
        found = fixture.analyse(edited(place, one))
        if not any(code.startswith(SOUND) for code, _ in counted(place.analysis)):
            assert not any(code.startswith("yaml_") for code, _ in counted(found)), (one.title, edited(place, one))


# The text, the title of an action, and the text after it.
EDITS = [
    # A stage that somebody goes to: where the block is, and so that nobody falls into it.
    ("stages:\n  a: {agent: w, next: b}\n", "Create the stage b",
     "stages:\n  a: {agent: w, next: b}\n  b:\n    routes:\n      - to: end\n"),
    ("stages:\n  a:\n    routes: [{to: b}]\n  c:\n    agent: w  # last\n", "Create the stage b",
     "stages:\n  a:\n    routes: [{to: b}]\n  c:\n    agent: w  # last\n    next: end\n"
     "  b:\n    routes:\n      - to: end\n"),
    ("stages:\n    a:\n        routes:\n        - to: b\n", "Create the stage b",
     "stages:\n    a:\n        routes:\n        - to: b\n    b:\n        routes:\n        - to: end\n"),
    ("stages: {a: {agent: w, next: b}, c: {agent: w}}", "Create the stage b",
     "stages: {a: {agent: w, next: b}, c: {agent: w, next: end}, b: {routes: [{to: end}]}}"),
    ("stages:\n  f:\n    fork:\n      x:\n        stages:\n          a: {agent: w, on_error: b}\n      y: {agent: w}\n",
     "Create the stage b",
     "stages:\n  f:\n    fork:\n      x:\n        stages:\n          a: {agent: w, on_error: b, next: end}\n"
     "          b:\n            routes:\n              - to: end\n      y: {agent: w}\n"),
    # A key that is missing, in its place by the table.
    ("stages:\n  a:\n    ask:\n      kind: confirmation\n", 'Add `question: "Refund?"`',
     'stages:\n  a:\n    ask:\n      kind: confirmation\n      question: "Refund?"\n'),
    ("stages:\n  a: {ask: {question: Well?}}\n", "Add `kind: confirmation`",
     "stages:\n  a: {ask: {kind: confirmation, question: Well?}}\n"),
    ("stages:\n  a: {ask: {}}\n", "Add `kind: confirmation`", "stages:\n  a: {ask: {kind: confirmation}}\n"),
    ("stages:\n  a:\n    agent: w\n    routes:\n      - when: result.ok\n        label: x\n", "Add `to: end`",
     "stages:\n  a:\n    agent: w\n    routes:\n      - to: end\n        when: result.ok\n        label: x\n"),
    ("state: {x: {}}\n", "Add `stages`",
     "state: {x: {}}\nstages:\n  start:\n    routes:\n      - to: end\n"),
    ("stages:\n  a:\n    next: end\n", "Add `agent: w`", "stages:\n  a:\n    agent: w\n    next: end\n"),
    # What does not belong there: whole lines with the comments behind, the first behind a dash, between braces.
    ("stages:\n  a:\n    agent: w\n    banana:\n      - x\n      # of it\n    # of next\n    next: end\n",
     "Remove `banana`",
     "stages:\n  a:\n    agent: w\n    # of next\n    next: end\n"),
    ("stages:\n  a:\n    agent: w\n    routes:\n      - banana: 1\n        # why\n        to: end\n", "Remove `banana`",
     "stages:\n  a:\n    agent: w\n    routes:\n      - to: end\n"),
    ("stages: {a: {banana: [1, 2], agent: w}}\n", "Remove `banana`", "stages: {a: {agent: w}}\n"),
    ("stages: {a: {agent: w, banana: [1, 2]}}\n", "Remove `banana`", "stages: {a: {agent: w}}\n"),
    ("stages:\n  a:\n    agent: w\n    description: |\n      banana: x\n\n"
     "    banana: |\n      long\n\n      text\n\n    next: end",
     "Remove `banana`",
     "stages:\n  a:\n    agent: w\n    description: |\n      banana: x\n\n\n    next: end"),
    ("stages:\n  a: {agent: w, next: end}\n  b: {agent: w}\n", "Remove the stage b",
     "stages:\n  a: {agent: w, next: end}\n"),
    ("tools:\n  t: {scripted: [1]}\nstages:\n  a: {agent: w}\n", "Remove the tool t", "stages:\n  a: {agent: w}\n"),
    ("stages:\n  a: {agent: w, with: {x: 1}, timeout: }\n", "Remove `timeout`",
     "stages:\n  a: {agent: w, with: {x: 1}}\n"),
    ("stages:\n  f:\n    fork: {x: {agent: w}}\n    join: {optional: [zebra, x]}\n", "Remove zebra",
     "stages:\n  f:\n    fork: {x: {agent: w}}\n    join: {optional: [x]}\n"),
    ("stages:\n  f:\n    fork: {x: {agent: w}}\n    join: {optional: [zebra]}\n    next: end\n", "Remove zebra",
     "stages:\n  f:\n    fork: {x: {agent: w}}\n    next: end\n"),
    ("stages:\n  a:\n    agent: w\n    routes:\n      - to: end\n      - when: result.ok\n"
     "        to: end\n      # why\n",
     "Remove this route", "stages:\n  a:\n    agent: w\n    routes:\n      - to: end\n      # why\n"),
    ("stages:\n  a:\n    agent: w\n    routes:\n    - when: result.ok\n      to: end\n", "Add a last route to fail",
     "stages:\n  a:\n    agent: w\n    routes:\n    - when: result.ok\n      to: end\n    - to: fail\n"),
    ("stages: {a: {agent: w, routes: [{when: result.ok, to: end}]}}\n", "Add a last route to end",
     "stages: {a: {agent: w, routes: [{when: result.ok, to: end}, {to: end}]}}\n"),
    # Names that expressions use.
    ("state:\n  x: {}\nstages:\n  a: {agent: w, when: state.total > 1}\n", "Add total to `state`",
     "state:\n  x: {}\n  total: {}\nstages:\n  a: {agent: w, when: state.total > 1}\n"),
    ("stages:\n  1st-step: {agent: w, next: end}\n  b: {agent: w, next: 1st-step}\n", "Rename to _1st_step",
     "stages:\n  _1st_step: {agent: w, next: end}\n  b: {agent: w, next: _1st_step}\n"),
    # Texts that YAML takes for something else.
    ("stages:\n  a: {ask: {kind: confirmation, question: 'x'}}\n  b:\n    ask:\n      kind: confirmation\n"
     "      question: Refund: yes or no? It's late\n", "Put it in quotes",
     "stages:\n  a: {ask: {kind: confirmation, question: 'x'}}\n  b:\n    ask:\n      kind: confirmation\n"
     "      question: 'Refund: yes or no? It''s late'\n"),
    ("description: %wow  # really\nstages:\n  a: {agent: w}\n", "Put it in quotes",
     "description: '%wow'  # really\nstages:\n  a: {agent: w}\n"),
    ("description: !wow\nstages:\n  a: {agent: w}\n", "Put it in quotes",
     "description: '!wow'\nstages:\n  a: {agent: w}\n"),
    # The comment that takes a finding away.
    ("stages:\n  a: {agent: w, next: end}\n  b: {agent: w}\n", "Allow unreachable_stage here",
     "stages:\n  a: {agent: w, next: end}\n  # pointsman: allow[unreachable_stage]\n  b: {agent: w}\n"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "title", "then"), EDITS, ids=[f"{title}:{text[:40]}" for text, title, _ in EDITS])
def test_the_text_after(text: str, title: str, then: str) -> None:
    assert after(HEAD + text, title) == HEAD + then
    broken = (HEAD + text).replace("\n", "\r\n")
    assert after(broken, title) == (HEAD + then).replace("\n", "\r\n")


def test_a_section_that_is_not_there_is_written_where_the_table_has_it() -> None:
    text = HEAD + "stages:\n  a: {set: {total: 1}}\n"
    assert after(text, "Add total to `state`") == text.replace("agents:", "state:\n  total: {}\nagents:")
    policy = (
        "policy: p\nlanguage: 1\nversion: 1\nrules:\n  - {id: a, at: [agent.invoke], effect: deny, reason: no_keys}\n"
    )
    then = policy + "reasons:\n  no_keys: no keys\n"
    assert after(policy, "Add no_keys to `reasons`", name="a.policy.yaml") == then


def test_an_empty_file_becomes_one_that_runs() -> None:
    for text in ("", "\n", "\ufeff", "# to do", "---\n"):
        for name, title in (("my flow.pipeline.yaml", "Start a pipeline"), ("12.policy.yaml", "Start a policy")):
            then = after(text, title, name=name)
            assert document(then, name=name).analysis.diagnostics == (), then
            assert then.startswith(text)


def test_arguments_come_from_the_input() -> None:
    files = {"t.py": "def classify(text: str, depth: int): ...\n"}
    head = "pipeline: p\nlanguage: 1\ninput: {type: object, properties: {text: {type: string}}}\n"
    head += "agents: {w: {python: 't:classify'}}\nstages:\n  a:\n    agent: w\n"
    given = 'text: "${{ input.text }}"'
    assert after(head + "    next: end\n", "Give text, depth", files) == (
        head + f"    with: {{{given}, depth: null}}\n    next: end\n"
    )
    some = "    with:\n      depth: 1\n"
    assert after(head + some, "Give text", files) == head + some + f"      {given}\n"
    assert after(head + "    with: {text: x, depth: 1, zebra: 2}\n", "Remove zebra", files) == (
        head + "    with: {text: x, depth: 1}\n"
    )


def test_a_file_with_a_slip_in_its_name_is_found() -> None:
    files = {"prompts/draft.md": "Hi", "safe.policy.yaml": "", "replies.yaml": "- {text: x}\n", "notes.md": ""}
    text = "pipeline: p\nlanguage: 1\npolicies: ['save.policy.yaml']\nagents:\n"
    text += '  w: {llm: {model: "scripted:./replys.yaml", prompt: prompts/draf.md}}\nstages: {a: {agent: w}}\n'
    place = document(text, files)
    assert edited(place, next(iter(fix_all(place)))) == (
        text.replace("save.", "safe.").replace("replys", "replies").replace("draf.md", "draft.md")
    )


def test_what_something_still_names_is_not_taken_away() -> None:
    for text in (
        "stages:\n  a: {agent: w, next: end}\n  b: {agent: w, next: c}\n  c: {agent: w, next: b}\n",
        "stages:\n  a: {agent: w, next: end, when: outputs.b.x}\n  b: {agent: w}\n",
        "stages:\n  a: {agent: w, next: end}\n  b: &b {agent: w}\n  c: *b\n",
    ):
        assert "Remove the stage b" not in titles(HEAD + text)


def test_a_key_on_which_a_section_rests_is_not_taken_away() -> None:
    policy = "policy: p\nlanguage: 1\nversion: 1\nrules:\n"
    policy += "  - {id: r, at: [agent.invoke], match: {tool: x, agent: y}, effect: allow}\n"
    assert titles(policy, name="a.policy.yaml") == []
    assert titles(HEAD + "stages:\n  a: {wait: 1s, next: end}\n") == []
    assert titles(HEAD + "stages:\n  a:\n    banana: 1\n") == ["Add `agent: w`"]


def test_the_only_stage_of_a_branch_has_nowhere_for_another_one() -> None:
    text = HEAD + "stages:\n  f:\n    fork:\n      x: {agent: w, next: zebra}\n"
    assert titles(text) == []
    assert titles(HEAD + "stages:\n  a: {agent: w, next: no-name}\n") == []


def test_a_comment_that_allows_goes_on() -> None:
    text = HEAD + "stages:\n  a: {agent: w, next: end}\n  # pointsman: allow[secret_in_text] why\n  b: {agent: w}\n"
    then = text.replace("allow[secret_in_text]", "allow[secret_in_text, unreachable_stage]")
    assert after(text, "Allow unreachable_stage here") == then


def test_no_comment_is_put_into_a_text() -> None:
    text = HEAD + "stages:\n  a:\n    agent: w\n    when: >-\n      input.x == 1 &&\n      state.nope == 2\n"
    place = document(text)
    (found,) = place.analysis.diagnostics
    assert found.code == "unknown_name"
    assert [one.title for one in fixes(place, [found])] == ["Add nope to `state`"]


def test_one_is_preferred_when_it_is_the_only_one_and_certain() -> None:
    def preferred(text: str) -> list[str]:
        return [one.title for one in actions(document(HEAD + text)) if one.preferred]

    assert preferred("stages: {a: {agent: ww}}\n") == ["Change to w"]
    assert preferred("stages: {aa: {agent: w, next: aaa}}\n") == []  # or such a stage is to be
    assert preferred("stages: {a: {agent: w, banana: 1}}\n") == []  # something would be lost
    assert preferred("stages: {a: {agent: w, routes: [{when: result.ok}]}}\n") == []  # a target would be made up


def test_all_fixes_that_do_not_meet_are_made_at_once() -> None:
    text = "stages:\n  a: {agent: ww, banana: 1, timeout: 5 min}\n  b: {agent: ww, next: nowhere}\n"
    place = document(text)
    (one,) = fix_all(place)
    assert one.kind == FIX_ALL
    assert edited(place, one) == "language: 1\npipeline: a\n" + text.replace("5 min", "5m")
    assert [finding.code for finding in one.findings] == ["missing_key", "missing_key", "invalid_value"]
    assert list(fix_all(document(HEAD + "stages: {a: {agent: w}}\n"))) == []


def test_a_renamed_stage_takes_along_what_names_it_elsewhere() -> None:
    files = {"p.md": "${{ outputs.fetch_it }}\n", "safe.policy.yaml": ""}
    text = HEAD + "stages:\n  fetch-it: {agent: w, next: end}\n"
    (one,) = [one for one in actions(document(text, files)) if one.title == "Rename to fetch_it"]
    assert [path for path, _, _ in one.changes] == [ROOT / "a.pipeline.yaml"]
    assert not one.preferred
    taken = HEAD + "stages:\n  fetch-it: {agent: w}\n  fetch_it: {agent: w}\n"
    assert titles(taken) == []


@pytest.mark.parametrize(
    ("kind", "only", "answer"),
    [
        (FIX, None, True),
        (FIX, ["quickfix"], True),
        (FIX, [""], True),
        (FIX, [], False),
        (FIX, ["quickfix.other", "source"], False),
        (FIX, ["quick"], False),
        (FIX_ALL, ["source"], True),
        (FIX_ALL, ["refactor", "source.fixAll"], True),
        (FIX_ALL, ["source.fixAll.pointsman"], True),
        (FIX_ALL, ["source.fixAll.eslint"], False),
        (FIX_ALL, ["quickfix"], False),
    ],
)
def test_kinds_are_asked_for_by_themselves_or_by_one_above(kind: str, only: list[str] | None, answer: bool) -> None:
    assert wanted(kind, only) is answer
