"""Hover: what is said of keys, names and expressions, as golden Markdown, and of exactly which range."""

import pytest

from lsp.documents import at_cursor
from pointsman_lsp.analysis.document import StageOutcome
from pointsman_lsp.features.hover import Hover, hover

NOW_NS = 1_000 * 10**9
AGENTS = '''
def classify(text: str, *, tone: str = "kind", **more) -> dict[str, int]:
    """Say what a ticket is about.

    And much more.
    """


async def publish(body, /, to: str): ...
'''
GUARD = """\
policy: guard
language: 1
version: 7
rules:
  - {id: no_keys, at: [agent.invoke], effect: deny}
"""
FILES = {
    "agents.py": AGENTS,
    "guard.policy.yaml": GUARD,
    "draft.md": "Write to ${{ args.to }}.\n",
    "replies.yaml": "- {text: x}\n",
}
PIPELINE = """\
pipeline: triage
language: 1
input: {type: object, required: [ticket], properties: {ticket: {type: string, description: "What *they* wrote."}}}
state:
  notes: {type: array, items: {type: string}, default: [], merge: append}
agents:
  classify: {python: "agents:classify", risk: read_only}
  publish: {python: 'agents:publish', risk: destructive, tools: [search]}
  draft:
    llm: {model: "scripted:replies.yaml", prompt: draft.md}
  lint: {command: [ruff, check, "${{ args.path }}"], parse: lines}
tools:
  search: {scripted: [{found: 1}]}
limits: {hops: 50}
policies: [guard.policy.yaml]
stages:
  read:
    description: Reads `it` <b>once</b>.
    agent: classify
    with: {text: "${{ input.ticket }}"}
    routes:
      - {when: result.size() > 1, to: approve, label: big, max: 3}
      - {to: checks}
    on_error: [{when: error.code == "expired", to: checks}, {to: fail}]
  approve:
    ask: {kind: confirmation, question: "Fine?"}
    result: {type: object, properties: {approved: {type: boolean, description: Whether.}}}
    next: checks
  checks:
    when: has(outputs.approve) && outputs["approve"].approved && state.notes.exists(n, n.startsWith("x"))
    fork:
      lint: {agent: lint, with: {path: a}}
      risk: {stages: {weigh: {agent: classify, with: {text: a}}}}
    join: {optional: [lint]}
    timeout: 30s
    next: end
"""


def hovered(text: str, name: str = "a.pipeline.yaml", outcome: StageOutcome | None = None) -> Hover | None:
    document, offset = at_cursor(text, FILES, name, lambda path, pipeline, stage: outcome)
    return hover(document, offset, NOW_NS)


def at(before: str, behind: str, text: str = PIPELINE) -> str:
    """The text with the cursor between two neighbouring pieces of it."""
    assert text.count(before + behind) == 1, (before, behind)
    return text.replace(before + behind, f"{before}$0{behind}")


def said(text: str) -> tuple[str, str]:
    """The range, and what is said of it."""
    found = hovered(text)
    assert found is not None
    data = text.replace("$0", "").encode()
    return data[found.span.start : found.span.end].decode(), found.markdown


