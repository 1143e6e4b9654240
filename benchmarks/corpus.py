"""Pipelines of any length, as people write them, for benchmarks and for tests of size: the same text each time.

About fourteen lines a stage: agents with arguments, contracts and conditions, routes back and on, forks with branches,
questions to people, state. Clean of diagnostics, alone and beside `FILES`.
"""

from __future__ import annotations

PATH = "corpus.pipeline.yaml"

FILES = {
    "steps.py": b'''"""The agents' code."""


def read(ticket: str, tone: str = "kind", notes: list | None = None) -> dict:
    return {"score": 7, "intent": "refund", "items": [ticket]}


def judge(text: str, limit: int = 3) -> dict:
    return {"ok": True, "score": limit}


async def publish(body: str, **more: object) -> str:
    return body
''',
    "prompts/draft.md": b"Write to ${{ args.to }} about ${{ input.ticket }}, in ${{ input.language }}.\n",
    "replies.yaml": b"- {text: Thank you.}\n",
}
"""The files a pipeline of this corpus wants and finds, by path as seen from its folder. All others are not there."""

_HEAD = """\
pipeline: corpus
language: 1
description: A pipeline as long as somebody wants it.

input:
  type: object
  required: [ticket]
  properties: {ticket: {type: string}, language: {type: string}, amount: {type: number}}
output: {answer: "${{ outputs.?stage_1.text.orValue('none') }}", notes: "${{ state.notes }}"}

state:
  notes: {type: array, default: [], merge: append}
  total: {type: number, default: 0}

agents:
  reader: {python: "steps:read"}
  judge: {python: "steps:judge"}
  publish: {python: "steps:publish", risk: destructive}
  draft:
    llm: {model: "scripted:replies.yaml", prompt: prompts/draft.md}
  lint: {command: [ruff, check, "${{ args.path }}"], parse: json, ok_exit: [0, 1]}

limits: {iterations: 10, hops: 5000}
budget: {tokens: 50000, cost: 1.00 usd, wall: 5m}
defaults: {timeout: 30s, retry: {attempts: 3, backoff: 1s}}

stages:
"""

# In each: {n} the stage's own number, {p} the number of the one before it, {f} that of the next, {b} of a stage above.
_STAGES = (
    """\
  stage_{n}:
    description: Step {n} reads the ticket once more.
    agent: reader
    with:
      ticket: "${{{{ input.ticket }}}} after ${{{{ outputs.stage_{p} }}}}"
      tone: 'kind, not "sweet"'
      notes: "${{{{ state.notes }}}}"
    result: {{type: object, required: [intent], properties: {{intent: {{type: string}}, score: {{type: number}}}}}}
    routes:
      - {{when: result.score > {n} && result.intent == "refund", to: stage_{f}, label: refund}}
      - when: size(state.notes) > 3 || has(input.amount)
        to: end
      - {{to: stage_{f}}}

""",
    """\
  # Somebody has to look at what step {p} made of it.
  stage_{n}:
    ask:
      kind: confirmation
      question: "Is ${{{{ outputs.stage_{p} }}}} right for ${{{{ input.ticket }}}}?"
      assignee: "role:lead"
      expires: 1h
    routes:
      - {{when: result.approved, to: stage_{f}}}
      - {{to: stage_{b}, label: again, max: 3, on_max: end}}
    on_error:
      - {{when: error.code == "expired", to: stage_{f}}}
      - {{to: fail}}

""",
    """\
  stage_{n}:
    agent: draft
    when: input.language != "xx" && !(state.total >= 100.0)
    with:
      to: "${{{{ input.ticket }}}}"
      prompt: |
        Answer step {n} in a few lines.
        Mention ${{{{ outputs.stage_{p} }}}} and promise nothing.

        Sign with the team's name.
    timeout: 20s
    retry: {{attempts: 2, on: [transient]}}
    next: stage_{f}

""",
    """\
  stage_{n}:
    fork:
      lint: {{when: size(state.notes) > 0, agent: lint, with: {{path: "${{{{ input.ticket }}}}"}}}}
      risk:
        stages:
          measure: {{agent: judge, with: {{text: "${{{{ outputs.stage_{p} }}}}", limit: {n}}}}}
          score:
            agent: judge
            with: {{text: "${{{{ outputs.measure }}}}"}}
        output: "${{{{ outputs.score }}}}"
    join: {{wait: all, optional: [lint], fail_fast: true}}
    routes: [{{when: outputs.stage_{n}.risk.score >= 7, to: stage_{b}}}, {{to: stage_{f}}}]

""",
    """\
  stage_{n}:
    set:
      notes: ["${{{{ outputs.stage_{p} }}}}: step {n}"]
      total: "${{{{ state.total + 1.5 }}}}"
    tags: [money, step_{n}]
    routes:
      - when: >-
          state.total > 50.0 &&
          input.ticket.startsWith("urgent") &&
          outputs.?stage_{b}.orValue(0) != 0
        to: stage_{f}
      - {{to: stage_{f}}}

""",
    """\
  stage_{n}:
    agent: publish
    with: {{body: "${{{{ outputs.stage_{p} }}}}", channel: "#support", urgent: true}}
    idempotency_key: "${{{{ run.id }}}}-{n}"
    max_visits: 12
    result:
      type: object
      required: [id]
      properties:
        id: {{type: string, minLength: 1}}
        sent: {{type: [boolean, "null"]}}
    on_error: stage_{b}
    next: stage_{f}

""",
)

_LAST = """\
  stage_{n}:
    agent: judge
    with: {{text: "${{{{ outputs.stage_{p} }}}}"}}
    next: end
"""


def pipeline(lines: int) -> str:
    """A pipeline of exactly that many lines; 140 are the fewest that have one stage of each sort."""
    if lines < 140:
        raise ValueError(f"a pipeline of this corpus has at least 140 lines, not {lines}")
    made = [_HEAD]
    left = lines - _HEAD.count("\n") - _LAST.count("\n")
    number = 1
    longest = max(stage.count("\n") for stage in _STAGES)
    # What is too short for one more stage is filled up with comments.
    while left >= longest:
        stage = _STAGES[(number - 1) % len(_STAGES)]
        made.append(_numbered(stage, number))
        left -= stage.count("\n")
        number += 1
    made.append(_numbered(_LAST, number))
    made.append("# A line that says nothing.\n" * left)
    return "".join(made)


def _numbered(stage: str, number: int) -> str:
    return stage.format(n=number, p=max(1, number - 1), f=number + 1, b=max(1, number - 5))
