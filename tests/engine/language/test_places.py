"""What stands at a place: in valid and in half-typed text, in every style and nesting, at every offset."""

from random import Random

import pytest

from pointsman.language.analysis import Analysis, analyse
from pointsman.language.places import Place, place_at
from pointsman.language.source import Source

HEAD = "pipeline: a\nlanguage: 1\nstages:\n  a:\n"


def at_cursor(text: str, name: str = "a.pipeline.yaml") -> Place:
    before, found, after = text.partition("$0")
    assert found, "no $0 in the text"
    return place_at(analysed(before + after, name), len(before.encode()))


def analysed(text: str, name: str = "a.pipeline.yaml") -> Analysis:
    return analyse(Source.of(name, text))


def shown(place: Place) -> str:
    """A place on one line: how it stands, the path, the section, the key of the table, what is written there."""
    path = ".".join(map(str, place.path))
    section = place.section.name if place.section else "-"
    field = place.field.name if place.field else "-"
    return f"{place.standing} {path} {section} {field} [{place.analysis.source.text(place.span)}]"


# Below `HEAD`, in the stage a: the text, and what stands at its cursor.
IN_STAGE = [
    # Keys half typed and still to be typed.
    ("    agent: x\n    sta$0\n    next: end\n", "hole stages.a stage stages [sta]"),
    ("    sta$0\n    agent: x\n", "hole stages.a stage stages [sta]"),
    ("    sta$0\n", "hole stages.a stage stages [sta]"),
    ("    agent: x\n    sta$0", "hole stages.a stage stages [sta]"),
    ("    agent: x\n    st$0a # why\n", "hole stages.a stage stages [sta]"),
    ("    $0\n", "hole stages.a stage stages []"),
    ("    agent: x\n    $0", "hole stages.a stage stages []"),
    ("    agent: x\n    $0\n    next: end\n", "hole stages.a stage stages []"),
    ("    agent: x\n\n    # said\n    $0\n", "hole stages.a stage stages []"),
    ("    agent: x\n  b$0\n", "hole stages - stages [b]"),
    ("    agent: x\n$0\n", "hole  pipeline - []"),
    ("    ag$0ent: x\n", "key stages.a stage agent [agent]"),
    ("    agent$0: x\n", "key stages.a stage agent [agent]"),
    ('    "agent$0": x\n', 'key stages.a stage agent ["agent"]'),
    ("    $0: x\n    next: end\n", "key stages.a stage - []"),
    ("    nonsense$0: x\n", "key stages.a stage - [nonsense]"),
    ("    $0\n      - to: x\n", "hole stages.a stage stages []"),
    # Values.
    ("    agent:$0\n    next: end\n", "value stages.a.agent stage agent []"),
    ("    agent: $0\n    next: end\n", "value stages.a.agent stage agent []"),
    ("    agent:   $0\n", "value stages.a.agent stage agent []"),
    ("    agent: $0  # who\n", "value stages.a.agent stage agent []"),
    ("    agent: cl$0as\n", "value stages.a.agent stage agent [clas]"),
    ("    agent: &who cl$0\n", "value stages.a.agent stage agent [cl]"),
    ("    agent: 'cl$0'\n", "value stages.a.agent stage agent ['cl']"),
    ("    agent: \"cl$0\n    next: end\n", 'value stages.a.agent stage agent ["cl]'),
    ("    next:\n      en$0\n", "value stages.a.next stage next [en]"),
    ("    timeout: 3$0\n", "value stages.a.timeout stage timeout [3]"),
    # Lists.
    ("    routes:\n      - $0\n      - to: b\n", "hole stages.a.routes.0 route routes []"),
    ("    routes:\n      - to: b\n      - wh$0\n", "hole stages.a.routes.1 route routes [wh]"),
    ("    routes:\n      - to: b\n        $0\n", "hole stages.a.routes.0 route routes []"),
    ("    routes:\n      - to: b\n        $0\n        max: 3\n", "hole stages.a.routes.0 route routes []"),
    ("    routes:\n    - to: b\n    - to: c\n    - w$0\n", "hole stages.a.routes.2 route routes [w]"),
    ("    routes:\n    - to: b\n    $0\n", "hole stages.a stage stages []"),
    ("    routes:\n      $0\n", "hole stages.a.routes - routes []"),
    ("    routes:\n      - to: b\n      $0\n", "hole stages.a.routes - routes []"),
    ("    routes:\n      - {to: b}\n      - to: $0\n", "value stages.a.routes.1.to route to []"),
    ("    tags:\n      - x\n      - y$0\n", "value stages.a.tags.1 stage tags [y]"),
    ("    tags:\n      - x\n      - $0\n", "value stages.a.tags.1 stage tags []"),
    ("    retry:\n      on:\n      - $0\n", "value stages.a.retry.on.0 retry on []"),
    ("    on_error:\n      - to: $0\n", "value stages.a.on_error.0.to handler to []"),
    # Brackets.
    ("    routes:\n      - {when: x, $0}\n", "hole stages.a.routes.0 route routes []"),
    ("    routes:\n      - {when: x, t$0}\n", "hole stages.a.routes.0 route routes [t]"),
    ("    routes:\n      - {when: x, t$0\n    next: end\n", "hole stages.a.routes.0 route routes [t]"),
    ("    routes:\n      - {when: x, t$0: b}\n", "key stages.a.routes.0 route - [t]"),
    ("    routes:\n      - {$0}\n", "hole stages.a.routes.0 route routes []"),
    ("    routes:\n      - {to: $0, label: x}\n", "value stages.a.routes.0.to route to []"),
    ("    routes:\n      - {to:$0, label: x}\n", "value stages.a.routes.0.to route to []"),
    ("    routes: [{to: b}, {to: c$0}]\n", "value stages.a.routes.1.to route to [c]"),
    ("    routes: [{to: b}, $0]\n", "hole stages.a.routes.1 route routes []"),
    ("    routes: [{to: b}, $0\n", "hole stages.a.routes.1 route routes []"),
    ("    join: {optional: [$0]}\n", "value stages.a.join.optional.0 join optional []"),
    ("    join: {optional: [b, c$0]}\n", "value stages.a.join.optional.1 join optional [c]"),
    ("    with: {\n      b: 1,\n      c$0\n    }\n", "hole stages.a.with - with [c]"),
    ("    with: {b: 'x, y', c: \"{\", $0}\n", "hole stages.a.with - with []"),
    ("    routes:\n      - {when: size([1, 2]) > 0, $0}\n", "hole stages.a.routes.0 route routes []"),
    ('    routes:\n      - {when: x == "(", t$0}\n', "hole stages.a.routes.0 route routes [t]"),
    ("    with: {b: 1}$0\n", "nowhere stages.a.with stage with []"),
    # Deeper.
    ("    fork:\n      l: {agent: x}\n      r:\n        stages:\n          c:\n            $0\n    join: {wait: all}\n",
     "hole stages.a.fork.r.stages.c stage stages []"),
    ("    result:\n      type: object\n      pro$0\n", "hole stages.a.result - result [pro]"),
    ("    with:\n      te$0\n      b: 1\n", "hole stages.a.with - with [te]"),
    ("    with:\n      te$0: 1\n", "key stages.a.with - with [te]"),
    # What is not for keys and values.
    ("    # co$0\n", "comment stages.a pipeline stages []"),
    ("    agent: x # co$0\n", "comment stages.a.agent stage agent []"),
    ("    routes:\n      - {to: b} # co$0\n", "nowhere stages.a.routes.0 stage routes []"),
    ("    agent: x\n      $0\n", "text stages.a.agent stage agent [x\n      ]"),
    ("    agent: x\n   $0\n", "nowhere stages.a pipeline stages []"),
    ("    routes:\n      -$0\n", "nowhere stages.a.routes.0 stage routes []"),
    ("  $0  agent: x\n", "nowhere stages.a pipeline stages []"),
    ("    agent: *who$0\n", "text stages.a.agent stage agent [*who]"),
]  # fmt: skip