GOLDEN = {
    "a key": (
        at("    time", "out: 30s"),
        "timeout",
        """\
**timeout** · a duration like 30s, 5m, 1h30m or 500ms · literal

How long one attempt may take.

Since 0.1

```yaml
timeout: 30s
```

*A stage*""",
    ),
    "a measure says what its key means": (
        at("    timeout: 3", "0s"),
        "30s",
        """\
**timeout** · a duration like 30s, 5m, 1h30m or 500ms · literal

How long one attempt may take.

Since 0.1

```yaml
timeout: 30s
```

*A stage*""",
    ),
    "a limit": (
        at("limits: {ho", "ps: 50}"),
        "hops",
        """\
**hops** · whole number, 1 or more · literal

Times a run goes from one stage to another.

Default: `1000` · Since 0.1

*limits*""",
    ),
    "a key that takes an expression": (
        at("      - {wh", "en: result"),
        "when",
        """\
**when** · CEL expression

The condition. A route without one always matches.

Since 0.1

```yaml
when: result.intent == "refund"
```

*A route*""",
    ),
    "a key that takes templates": (
        at("    ask: {kind: confirmation, quest", "ion"),
        "question",
        """\
**question** · text, templates · required

The question, as the person reads it.

Since 0.1

```yaml
question: "Refund?"
```

*ask*""",
    ),
    "a stage": (
        at("  re", "ad:"),
        "read",
        """\
**stage** `read` · agent `classify`

Reads \\`it\\` \\<b>once\\</b>.

```python
def classify(text: str, *, tone: str = 'kind', **more) -> dict[str, int]
```

Say what a ticket is about.

`agents:classify`

- big: when `result.size() > 1` → `approve`, at most 3 times
- → `checks`
- on error when `error.code == "expired"` → `checks`
- on error → `fail`

Gives `map(int)`, by what classify returns""",
    ),
    "the target of a route is its stage": (
        at("result.size() > 1, to: app", "rove"),
        "approve",
        """\
**stage** `approve` · ask confirmation

Asks: Fine?

- → `checks`

Gives `{approved}`, by the contract of stage approve

- `approved` `bool`, may be missing: Whether.""",
    ),
    "an end": (
        at("    next: e", "nd"),
        "end",
        "**end** · the end of this block: of the run, or of its branch.",
    ),
    "a fork": (
        at("  che", "cks:\n"),
        "checks",
        """\
**stage** `checks` · fork

Branches: `lint`, `risk`

Only when `has(outputs.approve) && outputs["approve"].approved && state.notes.exists(n, n.startsWith("x"))`

- → `end`

Gives `{lint, risk}`, by the branches of checks

- `lint` `list(string)`, may be missing
- `risk` `{weigh}`""",
    ),
    "a branch": (
        at("      li", "nt: {agent"),
        "lint",
        """\
**branch** `lint` of `checks` · may fail · agent `lint`

Gives `list(string)`""",
    ),
    "a branch by its name": (
        at("optional: [li", "nt]"),
        "lint",
        """\
**branch** `lint` of `checks` · may fail · agent `lint`

Gives `list(string)`""",
    ),
    "an agent by its name": (
        at("      lint: {agent: li", "nt"),
        "lint",
        """\
**agent** `lint` · write

```yaml
command: [ruff, check, "${{ args.path }}"]
```""",
    ),
    "an agent that is a model": (
        at("  dra", "ft:"),
        "draft",
        """\
**agent** `draft` · write

Asks the model `scripted:replies.yaml` with the prompt `draft.md`""",
    ),
    "an agent where it is defined": (
        at("  publ", "ish:"),
        "publish",
        """\
**agent** `publish` · destructive

```python
async def publish(body, /, to: str)
```

`agents:publish`

Tools: `search`""",
    ),
    "a tool by its name": (
        at("tools: [sea", "rch]"),
        "search",
        """\
**tool** `search` · write

A script of 1 result""",
    ),
    "a target in quotes": (
        at('{python: "agents:cl', 'assify"'),
        "agents:classify",
        """\
```python
def classify(text: str, *, tone: str = 'kind', **more) -> dict[str, int]
```

Say what a ticket is about.

`agents:classify`""",
    ),
    "a prompt": (
        at("prompt: dra", "ft.md"),
        "draft.md",
        """\
**prompt** `draft.md`

```markdown
Write to ${{ args.to }}.
```""",
    ),
    "a policy": (
        at("policies: [gua", "rd"),
        "guard.policy.yaml",
        """\
**policy** `guard.policy.yaml`

`guard`, version 7

Rules: `no_keys`""",
    ),
    "an argument": (
        at("    with: {te", 'xt: "${{ input'),
        "text",
        """\
**argument** `text: str` · required

Of `classify`""",
    ),
    "a key of the state": (
        at("  no", "tes: {"),
        "notes",
        """\
**state** `notes` · `list(string)`

First value: `[]` · Writes: `append`""",
    ),
    "an input": (
        at("${{ input.tic", "ket }}"),
        "ticket",
        """\
`input.ticket` · `string`

What \\*they\\* wrote.

From the input.""",
    ),
    "a stage in an expression": (
        at("has(outputs.appr", "ove)"),
        "approve",
        """\
**stage** `approve` · ask confirmation

Asks: Fine?

- → `checks`

Gives `{approved}`, by the contract of stage approve

- `approved` `bool`, may be missing: Whether.""",
    ),
    "a member behind an index": (
        at('outputs["approve"].appr', "oved"),
        "approved",
        """\
`outputs["approve"].approved` · `bool`

Whether.

From the contract of stage approve.""",
    ),
    "a state key in an expression": (
        at("state.no", "tes.exists"),
        "notes",
        """\
**state** `notes` · `list(string)`

First value: `[]` · Writes: `append`""",
    ),
    "a macro": (
        at("state.notes.exi", "sts(n"),
        "exists",
        """\
- `list.exists(x, condition) bool`

Whether the condition holds for an item.""",
    ),
    "a variable of a macro": (
        at("exists(n, ", "n.starts"),
        "n",
        """\
`n` · `string`

An item of the list.""",
    ),
    "a method": (
        at("n.starts", 'With("x")'),
        "startsWith",
        """\
- `string.startsWith(string) bool`

Whether the text starts with another.""",
    ),
    "has": (
        at("    when: ha", "s(outputs"),
        "has",
        """\
- `has(value.field) bool`

Whether the field is there.""",
    ),
    "result": (
        at("{when: res", "ult.size()"),
        "result",
        """\
`result` · `map(int)`

The result of stage read.""",
    ),
    "error": (
        at("{when: error.co", "de =="),
        "code",
        """\
`error.code` · `string`

What went wrong, as a word to compare with.

From the error.""",
    ),
}


