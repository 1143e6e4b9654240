"""Completion inside of expressions: what is offered where, in every style of scalar, and what accepting it writes."""

import pytest

from lsp.documents import at_cursor
from pointsman_lsp.features.expressions import complete_expression
from pointsman_lsp.features.items import Item

AGENTS = '''
from typing import Literal, NotRequired, TypedDict


class Line(TypedDict):
    text: str
    score: float
    note: NotRequired[str]


class Report(TypedDict):
    kind: Literal["bug", "feature"]
    lines: list[Line]


def classify(text: str) -> Report:
    """Say what a ticket is about."""


def measure(text: str) -> dict[str, int]: ...
'''

HEAD = """\
pipeline: triage
language: 1
input:
  type: object
  required: [ticket]
  properties:
    ticket: {type: string, description: What the customer wrote.}
    odd-name: {type: string}
state:
  notes: {type: array, items: {type: string}, default: [], merge: append}
agents:
  classify: {python: "agents:classify"}
  measure: {python: "agents:measure"}
  lint: {command: [ruff, "${{ args.path }}"], parse: lines}
stages:
  read:
    agent: classify
    with: {text: "${{ input.ticket }}", again: 3}
  score:
    agent: measure
    result: {type: object, properties: {level: {type: integer}, why: {enum: [size, age]}}}
  ask_lead:
    ask: {kind: confirmation, question: "Fine?"}
  checks:
    fork:
      lint: {agent: lint, with: {path: a}}
      risk: {stages: {weigh: {agent: measure}}, output: "${{ outputs.score }}"}
    join: {optional: [lint]}
  last:
    agent: measure
    with: {path: "a", deep: {inner: "${{ outputs.score }}"}}
"""
FILES = {"agents.py": AGENTS}


def offered(lines: str, head: str = HEAD) -> tuple[list[Item], str, int]:
    document, offset = at_cursor(head + lines, FILES)
    return complete_expression(document, offset), document.source.data.decode(), offset


def labels(lines: str) -> list[str]:
    return [one.label for one in offered(lines)[0]]


STAGES = ["checks", "ask_lead", "score", "read", "last"]


@pytest.mark.parametrize(
    "lines",
    [
        "    when: outputs.$0\n",
        "    when: 'outputs.$0'\n",
        '    when: "outputs.$0"\n',
        "    when: outputs.re$0\n",
        "    when: outputs.re$0ad.kind\n",
        "    when: outputs.$0 == 1\n",
        "    when: outputs.$0 in [1]\n",
        "    when: has(outputs.$0)\n",
        "    when: has(outputs.$0\n",
        "    when: size(outputs.$0\n",
        "    when: outputs.?$0\n",
        "    when: outputs.?re$0\n",
        '    when: outputs["$0\n',
        '    when: outputs["re$0"]\n',
        "    when: 'outputs[\"$0'\n",
        '    when: "outputs[\'$0"\n',
        '    when: "outputs[\\"$0\\"]"\n',
        "    when: input.ticket == 'é𝄞' && outputs.$0\n",
        "    when: >-\n      input.ticket == 'x' &&\n      outputs.$0\n",
        "    when: >-\n      outputs.$0\n      == 1\n",
        "    when: |\n      outputs.$0\n",
        "    when: input.ticket == 'x' &&\n      outputs.$0\n",
        "    when: 'input.ticket == ''x'' && outputs.$0'\n",
        '    when: "input.ticket == \\"\\u0041\\" &&\n      outputs.$0"\n',
        "    routes: [{when: outputs.$0, to: end}]\n",
        "    routes:\n      - {when: outputs.$0\n",
        "    routes:\n      - when: outputs.$0\n        to: end\n",
        '    idempotency_key: "${{ outputs.$0 }}"\n',
        "    idempotency_key: ${{ outputs.$0\n",
        "    idempotency_key: ${{ outputs.$0 }} and ${{ input.x }}\n",
        "    idempotency_key: |\n      a\n      ${{ input.ticket }} ${{ outputs.$0 }}\n",
        "    idempotency_key: |\n      a ${{\n      input.ticket ==\n      outputs.$0 }}\n",
        '    idempotency_key: "\\t${{ input.ticket }} \\u00e9 ${{ outputs.$0',
        "    idempotency_key: '''${{ outputs.$0 }}'''\n",
        "    idempotency_key: >\n      ${{ input.ticket }}\n\n      ${{ outputs.$0 }}\n",
    ],
)
def test_stages_are_offered_behind_outputs_in_every_style(lines: str) -> None:
    found = [one for one in labels(lines) if not one.endswith(")")]
    assert found == STAGES


