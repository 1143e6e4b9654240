"""Names in expressions: what is in scope where, and which fields certainly are not there.

Unknown in a closed set is an error; in an open one, silence, or a warning when it is nearly a known name. A name whose
absence the expression guards against (`has`, `.?`, `orValue`) is never a finding.
"""

from collections.abc import Iterable

from pointsman.language import model
from pointsman.language.checks.context import Environment, Findings
from pointsman.language.checks.sites import EVERYWHERE, Around, Site, sites
from pointsman.language.contents import Stages, Unit
from pointsman.language.diagnostics import Diagnostic, Fix, Severity, did_you_mean, nearest
from pointsman.language.expressions import Reference, Segment, parse_template, references
from pointsman.language.source import Span

ERROR_FIELDS = ("class", "code", "message", "stage", "attempt")
ANSWERS = {
    "confirmation": ("approved", "by", "at"),
    "clarification": ("text", "by", "at"),
    "review": ("answer", "by", "at"),
}

# segment, message, names that would do, severity
Flaw = tuple[Segment, str, tuple[str, ...], Severity]


def unknown_name(unit: Unit, env: Environment) -> Findings:
    """A name that is not in scope at its place, or a field that what it names certainly has not."""
    for site in sites(unit.content):
        for reference in site.references:
            flaw = _root(reference, site.roots) or _field(reference, site.around, site.seen, site.stage, env)
            if flaw:
                yield _shown(site, flaw)
    for step in unit.content.steps:
        for name, _ in step.stage.set:
            if not env.has_state(name.name):
                known = env.state_names()
                message = f"`state` has no key {name.name}{did_you_mean(name.name, known)}"
                # Two values for one key are none: one that is set here already is no fix.
                set_here = any(other.name == nearest(name.name, known) for other, _ in step.stage.set)
                yield _finding(name.span, name.name, message, () if set_here else known, Severity.ERROR)


def prompt_unknown_name(unit: Unit, env: Environment) -> Findings:
    """A name in a prompt file that is not in scope there; reported where the pipeline names the prompt."""
    for agent in unit.content.agents:
        prompt = agent.target.prompt if isinstance(agent.target, model.LlmTarget) else None
        data = env.text(prompt.name) if prompt else None
        if prompt is None or data is None:
            continue
        text = data.decode("utf-8", "replace")
        template = parse_template(text)
        for problem in template.problems:
            message = f"in {prompt.name}, line {_line(text, problem.start)}: {problem.message}"
            yield Diagnostic(problem.code, prompt.span, message)
        given = env.given(agent.name)
        for hole in template.holes:
            for reference in references(hole.expr):
                flaw = _root(reference, EVERYWHERE | {"args"}) or _field(reference, "anywhere", {}, None, env)
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


def _field(
    reference: Reference, around: Around, seen: Stages, stage: model.Stage | None, env: Environment
) -> Flaw | None:
    """The first field of a chain that certainly is not there."""
    path, segments = reference.path, reference.segments
    if around == "unknown" or len(path) < 2 or not path[1] or segments[1].guarded:
        return None
    match path[0]:
        case "outputs" if around != "nowhere":
            return _output(reference, around, seen, env)
        case "state":
            if env.has_state(path[1]):
                return None
            known = env.state_names()
            return segments[1], f"`state` has no key {path[1]}{did_you_mean(path[1], known)}", known, Severity.ERROR
        case "input":
            return _input(segments[1], env)
        case "error":
            return _one_of(segments[1], ERROR_FIELDS, "`error`")
        case "result" if stage and stage.ask and not stage.result:
            return _one_of(segments[1], ANSWERS.get(stage.ask.what, ()), f"the answer to a {stage.ask.what}")
        case "result" if stage and stage.fork and not stage.result:
            names = tuple(branch.name for branch in stage.fork.branches)
            return _one_of(segments[1], names, "the result of this fork")
        case _:
            return None


def _output(reference: Reference, around: Around, seen: Stages, env: Environment) -> Flaw | None:
    path, segments = reference.path, reference.segments
    if around == "anywhere":
        named = env.anywhere(path[1])
    else:
        outer = env.stage(path[1])
        named = (*seen.get(path[1], ()), *(() if outer is None else (outer,)))
    if not named:
        known = env.all_names() if around == "anywhere" else (*seen, *env.stage_names())
        return segments[1], f"there is no stage {path[1]} here{did_you_mean(path[1], known)}", known, Severity.ERROR
    # Where an inner stage hides an outer one, either may be meant before the inner one has run.
    stage = named[0]
    if len(path) < 3 or not path[2] or segments[2].guarded or len(named) > 1 or stage.contract:
        return None
    if stage.asks is not None:
        return _one_of(segments[2], ANSWERS.get(stage.asks, ()), f"the answer to {stage.name}")
    if stage.branches is not None:
        return _one_of(segments[2], stage.branches, f"the fork {stage.name}")
    return None


def _input(segment: Segment, env: Environment) -> Flaw | None:
    known = env.input()
    # Other keywords may bring fields of their own.
    if known is None or known.open or segment.name in known.fields:
        return None
    message = f"the input has no field {segment.name}{did_you_mean(segment.name, known.fields)}"
    if known.closed:
        return segment, message, known.fields, Severity.ERROR
    if nearest(segment.name, known.fields) and segment.name not in known.required:
        return segment, message, known.fields, Severity.WARNING
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


def _shown(site: Site, flaw: Flaw) -> Diagnostic:
    segment, message, known, severity = flaw
    span = site.map.span(site.offset + segment.start, site.offset + segment.end)
    return _finding(span, segment.name, message, known, severity)


def _finding(span: Span, name: str, message: str, known: Iterable[str], severity: Severity) -> Diagnostic:
    near = nearest(name, known)
    # The name may stand in quotes, as in outputs["x"]; only a bare one is simply replaced.
    bare = span.end - span.start == len(name.encode()) and near is not None and near.isidentifier()
    return Diagnostic(
        "unknown_name", span, message, severity, Fix(f"Change to {near}", span, near) if near and bare else None
    )


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1
