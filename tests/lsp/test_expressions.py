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
      lint: {agent: lint}
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


def accepted(lines: str, label: str) -> str:
    """The lines after accepting an offer."""
    items, text, _ = offered(lines)
    edit = next(one for one in items if one.label == label).edit
    data = text.encode()
    return (data[: edit.span.start] + edit.text.encode() + data[edit.span.end :]).decode().removeprefix(HEAD)


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
