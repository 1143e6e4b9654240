"""The keys of `pointsman.toml`."""

from pointsman.language.schema.fields import Anything, Choice, Field, Many, Named, Of, Reference, Section, Text

WORKSPACE = Section(
    "workspace",
    "The workspace file",
    "`pointsman.toml` at the workspace's root. Paths are relative to it.",
    (
        Field(
            "python",
            Text(),
            "The interpreter of the workers; else the active environment, `.venv`, PATH.",
            example='".venv/bin/python"',
        ),
        Field("env", Many(Text()), "Environment variables that `env()` may read.", [], example='["REGION"]'),
        Field(
            "policies",
            Many(Reference("policy")),
            "Policy files that apply to every pipeline.",
            [],
            example='["safety.policy.yaml"]',
        ),
        Field("redact", Many(Of("redaction")), "What is hidden from people and logs."),
        Field(
            "durability",
            Choice(("normal", "full")),
            "Whether a journal entry survives a power loss (`full`).",
            "normal",
        ),
        Field("agents", Named(Of("agent"), "agent"), "Agents that every pipeline may use."),
        Field("tools", Named(Of("tool"), "tool"), "Tools that every agent may be given."),
        Field("lists", Named(Anything(), "list"), "Values that policies see as `workspace.<name>`."),
        Field(
            "roots",
            Many(Text()),
            "Folders that agents' Python is imported from, besides the pipeline's and the root.",
            [],
            example='["src"]',
        ),
    ),
)
