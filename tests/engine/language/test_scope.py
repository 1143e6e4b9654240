"""What is in scope where, held against the checks and against the scopes of runs; types of schemas, Python and CEL."""

from pathlib import Path
from typing import Any

import pytest

import pointsman
from pointsman.kernel.envelope import RARE
from pointsman.kernel.events import ErrorInfo
from pointsman.kernel.routing import error_record
from pointsman.language import model, records, scope
from pointsman.language.analysis import Files, analyse
from pointsman.language.annotations import annotated, read_classes
from pointsman.language.checks.context import Context
from pointsman.language.datatypes import ANY, Basic, ListOf, MapOf, Maybe, OneOf, Record, Type, from_schema, words
from pointsman.language.datatypes import members as members_of
from pointsman.language.expressions import FUNCTIONS, MACROS, parse
from pointsman.language.inference import gives, methods, type_of
from pointsman.language.source import Source
from pointsman.language.spots import spot_at, visible

PIPELINE = """\
pipeline: everything
language: 1
input: {type: object, required: [n], properties: {n: {type: integer}, name: {type: string}}}
state:
  notes: {type: array, default: []}
  total: {type: number, default: 0, merge: old + new}
agents:
  first: {python: "agents:first"}
  second: {python: "agents:second"}
  lint: {command: [echo, "${{ args.path }}"]}
budget: {tokens: 100}
stages:
  one: {agent: first, with: {text: "${{ input.n }}", more: {a: [1]}}}
  split:
    fork:
      left: {agent: second, when: input.n > 0}
      right:
        stages:
          deep: {agent: first}
          deeper: {agent: second}
        output: {what: "${{ outputs.deeper }}", how: "${{ outputs.deep.kind }}"}
      loop:
        stages: {inner: {agent: first}}
        output: "${{ outputs.split.loop }}"
  ask: {ask: {kind: review, question: "Well?", answer: {type: object, properties: {stars: {type: integer}}}}}
  noted: {set: {notes: ["x"]}}
  held: {agent: first, result: {type: object, properties: {kind: {enum: [a]}, more: {}}}}
  last:
    agent: second
    routes: [{when: result != "", to: end}]
    on_error: [{when: error.code == "x", to: end}]
output: {}
"""
AGENTS = b"""
from typing import TypedDict

class Found(TypedDict):
    kind: str
    items: "list[Found]"

def first(text: str = "") -> Found: ...
async def second() -> str: ...
"""


def around(text: str = PIPELINE) -> scope.Around:
    source = Source("a.pipeline.yaml", text.encode())
    files = Files({"agents.py": AGENTS, "agents/__init__.py": None})
    analysis = analyse(source, files)
    return scope.Around(Context(source, files, model.Workspace()), analysis.pipelines[0])


def names(*path: str | int, text: str = PIPELINE) -> dict[str, Any]:
    return scope.names(around(text), path)


