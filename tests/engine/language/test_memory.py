"""A memory changes what an analysis costs and nothing of what it says."""

from __future__ import annotations

import random
import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from marked import read_marked
from pointsman.language.analysis import Analysis, Files, Memory, analyse, prepare, wanted
from pointsman.language.checks import Environment, context
from pointsman.language.model import Workspace
from pointsman.language.source import Source
from pointsman.language.stages import stage_at, stage_kinds, stage_names
from pointsman.language.tree import Mapping, Node, Sequence

ROOT = Path(__file__).parents[3]
DATA = ROOT / "tests" / "data"

_SPEC = spec_from_file_location("corpus", ROOT / "benchmarks" / "corpus.py")
assert _SPEC is not None
assert _SPEC.loader is not None
corpus = module_from_spec(_SPEC)
_SPEC.loader.exec_module(corpus)

ANCHORS = """\
pipeline: a
language: 1
agents: {w: {scripted: [1]}}
stages:
  one: &base {agent: w, timeout: 5s}
  two: {<<: *base, timeout: 6s, next: three}
  three:
    <<: *base
    routes: &ways
      - {when: result.a > 1, to: two}
      - {to: end}
  four: {agent: w, when: !x.ok, routes: *ways}
"""


def texts() -> dict[str, tuple[str, dict[str, bytes]]]:
    """Everything that edits start from: file name to text and the files around it."""
    found: dict[str, tuple[str, dict[str, bytes]]] = {}
    for folder in ("diagnostics", "clean"):
        for path in sorted((DATA / folder).iterdir()):
            if path.suffix == ".yaml":
                fixture = read_marked(path.name, path.read_bytes())
                found[path.name] = (fixture.text, fixture.around)
    for path in sorted((ROOT / "examples").rglob("*.p*.yaml")):
        around = {str(one.relative_to(path.parent)): one.read_bytes() for one in path.parent.rglob("*.*")}
        found[path.name] = (path.read_text("utf-8"), around)
    found["anchors.pipeline.yaml"] = (ANCHORS, {})
    found["two.pipeline.yaml"] = (ANCHORS + "---\n" + ANCHORS.replace("one", "uno"), {})
    return found


TEXTS = texts()
LONG = corpus.pipeline(4200)

PIECES = (
    *("&a ", "*a", "*base", "<<: *base\n", "  ", "\n", "---\n", "...\n", "\t", "a: b\n", "  s: {agent: w}\n", "{", "}"),
    *("[", "]", "'", '"', "#", "# pointsman: allow[unused_agent] x\n", ": ", "- ", "!x && y", "${{ state.x }}", "|\n"),
    *("AKIAABCDEFGHIJKLMNOP", "\r\n", "\r", "é", "\x00", "\ufeff", "stages:\n", "agents:\n", "when: a in b\n", ">-\n"),
)


def edited(text: str, chance: random.Random) -> str:
    """The text after one edit: something inserted, deleted, replaced, doubled, moved or indented."""
    lines = text.splitlines(keepends=True) or [""]
    at, line = chance.randint(0, len(text)), chance.randrange(len(lines))
    match chance.randrange(7):
        case 0:
            return text[:at] + chance.choice(PIECES) + text[at:]
        case 1:
            return text[:at] + text[at + chance.randint(1, 12) :]
        case 2:
            return text[:at] + chance.choice(PIECES) + text[at + chance.randint(1, 4) :]
        case 3:
            moved = lines.pop(line)
            lines.insert(chance.randint(0, len(lines)), moved)
        case 4:
            target = chance.randint(0, len(lines))
            lines[target:target] = lines[line : line + chance.randint(1, 5)]
        case 5:
            lines[line] = " " * chance.randint(1, 3) + lines[line]
        case _:
            lines[line] = lines[line].removeprefix(" ")
    return "".join(lines)


def analysed(name: str, text: str, around: dict[str, bytes], memory: Memory | None) -> tuple[Analysis, frozenset[str]]:
    source = Source(name, text.encode("utf-8", "surrogateescape"))
    paths = wanted(source, memory=memory)
    files = Files({path: around.get(path) for path in paths}, frozenset({"json"}))
    return analyse(source, files, memory=memory), paths


