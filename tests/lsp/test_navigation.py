"""Definition, references and highlights: the cursor is `$0`, a place is its line with the name in `<>`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lsp.documents import ROOT, at_cursor, document
from pointsman.language import symbols
from pointsman.language.symbols import Foreign
from pointsman_lsp.features import Location
from pointsman_lsp.features.navigation import definition, highlights, references

REPOSITORY = Path(__file__).parents[2]
TRIAGE = '''\
import os

class Box:
    def method(self): ...

@decorated
async  def classify(text: str):
    """Doc."""
    return 1

limit: int = 3
from other import far as near
'''
SETTINGS = """\
roots = ["src"]
[agents.shared]
python = "agents.kb:search"
[tools."find"]
python = "agents.kb:find"
"""
FILES = {
    "pointsman.toml": SETTINGS,
    "agents/triage.py": TRIAGE,
    "src/agents/kb/__init__.py": "if True:\n    def search(ctx): ...\n",
    "prompts/draft.md": "Hello ${{ args.ticket }}, é ${{ outputs.triage.intent }}\n",
    "replies.yaml": "- {text: hi}\n",
    "safety.policy.yaml": "policy: safety\nlanguage: 1\nversion: 1\n",
}
TEXT = """\
pipeline: p
language: 1
input: {type: object, required: [ticket], properties: {ticket: {type: string}, deep: {properties: {er: {}}}}}
output: ${{ outputs.checks.risk.score.level + visits.reply }}
state:
  notes: {type: array, properties: {first: {}}, default: []}
agents:
  classify: {python: "agents.triage:classify", tools: [own, find]}
  box: {python: agents.triage:Box.method}
  near: {python: 'agents.triage:near'}
  limit: {python: agents.triage:limit}
  none: {python: agents.triage:missing}
  kb: {python: "agents.kb:search"}
  draft:
    llm: {model: "scripted: replies.yaml", prompt: ./prompts/draft.md}
  shell: {command: [echo, "${{ args.ticket }}", "${{ outputs.score }}"]}
tools: {own: {python: "agents.triage:classify"}}
policies: [safety.policy.yaml]
stages:
  triage:
    agent: classify
    with: {text: "${{ input.ticket + input.deep.er }}"}
    result: {required: [intent], properties: {intent: {type: string}}}
    routes:
      - {when: result.intent == args.text, to: reply}
      - when: >-
          outputs.?triage.intent ==
          outputs["reply"]
        to: checks
        max: 3
        on_max: end
    on_error: reply
  checks:
    fork:
      lint: {agent: shared, when: "has(outputs.triage) && outputs.lint.x == \\"\\"", result: {properties: {x: {}}}}
      risk:
        stages:
          measure: {agent: shell, with: {ticket: 1}, next: score}
          score: {agent: shell, with: {ticket: 2}, when: outputs.measure, result: {properties: {level: {}}}}
      deep:
        stages:
          last: {agent: box}
        output: {a: "${{ outputs.last }}", b: '${{ outputs.checks.deep.b }}'}
    join: {optional: [lint]}
    result: {required: [lint], properties: {risk: {}}}
    routes: [{when: result.lint.x && outputs.checks.deep.a, to: reply}]
  reply:
    agent: draft
    with: &given {ticket: 'it''s "${{ state.notes.first }}"'}
    next: end
  set_it: {set: {notes: "${{ envelope.state.notes }}"}}
  again: {agent: draft, with: *given}
