"""Files that a pipeline names: prompts, the replies of scripted models, policies."""

from collections.abc import Iterator

from pointsman.language import model
from pointsman.language.agents import SCRIPTED
from pointsman.language.checks.context import Context, Findings
from pointsman.language.diagnostics import Diagnostic
from pointsman.language.paths import normal
from pointsman.language.pipeline import Draft
from pointsman.language.source import Span


def unknown_file(context: Context) -> Findings:
    """A prompt or a script that is not there."""
    for draft in context.pipelines:
        for path, span, what in texts_of(draft):
            if missing(context, path):
                yield Diagnostic("unknown_file", span, f"there is no {what} {path}")


def unknown_policy_file(context: Context) -> Findings:
    """A policy that is not there: without it the run would be refused at its first decision."""
    for draft in context.pipelines:
        for policy in draft.pipeline.policies:
            if missing(context, policy.name):
                message = f"there is no policy file {policy.name}; paths are relative to this file"
                yield Diagnostic("unknown_policy_file", policy.span, message)


def texts_of(draft: Draft) -> Iterator[tuple[str, Span, str]]:
    """The prompt and script files of a pipeline's agents: path as written, place, what it is."""
    for agent in draft.pipeline.agents:
        match agent.target:
            case model.LlmTarget(model=name, model_span=span, prompt=prompt):
                if prompt:
                    yield prompt.name, prompt.span, "prompt file"
                if name.startswith(SCRIPTED):
                    yield name.removeprefix(SCRIPTED).strip(), span, "file of replies"
            case _:
                pass


def missing(context: Context, path: str) -> bool:
    """Whether a file was looked for and is not there; one nobody has looked for may be."""
    return context.files.texts.get(normal(path), b"") is None