def shape(node: Node) -> object:
    """A tree as data that compares."""
    match node:
        case Mapping():
            return node.span, node.flow, [(entry.key, shape(entry.value)) for entry in node.entries]
        case Sequence():
            return node.span, node.flow, [shape(item) for item in node.items]
        case _:
            return repr(node)


def same(warm: tuple[Analysis, frozenset[str]], cold: tuple[Analysis, frozenset[str]]) -> None:
    assert warm[0].diagnostics == cold[0].diagnostics
    assert warm[1] == cold[1]
    assert warm[0].kind == cold[0].kind
    assert warm[0].pipelines == cold[0].pipelines
    assert warm[0].policies == cold[0].policies
    assert [shape(one.root) for one in warm[0].tree.documents] == [shape(one.root) for one in cold[0].tree.documents]


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_a_chain_of_edits_says_what_a_fresh_look_says(name: str) -> None:
    text, around = TEXTS[name]
    chance = random.Random(name)
    memory = Memory()
    for step in range(8):
        same(analysed(name, text, around, memory), analysed(name, text, around, None))
        # Now and then back to the start, as undo does.
        text = edited(text, chance) if step % 4 < 3 else TEXTS[name][0]


@seed(3)
@settings(max_examples=40, deadline=None, database=None)
@given(st.sampled_from(sorted(TEXTS)), st.integers(0, 1 << 30), st.integers(1, 6))
def test_any_edits_say_what_a_fresh_look_says(name: str, chances: int, steps: int) -> None:
    text, around = TEXTS[name]
    chance, memory = random.Random(chances), Memory()
    for _ in range(steps):
        analysed(name, text, around, memory)
        text = edited(text, chance)
    same(analysed(name, text, around, memory), analysed(name, text, around, None))


def test_three_hundred_stages_say_what_a_fresh_look_says() -> None:
    chance, memory, text = random.Random(7), Memory(), LONG
    analysed(corpus.PATH, text, corpus.FILES, memory)
    for _ in range(6):
        text = edited(text, chance)
        same(analysed(corpus.PATH, text, corpus.FILES, memory), analysed(corpus.PATH, text, corpus.FILES, None))


def counted(text: str, memory: Memory, around: dict[str, bytes] | None = None) -> dict[str, int]:
    """What an analysis had to do."""
    before = memory.statistics()
    analysed(corpus.PATH, text, corpus.FILES if around is None else around, memory)
    return {what: count - before[what] for what, count in memory.statistics().items()}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Answer step 51 in a few lines", "Answer step 51 in many words"),
        ("promise nothing", "promise a little"),
        ('after ${{ outputs.stage_54 }}"', 'after ${{ outputs.stage_53 }}"'),
        ("result.score > 55 &&", "result.score >= 55 &&"),
        ("    description: Step 55 reads", "    tags: [a]\n    description: Step 55 reads"),
    ],
)
def test_an_edit_in_a_stage_reads_and_checks_that_stage_alone(old: str, new: str) -> None:
    memory = Memory()
    analysed(corpus.PATH, LONG, corpus.FILES, memory)
    assert counted(LONG.replace(old, new, 1), memory) == {"read": 1, "checked": 1, "asked_again": 0}


def test_nothing_is_done_twice_for_the_same_text() -> None:
    memory = Memory()
    analysed(corpus.PATH, LONG, corpus.FILES, memory)
    assert counted(LONG, memory) == {"read": 0, "checked": 0, "asked_again": 0}


def test_lines_above_move_stages_and_make_none_anew() -> None:
    memory = Memory()
    analysed(corpus.PATH, LONG, corpus.FILES, memory)
    work = counted(LONG.replace("\nstages:\n", "\n# One more line.\nstages:\n"), memory)
    assert work["checked"] == work["read"] <= 1


def test_a_new_name_is_looked_at_by_those_that_ask_for_it() -> None:
    memory = Memory()
    analysed(corpus.PATH, LONG, corpus.FILES, memory)
    asking = len(re.findall(r"\bstage_60\b(?!:)", LONG))
    work = counted(LONG.replace("  stage_60:\n", "  stage_sixty:\n"), memory)
    assert work["read"] == 1
    assert 1 < work["checked"] <= asking + 1
    assert work["asked_again"] > 250


