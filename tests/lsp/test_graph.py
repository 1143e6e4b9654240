"""The graph of a pipeline, as text: a line for each node, then one for each way; `<>` holds what is written there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsp.documents import document
from pointsman.kernel.instructions import Program, compile_program
from pointsman_lsp.analysis.document import Document
from pointsman_lsp.features.graph import ENDS, Graph, graphs

Json = Any

REPOSITORY = Path(__file__).parents[2]
EXAMPLES = sorted((REPOSITORY / "examples").rglob("*.pipeline.yaml"))


def lines(of: Document, graph: Graph) -> Iterator[str]:
    yield f"{graph.name or '(no name)'}: {graph.entry or 'empty'}"
    for node in graph.nodes:
        inside = f" in {node.parent}/{node.branch}" if node.parent else ""
        yield f"  {node.id}{inside} {node.kind}" + (f": {node.label}" if node.label else "")
    for edge in graph.edges:
        said = [edge.kind, *([f'"{edge.label}"'] if edge.label else []), *([f"when {edge.when}"] if edge.when else [])]
        place = f" <{of.source.text(edge.span)}>" if edge.span else ""
        yield f"  {edge.start} -> {edge.end} {' '.join(said)}{place}"


def drawn(text: str, name: str = "a.pipeline.yaml") -> str:
    of = document(text, {}, name)
    return "".join(f"{line}\n" for graph in graphs(of) for line in lines(of, graph))


HEAD = "language: 1\npipeline: a\nagents: {work: {python: 'm:f'}}\nstages:\n"
CASES = {
    "every kind of stage, one below the other": (
        """\
  one: {agent: work}
  two: {ask: {kind: confirmation, question: "Go?"}}
  three: {set: {x: 1, y: 2}}
  four: {routes: [{to: one}]}
""",
        """\
a: one
  one agent: work
  two ask: confirmation
  three set: x, y
  four gate
  one -> two below
  two -> three below
  three -> four below
  four -> one route <{to: one}>
""",
    ),
    "routes, and next when none of them matches": (
        """\
  one:
    agent: work
    routes:
      - {when: result.ok, to: two, label: good}
      - {when: result.bad, to: fail}
    next: end
  two: {agent: work, next: one}
""",
        """\
a: one
  one agent: work
  two agent: work
  end end
  fail fail
  one -> two route "good" when result.ok <{when: result.ok, to: two, label: good}>
  one -> fail route when result.bad <{when: result.bad, to: fail}>
  one -> end next <end>
  two -> one next <one>
""",
    ),
    "a route that is taken so often and no more": (
        """\
  one: {agent: work, routes: [{when: result.more, to: one, max: 3, on_max: two, label: again}, {to: end}]}
  two: {agent: work}
""",
        """\
a: one
  one agent: work
  two agent: work
  end end
  one -> one route "again" when result.more <{when: result.more, to: one, max: 3, on_max: two, label: again}>
  one -> two on_max "after 3" when result.more <two>
  one -> end route <{to: end}>
  two -> end below
""",
    ),
    "failures, as one target and as routes": (
        """\
  one: {agent: work, on_error: fail}
  two: {agent: work, on_error: [{when: error.code == "x", to: one}, {to: end, label: leave}]}
""",
        """\
a: one
  one agent: work
  two agent: work
  end end
  fail fail
  one -> two below
  one -> fail on_error <fail>
  two -> end below
  two -> one on_error when error.code == "x" <{when: error.code == "x", to: one}>
  two -> end on_error "leave" <{to: end, label: leave}>
""",
    ),
    "a stage that may be skipped takes no route then": (
        """\
  one: {when: input.x, agent: work, routes: [{to: end}]}
  two: {agent: work, when: input.y, routes: [{to: one}], next: end}
""",
        """\
a: one
  one agent: work
  two agent: work
  end end
  one -> end route <{to: end}>
  one -> two below "skipped"
  two -> one route <{to: one}>
  two -> end next <end>
""",
    ),
    "a fork: a branch of one stage, one of several, one in another": (
        """\
  checks:
    fork:
      lint: {when: input.x, agent: work, on_error: fail}
      risk:
        stages:
          look: {agent: work, routes: [{when: result.bad, to: end, label: enough}, {to: deep}]}
          deep:
            fork:
              deep: {agent: work}
              risk: {stages: {risk: {agent: work}}}
            next: score
          aside: {agent: work}
          score: {agent: work, on_error: aside}
    routes: [{to: end, label: done}]
""",
        """\