ALONE = [
    ("$0", "hole  pipeline - []"),
    ("pip$0", "hole  pipeline - [pip]"),
    ("\ufeffpi$0\nlanguage: 1\n", "hole  pipeline - [pi]"),
    ("pipeline: a\n\n$0", "hole  pipeline - []"),
    ("{pipeline: a, $0}", "hole  pipeline - []"),
    ("pipeline: a\n---\npipeline: b\n$0\nstages:\n", "hole  pipeline - []"),
    ("pipeline: a\n---\npipeline: b\nstages:\n  x: {ag$0}\n", "hole stages.x stage stages [ag]"),
    ("--- # one\npipe$0\n", "hole  pipeline - [pipe]"),
    ("pipeline: a\r\nstages:\r\n  a:\r\n    ag$0\r\n    next: end\r\n", "hole stages.a stage stages [ag]"),
    ("pipeline: a\r\nstages:\r\n  a:\r\n    $0\r\n    next: end\r\n", "hole stages.a stage stages []"),
    ("pipeline: a\r\nstages:\r\n  a:\r\n    agent: $0\r\n", "value stages.a.agent stage agent []"),
    ("stages:\n    a:\n        $0\n        agent: é\n", "hole stages.a stage stages []"),
    ("state:\n  n: {type: str$0}\n", "value state.n.type state state [str]"),
    ("# said\n  $0\npipeline: a\n", "nowhere  - - []"),
    ("# said\n  w$0\npipeline: a\n", "nowhere  - - []"),
    ("$0\n  type: object\nstages:\n", "hole  pipeline - []"),
    ("stages:\n  triage\n    ag$0\n", "hole stages.triage stage stages [ag]"),
]


