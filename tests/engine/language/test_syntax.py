"""The tree: documents, aliases, merge keys, refusals, recovery, memory of items, and no input that breaks `parse`."""

import subprocess
import sys
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.language import items, lowering
from pointsman.language.source import Source, Span
from pointsman.language.syntax import (
    Alias,
    AliasBudget,
    Entry,
    Mapping,
    Missing,
    Node,
    Scalar,
    Sequence,
    Tree,
    entries,
    parse,
    plain,
    resolve,
)


def test_a_tree_with_spans() -> None:
    tree = read("a: 1\nb:\n  - x\n  - {c: d}\ne:\n")
    root = mapping(tree)
    assert [entry.key.text for entry in root.entries] == ["a", "b", "e"]
    assert source(tree, root.entries[1].span) == "b:\n  - x\n  - {c: d}"
    assert source(tree, root.entries[1].value.span) == "- x\n  - {c: d}"
    assert isinstance(root.entries[2].value, Missing)
    assert plain(root) == {"a": 1, "b": ["x", {"c": "d"}], "e": None}
    assert root.entries is root.entries


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("k:\n", 2),
        ("k: \n", 3),
        ("k:  # c\n", 3),
        ("{k: , l}", 4),
        ("- \n", 2),
        ("k:\nl: 1", 2),
        ("a:\n  k:\n  l: 1", 7),
    ],
)
def test_where_a_missing_value_stands(text: str, at: int) -> None:
    node: Node = read(text).documents[0].root
    while not isinstance(node, Missing):
        assert isinstance(node, Mapping | Sequence)
        node = node.entries[0].value if isinstance(node, Mapping) else node.items[0]
    assert node.span == Span(at, at)


def test_documents() -> None:
    tree = read("# c\n%YAML 1.2\n---\na: 1\n...\n---\nb: 2\n--- |\n c\n")
    assert [plain(document.root) for document in tree.documents] == [{"a": 1}, {"b": 2}, "c\n"]
    assert not tree.diagnostics
    empty = read("# nothing\n")
    assert [type(document.root) for document in empty.documents] == [Missing]


def test_bom_and_lone_returns() -> None:
    tree = read("\ufeffa: 1\rb: 2\r\nc: 3\n")
    assert plain(tree.documents[0].root) == {"a": 1, "b": 2, "c": 3}
    assert mapping(tree).entries[0].key.span == Span(3, 4)
    assert not tree.diagnostics


def test_aliases_and_merge_keys_across_items() -> None:
    tree = read(
        "base: &base {retry: 1, timeout: 5}\nmore: &more {timeout: 6, tag: x}\n"
        "stages:\n  a:\n    <<: [*base, *more]\n    timeout: 7\n  b: *base\n"
    )
    stages = mapping(tree).entries[2].value
    assert isinstance(stages, Mapping)
    assert plain(stages) == {"a": {"timeout": 7, "retry": 1, "tag": "x"}, "b": {"retry": 1, "timeout": 5}}
    alias = stages.entries[1].value
    assert isinstance(alias, Alias)
    assert alias.target is mapping(tree).entries[0].value
    assert resolve(alias) is alias.target
    merged = stages.entries[0].value
    assert isinstance(merged, Mapping)
    assert [source(tree, entry.key.span) for entry in entries(merged)] == ["timeout", "retry", "tag"]
    assert not tree.diagnostics


def test_the_last_anchor_above_counts_and_documents_are_apart() -> None:
    assert plain(read("a: &x 1\nb: *x\nc: &x 2\nd: *x\n").documents[0].root) == {"a": 1, "b": 1, "c": 2, "d": 2}
    assert codes(read("a: &x 1\n---\nb: *x\n")) == ["unknown_alias"]


def test_unknown_and_cyclic_aliases() -> None:
    tree = read("anchor: &base 1\nb: *bass\nc: &c [*c]\n")
    assert codes(tree) == ["unknown_alias", "unknown_alias"]
    assert 'did you mean "base"?' in tree.diagnostics[0].message
    cyclic = mapping(tree).entries[2].value
    assert isinstance(cyclic, Sequence)
    assert isinstance(resolve(cyclic.items[0]), Missing)
    assert plain(mapping(tree)) == {"anchor": 1, "b": None, "c": [None]}


