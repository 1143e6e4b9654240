"""The outline, as a person sees it: one line each, indented, with its kind and detail; `<>` holds what is selected."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lsp.documents import document
from pointsman.language.source import Source, Span
from pointsman_lsp.features.symbols import Symbol, symbols

REPOSITORY = Path(__file__).parents[2]


def lines(source: Source, found: list[Symbol] | tuple[Symbol, ...], level: int = 0) -> Iterator[str]:
    for one in found:
        selected = source.text(one.name_span).partition("\n")[0]
        mark = f"<{one.name}>" if selected == one.name else f"{one.name} at <{selected}>"
        yield f"{'  ' * level}{mark} {one.kind}" + (f": {one.detail}" if one.detail else "")
        yield from lines(source, one.children, level + 1)


def outline(text: str, name: str = "a.pipeline.yaml") -> str:
    place = document(text, {}, name)
    return "".join(f"{line}\n" for line in lines(place.source, symbols(place)))


PIPELINE = """\
pipeline: review
language: 1
description: Look at it.
input: {type: object}
state: {notes: {type: array}}
agents:
  ruff: {command: [ruff, check]}
  py: {python: "a.b:c"}
  model: {llm: {model: "scripted:r.yaml"}}
  fixed: {scripted: [1]}
tools: {}
limits: {hops: 3}
stages:
  "first": {agent: ruff}
  checks:
    fork:
      lint: {agent: ruff}
      risk:
        stages:
          measure: {agent: py}
          deep: {fork: {x: {set: {notes: 1, more: 2}}}}
    join: {optional: [lint]}
  approve: {ask: {kind: review, question: "?"}}
  gate: {routes: [{to: end}]}
  open:
--- # another
pipeline: second
stages: {only: {agent: ruff}}
"""
OUTLINE = """\
<review> pipeline: Look at it.
  <input> section
  <state> section: 1 key
    <notes> state: array
  <agents> section: 4 agents
    <ruff> agent: command ruff
    <py> agent: python a.b:c
    <model> agent: llm scripted:r.yaml
    <fixed> agent: scripted
  <tools> section: 0 tools
  <limits> section
  <stages> section: 5 stages
    <first> stage: agent ruff
    <checks> stage: fork
      <lint> branch: agent ruff
      <risk> branch
        <measure> stage: agent py
        <deep> stage: fork
          <x> branch: set notes, more
    <approve> stage: ask review
    <gate> stage: gate
    <open> stage
<second> pipeline
  <stages> section: 1 stage
    <only> stage: agent ruff
"""


def test_a_pipeline() -> None:
    assert outline(PIPELINE) == OUTLINE


def test_a_line_more_above_moves_everything_below() -> None:
    def placed(found: list[Symbol] | tuple[Symbol, ...], by: int) -> Iterator[tuple[str, str, int, int, int]]:
        for one in found:
            yield one.name, one.detail, one.span.start + by, one.span.end + by, one.name_span.start + by
            yield from placed(one.children, by)

    assert [*placed(symbols(document(PIPELINE)), 6)] == [*placed(symbols(document("# new\n" + PIPELINE)), 0)]
    # The same bytes at another column are another thing.
    assert outline("stages:\n  a: {agent: x}\n").count("stage: agent x") == 1
    assert outline("pipeline: p\nstages:\n  b:\n    a: {agent: x}\n").count("stage: agent x") == 0


def test_a_policy() -> None:
    text = "policy: guard\nrules:\n  - {id: keys, effect: deny}\n  - effect: flag\n  - \nreasons: {a: b}\n"
    assert outline(text, "a.policy.yaml") == (
        "<guard> policy\n"
        "  <rules> section: 3 rules\n"
        "    <keys> rule: deny\n"
        "    rule without an id at <effect: flag> rule: flag\n"
        "    rule without an id at <> rule\n"
        "  <reasons> section\n"
    )


def test_the_settings() -> None:
    text = 'env = ["A"]\n[agents.one]\npython = "a:b"\n[agents.two]\ncommand = ["x"]\n[tools."t"]\npython = "c:d"\n'
    assert outline(text, "pointsman.toml") == (
        "<env> section\n"
        "<agents> section: 2 agents\n"
        "  <one> agent: python a:b\n"
        "  <two> agent: command x\n"
        "<tools> section: 1 tool\n"
        "  <t> tool: python c:d\n"
    )


def test_half_typed() -> None:
    assert outline("stages:\n  a: {agent: x\n  b:\n    ag\n  c:\n") == (
        "pipeline without a name at <stages:> pipeline\n"
        "  <stages> section: 3 stages\n"
        "    <a> stage: agent x\n"
        "    <b> stage\n"
        "    <c> stage\n"
    )
    assert outline("") == ""
    assert outline("# nothing\n---\n---\n- 1\n") == ""
    assert outline("pipeline:\n") == "pipeline without a name at <pipeline:> pipeline\n"


def test_what_an_alias_repeats_is_listed_once() -> None:
    text = "pipeline: p\nstages:\n  a: &a {agent: x, fork: {b: {agent: y}}}\n  c: *a\n  d: {<<: *a}\n"
    assert outline(text) == (
        "<p> pipeline\n"
        "  <stages> section: 3 stages\n"
        "    <a> stage: agent x\n"
        "      <b> branch: agent y\n"
        "    <c> stage: agent x\n"
        "    <d> stage: agent x\n"
    )


TEXTS = [
    *sorted(REPOSITORY.glob("examples/*/*.yaml")),
    *sorted(REPOSITORY.glob("tests/data/clean/*")),
    *sorted(REPOSITORY.glob("tests/data/diagnostics/*")),
]


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_a_name_is_inside_of_its_symbol_and_a_child_inside_of_its_parent(path: Path) -> None:
    text = path.read_bytes().decode("utf-8", "replace")
    place = document(text, {}, "pointsman.toml" if path.suffix == ".toml" else path.name)
    waiting: list[tuple[Symbol, Span | None]] = [(one, None) for one in symbols(place)]
    seen = 0
    while waiting:
        one, parent = waiting.pop()
        seen += 1
        assert one.name
        assert one.span.start <= one.name_span.start <= one.name_span.end <= one.span.end <= len(place.source.data)
        assert parent is None or (parent.start <= one.span.start and one.span.end <= parent.end)
        waiting += [(child, one.span) for child in one.children]
    assert seen or path.name in ("empty_file.pipeline.yaml", "replies.yaml") or not place.analysis.pipelines
