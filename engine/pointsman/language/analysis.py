"""The one analysis of a text that engine, command line and editor share: what it says, and what is wrong with it.

Laws: `analyse` never raises, on any input; it reads no file (what it would like to see is said by `wanted`); the same
inputs give the same answer, with a `Memory` of the texts before or without one.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import Literal

from pointsman.language import model
from pointsman.language.checks import Files
from pointsman.language.checks.files import missing_policies, texts_of
from pointsman.language.collecting import ABSENT, Reading
from pointsman.language.diagnostics import Diagnostic, Severity
from pointsman.language.embedded import drop_explained
from pointsman.language.items import Steps, at_once
from pointsman.language.memory import Memory
from pointsman.language.modules import candidates, import_roots, parts
from pointsman.language.moving import moved_findings
from pointsman.language.paths import base, normal
from pointsman.language.pipeline import pipeline_of, read_pipeline
from pointsman.language.policy import policy_of, read_policy
from pointsman.language.source import Source
from pointsman.language.suppressions import suppressed
from pointsman.language.syntax import parse_steps
from pointsman.language.tree import Mapping, Missing, Node, Scalar, Tree, resolve
from pointsman.language.units import Sheet
from pointsman.language.workspace import read_workspace, workspace_tree

__all__ = ["Analysis", "Files", "Kind", "Memory", "analyse", "kind_of", "prepare", "wanted"]

Kind = Literal["pipeline", "policy", "workspace"]
_NO_FILES = Files()


@dataclass(frozen=True)
class Analysis:
    """What a text says and all that is wrong with it; `diagnostics` are sorted by place, and each comes once.

    The models are made when somebody asks for them, and a pipeline's stages one by one; `language.stages` has cheap
    questions about all of them.
    """

    source: Source
    kind: Kind
    tree: Tree
    diagnostics: tuple[Diagnostic, ...]
    sheets: tuple[Sheet, ...] = field(default=(), repr=False)

    @cached_property
    def pipelines(self) -> tuple[model.Pipeline, ...]:
        """The documents of a pipeline file that could be read."""
        return tuple(map(pipeline_of, self.sheets)) if self.kind == "pipeline" else ()

    @cached_property
    def policies(self) -> tuple[model.Policy, ...]:
        """The documents of a policy file that could be read."""
        return tuple(map(policy_of, self.sheets)) if self.kind == "policy" else ()

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The findings that keep the engine from running it."""
        return tuple(one for one in self.diagnostics if one.severity is Severity.ERROR)


@dataclass(frozen=True, slots=True)
class _Text:
    """A text as read, before any check. `found` is what parser and readers say, without what quotes explain."""

    source: Source
    kind: Kind
    tree: Tree
    sheets: tuple[Sheet, ...]
    found: tuple[Diagnostic, ...]


def kind_of(path: str) -> Kind | None:
    """What a file is, by its name; None for all others."""
    name = base(path.replace("\\", "/"))
    if name == "pointsman.toml":
        return "workspace"
    for kind in ("pipeline", "policy"):
        if name.endswith((f".{kind}.yaml", f".{kind}.yml")):
            return kind
    return None


def wanted(
    source: Source,
    workspace: model.Workspace = model.Workspace(),  # noqa: B008 # frozen
    memory: Memory | None = None,
) -> frozenset[str]:
    """The paths, as seen from the source's folder, whose texts would make the analysis of this source complete."""
    if kind_of(source.path) == "workspace":
        settings, _ = read_workspace(source)
        return frozenset(normal(policy.name) for policy in settings.policies if policy.name)
    return _wanted(at_once(_read_steps(source, memory or Memory())), workspace)


def analyse(
    source: Source,
    files: Files = _NO_FILES,
    workspace: model.Workspace = model.Workspace(),  # noqa: B008 # frozen
    memory: Memory | None = None,
) -> Analysis:
    """Everything that can be said about a text. A file of no known kind is what its keys say, a pipeline in doubt.

    With the `memory` that was given for the texts before, only what has changed is done anew.
    """
    return at_once(_analysis_steps(source, files, workspace, memory or Memory()))


def prepare(
    source: Source,
    memory: Memory,
    workspace: model.Workspace = model.Workspace(),  # noqa: B008 # frozen
    look: Callable[[frozenset[str]], Files] | None = None,
) -> Iterator[None]:
    """The work of `analyse` in small steps, for a loop that has other things to do: afterwards `wanted` and `analyse`
    of this source with this memory are quick. It may be left at any step.

    `look` is asked once for the files that are wanted; without it, what depends on them is left to `analyse`.
    """
    files = _NO_FILES
    if look is not None and kind_of(source.path) != "workspace":
        text = yield from _read_steps(source, memory)
        files = look(_wanted(text, workspace))
    yield from _analysis_steps(source, files, workspace, memory)


