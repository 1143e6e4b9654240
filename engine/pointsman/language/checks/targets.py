"""Python behind agents and tools: whether the function exists, and whether the arguments fit it."""

from collections.abc import Iterator
from dataclasses import dataclass

from pointsman.language import model
from pointsman.language.checks.context import Context, Findings, agents_of, section_of, stages, workers
from pointsman.language.diagnostics import Diagnostic, Fix, did_you_mean, nearest
from pointsman.language.paths import folder, is_absolute, join, relative
from pointsman.language.python_facts import Function, Module, read_module
from pointsman.language.source import Source, Span
from pointsman.language.tree import Mapping, Scalar, entries, resolve

# The engine gives this one itself: the way to tools, models and people from inside an agent.
CONTEXT = "ctx"


@dataclass(frozen=True, slots=True)
class Sought:
    """A module that was looked for: its facts when there is a text, and whether it certainly can not be imported."""

    module: Module | None
    path: str = ""
    absent: bool = False


def bad_target(context: Context) -> Findings:
    """A `python` that has not the form `module:function`."""
    for target in _targets(context):
        if parts(target.target) is None:
            message = "expected module:function, like agents.triage:classify"
            yield Diagnostic("bad_target", target.span, message, fix=_colon(target))


def unknown_callable(context: Context) -> Findings:
    """A module or a function that certainly is not there."""
    roots = import_roots(context.source, context.workspace)
    for target in _targets(context):
        split = parts(target.target)
        if split is None:
            continue
        module, name = split
        sought = seek(context, module, roots)
        if sought.absent:
            message = f"there is no module {module} to import"
            yield Diagnostic("unknown_callable", _part(context.source, target, 0, len(module)), message)
        elif sought.module and not sought.module.open and name.partition(".")[0] not in sought.module.names:
            known = [one for one in sought.module.names if not one.startswith("__")]
            near, span = nearest(name, known), _part(context.source, target, len(module) + 1, len(target.target))
            message = f"{sought.path} has no {name}{did_you_mean(name, known)}"
            fix = Fix(f"Change to {near}", span, near) if near else None
            yield Diagnostic("unknown_callable", span, message, fix=fix)


def argument_mismatch(context: Context) -> Findings:
    """A `with` that the agent's function can not take: a name it has not, or one it needs and does not get."""
    roots = import_roots(context.source, context.workspace)
    for draft in context.pipelines:
        agents = agents_of(context, draft)
        for stage in stages(draft):
            agent = agents.get(stage.agent.name) if stage.agent else None
            if agent is None or stage.agent is None or not isinstance(agent.target, model.PythonTarget):
                continue
            function = function_of(context, agent.target, roots)
            found = section_of(draft, stage)
            if function is None or found is None or ("with" in found.entries and found.get("with") is None):
                continue
            node = resolve(found.entries["with"].value) if "with" in found.entries else None
            given = [entry.key for entry in entries(node)] if isinstance(node, Mapping) else []
            unknown = list(_unknown_arguments(function, given))
            yield from unknown
            yield from _missing_arguments(function, given, unknown, stage.agent.span)


def parts(target: str) -> tuple[str, str] | None:
    """Module and function of a target, or None when it has not that form."""
    module, colon, name = target.partition(":")
    fine = colon and all(one.isidentifier() for text in (module, name) for one in text.split("."))
    return (module, name) if fine else None


def import_roots(source: Source, workspace: model.Workspace) -> tuple[str, ...]:
    """Where modules are looked for, as seen from the source's folder: beside it, the `roots`, the workspace's root.

    The path of a source is relative to the workspace's root; of an absolute one only its own folder is known.
    """
    here = folder(source.path)
    if is_absolute(source.path):
        return ("", *(root for root in workspace.roots if is_absolute(root)))
    seen = [root if is_absolute(root) else relative(root, here) for root in (*workspace.roots, "")]
    return tuple(dict.fromkeys(["", *seen]))


def candidates(module: str, roots: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The files a module may be, as plain module and as package, root by root in the order of imports."""
    path = module.replace(".", "/")
    for root in roots:
        yield join(root, f"{path}/__init__.py"), join(root, f"{path}.py")


def seek(context: Context, module: str, roots: tuple[str, ...]) -> Sought:
    """The module as the first root that has it; absent only when every place was looked at and none can have it."""
    texts = context.files.texts
    for pair in candidates(module, roots):
        for path in pair:
            data = texts.get(path)
            if data is not None:
                return Sought(read_module(data), path)
    if any(path not in texts for pair in candidates(module, roots) for path in pair):
        return Sought(None)
    top = module.partition(".")[0]
    if top != module:
        # A regular package in a root hides every other one of its name, so a module it has not is nowhere.
        package = any(
            texts.get(pair[0]) is not None or texts.get(pair[1]) is not None for pair in candidates(top, roots)
        )
        if package:
            return Sought(None, absent=True)
    known = context.files.top_level
    return Sought(None, absent=known is not None and top not in known)


def function_of(context: Context, target: model.PythonTarget, roots: tuple[str, ...]) -> Function | None:
    """The function behind a target, when its parameters are certain."""
    split = parts(target.target)
    if split is None:
        return None
    sought = seek(context, split[0], roots)
    return sought.module.names.get(split[1]) if sought.module else None


def _targets(context: Context) -> Iterator[model.PythonTarget]:
    for draft in context.pipelines:
        for one in workers(draft.pipeline):
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