def test_aliases_have_a_budget() -> None:
    laughs = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
    tree = read(laughs)
    assert not tree.diagnostics
    with pytest.raises(AliasBudget):
        plain(mapping(tree))
    chain = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 2000))
    with pytest.raises(AliasBudget):
        plain(mapping(read(chain)))
    merges = "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}\n" for n in range(1, 60))
    last = mapping(read(merges)).entries[-1].value
    assert isinstance(last, Mapping)
    assert plain(last) == {"x": 1}


def test_trees_made_by_hand_may_be_cyclic() -> None:
    alias = Alias(Span(0, 1), "a")
    loop = Alias(Span(0, 1), "a", alias)
    alias._target = loop
    assert isinstance(resolve(loop), Missing)
    key = Scalar(Span(0, 2), "plain", "<<", "<<")
    own = Mapping(Span(0, 1), lambda: (Entry(key, own),))
    assert entries(own) == ()


@pytest.mark.parametrize(
    ("text", "code", "where"),
    [
        ("a: 1\na: 2\n", "duplicate_key", "a"),
        ("s:\n  a: 1\n  b: 2\n  'a': 2\n", "duplicate_key", "'a'"),
        ("a: {b: 1, b: 2}\n", "duplicate_key", "b"),
        ("a: !x 1\n", "yaml_tag", "!x"),
        ("a: !!int x\n", "yaml_tag", "!!int"),
        ("a: !!map [b]\n", "yaml_tag", "!!map"),
        ("a: !!set {b}\n", "yaml_tag", "!!set"),
        ("%TAG ! x\n---\na: 1\n", "yaml_tag", "%TAG ! x"),
        ("a: *x\n", "unknown_alias", "*x"),
        ("[a, b]: c\n", "yaml_complex_key", "[a, b]"),
        ("? {a: b}\n: c\n", "yaml_complex_key", "{a: b}"),
        (": c\n", "yaml_complex_key", ":"),
        ("a: \x07\n", "yaml_encoding", "\x07"),
        ("a: b\nsta\n", "yaml_syntax", "sta"),
        ("sta\na: b\n", "yaml_syntax", "sta"),
        ("a:\n  b: 1\n  sta\nc: d\n", "yaml_syntax", "sta"),
        ("s:\n  a: [\n    b,\n]\nc: d\n", "yaml_syntax", "]"),
        ("a: 'b' c\n", "yaml_syntax", "c"),
        ('a: "b\n', "yaml_syntax", '"'),
        ("a: [b\nc: d\n", "yaml_syntax", "["),
        ("a: {b: [c}\nd: e\n", "yaml_syntax", "}"),
        ("a: [b, c] == d\n", "yaml_syntax", "== d"),
        ("- a\nb: c\n", "yaml_syntax", "b: c"),
        ("a: - b\n", "yaml_syntax", "-"),
        ("@a: b\nc: d\n", "yaml_syntax", "@"),
        ("a: |x\n  b\n", "yaml_syntax", "x"),
        ("a: |\n   \n  b\n", "yaml_syntax", "   \n"),
        ("a:\n  - b\n c\n  - d\n", "yaml_syntax", "c"),
        ("a: 'b # c' == d # e\n", "yaml_syntax", "== d"),
        ('a: "\\q"\n', "yaml_syntax", "\\q"),
        ("stages\n  a: 1\n", "yaml_syntax", "stages"),
        ("%YAML 1.2\na: b\n", "yaml_syntax", "%YAML 1.2"),
        ("a: b\n... c\n", "yaml_syntax", "c"),
    ],
)
def test_one_finding_at_the_smallest_place(text: str, code: str, where: str) -> None:
    tree = read(text)
    assert [(found.code, source(tree, found.span)) for found in tree.diagnostics] == [(code, where)]
    assert not tree.diagnostics[0].message.endswith(".")


def test_a_duplicate_names_the_first() -> None:
    tree = read("s:\n  a: 1\n  b: 2\n  a: 3\n")
    (found,) = tree.diagnostics
    assert source(tree, found.related[0].span) == "a"
    assert found.related[0].span.start < found.span.start