def typed(code: str, *path: str | int) -> str:
    return words(type_of(parse(code).tree, names(*(path or ("stages", "last", "routes", 0, "when")))))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("input.n", "int"),
        ("input.name", "string"),
        ("outputs.one", "{kind, items}"),
        ("outputs.one.items[0].items", "list({kind, items})"),
        ("outputs.held", "{kind, items, more}"),
        ("outputs.held.kind", '"a"'),
        ("outputs.split.left", "string"),
        ("outputs.split.right", "{what, how}"),
        ("outputs.split.right.how", "string"),
        ("outputs.split.loop", "any"),
        ("outputs.ask", "{answer, by, at}"),
        ("outputs.ask.answer.stars", "int"),
        ("outputs.noted", "null"),
        ("state.notes", "list"),
        ("state.total + 1", "double"),
        ("result", "string"),
        ("budget.tokens.left", "int | null"),
        ("budget.hops.left", "int"),
        ("budget.cost.used", "double"),
        ("run.started_at", "double"),
        ("visits.one", "int"),
        ("envelope.input.n", "int"),
        ("envelope.position", "{branch, stage, part}"),
        ("1 + 2", "int"),
        ("1 + 2.0", "double"),
        ("'a' + 'b'", "string"),
        ("[1, 2] + [3]", "list(int)"),
        ("true ? 1 : 'a'", "int | string"),
        ("{'a': 1}.a", "int"),
        ("-input.n", "int"),
        ("!true", "bool"),
        ("has(input.n)", "bool"),
        ("input.n in [1]", "bool"),
        ("size(input.name)", "int"),
        ("input.name.split(',')", "list(string)"),
        ("input.name.split(',')[0]", "string"),
        ("outputs.one.items.map(x, x.kind)", "list(string)"),
        ("outputs.one.items.filter(x, true)[0].kind", "string"),
        ("outputs.one.items.exists(x, true)", "bool"),
        ("outputs.one.items.transformList(i, x, i)", "list(int)"),
        ("outputs.one.transformMap(k, v, k)", "map(string)"),
        ("outputs.one.filter(k, true)", "list(string)"),
        ("outputs.?one", "optional({kind, items})"),
        ("outputs.?one.kind", "optional(string)"),
        ("outputs.?one.kind.orValue(1)", "string | int"),
        ("outputs[?'one'].kind.value()", "string"),
        ("outputs.?one.optMap(x, x.kind)", "optional(string)"),
        ("optional.of(1)", "optional(int)"),
        ("optional.none()", "optional(null)"),
        ("duration('1s')", "duration"),
        ("timestamp('x').getHours()", "int"),
        ("b'a'", "bytes"),
        ("dyn(1)", "int"),
        ("string(1)", "string"),
        ("nothing.at.all", "any"),
        ("outputs.one.nothing", "any"),
        ("outputs.one[", "any"),
        ("", "any"),
    ],
)
def test_types_of_expressions(code: str, expected: str) -> None:
    assert typed(code) == expected


PLACES: list[tuple[tuple[str | int, ...], set[str]]] = [
    (("output",), set()),
    (("state", "total", "merge"), {"old", "new"}),
    (("agents", "lint", "command", 1), {"args"}),
    (("stages", "one", "when"), set()),
    (("stages", "one", "with", "text"), set()),
    (("stages", "one", "idempotency_key"), {"args"}),
    (("stages", "one", "set", "notes"), {"args"}),
    (("stages", "ask", "ask", "question"), {"args"}),
    (("stages", "last", "routes", 0, "when"), {"args", "result"}),
    (("stages", "last", "on_error", 0, "when"), {"args", "error"}),
    (("stages", "split", "fork", "left", "when"), set()),
    (("stages", "split", "fork", "left", "routes", 0, "when"), {"args", "result"}),
    (("stages", "split", "fork", "right", "output"), set()),
    (("stages", "split", "fork", "right", "stages", "deep", "on_error", 0, "when"), {"args", "error"}),
]


@pytest.mark.parametrize(("path", "more"), PLACES)
def test_names_by_place(path: tuple[str | int, ...], more: set[str]) -> None:
    everywhere = {"input", "outputs", "state", "envelope", "run", "budget", "visits", "branch"}
    assert set(names(*path)) == everywhere | more


SITES = {
    ("output",): "output: {}|output: {x: '${{ HERE }}'}",
    ("state", "total", "merge"): "merge: old + new|merge: HERE",
    ("agents", "lint", "command", 1): "args.path|HERE",
    ("stages", "one", "when"): "one: {agent: first|one: {when: HERE, agent: first",
    ("stages", "one", "with", "text"): "input.n }}|HERE }}",
    ("stages", "one", "idempotency_key"): "one: {agent: first|one: {idempotency_key: '${{ HERE }}', agent: first",
    ("stages", "noted", "set", "notes"): '["x"]|["${{ HERE }}"]',
    ("stages", "ask", "ask", "question"): "Well?|${{ HERE }}",
    ("stages", "last", "routes", 0, "when"): 'result != ""|HERE',
    ("stages", "last", "on_error", 0, "when"): 'error.code == "x"|HERE',
    ("stages", "split", "fork", "left", "when"): "input.n > 0|HERE",
    ("stages", "split", "fork", "right", "output"): "outputs.deep.kind|HERE",
}


