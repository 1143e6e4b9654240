"""Where the Python of a target would lie: names of modules to paths of files, and what is known of a module."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pointsman.language import model
from pointsman.language.paths import folder, is_absolute, join, relative
from pointsman.language.python_facts import Module, read_module


@dataclass(frozen=True, slots=True)
class Sought:
    """A module that was looked for: its facts when there is a text, and whether it certainly can not be imported."""

    module: Module | None
    path: str = ""
    absent: bool = False


def parts(target: str) -> tuple[str, str] | None:
    """Module and function of a target, or None when it has not that form."""
    module, colon, name = target.partition(":")
    fine = colon and all(one.isidentifier() for text in (module, name) for one in text.split("."))
    return (module, name) if fine else None


def import_roots(path: str, workspace: model.Workspace) -> tuple[str, ...]:
    """Where modules are looked for, as seen from a text's folder: beside it, the `roots`, the workspace's root.

    The path of a text is relative to the workspace's root; of an absolute one only its own folder is known.
    """
    here = folder(path)
    if is_absolute(path):
        return ("", *(root for root in workspace.roots if is_absolute(root)))
    seen = [root if is_absolute(root) else relative(root, here) for root in (*workspace.roots, "")]
    return tuple(dict.fromkeys(["", *seen]))


def candidates(module: str, roots: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The files a module may be, as plain module and as package, root by root in the order of imports."""
    path = module.replace(".", "/")
    for root in roots:
        yield join(root, f"{path}/__init__.py"), join(root, f"{path}.py")


def seek(
    texts: Mapping[str, bytes | None], top_level: frozenset[str] | None, module: str, roots: tuple[str, ...]
) -> Sought:
    """The module as the first root that has it; absent only when every place was looked at and none can have it."""
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
    return Sought(None, absent=top_level is not None and top not in top_level)