def names_of(lines: str, kinds: tuple[str, ...] = ("field", "stage", "value", "variable")) -> list[str]:
    return [one.label for one in offered(lines)[0] if one.kind in kinds]


def methods_of(lines: str) -> list[str]:
    return [one.label for one in offered(lines)[0] if one.kind == "method"]


ROUTE = "    routes:\n      - {to: end, when: "


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("    when: input.$0\n", ["ticket", "odd-name"]),
        ("    when: state.$0\n", ["notes"]),
        ("    when: outputs.read.$0\n", ["kind", "lines"]),
        ("    when: outputs.read.lines[0].$0\n", ["text", "score", "note"]),
        ("    when: outputs.?read.lines[0].$0\n", ["text", "score", "note"]),
        ("    when: outputs.ask_lead.$0\n", ["approved", "by", "at"]),
        ("    when: outputs.checks.$0\n", ["lint", "risk"]),
        ("    when: outputs.checks.risk.$0\n", ["level", "why"]),
        ("    when: outputs['checks'][\"$0\n", ["lint", "risk"]),
        ("    when: run.$0\n", ["id", "pipeline", "started_at"]),
        ("    when: budget.$0\n", ["tokens", "cost", "iterations", "llm_calls", "tool_calls", "hops"]),
        ("    when: budget.tokens.$0\n", ["used", "allowed", "left"]),
        ("    when: branch.$0\n", ["id", "name"]),
        ("    when: visits.$0\n", ["read", "score", "ask_lead", "checks", "last"]),
        ("    when: envelope.position.$0\n", ["branch", "stage", "part"]),
        ("    when: outputs.read.lines.filter(l, l.$0)\n", ["text", "score", "note"]),
        ("    when: outputs.read.lines.exists(l, l.score > 1 && l.$0\n", ["text", "score", "note"]),
        ("    when: outputs.read.lines.map(l, {'a': l.text})[0].$0\n", ["a"]),
        ("    when: 'true ? outputs.read : outputs.score.$0'\n", ["level", "why"]),
        ("    idempotency_key: ${{ args.$0 }}\n", ["path", "deep"]),
        ("    idempotency_key: ${{ args.deep.inner.$0 }}\n", ["level", "why"]),
        ("    set: {notes: '${{ args.$0 }}'}\n", ["path", "deep"]),
        (ROUTE + "args.$0}\n", ["path", "deep"]),
        ("    on_error:\n      - {to: end, when: error.$0\n", ["class", "code", "message", "stage", "attempt"]),
        ('    when: outputs.score.why == "$0\n', ["size", "age"]),
        ('    when: outputs.score.why == "$0"\n', ["size", "age"]),
        ('    when: outputs.score.why in ["$0"]\n', ["size", "age"]),
        ("    when: 'outputs.read.kind != \"b$0ug\"'\n", ["bug", "feature"]),
        ("    when: has(outputs.read.$0)\n", ["kind", "lines"]),
        ("    when: state.notes.$0\n", []),
        ("    when: nothing.$0\n", []),
        ("    when: '\"$0\"'\n", []),
        ("    when: outputs.score.level > 1$0\n", []),
        ("    when: true // $0\n", []),
        ("    description: outputs.$0\n", []),
        ("    idempotency_key: outputs.$0 ${{ 1 }}\n", []),
        ("    idempotency_key: ${{ 1 }} outputs.$0\n", []),
        ("    next: end  # outputs.$0\n", []),
        ("    when: 'a' == 'b' &&\n      out$0\n", []),
    ],
)
def test_members_by_what_is_before_the_dot(lines: str, expected: list[str]) -> None:
    assert names_of(lines) == expected


