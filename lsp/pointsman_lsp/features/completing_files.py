"""Paths, modules and functions that may be typed as a value: what lies in the folders around a document."""

from collections.abc import Iterator
from pathlib import Path
from posixpath import dirname

from pointsman.language.agents import SCRIPTED
from pointsman.language.modules import candidates, import_roots
from pointsman.language.places import Place
from pointsman.language.python_facts import Module, read_module
from pointsman_lsp.analysis.document import Document
from pointsman_lsp.features import describing
from pointsman_lsp.features.inserting import Offer, inside, part_items, value_items
from pointsman_lsp.features.items import Item
from pointsman_lsp.features.markdown import words

_FITTING = {
    "policy": (".policy.yaml", ".policy.yml"),
    "prompt": (".md", ".txt", ".prompt", ".markdown"),
    "replies": (".yaml", ".yml", ".json"),
}
_NEVER = {
    "policy": (),
    "prompt": (".py", ".pyc", ".yaml", ".yml", ".toml", ".lock"),
    "replies": (".pipeline.yaml", ".pipeline.yml", ".policy.yaml", ".policy.yml"),
}
# Folders of a workspace that are looked into for modules, level by level.
_FOLDERS = 40
_LEVELS = 3


def complete_path(document: Document, place: Place, what: str) -> list[Item]:
    """Files and folders for a path as it is written in this document: fitting files first."""
    found = inside(place)
    if found is None:
        return []
    typed, span, _ = found
    start = 0
    if what == "replies":
        if not typed.startswith(SCRIPTED):
            return value_items(place, _scripts(document), False)
        start = len(SCRIPTED)
    folder = dirname(typed[start:])
    start += len(folder) + 1 if folder else 1 if typed[start:].startswith("/") else 0
    offers = list(_listed(document, folder, what))
    if start == 0:
        return value_items(place, offers, False)
    return part_items(place, offers, span.start + len(typed[:start].encode()))


def complete_python(document: Document, place: Place, snippets: bool) -> list[Item]:
    """`module:function`: the modules that can be imported from here, then the functions of one."""
    found = inside(place)
    if found is None:
        return []
    typed, span, quoted = found
    module, colon, _ = typed.partition(":")
    if not colon:
        offers = list(_modules(document))
        if quoted:
            return part_items(place, offers, span.start)
        return value_items(place, offers, snippets)
    facts = _facts(document, module)
    if facts is None:
        return []
    return part_items(place, list(_functions(facts)), span.start + len(module.encode()) + 1)


def _scripts(document: Document) -> list[Offer]:
    names = [one for one in _listed(document, "", "replies") if one.kind == "file"]
    found = [Offer(SCRIPTED + one.label, "file", "a scripted model") for one in names]
    return found or [Offer("scripted", "value", "a scripted model", "Answers from a file of replies.", SCRIPTED, True)]


def _listed(document: Document, folder: str, what: str) -> Iterator[Offer]:
    names = [name for name in document.disk.names(document.beside(folder)) if not name.startswith((".", "__pycache__"))]
    files = [name for name in names if not name.endswith("/") and name != document.path.name]
    fitting = [name for name in files if name.endswith(_FITTING[what]) and not name.endswith(_NEVER[what] or ("/",))]
    yield from (Offer(name, "file") for name in fitting)
    yield from (Offer(name, "folder", goes_on=True) for name in names if name.endswith("/"))
    if what == "prompt":
        others = [name for name in files if name not in fitting and not name.endswith(_NEVER[what])]
        yield from (Offer(name, "file") for name in others)


def _modules(document: Document) -> Iterator[Offer]:
    """The modules under the import roots, those of the first root first."""
    seen: set[str] = set()
    for root in import_roots(document.source.path, document.place.settings):
        waiting, left = [(document.beside(root), "", 0)], _FOLDERS
        for folder, prefix, level in waiting:
            left -= 1
            if left < 0:
                break
            for name in document.disk.names(folder):
                stem = name.rstrip("/").removesuffix(".py")
                if not stem.isidentifier() or stem == "__pycache__":
                    continue
                if name.endswith("/"):
                    if level < _LEVELS:
                        waiting.append((folder / stem, f"{prefix}{stem}.", level + 1))
                elif name.endswith(".py"):
                    module = prefix.rstrip(".") if stem == "__init__" else prefix + stem
                    if module and module not in seen:
                        seen.add(module)
                        yield Offer(module, "module", "", text=module + ":", goes_on=True)


def _functions(facts: Module) -> Iterator[Offer]:
    """What a module has that can be called: functions first, then names of which nothing is known."""
    public = [name for name in facts.names if not name.startswith("_")]
    for name in public:
        function = facts.names[name]
        if function:
            signature = describing.signature(function).partition(" ")[2]
            yield Offer(name, "function", signature, words(function.doc.partition("\n\n")[0]))
    yield from (Offer(name, "function") for name in public if facts.names[name] is None)


def _facts(document: Document, module: str) -> Module | None:
    """The module as the first import root has it."""
    for pair in candidates(module, import_roots(document.source.path, document.place.settings)):
        for candidate in pair:
            data = document.disk.read(Path(document.beside(candidate)))
            if data is not None:
                return read_module(data)
    return None
