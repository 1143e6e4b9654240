"""The walk behind definition, references and rename: what it costs, what it survives, and what each place means."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marked import read_marked
from pointsman.language import occurrences, schema, symbols
from pointsman.language.analysis import kind_of
from pointsman.language.python_facts import place_of
from pointsman.language.source import Source, Span
from pointsman.language.symbols import Definition, Occurrence, Search
from pointsman.language.syntax import parse
from pointsman.language.tree import Tree
from pointsman.language.workspace import workspace_tree

DATA = Path(__file__).parents[2] / "data"


def tree_of(text: str, name: str = "a.pipeline.yaml") -> Tree:
    source = Source.of(name, text)
    return workspace_tree(source) if name.endswith(".toml") else parse(source)


def words(tree: Tree, kind: str = "pipeline", search: Search = symbols.everywhere) -> list[str]:
    """Every occurrence with what it means: kinds of definitions with their lines, or where else it is."""

    def meant(one: Occurrence) -> str:
        if one.defines:
            return "here"
        lines = tree.source.line_starts
        return " or ".join(
            f"{target.kind} {sum(start <= target.span.start for start in lines)}"
            if isinstance(target, Definition)
            else f"{target.kind} elsewhere"
            for target in one.targets
        )

    found = sorted(symbols.occurrences(tree, kind, search), key=lambda one: one.span)
    assert all(tree.source.text(one.span) == one.name for one in found)
    return [f"{one.name}: {meant(one)}" for one in found]


def test_each_name_with_what_it_means() -> None:
    text = """\
agents: {a: {python: "m:f"}}
state: {k: {}}
stages:
  one: {agent: a, when: state.k && outputs.two.x && visits.two, next: three}
  two: {fork: {x: {agent: b, when: "outputs.one == outputs.x && visits.one"}}, on_error: two}