def test_an_agents_code_is_looked_at_by_those_that_use_it() -> None:
    memory = Memory()
    analysed(corpus.PATH, LONG, corpus.FILES, memory)
    publishing = LONG.count("agent: publish")
    around = corpus.FILES | {"steps.py": corpus.FILES["steps.py"].replace(b"body: str,", b"body: str, to: str,")}
    work = counted(LONG, memory, around)
    # The stages, and the agents whose module it is.
    assert work["read"] == 0
    assert publishing <= work["checked"] <= publishing + 3


def test_a_copied_stage_costs_one_stage() -> None:
    memory = Memory()
    analysed(corpus.PATH, LONG, corpus.FILES, memory)
    stage = LONG[LONG.index("  stage_61:\n") : LONG.index("  stage_62:\n")]
    at = LONG.index("  stage_80:\n")
    assert counted(LONG[:at] + stage + LONG[at:], memory)["read"] <= 2
    renamed = stage.replace("stage_61:", "stage_copy:")
    assert counted(LONG[:at] + renamed + LONG[at:], memory)["read"] <= 2


def test_edits_in_two_places_cost_two_stages() -> None:
    memory = Memory()
    analysed(corpus.PATH, LONG, corpus.FILES, memory)
    text = LONG.replace("Step 7 reads", "Step 7 sees").replace("Step 199 reads", "Step 199 sees")
    assert counted(text, memory) == {"read": 2, "checked": 2, "asked_again": 0}


def test_a_memory_does_not_grow() -> None:
    memory, sizes = Memory(), []
    for number in range(12):
        analysed(corpus.PATH, LONG.replace("Step 55 reads", f"Step 55 reads {number}"), corpus.FILES, memory)
        sizes.append(memory.size())
    assert sizes[-1] <= sizes[3]


def test_prepared_work_is_not_done_again() -> None:
    memory = Memory()
    source = Source.of(corpus.PATH, LONG)
    steps = sum(1 for _ in prepare(source, memory))
    assert steps > 3 * 280
    before = memory.statistics()
    found = analyse(source, Files(dict.fromkeys(wanted(source, memory=memory))), Workspace(), memory)
    after = memory.statistics()
    assert after["read"] == before["read"]
    # Only what asks for files is looked at once more.
    assert after["checked"] - before["checked"] < 150
    assert found.diagnostics == analyse(source, Files(dict.fromkeys(wanted(source)))).diagnostics


def test_prepared_with_its_files_nothing_is_left() -> None:
    memory, source = Memory(), Source.of(corpus.PATH, LONG)

    def look(paths: frozenset[str]) -> Files:
        return Files({path: corpus.FILES.get(path) for path in paths}, frozenset({"json"}))

    for _ in prepare(source, memory, look=look):
        pass
    assert counted(LONG, memory) == {"read": 0, "checked": 0, "asked_again": 0}


def test_a_rule_of_a_policy_is_read_alone() -> None:
    rule = "  - {{id: r{n}, at: [agent.invoke], when: args.n == {n}, effect: deny, reason: why}}\n"
    rules = "".join(rule.format(n=n) for n in range(60))
    text = f"policy: p\nlanguage: 1\nversion: 1\nrules:\n{rules}reasons: {{why: Because.}}\n"
    memory = Memory()
    analysed("a.policy.yaml", text, {}, memory)
    before = memory.statistics()
    found, _ = analysed("a.policy.yaml", text.replace("args.n == 7,", "args.n == 77,"), {}, memory)
    after = memory.statistics()
    assert (after["read"] - before["read"], after["checked"] - before["checked"]) == (1, 1)
    assert not found.diagnostics
    assert [rule.when and rule.when.text for rule in found.policies[0].rules][7:9] == ["args.n == 77", "args.n == 8"]