@pytest.mark.parametrize(
    ("lines", "more"),
    [
        ("    when: $0\n", set()),
        ("    when: !$0\n", set()),
        ("    when: size($0)\n", set()),
        ("    when: input.ticket == $0\n", set()),
        ("    with: {a: '${{ $0 }}'}\n", set()),
        ("    idempotency_key: ${{ $0\n", {"args"}),
        ("    set: {notes: '${{ $0'}\n", {"args"}),
        (ROUTE + "$0}\n", {"args", "result"}),
        ("    on_error:\n      - when: $0\n", {"args", "error"}),
        ("    when: outputs.read.lines.all(l, $0)\n", {"l"}),
        ("    when: outputs.read.transformMap(k, v, $0)\n", {"k", "v"}),
    ],
)
def test_names_by_place(lines: str, more: set[str]) -> None:
    everywhere = {"outputs", "input", "state", "run", "budget", "visits", "branch", "envelope"}
    assert set(names_of(lines, ("variable",))) == everywhere | more
    assert {"has(...)", "size(...)", "true"} <= set(labels(lines))


@pytest.mark.parametrize(
    ("written", "typed", "expected"),
    [
        ("merge: append", "merge: old + $0", ["old", "new"]),
        ("${{ args.path }}", "${{ args.$0 }}", ["path"]),
        ("${{ args.path }}", "${{ outputs.$0 }}", ["read", "score", "ask_lead", "checks", "last", "weigh", "lint"]),
        (
            "stages:\n  read",
            "output: ${{ outputs.$0 }}\nstages:\n  read",
            ["last", "checks", "ask_lead", "score", "read"],
        ),
        ('${{ outputs.score }}"}\n    join', '${{ outputs.$0 }}"}\n    join', ["weigh", "ask_lead", "score", "read"]),
        ("{weigh: {agent: measure}}", "{weigh: {agent: measure, when: outputs.$0}}", ["ask_lead", "score", "read"]),
    ],
)
def test_names_in_other_places_of_a_pipeline(written: str, typed: str, expected: list[str]) -> None:
    assert HEAD.count(written) == 1
    items, _, _ = offered("", HEAD.replace(written, typed))
    found = [one.label for one in items if one.kind in ("stage", "field", "variable")]
    assert [one for one in found if one in expected] == expected


def test_the_nearest_stages_come_first_and_say_what_they_are() -> None:
    found = [one for one in offered("  more:\n    agent: measure\n    when: outputs.$0\n")[0] if one.kind == "stage"]
    assert [(one.label, one.detail) for one in found] == [
        ("last", "map(int)"),
        ("checks", "{lint, risk}"),
        ("ask_lead", "{approved, by, at}"),
        ("score", "{level, why}"),
        ("read", "{kind, lines}"),
        ("more", "map(int)"),
    ]
    assert [one.doc for one in found][2:] == [
        "result of stage ask_lead (ask confirmation)",
        "result of stage score (agent measure)",
        "result of stage read (agent classify)",
        "result of stage more (itself)",
    ]
    assert [one.sort for one in found] == sorted(one.sort for one in found)


