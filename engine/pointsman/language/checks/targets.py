"""Python behind agents and tools: whether the function exists, and whether the arguments fit it."""

from collections.abc import Iterator

from pointsman.language import model, modules
from pointsman.language.checks.context import Context, Environment, Findings
from pointsman.language.contents import Unit
from pointsman.language.diagnostics import Diagnostic, Fix, did_you_mean, nearest
from pointsman.language.modules import Sought, candidates, parts
from pointsman.language.python_facts import Function
from pointsman.language.source import Source, Span
from pointsman.language.tree import Mapping, Scalar, entries, resolve

__all__ = [
    "CONTEXT",
    "argument_mismatch",
    "bad_target",
    "candidates",
    "function_of",
    "import_roots",
    "parts",
    "seek",
    "unknown_callable",
]

# The engine gives this one itself: the way to tools, models and people from inside an agent.
CONTEXT = "ctx"


def bad_target(unit: Unit, env: Environment) -> Findings:
    """A `python` that has not the form `module:function`."""
    for target in _targets(unit):
        if parts(target.target) is None:
            message = "expected module:function, like agents.triage:classify"
            yield Diagnostic("bad_target", target.span, message, fix=_colon(target))


def unknown_callable(unit: Unit, env: Environment) -> Findings:
    """A module or a function that certainly is not there."""
    for target in _targets(unit):
        split = parts(target.target)
        if split is None:
            continue
        module, name = split
        sought = env.module(module)
        if sought.absent:
            message = f"there is no module {module} to import"
            yield Diagnostic("unknown_callable", _part(unit.source, target, 0, len(module)), message)
        elif sought.module and not sought.module.open and name.partition(".")[0] not in sought.module.names:
            known = [one for one in sought.module.names if not one.startswith("__")]
            near, span = nearest(name, known), _part(unit.source, target, len(module) + 1, len(target.target))
            message = f"{sought.path} has no {name}{did_you_mean(name, known)}"
            exact = unit.source.text(span) == name
            fix = Fix(f"Change to {near}", span, near) if near and exact else None
            yield Diagnostic("unknown_callable", span, message, fix=fix)


def argument_mismatch(unit: Unit, env: Environment) -> Findings:
    """A `with` that the agent's function can not take: a name it has not, or one it needs and does not get."""
    for step in unit.content.steps:
        agent, found = step.stage.agent, step.found
        function = env.function(agent.name) if agent else None
        if agent is None or function is None or found is None:
            continue
        if "with" in found.entries and found.get("with") is None:
            continue
        node = resolve(found.entries["with"].value) if "with" in found.entries else None
        given = [entry.key for entry in entries(node)] if isinstance(node, Mapping) else []
        unknown = list(_unknown_arguments(function, given))
        yield from unknown
        yield from _missing_arguments(function, given, unknown, agent.span)


def import_roots(source: Source, workspace: model.Workspace) -> tuple[str, ...]:
    """Where a source's modules are looked for, as seen from its folder."""
    return modules.import_roots(source.path, workspace)


def seek(context: Context, module: str, roots: tuple[str, ...]) -> Sought:
    """A module as the first root that has it; absent only when every place was looked at and none can have it."""
    return modules.seek(context.files.texts, context.files.top_level, module, roots)


def function_of(context: Context, target: model.PythonTarget, roots: tuple[str, ...]) -> Function | None:
    """The function behind a target, when its parameters are certain."""
    split = parts(target.target)
    if split is None:
        return None
    sought = seek(context, split[0], roots)
    return sought.module.names.get(split[1]) if sought.module else None


def _targets(unit: Unit) -> Iterator[model.PythonTarget]:
    for one in unit.content.workers:
        if isinstance(one.target, model.PythonTarget):
            yield one.target


def _unknown_arguments(function: Function, given: list[Scalar]) -> Findings:
    if any(one.kind == "keywords" for one in function.parameters):
        return
    known = [one.name for one in function.parameters if one.kind in ("any", "keyword")]
    taken = {key.text for key in given}
    for key in given:
        if key.text in known:
            continue
        free = [name for name in known if name not in taken]
        near = nearest(key.text, free)
        message = f"{function.name} takes no argument {key.text}{did_you_mean(key.text, free)}"
        fix = Fix(f"Change to {near}", key.span, near) if near else None
        yield Diagnostic("argument_mismatch", key.span, message, fix=fix)


def _missing_arguments(function: Function, given: list[Scalar], unknown: list[Diagnostic], at: Span) -> Findings:
    # A misspelt name is one finding, not two: its fix gives what is missing.
    taken = {key.text for key in given} | {one.fix.text for one in unknown if one.fix}
    needed = [one for one in function.parameters if one.required and one.kind in ("any", "keyword")]
    absent = [one.name for one in needed if one.name not in taken and one.name != CONTEXT]
    if absent:
        words = ", ".join(absent)
        yield Diagnostic("argument_mismatch", at, f"{function.name} needs {words}, which `with` does not give")


def _part(source: Source, target: model.PythonTarget, start: int, end: int) -> Span:
    """A part of a target in the file; the whole value when it is not written letter for letter."""
    text = source.text(target.span)
    at = text.find(target.target)
    if at < 0:
        return target.span
    first = target.span.start + len(text[:at].encode())
    return Span(first + len(target.target[:start].encode()), first + len(target.target[:end].encode()))


def _colon(target: model.PythonTarget) -> Fix | None:
    """`a.b.c`, the dotted way, as `a.b:c`."""
    module, dot, name = target.target.rpartition(".")
    right = f"{module}:{name}"
    return Fix(f"Change to {right}", target.span, f'"{right}"') if dot and parts(right) else None