@pytest.mark.parametrize("case", GOLDEN)
def test_what_is_said_and_of_which_range(case: str) -> None:
    text, span, markdown = GOLDEN[case]
    assert said(text) == (span, markdown)


@pytest.mark.parametrize(
    "line",
    [
        "    when: input.ticket == 'é𝄞' && outputs.re$0ad > 0\n",
        "    when: 'input.ticket == ''a'' && outputs.re$0ad > 0'\n",
        '    when: "input.ticket == \\"\\u0041\\\\u0042\\" && outputs.re$0ad > 0"\n',
        "    when: |\n      input.ticket == 'a' &&\n        outputs.re$0ad > 0\n",
        "    when: >-\n      input.ticket == 'a' &&\n      outputs.re$0ad > 0\n",
        "    when: input.ticket == 'a' &&\n      outputs.re$0ad > 0\n",
        "    when: 'input.ticket == ''a'' &&\n      outputs.re$0ad > 0'\n",
        '    when: "input.ticket == \\"a\\" \\\n      && outputs.re$0ad > 0"\n',
        "    when: ${{ outputs.re$0ad > 0 }}\n",
        "    idempotency_key: ${{ input.ticket }} ${{ outputs.re$0ad }}\n",
        "    idempotency_key: '''${{ input.ticket }} ${{ outputs.re$0ad }}'''\n",
        '    idempotency_key: "\\t\\u00e9${{ input.ticket }}\\"${{ outputs.re$0ad }}"\n',
        '    idempotency_key: "a\n\n      ${{ input.ticket }}\n      ${{ outputs.re$0ad }}"\n',
        "    idempotency_key: |\n      𝄞 ${{ input.ticket ==\n      outputs.re$0ad }}\n",
        "    idempotency_key: >\n      a\n\n        b ${{ outputs.re$0ad }}\n",
        "    routes: [{when: outputs.re$0ad > 0, to: end}]\n",
        "    when: outputs.re$0ad >\n",
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_range_is_exact_in_every_style(line: str, newline: str) -> None:
    text = (PIPELINE.replace("    next: end\n", "") + line).replace("\n", newline)
    found = hovered(text)
    assert found is not None
    data = text.replace("$0", "").encode()
    assert data[found.span.start : found.span.end] == b"read"
    assert found.span.start == text.encode().index(b"$0") - 2
    assert found.markdown.startswith("**stage** `read`")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "$0",
        at("pipe", "line: triage").replace("$0", "") + "# a $0comment\n",
        at("    description: Reads", " `it`"),
        at('outputs["approve"].approved ', "&&"),
        at('startsWith("', 'x")'),
        at("result.size() ", "> 1"),
        "stages: [$0",
        "stages:\n  a:\n    agent: no$0body\n",
        "stages:\n  a:\n    next: no$0where\n",
        "stages:\n  a:\n    when: outputs.no$0where\n",
    ],
)
def test_nothing_is_said_of_what_means_nothing(text: str) -> None:
    assert hovered(text if "$0" in text else text + "$0") is None


BEGAN_NS, TOOK_NS = NOW_NS - 200 * 10**9, 1_500_000_000


@pytest.mark.parametrize(
    ("outcome", "line"),
    [
        (
            StageOutcome("01JX", False, "done", 2, BEGAN_NS, TOOK_NS, "→ reply"),
            "Last run: **done** 3 min ago, in 1.5 s, visit 2 · → reply · run `01JX`",
        ),
        (
            StageOutcome("01JX", True, "running", 1, BEGAN_NS, TOOK_NS),
            "Live run: **running** since 3 min 20 s · run `01JX`",
        ),
        (
            StageOutcome("01JX", True, "failed", 1, BEGAN_NS, TOOK_NS, "it *broke*\nhere"),
            "Live run: **failed** 3 min ago, in 1.5 s · it \\*broke\\* here · run `01JX`",
        ),
    ],
)
def test_a_stage_says_how_it_last_went(outcome: StageOutcome, line: str) -> None:
    found = hovered(at("  re", "ad:"), outcome=outcome)
    assert found is not None
    assert found.markdown.splitlines()[-1] == line


def test_in_a_policy() -> None:
    text = GUARD.replace("effect: deny", "effect: deny, when: size(args) > 1 && mod$0el.name == 'x'")
    found = hovered(text, name="b.policy.yaml")
    assert found is not None
    assert found.markdown.startswith("`model` · `{name} | null`")


def test_text_of_a_file_can_not_break_out() -> None:
    text = PIPELINE.replace("Reads `it` <b>once</b>.", "'# `` ``` <img> [a](b)\n\n      ---'").replace(
        "  read:", "  re$0ad:"
    )
    found = hovered(text)
    assert found is not None
    assert found.markdown.split("\n\n")[1] == "\\# \\`\\` \\`\\`\\` \\<img> \\[a\\](b) ---"