def test_a_file_may_turn_from_pipeline_to_policy_and_back() -> None:
    memory = Memory()
    body = "language: 1\nversion: 1\ndescription: d\nrules: [{id: a, at: [agent.invoke], effect: deny}]\n"
    for text in ("pipeline: p\n" + body, "policy: p\n" + body, "pipeline: p\n" + body):
        same(analysed("x.yaml", text, {}, memory), analysed("x.yaml", text, {}, None))


def test_a_secret_is_found_where_it_stands_now() -> None:
    memory = Memory()
    key = "AKIA" + "ABCDEFGHIJKLMNOP"
    texts = [LONG, LONG.replace("description: Step 55", f"description: {key} Step 55")]
    texts += [texts[1].replace("description: A", "description: Not a"), texts[1].replace(key, "x" + key), LONG]
    for text in texts:
        same(analysed(corpus.PATH, text, corpus.FILES, memory), analysed(corpus.PATH, text, corpus.FILES, None))


def test_work_may_be_left_at_any_step() -> None:
    memory = Memory()
    analysed(corpus.PATH, LONG, corpus.FILES, memory)
    newer = LONG.replace("stage_70", "stage_seventy")
    for steps in (1, 5, 40, 400):
        for number, _ in enumerate(prepare(Source.of(corpus.PATH, newer), memory)):
            if number == steps:
                break
        same(analysed(corpus.PATH, LONG, corpus.FILES, memory), analysed(corpus.PATH, LONG, corpus.FILES, None))


def test_questions_about_all_stages_have_the_answers_of_the_stages() -> None:
    found, _ = analysed(corpus.PATH, LONG, corpus.FILES, None)
    block = found.pipelines[0].root
    assert stage_names(block) == tuple(stage.name for stage in block.stages)
    assert stage_kinds(block) == tuple(stage.kind for stage in block.stages)
    assert block.stages[-1] is block.stages[len(block.stages) - 1]
    for stage in block.stages[3:9]:
        assert stage_at(block, stage.span.start) is stage_at(block, stage.span.end) is stage
        assert found.source.text(stage.name_span) == stage.name
    assert stage_at(block, 0) is None
    assert stage_at(block, len(found.source.data)) is None or not found.source.data.endswith(b"\n")
    inner = next(stage.fork.branches[1].block for stage in block.stages if stage.fork)
    assert stage_names(inner) == ("measure", "score")
    assert stage_kinds(inner) == ("agent", "agent")
    first = inner.stages[0]
    assert stage_at(inner, first.span.start) is first


def test_what_is_near_an_offset_is_found_without_the_rest() -> None:
    found, _ = analysed(corpus.PATH, LONG, corpus.FILES, None)
    at = LONG.encode().index(b"stage_100:")
    root = found.tree.documents[0].root
    assert isinstance(root, Mapping)
    (stages,) = root.near(at)
    assert stages.key.text == "stages"
    assert isinstance(stages.value, Mapping)
    (stage,) = stages.value.near(at)
    assert (stage.key.text, stage.key.span.start) == ("stage_100", at)
    assert root.near(0)[0].key.text == "pipeline"


def test_what_is_asked_by_many_is_asked_once_when_something_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []
    answer = Environment._answer

    def counted_answer(self: Environment, question: tuple[str, str]) -> object:
        asked.append(question)
        return answer(self, question)

    text, memory = corpus.pipeline(3_000), Memory()
    analysed(corpus.PATH, text, corpus.FILES, memory)
    monkeypatch.setattr(Environment, "_answer", counted_answer)
    analysed(corpus.PATH, text.replace("next: stage_100\n", "next: stage_90\n"), corpus.FILES, memory)
    assert len(asked) < 2 * len(set(asked))


def test_questions_that_nobody_asks_any_more_are_forgotten_and_answers_stay_right(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(context, "_MOST_AGE", 3)
    memory = Memory()
    for number in range(20):
        text = ANCHORS.replace("  four:", f"  four{number}:").replace("next: three", f"next: four{number // 2 * 2}")
        same(analysed("a.pipeline.yaml", text, {}, memory), analysed("a.pipeline.yaml", text, {}, None))
    (kept,) = memory._documents
    assert kept.env is not None
    assert len({name for what, name in kept.env._answers if what == "stage" and name.startswith("four")}) < 10