@pytest.mark.parametrize("path", SITES)
@pytest.mark.parametrize("name", ["args", "result", "error", "old", "new", "input", "visits", "tool"])
def test_what_is_offered_is_what_the_checks_know(path: tuple[str | int, ...], name: str) -> None:
    written, _, instead = SITES[path].partition("|")
    assert PIPELINE.count(written) == 1
    text = PIPELINE.replace(written, instead.replace("HERE", name))
    found = analyse(Source("a.pipeline.yaml", text.encode()), Files({"agents.py": AGENTS})).diagnostics
    known = not any(one.code == "unknown_name" for one in found)
    assert (name in names(*path)) is known


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("stages", "last", "when"), ["held", "noted", "ask", "split", "one", "last"]),
        (("stages", "split", "fork", "left", "when"), ["one", "left", "split", "ask", "noted", "held", "last"]),
        (("stages", "split", "fork", "right", "stages", "deeper", "when"), ["deep", "one", "deeper", "split", "ask"]),
        (("output",), ["last", "held", "noted", "ask", "split", "one"]),
    ],
)
def test_stages_by_plausibility(path: tuple[str | int, ...], expected: list[str]) -> None:
    of = around().of
    assert isinstance(of, model.Pipeline)
    assert [one.name for one in visible(spot_at(of, path))][: len(expected)] == expected
    assert set(members_of(scope.names(around(), path)["outputs"].type)) >= set(expected)


def fits(of: Type, value: Any) -> bool:
    """Whether a value is of a type, member by member."""
    match of:
        case Record(members=members, open=more):
            known = isinstance(value, dict) and all(one.name in value or not one.sure for one in members.values())
            return (
                known
                and (more or set(value) <= set(members))
                and all(fits(one.type, value[one.name]) for one in members.values() if one.name in value)
            )
        case ListOf(item=item):
            return isinstance(value, list) and all(fits(item, one) for one in value)
        case MapOf(value=inner):
            return isinstance(value, dict) and all(fits(inner, one) for one in value.values())
        case OneOf(types=types):
            return any(fits(one, value) for one in types)
        case Maybe():
            return False
        case Basic(name=name, values=values):
            kinds: dict[str, type] = {
                "any": object,
                "null": type(None),
                "bool": bool,
                "int": int,
                "double": float,
                "string": str,
            }
            return isinstance(value, kinds[name]) and (not values or value in values)


SEEN = """\
pipeline: everything
language: 1
input: {type: object, required: [n], properties: {n: {type: integer}}}
state:
  seen: {default: null}
agents:
  first: {python: "agents:first"}
budget: {tokens: 100}
stages:
  one: {agent: first, with: {text: "${{ input.n }}"}}
  ask: {ask: {kind: KIND, question: "Well?"ANSWER}}
  two:
    fork:
      left:
        set:
          seen:
            run: ${{ run }}
            budget: ${{ budget }}
            visits: ${{ visits }}
            branch: ${{ branch }}
            envelope: ${{ envelope }}
            outputs: ${{ outputs }}
output: ${{ state.seen }}
"""


@pytest.mark.parametrize(
    ("kind", "schema", "answer"),
    [
        ("confirmation", "", {"approved": True}),
        ("clarification", "", {"text": "x"}),
        ("review", ", answer: {type: integer}", 3),
    ],
)
def test_the_records_are_those_of_a_run(kind: str, schema: str, answer: Any, tmp_path: Path) -> None:
    text = SEEN.replace("KIND", kind).replace("ANSWER", schema)
    (tmp_path / "pointsman.toml").write_text("")
    (tmp_path / "seen.pipeline.yaml").write_text(text)
    agents = {"first": lambda text: {"kind": "a", "items": []}}
    path = str(tmp_path / "seen.pipeline.yaml")
    result = pointsman.run(path, {"n": 1}, agents=agents, answers={"ask": answer}, durability="memory")
    assert result.outcome == "completed"
    known = names("stages", "two", "fork", "left", "set", "seen", text=text)
    assert set(result.output) == (RARE - {"env"}) | {"outputs"}
    for name, value in result.output.items():
        assert fits(known[name].type, value), name


def test_an_error_is_that_of_the_kernel() -> None:
    error = error_record(ErrorInfo("agent", "code", "message", "stage", 1))
    assert fits(records.error_record(), error)


