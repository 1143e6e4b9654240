"""THE table of keys: what may be written where. Everything that knows a key has it from here."""

from pointsman.language.schema import agents, pipeline, policy, shared, stage, workspace
from pointsman.language.schema.fields import (
    Anything,
    Boolean,
    Choice,
    Either,
    Expression,
    Field,
    Integer,
    Many,
    Measure,
    Mode,
    Named,
    Number,
    Of,
    Reference,
    Rendered,
    Schema,
    Section,
    Shape,
    Text,
)

__all__ = [
    "LANGUAGE",
    "ROOTS",
    "SECTIONS",
    "Anything",
    "Boolean",
    "Choice",
    "Either",
    "Expression",
    "Field",
    "Integer",
    "Many",
    "Measure",
    "Mode",
    "Named",
    "Number",
    "Of",
    "Reference",
    "Rendered",
    "Schema",
    "Section",
    "Shape",
    "Text",
]

LANGUAGE = 1
"""The version of the language that `language:` must name."""

SECTIONS: dict[str, Section] = {
    section.name: section
    for section in (
        pipeline.PIPELINE,
        pipeline.STATE,
        pipeline.LIMITS,
        pipeline.BUDGET,
        pipeline.DEFAULTS,
        stage.STAGE,
        stage.BRANCH,
        stage.ROUTE,
        stage.HANDLER,
        stage.JOIN,
        stage.COUNT,
        stage.ASK,
        agents.AGENT,
        agents.TOOL,
        agents.LLM,
        shared.RETRY,
        shared.PROGRAM_LIMITS,
        shared.REDACTION,
        policy.POLICY,
        policy.RULE,
        policy.MATCH,
        workspace.WORKSPACE,
    )
}

ROOTS: dict[str, str] = {"pipeline": "pipeline", "policy": "policy", "workspace": "workspace"}
"""The section a file of each kind starts with."""
