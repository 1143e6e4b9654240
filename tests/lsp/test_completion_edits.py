"""Completion: the whole text after an offer was taken, for each form of what is around it."""

import pytest

from lsp.completions import HEAD, damage, offered, taken
from lsp.documents import at_cursor
from pointsman_lsp.features.completion import complete

# The text, what is taken, and the text after it.
IN_STAGE = [
    # A block mapping: between two keys, first of an empty one, at the end of the file.
    ("    agent: lint\n    ti$0\n    next: end\n", "timeout", "    agent: lint\n    timeout: \n    next: end\n"),
    ("    $0\n", "agent", "    agent: \n"),
    ("    agent: lint\n    $0", "next", "    agent: lint\n    next: "),
    ("    $0\n    next: end\n", "agent", "    agent: \n    next: end\n"),
    ("    agent: lint\n    $0 # why\n", "timeout", "    agent: lint\n    timeout:  # why\n"),
    ("    ti$0 # why\n", "timeout", "    timeout:  # why\n"),
    # What a key holds starts on the next line, or in brackets.
    ("    ro$0\n", "routes", "    routes:\n      - \n"),
    ("    wi$0\n    next: end\n", "with", "    with:\n      \n    next: end\n"),
    ("    ta$0\n", "tags", "    tags: []\n"),
    ("    re$0", "retry", "    retry:\n      "),
    # Both sides of the cursor; a key that is there keeps its value.
    ("    ti$0me\n", "timeout", "    timeout: \n"),
    ("    ag$0en: lint\n", "agent", "    agent: lint\n"),
    ('    "ag$0en": lint\n', "agent", "    agent: lint\n"),
    ("    $0: lint\n", "agent", "    agent: lint\n"),
    ("    $0\n      - {to: end}\n", "routes", "    routes:\n      - {to: end}\n"),
    # Items.
    ("    routes:\n      - $0\n      - {to: end}\n", "to", "    routes:\n      - to: \n      - {to: end}\n"),
    ("    routes:\n      - to: end\n        wh$0\n", "when", "    routes:\n      - to: end\n        when: \n"),
    ("    routes:\n      $0\n", "to", "    routes:\n      - to: \n"),
    ("    routes:\n    - to: end\n    - wh$0", "when", "    routes:\n    - to: end\n    - when: "),
    # Brackets.
    ("    routes:\n      - {$0}\n", "to", "    routes:\n      - {to: }\n"),
    ("    routes:\n      - {when: x, $0}\n", "to", "    routes:\n      - {when: x, to: }\n"),
    ("    routes:\n      - {when: x,$0}\n", "to", "    routes:\n      - {when: x, to: }\n"),
    ("    routes:\n      - {when: x, $0, max: 3}\n", "to", "    routes:\n      - {when: x, to: , max: 3}\n"),
    ("    routes:\n      - {when: x, t$0\n", "to", "    routes:\n      - {when: x, to: \n"),
    ("    routes: [$0]\n", "to", "    routes: [{to: }]\n"),
    ("    routes: [{to: end},$0]\n", "to", "    routes: [{to: end}, {to: }]\n"),
    ("    fork: {b: {$0}}\n", "with", "    fork: {b: {with: {}}}\n"),
    ("    fork: {b: {$0}}\n", "routes", "    fork: {b: {routes: [{}]}}\n"),
    ("    fork: {b: {$0}}\n", "retry", "    fork: {b: {retry: {}}}\n"),
    ("    with: {\n      a: 1,\n      $0\n    }\n    agent: classify\n", "text",
     "    with: {\n      a: 1,\n      text: \n    }\n    agent: classify\n"),
    # Values.
    ("    agent: $0\n", "lint", "    agent: lint\n"),
    ("    agent:$0\n", "lint", "    agent: lint\n"),
    ("    agent: cl$0ass\n", "lint", "    agent: lint\n"),
    ("    agent: $0classify\n", "lint", "    agent: lint\n"),
    ("    agent: cl$0 # why\n", "lint", "    agent: lint # why\n"),
    ("    agent: '$0'\n", "lint", "    agent: 'lint'\n"),
    ('    agent: "cl$0ass"\n', "lint", '    agent: "lint"\n'),
    ('    agent: "cl$0\n', "lint", '    agent: "lint"\n'),
    ("    agent:\n      cl$0\n", "lint", "    agent:\n      lint\n"),
    ("    routes:\n      - {to: $0, when: x}\n", "first", "    routes:\n      - {to: first, when: x}\n"),
    ("    routes:\n      - {to:$0}\n", "first", "    routes:\n      - {to: first}\n"),
    ("    retry: {on: $0}\n", "timeout", "    retry: {on: [timeout]}\n"),
    ("    retry:\n      on:\n        $0\n", "timeout", "    retry:\n      on:\n        - timeout\n"),
    ("    retry: {on: [timeout, $0]}\n", "lost", "    retry: {on: [timeout, lost]}\n"),
    ("    result: {type: $0}\n", "null", '    result: {type: "null"}\n'),
    ("    result: {type: '$0'}\n", "null", "    result: {type: 'null'}\n"),
    ("    join: {fail_fast: $0}\n", "true", "    join: {fail_fast: true}\n"),
]  # fmt: skip
ALONE = [
    ("$0", "pipeline", "pipeline: "),
    ("pipeline: a\n$0", "stages", "pipeline: a\nstages:\n  "),
    ("pipeline: a\n$0", "policies", "pipeline: a\npolicies: []"),
    ("policies: [$0]\n", "safety.policy.yaml", "policies: [safety.policy.yaml]\n"),
    ("policies: $0\n", "safety.policy.yaml", "policies: [safety.policy.yaml]\n"),
    ("policies:\n  $0\n", "safety.policy.yaml", "policies:\n  - safety.policy.yaml\n"),
    ("agents: {x: {llm: {prompt: prompts/$0}}}\n", "draft.md", "agents: {x: {llm: {prompt: prompts/draft.md}}}\n"),
    ("agents: {x: {llm: {prompt: prompts/dr$0}}}\n", "old/", "agents: {x: {llm: {prompt: prompts/old/}}}\n"),
    ('agents: {x: {llm: {prompt: "pr$0}}}\n', "prompts/", 'agents: {x: {llm: {prompt: "prompts/}}}\n'),
    ("agents: {x: {llm: {model: $0}}}", "scripted:replies.yaml", "agents: {x: {llm: {model: scripted:replies.yaml}}}"),
    ('agents: {x: {python: "agents.tr$0"}}\n', "agents.triage", 'agents: {x: {python: "agents.triage:"}}\n'),
    ("agents: {x: {python: $0}}\n", "agents.triage", "agents: {x: {python: agents.triage}}\n"),
    ('agents: {x: {python: "agents.triage:st$0"}}\n', "store", 'agents: {x: {python: "agents.triage:store"}}\n'),
    ("agents:\n  x:\n    python: agents.triage:$0\n", "store", "agents:\n  x:\n    python: agents.triage:store\n"),
    # The file's own line breaks and indentation.
    ("stages:\r\n  x:\r\n    $0\r\n", "retry", "stages:\r\n  x:\r\n    retry:\r\n      \r\n"),
    ("pipeline: a\r\nstages:\r\n  x:\r\n    $0", "routes", "pipeline: a\r\nstages:\r\n  x:\r\n    routes:\r\n      - "),
    ("stages:\n    x:\n        $0\n", "retry", "stages:\n    x:\n        retry:\n            \n"),
    ("stages:\n  x:\n    routes:\n    - to: end\n  y:\n    $0\n", "routes",
     "stages:\n  x:\n    routes:\n    - to: end\n  y:\n    routes:\n    - \n"),
]  # fmt: skip
SNIPPETS = [
    (HEAD + "    ro$0\n", "routes", HEAD + "    routes:\n      - $0\n"),
    (HEAD + "    wi$0\n", "with", HEAD + "    with:\n      $0\n"),
    (HEAD + "    ti$0\n", "timeout", HEAD + "    timeout: $0\n"),
    (HEAD + "    routes: [$0]\n", "to", HEAD + "    routes: [{to: $0}]\n"),
    ("stages:\r\n  x:\r\n    $0\r\n", "retry", "stages:\r\n  x:\r\n    retry:\r\n      $0\r\n"),
    (HEAD + "    fork: {b: {$0}}\n", "routes", HEAD + "    fork: {b: {routes: [{$0}]}}\n"),
    ("agents: {x: {python: $0}}\n", "agents.triage", 'agents: {x: {python: "agents.triage:$0"}}\n'),
]


