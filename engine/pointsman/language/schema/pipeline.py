"""The keys at the top of a `*.pipeline.yaml`."""

from pointsman.language.schema.fields import (
    Anything,
    Choice,
    Either,
    Expression,
    Field,
    Integer,
    Many,
    Measure,
    Named,
    Of,
    Reference,
    Rendered,
    Schema,
    Section,
    Text,
    later,
)

PIPELINE = Section(
    "pipeline",
    "A pipeline",
    "One document of a `*.pipeline.yaml`; a file may hold several, and `file#name` names one.",
    (
        Field(
            "pipeline",
            Text(r"[^\s#]+", "a name without blanks, like support_triage"),
            "The name.",
            required=True,
            example="support_triage",
        ),
        Field("language", Integer(), "The version of this language: 1.", required=True, example="1"),
        Field("description", Text(), "What it is for, in a sentence."),
        Field("input", Schema(), "The JSON Schema of the input.", example="{type: object, required: [ticket]}"),
        Field(
            "output",
            Rendered(),
            "The run's result; without it, the outputs of all stages by name.",
            example='{answer: "${{ outputs.reply.text }}"}',
        ),
        Field("state", Named(Of("state"), "state key"), "Values that stages may change with `set`."),
        Field("agents", Named(Of("agent"), "agent"), "What does the work. Those of the workspace file are known too."),
        Field("tools", Named(Of("tool"), "tool"), "What agents may ask for."),
        Field("limits", Of("limits"), "How far a run may go. A limit N allows exactly N; one more ends the run."),
        Field("budget", Of("budget"), "What a run may spend."),
        Field("defaults", Of("defaults"), "For every stage that works with an agent and does not say otherwise."),
        Field(
            "policies",
            Many(Reference("policy")),
            "Policy files, relative to this one. They add to the workspace's.",
            [],
            example="[safety.policy.yaml]",
        ),
        Field("stages", Named(Of("stage"), "stage", 1), "The stages; the first is the entry.", required=True),
        later("triggers", "What starts a run by itself."),
    ),
)

STATE = Section(
    "state",
    "A key of `state`",
    "The JSON Schema of the value, its first value, and how writes are merged. All other keys belong to the schema.",
    (
        Field("default", Anything(), "The value before the first write."),
        Field(
            "merge",
            Either((Choice(("replace", "append", "merge")), Expression())),
            "How a write meets what is there; an expression sees both as `old` and `new`.",
            "replace",
            example="append",
        ),
    ),
    open=True,
)

LIMITS = Section(
    "limits",
    "`limits`",
    "How far a run may go. A limit N allows exactly N; one more ends the run with that limit as its reason.",
    (
        Field("iterations", Integer(), "How often the run may go back to a stage it has visited.", 100),
        Field("llm_calls", Integer(), "Calls of models.", 100),
        Field("tool_calls", Integer(), "Calls of tools.", 200),
        Field("hops", Integer(1), "Times a run goes from one stage to another.", 1000),
        Field("depth", Integer(1), "Pipelines inside of one another.", 5),
    ),
)

BUDGET = Section(
    "budget",
    "`budget`",
    "What a run may spend. There is no bound on what is left out.",
    (
        Field("tokens", Integer(), "Tokens of models, in and out.", example="50000"),
        Field("cost", Measure("money"), "Money for models.", example="1.00 usd"),
        Field("wall", Measure("duration", 1), "Time; it stands still while a person is asked.", example="5m"),
    ),
)

DEFAULTS = Section(
    "defaults",
    "`defaults`",
    "For every stage that works with an agent and does not say otherwise.",
    (
        Field("timeout", Measure("duration", 1), "How long one attempt may take.", example="30s"),
        Field("retry", Of("retry"), "How often a failed attempt is made again."),
    ),
)