@pytest.mark.parametrize(("text", "expected"), IN_STAGE, ids=[text for text, _ in IN_STAGE])
def test_in_a_stage(text: str, expected: str) -> None:
    assert shown(at_cursor(HEAD + text)) == expected


@pytest.mark.parametrize(("text", "expected"), ALONE, ids=[text for text, _ in ALONE])
def test_alone(text: str, expected: str) -> None:
    assert shown(at_cursor(text)) == expected


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("policy: a\nrules:\n  - id: x\n    at: [$0]\n", "a.policy.yaml", "value rules.0.at.0 rule at []"),
        ("policy: a\nrules:\n  - id: x\n    $0\n    at: []\n", "a.policy.yaml", "hole rules.0 rule rules []"),
        ("policy: a\nrules:\n- id: x\n- id: y\n  eff$0\n", "a.policy.yaml", "hole rules.1 rule rules [eff]"),
        ('[agents.b]\npyt$0hon = "c:d"\n', "pointsman.toml", "key agents.b agent python [python]"),
        ('python = "$0x"\n', "pointsman.toml", 'value python workspace python ["x"]'),
    ],
)
def test_other_files(text: str, name: str, expected: str) -> None:
    assert shown(at_cursor(text, name)) == expected


KEYS = [
    ("    agent: x\n    $0\n    next: end\n", {"agent", "next"}),
    ("    agent: x\n    ag$0: y\n", {"agent"}),
    ("    agent: x\n    question: |\n      next: y\n    $0\n", {"agent", "question"}),
    ("    routes:\n      - to: b\n        $0\n        max: 3\n", {"to", "max"}),
    ("    routes:\n      - {when: x, $0, max: 3}\n", {"when", "max"}),
    ("    routes:\n      - {when: x, with: {b: 1}, $0\n", {"when", "with"}),
    ("    retry: {on: [timeout], $0, max: 3s}\n", {"on", "max"}),
    ("  $0\n", set()),
]