"""


def shown(place: Location) -> str:
    line = place.source.line_at(place.span.start)
    start = place.source.line_starts[line]
    inner = place.source.data[start : place.span.start].decode() + "<" + place.source.text(place.span) + ">"
    rest = place.source.line_text(line).encode()[place.span.end - start :].decode()
    path = place.path.relative_to(ROOT).as_posix()
    assert place.full.start <= place.span.start <= place.span.end <= place.full.end
    return (f"{path}: " if path != "a.pipeline.yaml" else "") + (inner + rest).strip()[:70]


def cursor_at(text: str, marked: str) -> str:
    """The text with its cursor where `marked`, a piece of it with `$0` inside, says."""
    bare = marked.replace("$0", "")
    assert text.count(bare) == 1, f"{text.count(bare)} times {bare}"
    return text.replace(bare, marked)


DEFINITIONS = {
    "max: 3\n        on_max: $0end": [],
    "to: ch$0ecks": ["<checks>:"],
    "args.text, to: reply$0}": ["<reply>:"],
    "on_error: $0reply": ["<reply>:"],
    "outputs.?tri$0age.intent": ["<triage>:"],
    'outputs["rep$0ly"]': ["<reply>:"],
    "outputs.?triage.int$0ent": ["result: {required: [intent], properties: {<intent>: {type: string}}}"],
    "visits.r$0eply": ["<reply>:"],
    "outputs.ch$0ecks.risk": ["<checks>:"],
    "outputs.checks.ri$0sk": ["<risk>:"],
    # A branch without `output` gives its stages.
    "outputs.checks.risk.sc$0ore": ["<score>: {agent: shell, with: {ticket: 2}, when: outputs.measure, resul"],
    "outputs.checks.risk.score.le$0vel": ["score: {agent: shell, with: {ticket: 2}, when: outputs.measure, result"],
    "next: sc$0ore": ["<score>: {agent: shell, with: {ticket: 2}, when: outputs.measure, resul"],
    "when: outputs.mea$0sure": ["<measure>: {agent: shell, with: {ticket: 1}, next: score}"],
    "has(outputs.tri$0age)": ["<triage>:"],
    "outputs.li$0nt.x": ['<lint>: {agent: shared, when: "has(outputs.triage) && outputs.lint.x =='],
    "optional: [li$0nt]": ['<lint>: {agent: shared, when: "has(outputs.triage) && outputs.lint.x =='],
    "{required: [li$0nt]": ['<lint>: {agent: shared, when: "has(outputs.triage) && outputs.lint.x =='],
    "when: result.li$0nt": ['<lint>: {agent: shared, when: "has(outputs.triage) && outputs.lint.x =='],
    "checks.deep.$0a,": ["output: {<a>: \"${{ outputs.last }}\", b: '${{ outputs.checks.deep.b }}'}"],
    # An output made of itself ends.
    "outputs.checks.deep.$0b": ["output: {a: \"${{ outputs.last }}\", <b>: '${{ outputs.checks.deep.b }}'}"],
    "agent: cl$0assify": ['<classify>: {python: "agents.triage:classify", tools: [own, find]}'],
    "agent: sha$0red": ["pointsman.toml: [agents.<shared>]"],
    "tools: [o$0wn": ['tools: {<own>: {python: "agents.triage:classify"}}'],
    "own, fi$0nd]": ['pointsman.toml: [tools."<find>"]'],
    'classify: {python: "agents.triage:cl$0assify"': ["agents/triage.py: async  def <classify>(text: str):"],
    'classify: {python: "agen$0ts.triage:classify"': ["agents/triage.py: <>import os"],
    "triage:Box.m$0ethod": ["agents/triage.py: def <method>(self): ..."],
    "triage:n$0ear": ["agents/triage.py: from other import <far as near>"],
    "triage:l$0imit": ["agents/triage.py: <limit>: int = 3"],
    "triage:mis$0sing": ["agents/triage.py: <>import os"],
    "agents.kb:se$0arch": ["src/agents/kb/__init__.py: def <search>(ctx): ..."],
    "scripted: rep$0lies.yaml": ["replies.yaml: <>- {text: hi}"],
    "prompt: ./pro$0mpts": ["prompts/draft.md: <>Hello ${{ args.ticket }}, é ${{ outputs.triage.intent }}"],
    "policies: [sa$0fety": ["safety.policy.yaml: <>policy: safety"],
    "state.no$0tes.first": ["<notes>: {type: array, properties: {first: {}}, default: []}"],
    "state.notes.fi$0rst": ["notes: {type: array, properties: {<first>: {}}, default: []}"],
    "envelope.state.no$0tes": ["<notes>: {type: array, properties: {first: {}}, default: []}"],
    "set: {no$0tes": ["<notes>: {type: array, properties: {first: {}}, default: []}"],
    "input.ti$0cket": ["input: {type: object, required: [ticket], properties: {<ticket>: {type"],
    "input.deep.e$0r": ["input: {type: object, required: [ticket], properties: {ticket: {type: "],
    "required: [ti$0cket]": ["input: {type: object, required: [ticket], properties: {<ticket>: {type"],
    "args.te$0xt": ['with: {<text>: "${{ input.ticket + input.deep.er }}"}'],
    # In an agent, the arguments of every stage that uses it; a stage of any block.
    "args.ti$0cket": [
        "measure: {agent: shell, with: {<ticket>: 1}, next: score}",
        "score: {agent: shell, with: {<ticket>: 2}, when: outputs.measure, resu",
    ],
    "outputs.sc$0ore }}": ["<score>: {agent: shell, with: {ticket: 2}, when: outputs.measure, resul"],
    "with: *gi$0ven": ["with: &<given> {ticket: 'it''s \"${{ state.notes.first }}\"'}"],
    "  tri$0age:\n": ["<triage>:"],
    "max: $03": [],
    "pipeline: $0p\n": [],
    "type: ar$0ray": [],
}


@pytest.mark.parametrize("marked", DEFINITIONS)
def test_definition(marked: str) -> None:
    found = definition(*at_cursor(cursor_at(TEXT, marked), FILES))
    assert [shown(one) for one in found] == [
        line[: len(shown(one))] for line, one in zip(DEFINITIONS[marked], found, strict=True)
    ]
    assert len(found) == len(DEFINITIONS[marked])


def test_an_inner_stage_comes_before_the_outer_one_it_hides() -> None:
    text = """\