a: checks
  checks fork: lint, risk
  checks.lint in checks/lint agent: work
  checks.risk.look in checks/risk agent: work
  checks.risk.deep in checks/risk fork: deep, risk
  checks.risk.deep.deep in checks.risk.deep/deep agent: work
  checks.risk.deep.risk.risk in checks.risk.deep/risk agent: work
  checks.risk.aside in checks/risk agent: work
  checks.risk.score in checks/risk agent: work
  end end
  checks -> end route "done" <{to: end, label: done}>
  checks -> checks.lint branch "lint"
  checks.lint -> checks join
  checks.lint -> checks join "fail" <fail>
  checks -> checks.risk.look branch "risk"
  checks.risk.look -> checks join "enough" when result.bad <{when: result.bad, to: end, label: enough}>
  checks.risk.look -> checks.risk.deep route <{to: deep}>
  checks.risk.deep -> checks.risk.score next <score>
  checks.risk.deep -> checks.risk.deep.deep branch "deep"
  checks.risk.deep.deep -> checks.risk.deep join
  checks.risk.deep -> checks.risk.deep.risk.risk branch "risk"
  checks.risk.deep.risk.risk -> checks.risk.deep join
  checks.risk.aside -> checks.risk.score below
  checks.risk.score -> checks join
  checks.risk.score -> checks.risk.aside on_error <aside>
""",
    ),
    "ways that lead nowhere have a node that says so": (
        "  one: {agent: nobody, next: nowhere}\n  two: {agent: work, routes: [{to: three}, {to: }, {when: tru}]}\n",
        """\
a: one
  one agent: nobody
  nowhere missing
  two agent: work
  three missing
  one -> nowhere next <nowhere>
  two -> three route <{to: three}>
""",
    ),
    "a name that is given twice is the first": (
        "  one: {agent: work}\n  two: {agent: work}\n  one: {set: {x: 1}}\n",
        """\
a: one
  one agent: work
  two agent: work
  end end
  one -> two below
  two -> end below