@pytest.mark.parametrize(
    ("lines", "some", "none"),
    [
        ("    when: input.ticket.$0\n", {"startsWith(...)", "size()", "trim()"}, {"join(...)", "all(...)"}),
        ("    when: state.notes.$0\n", {"join(...)", "all(...)", "size()"}, {"trim()", "transformMap(...)"}),
        ("    when: outputs.last.$0\n", {"all(...)", "transformMap(...)", "size()"}, {"trim()", "join(...)"}),
        ("    when: outputs.?last.$0\n", {"orValue(...)", "hasValue()", "optMap(...)"}, {"trim()", "all(...)"}),
        ("    when: timestamp('x').$0\n", {"getHours(...)"}, {"trim()", "orValue(...)"}),
        ("    when: nothing.$0\n", {"trim()", "all(...)", "orValue(...)"}, set()),
        ("    when: has(input.$0)\n", set(), {"size()"}),
        ("    when: input.?$0\n", set(), {"size()"}),
        ("    when: optional.$0\n", set(), {"size()"}),
    ],
)
def test_methods_by_the_type_of_the_receiver(lines: str, some: set[str], none: set[str]) -> None:
    found = set(methods_of(lines))
    assert some <= found
    assert not none & found


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("    when: input.ticket $0\n", ["in"]),
        ("    when: input.ticket i$0\n", ["in"]),
        ("    when: size(input) $0\n", ["in"]),
        ("    when: '\"a\" $0'\n", ["in"]),
        ("    when: '\"a\"$0'\n", []),
        ("    when: state.notes[0]$0\n", []),
        ("    routes: [{when: result.x $0, to: end}]\n", ["in"]),
    ],
)
def test_behind_an_operand_an_operator_is_due(lines: str, expected: list[str]) -> None:
    assert labels(lines) == expected


def test_what_a_file_says_of_a_member_is_no_markdown() -> None:
    head = HEAD.replace("What the customer wrote.", "'*All* `of` it.'")
    found = next(one for one in offered("    when: input.$0\n", head)[0] if one.label == "ticket")
    assert (found.detail, found.doc) == ("string", "\\*All\\* \\`of\\` it.\n\nthe input")


def test_functions_in_a_room_of_their_own() -> None:
    assert labels("    when: optional.$0\n") == ["of(...)", "ofNonZeroValue(...)", "none()"]
    assert labels("    when: strings.qu$0\n") == ["quote(...)"]