stages:
  a: {agent: x}
  b:
    fork:
      c: {stages: {a: {agent: y}, d: {when: outputs.a$0, routes: [{to: a}]}}}
      e: {agent: z, when: outputs.a}
"""
    place, offset = at_cursor(text)
    assert [shown(one)[:60] for one in definition(place, offset)] == [
        "c: {stages: {<a>: {agent: y}, d: {when: outputs.a, routes: [{"[:60],
        "<a>: {agent: x}",
    ]
    only_inner = definition(*at_cursor(text.replace("$0", "").replace("to: a", "to: a$0")))
    assert [shown(one)[:17] for one in only_inner] == ["c: {stages: {<a>:"]


def test_a_policy_leads_to_its_reasons_and_the_lists_of_the_workspace() -> None:
    text = "policy: p\nrules:\n  - {id: a, when: r in workspace.blocked, reason: wh$0y}\nreasons: {why: Because.}\n"
    files = {"pointsman.toml": "[lists]\nblocked = [1]\n"}
    assert [shown(one) for one in definition(*at_cursor(text, files, "a.policy.yaml"))] == [
        "a.policy.yaml: reasons: {<why>: Because.}"
    ]
    text = text.replace("$0", "").replace("blocked", "block$0ed")
    assert [shown(one) for one in definition(*at_cursor(text, files, "a.policy.yaml"))] == [
        "pointsman.toml: <blocked> = [1]"
    ]


def test_the_settings_have_definitions_too() -> None:
    text = '[agents.a]\npython = "agents.triage:class$0ify"\ntools = ["t"]\n[tools.t]\npython = "agents.triage:limit"\n'
    assert [shown(one) for one in definition(*at_cursor(text, FILES, "pointsman.toml"))] == [
        "agents/triage.py: async  def <classify>(text: str):"
    ]
    text = text.replace("$0", "").replace('["t"]', '["t$0"]')
    assert [shown(one) for one in definition(*at_cursor(text, FILES, "pointsman.toml"))] == [
        "pointsman.toml: [tools.<t>]"
    ]


REFERENCES = {
    "tri$0age:\n": [
        "- when: >-|outputs.?<triage>.intent ==",
        'lint: {agent: shared, when: "has(outputs.<triage>) && outputs.lint.x ==',
        "prompts/draft.md: Hello ${{ args.ticket }}, é ${{ outputs.<triage>.intent }}",
    ],
    "optional: [li$0nt]": [
        'lint: {agent: shared, when: "has(outputs.triage) && outputs.<lint>.x ==',
        "join: {optional: [<lint>]}",
        "result: {required: [<lint>], properties: {risk: {}}}",
        "routes: [{when: result.<lint>.x && outputs.checks.deep.a, to: reply}]",
    ],
    "agent: sha$0red": ["lint: {agent: <shared>, when:"],
    'classify: {python: "agents.triage:cl$0assify"': [
        'classify: {python: "agents.triage:<classify>", tools: [own, find]}',
        'tools: {own: {python: "agents.triage:<classify>"}}',
    ],
    "&gi$0ven": ["again: {agent: draft, with: *<given>}"],
    "type: ar$0ray": [],
}


@pytest.mark.parametrize("marked", REFERENCES)
def test_references(marked: str) -> None:
    place, offset = at_cursor(cursor_at(TEXT, marked), FILES)
    found = [shown(one) for one in references(place, offset, False)]
    wanted = [one.rpartition("|")[2] for one in REFERENCES[marked]]
    assert len(found) == len(wanted)
    assert all(one.startswith(line[:70]) for one, line in zip(found, wanted, strict=True)), found
    declared = references(place, offset, True)
    assert {shown(one) for one in declared} == {*found, *map(shown, definition(place, offset))}


STYLES = [
    "to: reply",
    "to: 'reply'",
    'to: "reply"',
    'to: "re\\x70ly"',
    "to: >-\n          reply",
    "to: |-\n          reply",
    "when: outputs.reply",
    "when: 'outputs[\"reply\"]'",
    "when: \"outputs['reply']\"",
    'when: "outputs[\\"reply\\"]"',
    "when: >-\n          true ||\n          outputs.reply",
    "when: |-\n          // é\n          outputs . reply",
    'when: "é\U0001f600" == outputs.reply',
    "when: 'x == ''é'' || outputs.reply'",
    "when: outputs\n          .reply",
    "when: outputs[r'reply']",
    'when: \'outputs["""reply"""]\'',
    "when: ${{ outputs.reply }}",
]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("ending", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_every_scalar_style_has_exact_places(style: str, ending: str) -> None:
    text = f"pipeline: p\nstages:\n  a:\n    routes:\n      - {style}\n  reply: {{agent: x}}\n".replace("\n", ending)
    place = document(text)
    offset = place.source.data.index(b"  reply: {") + 3
    spans = highlights(place, offset)
    assert len(spans) == 2
    written = place.source.text(spans[0])
    assert written in ("reply", "re\\x70ly")
    assert [shown(one) for one in definition(place, spans[0].start)] == ["<reply>: {agent: x}"]
    assert [shown(one) for one in definition(place, spans[0].end)] == ["<reply>: {agent: x}"]


CLEAN = [
    *sorted(REPOSITORY.glob("examples/*/*.pipeline.yaml")),
    *sorted(REPOSITORY.glob("examples/*/*.policy.yaml")),
    *sorted(REPOSITORY.glob("tests/data/clean/*.yaml")),
]


@pytest.mark.parametrize("path", CLEAN, ids=lambda path: path.stem)
def test_every_reference_has_a_definition_that_knows_it(path: Path) -> None:
    text, *parts = re.split(r"(?m)^=== (.*)\n", path.read_text("utf-8"))
    around = dict(zip(parts[::2], parts[1::2], strict=True))
    around |= {
        one.relative_to(path.parent).as_posix(): one.read_text("utf-8")
        for one in path.parent.rglob("*")
        if one.is_file() and "examples" in path.parts and one.suffix in (".py", ".md", ".yaml")
    }
    place = document(text, around, path.name)
    kind = place.analysis.kind
    counted = 0
    for one in symbols.occurrences(place.analysis.tree, kind, symbols.everywhere):
        assert place.source.text(one.span) == one.name
        outside = [target for target in one.targets if isinstance(target, Foreign)]
        if outside and outside[0].kind in ("module", "function", "policy") and not around:
            continue
        if one.name in ("somewhere.else", "run") and path.stem.startswith("silence"):
            continue
        counted += 1
        found = definition(place, one.span.start)
        assert found, one
        for target in found:
            if target.path == place.path and not one.defines:
                assert target.source.text(target.span) == one.name
                back = [
                    (place.path, one.span)
                    in [(two.path, two.span) for two in references(place, target.span.start, False)]
                ]
                assert back == [True], one
    assert counted


def test_half_typed_text_still_leads_somewhere() -> None:
    text = (
        "pipeline: p\nstages:\n  a:\n    routes:\n      - {when: outputs.re$0ply., to:\n  reply: {agent: x}\n  b: [\n"
    )
    assert [shown(one) for one in definition(*at_cursor(text))] == ["<reply>: {agent: x}"]


@pytest.mark.parametrize("path", sorted((REPOSITORY / "tests/data/diagnostics").glob("*")), ids=lambda path: path.name)
def test_no_offset_of_any_text_raises(path: Path) -> None:
    text = path.read_bytes().decode("utf-8", "replace")
    place = document(text, {}, "pointsman.toml" if path.suffix == ".toml" else path.name)
    for offset in range(0, len(place.source.data) + 1, 7):
        definition(place, offset)
        highlights(place, offset)
