"""The keys of a `*.policy.yaml`."""

from pointsman.language.schema.fields import (
    Choice,
    Expression,
    Field,
    Integer,
    Many,
    Named,
    Of,
    Section,
    Text,
    later,
)

POINTS = ("agent.invoke", "output.accept")
LATER_POINTS = (
    "run.start",
    "stage.enter",
    "tool.call",
    "llm.call",
    "route.take",
    "interrupt.resolve",
    "run.end",
)

POLICY = Section(
    "policy",
    "A policy",
    "One document of a `*.policy.yaml`. A policy that can not be read denies everything: it fails closed.",
    (
        Field(
            "policy",
            Text(r"[^\s#]+", "a name without blanks, like report_guard"),
            "The name.",
            required=True,
            example="report_guard",
        ),
        Field("language", Integer(), "The version of this language: 1.", required=True, example="1"),
        Field("version", Integer(), "Your own count; every decision is stamped with it.", required=True, example="7"),
        Field(
            "default",
            Choice(("allow", "deny")),
            "The answer when no rule applies, at the points some rule names.",
            "allow",
        ),
        Field("rules", Many(Of("rule")), "The rules. Explicit deny beats flag, allow, and the default."),
        Field("reasons", Named(Text(), "reason", free=True), "The reasons rules may give, with a sentence for people."),
        Field("redact", Many(Of("redaction")), "What is hidden from people and logs."),
        later("grants", "Who may do what."),
    ),
)

RULE = Section(
    "rule",
    "A rule",
    "Applies when it names the point, all of `match` fits, `when` holds and `unless` does not.",
    (
        Field("id", Text(), "The rule's name, shown with every decision.", required=True, example="no_keys_in_reports"),
        Field(
            "at",
            Many(Choice(POINTS, LATER_POINTS), 1),
            "The points it speaks at.",
            required=True,
            example="[agent.invoke]",
        ),
        Field("match", Of("match"), "Globs on names; all must fit."),
        Field("when", Expression(), "The condition.", example="'args.body.matches(r\"AKIA[0-9A-Z]{16}\")'"),
        Field("unless", Expression(), "The exception."),
        Field("effect", Choice(("deny", "flag", "allow"), ("ask",)), "What it says.", required=True),
        Field("reason", Text(), "One of `reasons`.", "", example="secret_in_report"),
    ),
)

MATCH = Section(
    "match",
    "`match`",
    "Globs: `*` is any text, `?` one character. Quote a glob that starts with `*`.",
    (
        *(Field(name, Text(), f"The {name}'s name.") for name in ("pipeline", "stage", "agent", "model")),
        # Nothing sets them at the points of this version, and a rule that can never apply would fail open.
        *(later(name, f"The {name}'s name.") for name in ("tool", "tenant")),
    ),
)