@pytest.mark.parametrize(
    ("text", "raw"),
    [
        ("when: !x.ok && y", "!x.ok && y"),
        ('when: "a" in xs', '"a" in xs'),
        ("when: a ? b : c", "a ? b : c"),
        ("when: [1, 2].exists(x, x > 1)", "[1, 2].exists(x, x > 1)"),
        ("when: %x", "%x"),
        ("when: `x`  # c", "`x`"),
        ("- {when: a ? b : c, to: d}", "a ? b : c"),
        ("- {when: !x.ok, to: d}", "!x.ok"),
    ],
)
def test_what_may_be_an_expression_stays_as_raw_text(text: str, raw: str) -> None:
    tree = read(text + "\n")
    node: Node = tree.documents[0].root
    node = node.items[0] if isinstance(node, Sequence) else node
    assert isinstance(node, Mapping)
    scalar = node.entries[0].value
    assert isinstance(scalar, Scalar)
    assert scalar.broken
    assert (scalar.text, source(tree, scalar.span)) == (raw, raw)
    assert scalar.tag == (raw.split()[0] if raw.startswith("!") else None)
    assert len(tree.diagnostics) == 1


def test_core_tags_are_honoured() -> None:
    tree = read("a: !!str 1\nb: !!int '2'\nc: !!float 1\nd: !!null ''\ne: ! 3\nf: !<tag:yaml.org,2002:bool> true\n")
    assert plain(mapping(tree)) == {"a": "1", "b": 2, "c": 1.0, "d": None, "e": "3", "f": True}
    assert not tree.diagnostics


def test_large_collections_are_cut_and_put_together() -> None:
    inner = "".join(f"      k{n}:\n        - x: {n}\n          y: [{n}, a]\n" for n in range(400))
    tree = read(f"stages:\n  a:\n    fork:\n{inner}  b: 1\n")
    assert not tree.diagnostics
    value = plain(mapping(tree))["stages"]
    assert value["b"] == 1
    assert value["a"]["fork"] == {f"k{n}": [{"x": n, "y": [n, "a"]}] for n in range(400)}
    for entry in walk(tree.documents[0].root):
        assert source(tree, entry.key.span) == entry.key.text


def test_a_keystroke_parses_its_item_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    text = PIPELINE * 1 + "".join(f"  s{n}:\n    agent: draft\n    with: {{text: a{n}}}\n" for n in range(200))
    read(text)
    parsed: list[bytes] = []
    native = lowering.native

    def counting(data: bytes, level: int = 0) -> lowering.Part | None:
        parsed.append(data)
        return native(data, level)

    monkeypatch.setattr(lowering, "native", counting)
    changed = text.replace("text: a100}", "text: a100b}")
    tree = read(changed)
    assert parsed == [b"  s100:\n    agent: draft\n    with: {text: a100b}\n"]
    assert [
        entry.key.text for entry in walk(tree.documents[0].root) if source(tree, entry.key.span) != entry.key.text
    ] == []


def test_what_is_remembered_is_bounded() -> None:
    for n in range(30):
        read(f"a{n}: |\n" + "  text\n" * 15_000)
    assert sum(len(key[0]) for key in items._kept) <= items._KEPT
    assert sum(len(key[0]) for key in items._kept) + items._spare[0] == items._KEPT


def test_refused_early() -> None:
    assert codes(parse(Source("x", b"a: b\n" * (4 << 20)))) == ["yaml_too_large"]
    assert codes(parse(Source("x", "a: 1".encode("utf-16")))) == ["yaml_encoding"]
    tree = parse(Source("x", b"a: caf\xe9\nb: \x00\nc: 1\n"))
    assert codes(tree) == ["yaml_encoding", "yaml_encoding"]
    assert [entry.key.text for entry in mapping(tree).entries] == ["a", "b", "c"]


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "a: " + "{a: " * 5_000, "[" * 900 + "]" * 900, "- " * 300 + "x", "? " * 300]
)
def test_deep_is_refused(text: str) -> None:
    assert "yaml_too_deep" in codes(read(text))


def test_refused_values_keep_their_keys() -> None:
    tree = read("a: 1\nb: " + "[" * 5_000 + "\nc: |\n" + "  x\n" * 20_100 + "d: 1\n")
    assert codes(tree) == ["yaml_too_deep", "yaml_too_large"]
    assert [entry.key.text for entry in mapping(tree).entries] == ["a", "b", "c", "d"]


