"""Names in expressions: what is in scope where, and which fields certainly are not there.

Unknown in a closed set is an error; in an open one, silence, or a warning when it is nearly a known name. A name whose
absence the expression guards against (`has`, `.?`, `orValue`) is never a finding.
"""

from collections.abc import Iterable, Iterator

from pointsman.language import model
from pointsman.language.checks.context import Context, Findings, blocks, stages
from pointsman.language.checks.sites import EVERYWHERE, Site, Stages, by_name, pipeline_sites, policy_sites
from pointsman.language.diagnostics import Diagnostic, Fix, Severity, did_you_mean, nearest
from pointsman.language.expressions import Reference, Segment, parse_template, references
from pointsman.language.paths import normal
from pointsman.language.pipeline import Draft
from pointsman.language.source import Span

ERROR_FIELDS = ("class", "code", "message", "stage", "attempt")
ANSWERS = {
    "confirmation": ("approved", "by", "at"),
    "clarification": ("text", "by", "at"),
    "review": ("answer", "by", "at"),
}

# segment, message, names that would do, severity
Flaw = tuple[Segment, str, tuple[str, ...], Severity]


def unknown_name(context: Context) -> Findings:
    """A name that is not in scope at its place, or a field that what it names certainly has not."""
    for draft in context.pipelines:
        for site in pipeline_sites(draft):
            for reference in site.references:
                flaw = _root(reference, site.roots) or _field(reference, site.stages, site.stage, draft)
                if flaw:
                    yield _shown(site, flaw)
        yield from _state_keys(draft)
    for site in policy_sites(context):
        for reference in site.references:
            flaw = _root(reference, site.roots)
            if flaw:
                yield _shown(site, flaw)


def prompt_unknown_name(context: Context) -> Findings:
    """A name in a prompt file that is not in scope there; reported where the pipeline names the prompt."""
    for draft in context.pipelines:
        everyone = tuple(stages(draft))
        known = by_name(everyone)
        for agent in draft.pipeline.agents:
            prompt = agent.target.prompt if isinstance(agent.target, model.LlmTarget) else None
            data = context.files.texts.get(normal(prompt.name)) if prompt else None
            if prompt is None or data is None:
                continue
            text = data.decode("utf-8", "replace")
            template = parse_template(text)
            for problem in template.problems:
                message = f"in {prompt.name}, line {_line(text, problem.start)}: {problem.message}"
                yield Diagnostic(problem.code, prompt.span, message)
            given = _given(agent.name, everyone)
            for hole in template.holes:
                for reference in references(hole.expr):
                    flaw = _root(reference, EVERYWHERE | {"args"}) or _field(reference, known, None, draft)
                    flaw = flaw or _argument(reference, given)
                    if flaw:
                        line = _line(text, hole.offset + flaw[0].start)
                        message = f"in {prompt.name}, line {line}: {flaw[1]}"
                        yield Diagnostic("prompt_unknown_name", prompt.span, message, flaw[3])


def _root(reference: Reference, roots: frozenset[str]) -> Flaw | None:
    segment = reference.segments[0]
    if not segment.name or segment.name in roots or segment.guarded:
        return None
    known = tuple(sorted(roots))
    if segment.name == "result" and "principal" in roots:
        return segment, "`result` is known at output.accept only", (), Severity.ERROR
    elsewhere = {
        "args": "`args` is known in routes, `on_error` and questions, not here",
        "result": "`result` is known in this stage's routes, not here",
        "error": "`error` is known in `on_error`, not here",
    }
    if segment.name in elsewhere:
        return segment, elsewhere[segment.name], (), Severity.ERROR
    return segment, f"nothing is called {segment.name} here{did_you_mean(segment.name, known)}", known, Severity.ERROR


def _field(reference: Reference, stages: Stages | None, stage: model.Stage | None, draft: Draft) -> Flaw | None:
    """The first field of a chain that certainly is not there."""
    path, segments = reference.path, reference.segments
    if len(path) < 2 or not path[1] or segments[1].guarded:
        return None
    match path[0]:
        case "outputs" if stages is not None:
            return _output(reference, stages)
        case "state":
            known = tuple(key.name for key in draft.pipeline.state)
            broken = "state" in draft.found.entries and draft.found.get("state") is None
            if path[1] in known or broken:
                return None
            return segments[1], f"`state` has no key {path[1]}{did_you_mean(path[1], known)}", known, Severity.ERROR
        case "input":
            return _input(segments[1], draft)
        case "error":
            return _one_of(segments[1], ERROR_FIELDS, "`error`")
        case "result" if stage and stage.ask and not stage.result:
            return _one_of(segments[1], ANSWERS.get(stage.ask.what, ()), f"the answer to a {stage.ask.what}")
        case "result" if stage and stage.fork and not stage.result:
            names = tuple(branch.name for branch in stage.fork.branches)
            return _one_of(segments[1], names, "the result of this fork")
        case _:
            return None