""",
    ),
    "stages that are being typed": (
        """\
  one: {agent: work, routes: [{when: result.
  two:
    agent: work
    routes:
      - to: on
  thr
""",
        """\
a: one
  one agent: work
  two agent: work
  on missing
  two -> on route <to: on>
""",
    ),
    "a fork that is being typed": (
        "  one:\n    fork:\n      a:\n      b: {agent: wo\n      c: {stages: {x: {agent: work}, y:\n",
        """\
a: one
  one fork: a, b, c
  one.a in one/a gate
  one.b in one/b agent: wo
  one.c.x in one/c agent: work
  one.c.y in one/c gate
  end end
  one -> end below
  one -> one.a branch "a"
  one.a -> one join
  one -> one.b branch "b"
  one.b -> one join
  one -> one.c.x branch "c"
  one.c.x -> one.c.y below
  one.c.y -> one join
""",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_pipeline_is_drawn(case: str) -> None:
    text, expected = CASES[case]
    assert drawn(HEAD + text) == expected


def test_the_examples() -> None:
    text = "".join(drawn(path.read_text("utf-8")) for path in EXAMPLES)
    assert text == (REPOSITORY / "tests" / "data" / "graphs" / "examples.txt").read_text("utf-8")


def test_files_without_a_pipeline_have_no_graph() -> None:
    assert drawn("", "a.pipeline.yaml") == ""
    assert drawn("policy: p\nlanguage: 1\nversion: 1\n", "a.policy.yaml") == ""
    assert drawn("python = 'python3'\n", "pointsman.toml") == ""
    assert drawn("pipeline: a\n") == "a: empty\n"
    assert drawn("stages:\n") == "(no name): empty\n"


def test_several_pipelines_in_a_file() -> None:
    text = "pipeline: a\nstages: {one: {agent: x}}\n---\npipeline: b\nstages: {one: {agent: x}}\n"
    assert drawn(text).count("one -> end below") == 2
    first, second = graphs(document(text))
    assert (first.name, second.name) == ("a", "b")
    assert first.nodes[0].span != second.nodes[0].span


def test_a_node_stands_where_it_is_written() -> None:
    of = document(HEAD + "  one: {agent: work}\n  two:\n    fork: {x: {agent: work}}\n    next: end\n")
    (graph,) = graphs(of)
    shown = {node.id: (of.source.text(node.name_span), of.source.text(node.span)) for node in graph.nodes}
    assert shown == {
        "one": ("one", "one: {agent: work}"),
        "two": ("two", "two:\n    fork: {x: {agent: work}}\n    next: end"),
        "two.x": ("x", "x: {agent: work}"),
        "end": ("end", "end"),
    }


def programs(of: Document) -> Iterator[tuple[Graph, Program]]:
    assert not of.analysis.errors
    yield from (
        (graph, compile_program(of.source, one)) for graph, one in zip(graphs(of), of.analysis.pipelines, strict=True)
    )


def agrees(graph: Graph, program: Program) -> None:
    """The graph has the program's stages by their ids, and every way that the kernel may take."""
    codes = [code for block in program.blocks.values() for code in block.stages.values()]
    assert {node.id for node in graph.nodes if node.kind not in ENDS} == {code.id for code in codes}
    assert graph.entry == program.blocks[""].entry
    taken = {(edge.start, edge.end) for edge in graph.edges}
    for code in codes:
        block = program.blocks[code.block]
        fork = code.block.rpartition(".")[0]
        edges = [edge for edges in (code.routes, code.on_error) for edge in edges or ()]
        ways = {edge.to for edge in edges} | {edge.on_max for edge in edges if edge.max is not None and edge.on_max}
        if code.routes is None or code.when or code.next:
            ways.add(code.next or code.below)
        for way in ways:
            end = block.stages[way].id if way in block.stages else fork or way
            assert (code.id, end) in taken
        for branch in code.stage.fork.branches if code.stage.fork else ():
            inner = program.blocks[f"{code.id}.{branch.name}"]
            assert (code.id, inner.stages[inner.entry].id) in taken


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_graph_is_that_of_the_compiled_program(path: Path) -> None:
    files = {one.relative_to(path.parent).as_posix(): one for one in path.parent.rglob("*") if one.is_file()}
    texts = {
        name: one.read_text("utf-8") for name, one in files.items() if one.suffix in (".py", ".md", ".yaml", ".toml")
    }
    for graph, program in programs(document(path.read_text("utf-8"), texts, path.name)):
        agrees(graph, program)


NAMES = ["a", "b", "c", "d"]


@st.composite
def blocks(draw: st.DrawFn, deep: int = 2) -> dict[str, Json]:
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
    targets = st.sampled_from([*names, *ENDS])
    route = st.fixed_dictionaries(
        {"to": targets}, optional={"when": st.just("input.x"), "max": st.integers(1, 3), "on_max": targets}
    )
    modifiers = {
        "routes": st.lists(route, min_size=1, max_size=3),
        "next": targets,
        "on_error": targets | st.lists(route, min_size=1, max_size=2),
        "when": st.just("input.x"),
    }
    stages: dict[str, Json] = {}
    for name in names:
        stage: Json = draw(st.fixed_dictionaries({}, optional=modifiers))
        if deep and draw(st.booleans()):
            # A modifier on a branch of several stages is refused, so a branch is either one stage or bare.
            branch: st.SearchStrategy[Json] = st.just({"agent": "work"}) | blocks(deep - 1).map(_block)
            stage["fork"] = draw(st.dictionaries(st.sampled_from(NAMES), branch, min_size=1, max_size=3))
        else:
            stage["agent"] = "work"
        stages[name] = stage
    return stages


def _block(stages: Json) -> Json:
    return {"stages": stages}


@settings(max_examples=60, deadline=None)
@given(blocks())
def test_any_graph_is_that_of_its_program(stages: Json) -> None:
    text = f"language: 1\npipeline: p\nagents: {{work: {{scripted: [1]}}}}\nstages: {json.dumps(stages)}\n"
    of = document(text)
    if not of.analysis.errors:
        for graph, program in programs(of):
            agrees(graph, program)
    sound(of)


def sound(of: Document) -> None:
    """Ids come once, ways lead from node to node, and everything stands inside of the text."""
    for graph in graphs(of):
        ids = [node.id for node in graph.nodes]
        assert len(ids) == len(set(ids))
        assert all(edge.start in ids and edge.end in ids for edge in graph.edges)
        assert all(node.parent in ids for node in graph.nodes if node.parent)
        assert graph.entry in [*ids, ""]
        for span in [*(node.span for node in graph.nodes), *(node.name_span for node in graph.nodes)]:
            assert 0 <= span.start <= span.end <= len(of.source.data)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_half_typed_text_has_a_graph(path: Path) -> None:
    text = path.read_text("utf-8")
    for end in range(0, len(text), 31):
        sound(document(text[:end]))
        sound(document(text[:end] + text[end + 5 :]))
