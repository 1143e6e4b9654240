"""The one analysis of a text that engine, command line and editor share: what it says, and what is wrong with it.

Laws: `analyse` never raises, on any input; it reads no file (what it would like to see is said by `wanted`); the same
inputs give the same answer.
"""

from dataclasses import dataclass
from typing import Literal

from pointsman.language import model
from pointsman.language.checks import CHECKS, Context, Files
from pointsman.language.checks.context import workers
from pointsman.language.checks.files import texts_of
from pointsman.language.checks.targets import candidates, import_roots, parts
from pointsman.language.collecting import Reading
from pointsman.language.diagnostics import Diagnostic, Severity
from pointsman.language.embedded import drop_explained
from pointsman.language.paths import base, normal
from pointsman.language.pipeline import Draft, read_pipeline
from pointsman.language.policy import PolicyDraft, read_policy
from pointsman.language.source import Source
from pointsman.language.suppressions import suppressed
from pointsman.language.syntax import parse
from pointsman.language.tree import Mapping, Missing, Node, Scalar, Tree, resolve
from pointsman.language.workspace import read_workspace, workspace_tree

__all__ = ["Analysis", "Files", "Kind", "analyse", "kind_of", "wanted"]

Kind = Literal["pipeline", "policy", "workspace"]
_NO_FILES = Files()


@dataclass(frozen=True)
class Analysis:
    """What a text says and all that is wrong with it; `diagnostics` are sorted by place, and each comes once."""

    source: Source
    kind: Kind
    tree: Tree
    pipelines: tuple[model.Pipeline, ...]
    policies: tuple[model.Policy, ...]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The findings that keep the engine from running it."""
        return tuple(one for one in self.diagnostics if one.severity is Severity.ERROR)


def kind_of(path: str) -> Kind | None:
    """What a file is, by its name; None for all others."""
    name = base(path.replace("\\", "/"))
    if name == "pointsman.toml":
        return "workspace"
    for kind in ("pipeline", "policy"):
        if name.endswith((f".{kind}.yaml", f".{kind}.yml")):
            return kind
    return None


def wanted(source: Source, workspace: model.Workspace = model.Workspace()) -> frozenset[str]:  # noqa: B008 # frozen
    """The paths, as seen from the source's folder, whose texts would make the analysis of this source complete."""
    if kind_of(source.path) == "workspace":
        return frozenset()
    tree = parse(source)
    drafts, _, _ = _read(source, tree, _kind(source, tree))
    paths: set[str] = set()
    modules: set[str] = set()
    for draft in drafts:
        paths |= {policy.name for policy in draft.pipeline.policies}
        paths |= {path for path, _, _ in texts_of(draft)}
        for one in (*workers(draft.pipeline), *workers(workspace)):
            split = parts(one.target.target) if isinstance(one.target, model.PythonTarget) else None
            modules |= {split[0], split[0].partition(".")[0]} if split else set()
    roots = import_roots(source, workspace)
    found = {path for module in modules for pair in candidates(module, roots) for path in pair}
    return frozenset(found | {normal(path) for path in paths if path})


def analyse(source: Source, files: Files = _NO_FILES, workspace: model.Workspace = model.Workspace()) -> Analysis:  # noqa: B008 # frozen
    """Everything that can be said about a text. A file of no known kind is what its keys say, a pipeline in doubt."""
    if kind_of(source.path) == "workspace":
        _, diagnostics = read_workspace(source)
        tree = workspace_tree(source)
        return Analysis(source, "workspace", tree, (), (), _ordered(suppressed(tree, diagnostics)))
    tree = parse(source)
    kind = _kind(source, tree)
    pipelines, policies, reading = _read(source, tree, kind)
    empty_file(reading, tree, kind)
    found = [*drop_explained(reading, tree.diagnostics), *reading.diagnostics]
    damaged = tuple(one.span for one in found if one.severity is Severity.ERROR)
    context = Context(source, files, workspace, pipelines, policies, damaged)
    for check in CHECKS:
        found += check(context)
    return Analysis(
        source,
        kind,
        tree,
        tuple(draft.pipeline for draft in pipelines),
        tuple(draft.policy for draft in policies),
        _ordered(suppressed(tree, found)),
    )


def empty_file(reading: Reading, tree: Tree, kind: str) -> None:
    """A file without any document."""
    if all(_is_nothing(document.root) for document in tree.documents) and not tree.diagnostics:
        at = tree.documents[0].root.span
        reading.report("empty_file", at, f"this file is empty; a {kind} starts with `{kind}: name`")


def _read(source: Source, tree: Tree, kind: Kind) -> tuple[tuple[Draft, ...], tuple[PolicyDraft, ...], Reading]:
    reading = Reading(source, tuple(one.span for one in tree.diagnostics if one.code == "yaml_syntax"))
    roots = [document.root for document in tree.documents if not _is_nothing(document.root)]
    if kind == "policy":
        policies = [read_policy(reading, root) for root in roots]
        return (), tuple(draft for draft in policies if draft), reading
    pipelines = [read_pipeline(reading, root) for root in roots]
    return tuple(draft for draft in pipelines if draft), (), reading


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