def _output(reference: Reference, stages: Stages) -> Flaw | None:
    path, segments = reference.path, reference.segments
    if path[1] not in stages:
        known = tuple(stages)
        return segments[1], f"there is no stage {path[1]} here{did_you_mean(path[1], known)}", known, Severity.ERROR
    # Where an inner stage hides an outer one, either may be meant before the inner one has run.
    named = stages[path[1]]
    if len(path) < 3 or not path[2] or segments[2].guarded or len(named) > 1 or named[0].result:
        return None
    stage = named[0]
    if stage.ask:
        return _one_of(segments[2], ANSWERS.get(stage.ask.what, ()), f"the answer to {stage.name}")
    if stage.fork:
        return _one_of(segments[2], tuple(branch.name for branch in stage.fork.branches), f"the fork {stage.name}")
    return None


def _input(segment: Segment, draft: Draft) -> Flaw | None:
    schema = draft.pipeline.input
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(schema, dict) or not isinstance(properties, dict) or segment.name in properties:
        return None
    # Other keywords may bring fields of their own.
    if not set(schema).isdisjoint({"$ref", "allOf", "anyOf", "oneOf", "if", "patternProperties"}):
        return None
    known = tuple(str(name) for name in properties)
    message = f"the input has no field {segment.name}{did_you_mean(segment.name, known)}"
    if schema.get("additionalProperties") is False:
        return segment, message, known, Severity.ERROR
    if nearest(segment.name, known) and segment.name not in schema.get("required", ()):
        return segment, message, known, Severity.WARNING
    return None


def _one_of(segment: Segment, known: tuple[str, ...], what: str) -> Flaw | None:
    if not known or segment.name in known or segment.guarded:
        return None
    return segment, f"{what} has no field {segment.name}{did_you_mean(segment.name, known)}", known, Severity.ERROR


def _argument(reference: Reference, given: frozenset[str] | None) -> Flaw | None:
    """A field of `args` that no stage with this agent gives."""
    path, segments = reference.path, reference.segments
    if given is None or path[0] != "args" or len(path) < 2 or not path[1] or segments[1].guarded or path[1] in given:
        return None
    known = tuple(sorted(given))
    message = f"no stage gives {path[1]} in `with`{did_you_mean(path[1], known)}"
    return segments[1], message, known, Severity.ERROR


def _given(agent: str, stages: tuple[model.Stage, ...]) -> frozenset[str] | None:
    """All arguments that stages give an agent; None when no stage uses it."""
    names: set[str] = set()
    using = [stage for stage in stages if stage.agent and stage.agent.name == agent]
    for stage in using:
        match stage.args:
            case model.Fields(fields):
                names |= {name for name, _ in fields}
            case model.Fixed(dict() as values):
                names |= set(values)
            case _:
                return None
    return frozenset(names) if using else None


def _state_keys(draft: Draft) -> Iterator[Diagnostic]:
    """Keys that `set` writes and `state` does not declare."""
    if "state" in draft.found.entries and draft.found.get("state") is None:
        return
    known = tuple(key.name for key in draft.pipeline.state)
    for block, _ in blocks(draft):
        for stage in block.stages:
            for name, _ in stage.set:
                if name.name not in known:
                    message = f"`state` has no key {name.name}{did_you_mean(name.name, known)}"
                    yield _finding(name.span, name.name, message, known, Severity.ERROR)


def _shown(site: Site, flaw: Flaw) -> Diagnostic:
    segment, message, known, severity = flaw
    span = site.map.span(site.offset + segment.start, site.offset + segment.end)
    return _finding(span, segment.name, message, known, severity)


def _finding(span: Span, name: str, message: str, known: Iterable[str], severity: Severity) -> Diagnostic:
    near = nearest(name, known)
    # The name may stand in quotes, as in outputs["x"]; only a bare one is simply replaced.
    bare = span.end - span.start == len(name.encode())
    return Diagnostic(
        "unknown_name", span, message, severity, Fix(f"Change to {near}", span, near) if near and bare else None
    )


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1
