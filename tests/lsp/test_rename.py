"""Rename: what is written where, what is refused and why, and that a name given back leaves the same bytes."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsp.documents import ROOT, at_cursor, document
from pointsman.language import symbols
from pointsman.language.reading import valid_name
from pointsman_lsp.analysis.document import Document
from pointsman_lsp.features import Refused
from pointsman_lsp.features.rename import prepare, rename

REPOSITORY = Path(__file__).parents[2]
HEAD = "pipeline: p\nlanguage: 1\n"


def renamed(place: Document, offset: int, name: str) -> dict[str, str]:
    """The texts that a rename changes, as they are afterwards."""
    found = {}
    for path, source, edits in rename(place, offset, name):
        data, end = source.data, len(source.data) + 1
        for edit in reversed(edits):
            assert edit.span.end <= end, "edits are in order, and none meets another"
            data, end = data[: edit.span.start] + edit.text.encode() + data[edit.span.end :], edit.span.start
        found[path.relative_to(ROOT).as_posix()] = data.decode()
    return found


STYLES = """\
stages:
  triage:
    agent: x
    max_visits: 2
  "b":
    agent: x
    with: {a: "${{ outputs.triage + visits.triage }}", b: '${{ outputs["triage"] }} it''s ${{ outputs.?triage }}'}
    when: outputs[r'triage'] == "triage" && triage
    routes:
      - {to: "triage", when: outputs.triage.triage}
      - {to: 'triage', on_max: "tri\\x61ge"}
      - to: >-
          triage
        when: |-
          outputs
            .triage
    on_error: triage
    next: triage
    description: about triage
"""


def test_each_place_keeps_its_style() -> None:
    text = HEAD + STYLES
    place, offset = at_cursor(text.replace("  triage:", "  tri$0age:"))
    wanted = (
        text.replace('== "triage" && triage', "@").replace("about triage", "#").replace("triage.triage", "triage.%")
    )
    wanted = wanted.replace("tri\\x61ge", "triage").replace("triage", "sort_it")
    wanted = wanted.replace("@", '== "triage" && triage').replace("#", "about triage").replace("%", "triage")
    assert renamed(place, offset, "sort_it") == {"a.pipeline.yaml": wanted}
    assert renamed(place, place.source.data.index(b"_error: triage") + 9, "sort_it") == {"a.pipeline.yaml": wanted}


FORK = """\
state: {total: {type: array}}
agents:
  one: {command: [echo, "${{ outputs.inner }}"], tools: [find]}
  model: {llm: {model: "scripted:r.yaml", prompt: p.md}}
tools: {find: {scripted: [1]}}
output: ${{ outputs.work.two.inner }}
policies: [a.policy.yaml]
stages:
  work:
    fork:
      lint: {agent: one, when: "has(outputs.lint)"}
      two: {stages: {inner: {agent: model, with: {x: "${{ state.total }}"}}}}
    join: {optional: [lint]}
    routes: [{when: result.lint && outputs.work.lint, to: more}]
  more: {set: {total: "${{ outputs.work.?two }}"}}
