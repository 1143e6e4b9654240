"""Files that a pipeline names: prompts, the replies of scripted models, policies."""

from collections.abc import Callable, Iterable, Iterator

from pointsman.language import model
from pointsman.language.agents import SCRIPTED
from pointsman.language.checks.context import Environment, Findings
from pointsman.language.contents import Content, Unit
from pointsman.language.diagnostics import Diagnostic
from pointsman.language.source import Source, Span
from pointsman.language.syntax import parse
from pointsman.language.tree import AliasBudget, plain

_REPLIES = "file of replies"
_ANSWERS = ("text", "json", "tool_calls", "error")


def unknown_file(unit: Unit, env: Environment) -> Findings:
    """A prompt or a script that is not there."""
    for path, span, what in texts_of(unit.content):
        if env.missing(path):
            yield Diagnostic("unknown_file", span, f"there is no {what} {path}")


def bad_script(unit: Unit, env: Environment) -> Findings:
    """A file of replies that a scripted model can not answer from; reported where the pipeline names it."""
    for path, span, what in texts_of(unit.content):
        data = env.text(path) if what == _REPLIES else None
        flaw = None if data is None else _script_flaw(Source(path, data))
        if flaw:
            yield Diagnostic("bad_script", span, f"in {path}{flaw}")


def unknown_policy_file(unit: Unit, env: Environment) -> Findings:
    """A policy that is not there: without it the run would be refused at its first decision."""
    yield from missing_policies(unit.content.policies, env.missing)


def missing_policies(policies: Iterable[model.Name], missing: Callable[[str], bool]) -> Findings:
    """Those of the policies named that are not there."""
    for policy in policies:
        if missing(policy.name):
            message = f"there is no policy file {policy.name}; paths are relative to this file"
            yield Diagnostic("unknown_policy_file", policy.span, message)


def texts_of(content: Content) -> Iterator[tuple[str, Span, str]]:
    """The prompt and script files of agents: path as written, place, what it is."""
    for agent in content.agents:
        match agent.target:
            case model.LlmTarget(model=name, model_span=span, prompt=prompt):
                if prompt:
                    yield prompt.name, prompt.span, "prompt file"
                if name.startswith(SCRIPTED):
                    yield name.removeprefix(SCRIPTED).strip(), span, _REPLIES
            case _:
                pass


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
