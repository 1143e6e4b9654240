"""Sections that pipelines and other files share: limits of a program, retries, redaction."""

from pointsman.language.schema.fields import Choice, Field, Integer, Many, Measure, Number, Section, Text

RETRY = Section(
    "retry",
    "`retry`",
    "How often a failed attempt is made again, and how long to wait before it. Keys left out come from `defaults`.",
    (
        Field("attempts", Integer(1), "How many attempts there are at most, the first included.", 1, example="3"),
        Field("backoff", Measure("duration"), "How long to wait before the second attempt.", "1s", example="1s"),
        Field("factor", Number(1), "What the wait is multiplied by after each attempt.", 2, example="2"),
        Field("max", Measure("duration"), "The longest wait between two attempts.", "60s", example="60s"),
        Field(
            "on",
            Many(Choice(("transient", "timeout", "agent", "contract", "lost", "expression", "policy", "internal"))),
            "The error classes that are worth another attempt.",
            ["transient", "timeout"],
            example="[transient, timeout]",
        ),
    ),
)

PROGRAM_LIMITS = Section(
    "program_limits",
    "`limits` of a command",
    "What one call of a program may use.",
    (
        Field("wall", Measure("duration", 1), "How long it may run before it is killed.", example="1m"),
        Field("memory", Measure("size", 1), "How much memory it may use.", example="256MiB"),
    ),
)

REDACTION = Section(
    "redaction",
    "`redact`",
    "What people and logs are shown as `•••`. The journal keeps the true values.",
    (
        Field(
            "path", Text(), "Where the value stands in the envelope; `*` is any one name.", example="outputs.*.email"
        ),
        Field("pattern", Text(), "A pattern (RE2) of text to hide wherever it stands.", example='"sk-[A-Za-z0-9]+"'),
    ),
    kinds=("path", "pattern"),
)