@pytest.mark.parametrize(("text", "keys"), KEYS, ids=[text for text, _ in KEYS])
def test_the_keys_beside(text: str, keys: set[str]) -> None:
    assert at_cursor(HEAD + text).keys == keys


EXPRESSIONS = [
    ("    when: $0\n", "|"),
    ("    when: a == $0\n", "a == |"),
    ("    when: a.$0b\n", "a.|b"),
    ("    when: 'it''s.$0'\n", "it's.|"),
    ('    when: "a == \\"$0b\\""\n', 'a == "|b"'),
    ('    when: "outputs.$0\n    next: end\n', "outputs.|"),
    ('    when: "a" in o$0\n    next: end\n', '"a" in o|'),
    ("    when: !x.o$0\n", "!x.o|"),
    ("    when: >-\n      a &&\n      b$0\n    next: end\n", "a && b|"),
    ("    when: >-\n      a &&\n      $0\n    next: end\n", "a &&\n|"),
    ("    when: a &&\n      b$0\n", "a && b|"),
    ("    routes:\n      - {when: outputs.$0, to: b}\n", "outputs.|"),
    ("    routes:\n      - {when: size(outputs.$0, to: b}\n", "size(outputs.|"),
    ("    with:\n      t: ${{ $0\n", " |"),
    ("    with:\n      t: ${{ outputs.$0 }} and ${{ b }}\n", " outputs.| "),
    ("    with:\n      t: a ${{ b }} c ${{ d$0 }}\n", " d| "),
    ('    with:\n      t: "${{ outputs.$0\n    next: end\n', " outputs.|"),
    ("    with: {t: ${{ outputs.$0 }}}\n", " outputs.| "),
    ("    with: {t: '${{ outputs.$0'}\n", " outputs.|"),
    ("    ask:\n      question: |\n        Hi ${{ input.é$0 }} yes\n", " input.é| "),
    ("    ask:\n      question: |-2\n          Hi\n        ${{ input.$0\n", " input.|"),
    ("    with:\n      t: a ${{ b }} $0c\n", None),
    ("    with:\n      t: $${{ b$0 }}\n", None),
    ("    description: ${{ b$0 }}\n", None),
    ("    agent: x$0\n", None),
]


@pytest.mark.parametrize(("text", "expected"), EXPRESSIONS, ids=[text for text, _ in EXPRESSIONS])
def test_expressions(text: str, expected: str | None) -> None:
    place = at_cursor(HEAD + text)
    found = place.embedded
    if found is None:
        assert expected is None
        return
    assert f"{found.text[: found.cursor]}|{found.text[found.cursor :]}".rstrip("\n") == expected
    assert found.where.to_source(found.offset + found.cursor) == place.offset
    assert found.template == ("${{" in text)


def test_every_offset_of_any_text_has_a_place() -> None:
    random = Random(5)
    signs = [
        "- ",
        ": ",
        "{",
        "}",
        "[",
        "]",
        "'",
        '"',
        "\n",
        "\r\n",
        "  ",
        "#",
        "|\n",
        "${{ ",
        "}}",
        "&a ",
        "*a",
        "? ",
        "é",
    ]
    base = HEAD + "    agent: x\n    with: {a: 1, b: [2, 'c']}\n    routes:\n      - to: b # c\n    when: >-\n      x\n"
    for _ in range(60):
        text = base
        for _ in range(random.randrange(1, 6)):
            at = random.randrange(len(text))
            text = text[:at] + random.choice(signs) + text[at + random.choice((0, 0, 1, 5)) :]
        analysis = analysed(text)
        for offset in range(0, len(analysis.source.data) + 3, 2):
            place = place_at(analysis, offset)
            assert place.embedded is None or place.standing == "value"
            assert 0 <= place.span.start <= place.span.end <= len(analysis.source.data)
            assert place.standing not in ("key", "hole") or place.span.start <= place.offset <= place.span.end
