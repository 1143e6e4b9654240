"""The keys of a stage, its routes, its questions, and its branches."""

from pointsman.language.schema.fields import (
    Boolean,
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

_KINDS = (
    Field("agent", Reference("agent"), "The agent that does this stage's work.", example="classify"),
    Field("ask", Of("ask"), "A question to a person; the run waits for the answer."),
    Field(
        "fork",
        Named(Of("branch"), "branch", 1),
        "Branches that run side by side. The output is a mapping of branch name to the branch's output.",
    ),
    Field(
        "set",
        Named(Rendered(), "state key", 1),
        "Values to write into the run's `state`.",
        example='{notes: ["${{ outputs.triage.intent }}"]}',
    ),
    later("pipeline", "Another pipeline, run as a stage."),
    later("wait", "A pause: for a time, until a moment, or for an event."),
)

_MODIFIERS = (
    Field(
        "with",
        Rendered("mapping"),
        "The arguments, by name. Conditions of this stage see them as `args`.",
        {},
        example='{text: "${{ input.ticket }}"}',
    ),
    Field(
        "result",
        Schema(),
        "The contract: a JSON Schema that the result must meet.",
        example="{type: object, required: [intent]}",
    ),
    Field(
        "when",
        Expression(),
        "Run this stage only if so; else it is skipped, has no output, and the run goes to `next`.",
    ),
    Field("routes", Many(Of("route"), 1), "Where to go next: the first route that matches."),
    Field(
        "next",
        Reference("target"),
        "Where to go without routes, or when no route matches. The stage below, if left out.",
        example="end",
    ),
    Field(
        "on_error",
        Either((Reference("target"), Many(Of("handler"), 1))),
        "Where to go when the stage has failed: a target, or a list like `routes` that sees `error`.",
        example='[{when: error.code == "expired", to: reply}, {to: fail}]',
    ),
    Field("timeout", Measure("duration", 1), "How long one attempt may take.", example="30s"),
    Field("retry", Of("retry"), "How often a failed attempt is made again."),
    Field("max_visits", Integer(1), "How often a run may enter this stage; the next time ends the run.", example="3"),
    Field(
        "idempotency_key",
        Rendered("text"),
        "The same for every attempt that must not happen twice; one is made if left out.",
    ),
    Field("description", Text(), "What this stage is for, in a sentence."),
    Field("tags", Many(Text()), "Words to find it by.", [], example="[billing]"),
    Field("join", Of("join"), "When the fork is done.", only="fork"),
    later("for_each", "Run the stage once for each item of a list."),
    later("as", "The name of the item under `for_each`."),
    later("parallel", "How many items run side by side."),
    later("on_item_error", "Whether one failed item fails the stage."),
    later("deadline", "How long the stage may take with all its attempts."),
    later("compensate", "What to do on cancel or failure to make it undone."),
    later("while", "Repeat while a condition holds."),
    later("sync", "Meet other branches here."),
    later("locks", "What no other run may hold meanwhile."),
    later("router", "An agent that chooses the route."),
)

_ROUTES = (
    Field("to", Reference("target"), "A stage of the same block, `end` or `fail`.", required=True, example="reply"),
    Field(
        "when", Expression(), "The condition. A route without one always matches.", example='result.intent == "refund"'
    ),
    Field("label", Text(), "A word for this route in traces and pictures.", "", example="refund"),
    Field("max", Integer(1), "How often this route is taken at most; then the next one is tried.", example="3"),
    Field("on_max", Reference("target"), "Where to go instead once `max` is reached.", example="end"),
)

KIND_NAMES = tuple(one.name for one in _KINDS)

STAGE = Section(
    "stage",
    "A stage",
    "A named step of a pipeline. It has one kind (`agent`, `ask`, `fork`, `set`), or only `routes`: then it is a gate.",
    (*_KINDS, *_MODIFIERS),
    kinds=KIND_NAMES,
    excused="routes",
)

BRANCH = Section(
    "branch",
    "A branch of a fork",
    "One stage, or a block of `stages` with an `output`. Names inside are local; outer outputs are seen.",
    (
        *_KINDS,
        Field("stages", Named(Of("stage"), "stage", 1), "The stages of this branch; the first is the entry."),
        Field(
            "output",
            Rendered(),
            "What the branch gives; without it, the outputs of its stages by name.",
            only="stages",
        ),
        *_MODIFIERS,
    ),
    kinds=(*KIND_NAMES, "stages"),
)

ROUTE = Section("route", "A route", "One way on. The first that matches is taken.", _ROUTES)
HANDLER = Section("handler", "An error route", "One way on after a failure; `when` sees `error`.", _ROUTES[:3])

JOIN = Section(
    "join",
    "`join`",
    "When a fork is done.",
    (
        Field(
            "wait", Either((Choice(("all",), ("first", "majority")), Of("count"))), "Which branches to wait for.", "all"
        ),
        Field("optional", Many(Reference("branch")), "Branches that may fail.", [], example="[lint]"),
        Field(
            "fail_fast", Boolean(), "Whether the first failure of a branch that is not optional ends the others.", False
        ),
        later("timeout", "How long to wait for the branches."),
    ),
)
COUNT = Section("count", "`join.wait` by number", "How many branches to wait for.", (later("count", "How many."),))

ASK = Section(
    "ask",
    "`ask`",
    "A question to a person. A confirmation gives `{approved, by, at}`, a clarification `{text, by, at}`, a review "
    "`{answer, by, at}`.",
    (
        Field("kind", Choice(("confirmation", "clarification", "review")), "What is asked for.", required=True),
        Field(
            "question", Rendered("text"), "The question, as the person reads it.", required=True, example='"Refund?"'
        ),
        Field("assignee", Rendered("text"), "Who is asked.", "", example='"role:lead"'),
        Field(
            "expires",
            Measure("duration", 1),
            "How long an answer is waited for; then the stage fails as `expired`.",
            example="1h",
        ),
        Field("answer", Schema(), "The JSON Schema of a review's answer."),
    ),
)