@pytest.mark.parametrize(("text", "label", "after"), IN_STAGE, ids=[f"{text}>{label}" for text, label, _ in IN_STAGE])
def test_in_a_stage(text: str, label: str, after: str) -> None:
    assert taken(HEAD + text, label) == HEAD + after


@pytest.mark.parametrize(("text", "label", "after"), ALONE, ids=[f"{text}>{label}" for text, label, _ in ALONE])
def test_alone(text: str, label: str, after: str) -> None:
    assert taken(text, label) == after


@pytest.mark.parametrize(("text", "label", "after"), SNIPPETS)
def test_snippets(text: str, label: str, after: str) -> None:
    assert taken(text, label, snippets=True) == after
    item = next(one for one in offered(text, snippets=True) if one.label == label)
    assert item.snippet == ("$0" in item.edit.text)
    assert "\r" not in item.edit.text


def test_a_snippet_leaves_the_indentation_of_its_line_to_the_editor() -> None:
    found = offered("rules:\n  - $0\n", "a.policy.yaml", True)
    assert next(one.edit.text for one in found if one.label == "match") == "match:\n    $0"
    assert next(one.edit.text for one in found if one.label == "at") == "at: [$0]"


def test_what_is_taken_does_no_damage() -> None:
    texts = [HEAD + text for text, _, _ in IN_STAGE] + [text for text, _, _ in ALONE]
    count = 0
    for text in texts:
        document, offset = at_cursor(text)
        for item in complete(document, offset, False):
            assert damage(document, item) == [], (text, item)
            count += 1
    assert count > 500