"""
    assert words(tree_of(text)) == [
        *("a: here", "m: module elsewhere", "f: function elsewhere", "k: here"),
        *("one: here", "a: agent 1", "k: state 2", "two: stage 5", "x: branch 5", "two: stage 5", "three: "),
        # A branch that is one stage sees itself; how often it was there is counted in its own block alone.
        *("two: here", "x: here", "b: agent elsewhere", "one: stage 4", "x: branch 5", "one: ", "two: stage 5"),
    ]


def test_every_mapping_of_names_is_known() -> None:
    """A new one in the table of keys would stop the walk."""
    waiting = [field.shape for section in schema.SECTIONS.values() for field in section.fields]
    kinds = {shape.what for shape in waiting if isinstance(shape, schema.Named)}
    assert kinds == set(occurrences.NAMED)


def test_the_schema_of_a_state_key() -> None:
    text = "state: {k: {type: object, required: [a], properties: {a: {properties: {b: {}}}}}}\n"
    found = words(tree_of(text + "output: ${{ state.k.a.b }}\n"))
    assert found == ["k: here", "a: field 1", "a: here", "b: here", "k: state 1", "a: field 1", "b: field 1"]


def test_a_document_knows_its_own_names_only() -> None:
    text = "stages: {a: {agent: x}}\n---\nstages: {b: {agent: x, next: a}, c: {next: b}}\n"
    assert words(tree_of(text)) == [
        *("a: here", "x: agent elsewhere", "b: here", "x: agent elsewhere", "a: ", "c: here", "b: stage 3")
    ]


def test_what_merge_keys_bring_counts_where_it_is_brought_to() -> None:
    text = "stages:\n  a: &a {agent: x, next: b}\n  b: {<<: *a, next: a}\n  c: {fork: {d: {stages: {e: *a}}}}\n"
    found = words(tree_of(text))
    assert "b: stage 3" in found
    assert "b: " in found, "in the block of `d` there is no stage `b`"
    assert found.count("a: anchor 2") == 2


def test_the_name_at_an_offset() -> None:
    text = "stages: {ab: {agent: x}, c: {when: outputs.ab.d, next: ab}}\n"
    tree = tree_of(text)
    for offset in range(text.index("ab.d"), text.index("ab.d") + 3):
        found = symbols.at(tree, "pipeline", offset)
        assert found is not None
        assert (found.name, found.span.start) == ("ab", text.index("ab.d"))
    assert symbols.at(tree, "pipeline", text.index("outputs")) is None
    assert symbols.at(tree, "pipeline", len(text)) is None


def test_a_name_at_an_offset_costs_its_stage_and_not_the_file() -> None:
    def asked(stages: int) -> int:
        one = "  s{}: {{agent: a, with: {{x: '${{{{ outputs.s0 }}}}'}}, when: outputs.s1 == 1}}\n"
        text = "stages:\n" + "".join(one.format(number) for number in range(stages))
        looked: list[str] = []

        def mentions(of: str) -> bool:
            looked.append(of)
            return True

        offset = text.rindex("outputs.s1") + 9
        around = symbols.around(offset)
        assert [one.name for one in symbols.occurrences(tree_of(text), "pipeline", Search(around.within, mentions))]
        return len(looked)

    assert asked(1000) == asked(10) == 1


SPELT = [
    "outputs.name",
    "outputs['name']",
    'outputs["na\\u006de"]',
    'outputs[r"name"]',
    "outputs.`name`",
    "outputs . name",
    "outputs.?name",
    "envelope.outputs.name",
    "xs.map(x, outputs.name)",
    'has(outputs.name) ? 1 : "name"',
]


@pytest.mark.parametrize("spelt", SPELT)
@pytest.mark.parametrize("style", ["when: >-\n      {}", "with: {{x: '${{{{ {} }}}}'}}", 'when: "\\t{}"'])
def test_same_finds_every_spelling(spelt: str, style: str) -> None:
    written = spelt.replace("'", "''") if "'${{{{" in style else spelt
    written = written.replace("\\", "\\\\").replace('"', '\\"') if style.startswith('when: "') else written
    tree = tree_of(f"stages:\n  name: {{agent: x}}\n  b:\n    {style.format(written)}\n")
    definition = symbols.at(tree, "pipeline", tree.source.data.index(b"name"))
    assert definition is not None
    assert len(symbols.same(tree, "pipeline", definition)) == 2


def test_prompts_are_looked_through_when_they_can_be_read() -> None:
    text = "agents: {m: {llm: {model: 'scripted:r', prompt: p.md}}}\nstages: {s: {agent: m, with: {x: 1}}}\n"
    tree, prompts = tree_of(text), {"p.md": "é ${{ outputs.s + args.x }}".encode()}
    found = [one for one in symbols.occurrences(tree, "pipeline", symbols.everywhere, prompts.get) if one.file]
    assert [(one.name, one.file, prompts["p.md"][one.span.start : one.span.end]) for one in found] == [
        ("s", "p.md", b"s"),
        ("x", "p.md", b"x"),
    ]
    assert not [one for one in symbols.occurrences(tree, "pipeline", symbols.everywhere) if one.file]
    for data in (None, b"", b"plain s", b"\xff ${{ outputs.s }}"):
        found = list(symbols.occurrences(tree, "pipeline", symbols.everywhere, {"p.md": data}.get))
        assert not [one for one in found if one.file]


def test_a_billion_laughs_is_walked_once() -> None:
    lines = ["  s0: &s0 {fork: {a: {agent: x}, b: {agent: x}}}"]
    lines += [
        f"  s{n}: &s{n} {{fork: {{a: *s{n - 1}, b: *s{n - 1}, c: {{stages: {{d: *s{n - 1}}}}}}}}}" for n in range(1, 40)
    ]
    text = "stages:\n" + "\n".join(lines) + "\n  last: {agent: y, with: {x: '${{ outputs.s1 }}'}}\n"
    text += "agents: {y: {command: [echo, '${{ outputs.s3.a.a + args.x }}']}}\n"
    assert len(words(tree_of(text))) < 20_000


def test_aliases_of_aliases_end() -> None:
    lines = [f"  s{n}: &s{n} {{with: {{x: {'*s' + str(n - 1) if n else 1}}}}}" for n in range(600)]
    assert words(tree_of("stages:\n" + "\n".join(lines) + "\n"))


def test_outputs_that_name_each_other_end() -> None:
    text = """\
output: ${{ outputs.a.b.c }}
stages:
  a:
    fork:
      b: {stages: {x: {agent: y}}, output: "${{ outputs.a.d }}"}
      d: {stages: {x: {agent: y}}, output: "${{ outputs.a.b }}"}
