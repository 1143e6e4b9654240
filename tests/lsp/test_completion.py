"""Completion: what is offered where, in which order, and where nothing is."""

import pytest

from lsp.completions import HEAD, labels, offered
from lsp.documents import at_cursor
from pointsman_lsp.features.completion import TRIGGERS, complete

REST = ["timeout", "retry", "max_visits", "idempotency_key", "description", "tags"]
KINDS = ["agent", "ask", "fork", "set"]
MODIFIERS = ["with", "result", "when", "routes", "next", "on_error", *REST]
TOP = ["description", "input", "output", "state", "agents", "tools", "limits", "budget", "defaults", "policies"]
ROUTE = ["to", "when", "label", "max", "on_max"]
TARGETS = ["end", "fail", "second", "first", "here"]
AGENTS = ["classify", "store", "lint", "draft", "shared"]
CLASSES = ["transient", "timeout", "agent", "contract", "lost", "expression", "policy", "internal"]
TYPES = ["string", "number", "integer", "boolean", "object", "array", "null"]

KEYS = [
    ("    $0\n", [*KINDS, *MODIFIERS]),
    ("    sta$0\n", [*KINDS, *MODIFIERS]),
    # Of the kinds one is enough; what is written is not offered again.
    ("    agent: lint\n    $0\n    next: end\n", [one for one in MODIFIERS if one != "next"]),
    ("    agent: lint\n    re$0", MODIFIERS),
    ("    fork: {}\n    $0\n", [*MODIFIERS, "join"]),
    # In a key itself it may be another one.
    ("    ag$0ent: lint\n", [*KINDS, *MODIFIERS]),
    ("    routes:\n      - $0\n", ROUTE),
    ("    routes:\n      - to: end\n        $0\n", ROUTE[1:]),
    ("    routes:\n      $0\n", ROUTE),
    ("    routes:\n      - {when: x, $0}\n", ["to", "label", "max", "on_max"]),
    ("    routes:\n      - {$0, max: 3}\n", ["to", "when", "label", "on_max"]),
    ("    routes: [{to: end}, $0]\n", ROUTE),
    ("    on_error:\n      - $0\n", ROUTE[:3]),
    ("    ask: {$0}\n", ["kind", "question", "assignee", "expires", "answer"]),
    ("    retry:\n      attempts: 3\n      $0\n", ["backoff", "factor", "max", "on"]),
    ("    fork:\n      b: {$0}\n", [*KINDS, "stages", *MODIFIERS]),
    ("    fork:\n      b: {stages: {}, $0}\n", ["output"]),
    ("    fork:\n      b: {next: end, $0}\n", [*KINDS, *[one for one in MODIFIERS if one != "next"]]),
    ("    set:\n      $0\n", ["notes", "total"]),
    ("    set: {notes: 1, $0}\n", ["total"]),
    # The arguments that the agent takes: what it needs first, nothing that it has already.
    ("    agent: classify\n    with: {$0}\n", ["text", "limit"]),
    ("    agent: classify\n    with:\n      limit: 3\n      $0\n", ["text"]),
    ("    agent: store\n    with:\n      $0\n", ["body", "to"]),
    ("    agent: lint\n    with: {$0}\n", ["files"]),
    ("    agent: draft\n    with: {$0}\n", ["name", "topic"]),
    ("    agent: nobody\n    with: {$0}\n", []),
    # Names of somebody's choice are his, but for those that are waited for.
    ("    agent: lint\n    next: later\n  $0\n", ["later"]),
    ("    agent: lint\n    next: end\n  $0\n", []),
]
VALUES = [
    ("    agent: $0\n", AGENTS),
    ("    agent:$0\n", AGENTS),
    ("    agent: li$0nt\n", AGENTS),
    ('    agent: "$0"\n', AGENTS),
    ("    agent: 'li$0\n", AGENTS),
    ("    next: $0\n", TARGETS),
    ("    next: $0\n  third: {agent: lint}\n  fourth: {agent: lint}\n", ["third", "fourth", *TARGETS]),
    ("    routes:\n      - {when: x, to: $0}\n", TARGETS),
    ("    routes:\n      - to: $0\n        max: 3\n", TARGETS),
    ("    on_error: $0\n", ["fail", "end", "second", "first", "here"]),
    ("    routes:\n      - {to: end, max: 2, on_max: $0}\n", TARGETS),
    # In a branch: the stages of that block alone.
    ("    fork:\n      b: {stages: {x: {agent: lint, next: $0}, y: {agent: lint}}}\n", ["y", "end", "fail", "x"]),
    ("    fork:\n      b: {agent: lint, next: $0}\n", ["end", "fail"]),
    ("    fork: {b: {agent: lint}, c: {agent: lint}}\n    join: {optional: [$0]}\n", ["b", "c"]),
    ("    fork: {b: {agent: lint}, c: {agent: lint}}\n    join: {optional: [b, $0]}\n", ["c"]),
    ("    fork: {b: {agent: lint}}\n    join: {wait: $0}\n", ["all"]),
    ("    join: {fail_fast: $0}\n", ["true", "false"]),
    ("    ask: {kind: $0}\n", ["confirmation", "clarification", "review"]),
    ("    timeout: $0\n", ["30s", "1m", "5m", "1h"]),
    ("    retry: {on: [timeout, $0]}\n", [one for one in CLASSES if one != "timeout"]),
    ("    retry:\n      on:\n        - $0\n", CLASSES),
    ("    result: {type: $0}\n", TYPES),
    ("    result: {type: [string, $0]}\n", [one for one in TYPES if one != "string"]),
    ("    result: {properties: {a: {}, b: {}}, required: [a, $0]}\n", ["b"]),
    ("    result:\n      properties:\n        a: {type: $0}\n", TYPES),
]  # fmt: skip
NOTHING = [
    "    # $0\n",
    "    agent: lint # $0\n",
    "    description: a $0\n",
    "    description: $0\n",
    "    ask: {kind: confirmation, question: what $0}\n",
    "    ask:\n      question: |\n        what\n        $0\n",
    "    agent: lint\n      $0\n",
    "    with: {a: 1}$0\n",
    "    tags: [$0]\n",
    "    nonsense: $0\n",
    "    nonsense:\n      $0\n",
]
ALONE = [
    ("$0", ["pipeline", "language", "stages", *TOP]),
    ("pipeline: a\n$0\nlanguage: 1\n", ["stages", *TOP]),
    ("pipeline: a\n---\n$0", ["pipeline", "language", "stages", *TOP]),
    ("pipeline: $0\n", ["a"]),
    ("language: $0\n", ["1"]),
    ("agents:\n  x: {$0}\n", ["python", "command", "scripted", "llm", "tools", "risk"]),
    ("agents:\n  x: {command: [a], $0}\n", ["tools", "risk", "parse", "ok_exit", "stdin", "limits"]),
    ("agents:\n  x: {risk: $0}\n", ["read_only", "write", "destructive"]),
    ("tools: {t: {scripted: []}}\nagents:\n  x: {tools: [$0]}\n", ["t", "search"]),
    ("stages: {a: {agent: nobody}}\nagents:\n  $0\n", ["nobody"]),
    ("budget: {cost: $0}\n", ["1.00 usd", "0.50 usd", "5.00 usd"]),
    ("limits:\n  hops: $0\n", ["1000"]),
    ("agents:\n  x: {command: [a], limits: {memory: $0}}\n", ["256MiB", "64MiB", "1GiB"]),
    # Paths: what fits first, from this file's folder.
    ("policies: [$0]\n", ["safety.policy.yaml", "agents/", "prompts/"]),
    ("policies:\n  - $0\n", ["safety.policy.yaml", "agents/", "prompts/"]),
    ("agents: {x: {llm: {prompt: $0}}}\n", ["notes.md", "agents/", "prompts/"]),
    ("agents: {x: {llm: {prompt: prompts/$0}}}\n", ["draft.md", "old/"]),
    ("agents: {x: {llm: {prompt: prompts/old/fi$0}}}\n", ["first.txt"]),
    ("agents: {x: {llm: {model: $0}}}\n", ["scripted:replies.yaml"]),
    ('agents: {x: {llm: {model: "scripted:$0"}}}\n', ["replies.yaml", "agents/", "prompts/"]),
    # Python: modules, then what is in one.
    ("agents: {x: {python: $0}}\n", ["steps", "agents", "agents.triage"]),
    ('agents: {x: {python: "agents.$0"}}\n', ["steps", "agents", "agents.triage"]),
    ('agents: {x: {python: "agents.triage:$0"}}\n', ["classify", "store", "LIMIT"]),
    ("agents:\n  x:\n    python: agents.triage:cl$0\n", ["classify", "store", "LIMIT"]),
    ('agents: {x: {python: "nowhere:$0"}}\n', []),
    ("stages:\n  a: {agent: x, next: $0}\n", ["end", "fail", "a"]),
    ("state: {n: {merge: $0", ["replace", "append", "merge"]),
]
POLICIES = [
    ("$0", ["policy", "language", "version", "default", "rules", "reasons", "redact"]),
    ("rules:\n  - $0\n", ["id", "at", "effect", "match", "when", "unless", "reason"]),
    ("rules:\n  - id: x\n    at: [$0]\n", ["agent.invoke", "output.accept"]),
    ("rules:\n  - id: x\n    at: [agent.invoke, $0]\n", ["output.accept"]),
    ("rules:\n  - id: x\n    at: $0\n", ["agent.invoke", "output.accept"]),
    ("rules:\n  - id: x\n    effect: $0\n", ["deny", "flag", "allow"]),
    ("rules:\n  - id: x\n    match: {$0}\n", ["pipeline", "stage", "agent", "model"]),
    ("policy: p\nrules:\n  - id: x\n    reason: $0\nreasons: {late: Too late., big: Big.}\n", ["late", "big"]),
    ("redact:\n  - $0\n", ["path", "pattern"]),
    ("default: $0\n", ["allow", "deny"]),
]


