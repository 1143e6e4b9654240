"""Sites: what a breakpoint binds to. `$0` is where it is put, `«»` what it gets, and what that is comes first."""

import pytest

from pointsman.debugger.sites import rule_sites, site_at, sites_of
from pointsman.kernel.instructions import Program
from pointsman.language.source import Source
from pointsman.testing import program

HEAD = """\
pipeline: p
language: 1
state: {k: {type: integer, default: 0}}
agents: {a: {python: "m:f"}}
stages:
"""

ON_A_LINE = [
    # A line means the stage or the route that starts on it, ...
    ("stage one", "  $0«one»: {agent: a}\n"),
    ("stage one", "  «one»:$0\n    agent: a\n"),
    # ... else the one it lies in, ...
    ("stage one", "  «one»:\n    $0agent: a\n    next: end\n"),
    ("route one → end", "  one:\n    agent: a\n    routes:\n      - «{$0to: end}»\n"),
    ("stage one", "  «one»:\n    agent: a\n    $0routes:\n      - {to: end}\n"),
    ("stage l", "  one:\n    fork:\n      x:\n        stages:\n          «l»:\n            $0agent: a\n"),
    ("stage x", "  one:\n    fork:\n      «x»:\n        $0agent: a\n      y: {agent: a}\n"),
    ("stage one", "  «one»:\n    fork$0:\n      x: {agent: a}\n"),
    # ... else the next one below.
    ("stage two", "  one: {agent: a}\n$0\n  # and then\n  «two»: {agent: a}\n"),
    # Above the first stage there is nothing to stop at, and below the last one neither.
    ("", "  one: {agent: a}\n\n$0\n"),
]
AT_A_COLUMN = [
    ("stage one", "  «o$0ne»: {agent: a, next: end}\n"),
    ("agent of one", "  one: {agent: «$0a», next: end}\n"),
    ("route of one", "  one: {agent: a, next: «e$0nd»}\n"),
    ("set of one", "  one: {set: {«$0k»: 1}}\n"),
    (
        "route one → two (big)",
        "  one: {agent: a, routes: [«{$0to: two, label: big}», {to: end}]}\n  two: {set: {k: 1}}\n",
    ),
    ("route one → end", "  one: {agent: a, on_error: [«{to: $0end}»]}\n"),
    ("stage two", "  one: {agent: a, description: 🚂}\n  «t$0wo»: {agent: a}\n"),
]


def _marked(text: str) -> tuple[Program, int, tuple[int, int] | None]:
    """The program of a text without its marks, the place, and the marked range."""
    whole = HEAD + text
    bare = whole.replace("«", "").replace("»", "").replace("$0", "")
    place = len(whole[: whole.index("$0")].replace("«", "").replace("»", "").encode())
    if "«" not in whole:
        return program(bare), place, None
    start = whole[: whole.index("«")].replace("$0", "")
    end = whole[: whole.index("»")].replace("«", "").replace("$0", "")
    return program(bare), place, (len(start.encode()), len(end.encode()))


@pytest.mark.parametrize(("what", "text"), ON_A_LINE)
def test_a_line_means_a_stage(what: str, text: str) -> None:
    made, place, marked = _marked(text)
    found = site_at(sites_of(made), made.source, made.source.line_at(place))
    assert (found.what if found else "") == what
    assert (found and (found.span.start, found.span.end)) == marked


def test_above_the_first_stage_is_nothing() -> None:
    made = program(HEAD + "  one: {agent: a}\n")
    assert [site_at(sites_of(made), made.source, line) for line in range(5)] == [None] * 5
    assert site_at(sites_of(made), made.source, 999) is None


@pytest.mark.parametrize(("what", "text"), AT_A_COLUMN)
def test_a_column_means_a_part_or_a_route(what: str, text: str) -> None:
    made, place, marked = _marked(text)
    found = site_at(sites_of(made), made.source, made.source.line_at(place), place)
    assert found is not None
    assert (found.what, (found.span.start, found.span.end)) == (what, marked)


def test_every_site_is_found_where_it_stands() -> None:
    fork = "  two: {fork: {x: {agent: a}, y: {set: {k: 2}}}, next: end}\n"
    made = program(HEAD + "  one: {agent: a, routes: [{to: two}]}\n" + fork)
    sites = sites_of(made)
    assert [site.what for site in sites] == [
        "stage one",
        "agent of one",
        "route one → two",
        "stage two",
        "fork of two",
        "stage x",
        "agent of x",
        "stage y",
        "set of y",
        "route of two",
    ]
    for site in sites:
        line = made.source.line_at(site.span.start)
        found = site_at(sites, made.source, line, site.span.start)
        assert found is not None
        assert found.span.start == site.span.start


def test_an_aliased_stage_is_one_site_for_all_that_it_becomes() -> None:
    text = "  one: {fork: {x: &again {agent: a}, y: *again}}\n"
    sites = [site for site in sites_of(program(HEAD + text)) if site.what.startswith("stage")]
    assert {site.what: site.stages for site in sites} == {
        "stage one": ("one",),
        "stage x": ("one.x",),
        "stage y": ("one.y",),
    }
    agents = {site.span for site in sites_of(program(HEAD + text)) if site.what.startswith("agent")}
    assert len(agents) == 1


def test_rules_of_a_policy_are_sites_too() -> None:
    rule = "  - {id: r, at: [agent.invoke], effect: deny, reason: no}\n"
    text = f"policy: p\nlanguage: 1\nversion: 1\nrules:\n{rule}reasons: {{no: No.}}\n"
    source = Source.of("p.policy.yaml", text)
    sites = rule_sites(source)
    assert [(site.what, site.rule) for site in sites] == [("rule r", "p/r")]
    assert site_at(sites, source, 4) == sites[0]
    assert site_at(sites, source, 1) is None