"""
    assert words(tree_of(text))[:2] == ["a: stage 3", "b: branch 5"]


def test_siblings() -> None:
    tree = tree_of("stages: {a: {agent: x, fork: {e: {agent: y}}}, b: {agent: x}}\nagents: {c: {}}\n")
    at = symbols.at(tree, "pipeline", 9)
    assert at is not None
    assert isinstance(at.targets[0], Definition)
    assert symbols.siblings(tree, at.targets[0]) == {"b"}


TEXTS = sorted(path for folder in ("clean", "diagnostics") for path in (DATA / folder).glob("*"))


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_any_text_is_walked_and_what_is_found_can_be_found_again(path: Path) -> None:
    name = "pointsman.toml" if path.suffix == ".toml" else path.name
    source = Source(name, path.read_bytes().partition(b"=== ")[0])
    tree, kind = (workspace_tree(source), "workspace") if path.suffix == ".toml" else (parse(source), kind_of(name))
    assert kind
    for one in symbols.occurrences(tree, kind, symbols.everywhere):
        found = symbols.at(tree, kind, one.span.start)
        assert found is not None
        assert found.span.start >= one.span.start - 1 or found.targets
        if one.targets:
            assert one.span in [other.span for other in symbols.same(tree, kind, one)]


UNKNOWN = {"unknown_stage", "unknown_branch", "unknown_agent", "unknown_tool"}


@pytest.mark.parametrize("path", [path for path in TEXTS if ".pipeline." in path.name], ids=lambda path: path.name)
def test_a_name_means_nothing_here_where_the_checks_say_so(path: Path) -> None:
    marked = read_marked(path.name, path.read_bytes())
    analysis = marked.analyse()
    found: dict[Span, set[str]] = {}
    for one in symbols.occurrences(analysis.tree, "pipeline", symbols.everywhere):
        here = {target.kind for target in one.targets if isinstance(target, Definition)}
        found.setdefault(one.span, set()).update(here)
    known = {span for span, targets in found.items() if targets}
    for diagnostic in analysis.diagnostics:
        if diagnostic.code in UNKNOWN:
            inner = [one for one in found if diagnostic.span.start <= one.start and one.end <= diagnostic.span.end]
            assert inner, diagnostic
            assert not known & set(inner), diagnostic


PIECES = ["stages", "agents", ":", " ", "\n", "\n  ", "\n    ", "a", "b", "{", "}", "[", "]", ",", "&a ", "*a", "<<: "]
PIECES += [
    "fork",
    "with",
    "next",
    "when",
    "outputs.a",
    "'",
    '"',
    "${{ ",
    " }}",
    "- ",
    "|",
    "---\n",
    "properties",
    "result",
]


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(PIECES), max_size=50).map("".join))
def test_no_text_raises(text: str) -> None:
    tree = tree_of(text)
    for one in symbols.occurrences(tree, "pipeline", symbols.everywhere):
        assert 0 <= one.span.start <= one.span.end <= len(tree.source.data)
        symbols.same(tree, "pipeline", one)
    for offset in range(0, len(text), 5):
        symbols.at(tree, "pipeline", offset)


MODULE = '''\
"""é"""
import os.path, sys as system
from x import y
try:
    def first(a): ...
except ImportError:
    def first(a, b): ...
@one
@two(3)
async def second(): ...
class Box:
    size = 3
    class Inner:
        def deep(self): ...
first_again = other = lambda: 1
with open(y) as handle: pass
'''


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "byte-order mark"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize(
    ("name", "word", "line"),
    [
        ("first", "first", 7),
        ("second", "second", 10),
        ("Box", "Box", 11),
        ("Box.size", "size", 12),
        ("Box.Inner.deep", "deep", 14),
        ("os", "os.path", 2),
        ("system", "sys as system", 2),
        ("y", "y", 3),
        ("other", "other", 15),
        ("handle", "handle", 16),
    ],
)
def test_where_python_defines_a_name(name: str, word: str, line: int, ending: str, mark: str) -> None:
    source = Source("m.py", (mark + MODULE.replace("\n", ending)).encode())
    found = place_of(source.data, name)
    assert found is not None
    span, full = found
    assert (source.text(span), source.line_at(span.start) + 1) == (word, line)
    assert full.start <= span.start < span.end <= full.end


def test_python_that_has_no_such_name() -> None:
    assert place_of(MODULE.encode(), "missing") is None
    assert place_of(MODULE.encode(), "first.inner") is None
    assert place_of(b"def broken(", "broken") is None
    assert place_of(b"def f(): ...", "f") == (Span(4, 5), Span(0, 12))