@pytest.mark.parametrize(("text", "expected"), [*KEYS, *VALUES], ids=[text for text, _ in [*KEYS, *VALUES]])
def test_in_a_stage(text: str, expected: list[str]) -> None:
    assert labels(HEAD + text) == expected


@pytest.mark.parametrize("text", NOTHING)
def test_nothing_is_offered(text: str) -> None:
    assert labels(HEAD + text) == []


@pytest.mark.parametrize(("text", "expected"), ALONE, ids=[text for text, _ in ALONE])
def test_alone(text: str, expected: list[str]) -> None:
    assert labels(text)[: len(expected) if "merge" in text else None] == expected


@pytest.mark.parametrize(("text", "expected"), POLICIES, ids=[text for text, _ in POLICIES])
def test_in_a_policy(text: str, expected: list[str]) -> None:
    assert labels(text, "a.policy.yaml") == expected


def test_no_key_of_a_later_version_is_offered() -> None:
    found = {*labels(HEAD + "    $0\n"), *labels("agents:\n  x: {$0}\n"), *labels("$0")}
    assert not found & {"wait", "pipelines", "for_each", "http", "triggers", "compensate"}


def test_conditions_and_templates_are_expressions() -> None:
    for text in ("    when: $0\n", "    with:\n      x: ${{ $0\n", '    with: {x: "${{ $0 }}"}\n'):
        assert {"outputs", "input", "state"} <= set(labels(HEAD + text))
    assert labels(HEAD + "    with:\n      x: ${{ 1 }} $0\n") == []