def test_roots_are_those_of_the_kernels_scope() -> None:
    assert {"input", "outputs", "state"} | (RARE - {"env"}) == set(names("output"))


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (None, "any"),
        (True, "any"),
        ({}, "any"),
        ({"type": "string"}, "string"),
        ({"type": "number"}, "double"),
        ({"type": ["string", "null"]}, "string | null"),
        ({"type": "array"}, "list"),
        ({"items": {"type": "integer"}}, "list(int)"),
        ({"type": "object"}, "map"),
        ({"type": "object", "additionalProperties": {"type": "string"}}, "map(string)"),
        ({"properties": {"a": {}, "b": {}}}, "{a, b}"),
        ({"type": "object", "required": ["z"]}, "{z}"),
        ({"enum": ["a", "b"]}, '"a" | "b"'),
        ({"enum": ["a", 1, None]}, '"a" | 1 | null'),
        ({"const": 3}, "3"),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, "string | int"),
        ({"allOf": [{"properties": {"a": {}}}], "properties": {"b": {}}}, "{a, b}"),
        ({"$ref": "#/$defs/x", "$defs": {"x": {"type": "boolean"}}}, "bool"),
        ({"$ref": "#/$defs/x", "$defs": {"x": {"$ref": "#/$defs/x"}}}, "any"),
        ({"$ref": "https://example.com"}, "any"),
        ({"$ref": "#/nowhere"}, "any"),
        ({"properties": {"self": {"$ref": "#"}}}, "{self}"),
        ({"type": "array", "items": {"$ref": "#"}}, "list(list)"),
        ({"anyOf": [{"$ref": "#"}, {"type": "string"}]}, "any"),
        ({"allOf": [{"$ref": "#"}, {"required": ["a"]}]}, "{a}"),
        ({"type": "object", "additionalProperties": {"$ref": "#"}}, "map(map)"),
        ({"type": "oddity"}, "any"),
        ({"type": 3, "properties": [], "required": 3, "items": 3, "enum": 3}, "any"),
        ([], "any"),
    ],
)
def test_types_of_json_schemas(schema: Any, expected: str) -> None:
    assert words(from_schema(schema)) == expected


CLASSES = b"""
from dataclasses import dataclass
import typing as t

class Plain: x: int

class Base(t.TypedDict, total=False):
    a: int
    b: t.Required[str]

class More(Base):
    c: t.NotRequired["More"]

@dataclass(frozen=True)
class Data:
    x: int
    y: list[str] = None
    z: t.ClassVar[int] = 3
    _hidden: int = 0

class Twice(t.TypedDict): a: int
class Twice(t.TypedDict): b: int
"""


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        ("str", "string"),
        ("float", "double"),
        ("None", "null"),
        ("dict", "map"),
        ("dict[str, int]", "map(int)"),
        ("list[dict[str, str]]", "list(map(string))"),
        ("Sequence[int]", "list(int)"),
        ("tuple[int, ...]", "list(int)"),
        ("tuple[int, str]", "list(int | string)"),
        ("Optional[str]", "string | null"),
        ("t.Optional[str]", "string | null"),
        ("str | None", "string | null"),
        ("Union[int, str]", "int | string"),
        ('Literal["a", "b"]', '"a" | "b"'),
        ("Annotated[int, 3]", "int"),
        ("'str'", "string"),
        ("Any", "any"),
        ("Plain", "any"),
        ("Twice", "any"),
        ("Base", "{a, b}"),
        ("More", "{a, b, c}"),
        ("Data", "{x, y}"),
        ("list[Data]", "list({x, y})"),
        ("nonsense(", "any"),
        ("", "any"),
    ],
)
def test_types_of_annotations(annotation: str, expected: str) -> None:
    assert words(annotated(annotation, read_classes(CLASSES))) == expected


def test_which_fields_may_be_missing() -> None:
    found = annotated("More", read_classes(CLASSES))
    assert isinstance(found, Record)
    assert {one.name: one.sure for one in found.members.values()} == {"a": False, "b": True, "c": False}
    assert words(found.members["c"].type) == "{a, b, c}"
    assert read_classes(b"class (") == {}


def test_every_function_is_offered_somewhere_and_gives_something() -> None:
    receivers: list[Type] = [
        Basic("string"),
        ListOf(ANY),
        MapOf(ANY),
        Maybe(ANY),
        Basic("timestamp"),
        Basic("duration"),
    ]
    offered = {one.name for of in receivers for one in methods(of)}
    assert offered == {one.name for one in FUNCTIONS.values() if one.member_counts} | set(MACROS)
    assert offered == {one.name for one in methods(ANY)}
    certain = {one.name for one in FUNCTIONS.values() if gives(one, bool(one.member_counts)) != "any"}
    assert {one.name for one in FUNCTIONS.values()} - certain == {"dyn", "value", "orValue"}
