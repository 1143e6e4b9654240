"""Files that a pipeline names: prompts, the replies of scripted models, policies."""

from collections.abc import Iterator

from pointsman.language import model
from pointsman.language.agents import SCRIPTED
from pointsman.language.checks.context import Context, Findings
from pointsman.language.diagnostics import Diagnostic
from pointsman.language.paths import normal
from pointsman.language.pipeline import Draft
from pointsman.language.source import Source, Span
from pointsman.language.syntax import parse
from pointsman.language.tree import AliasBudget, plain

_REPLIES = "file of replies"
_ANSWERS = ("text", "json", "tool_calls", "error")


def unknown_file(context: Context) -> Findings:
    """A prompt or a script that is not there."""
    for draft in context.pipelines:
        for path, span, what in texts_of(draft):
            if missing(context, path):
                yield Diagnostic("unknown_file", span, f"there is no {what} {path}")


def bad_script(context: Context) -> Findings:
    """A file of replies that a scripted model can not answer from; reported where the pipeline names it."""
    for draft in context.pipelines:
        for path, span, what in texts_of(draft):
            data = context.files.texts.get(normal(path)) if what == _REPLIES else None
            flaw = None if data is None else _script_flaw(Source(path, data))
            if flaw:
                yield Diagnostic("bad_script", span, f"in {path}{flaw}")


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
                    yield name.removeprefix(SCRIPTED).strip(), span, _REPLIES
            case _:
                pass


def missing(context: Context, path: str) -> bool:
    """Whether a file was looked for and is not there; one nobody has looked for may be."""
    return context.files.texts.get(normal(path), b"") is None


def _script_flaw(source: Source) -> str | None:
    """The first thing that is wrong with a file of replies, ready to append to its name."""
    tree = parse(source)
    if tree.diagnostics:
        first = min(tree.diagnostics, key=lambda one: one.span)
        return f", line {source.position(first.span.start)[0]}: {first.message}"
    try:
        content = plain(tree.documents[0].root)
    except AliasBudget as error:
        return f": {error}"
    replies = content.get("replies") if isinstance(content, dict) else content
    if not isinstance(replies, list):
        return ": expected a list of replies, or a mapping with a list `replies`"
    for number, reply in enumerate(replies, 1):
        if not isinstance(reply, dict) or reply.keys().isdisjoint(_ANSWERS):
            return f": reply {number} has none of `text`, `json`, `tool_calls` and `error`"
    return None