# One child process, so that a crash of the native parser is a failure here and not the end of the test run.
_CRASHES = """
from pointsman.language.source import Source
from pointsman.language.syntax import parse, plain
def tried(data):
    for document in parse(Source("x", data)).documents:
        plain(document.root)
for n in [*range(1, 300), *range(300, 2001, 100)]:
    for unit in (b"- ", b"? ", b"- ? ", b"-\\t", b"a: ", b"[", b"{a: ", b"&a ", b"!t "):
        tried(unit * n + b"x")
for n in [*range(1, 300, 7), 253, 254, 255, 500, 1000]:
    for unit in (b"a:", b"- ?", b"- a:", b"? ", b"-", b"- ?\\n#"):
        tried(b"".join(b" " * (i * 2) + unit + b"\\n" for i in range(n)))
for n in (32_766, 32_767, 32_768, 32_769, 32_770):
    tried(b"a: b\\n" * n)
    tried(b"a: |\\n" + b" x\\n" * n)
    tried(b"[\\n" + b" a,\\n" * n + b"]")
    tried(b"a: 'x\\n" + b"\\n" * n + b" y'\\n")
tried(b" " * 70_000 + b"a: b\\n" + b" " * 40_000 + b"c: d\\n")
for data in (b"\\0", b"a: \\0\\n", b"\\xff\\xfe", b"\\xff", b"a: \\xc3", b"\\xef\\xbb\\xbf", b"\\xef\\xbb\\xbf\\0"):
    tried(data)
print("alive")
"""


def test_nothing_crashes_the_process() -> None:
    done = subprocess.run([sys.executable, "-c", _CRASHES], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "alive"), done.stderr[-2000:]


PIPELINE = """\
pipeline: support
language: 1
agents:
  draft: &draft
    llm: {model: "scripted:replies.yaml", prompt: prompts/draft.md}
  other: *draft
policies: [safety.policy.yaml]
rules:
- id: one
  at: [agent.invoke]
- id: two
stages:
  triage:
    agent: classify   # a comment
    with: {text: "${{ input.ticket }}"}
    prompt: >-
      Be kind,
      é😀 always.
    routes:
      - {when: result.intent == "refund", to: approve, label: refund}
      - when: 'it''s'
        to: end
"""
PIECES = [
    "\n", "  ", "- ", ": ", ":", "'", '"', "{", "}", "[", "]", ",", "#", " #", "|", ">", "&a ", "*a", "!t ", "\t",
    "---\n", "...\n", "%", "? ", "<<: *draft", "é", "\r", "\ufeff", "x", "\\", "@",
]  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, len(PIPELINE)), st.integers(0, 40), st.sampled_from(PIECES)), min_size=1, max_size=4
    )
)
def test_edits_never_raise(edits: list[tuple[int, int, str]]) -> None:
    text = PIPELINE
    for at, cut, piece in edits:
        text = text[:at] + piece + text[at + cut :]
    sound(read(text))


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.lists(st.sampled_from(PIECES), max_size=60).map(lambda parts: "".join(parts).encode()),
    )
)
def test_bytes_never_raise(data: bytes) -> None:
    sound(parse(Source("x", data)))


def sound(tree: Tree) -> None:
    """Whatever the text: spans lie inside it, keys stand in order, every question has an answer."""
    size = len(tree.source.data)
    for found in tree.diagnostics:
        assert 0 <= found.span.start <= found.span.end <= size
    assert tree.documents
    for document in tree.documents:
        plain(document.root)
        waiting = [document.root]
        while waiting:
            node = waiting.pop()
            assert 0 <= node.span.start <= node.span.end <= size
            match node:
                case Mapping():
                    for entry in node.entries:
                        assert node.span.start <= entry.span.start <= entry.span.end <= node.span.end
                    for one, two in pairwise(node.entries):
                        assert one.span.start <= two.span.start
                    waiting += [part for entry in node.entries for part in (entry.key, entry.value)]
                case Sequence():
                    waiting += node.items
                case _:
                    resolve(node)


def walk(node: Node) -> list[Entry]:
    match node:
        case Mapping():
            return [found for entry in node.entries for found in (entry, *walk(entry.value))]
        case Sequence():
            return [found for item in node.items for found in walk(item)]
        case _:
            return []


def read(text: str) -> Tree:
    return parse(Source.of("x", text))


def mapping(tree: Tree) -> Mapping:
    root = tree.documents[0].root
    assert isinstance(root, Mapping)
    return root


def source(tree: Tree, span: Span) -> str:
    return tree.source.text(span)


def codes(tree: Tree) -> list[str]:
    return [found.code for found in tree.diagnostics]