"""
AROUND = {
    "p.md": "Say ${{ outputs.inner.x }}, é ${{ outputs['inner'] }} inner ${{ args.x }} ${{ state.total }}\n",
    "a.policy.yaml": "policy: a\nlanguage: 1\nversion: 1\nrules:\n  - {id: r, match: {agent: one, stage: 'inner'}}\n",
}
RENAMED = {
    "stages: {in$0ner:": "inner",
    "  wo$0rk:": "work",
    "      li$0nt: {": "lint",
    "optional: [li$0nt]": "lint",
    "      t$0wo: {": "two",
    "state: {to$0tal": "total",
    "set: {to$0tal": "total",
    "tools: {fi$0nd": "find",
    "agent: o$0ne": "one",
}


@pytest.mark.parametrize("marked", RENAMED)
def test_every_place_is_renamed_and_back(marked: str) -> None:
    old, files = RENAMED[marked], {"a.pipeline.yaml": HEAD + FORK, **AROUND}
    bare = marked.replace("$0", "")
    assert FORK.count(bare) == 1
    place, offset = at_cursor((HEAD + FORK).replace(bare, marked), AROUND)
    assert prepare(place, offset)[1] == old
    after = files | renamed(place, offset, "fresh_name")
    # No word of these texts means anything else, but for `inner` in the prompt's plain text.
    words = {path: re.sub(rf"\b{old}\b", "fresh_name", text) for path, text in files.items()}
    words["p.md"] = words["p.md"].replace("fresh_name ${{ args", "inner ${{ args")
    assert after == words
    again = document(after["a.pipeline.yaml"], after)
    at = next(
        one.span.start
        for one in symbols.occurrences(again.analysis.tree, "pipeline", symbols.everywhere)
        if one.name == "fresh_name" and one.defines
    )
    assert after | renamed(again, at, old) == files


REFUSED = {
    "a$0: {agent: x}\n  b: {agent: x}": [
        ("b", "there is a stage b already"),
        ("end", "a stage can not be called end; that word means something else"),
        ("no-dash", "the name of a stage is letters, digits and `_`, and starts with no digit"),
        ("", "the name of a stage is letters, digits and `_`, and starts with no digit"),
        ("Null", "YAML does not read Null as text"),
    ],
    # Captured by an inner block, and capturing what an inner block means.
    "a$0: {agent: x}\n  b: {fork: {c: {stages: {d: {when: outputs.a}}}, e: {agent: x}}}": [
        ("d", "what is named in line 5 would not mean the same with the name d")
    ],
    "a: {agent: x}\n  b: {fork: {c: {stages: {d$0: {when: outputs.a}}}, e: {agent: x}}}": [
        ("a", "what is named in line 5 would not mean the same with the name a")
    ],
    "a: {agent: x}\n  b: {fork: {c: {stages: {a$0: {when: outputs.a}}}}}": [
        ("z", "a in line 5 may mean something else; a new name is not certain")
    ],
    "a: {agent: x}\n  b: {fork: {c: {stages: {a: {when: outputs.a$0}}}}}": [
        ("z", "a may mean several here; rename one of them where it is defined")
    ],
    "a$0: {agent: x, next: gone}": [("gone", "what is named in line 4 would not mean the same with the name gone")],
    "a: {agent: mi$0ssing}": [("z", "nothing here is called missing")],
    "a: {next: go$0ne}": [("z", "nothing here is called gone")],
    "a: {descr$0iption: x}": [("z", "there is no name here")],
    "a: {agent: x, with: {ar$0g: 1}}": [("z", "arg is an argument; what takes it knows it by that name")],
    "a: {agent: x, result: {properties: {fi$0eld: {}}}}": [
        ("z", "field is a field of a result; what makes the result gives it by that name")
    ],
    "a: &one$0 {agent: x}\n  b: *one": [("a b", "an anchor's name has no blanks, commas or brackets")],
}


@pytest.mark.parametrize(("marked", "new", "why"), [(at, *one) for at, cases in REFUSED.items() for one in cases])
def test_refused(marked: str, new: str, why: str) -> None:
    with pytest.raises(Refused) as caught:
        rename(*at_cursor(f"{HEAD}stages:\n  {marked}\n"), new)
    assert str(caught.value) == why


def test_what_is_defined_elsewhere_is_refused() -> None:
    shared = {"pointsman.toml": "[agents]\nshared = {python = 'a:b'}\n"}
    with pytest.raises(Refused, match=r"the agent shared is one of the workspace; its name is in pointsman\.toml"):
        prepare(*at_cursor("stages: {a: {agent: sha$0red}}\n", shared))
    python = 'agents:\n  a: {python: "mod$0ule:function"}\n'
    with pytest.raises(Refused, match="module is a module of your Python; rename it there"):
        prepare(*at_cursor(python))
    with pytest.raises(Refused, match="function is a function of your Python; rename it there"):
        prepare(*at_cursor(python.replace("$0", "").replace("function", "$0function")))
    with pytest.raises(Refused, match=r"x\.policy\.yaml is a file; rename the file"):
        prepare(*at_cursor("policies: [x.pol$0icy.yaml]\n"))
    with pytest.raises(Refused, match="pipelines of the workspace use a"):
        prepare(*at_cursor('[agents]\na$0 = {python = "a:b"}\n', name="pointsman.toml"))


def test_an_agent_is_not_given_the_name_of_a_shared_one_that_is_used() -> None:
    text = HEAD + "agents: {own$0: {scripted: [1]}}\nstages:\n  a: {agent: own}\n  b: {agent: shared}\n"
    with pytest.raises(Refused, match="what is named in line 6 would not mean the same with the name shared"):
        rename(*at_cursor(text), "shared")


def test_an_anchor_with_its_aliases() -> None:
    text = (
        HEAD + "stages:\n  a: {with: &ab$0 {x: 1}, agent: z}\n  b: {with: *ab, agent: z}\n"
        "  c: {with: {<<: *ab}, agent: &abc z}\n"
    )
    assert renamed(*at_cursor(text), "new")["a.pipeline.yaml"] == re.sub(
        r"([&*])ab\b", r"\1new", text.replace("$0", "")
    )


def test_what_aliases_repeat_in_another_block_is_not_certain() -> None:
    text = HEAD + "stages:\n  a$0: {agent: x}\n  b: {agent: x, with: &w {y: '${{ outputs.a }}'}}\n"
    text += "  c: {fork: {d: {stages: {a: {agent: x, with: *w}}}}}\n"
    with pytest.raises(Refused, match="a in line 5 may mean something else"):
        rename(*at_cursor(text), "z")


def test_a_prompt_of_two_pipelines_is_not_certain() -> None:
    one = HEAD + "agents: {m: {llm: {model: 'scripted:r', prompt: p.md}}}\nstages: {a: {agent: m}}\n"
    text = one.replace("{a:", "{a$0:") + "---\n" + one
    with pytest.raises(Refused, match=r"a in line 1 of p\.md may mean something else"):
        rename(*at_cursor(text, {"p.md": "${{ outputs.a }}"}), "b")
    assert rename(*at_cursor(text, {"p.md": "no names"}), "b")


def test_a_rule_that_can_not_follow_refuses_the_name() -> None:
    """A rule that no longer fits would let pass what it was made to stop."""
    text = HEAD + "agents: {write_a$0: {scripted: [1]}}\npolicies: [p.policy.yaml]\nstages: {s: {agent: write_a}}\n"
    rule = "rules:\n  - {id: guard, match: {agent: write_*}}\n"
    place, offset = at_cursor(text, {"p.policy.yaml": rule})
    assert set(renamed(place, offset, "write_b")) == {"a.pipeline.yaml"}
    with pytest.raises(Refused, match=r"guard in p\.policy\.yaml speaks of the agent write_\*; change that rule first"):
        rename(place, offset, "read_a")
    with pytest.raises(Refused, match=r"guard in p\.policy\.yaml speaks of the agent other; change that rule first"):
        rename(*at_cursor(text, {"p.policy.yaml": rule.replace("write_*", "other")}), "other")
    other = rule.replace("{agent", "{pipeline: other, agent")
    assert set(renamed(*at_cursor(text, {"p.policy.yaml": other}), "read_a")) == {"a.pipeline.yaml"}
    always = {"pointsman.toml": 'policies = ["all.policy.yaml"]\n', "all.policy.yaml": rule.replace("*", "a")}
    with pytest.raises(Refused, match=r"guard in all\.policy\.yaml speaks of the agent write_a"):
        rename(*at_cursor(text, always), "write_b")


def test_a_name_for_itself_changes_nothing() -> None:
    assert rename(*at_cursor(HEAD + "stages: {a$0: {agent: x}}\n"), "a") == []


def test_half_typed_text_is_renamed_where_it_is_certain() -> None:
    text = (
        HEAD + "stages:\n  a$0:\n    agent: x\n    routes:\n      - {when: outputs.a., to: a\n  c: {next: a}\n  d: [\n"
    )
    after = renamed(*at_cursor(text), "new")["a.pipeline.yaml"]
    assert after == text.replace("a$0:", "new:").replace("outputs.a.", "outputs.new.").replace(
        ": a\n", ": new\n"
    ).replace(": a}", ": new}")


PIPELINES = [
    *sorted(REPOSITORY.glob("examples/*/*.pipeline.yaml")),
    *sorted(REPOSITORY.glob("tests/data/clean/*.pipeline.yaml")),
    *sorted(REPOSITORY.glob("tests/data/diagnostics/*name*.pipeline.yaml")),
]


@pytest.mark.parametrize("path", PIPELINES, ids=lambda path: path.stem)
def test_the_findings_stay_the_same_and_the_way_back_gives_the_same_bytes(path: Path) -> None:
    text, *parts = re.split(r"(?m)^=== (.*)\n", path.read_text("utf-8"))
    files = dict(zip(parts[::2], parts[1::2], strict=True))
    if "examples" in path.parts:
        files = {
            one.relative_to(path.parent).as_posix(): one.read_text("utf-8")
            for one in path.parent.rglob("*")
            if one.suffix in (".py", ".md", ".yaml")
        }
    files[path.name] = text
    place = document(text, files, path.name)
    codes = Counter(one.code for one in place.analysis.diagnostics)
    done = 0
    for one in list(symbols.occurrences(place.analysis.tree, "pipeline", symbols.everywhere)):
        try:
            changed = renamed(place, one.span.start, "quite_new")
        except Refused:
            continue
        if not valid_name(one.name):
            # A better name for it is no change that can be taken back.
            continue
        done += 1
        after = files | changed
        again = document(after[path.name], after, path.name)
        assert Counter(one.code for one in again.analysis.diagnostics) == codes
        at = changed[path.name].encode().index(b"quite_new")
        assert after | renamed(again, at, one.name) == files
    assert done > 1


NAMES = st.sampled_from("abc")


def stage_of(inner: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """A stage that may name anything, and has branches of one stage or several."""
    stages = st.dictionaries(NAMES, inner, min_size=1, max_size=3)
    block = st.fixed_dictionaries({"stages": stages}, optional={"output": NAMES.map("${{{{ outputs.{0} }}}}".format)})
    return st.fixed_dictionaries(
        {"fork": st.dictionaries(NAMES, inner | block, min_size=1, max_size=3)},
        optional={
            "when": st.tuples(NAMES, NAMES, NAMES).map(lambda three: "outputs.{}.{}.{} == 1".format(*three)),
            "on_error": NAMES,
            "join": st.fixed_dictionaries({"optional": st.lists(NAMES, max_size=2)}),
        },
    )


LEAF = st.fixed_dictionaries(
    {"agent": NAMES},
    optional={"next": NAMES, "with": st.fixed_dictionaries({"x": NAMES.map("${{{{ visits.{0} }}}}".format)})},
)
STAGES = st.dictionaries(NAMES, st.recursive(LEAF, stage_of, max_leaves=8), min_size=1, max_size=3)
AGENTS = st.dictionaries(NAMES, st.just({"command": ["echo", "${{ outputs.a }}"]}), max_size=3)


@settings(max_examples=120, deadline=None, derandomize=True)
@given(STAGES, AGENTS, st.integers(0, 10_000), st.sampled_from("abcd"))
def test_few_names_in_many_blocks(stages: object, agents: object, pick: int, new: str) -> None:
    """Where names hide one another, a rename is refused, or changes nothing but the name."""
    text = json.dumps({"pipeline": "p", "language": 1, "agents": agents, "stages": stages})
    place = document(text)
    found = [one for one in symbols.occurrences(place.analysis.tree, "pipeline", symbols.everywhere) if one.targets]
    at = found[pick % len(found)]
    try:
        after = renamed(place, at.span.start, new)["a.pipeline.yaml"] if new != at.name else text
    except Refused:
        return
    again = document(after)
    assert [one.code for one in again.analysis.diagnostics] == [one.code for one in place.analysis.diagnostics]
    assert len(after) == len(text)
    assert (renamed(again, at.span.start, at.name)["a.pipeline.yaml"] if new != at.name else after) == text


def test_prepare_says_what_is_selected() -> None:
    place, offset = at_cursor(HEAD + 'stages: {"na$0me": {agent: x}}\n')
    span, name = prepare(place, offset)
    assert (place.source.text(span), name) == ("name", "name")
    with pytest.raises(Refused):
        prepare(replace(place, version=2), 0)