@pytest.mark.parametrize(
    ("lines", "label", "expected"),
    [
        ("    when: outputs.$0\n", "read", "    when: outputs.read\n"),
        ("    when: outputs.sc$0\n", "read", "    when: outputs.read\n"),
        ("    when: outputs.sc$0ore.level\n", "read", "    when: outputs.read.level\n"),
        ("    when: outputs.$0score.level\n", "read", "    when: outputs.read.level\n"),
        ("    when: inp$0ut.ticket\n", "outputs", "    when: outputs.ticket\n"),
        ("    when: true ? $0input.ticket : 1\n", "run", "    when: true ? runinput.ticket : 1\n"),
        ("    when: $0input.ticket\n", "has(...)", "    when: has(input.ticket\n"),
        ("    when: input.ticket.$0\n", "trim()", "    when: input.ticket.trim()\n"),
        ("    when: input.ticket.st$0\n", "startsWith(...)", "    when: input.ticket.startsWith(\n"),
        ("    when: input.ticket.st$0('a')\n", "startsWith(...)", "    when: input.ticket.startsWith('a')\n"),
        ("    when: siz$0(input.ticket) > 1\n", "size(...)", "    when: size(input.ticket) > 1\n"),
        ("    when: input.$0\n", "odd-name", '    when: input["odd-name"]\n'),
        ("    when: input.?o$0\n", "odd-name", '    when: input[?"odd-name"]\n'),
        ("    when: 'input.$0'\n", "odd-name", "    when: 'input[\"odd-name\"]'\n"),
        ('    when: "input.$0"\n', "odd-name", "    when: \"input['odd-name']\"\n"),
        ("    routes: [{when: input.$0, to: end}]\n", "odd-name", "    routes: [{when: input.`odd-name`, to: end}]\n"),
        ('    when: input["$0\n', "odd-name", '    when: input["odd-name"]\n'),
        ('    when: input["$0"]\n', "odd-name", '    when: input["odd-name"]\n'),
        ('    when: input["ti$0cket"]\n', "odd-name", '    when: input["odd-name"]\n'),
        ('    when: "input[\\"$0"\n', "odd-name", '    when: "input[\\"odd-name\\"]"\n'),
        ("    when: 'input[''$0'\n", "odd-name", "    when: 'input[''odd-name'']'\n"),
        ("    when: 'outputs.score.why == $0'\n", '"age"', "    when: 'outputs.score.why == \"age\"'\n"),
        ('    when: "outputs.score.why == $0"\n', '"age"', '    when: "outputs.score.why == \\"age\\""\n'),
        ("    when: outputs.score.why == 's$0'\n", "age", "    when: outputs.score.why == 'age'\n"),
        ("    when: outputs.score.why == 's$0\n", "age", "    when: outputs.score.why == 'age'\n"),
        ("    when: >-\n      1 ==\n      outputs.sc$0\n", "read", "    when: >-\n      1 ==\n      outputs.read\n"),
        ("    when: 1 == 2 &&\n      out$0\n", "outputs", "    when: 1 == 2 &&\n      outputs\n"),
        ("    idempotency_key: 'é ${{ outputs.sc$0 }}'\n", "read", "    idempotency_key: 'é ${{ outputs.read }}'\n"),
        ("    idempotency_key: é ${{ outputs.$0\n", "read", "    idempotency_key: é ${{ outputs.read\n"),
        ("    when: outputs\n      .$0\n", "read", "    when: outputs\n      .read\n"),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_accepting_changes_just_the_word(lines: str, label: str, expected: str, newline: str) -> None:
    items, text, _ = offered(lines.replace("\n", newline), HEAD.replace("\n", newline))
    edit = next(one for one in items if one.label == label).edit
    data = text.encode()
    after = data[: edit.span.start] + edit.text.encode() + data[edit.span.end :]
    assert after.decode().replace(newline, "\n").removeprefix(HEAD) == expected


def test_with_snippets_arguments_are_tab_stops() -> None:
    document, offset = at_cursor(HEAD + "    when: state.notes.$0\n", FILES)
    found = {one.label: one for one in complete_expression(document, offset, snippets=True)}
    assert (found["join(...)"].edit.text, found["join(...)"].snippet) == ("join($1)", True)
    assert (found["size()"].edit.text, found["size()"].snippet) == ("size()", False)


def test_names_of_the_environment() -> None:
    files = {**FILES, "pointsman.toml": 'env = ["TOKEN", "HOME"]\n'}
    document, offset = at_cursor(HEAD + "    idempotency_key: ${{ env('$0\n", files)
    assert [one.label for one in complete_expression(document, offset)] == ["TOKEN", "HOME"]


POLICY = """\
policy: guard
language: 1
version: 1
rules:
  - {id: a, at: [agent.invoke], effect: deny, when: AA}
  - id: b
    at: [output.accept]
    effect: deny
    unless: BB
"""


@pytest.mark.parametrize(
    ("hole", "typed", "expected"),
    [
        ("AA", "model.$0", ["name"]),
        ("AA", "workspace.$0", ["hosts"]),
        ("BB", "res$0", ["result", "args"]),
        ("AA", "res$0", ["args"]),
        ("AA", "ten$0", ["tenant", "tool", "principal", "stage", "agent"]),
    ],
)
def test_in_a_policy(hole: str, typed: str, expected: list[str]) -> None:
    files = {"pointsman.toml": '[lists]\nhosts = ["a"]\n'}
    document, offset = at_cursor(POLICY.replace(hole, typed), files, "a.policy.yaml")
    found = {one.label for one in complete_expression(document, offset)}
    assert set(expected) <= found
    assert ("result" in found) is ("result" in expected)


def test_half_typed_text_never_makes_it_fail() -> None:
    text = (
        HEAD + "    when: 'outputs.checks.risk.level > 1 && has(input.ticket) && state.notes.exists(n, n == \"x\")'\n"
    )
    for end in range(len(text) - 300, len(text) + 1):
        document, offset = at_cursor(text[:end] + "$0", FILES)
        for one in complete_expression(document, offset):
            assert one.edit.span.start <= offset <= one.edit.span.end