def _analysis_steps(source: Source, files: Files, workspace: model.Workspace, memory: Memory) -> Steps[Analysis]:
    if kind_of(source.path) == "workspace":
        settings, diagnostics = read_workspace(source)
        tree = workspace_tree(source)
        missing = missing_policies(settings.policies, lambda path: files.texts.get(normal(path), b"") is None)
        return Analysis(source, "workspace", tree, _ordered(suppressed(tree, (*diagnostics, *missing))))
    text = yield from _read_steps(source, memory)
    damaged = tuple(one.span for one in text.found if one.severity is Severity.ERROR)
    found = list(text.found)
    for index, sheet in enumerate(text.sheets):
        found += yield from memory.check_steps(index, sheet, (source.path, files, workspace), damaged)
    found += yield from memory.secret_steps(source)
    return Analysis(source, text.kind, text.tree, _ordered(suppressed(text.tree, found)), text.sheets)


def _wanted(text: _Text, workspace: model.Workspace) -> frozenset[str]:
    paths: set[str] = set()
    modules: set[str] = set()
    workers: list[model.Agent | model.Tool] = [*workspace.agents, *workspace.tools]
    for sheet in text.sheets:
        for one in chain(sheet.heads, sheet.groups.get("agents", ()), sheet.groups.get("tools", ())):
            content = one.unit.content
            paths |= {policy.name for policy in content.policies}
            paths |= {path for path, _, _ in texts_of(content)}
            workers += content.workers
    for worker in workers:
        split = parts(worker.target.target) if isinstance(worker.target, model.PythonTarget) else None
        modules |= {split[0], split[0].partition(".")[0]} if split else set()
    roots = import_roots(text.source.path, workspace)
    found = {path for module in modules for pair in candidates(module, roots) for path in pair}
    return frozenset(found | {normal(path) for path in paths if path})


def empty_file(reading: Reading, tree: Tree, kind: str) -> None:
    """A file without any document."""
    if all(_is_nothing(document.root) for document in tree.documents) and not tree.diagnostics:
        at = tree.documents[0].root.span
        reading.report("empty_file", at, f"this file is empty; a {kind} starts with `{kind}: name`")


def _read_steps(source: Source, memory: Memory) -> Steps[_Text]:
    """The text as read; the last one is remembered whole."""
    last: _Text | None = memory.last
    if last is not None and last.source == source:
        return last
    memory.turn()
    tree = yield from parse_steps(source, None if last is None else last.tree)
    kind = _kind(source, tree)
    reading = Reading(source, tuple(one.span for one in tree.diagnostics if one.code == "yaml_syntax"))
    # Where bytes are not what they seem, no piece can speak for itself.
    reading.encoded = any(one.code == "yaml_encoding" for one in tree.diagnostics)
    roots = [document.root for document in tree.documents if not _is_nothing(document.root)]
    sheets: list[Sheet] = []
    for index, root in enumerate(roots):
        read = read_policy if kind == "policy" else read_pipeline
        sheet = yield from read(reading, root, memory.store(index))
        if sheet is not ABSENT:
            sheets.append(sheet)
    memory.forget_from(len(roots))
    empty_file(reading, tree, kind)
    found = [*drop_explained(reading, tree.diagnostics), *reading.diagnostics]
    for sheet in sheets:
        for one in sheet.placed:
            if one.unit.diagnostics:
                found += moved_findings(one.unit.diagnostics, one.by)
    text = memory.last = _Text(source, kind, tree, tuple(sheets), tuple(found))
    return text


def _kind(source: Source, tree: Tree) -> Kind:
    kind = kind_of(source.path)
    if kind:
        return kind
    root = resolve(tree.documents[0].root)
    keys = {entry.key.text for entry in root.entries} if isinstance(root, Mapping) else set()
    return "policy" if "policy" in keys and "pipeline" not in keys else "pipeline"


def _is_nothing(node: Node) -> bool:
    node = resolve(node)
    return isinstance(node, Missing) or (isinstance(node, Scalar) and node.value is None and not node.broken)


def _ordered(diagnostics: list[Diagnostic]) -> tuple[Diagnostic, ...]:
    unique = dict.fromkeys(diagnostics)
    return tuple(sorted(unique, key=lambda one: (one.span.start, one.span.end, one.code, one.message)))