def test_what_is_offered_says_what_it_is() -> None:
    key = {one.label: one for one in offered(HEAD + "    $0\n")}["timeout"]
    assert (key.kind, key.detail) == ("key", "a duration like 30s, 5m, 1h30m or 500ms")
    assert "How long one attempt may take." in key.doc
    assert "Since 0.1" in key.doc
    agent = {one.label: one for one in offered(HEAD + "    agent: $0\n")}
    assert (agent["classify"].kind, agent["classify"].detail) == ("agent", "agents.triage:classify")
    assert agent["lint"].detail == "command ruff"
    assert agent["draft"].detail == "llm scripted:replies.yaml"
    assert agent["shared"].detail == "steps:run (workspace)"
    argument = offered(HEAD + "    agent: classify\n    with: {$0}\n")[0]
    assert (argument.label, argument.kind, argument.detail) == ("text", "field", "str")
    function = offered('agents: {x: {python: "agents.triage:$0"}}\n')[0]
    assert (function.kind, function.doc) == ("function", "Say what a ticket is about.")
    assert function.detail == "classify(text: str, limit: int = 3) -> dict"
    assert {one.label: one.kind for one in offered(HEAD + "    next: $0\n")} == {
        "end": "keyword", "fail": "keyword", "first": "stage", "second": "stage", "here": "stage",
    }  # fmt: skip
    assert offered(HEAD + "    next: $0\n")[2].detail == "agent"


def test_the_settings_get_nothing() -> None:
    document, offset = at_cursor("pyt$0", name="pointsman.toml")
    assert complete(document, offset, True) == []


def test_the_triggers_are_single_signs() -> None:
    assert all(len(one) == 1 for one in TRIGGERS)
    assert len(set(TRIGGERS)) == len(TRIGGERS)
